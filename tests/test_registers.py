"""Rules, messages and silences in a snapshot: read when they changed, and what is wrong is said."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash import silencing
from opsdash.domain.matchers import parse_matchers
from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.domain.text import SafeText
from opsdash.engine import relay
from opsdash.engine.cycle import beat
from opsdash.engine.engine import Engine
from opsdash.http.client import HttpClient
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.notifier import NotifierError
from opsdash.registers import Registers
from opsdash.runtime import RealClock
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.sources.prometheus_rules import PrometheusRulesSource
from opsdash.store.session import Store, open_store
from tests.paging.world import SARAH, World, team
from tests.servers import PrometheusServer


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A fresh store."""
    opened = await open_store(tmp_path / "ops.db", checkpoints=True)
    yield opened
    await opened.close()


async def take(world: World, previous: Snapshot | None = None) -> Snapshot:
    """Return the picture of the store now."""
    return await world.store.read(take_snapshot, world.clock.now(), previous)


async def test_registers_are_read_only_when_they_changed(store: Store) -> None:
    """A picture made from the one before has the very same registers, each until its own changes."""
    world = World(store, team())
    world.alerts.fire("HighErrorRate")
    await world.turn(3)
    first = await take(world)
    assert [letter.whom for letter in first.letters.newest][:1] != []
    world.clock.turn(1)
    assert (await take(world, first)).registers is first.registers
    await store.write(
        silencing.silence,
        SARAH,
        world.clock.now(),
        parse_matchers("X"),
        timedelta(hours=1),
        "why",
    )
    second = await take(world, first)
    assert [silence.id for silence in second.silences] == ["S1"]
    assert second.letters is first.letters
    assert second.rules is first.rules
    fresh = await take(world)
    assert isinstance(fresh.registers, Registers)
    assert fresh.registers == second.registers
    await relay.cancel(world.engine)


async def test_a_refused_page_is_a_problem_until_somebody_has_its_alert(store: Store) -> None:
    """It names the notifier and its answer; an hour after, an owned alert's refusal is none."""
    world = World(store, team())
    for pager in world.pagers.values():
        pager.refusing = NotifierError(SafeText("403 invalid_auth"), permanent=True)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    found = await take(world)
    problems = {problem.id: problem.text for problem in found.problems}
    assert problems["refused:john"] == "1 message was refused by john: 403 invalid_auth"
    world.alerts.resolve(key)
    await world.turn(2)
    world.clock.turn(3700)
    later = await take(world, found)
    assert not [problem for problem in later.problems if problem.id.startswith("refused:")]
    await relay.cancel(world.engine)


async def test_a_page_past_its_deadline_is_a_problem(store: Store) -> None:
    """For whom, for how long, and what is said there."""
    world = World(store, team())
    world.pagers["john"].refusing = NotifierError(SafeText("connection refused"))
    world.alerts.fire("HighErrorRate")
    await world.turn(90)
    problems = {problem.id: problem.text for problem in (await take(world)).problems}
    assert problems["waiting:john"].startswith("1 message waits for john for 1m")
    assert problems["waiting:john"].endswith(": connection refused")
    await relay.cancel(world.engine)


RULES = """
groups:
- name: own
  interval: 1s
  rules:
  - alert: Always
    expr: vector(7) > 5
    labels: {severity: critical}
  - alert: Waits
    expr: vector(1) > 0
    for: 1h
  - alert: Never
    expr: vector(1) > 2
  - alert: Broken
    expr: sum without(a) (vector(1)) / on(b) group_left up{x="[b]"}
"""


@pytest.mark.servers
async def test_rules_that_prometheus_evaluates_are_listed(
    store: Store, prometheus: PrometheusServer
) -> None:
    """With state, figure, threshold and moment; written again only when something but that changed."""
    prometheus.rules = RULES
    prometheus.reload()
    source = PrometheusRulesSource(HttpClient(HttpSettings(prometheus.url)), "rules")
    setup = team()
    engine = Engine(
        store=store,
        setup=setup,
        clock=RealClock(),
        holder="engine",
        metric_sources=(),
        alert_sources=(source,),
    )

    wanted = {
        "Always": RuleState.FIRING,
        "Waits": RuleState.PENDING,
        "Never": RuleState.INACTIVE,
        "Broken": RuleState.INACTIVE,
    }
    ends = asyncio.get_running_loop().time() + 30
    found: dict[str, RuleView] = {}
    while {name: view.state for name, view in found.items()} != wanted:
        assert asyncio.get_running_loop().time() < ends, found
        await asyncio.sleep(0.05)
        await beat(engine)
        # Looked at each five seconds, which no test waits for.
        engine.due.pop("foreign rules", None)
        snapshot = await store.read(take_snapshot, RealClock().now())
        found = {str(view.name): view for view in snapshot.rules}
    always = found["Always"]
    assert (always.value, always.threshold, always.severity) == (7.0, "> 5", "critical")
    assert (always.firing, always.group, always.source) == (1, "own", "rules")
    assert always.evaluated_at is not None
    assert always.duration is not None
    assert found["Waits"].hold == timedelta(hours=1)
    assert found["Waits"].pending == 1
    await source.close()
