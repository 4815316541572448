"""What a silence made here does: nobody is paged while it lasts, and somebody is when it ends."""

from dataclasses import replace
from datetime import timedelta

from opsdash import response, silencing
from opsdash.domain.matchers import parse_matchers
from opsdash.domain.outcome import Outcome
from opsdash.domain.page import PageKind
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor
from opsdash.engine import relay
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import silences
from opsdash.store.outbox import LetterState
from tests.paging.world import SARAH, World

TRIGGER = PageKind.TRIGGER


async def silence(
    world: World, text: str = "HighErrorRate", minutes: float = 30, comment: str = "deploying"
) -> str:
    """Silence as Sarah does and return the silence's id."""
    outcome = await world.store.write(
        silencing.silence,
        SARAH,
        world.clock.now(),
        parse_matchers(text),
        timedelta(minutes=minutes),
        comment,
    )
    assert not outcome.refused, outcome
    return outcome.done[0]


async def expire(world: World, id: str, actor: Actor = SARAH) -> Outcome:
    """End a silence."""
    return await world.store.write(silencing.expire, actor, world.clock.now(), [id])


async def test_what_is_silenced_pages_nobody_and_says_by_whom_and_why(world: World) -> None:
    """An alert that fires while a silence matches it is told on its timeline under Sarah's name."""
    id = await silence(world)
    key = world.alerts.fire("HighErrorRate")
    other = world.alerts.fire("DatabaseDown")
    await world.turn(5)
    assert (await world.alert(key)).silenced_by == (id,)
    assert "sarah: silenced by S1, 29m59s left: deploying" in await world.story(key)
    assert [page.alert for page in world.pagers["john"].told(TRIGGER)] == [f"{other}/1"]


async def test_a_silence_made_while_it_fires_hides_it_from_the_next_beat_on(world: World) -> None:
    """Nothing of the sources has to change for it."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    await silence(world)
    await world.turn(1)
    assert (await world.alert(key)).muted


async def test_a_page_that_waits_is_dropped_with_the_reason(world: World) -> None:
    """The pager is down when the alert fires; by the time it is back the alert is silenced."""
    john = world.pagers["john"]
    john.refusing = NotifierError(SafeText("timeout"))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await silence(world)
    john.refusing = None
    await world.turn(120)
    assert john.sent == []
    mine = [one for one in await world.letters() if one.destination.notifier == "john"]
    assert {letter.state for letter in mine} == {LetterState.DROPPED}
    assert "silenced by S1" in mine[0].answer
    assert "silenced by S1" in await world.story(key)


async def test_nothing_leaves_between_the_silence_and_the_next_merge(world: World) -> None:
    """A page that is due before the engine has followed the silence waits, and is dropped when it has."""
    world.engine.setup = team_that_waits(world)
    world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await silence(world)
    world.clock.turn(60)
    await relay.relay(world.engine)
    assert world.pagers["john"].sent == []
    await world.turn(2)
    assert world.pagers["john"].sent == []
    letters = await world.letters()
    assert {letter.state for letter in letters} == {LetterState.DROPPED}
    assert all("silenced by S1" in letter.answer for letter in letters)


async def test_a_silence_that_ended_before_it_was_followed_keeps_no_page_back(world: World) -> None:
    """Made and ended between two looks at the silences: the page that was due meanwhile leaves."""
    world.engine.setup = team_that_waits(world)
    world.alerts.fire("HighErrorRate")
    await world.turn(1)
    id = await silence(world)
    world.clock.turn(60)
    await relay.relay(world.engine)
    assert world.pagers["john"].sent == []
    await expire(world, id)
    await world.turn(1)
    assert len(world.pagers["john"].told(TRIGGER)) == 1


def team_that_waits(world: World) -> Setup:
    """The team with pages that wait for others to join them."""
    paging = replace(world.setup.paging, group_wait=timedelta(seconds=30))
    return replace(world.setup, paging=paging)


async def test_when_it_ends_by_itself_what_fires_on_is_paged(world: World) -> None:
    """The alert is marked as one that is back, and the page says why it comes now."""
    key = world.alerts.fire("HighErrorRate")
    await silence(world, minutes=10)
    await world.turn(5)
    assert world.pagers["john"].sent == []
    await world.turn(600, step=5)
    pages = world.pagers["john"].told(TRIGGER)
    assert len(pages) == 1
    alert = await world.alert(key)
    assert not alert.muted
    assert alert.unsilenced_at is not None
    assert "engine: silence S1 of sarah has ended: deploying" in await world.story(key)


async def test_what_was_paged_and_silenced_is_paged_again_when_it_is_back(world: World) -> None:
    """Under the same key, once."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    await silence(world, minutes=10)
    await world.turn(605, step=5)
    pages = world.pagers["john"].told(TRIGGER)
    assert [page.alert for page in pages] == [f"{key}/1"] * 2
    assert "has ended" in pages[1].text
    assert len({page.id for page in pages}) == 2


