"""The rota's past outlives its edits: the engine writes each version down when it first runs it."""

import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.schedule import Schedule
from opsdash.domain.text import SafeText
from opsdash.store import overrides, rotas
from opsdash.workload import load_of
from tests.kit.team import Team
from tests.paging.world import MONDAY, World

HOUR = timedelta(hours=1)


def edited(world: World, week: dict[str, str]) -> None:
    """Run another engine whose configuration has another rota, as after a reload."""
    first = Schedule("primary", "UTC", time(9), (week,), notify=("channel:#incidents",))
    world.setup = replace(world.setup, schedules=(first, *world.setup.schedules[1:]))
    world.engine = world.start_engine("after the edit")


async def who_was(world: World, at: datetime) -> list[str]:
    """Return who was on call on the first schedule at a time in the past."""
    schedule, now = world.setup.schedules[0], world.clock.now()
    schedule = (await world.store.read(overrides.overridden, world.setup)).schedules[0]
    end = at + timedelta(seconds=1)
    found = await world.store.read(rotas.shifts_said, schedule, at, end, now)
    return [shift.person for shift in found if shift.covers(at)]


async def test_who_was_on_call_before_the_edit_is_who_it_was(world: World, tmp_path: Path) -> None:
    """John's week is made Priya's at three o'clock: at half past two it was John, in the commands too."""
    await world.turn(HOUR.total_seconds(), step=600)
    edited(world, {"mon": "pm"})
    await world.turn(30, step=10)
    await world.turn(30 * 60, step=600)
    assert await who_was(world, MONDAY + HOUR / 2) == ["john"]
    assert await who_was(world, MONDAY + 1.2 * HOUR) == ["pm"]
    config = (
        'timezone = "UTC"\n[store]\nurl = "sqlite:///{store}"\n[prometheus]\nurl = "http://127.0.0.1:9"\n'
        '[[person]]\nid = "pm"\nname = "Priya"\n[[person]]\nid = "john"\nname = "John"\n'
        '[[schedule]]\nid = "primary"\ntimezone = "UTC"\nhandoff = "09:00"\nweeks = [ {{ mon = "pm" }} ]\n'
    ).format(store=tmp_path / "ops.db")
    team = Team(tmp_path, config)
    asked = {
        at: json.loads(team.run("oncall", "now", "--at", at, "--format", "json").stdout)
        for at in ("2025-12-22T14:30Z", "2025-12-22T15:20Z")
    }
    assert [(one["person"], one["until"][:16]) for (one,) in asked.values()] == [
        ("john", "2025-12-22T15:00"),
        ("pm", "2025-12-29T09:00"),
    ]
    shown = team.run("oncall", "schedule", "--at", "2025-12-22T14:30Z", "--days", "1").stdout
    assert shown.index("John") < shown.index("Priya")


async def test_the_figures_of_a_shift_are_of_who_had_it(world: World) -> None:
    """John was paged before the edit that makes the week Priya's: the page stays his shift's."""
    world.alerts.fire("HighErrorRate")
    await world.turn(60, step=10)
    edited(world, {"mon": "pm"})
    await world.turn(60, step=10)
    now = world.clock.now()
    found = await world.store.read(load_of, world.setup, now - HOUR, now, now)
    assert [(s.schedule, name, one.pages) for s, name, one in found.shifts] == [
        ("primary", "John", 1),
        ("primary", "Priya", 0),
        ("database", "Maria", 0),
    ]


async def test_an_override_counts_for_the_past_from_when_it_was_made_until_it_was_taken_back(
    world: World,
) -> None:
    """Priya for John from two to six, made at three and taken back at four: between these it was Priya."""
    await world.turn(HOUR.total_seconds(), step=600)
    made = await world.store.write(
        overrides.add,
        Override(
            "primary", OverrideKind.REPLACE, MONDAY, MONDAY + 4 * HOUR, "pm", "john",
            SafeText("sarah"), SafeText("ill"),
        ),
        world.clock.now(),
    )  # fmt: skip
    await world.turn(HOUR.total_seconds(), step=600)
    await world.store.write(overrides.remove, made.id, "sarah", world.clock.now())
    await world.turn(HOUR.total_seconds(), step=600)
    hours = [await who_was(world, MONDAY + n * HOUR) for n in (0.5, 1.5, 2.5)]
    assert hours == [["john"], ["pm"], ["john"]]


async def test_a_version_is_written_once_and_a_schedule_that_goes_is_noted(world: World) -> None:
    """Engines that run what ran before write nothing; a schedule taken out has nobody from then on."""
    for _ in range(3):
        world.engine = world.start_engine("another")
        await world.turn(30, step=10)
    assert len(await world.store.read(rotas.load, "database")) == 1
    gone = world.setup.schedules[1]
    world.setup = replace(world.setup, schedules=world.setup.schedules[:1])
    world.engine = world.start_engine("without it")
    await world.turn(30, step=10)
    versions = await world.store.read(rotas.load, "database")
    assert [one.schedule is None for one in versions] == [False, True]
    now = world.clock.now()
    found = await world.store.read(rotas.shifts_said, gone, MONDAY, now, now)
    assert [shift.end for shift in found] == [versions[1].since]
    load = await world.store.read(load_of, world.setup, MONDAY, now + HOUR, now)
    assert [(s.schedule, name) for s, name, _ in load.shifts] == [
        ("primary", "John"),
        ("database", "Maria"),
    ]


async def test_a_temporary_schedule_is_who_is_paged(world: World) -> None:
    """Priya alone for an hour, although Maria was added beside John later: one pager rings, hers."""
    for kind, person, hours in (
        (OverrideKind.TEMPORARY, "pm", 1),
        (OverrideKind.ADD, "tech-lead", 8),
    ):
        span = (MONDAY, MONDAY + hours * HOUR)
        made = Override("primary", kind, *span, person, reason=SafeText("migration"))
        await world.store.write(overrides.add, made, world.clock.now())
    world.alerts.fire("HighErrorRate", job="a")
    await world.turn(2)
    assert world.paged("john", "maria", "priya") == [0, 0, 1]
    world.clock.turn(3600)
    await world.turn(30)
    world.alerts.fire("HighErrorRate", job="b")
    await world.turn(2)
    assert world.pagers["john"].sent
