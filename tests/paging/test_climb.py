"""Nobody acknowledges: who is paged next, when, and what ends it. Stories on a hand-cranked clock."""

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash import ownership, response
from opsdash.domain.alert import Severity
from opsdash.domain.escalation import Condition, EscalationPolicy, PolicyLevel
from opsdash.domain.next_step import StepKind
from opsdash.domain.notify_rule import NotifyRule
from opsdash.domain.page import PageKind
from opsdash.domain.rotation import Window
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, Entry, EntryKind
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import alerts, engine, entries
from tests.paging.world import MONDAY, SARAH, World

TRIGGER = PageKind.TRIGGER
JOHN = Actor(SafeText("john"))
MINUTE = 60.0


def with_policy(world: World, **changes: object) -> None:
    """Change the policy that the engine runs."""
    policy = replace(world.engine.setup.policy, **changes)  # type: ignore[arg-type]
    world.setup = world.engine.setup = replace(world.engine.setup, policies=(policy,))


def levels(world: World, number: int, **changes: object) -> tuple[PolicyLevel, ...]:
    """Return the levels of the engine's policy, one of them changed."""
    found = list(world.engine.setup.policy.levels)
    found[number - 1] = replace(found[number - 1], **changes)  # type: ignore[arg-type]
    return tuple(found)


async def acknowledge(world: World, key: str, who: Actor = SARAH, comment: str = "") -> None:
    """Acknowledge an alert as `who`."""
    id = (await world.alert(key)).id
    done = await world.store.write(response.acknowledge, who, world.clock.now(), [id], comment)
    assert done.done == (id,)


async def test_nobody_acknowledges_for_five_minutes_and_the_tech_lead_is_paged(
    world: World,
) -> None:
    """John has five minutes; a second before them nobody else is paged, then Maria is, once."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(5 * MINUTE - 1, step=30)
    assert world.paged("john", "maria", "priya", "chen") == [1, 0, 0, 0]
    await world.turn(2)
    assert world.paged("john", "maria", "priya", "chen") == [1, 1, 0, 0]
    assert "engine: to level 2 Tech Lead (Maria): not acknowledged within 5m00s" in (
        await world.story(key)
    )
    assert (await world.alert(key)).level == 2
    (page,) = world.pagers["maria"].told(TRIGGER)
    assert (page.level, page.level_name) == (2, "Tech Lead")


async def test_the_guides_four_levels_one_after_the_other(world: World) -> None:
    """Maria at five minutes, Priya at fifteen, Chen at thirty, each once and in this order."""
    world.alerts.fire("HighErrorRate")
    await world.turn(1)
    reached = []
    for minute in range(1, 41):
        before = world.paged("maria", "priya", "chen")
        await world.turn(MINUTE, step=30)
        after = world.paged("maria", "priya", "chen")
        reached += [
            (name, minute)
            for name, a, b in zip(("maria", "priya", "chen"), before, after, strict=True)
            if b > a
        ]
    assert reached == [("maria", 5), ("priya", 15), ("chen", 30)]


async def test_the_ceo_is_reached_for_critical_incidents_only(world: World) -> None:
    """A warning that nobody takes ends at the PM; the CEO sleeps, and it is told that she does."""
    key = world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(2 * 3600, step=60)
    assert world.paged("maria", "chen") == [1, 0]
    assert (await world.alert(key)).level == 3
    assert "EXHAUSTED" in await world.story(key)


async def test_exhausted_is_said_loudly_and_the_last_level_is_paged_again(world: World) -> None:
    """A quarter of an hour after the last level it is EXHAUSTED, on the timeline and as what is next."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(44 * MINUTE, step=30)
    assert (await world.next(key)).kind is StepKind.EXHAUSTS
    await world.turn(2 * MINUTE, step=30)
    assert (await world.climb(key)).exhausted_at is not None
    step = await world.next(key)
    assert step.kind is StepKind.EXHAUSTED
    assert step.text == "EXHAUSTED: nobody is left to reach; pages again"
    assert step.at is not None
    assert timedelta(minutes=13) < step.at - world.clock.now() <= timedelta(minutes=15)
    kinds = [e.kind for e in await _entries(world, key)]
    assert kinds.count(EntryKind.EXHAUSTED) == 1
    await world.turn(3600, step=60)
    assert world.paged("chen") == [3]
    assert (await world.alert(key)).level == 4


