"""Rules in the engine: slots, one row with other sources, restarts, servers that fail, the rules screen."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from bench.forstate import kill

from opsdash.domain.alert import AlertState
from opsdash.domain.labels import fingerprint
from opsdash.domain.rules.rule import RuleState
from opsdash.domain.setup import PagingSetup
from opsdash.domain.source import SourceState
from opsdash.domain.text import SafeText
from opsdash.engine.rules import slot
from opsdash.engine.self_metrics import EngineCollector
from opsdash.store import engine as stored_engine
from opsdash.store.lease import LENGTH
from tests.engine.rule_world import RuleWorld, bad, seconds
from tests.engine.world import START, World, alert

RULES = """
groups:
- name: g
  interval: 15s
  rules:
  - alert: A
    expr: x > 5
    for: 1m
    labels: {severity: critical}
    annotations: {summary: "{{ $labels.job }} at {{ $value }}"}
"""


@pytest.fixture
def ruled(world: World, tmp_path: Path) -> Iterator[RuleWorld]:
    """A world with one rule, evaluated each 15 s."""
    yield RuleWorld(world, tmp_path, RULES)


def _print(**labels: str) -> str:
    return fingerprint({"alertname": "A", "job": "api", "severity": "critical", **labels})


async def test_a_group_is_evaluated_at_its_slots(ruled: RuleWorld) -> None:
    """Evaluations are for multiples of the interval, each once, however often the engine beats."""
    await ruled.live(61, step=0.5)
    times = [at for query, at in ruled.source.asked if query == "x > 5"]
    assert len(times) == 5
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(seconds=15)}
    (group,) = ruled.rules().groups
    assert times == [slot(group, at) for at in times]
    assert (await ruled.view()).missed == 0


async def test_an_alert_lives_through_pending_firing_and_resolved(ruled: RuleWorld) -> None:
    """What a rule shows is an alert like any other: pending with its time, firing, an incident, over."""
    ruled.source.say("x > 5", 30, 300, value=7.0)
    await ruled.live(60)
    key = _print()
    pending = ruled.world.engine.open_alerts[key]
    assert (pending.state, pending.sources) == (AlertState.PENDING, ("opsdash",))
    assert pending.annotations == {"summary": "api at 7"}
    active = seconds(pending.active_at)
    assert active is not None
    assert 30 <= active < 45
    assert seconds(pending.fires_at) == pytest.approx(active + 60)
    await ruled.live(60)
    firing = ruled.world.engine.open_alerts[key]
    assert firing.state is AlertState.FIRING
    assert seconds(firing.fired_at) == pytest.approx(active + 60)
    snapshot = await ruled.world.picture()
    assert [incident.title for incident in snapshot.incidents] == ["api at 7"]
    view = await ruled.view()
    assert (view.state, view.value, view.threshold) == (RuleState.FIRING, 7.0, "> 5")
    assert (view.firing, view.pending, view.severity) == (1, 0, "critical")
    await ruled.live(200)
    assert key not in ruled.world.engine.open_alerts
    assert (await ruled.view()).state is RuleState.NO_DATA


async def test_one_row_with_alertmanager(ruled: RuleWorld) -> None:
    """An alert that Alertmanager shows too is one row, and is there until neither shows it."""
    ruled.source.say("x > 5", 0, 150)
    seen = alert(_print(), fired=75, job="api", severity="critical")
    await ruled.live(90)
    ruled.world.am.show(seen)
    await ruled.live(10)
    (row,) = ruled.world.engine.open_alerts.values()
    assert set(row.sources) == {"opsdash", "am"}
    await ruled.live(100)
    (row,) = ruled.world.engine.open_alerts.values()
    assert row.sources == ("am",)
    ruled.world.am.show()
    await ruled.live(10)
    assert ruled.world.engine.open_alerts == {}


async def test_a_failing_query_is_never_quiet(ruled: RuleWorld) -> None:
    """Its alerts stay, its row says why and since when, and a line under the header names it."""
    ruled.source.say("x > 5", 0)
    await ruled.live(90)
    ruled.source.faulty.add("x > 5")
    await ruled.live(30)
    view = await ruled.view()
    assert view.state is RuleState.ERROR
    assert view.error == "execution: many-to-many matching"
    assert seconds(view.error_since) is not None
    assert view.firing == 1
    assert ruled.world.engine.open_alerts[_print()].state is AlertState.FIRING
    problems = await ruled.world.store.read(stored_engine.load_sources)
    mine = {source.id: source for source in problems}["opsdash"]
    assert mine.state is SourceState.FAILING
    assert "many-to-many" in (mine.reason or "")
    ruled.source.faulty.clear()
    await ruled.live(30)
    assert (await ruled.view()).state is RuleState.FIRING


async def test_one_bad_rule_among_good_ones_is_named(world: World, tmp_path: Path) -> None:
    """The others go on, and the bad one stands under the header by its name."""
    text = RULES + "  - alert: B\n    expr: y\n"
    ruled = RuleWorld(world, tmp_path, text)
    ruled.source.faulty.add("y")
    ruled.source.say("x > 5", 0)
    await ruled.live(90)
    assert (await ruled.view("A")).state is RuleState.FIRING
    assert (await ruled.view("B")).state is RuleState.ERROR
    snapshot = await world.picture()
    assert any("rule B: execution: many-to-many" in problem.text for problem in snapshot.problems)
    ruled.source.faulty.clear()
    await ruled.live(30)
    snapshot = await world.picture()
    assert not any("rule B" in problem.text for problem in snapshot.problems)


async def test_a_rule_that_pages_a_schedule_nobody_has_is_named(
    world: World, tmp_path: Path
) -> None:
    """Long before it fires every screen says whom its page would go to instead."""
    rules = RULES.replace("severity: critical", "severity: critical, page: 'primary, databse'")
    ruled = RuleWorld(world, tmp_path, rules)
    await ruled.live(30)
    assert not [p for p in (await world.picture()).problems if "databse" in p.text]
    world.engine.setup = replace(world.engine.setup, paging=PagingSetup(notifiers=("mail",)))
    await ruled.live(30)
    (problem,) = [p for p in (await world.picture()).problems if "databse" in p.text]
    assert "rule A: no schedule databse, so primary is paged" in problem.text


async def test_a_server_that_is_down_is_asked_once_a_group(world: World, tmp_path: Path) -> None:
    """Nothing resolves, every rule says why, and the server is not hammered rule by rule."""
    text = RULES + "".join(f"  - alert: B{n}\n    expr: y{n}\n" for n in range(20))
    ruled = RuleWorld(world, tmp_path, text)
    ruled.source.say("x > 5", 0)
    await ruled.live(90)
    ruled.source.down = True
    ruled.source.asked.clear()
    await ruled.live(60)
    assert len(ruled.source.asked) == 4
    views = await ruled.views()
    assert {view.state for view in views.values()} == {RuleState.ERROR}
    assert {view.error for view in views.values()} == {"refused the connection"}
    assert world.engine.open_alerts[_print()].state is AlertState.FIRING


async def test_one_slow_query_is_not_a_server_that_hangs(world: World, tmp_path: Path) -> None:
    """One query without an answer costs its own rule; after two the server is left in peace."""
    text = RULES + "".join(f"  - alert: B{n}\n    expr: y{n}\n" for n in range(6))
    ruled = RuleWorld(world, tmp_path, text)
    ruled.source.silent.add("y1")
    await ruled.live(15)
    views = await ruled.views()
    assert [name for name, view in views.items() if view.state is RuleState.ERROR] == ["B1"]
    ruled.source.silent.add("y2")
    ruled.source.asked.clear()
    await ruled.live(15)
    views = await ruled.views()
    failing = [name for name, view in views.items() if view.state is RuleState.ERROR]
    assert failing == ["B1", "B2", "B3", "B4", "B5"]
    assert not {"y3", "y4", "y5"} & {query for query, _ in ruled.source.asked}


async def test_a_server_that_hangs_does_not_stop_the_beat(ruled: RuleWorld) -> None:
    """A query that never ends is given up; evaluations that could not begin are counted."""
    ruled.source.say("x > 5", 0)
    await ruled.live(30)
    ruled.source.hangs = True
    reads = ruled.world.metrics.reads
    await ruled.live(120)
    assert ruled.world.metrics.reads >= reads + 20
    assert "no answer within" in ((await ruled.view()).error or "")
    ruled.source.hangs = False
    await ruled.live(90)
    view = await ruled.view()
    assert view.state is RuleState.FIRING
    assert view.missed > 0
    families = {f.name: f for f in EngineCollector(ruled.world.engine).collect()}
    (sample,) = families["opsdash_rule_group_iterations_missed"].samples
    group = f"{ruled.folder / 'rules.yml'};g"
    assert (sample.labels, sample.value) == ({"group": group}, view.missed)


async def test_no_data_is_not_all_well(ruled: RuleWorld) -> None:
    """An empty answer is `inactive` with its figure while there is data, and `no data` without."""
    ruled.source.say("x", 0, 100, value=3.0)
    await ruled.live(30)
    view = await ruled.view()
    assert (view.state, view.value) == (RuleState.INACTIVE, 3.0)
    await ruled.live(150)
    assert (await ruled.view()).state is RuleState.NO_DATA
    ruled.source.say("x", 0, value=4.5)
    await ruled.live(45)
    view = await ruled.view()
    assert (view.state, view.value) == (RuleState.INACTIVE, 4.5)


async def test_a_partial_answer_resolves_nothing(ruled: RuleWorld) -> None:
    """While a part of the storage is missing an alert stays, and a person can read why."""
    ruled.source.say("x > 5", 0, 100)
    await ruled.live(95)
    ruled.source.partial = SafeText("partial answer: store a is down")
    await ruled.live(60)
    assert _print() in ruled.world.engine.open_alerts
    assert "store a is down" in ((await ruled.view()).error or "")
    ruled.source.partial = None
    await ruled.live(30)
    assert _print() not in ruled.world.engine.open_alerts


async def test_for_goes_on_when_another_engine_takes_over(ruled: RuleWorld) -> None:
    """The next engine fires when the first would have, to the slot."""
    ruled.source.say("x > 5", 0)
    await ruled.live(45)
    active = seconds(ruled.world.engine.open_alerts[_print()].active_at)
    assert active is not None
    later = ruled.succeed(LENGTH.total_seconds() + 1)
    await later.live(30)
    firing = later.world.engine.open_alerts[_print()]
    assert firing.state is AlertState.FIRING
    assert seconds(firing.fired_at) == pytest.approx(active + 60)
    assert firing.occurrence == 1


async def test_what_was_well_while_nobody_looked_begins_anew(ruled: RuleWorld) -> None:
    """A gap in the condition that fell into the absence resets `for`, as if someone had looked."""
    ruled.source.truths["x > 5"] = lambda at: (
        () if 50 <= (at - START).total_seconds() < 80 else bad(at)
    )
    await ruled.live(45)
    later = ruled.succeed(60)
    await later.live(15)
    pending = later.world.engine.open_alerts[_print()]
    assert pending.state is AlertState.PENDING
    active = seconds(pending.active_at)
    assert active is not None
    assert 80 <= active < 95
    ((query, times),) = ruled.source.ranges
    assert query == "x > 5"
    assert len(times) >= 3


async def test_firing_alerts_survive_a_takeover_by_a_blind_engine(ruled: RuleWorld) -> None:
    """An engine that takes over while the server is down shows and keeps what fired."""
    ruled.source.say("x > 5", 0)
    await ruled.live(90)
    ruled.source.down = True
    later = ruled.succeed(LENGTH.total_seconds() + 1)
    await later.live(60)
    row = later.world.engine.open_alerts[_print()]
    assert (row.state, row.occurrence) == (AlertState.FIRING, 1)


async def test_a_write_that_failed_is_made_up_for(ruled: RuleWorld) -> None:
    """What a locked store did not take is in it after the next evaluation, for whoever takes over."""
    ruled.source.say("x > 5", 20)
    await ruled.live(14)
    blocker = sqlite3.connect(ruled.world.store.path, isolation_level=None)
    asked = len(ruled.source.asked)
    blocker.execute("BEGIN IMMEDIATE")
    for _ in range(60):
        ruled.world.clock.turn(1)
        if not await ruled.world.beat() and len(ruled.source.asked) > asked + 1:
            break
    blocker.execute("ROLLBACK")
    blocker.close()
    await ruled.live(45)
    active = seconds(ruled.world.engine.open_alerts[_print()].active_at)
    later = ruled.succeed(LENGTH.total_seconds() + 1)
    await later.live(60)
    firing = later.world.engine.open_alerts[_print()]
    assert active is not None
    assert seconds(firing.active_at) == active
    assert seconds(firing.fired_at) == pytest.approx(active + 60)


async def test_rules_that_were_taken_out_are_gone(ruled: RuleWorld) -> None:
    """A rule that the next engine no longer has resolves, and its row is no longer there."""
    ruled.source.say("x > 5", 0)
    await ruled.live(90)
    (ruled.folder / "rules.yml").write_text(RULES.replace("alert: A", "alert: Other"))
    later = ruled.succeed(LENGTH.total_seconds() + 1)
    await later.live(30)
    assert list(await later.views()) == ["Other"]
    assert _print() not in later.world.engine.open_alerts
    none = later.succeed(LENGTH.total_seconds() + 1)
    none.world.engine.rules = None
    await none.live(15)
    assert await none.views() == {}
    assert none.world.engine.open_alerts == {}


async def test_thousands_of_alerts_do_not_stop_the_beat(world: World, tmp_path: Path) -> None:
    """Two thousand label sets of one rule are two thousand alerts."""
    ruled = RuleWorld(world, tmp_path, RULES.replace("for: 1m", "for: 0s"))
    ruled.source.truths["x > 5"] = lambda at: tuple(
        sample for n in range(2000) for sample in bad(at, 9.0, instance=str(n))
    )
    await ruled.live(16)
    for _ in range(200):
        if len(world.engine.open_alerts) == 2000:
            break
        # They are judged in a thread, which takes real time.
        if tasks := [poll.task for poll in world.engine.polls if poll.task is not None]:
            await asyncio.wait(tasks)
        await ruled.live(0.1, step=0.1)
    assert len(world.engine.open_alerts) == 2000
    assert (await ruled.view()).firing == 2000


async def test_flapping_is_one_occurrence_a_time(ruled: RuleWorld) -> None:
    """Each time that the condition comes back is a new occurrence, never a doubled one."""
    ruled.source.truths["x > 5"] = lambda at: (
        bad(at) if (at - START).total_seconds() % 240 < 120 else ()
    )
    await ruled.live(700)
    numbers = [a.occurrence for a in (await ruled.world.picture()).alerts]
    assert sorted(numbers) == [1, 2, 3]


async def test_for_survives_kills() -> None:
    """Engines killed at random moments fire when an undisturbed one does (R6, small)."""
    found = await kill(6, seed=1)
    assert sum(one.kills for one in found) >= 6
    assert max(one.error for one in found) == 0
    assert max(one.delay for one in found) <= 1
