"""A storm that trickles in: what leaves at once, what is held and for how long, and what it becomes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash import response
from opsdash.domain.pacing import HOLD
from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText
from opsdash.engine.audit import find_unpaged
from opsdash.notifiers.courier import UnsureError
from opsdash.notifiers.notifier import NotifierError
from opsdash.store.outbox import LetterState
from tests.paging.world import SARAH, World

TRIGGER, ACKNOWLEDGE, RESOLVE, NOTE = (
    PageKind.TRIGGER,
    PageKind.ACKNOWLEDGE,
    PageKind.RESOLVE,
    PageKind.NOTE,
)


async def trickle(world: World, count: int, severity: str = "warning", begun: int = 0) -> list[str]:
    """Let alerts of as many services fire, one a second."""
    keys = []
    for number in range(begun, begun + count):
        keys.append(world.alerts.fire("InstanceDown", severity=severity, job=f"service-{number}"))
        await world.turn(1)
    return keys


def single(world: World, name: str = "john") -> list[Page]:
    """What a pager was told of one alert."""
    return [page for page in world.pagers[name].told(TRIGGER) if page.count == 1]


def storms(world: World, name: str = "john") -> list[Page]:
    """What a pager was told of many."""
    return [page for page in world.pagers[name].told(TRIGGER) if page.count > 1]


async def told_after(world: World, keys: Sequence[str], notifier: str = "john") -> list[timedelta]:
    """How long after each alert fired its receiver was told of it, alone or among others."""
    letters = [one for one in await world.letters() if one.destination.notifier == notifier]
    left = {one.page.key: one.sent_at for one in letters if one.state is LetterState.SENT}
    delays = []
    for key in keys:
        alert = await world.alert(key)
        own = next(one for one in letters if one.page.key == alert.id and one.page.kind is TRIGGER)
        if own.state is LetterState.BUNDLED:
            at: datetime | None = await world.store.read(_bundled_at, own.id)
        else:
            at = left.get(alert.id)
        assert at is not None and alert.fired_at is not None, "nobody was told of it"
        delays.append(at - alert.fired_at)
    return delays


def _bundled_at(connection: object, id: int) -> datetime:
    from opsdash.domain.record import from_ms

    row = connection.execute("SELECT left_at FROM outbox WHERE id = ?", (id,)).fetchone()  # type: ignore[attr-defined]
    return from_ms(row[0])


async def test_fifty_that_trickle_in_are_ten_pages_and_one_storm(world: World) -> None:
    """Ten are paged one by one, all others as one page that says how many and is brought up to date."""
    keys = await trickle(world, 50)
    await world.turn(40)
    assert len(single(world)) == world.setup.paging.storm
    told = storms(world)
    assert [page.count for page in told] == [30, 40]
    assert len({page.key for page in told}) == 1, "a receiver that knows keys takes it for one"
    assert [page.repeat for page in told] == [0, 0], "it says something new, and is no repetition"
    assert told[0].title == "30 alerts within 29s: InstanceDown ×30"
    assert told[-1].title == "40 alerts within 39s (10 new): InstanceDown ×40"
    assert all(delay <= timedelta(seconds=30 + 1) for delay in await told_after(world, keys))
    assert await world.store.read(find_unpaged, world.clock.now()) == []


async def test_every_alert_of_a_storm_says_on_its_timeline_how_it_was_told(world: World) -> None:
    """The one told alone and the one told among many both name who was paged."""
    keys = await trickle(world, 15)
    await world.turn(40)
    assert "paged John: john accepted" in await world.story(keys[0])
    assert "paging John by john with one page for 5 alerts" in await world.story(keys[14])


async def test_a_lone_alert_is_paged_in_the_second_in_which_it_fires(world: World) -> None:
    """What is no storm waits for nothing."""
    key = world.alerts.fire("HighErrorRate", severity="warning")
    await world.turn(1)
    assert await told_after(world, [key]) == [timedelta(seconds=1)]


async def test_ten_within_a_minute_are_all_paged_at_once(world: World) -> None:
    """The limit is more than ten: the tenth is not held."""
    keys = await trickle(world, 10)
    assert len(single(world)) == 10
    assert set(await told_after(world, keys)) == {timedelta(seconds=1)}


async def test_after_the_storm_the_next_alert_is_paged_at_once(world: World) -> None:
    """A minute without a storm's alerts is its end."""
    await trickle(world, 30)
    await world.turn(90)
    before = len(single(world))
    key = world.alerts.fire("HighErrorRate", severity="warning", job="another")
    await world.turn(1)
    assert len(single(world)) == before + 1
    assert await told_after(world, [key]) == [timedelta(seconds=1)]