async def test_an_acknowledgement_stops_the_climb(world: World) -> None:
    """Once somebody has it no further level is paged, however long it fires."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(6 * MINUTE, step=30)
    await acknowledge(world, key)
    await world.turn(3600, step=60)
    assert world.paged("john", "maria", "priya", "chen") == [1, 1, 0, 0]
    assert (await world.alert(key)).level == 2


async def test_acknowledged_in_the_same_second_as_the_climb(world: World) -> None:
    """The acknowledgement is in the store before the beat in which the level is due: nobody is paged."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(5 * MINUTE - 1, step=30)
    world.clock.turn(1)
    await acknowledge(world, key)
    await world.settle()
    await world.turn(60)
    assert world.paged("maria") == [0]


async def test_a_climb_in_the_same_second_as_the_acknowledgement_is_taken_back_unsent(
    world: World,
) -> None:
    """The climb came first: its page, not sent yet, is dropped by the acknowledgement."""
    paging = replace(world.setup.paging, group_wait=timedelta(seconds=10))
    world.setup = world.engine.setup = replace(world.setup, paging=paging)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(5 * MINUTE, step=30)
    assert (await world.alert(key)).level == 2
    await acknowledge(world, key)
    await world.turn(60)
    assert world.paged("maria") == [0]
    assert (await world.alert(key)).level == 2


async def test_whoever_was_paged_in_place_of_another_is_not_paged_twice(world: World) -> None:
    """John's pager takes nothing, so that Maria is paged after a minute; at minute five she has it already."""
    world.pagers["john"].refusing = NotifierError(SafeText("503"))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(6 * MINUTE, step=10)
    assert world.paged("maria") == [1]
    assert (await world.alert(key)).level == 2


async def test_a_page_that_was_dropped_is_written_anew_when_the_level_is_reached_again(
    world: World,
) -> None:
    """Acknowledged before Maria's page left, moved down, given back: at level 2 she is paged after all."""
    paging = replace(world.setup.paging, group_wait=timedelta(seconds=10))
    world.setup = world.engine.setup = replace(world.setup, paging=paging)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(5 * MINUTE, step=30)
    await acknowledge(world, key)
    id = (await world.alert(key)).id
    await world.turn(5)
    await world.store.write(response.escalate, SARAH, world.clock.now(), [id], {id: 2}, "no", 1)
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), [id])
    await world.turn(6 * MINUTE, step=30)
    assert world.paged("maria") == [1]


async def test_given_back_the_level_has_its_whole_time_again(world: World) -> None:
    """Taken for two hours and given back: Maria is not paged at once, but after John's five minutes."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key)
    await world.turn(2 * 3600, step=60)
    id = (await world.alert(key)).id
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), [id])
    await world.turn(4 * MINUTE, step=30)
    assert world.paged("maria") == [0]
    await world.turn(2 * MINUTE, step=30)
    assert world.paged("maria", "priya") == [1, 0]


async def test_an_acknowledgement_that_is_forgotten_ends(world: World) -> None:
    """Four hours without activity: it is nobody's again, and whoever is on call now is paged anew."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key)
    await world.turn(4 * 3600 - 60, step=60)
    step = await world.next(key)
    assert step.kind is StepKind.ACKNOWLEDGEMENT_ENDS
    assert (step.level, step.who) == (1, ("John",))
    assert world.paged("john") == [1]
    await world.turn(2 * MINUTE, step=30)
    assert (await world.alert(key)).acknowledgement is None
    assert world.paged("john") == [2]
    story = await world.story(key)
    assert "sarah's acknowledgement ended: nothing was done about it for 4h00m" in story
    await world.turn(6 * MINUTE, step=30)
    assert world.paged("maria") == [1]


