"""A storm's page that waits for a receiver: what of it is still so is told once it takes pages again."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash import response, silencing
from opsdash.domain.matchers import parse_matchers
from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText
from opsdash.engine import relay
from opsdash.engine.audit import find_unpaged
from opsdash.http.reply import Reply
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.courier import Courier, UnsureError
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.store.outbox import Letter, LetterState
from tests.paging.world import SARAH, World, of_one_level

TRIGGER, RESOLVE = PageKind.TRIGGER, PageKind.RESOLVE
DOWN = NotifierError(SafeText("503"))


async def storm_at_a_pager_that_is_down(world: World, count: int = 30) -> list[str]:
    """Let many alerts fire at once while John's pager is down; nobody but John is to be told."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    world.pagers["john"].refusing = DOWN
    keys = fire(world, count)
    await world.turn(3)
    assert world.pagers["john"].tries
    return keys


def fire(world: World, count: int, begun: int = 0) -> list[str]:
    """Show firing warnings of as many services."""
    return [
        world.alerts.fire("InstanceDown", severity="warning", job=f"service-{number:02}")
        for number in range(begun, begun + count)
    ]


async def acknowledge(world: World, keys: Sequence[str]) -> None:
    ids = [(await world.alert(key)).id for key in keys]
    outcome = await world.store.write(response.acknowledge, SARAH, world.clock.now(), ids)
    assert len(outcome.done) == len(keys), outcome


async def silence(world: World, matcher: str = "InstanceDown") -> str:
    given = (SARAH, world.clock.now(), parse_matchers(matcher), timedelta(hours=2), "known")
    outcome = await world.store.write(silencing.silence, *given)
    return outcome.done[0]


async def expire(world: World, id: str) -> None:
    await world.store.write(silencing.expire, SARAH, world.clock.now(), [id])


def told(world: World, name: str = "john") -> list[Page]:
    return world.pagers[name].told(TRIGGER)


async def come_back(world: World, seconds: float = 70) -> None:
    """John's pager takes pages again; every message that waits is tried within a minute."""
    world.pagers["john"].refusing = None
    await world.turn(seconds)


async def to_john(world: World) -> list[Letter]:
    return [one for one in await world.letters() if one.destination.notifier == "john"]


async def test_a_storm_that_is_silenced_while_it_waits_is_not_told_and_comes_when_that_ends(
    world: World,
) -> None:
    """Nothing is sent when the pager is back, and all of it is one page when the silence ends."""
    await storm_at_a_pager_that_is_down(world)
    id = await silence(world)
    await world.turn(5)
    await come_back(world)
    assert world.pagers["john"].sent == []
    (storm,) = [one for one in await to_john(world) if one.page.count > 1]
    assert (storm.state, storm.answer) == (
        LetterState.DROPPED,
        "nobody has to be told any more, before this was sent: 30 silenced",
    )
    await expire(world, id)
    await world.turn(3)
    (page,) = told(world)
    assert page.count == 30
    assert page.key != storm.page.key
    assert "silence S1 of sarah was ended by sarah" in page.text
    assert await world.store.read(find_unpaged, world.clock.now()) == []


async def test_what_was_taken_is_over_or_is_silenced_is_told_to_nobody(world: World) -> None:
    """Ten of each are thirty that want no page: it does not leave, and each says why it did not."""
    keys = await storm_at_a_pager_that_is_down(world)
    await acknowledge(world, keys[:10])
    for key in keys[10:20]:
        world.alerts.resolve(key)
    await silence(world, "InstanceDown, job=~service-2.")
    await world.turn(5)
    await come_back(world)
    assert world.pagers["john"].sent == []
    letters = await to_john(world)
    assert {one.state for one in letters} == {LetterState.DROPPED}
    singles = [one for one in letters if one.page.count == 1 and one.page.kind is TRIGGER]
    answers = sorted(one.answer for one in singles)
    assert answers == sorted(
        f"it {what} before this was sent"
        for what in ("was acknowledged", "resolved", "was silenced")
        for _ in range(10)
    )


async def test_a_storm_says_only_what_is_still_so(world: World) -> None:
    """Of thirty that fired while the pager was down fifteen are left: the page counts those."""
    keys = await storm_at_a_pager_that_is_down(world)
    critical = world.alerts.fire("PaymentsDown", job="payments")
    await world.turn(40)
    await acknowledge(world, [*keys[:5], critical])
    for key in keys[5:10]:
        world.alerts.resolve(key)
    await silence(world, "InstanceDown, job=~service-1[0-4]")
    await world.turn(5)
    await come_back(world)
    (page,) = told(world)
    assert page.count == 15
    assert page.title == "15 alerts at once: InstanceDown ×15"
    assert page.members == ("InstanceDown ×15",)
    assert page.severity == "warning", "what was critical is Sarah's by now"


async def test_what_was_left_out_of_a_storm_comes_when_its_silence_ends(world: World) -> None:
    """The page told of ten without the five that were silenced; they are paged when that is over."""
    keys = await storm_at_a_pager_that_is_down(world, 15)
    id = await silence(world, "InstanceDown, job=~service-0[0-4]")
    await world.turn(5)
    await come_back(world)
    assert [page.count for page in told(world)] == [10]
    await expire(world, id)
    await world.turn(75)
    assert {page.key for page in told(world)[1:]} == {
        (await world.alert(key)).id for key in keys[:5]
    }


async def test_the_one_that_is_left_of_a_storm_is_told_as_what_it_is(world: World) -> None:
    """No count of one: its own summary and labels, and that it resolves under the same key."""
    keys = await storm_at_a_pager_that_is_down(world)
    await acknowledge(world, keys[1:])
    await come_back(world)
    (page,) = told(world)
    assert (page.count, page.title) == (1, "InstanceDown is bad")
    assert page.labels["job"] == "service-00"
    world.alerts.resolve(keys[0])
    for key in keys[1:]:
        world.alerts.resolve(key)
    await world.turn(3)
    assert [one.key for one in world.pagers["john"].told(RESOLVE)] == [page.key]