async def test_a_storm_that_goes_on_for_minutes_is_told_twice_a_minute(world: World) -> None:
    """It does not fall back into single pages while it lasts, and nobody waits longer than said."""
    keys = await trickle(world, 200)
    await world.turn(40)
    assert len(single(world)) == 10
    assert len(storms(world)) <= 8
    assert storms(world)[-1].count == 190
    assert max(await told_after(world, keys)) <= timedelta(seconds=30 + 1)


async def test_a_critical_alert_among_warnings_is_held_for_nothing(world: World) -> None:
    """In the middle of a storm of warnings it is a page of its own, in its second."""
    await trickle(world, 25)
    key = world.alerts.fire("PaymentsDown", job="gateway")
    await trickle(world, 20, begun=25)
    assert await told_after(world, [key]) == [timedelta(seconds=1)]
    assert "PaymentsDown is bad" in [page.title for page in single(world)]


async def test_a_storm_of_critical_alerts_is_held_ten_seconds_at_most(world: World) -> None:
    """Ten critical ones are paged one by one, and each further one is told within ten seconds."""
    keys = await trickle(world, 50, "critical")
    await world.turn(20)
    assert len(single(world)) == 10
    assert storms(world)[-1].count == 40
    assert max(await told_after(world, keys)) <= timedelta(seconds=10 + 1)


async def test_a_critical_alert_that_is_told_among_others_is_said_in_the_title(
    world: World,
) -> None:
    """Many at once are one page whose severity is the worst of them, and that counts the critical ones."""
    for number in range(20):
        severity = "critical" if number == 19 else "warning"
        name = "PaymentsDown" if number == 19 else "InstanceDown"
        world.alerts.fire(name, severity=severity, job=f"service-{number}")
    await world.turn(2)
    (page,) = storms(world)
    assert single(world) == []
    assert page.severity == "critical"
    assert page.title == "20 alerts at once (1 critical): PaymentsDown, InstanceDown ×19"


async def test_what_a_person_sends_in_a_storm_leaves_at_once(world: World) -> None:
    """Sarah escalates a warning to Maria, whose pager is in a storm of its own."""
    key = world.alerts.fire("DiskFull", severity="warning", job="disk")
    await world.turn(1)
    for number in range(12):
        world.alerts.fire("Replica", severity="warning", job=f"db-{number}", page="database")
    await world.turn(1)
    assert len(storms(world, "maria")) == 1
    id, now = (await world.alert(key)).id, world.clock.now()
    await world.store.write(response.escalate, SARAH, now, [id], {id: 1}, "please look")
    await world.turn(1)
    assert [page.text for page in single(world, "maria")] == ["please look"]


async def test_another_engine_goes_on_with_the_storm(world: World) -> None:
    """Count, held pages and the storm's key are in the store: a killed engine changes nothing."""
    keys = await trickle(world, 20)
    world.engine = world.start_engine("the next one")
    keys += await trickle(world, 30, begun=20)
    await world.turn(60)
    assert len(single(world)) == 10
    assert len({page.key for page in storms(world)}) == 1
    assert storms(world)[-1].count == 40
    assert len(await told_after(world, keys)) == 50


async def test_engines_that_are_killed_all_through_a_storm_lose_and_double_nothing(
    world: World,
) -> None:
    """Whatever was under way: each alert is told once by its key or among those of one storm's key."""
    keys = []
    for round in range(6):
        keys += await trickle(world, 7, begun=round * 7)
        world.alerts.fire("InstanceDown", severity="warning", job=f"killed-{round}")
        for pager in world.pagers.values():
            pager.hanging = True
        await world.turn(1)
        for pager in world.pagers.values():
            pager.hanging = False
        await _kill(world)
        world.engine = world.start_engine(f"engine {round}")
    await world.turn(120)
    assert len(await told_after(world, keys)) == 42
    once = [page.key for page in single(world)]
    bundled = [one for one in await world.letters() if one.state is LetterState.BUNDLED]
    among = [one.page.key for one in bundled if one.destination.notifier == "john"]
    assert len(once) == len(set(once)), "sent again only where it may not have arrived"
    assert set(once).isdisjoint(among)
    assert len(among) == len(set(among))
    assert len(once) + len(among) == 48