@pytest.mark.parametrize("called", ["tech-lead", "maria", "Maria at channel"])
async def test_who_had_acknowledged_is_paged_as_well_when_it_ends(
    world: World, called: str
) -> None:
    """The tech lead took it, here or at a pager, and forgot: she is paged beside whoever is on call."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key, Actor(SafeText(called)))
    await world.turn(4 * 3600 + 60, step=60)
    assert world.paged("john", "maria") == [2, 1]


async def test_of_those_who_forgot_it_whoever_is_on_call_is_paged_once(world: World) -> None:
    """John took his own page and forgot: he is paged anew as the level, not a second time as himself."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key, JOHN)
    await world.turn(4 * 3600 + 60, step=60)
    assert (await world.alert(key)).acknowledgement is None
    assert world.paged("john", "maria", "channel") == [2, 0, 2]


async def test_who_forgot_it_is_paged_by_their_own_rules_and_not_where_nothing_reaches_them(
    world: World,
) -> None:
    """Priya has rules alone and is paged by them; Maria has neither, and nobody complains of that."""
    ways = {
        "pm": {"notify": (), "rules": (NotifyRule(("channel:priya",)),)},
        "tech-lead": {"notify": ()},
    }
    people = tuple(replace(one, **ways.get(one.id, {})) for one in world.setup.people)  # type: ignore[arg-type]
    world.setup = world.engine.setup = replace(world.setup, people=people)
    by_priya, by_maria = world.alerts.fire("HighErrorRate"), world.alerts.fire("DbDown", job="db")
    await world.turn(2)
    await acknowledge(world, by_priya, Actor(SafeText("pm")))
    await acknowledge(world, by_maria, Actor(SafeText("tech-lead")))
    await world.turn(4 * 3600 + 60, step=60)
    told = [(page.alert, to) for page, to, _ in world.pagers["channel"].sent if to == "priya"]
    assert told == [((await world.alert(by_priya)).id, "priya")]
    story = await world.story(by_maria)
    assert "tech-lead's acknowledgement ended" in story
    assert "Maria" not in story.partition("acknowledgement ended")[2]


async def test_a_level_that_waits_for_a_resolve_leaves_it_whose_it_is_in_each_round(
    world: World,
) -> None:
    """Forgotten once and taken anew: Priya is told after her quarter of an hour, Sarah keeps it."""
    with_policy(world, levels=levels(world, 3, condition=Condition.NOT_RESOLVED))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key)
    await world.turn(4 * 3600 + 60, step=60)
    assert (await world.climb(key)).round == 2
    await acknowledge(world, key)
    before = world.paged("priya")[0]
    await world.turn(16 * MINUTE, step=60)
    assert world.paged("priya") == [before + 1]
    taken = (await world.alert(key)).acknowledgement
    assert taken is not None and taken.by == "sarah"
    assert (await world.story(key)).count("sarah's acknowledgement ended") == 1


