"""The digest of a night: everything that whoever takes over has to know is in it, by name."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash import inquiry, response, silencing
from opsdash.digest import Digest, take_digest
from opsdash.domain.failures import BatchState
from opsdash.domain.handoff import handoff_lines
from opsdash.domain.indicator import Indicator, Unit
from opsdash.domain.matchers import parse_matchers
from opsdash.domain.page import PageKind
from opsdash.domain.setup import PaneSetup
from opsdash.domain.text import SafeText
from opsdash.engine import handoffs
from opsdash.snapshot import take_snapshot
from opsdash.store import failures
from tests.paging.world import SARAH, World, begun

FAILED = Indicator("failed", SafeText("Failed payments"), "q", Unit.COUNT, investigate=True)
OTHER = Indicator("slow", SafeText("Slow payments"), "q", Unit.COUNT, investigate=True)
PANE = PaneSetup("payments", SafeText("Payments"), (FAILED, OTHER))
WHOLE = timedelta(hours=9)
"""From the world's first moment, 14:00, to 23:00: the night."""


@pytest.fixture
async def night(tmp_path: Path) -> AsyncIterator[World]:
    """The team at eleven in the evening, with two figures whose failures are looked into."""
    async with begun(tmp_path) as world:
        world.setup = world.engine.setup = replace(world.setup, panes=(PANE,))
        world.clock.suspend(WHOLE.total_seconds())
        await world.turn(12, step=6)
        yield world


async def digest(world: World) -> tuple[Digest, list[str]]:
    """Return the digest of the shift that runs, and its lines."""
    now = world.clock.now()

    def read(connection: sqlite3.Connection) -> Digest:
        picture = replace(take_snapshot(connection, now), setup=world.setup)
        return take_digest(connection, picture, world.setup.schedules[0], now)

    found = await world.store.read(read)
    return found, [str(text) for text in handoff_lines(found.handoff)]


def part(lines: list[str], head: str) -> list[str]:
    """Return the section that begins so: its heading, and what is listed beneath it."""
    at = next(n for n, text in enumerate(lines) if text.startswith(head))
    rest = iter(lines[at + 1 :])
    listed = []
    for text in rest:
        if not text.startswith("- "):
            break
        listed.append(text)
    return [lines[at], *listed]


async def test_a_quiet_shift_says_of_each_that_there_is_none(night: World) -> None:
    """Nothing is left out where nothing is: none is not the same as not looked at."""
    _, lines = await digest(night)
    assert lines[4:] == [
        "Open incidents: none",
        "Incidents without a report: none",
        "Failures to look into: none",
        "Firing alerts: none",
        "Silences that end soon: none",
        "Flapping: none",
        "Pages: 0 for 0 alerts, 0 out of hours",
        "Sleep: 0 pages in the night",
    ]


async def test_open_incidents_and_firing_alerts_are_named_with_whose_they_are(night: World) -> None:
    """What nobody has is said as that."""
    mine = night.alerts.fire("HighErrorRate")
    night.alerts.fire("DiskFull", severity="warning", service="db")
    await night.turn(30)
    taken = (await night.alert(mine)).id
    await night.store.write(response.acknowledge, SARAH, night.clock.now(), [taken])
    _, lines = await digest(night)
    head, *incidents = part(lines, "Open incidents")
    assert head == f"Open incidents: {len(incidents)}"
    assert any(one.startswith("- INC-001 critical investigating, ") for one in incidents)
    alerts = part(lines, "Firing alerts: 2")
    assert any(one.startswith("- HighErrorRate critical") and "sarah" in one for one in alerts)
    assert any(one.startswith("- DiskFull warning") and "nobody has it" in one for one in alerts)


async def test_only_silences_that_end_soon_are_named_with_who_and_why(night: World) -> None:
    """The next one first; one that lasts past the next shift is not about to end."""
    for name, hours in (("Later", 11.0), ("Soon", 2.0), ("Lasting", 13.0)):
        length, what = timedelta(hours=hours), parse_matchers(f"alertname={name}")
        now = night.clock.now()
        await night.store.write(silencing.silence, SARAH, now, what, length, "rollout")
    _, lines = await digest(night)
    assert part(lines, "Silences that end soon") == [
        "Silences that end soon: 2",
        '- in 2h00m: alertname="Soon" (sarah: rollout)',
        '- in 11h00m: alertname="Later" (sarah: rollout)',
    ]


async def test_what_flaps_is_named_with_how_often(night: World) -> None:
    """Three times within the shift; twice is no flapping."""
    for name, times in (("Flaps", 3), ("Twice", 2)):
        for _ in range(times):
            key = night.alerts.fire(name)
            await night.turn(12, step=6)
            night.alerts.resolve(key)
            await night.turn(12, step=6)
    _, lines = await digest(night)
    assert part(lines, "Flapping") == ["Flapping: 1", "- Flaps: fired 3 times"]


async def test_failures_that_nobody_has_investigated_are_named_with_who_looks_into_them(
    night: World,
) -> None:
    """New ones and those somebody is at; what was investigated is over, what nobody watches is none."""
    now = night.clock.now()
    new = await night.store.write(failures.open_batch, "failed", 2, now)
    seen = await night.store.write(failures.open_batch, "slow", 1, now)
    await night.store.write(failures.open_batch, "unwatched", 9, now)
    await night.store.write(inquiry.take, SARAH, now, seen)
    found, lines = await digest(night)
    assert part(lines, "Failures to look into") == [
        "Failures to look into: 2",
        "- F1 Failed payments: 2 failures since Mon 22 Dec 23:00, new",
        "- F2 Slow payments: 1 failure since Mon 22 Dec 23:00, investigating (sarah)",
    ]
    assert [batch.state for _, batch in found.handoff.failures] == [
        BatchState.NEW,
        BatchState.INVESTIGATING,
    ]
    await night.store.write(inquiry.conclude, SARAH, now, new, "bank down")
    _, lines = await digest(night)
    assert len(part(lines, "Failures to look into: 1")) == 2


async def test_pages_and_the_sleep_that_they_cost_are_counted(night: World) -> None:
    """Two pages at night, one of them taken after a minute."""
    first = night.alerts.fire("HighErrorRate")
    await night.turn(60, step=6)
    taken = (await night.alert(first)).id
    await night.store.write(response.acknowledge, SARAH, night.clock.now(), [taken])
    night.alerts.fire("DiskFull", service="db")
    await night.turn(30, step=6)
    assert sum(night.paged("john", "maria", "priya", "chen")) == 2
    found, lines = await digest(night)
    assert "Pages: 2 for 2 alerts, 2 out of hours" in lines
    assert "Sleep: 2 pages in the night" in lines
    assert found.handoff.paged is not None and found.handoff.paged.acknowledged == 1
    assert any(text.startswith("Acknowledged: 1, median ") for text in lines)


async def test_a_digest_that_a_message_has_no_room_for_says_so(night: World) -> None:
    """At a change of shift with a storm on: what is cut is counted, and where the whole of it is."""
    for number in range(70):
        night.alerts.fire(f"Alert{number:02d}", severity="warning", service=f"s{number}")
    await night.turn(30, step=6)
    _, lines = await digest(night)
    cut = handoffs._cut(tuple(SafeText(text) for text in lines))
    assert len(cut) == 60
    assert cut[-1] == f"and {len(lines) - 59} more lines: opsdash oncall handoff"
    assert night.pagers["john"].told(PageKind.NOTE) == []