async def test_what_may_have_arrived_before_a_kill_is_told_by_its_own_key_and_not_among_many(
    world: World,
) -> None:
    """A receiver knows those keys: it takes them for the same, and would count them in a storm anew."""
    begun = [world.alerts.fire("InstanceDown", job=f"first-{n}") for n in range(8)]
    for pager in world.pagers.values():
        pager.hanging = True
    await world.turn(1)
    keys = [world.alerts.fire("InstanceDown", job=f"service-{n}") for n in range(30)]
    await world.turn(2)
    await _kill(world)
    for pager in world.pagers.values():
        pager.hanging = False
    world.engine = world.start_engine("the next one")
    await world.turn(10)
    ids = {(await world.alert(key)).id for key in begun}
    assert {page.key for page in single(world)} == ids
    assert [page.count for page in storms(world)] == [len(keys)]
    for key in begun:
        world.alerts.resolve(key)
    await world.turn(2)
    assert {page.key for page in world.pagers["john"].told(RESOLVE)} == ids


async def test_what_was_not_answered_is_told_by_its_own_key_and_not_among_many(
    world: World,
) -> None:
    """A receiver that took pages and was too slow to say so has them already."""
    john = world.pagers["john"]
    john.refusing = UnsureError(SafeText("no answer within 10 s"))
    begun = [world.alerts.fire("InstanceDown", job=f"first-{n}") for n in range(8)]
    await world.turn(1)
    john.refusing = None
    for number in range(30):
        world.alerts.fire("InstanceDown", job=f"service-{number}")
    await world.turn(30)
    assert {page.key for page in single(world)} == {(await world.alert(key)).id for key in begun}
    assert all(page.again for page in single(world))
    assert [page.count for page in storms(world)] == [30]


async def _kill(world: World) -> None:
    """Let nothing that was under way end, as a kill -9 would."""
    tasks = [sending.task for sending in world.engine.sending.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_storm_that_somebody_has_is_left_alone_and_what_comes_then_is_news(
    world: World,
) -> None:
    """All of it acknowledged is told under its key; the next ones are a page of another key."""
    keys = await trickle(world, 45)
    (storm,) = storms(world)
    bundled = [one for one in await world.letters() if one.state is LetterState.BUNDLED]
    ids = list({one.page.key for one in bundled})
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), ids, "looking")
    await world.turn(2)
    taken = [page for page in world.pagers["john"].told(ACKNOWLEDGE) if page.key == storm.key]
    assert [page.by for page in taken] == ["sarah"]
    keys += await trickle(world, 10, begun=45)
    await world.turn(40)
    assert len({page.key for page in storms(world)}) == 2
    assert storms(world)[-1].key != storm.key
    assert len(await told_after(world, keys)) == 55


async def test_what_was_taken_or_is_over_while_it_is_held_is_not_told(world: World) -> None:
    """Neither the alert that resolved nor the one that Sarah took is among those that the page counts."""
    keys = await trickle(world, 16)
    world.alerts.resolve(keys[12])
    id = (await world.alert(keys[13])).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await world.turn(40)
    (storm,) = storms(world)
    assert storm.count == 4
    answers = {
        one.page.key: one.answer
        for one in await world.letters()
        if one.state is LetterState.DROPPED and one.destination.notifier == "john"
    }
    assert answers[(await world.alert(keys[12])).id] == "it resolved before this was sent"
    assert answers[id] == "sarah acknowledged it first"


async def test_what_is_silenced_while_it_is_held_is_not_told(world: World) -> None:
    """A silence that is made in the storm takes effect on what has not left."""
    keys = await trickle(world, 15)
    world.alerts.silence(keys[14])
    await world.turn(40)
    (storm,) = storms(world)
    assert storm.count == 4


async def test_what_another_alert_inhibits_while_it_is_held_is_not_told(world: World) -> None:
    """What is hidden by then is dropped, and says why."""
    keys = await trickle(world, 15)
    world.alerts.shown[keys[14]] = replace(world.alerts.shown[keys[14]], inhibited_by=("other",))
    await world.turn(40)
    (storm,) = storms(world)
    assert storm.count == 4
    id = (await world.alert(keys[14])).id
    answers = {one.answer for one in await world.letters() if one.page.key == id}
    assert answers == {"it was silenced before this was sent"}


async def test_a_storm_resolves_when_all_of_it_has(world: World) -> None:
    """Resolved is told once, under the storm's key, with its last alert."""
    keys = await trickle(world, 40)
    await world.turn(40)
    key = storms(world)[-1].key
    for one in keys[10:-1]:
        world.alerts.resolve(one)
    await world.turn(2)
    assert [page for page in world.pagers["john"].told(RESOLVE) if page.key == key] == []
    world.alerts.resolve(keys[-1])
    await world.turn(2)
    assert len([page for page in world.pagers["john"].told(RESOLVE) if page.key == key]) == 1