async def test_activity_resets_the_acknowledgements_clock(world: World) -> None:
    """A note in the third hour: it holds for four hours from then, and every screen counts from it."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key)
    await world.turn(3 * 3600, step=60)
    id, now = (await world.alert(key)).id, world.clock.now()
    entry = Entry(now, SARAH.user, EntryKind.NOTE, SafeText("still reading logs"), alert=id)
    await world.store.write(entries.add, entry)
    await world.turn(2)
    assert (await world.next(key)).at == now + timedelta(hours=4)
    await world.turn(3 * 3600, step=60)
    assert (await world.alert(key)).acknowledgement is not None
    await world.turn(3600 + 60, step=60)
    assert (await world.alert(key)).acknowledgement is None


async def test_one_act_extends_an_acknowledgement(world: World) -> None:
    """`extend` lets it count from now again; what nobody has cannot be extended."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    refused = await world.store.write(ownership.extend, SARAH, world.clock.now(), [id])
    assert refused.refused == ((id, "nobody has acknowledged it"),)
    await acknowledge(world, key)
    await world.turn(3 * 3600, step=60)
    extended_at = world.clock.now()
    await world.store.write(ownership.extend, SARAH, extended_at, [id])
    assert (await world.next(key)).at == extended_at + timedelta(hours=4)
    assert "acknowledged for another 4h00m" in await world.story(key)
    await world.turn(3 * 3600, step=60)
    assert world.paged("john") == [1]


async def test_how_long_an_acknowledgement_holds_is_by_severity(world: World) -> None:
    """A warning's holds for a day by default; a policy may say otherwise, or never."""
    key = world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(2)
    await acknowledge(world, key)
    step = await world.next(key)
    taken = (await world.alert(key)).acknowledgement
    assert taken is not None
    assert step.at == taken.at + timedelta(hours=24)
    with_policy(world, acknowledged_for={})
    other = world.alerts.fire("HighErrorRate", job="other")
    await world.turn(2)
    await acknowledge(world, other)
    assert (await world.next(other)).text == "sarah has it"


async def test_if_not_resolved_climbs_although_it_is_acknowledged(world: World) -> None:
    """The PM is told of what is not resolved in a quarter of an hour, whoever has it."""
    with_policy(world, levels=levels(world, 3, condition=Condition.NOT_RESOLVED))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key)
    await world.turn(16 * MINUTE, step=30)
    assert world.paged("john", "maria", "priya", "chen") == [1, 0, 1, 0]
    alert = await world.alert(key)
    assert alert.level == 3
    assert alert.acknowledgement is not None
    assert "to level 3 PM (Priya): not resolved within 15m00s" in await world.story(key)


async def test_a_level_may_want_labels_or_hours(world: World) -> None:
    """A level for another region and one for office hours are left out, and the timeline says why."""
    night = (Window(MONDAY.time(), (MONDAY + timedelta(minutes=1)).time()),)
    with_policy(world, levels=levels(world, 2, matching=('region="eu"',)))
    with_policy(world, levels=levels(world, 3, hours=night))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(31 * MINUTE, step=30)
    assert world.paged("john", "maria", "priya", "chen") == [1, 0, 0, 1]
    story = await world.story(key)
    assert 'level 2 Tech Lead is left out: it is for alerts with region="eu"' in story
    assert "level 3 PM is left out: it is not reached at this hour" in story


async def test_the_policy_begins_anew_as_often_as_it_says(world: World) -> None:
    """With one repeat everybody is paged twice, then it is exhausted and stays with the last level."""
    with_policy(world, repeats=1)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(46 * MINUTE, step=30)
    assert world.paged("john", "maria", "priya", "chen") == [2, 1, 1, 1]
    assert (await world.alert(key)).level == 1
    assert (await world.climb(key)).exhausted_at is None
    await world.turn(45 * MINUTE, step=30)
    assert world.paged("john", "maria", "priya", "chen") == [2, 2, 2, 2]
    assert (await world.climb(key)).exhausted_at is not None
    assert (await world.alert(key)).level == 4


async def test_nobody_on_call_at_a_level_pages_the_next_at_once_and_says_so(world: World) -> None:
    """Nobody is on call on primary: Maria is paged in the same beat, and then has her whole time."""
    empty = replace(world.setup.schedules[0], weeks=({},))
    setup = replace(world.setup, schedules=(empty, *world.setup.schedules[1:]))
    world.setup = world.engine.setup = setup
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    assert world.paged("maria", "priya") == [1, 0]
    story = await world.story(key)
    assert "level 1 On-call engineer: nobody is there; the next one is paged now" in story
    assert "to level 2 Tech Lead (Maria): nobody is there at level 1" in story
    await world.turn(9 * MINUTE, step=30)
    assert world.paged("priya") == [0]
    await world.turn(2 * MINUTE, step=30)
    assert world.paged("priya") == [1]


