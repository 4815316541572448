"""PagerDuty from alert to resolve, both its APIs answering over HTTP: what it gets, and what comes back."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from opsdash import ownership, response
from opsdash.domain.schedule import Person
from opsdash.domain.text import SafeText, clean
from opsdash.engine import mirror, relay
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.pagerduty import PagerDuty
from opsdash.notifiers.pagerduty_rest import PagerDutyRest
from opsdash.store.session import open_store
from tests.notifiers.receivers import PagerDutyServer
from tests.paging.world import SARAH, World, team


class _Service(PagerDuty):
    """The real notifier; a story waits for it."""

    hanging = False


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[tuple[World, PagerDutyServer]]:
    """John and Maria are reached through one PagerDuty service whose policy has levels of its own."""
    setup = team(notifiers=("pd",))
    people = (
        Person("john", clean("John"), notify=("pd",)),
        Person("tech-lead", clean("Maria"), notify=("pd",)),
    )
    schedules = tuple(replace(schedule, notify=()) for schedule in setup.schedules)
    with PagerDutyServer() as server:
        settings = HttpSettings(url=server.url)
        rest = PagerDutyRest(settings, lambda: server.token, server.user)
        service = _Service("pd", settings, lambda: server.routing_key, rest)
        store = await open_store(tmp_path / "ops.db", checkpoints=True)
        world = World(store, replace(setup, people=people, schedules=schedules))
        world.engine.notifiers = world.pagers = {"pd": service}  # type: ignore[dict-item]
        await world.turn()
        world.engine.mirror_polls = mirror.polls(world.engine)
        yield world, server
        await relay.cancel(world.engine)
        for poll in world.engine.polls:
            await poll.cancel()
        await service.close()
        await store.close()
    assert server.wrong == []


def _moment(world: World) -> str:
    return world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _incident(server: PagerDutyServer) -> dict[str, Any]:
    (incident,) = server.incidents
    return incident


async def test_what_jane_does_there_is_seen_here_within_one_refresh(
    there: tuple[World, PagerDutyServer],
) -> None:
    """She acknowledges at PagerDuty: it is hers here, stays so, and PagerDuty is not told its own news."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    incident = _incident(server)
    server.enter("acknowledge", incident["id"], _moment(world))
    incident["status"] = "acknowledged"
    await world.turn(2)
    taken = (await world.alert(key)).acknowledgement
    assert taken is not None and taken.by == "Jane Doe at pd"
    await world.turn(600, step=20)
    assert [event["event_action"] for event in incident["events"]] == ["trigger"]
    assert (await world.story(key)).count("acknowledged there") == 1


async def test_the_next_level_is_the_next_level_there(
    there: tuple[World, PagerDutyServer],
) -> None:
    """Nobody takes it for five minutes: PagerDuty escalates its own incident to level 2, once."""
    world, server = there
    world.alerts.fire("HighErrorRate")
    await world.turn(3)
    assert _incident(server)["level"] == 1
    await world.turn(310, step=10)
    assert _incident(server)["level"] == 2
    raised = [r for r in server.requests if r.method == "PUT"]
    assert [r.message["incident"]["escalation_level"] for r in raised] == [2]


async def test_put_off_here_is_put_off_there(there: tuple[World, PagerDutyServer]) -> None:
    """PagerDuty's own clock pages nobody meanwhile; who has put it off, and why, is noted there."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id, now = (await world.alert(key)).id, world.clock.now()
    until = now + timedelta(hours=2)
    await world.store.write(ownership.snooze, SARAH, now, [id], until, "after the deploy")
    await world.turn(3)
    incident = _incident(server)
    assert (incident["status"], incident["snoozed"]) == ("acknowledged", 7200)
    ((_, note),) = server.notes
    assert "sarah" in note and "after the deploy" in note


async def test_what_is_taken_already_can_be_put_off_there_as_well(
    there: tuple[World, PagerDutyServer],
) -> None:
    """Acknowledged first and put off later is the same at PagerDuty."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await world.turn(3)
    assert "snoozed" not in _incident(server)
    now = world.clock.now()
    until = now + timedelta(hours=1)
    await world.store.write(ownership.snooze, SARAH, now, [id], until, "at noon")
    await world.turn(3)
    assert _incident(server)["snoozed"] == 3600


async def test_resolved_and_fired_again_is_another_incident_there(
    there: tuple[World, PagerDutyServer],
) -> None:
    """The first incident ends with its occurrence; the second has a dedup key of its own."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    world.alerts.resolve(key)
    await world.turn(3)
    assert _incident(server)["status"] == "resolved"
    world.alerts.fire("HighErrorRate")
    await world.turn(3)
    first, second = server.incidents
    assert (second["status"], first["key"] != second["key"]) == ("triggered", True)


async def test_a_snooze_that_pagerduty_refuses_keeps_nobody_from_the_acknowledgement(
    there: tuple[World, PagerDutyServer],
) -> None:
    """The message counts as sent, and its answer says what could not be done."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    server.user = SafeText("somebody-else@example.com")
    id, now = (await world.alert(key)).id, world.clock.now()
    await world.store.write(ownership.snooze, SARAH, now, [id], now + timedelta(hours=1), "later")
    await world.turn(3)
    assert _incident(server)["status"] == "acknowledged"
    letter = (await world.letters())[-1]
    assert letter.state == "sent"
    assert "could not be snoozed there" in letter.answer


async def test_a_storm_that_jane_takes_there_is_taken_here(
    there: tuple[World, PagerDutyServer],
) -> None:
    """One incident there stands for fifty alerts here: all of them are hers, and it is not told back."""
    world, server = there
    keys = [world.alerts.fire("InstanceDown", instance=f"pod-{n}") for n in range(50)]
    await world.turn(5)
    incident = _incident(server)
    server.enter("acknowledge", incident["id"], _moment(world))
    incident["status"] = "acknowledged"
    await world.turn(3)
    owners = {(await world.alert(key)).acknowledgement for key in keys}
    assert {taken and taken.by for taken in owners} == {"Jane Doe at pd"}
    events = [r for r in server.requests if r.path.endswith("/enqueue")]
    assert [r.message["event_action"] for r in events] == ["trigger"]