async def test_a_storm_that_is_paged_again_keeps_its_key(world: World) -> None:
    """Half an hour later the same alerts are one page of the same key, which says that it is one again."""
    policy = replace(world.setup.policy, levels=world.setup.policy.levels[:1])
    world.setup = world.engine.setup = replace(world.setup, policies=(policy,))
    for number in range(20):
        world.alerts.fire("InstanceDown", severity="warning", job=f"service-{number}")
    await world.turn(2)
    await world.turn(3700, step=20)
    told = storms(world)
    assert [page.count for page in told] == [20, 20, 20]
    assert [page.repeat for page in told] == [0, 1, 2]
    assert len({page.key for page in told}) == 1
    assert single(world) == []


async def test_a_pager_that_is_down_gets_one_message_about_the_storm(world: World) -> None:
    """What would be an update is written into the page that waits: when it is back it says all."""
    john = world.pagers["john"]
    await trickle(world, 10)
    john.refusing = NotifierError(SafeText("503"))
    await trickle(world, 100, begun=10)
    await world.turn(30)
    assert storms(world) == []
    john.refusing = None
    await world.turn(70)
    (storm,) = storms(world)
    assert storm.count == 100


async def test_a_storm_that_is_refused_is_brought_to_the_next_level(world: World) -> None:
    """The one page of a storm that John's pager will not take is paged to Maria in his place, once."""
    world.pagers["john"].refusing = NotifierError(SafeText("400 bad key"), permanent=True)
    for number in range(30):
        world.alerts.fire("InstanceDown", job=f"service-{number}")
    await world.turn(10)
    (storm,) = storms(world, "maria")
    assert (storm.count, storm.level, storm.level_name) == (30, 2, "Tech Lead")
    assert "john has not accepted the page" in storm.text
    await world.turn(400, step=20)
    assert len(world.pagers["maria"].told(TRIGGER)) == 1, "her level's time changes nothing"


async def test_a_fallback_gets_a_storm_as_one_page(world: World) -> None:
    """With a fallback it is told of all of it, and when all of it is over."""
    world.setup = world.engine.setup = replace(
        world.setup, paging=replace(world.setup.paging, fallback=("person:pm",))
    )
    world.pagers["john"].refusing = NotifierError(SafeText("400 bad key"), permanent=True)
    keys = [world.alerts.fire("InstanceDown", job=f"service-{n}") for n in range(30)]
    await world.turn(10)
    (storm,) = storms(world, "priya")
    assert storm.count == 30
    assert world.paged("maria") == [0]
    for key in keys:
        world.alerts.resolve(key)
    await world.turn(3)
    assert [page.key for page in world.pagers["priya"].told(RESOLVE)] == [storm.key]


async def test_the_audit_finds_what_came_after_a_storms_page_and_is_not_accepted(
    world: World,
) -> None:
    """The page that was accepted told of thirty alerts; those that came then are named."""
    await trickle(world, 41)
    assert [page.count for page in storms(world)] == [30]
    for pager in world.pagers.values():
        pager.refusing = NotifierError(SafeText("503"))
    later = await trickle(world, 10, begun=41)
    await world.turn(150, step=5)
    found = await world.store.read(find_unpaged, world.clock.now())
    assert {finding.alert.fingerprint for finding in found} >= set(later)
    assert len(found) <= len(later) + 1
    assert all("not accepted yet by" in finding.text for finding in found)


async def test_a_clock_that_is_set_back_holds_nothing_longer(world: World) -> None:
    """What waits thirty seconds waits thirty seconds, whatever the wall clock says."""
    await trickle(world, 15)
    world.clock.set_wall(-3600)
    await world.turn(40)
    (storm,) = storms(world)
    assert storm.count == 5


async def test_a_clock_that_is_set_ahead_ends_no_storm(world: World) -> None:
    """What went within the last minute still counts."""
    await trickle(world, 10)
    world.clock.set_wall(3600)
    await trickle(world, 10, begun=10)
    await world.turn(40)
    assert len(single(world)) == 10
    assert storms(world)[-1].count == 10


async def test_what_is_held_says_so_in_the_outbox(world: World) -> None:
    """Who looks at the messages reads why one waits, and when it leaves at the latest."""
    await trickle(world, 11)
    letters = await world.letters()
    (held,) = [
        one
        for one in letters
        if one.state is LetterState.WAITING and one.destination.notifier == "john"
    ]
    assert held.answer == "held for 30s at most, to be one page: 10 alerts within 1m00s"
    assert held.due_at - held.created_at == HOLD
    assert held.deadline_at - held.due_at == world.setup.paging.deadline


async def test_one_that_was_held_alone_is_a_page_of_its_own(world: World) -> None:
    """The eleventh without a twelfth is told as what it is."""
    keys = await trickle(world, 11)
    await world.turn(40)
    assert len(single(world)) == 11
    assert storms(world) == []
    assert "paged John: john accepted" in await world.story(keys[10])