async def test_nobody_anywhere_is_exhausted_at_once(world: World) -> None:
    """When no level has anybody, that is said in the first beat and not after half an hour."""
    setup = replace(world.setup, people=tuple(replace(p, notify=()) for p in world.setup.people))
    empty = replace(setup.schedules[0], weeks=({},), notify=())
    world.setup = world.engine.setup = replace(setup, schedules=(empty,))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    assert (await world.next(key)).kind is StepKind.EXHAUSTED
    assert (await world.story(key)).count("nobody is there") >= 4


async def test_whoever_is_on_call_when_the_level_is_due_is_paged(world: World) -> None:
    """The shift ends between page and repeat: the one who took over is paged."""
    crew = replace(world.setup.schedules[0], weeks=({"mon": "john", "tue": "pm"},))
    setup = replace(world.setup, schedules=(crew, *world.setup.schedules[1:]))
    world.setup = world.engine.setup = setup
    world.clock.turn(18.9 * 3600)
    with_policy(world, levels=world.setup.policy.levels[:2], repeats=1)
    world.alerts.fire("HighErrorRate")
    await world.turn(22 * MINUTE, step=30)
    assert world.paged("john", "maria", "priya") == [1, 1, 1]


async def test_the_policy_is_a_snapshot_of_the_moment_of_the_page(world: World) -> None:
    """An edit in mid-climb changes nothing of what runs; a new alert follows the new policy."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    with_policy(world, levels=levels(world, 2, notify=("person:ceo",), after=timedelta(minutes=1)))
    await world.turn(3 * MINUTE, step=30)
    assert world.paged("maria", "chen") == [0, 0]
    await world.turn(3 * MINUTE, step=30)
    assert world.paged("maria", "chen") == [1, 0]
    other = world.alerts.fire("GatewayOffline", job="gateway")
    await world.turn(2 * MINUTE, step=30)
    assert world.paged("maria", "chen") == [1, 1]
    assert ((await world.climb(key)).version, (await world.climb(other)).version) == (1, 2)


async def test_an_edited_policy_applies_when_it_is_asked_for(world: World) -> None:
    """`reapply` lets one alert follow the policy as it is now, and the timeline names both versions."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    with_policy(world, levels=levels(world, 2, notify=("person:ceo",), after=timedelta(minutes=1)))
    await world.store.write(engine.save_setup, world.engine.setup, world.clock.now())
    id = (await world.alert(key)).id
    await world.store.write(ownership.reapply, SARAH, world.clock.now(), [id])
    await world.turn(2 * MINUTE, step=30)
    assert world.paged("maria", "chen") == [0, 1]
    assert "sarah: policy default v1 replaced by default v2" in await world.story(key)
    again = await world.store.write(ownership.reapply, SARAH, world.clock.now(), [id])
    assert again.refused == ((id, "it follows policy default v2 already"),)


async def test_alerts_follow_the_policy_that_matches_them(world: World) -> None:
    """A policy with matchers takes what it matches, whatever its place; the rest follow the first."""
    quiet = EscalationPolicy(
        "batch",
        (PolicyLevel(clean("Channel"), ("person:pm",)),),
        matching=('team="batch"',),
    )
    world.setup = world.engine.setup = replace(world.setup, policies=(*world.setup.policies, quiet))
    key = world.alerts.fire("NightlyLate", team="batch", job="batch")
    await world.turn(2)
    assert world.paged("john", "priya") == [0, 1]
    assert (await world.climb(key)).policy.id == "batch"


