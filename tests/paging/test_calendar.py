"""A layer that is an iCalendar file: who is in it is paged, and what is wrong with it is said."""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from opsdash.domain.ical import write_calendar
from opsdash.domain.schedule import Layer, who
from opsdash.domain.shift import Shift
from opsdash.engine import calendars
from opsdash.sources.calendars import with_calendars
from opsdash.store import engine
from tests.paging.world import MONDAY, World


def lay_calendar(world: World, file: Path) -> None:
    """Lay a calendar over the primary schedule."""
    layer = Layer(calendar=str(file))
    first, *others = world.setup.schedules
    schedules = (replace(first, layers=(layer,)), *others)
    world.setup = world.engine.setup = replace(world.setup, schedules=schedules)
    world.engine.due.clear()


def written(file: Path, *names: str) -> None:
    """Write a calendar in which each name has one of the hours from two o'clock on."""
    shifts = [
        (Shift("c", "x", MONDAY + timedelta(hours=n), MONDAY + timedelta(hours=n + 1)), name)
        for n, name in enumerate(names)
    ]
    file.write_bytes(write_calendar("team", shifts, MONDAY).encode())


async def test_who_is_in_the_calendar_is_paged(world: World, tmp_path: Path) -> None:
    """Priya by her name in the first hour, Maria by her id in the second, John's rotation below them."""
    file = tmp_path / "team.ics"
    written(file, "Priya", "tech-lead")
    lay_calendar(world, file)
    world.alerts.fire("HighErrorRate", job="a")
    await world.turn(2)
    assert world.paged("john", "maria", "priya") == [0, 0, 1]
    world.clock.turn(3600)
    world.alerts.fire("HighErrorRate", job="b")
    await world.turn(1)
    assert [p.labels["job"] for p, _, _ in world.pagers["maria"].sent if p.level == 1] == ["b"]
    setup = world.engine.setup
    later = who(setup.schedules[0], MONDAY + timedelta(hours=3))
    assert later is not None
    assert later.person == "john"


async def test_an_edit_of_the_file_counts_within_a_minute(world: World, tmp_path: Path) -> None:
    """The calendar is changed while the engine runs; every screen learns it with the setup."""
    file = tmp_path / "team.ics"
    written(file, "Priya")
    lay_calendar(world, file)
    await world.turn(2)
    written(file, "Chen")
    await world.turn(62, step=10)
    text = await world.store.read(engine.load_setup_text)
    assert text is not None
    shift = who(engine.decode_setup(text).schedules[0], world.clock.now())
    assert shift is not None
    assert shift.person == "ceo"


async def test_a_calendar_that_cannot_be_read_leaves_the_rotation(
    world: World, tmp_path: Path
) -> None:
    """No file, a broken one, a stranger in it: each is a problem, and John is paged."""
    file = tmp_path / "team.ics"
    lay_calendar(world, file)
    await world.turn(2)

    async def problems() -> list[str]:
        return [str(p.text) for p in await world.store.read(engine.load_problems)]

    assert await problems() == [
        f"calendars: {file}: No such file or directory: the rotation below it counts"
    ]
    file.write_text("BEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\n")
    await world.turn(62, step=10)
    assert "line 1: cannot read the time 'soon'" in (await problems())[0]
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    assert world.paged("john") == [1]
    written(file, *["Zoe"] * 4)
    await world.turn(62, step=10)
    assert await problems() == [f"calendars: {file}: no [[person]] is called Zoe"]


async def test_a_calendar_that_hangs_is_named_and_keeps_nobody_waiting(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk gives no answer: it is asked once, not each minute, and read anew when that answers."""
    monkeypatch.setattr(calendars, "READ_WITHIN", 0.05)
    file = tmp_path / "team.ics"
    asked: list[Any] = []

    def reading(*given: Any) -> Any:
        asked.append(given)
        return with_calendars(*given)

    monkeypatch.setattr("opsdash.engine.calendars.with_calendars", reading)
    os.mkfifo(file)
    lay_calendar(world, file)
    try:
        await world.turn(62, step=10)
        await world.turn(62, step=10)
        problems = await world.store.read(engine.load_problems)
        world.alerts.fire("HighErrorRate", job="a")
        await world.turn(2)
    finally:
        os.close(os.open(file, os.O_RDWR | os.O_NONBLOCK))  # Whoever waits for it reads its end.
        file.unlink()
        written(file, "Priya", "Priya")
        if world.engine.calendars is not None:
            await asyncio.wait({world.engine.calendars}, timeout=60)
    assert [str(p.text).replace(" 5 s", "") for p in problems] == [
        "calendars: not read within: who they name is as read before; look at the disk they are on"
    ]
    assert len(asked) == 1
    assert world.paged("john", "priya") == [1, 0]
    monkeypatch.setattr(calendars, "READ_WITHIN", 60.0)
    await world.turn(2)
    world.alerts.fire("HighErrorRate", job="b")
    await world.turn(2)
    assert world.paged("john", "priya") == [1, 1]
    assert await world.store.read(engine.load_problems) == ()


def test_a_shift_of_a_calendar_ends_when_it_says() -> None:
    """Outside its events the layer has nobody."""
    from opsdash.domain.rotation import layer_shifts

    at = datetime(2025, 12, 22, tzinfo=UTC)
    assert layer_shifts(Layer(calendar="x"), "s", "UTC", at, at + timedelta(days=1)) == []
