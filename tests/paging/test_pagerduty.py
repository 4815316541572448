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
from tests.notifiers.receivers import PagerDutyServer, back_at, user
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
        server.clock = world.clock.now
        server.people = {1: "John", 2: "Maria"}
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


async def test_a_storm_that_trickles_in_is_one_incident_until_somebody_has_it(
    there: tuple[World, PagerDutyServer],
) -> None:
    """Ten incidents and one for all that comes on; what comes once that one is Jane's is another one."""
    world, server = there
    for number in range(75):
        world.alerts.fire("InstanceDown", severity="warning", job=f"service-{number}")
        await world.turn(1)
    assert len(server.incidents) == 11
    storm = next(one for one in server.incidents if "storm" in one["key"])
    server.enter("acknowledge", storm["id"], _moment(world))
    storm["status"] = "acknowledged"
    await world.turn(3)
    for number in range(75, 80):
        world.alerts.fire("InstanceDown", severity="warning", job=f"service-{number}")
        await world.turn(1)
    await world.turn(40)
    assert len(server.incidents) == 12


def _written(server: PagerDutyServer) -> list[str]:
    """What was written at PagerDuty: events by their action, and requests that change an incident."""
    told = []
    for request in server.requests:
        if request.path.endswith("/enqueue"):
            told.append(request.message["event_action"])
        elif request.method != "GET":
            told.append(f"{request.method} {request.path.rpartition('/')[2]}")
    return told


async def test_put_off_there_is_put_off_here(there: tuple[World, PagerDutyServer]) -> None:
    """Jane snoozes it at PagerDuty: it rests here until then, is hers, and is paged again after."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    incident = _incident(server)
    until = world.clock.now() + timedelta(minutes=30)
    server.enter("acknowledge", incident["id"], _moment(world))
    server.enter("snooze", incident["id"], _moment(world), changed_actions=back_at(until))
    incident["status"] = "acknowledged"
    await world.turn(3)
    taken, climb = (await world.alert(key)).acknowledgement, await world.climb(key)
    assert taken is not None and taken.by == "Jane Doe at pd"
    assert climb.snooze is not None
    assert (climb.snooze.until, climb.snooze.by) == (until, "Jane Doe at pd")
    await world.turn(1500, step=10)
    assert _written(server) == ["trigger"]
    await world.turn(400, step=10)
    assert (await world.alert(key)).acknowledgement is None
    assert _written(server)[:3] == ["trigger", "POST notes", "trigger"]


async def test_escalated_there_by_a_person_is_escalated_here(
    there: tuple[World, PagerDutyServer],
) -> None:
    """The level here is that of those who have it there; PagerDuty is not told its own news."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    incident = _incident(server)
    world.clock.turn(30)
    given = [user("Maria")]
    server.enter("escalate", incident["id"], _moment(world), assignees=given)
    await world.turn(5)
    assert (await world.alert(key)).level == 2
    assert "Jane Doe at pd: to level 2 Tech Lead (Maria)" in await world.story(key)
    assert _written(server) == ["trigger"]
    step = await world.next(key)
    assert step.level == 3


async def test_escalated_there_by_its_clock_is_escalated_here_once(
    there: tuple[World, PagerDutyServer],
) -> None:
    """People whom nobody here knows stand for the next level; the entry is read again and again."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    incident = _incident(server)
    world.clock.turn(200)
    server.enter(
        "escalate",
        incident["id"],
        _moment(world),
        "service_reference",
        channel={"type": "timeout"},
        assignees=[user("Somebody Else")],
    )
    await world.turn(60)
    assert (await world.alert(key)).level == 2
    assert "pd's clock at pd: to level 2" in await world.story(key)
    assert _written(server) == ["trigger"]


@pytest.mark.parametrize("people", [{1: "John", 2: "Maria"}, {}])
async def test_what_we_did_there_does_not_come_back(
    there: tuple[World, PagerDutyServer], people: dict[int, str]
) -> None:
    """PagerDuty logs our own escalation, and whom it does not name as we do: the level stays."""
    world, server = there
    server.people = people
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id, now = (await world.alert(key)).id, world.clock.now()
    await world.store.write(response.escalate, SARAH, now, [id], {id: 1}, "it spreads")
    await world.turn(60)
    assert [entry["type"] for entry in server.log] == ["escalate_log_entry"]
    assert (await world.alert(key)).level == 2
    now = world.clock.now()
    until = now + timedelta(hours=2)
    await world.store.write(ownership.snooze, SARAH, now, [id], until, "after the deploy")
    await world.turn(60)
    assert "snooze_log_entry" in [entry["type"] for entry in server.log]
    climb = await world.climb(key)
    assert climb.snooze is not None and climb.snooze.by == "sarah"
    assert (await world.alert(key)).level == 2


async def test_reassigned_there_is_theirs_here(there: tuple[World, PagerDutyServer]) -> None:
    """Maria has it here as well, nobody is paged for it at PagerDuty, and she is told who did it."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    incident = _incident(server)
    given = [user("maria")]
    server.enter("assign", incident["id"], _moment(world), assignees=given)
    await world.turn(3)
    assert (await world.climb(key)).owner == "tech-lead"
    assert "Jane Doe at pd: to Maria: reassigned at pd" in await world.story(key)
    assert _written(server) == ["trigger"]
    server.enter("assign", incident["id"], _moment(world), assignees=[user("Nobody Known")])
    await world.turn(3)
    assert (await world.climb(key)).owner == "tech-lead"
    assert "reassigned there to Nobody Known" in await world.story(key)


async def test_a_person_with_an_id_there_is_known_by_it_alone(
    there: tuple[World, PagerDutyServer],
) -> None:
    """What somebody calls themselves at PagerDuty gives nobody an alert where there is a surer sign."""
    world, server = there
    people = tuple(replace(p, pagerduty=f"P{p.id.upper()}") for p in world.setup.people)
    world.engine.setup = replace(world.setup, people=people)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    incident = _incident(server)
    server.enter("assign", incident["id"], _moment(world), assignees=[user("Maria")])
    await world.turn(3)
    assert (await world.climb(key)).owner == ""
    known = {"id": "PTECH-LEAD", "type": "user_reference", "summary": "M. from the night shift"}
    server.enter("assign", incident["id"], _moment(world), assignees=[known])
    await world.turn(3)
    assert (await world.climb(key)).owner == "tech-lead"


async def test_a_newer_decision_here_outweighs_what_was_done_there(
    there: tuple[World, PagerDutyServer],
) -> None:
    """Ended here after it was snoozed there, it stays ended, however late their log is read."""
    world, server = there
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    incident, at = _incident(server), _moment(world)
    id = (await world.alert(key)).id
    world.clock.turn(5)
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    until = world.clock.now() + timedelta(hours=2)
    server.enter("snooze", incident["id"], at, changed_actions=back_at(until))
    server.enter("assign", incident["id"], at, assignees=[user("Maria")])
    await world.turn(3)
    climb = await world.climb(key)
    assert (climb.snooze, climb.owner) == (None, "")
    assert (await world.story(key)).count("snoozed there") == 1