async def test_two_people_escalate_at_once_and_it_climbs_one_level(world: World) -> None:
    """Both saw level 1; one moves it, the other is told who did, and Priya is not paged."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id, now = (await world.alert(key)).id, world.clock.now()
    await world.store.write(response.escalate, SARAH, now, [id], {id: 1}, "locks")
    second = await world.store.write(response.escalate, JOHN, now, [id], {id: 1}, "locks")
    assert second.refused == ((id, "sarah moved it to level 2 Tech Lead 0s ago"),)
    await world.turn(2)
    assert world.paged("maria", "priya") == [1, 0]


async def test_a_person_and_the_clock_escalate_at_once(world: World) -> None:
    """The clock reached level 2 a second before: a hand that saw level 1 is refused."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(5 * MINUTE + 1, step=1)
    id = (await world.alert(key)).id
    late = await world.store.write(
        response.escalate, SARAH, world.clock.now(), [id], {id: 1}, "locks"
    )
    assert late.refused[0][1].startswith("engine moved it to level 2 Tech Lead")
    await world.turn(2)
    assert world.paged("maria", "priya") == [1, 0]


async def test_a_level_that_was_chosen_by_hand_has_its_whole_time(world: World) -> None:
    """Escalated to Priya at minute two: Chen is paged a quarter of an hour later, not at minute thirty."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=30)
    id = (await world.alert(key)).id
    await world.store.write(response.escalate, SARAH, world.clock.now(), [id], {id: 1}, "money", 3)
    await world.turn(14 * MINUTE, step=30)
    assert world.paged("maria", "priya", "chen") == [0, 1, 0]
    await world.turn(2 * MINUTE, step=30)
    assert world.paged("maria", "priya", "chen") == [0, 1, 1]


async def test_de_escalated_it_climbs_from_there_again(world: World) -> None:
    """Down to level 1 at minute twenty: the tech lead is paged again five minutes later."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(20 * MINUTE, step=30)
    id = (await world.alert(key)).id
    await world.store.write(
        response.escalate, SARAH, world.clock.now(), [id], {id: 3}, "too early", 1
    )
    await world.turn(4 * MINUTE, step=30)
    assert (await world.alert(key)).level == 1
    await world.turn(2 * MINUTE, step=30)
    assert (await world.alert(key)).level == 2
    assert world.paged("maria", "chen") == [2, 0]


async def test_escalating_keeps_an_acknowledgement(world: World) -> None:
    """Who has it stays on record when the next level is called in."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await acknowledge(world, key)
    id = (await world.alert(key)).id
    await world.store.write(response.escalate, SARAH, world.clock.now(), [id], {id: 1}, "locks")
    await world.turn(2)
    alert = await world.alert(key)
    assert alert.acknowledgement is not None
    assert alert.acknowledgement.by == "sarah"
    assert world.paged("maria") == [1]


async def test_a_silenced_alert_waits_and_goes_on_where_it_stood(world: World) -> None:
    """An hour of silence is no hour of nobody acknowledging: Maria has John's time left to sleep."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3 * MINUTE, step=30)
    world.alerts.silence(key)
    await world.turn(3600, step=60)
    assert (await world.next(key)).kind is StepKind.WAITS
    assert world.paged("maria") == [0]
    world.alerts.shown[key] = replace(world.alerts.shown[key], silenced_by=())
    await world.turn(MINUTE, step=10)
    assert world.paged("maria") == [0]
    await world.turn(2 * MINUTE, step=10)
    assert world.paged("maria") == [1]