async def test_an_update_of_a_storm_counts_what_is_new_and_still_so(world: World) -> None:
    """Thirty were told; of twelve that came while the pager was down five are left."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    keys = fire(world, 30)
    await world.turn(2)
    assert [page.count for page in told(world)] == [30]
    world.pagers["john"].refusing = DOWN
    keys += fire(world, 12, begun=30)
    await world.turn(32)
    await acknowledge(world, keys[35:])
    await come_back(world)
    assert [page.count for page in told(world)] == [30, 35]
    assert told(world)[1].title == "35 alerts at once (5 new): InstanceDown ×35"


async def test_an_update_of_which_nothing_is_left_is_no_page(world: World) -> None:
    """Nobody is paged once more for the thirty because twelve others came and were taken."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    keys = fire(world, 30)
    await world.turn(2)
    world.pagers["john"].refusing = DOWN
    keys += fire(world, 12, begun=30)
    await world.turn(32)
    await acknowledge(world, keys[30:])
    await come_back(world)
    assert [page.count for page in told(world)] == [30]


async def test_an_update_that_is_refused_brings_on_only_what_it_told(world: World) -> None:
    """John's pager took thirty and refuses the twelve: Maria is paged for twelve in his place."""
    world.alerts.fire("DiskFull", severity="warning", job="disk")
    fire(world, 30)
    await world.turn(2)
    assert [page.count for page in told(world)] == [31]
    world.pagers["john"].refusing = NotifierError(SafeText("400"), permanent=True)
    fire(world, 12, begun=30)
    await world.turn(35)
    assert [page.count for page in told(world, "maria")] == [12]


async def test_whoever_stands_in_is_told_what_is_still_so(world: World) -> None:
    """When the time for John's pager is up the fallback is paged for the twenty that nobody has."""
    keys = await storm_at_a_pager_that_is_down(world)
    world.setup = world.engine.setup = replace(
        world.setup, paging=replace(world.setup.paging, fallback=("person:pm",))
    )
    await acknowledge(world, keys[:10])
    await world.turn(130)
    (page,) = told(world, "priya")
    assert page.count == 20
    assert page.title == "20 alerts at once: InstanceDown ×20"
    for key in keys:
        world.alerts.resolve(key)
    await world.turn(3)
    assert [one.key for one in world.pagers["priya"].told(RESOLVE)] == [page.key]


async def test_a_storm_that_may_have_arrived_is_over_there_too(world: World) -> None:
    """No answer came, then all was taken: it is not sent again, and its receiver is told of the end."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    world.pagers["john"].refusing = UnsureError(SafeText("no answer within 10 s"))
    keys = fire(world, 30)
    await world.turn(3)
    await acknowledge(world, keys[:15])
    for key in keys[15:]:
        world.alerts.resolve(key)
    await world.turn(2)
    await come_back(world)
    assert told(world) == []
    for key in keys[:15]:
        world.alerts.resolve(key)
    await world.turn(3)
    (storm,) = [
        one for one in await to_john(world) if one.page.count > 1 and one.page.kind is TRIGGER
    ]
    assert [one.key for one in world.pagers["john"].told(RESOLVE)] == [storm.page.key]


async def test_a_silence_that_ended_before_anybody_followed_it_loses_nothing(world: World) -> None:
    """Made and ended within one beat, in which the pages were due: they leave in the next one."""
    await storm_at_a_pager_that_is_down(world)
    world.pagers["john"].refusing = None
    world.clock.turn(60)
    id = await silence(world)
    await relay.relay(world.engine)
    assert told(world) == []
    await expire(world, id)
    await world.turn(2)
    assert [page.count for page in told(world)] == [30]


async def test_who_was_not_paged_is_not_told_of_the_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert resolves while its page is under way, and the page is refused: there is no news of it."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    john, answered = world.pagers["john"], asyncio.Event()

    async def refuse_late(page: Page, address: str, thread: str) -> Receipt:
        await answered.wait()
        raise DOWN

    with monkeypatch.context() as patched:
        patched.setattr(john, "send", refuse_late)
        john.hanging = True
        key = world.alerts.fire("HighErrorRate")
        await world.turn(1)
        world.alerts.resolve(key)
        await world.turn(2)
        answered.set()
        john.hanging = False
        await world.turn(1)
    await world.turn(70)
    assert john.sent == []
    ends = [one for one in await to_john(world) if one.page.kind is RESOLVE]
    assert [(one.state, one.answer) for one in ends] == [
        (LetterState.DROPPED, "nobody was paged about it there")
    ]


async def test_a_page_that_another_alert_kept_back_comes_when_that_is_over(world: World) -> None:
    """John's pager was down, then the alert was inhibited: once it is not, he is paged for it."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    world.pagers["john"].refusing = DOWN
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    shown = world.alerts.shown[key]
    world.alerts.shown[key] = replace(shown, inhibited_by=("other",))
    await world.turn(2)
    await come_back(world)
    assert told(world) == []
    world.alerts.shown[key] = shown
    await world.turn(2)
    assert [page.alert for page in told(world)] == [f"{key}/1"]


def test_a_receiver_that_failed_may_have_taken_the_page() -> None:
    """After any 5xx the page may be there: it stays by itself, and its end is told."""
    courier = Courier(HttpSettings("http://127.0.0.1:9/"))
    answers = [Reply(status, b"", "", None, None) for status in (500, 502, 503, 504)]
    assert all(courier.refusal(answer).unsure for answer in answers)