async def test_what_somebody_has_is_not_paged_when_its_silence_ends(world: World) -> None:
    """An acknowledgement outlives a silence."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await silence(world, minutes=10)
    await world.turn(605, step=5)
    assert len(world.pagers["john"].told(TRIGGER)) == 1


async def test_ended_by_hand_it_is_told_who_did_it(world: World) -> None:
    """Maria ends Sarah's silence."""
    await silence(world)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    maria = Actor(clean("maria"))
    assert (await expire(world, "S1", maria)).done == ("S1",)
    await world.turn(2)
    assert "maria: silence S1 of sarah was ended by maria" in await world.story(key)
    assert len(world.pagers["john"].told(TRIGGER)) == 1
    again = await expire(world, "S1")
    assert again.refused == (("S1", "it ended 2s ago by maria; make a new one"),)


async def test_an_extension_is_told_on_what_it_hides(world: World) -> None:
    """The alert stays hidden past the old end."""
    await silence(world, minutes=10)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    await world.store.write(silencing.extend, SARAH, world.clock.now(), ["S1"])
    await world.turn(900, step=5)
    assert (await world.alert(key)).muted
    assert "sarah: silence S1: extended" in await world.story(key)


async def test_a_change_decided_on_an_old_picture_is_refused(world: World) -> None:
    """Two people edit one silence: the second is told, and nothing of the first is lost."""
    id = await silence(world)
    now = world.clock.now()
    first = await world.store.write(silencing.change, SARAH, now, id, 1, comment="longer story")
    second = await world.store.write(
        silencing.change, SARAH, now, id, 1, matchers=parse_matchers("Other")
    )
    assert first.done == (id,)
    assert second.refused == ((id, "somebody has changed it since; look again"),)


async def test_undo_takes_a_silence_back(world: World) -> None:
    """`u` after `s` ends the silence, and never reaches for an older act."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    made = await silence(world)
    await world.turn(1)
    outcome = await world.store.write(response.undo, SARAH, world.clock.now())
    assert outcome.done == (made,)
    await world.turn(2)
    alert = await world.alert(key)
    assert not alert.muted
    assert alert.acknowledgement is not None


async def test_undo_brings_back_what_a_silence_was(world: World) -> None:
    """After an extension it ends when it was to end before."""
    made = await silence(world, minutes=10)
    before = await world.store.read(silences.load, made)
    await world.store.write(silencing.extend, SARAH, world.clock.now(), [made])
    assert (await world.store.write(response.undo, SARAH, world.clock.now())).done == (made,)
    after = await world.store.read(silences.load, made)
    assert before is not None
    assert after is not None
    assert after.ends_at == before.ends_at


async def test_a_silence_must_say_why_and_end(world: World) -> None:
    """Refused with the reason, and nothing is written."""
    now, hour = world.clock.now(), timedelta(hours=1)
    one = parse_matchers("HighErrorRate")
    for matchers, length, comment, said in (
        (one, hour, "  ", "a reason is needed"),
        (one, timedelta(days=31), "x", "at most 30 days"),
        (one, timedelta(0), "x", "would end before it begins"),
        ((), hour, "x", "needs a matcher"),
        (parse_matchers('pod=~".*"'), hour, "x", "it would hide everything"),
        (parse_matchers('pod!="a"'), hour, "x", "it would hide everything"),
    ):
        outcome = await world.store.write(silencing.silence, SARAH, now, matchers, length, comment)
        assert outcome.done == ()
        assert said in outcome.refused[0][1]
    assert await world.store.read(silences.load_since, now) == ()


async def test_an_engine_that_takes_over_goes_on_hiding(world: World) -> None:
    """The silence is in the store, and so is its end."""
    await silence(world, minutes=10)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    world.clock.turn(20)
    world.engine = world.start_engine("another")
    await world.turn(3)
    assert (await world.alert(key)).muted
    assert world.pagers["john"].sent == []
    await world.turn(600, step=5)
    assert len(world.pagers["john"].told(TRIGGER)) == 1