async def test_resolved_ends_the_climb(world: World) -> None:
    """An alert that resolved pages nobody any more."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(4 * MINUTE, step=30)
    world.alerts.resolve(key)
    await world.turn(3600, step=60)
    assert world.paged("john", "maria", "priya", "chen") == [1, 0, 0, 0]
    assert (await world.next(key)).text == "it has resolved"


async def test_what_only_joined_does_not_climb_by_itself(world: World) -> None:
    """A warning that was told with its incident's alert pages no level on its own."""
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    joined = world.alerts.fire("CPUSaturated", severity="warning")
    await world.turn(20 * MINUTE, step=30)
    assert {page.title for page in world.pagers["maria"].told(TRIGGER)} == {"HighErrorRate is bad"}
    assert (await world.next(joined)).text == "it goes with what was paged already"


async def test_alerts_that_were_open_before_are_not_swept_up(world: World) -> None:
    """An alert without a climb, as an older opsdash left it, is not paged by a policy it never had."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id

    await world.store.write(_forget_climb, id)
    world.engine = world.start_engine("the next one")
    await world.turn(3600, step=60)
    assert world.paged("maria", "chen") == [0, 0]


async def test_nothing_climbs_where_nobody_is_configured(world: World) -> None:
    """A one-line configuration has no people: its alerts stay at level 1 and are never EXHAUSTED."""
    world.setup = world.engine.setup = replace(
        world.setup,
        people=(),
        schedules=(),
        paging=replace(world.setup.paging, notifiers=()),
    )
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3600, step=60)
    assert (await world.alert(key)).level == 1
    assert "EXHAUSTED" not in await world.story(key)
    assert (await world.next(key)).kind is StepKind.NOTHING


async def test_automatic_acknowledgement_is_for_whoever_is_on_call_then(world: World) -> None:
    """A warning is John's while he is on call, and says that nobody typed it; he is paged all the same."""
    with_policy(world, auto_acknowledge=(Severity.WARNING,))
    key = world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(2)
    taken = (await world.alert(key)).acknowledgement
    assert taken is not None
    assert (taken.by, taken.comment) == ("john", "by itself: john is on call on primary")
    assert world.paged("john") == [1]
    critical = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    assert (await world.alert(critical)).acknowledgement is None


async def test_automatic_acknowledgement_without_anybody_on_call_does_nothing(
    world: World,
) -> None:
    """Checked live: with nobody on call nothing is acknowledged for anybody, and the next is paged."""
    with_policy(world, auto_acknowledge=(Severity.WARNING,))
    empty = replace(world.setup.schedules[0], weeks=({},))
    world.setup = world.engine.setup = replace(world.setup, schedules=(empty,))
    key = world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(2)
    assert (await world.alert(key)).acknowledgement is None
    assert world.paged("maria") == [1]


async def test_an_automatic_acknowledgement_ends_too_and_is_not_given_again(world: World) -> None:
    """After its time it is nobody's and climbs: what nobody looked at is not acknowledged for ever."""
    with_policy(
        world,
        auto_acknowledge=(Severity.WARNING,),
        acknowledged_for={"warning": timedelta(hours=1)},
    )
    key = world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(3600 + 60, step=60)
    assert (await world.alert(key)).acknowledgement is None
    await world.turn(6 * MINUTE, step=30)
    assert world.paged("maria") == [1]


@pytest.mark.parametrize("count", [50])
async def test_a_storm_climbs_as_one_page_that_says_how_many(world: World, count: int) -> None:
    """Fifty alerts that nobody takes are one page for the tech lead as well."""
    for n in range(count):
        world.alerts.fire("InstanceDown", instance=f"pod-{n}")
    await world.turn(5)
    await world.turn(5 * MINUTE, step=30)
    await world.turn(5)
    (page,) = world.pagers["maria"].told(TRIGGER)
    assert page.count == count
    assert len(await world.store.read(alerts.load_open)) == count


def _forget_climb(connection: sqlite3.Connection, id: str) -> None:
    connection.execute("DELETE FROM climb WHERE alert = ?", (id,))


async def _entries(world: World, key: str) -> tuple[Entry, ...]:
    id = (await world.alert(key)).id
    return await world.store.read(entries.load_of_alert, id)
