"""The guide's four alerts as they ship: judged here, each pages whom the guide says, with its words and context."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from opsdash.domain.deployment import Commit, Deployment
from opsdash.domain.page import PageKind
from opsdash.domain.sample import Sample
from opsdash.domain.schedule import Schedule
from opsdash.domain.text import clean
from opsdash.engine.rules import Rules
from opsdash.resources import shipped
from opsdash.sources.rule_file import load_rule_files
from opsdash.store import deployments
from tests.engine.rule_world import ToldVectors
from tests.paging.world import World

_API, _STRIPE = {"job": "payments-api"}, {"processor": "stripe"}

ALERTS = {
    "HighErrorRate": (_API, 0.025, ["john"], "High error rate detected in payments API", 300),
    "DatabasePerformanceDegraded": (
        _API,
        0.7,
        ["maria"],
        "Database performance degradation detected",
        300,
    ),
    "MemoryLeakSuspected": (_API, 5e8, ["chen"], "Potential memory leak detected", 900),
    "PaymentGatewayOffline": (
        _STRIPE,
        0.0,
        ["chen", "john"],
        "Payment gateway offline - no transactions possible",
        120,
    ),
}
"""Of each: its labels, a figure that is bad, who is on call for it, the guide's message, its `for` in seconds."""


async def _judging(world: World) -> tuple[ToldVectors, dict[str, str]]:
    """Give the team the guide's three schedules and the shipped rules; return the server and the expressions."""
    primary = world.setup.schedules[0]
    by = {"database": "tech-lead", "backend": "ceo"}
    more = tuple(Schedule(id, "UTC", time(9), ({"mon": who},)) for id, who in by.items())
    setup = replace(world.setup, schedules=(primary, *more))
    world.setup = setup
    world.engine = world.start_engine("with rules")
    groups = load_rule_files(["rules/payments.yml"], Path(str(shipped("sample_data"))))
    source = ToldVectors()
    world.engine.rules = Rules(groups, source)
    await world.turn(20)
    return source, {rule.name: rule.expr for group in groups for rule in group.rules}


def _bad(value: float, labels: dict[str, str]) -> Callable[[datetime], tuple[Sample, ...]]:
    return lambda at: (Sample(value, at, labels),)


@pytest.mark.parametrize("name", ALERTS)
async def test_each_pages_whom_the_guide_names(world: World, name: str) -> None:
    """After its `for` and not before: these people and no other, with the message letter by letter."""
    labels, value, people, message, hold = ALERTS[name]
    source, expressions = await _judging(world)
    deployment = Deployment(
        clean("payments-api"),
        world.clock.now() - timedelta(minutes=5),
        version=clean("v1.4.2"),
        commits=(
            Commit(clean("4e91c0a"), clean("alice"), clean("retry loop")),
            Commit(clean("91d7f3e"), clean("sam"), clean("name the gateway")),
        ),
        commit_count=2,
    )
    await world.store.write(deployments.record, deployment)
    source.truths[expressions[name]] = _bad(value, labels)
    await world.turn(hold - 15, step=5)
    assert not any(world.paged("john", "maria", "priya", "chen"))
    await world.turn(35, step=5)
    paged = [who for who in ("chen", "john", "maria", "priya") if world.paged(who) == [1]]
    assert paged == people
    for who in people:
        (page,) = world.pagers[who].told(PageKind.TRIGGER)
        assert (page.title, page.severity) == (message, "critical")
        changed = " ".join(page.context)
        assert "payments-api v1.4.2 4e91c0a by alice" in changed
        # The guide names code changes for the first alone; there every commit is listed.
        assert ("name the gateway" in changed) is (name == "HighErrorRate")
