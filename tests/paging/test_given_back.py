"""An alert that was taken while its pages waited, and is given back: whoever was not paged is paged."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from opsdash import response
from opsdash.domain.notify_rule import NotifyRule
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.engine.audit import find_unpaged
from opsdash.notifiers.courier import UnsureError
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import alerts, engine
from tests.paging.world import SARAH, World, of_one_level

TRIGGER, NOTE = PageKind.TRIGGER, PageKind.NOTE
DOWN = NotifierError(SafeText("503"))


async def take(world: World, keys: Sequence[str]) -> None:
    ids = [(await world.alert(key)).id for key in keys]
    outcome = await world.store.write(response.acknowledge, SARAH, world.clock.now(), ids)
    assert len(outcome.done) == len(keys), outcome
    await world.turn(2)


async def give_back(world: World, keys: Sequence[str]) -> None:
    ids = [(await world.alert(key)).id for key in keys]
    outcome = await world.store.write(response.unacknowledge, SARAH, world.clock.now(), ids)
    assert len(outcome.done) == len(keys), outcome


async def taken_while_down(world: World, down: NotifierError = DOWN) -> str:
    """John's pager is down when an alert fires, and Sarah takes it; return its fingerprint."""
    world.pagers["john"].refusing = down
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await take(world, [key])
    return key


async def test_whom_the_page_did_not_reach_is_paged_when_it_is_given_back(world: World) -> None:
    """John's pager is back: he is paged for what nobody has, and the channel, which knows it, is not."""
    key = await taken_while_down(world)
    await give_back(world, [key])
    world.pagers["john"].refusing = None
    await world.turn(70)
    (page,) = world.pagers["john"].told(TRIGGER)
    assert (page.alert, page.level, page.level_name) == (f"{key}/1", 1, "On-call engineer")
    assert (page.by, page.text) == ("sarah", "sarah gave it back: nobody has it")
    assert world.paged("channel", "maria") == [1, 0]
    assert [note.text for note in world.pagers["channel"].told(NOTE)] == [page.text]
    assert await world.store.read(find_unpaged, world.clock.now()) == []


async def test_undoing_the_acknowledgement_pages_too(world: World) -> None:
    """Taken by mistake and undone at once: John is paged as if nothing had been pressed."""
    await taken_while_down(world)
    await world.store.write(response.undo, SARAH, world.clock.now())
    world.pagers["john"].refusing = None
    await world.turn(70)
    assert world.paged("john", "channel", "maria") == [1, 1, 0]


async def test_a_page_that_may_have_arrived_comes_once_more(world: World) -> None:
    """No answer came before Sarah took it: twice is better than never."""
    key = await taken_while_down(world, UnsureError(SafeText("no answer within 10 s")))
    await give_back(world, [key])
    world.pagers["john"].refusing = None
    await world.turn(70)
    assert world.paged("john", "channel") == [1, 1]


async def test_who_was_paged_is_not_paged_again(world: World) -> None:
    """John had the page before Sarah took it: he reads that nobody has it, and is not woken anew."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    await take(world, [key])
    await give_back(world, [key])
    await world.turn(70)
    assert world.paged("john", "channel") == [1, 1]
    assert len(world.pagers["john"].told(NOTE)) == 1


async def test_what_is_silenced_when_it_is_given_back_waits_for_the_end_of_that(
    world: World,
) -> None:
    """Nobody is paged for what a silence hides."""
    key = await taken_while_down(world)
    shown = world.alerts.shown[key]
    world.alerts.silence(key)
    await world.turn(2)
    await give_back(world, [key])
    world.pagers["john"].refusing = None
    await world.turn(70)
    assert world.paged("john") == [0]
    world.alerts.shown[key] = shown
    await world.turn(2)
    assert world.paged("john") == [1]


async def test_what_a_rule_tells_later_is_told_later_after_it_was_given_back(world: World) -> None:
    """John's phone rings five minutes after his pager, counted from when nobody had it any more."""
    later = NotifyRule(("channel:john",), after=timedelta(minutes=5))
    rules = (NotifyRule(("john",)), later)
    people = tuple(replace(p, rules=rules) if p.id == "john" else p for p in world.setup.people)
    setup = of_one_level(replace(world.setup, people=people))
    world.setup = world.engine.setup = setup
    await world.store.write(engine.save_setup, setup, world.clock.now())
    key = world.alerts.fire("HighErrorRate")
    await world.turn(60, step=10)
    await take(world, [key])
    await give_back(world, [key])
    await world.turn(280, step=10)
    at = [address for page, address, _ in world.pagers["channel"].sent if page.kind is TRIGGER]
    assert at == ["#incidents"]
    await world.turn(40, step=10)
    at = [address for page, address, _ in world.pagers["channel"].sent if page.kind is TRIGGER]
    assert at == ["#incidents", "john"]
    assert world.paged("john") == [1]


async def test_the_audit_names_what_was_dropped_and_never_came(world: World) -> None:
    """A store in which nobody was paged anew: the alert is named with why its pages were dropped."""
    world.pagers["channel"].refusing = DOWN
    key = await taken_while_down(world)
    alert = (await world.alert(key)).id
    assert await world.store.read(find_unpaged, world.clock.now()) == []
    await world.store.write(alerts.set_acknowledgement, alert, None, 1)
    world.clock.turn(70)
    (found,) = await world.store.read(find_unpaged, world.clock.now())
    assert found.text.endswith(
        "its page was dropped, and none came since: sarah acknowledged it first"
    )


async def test_a_storm_that_was_taken_whole_while_it_waited_is_paged_when_given_back(
    world: World,
) -> None:
    """Its one page was dropped with the last that was taken: the twenty given back are one page."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    world.pagers["john"].refusing = DOWN
    keys = [world.alerts.fire("InstanceDown", job=f"service-{n:02}") for n in range(30)]
    await world.turn(3)
    await take(world, keys)
    await give_back(world, keys[:20])
    world.pagers["john"].refusing = None
    await world.turn(70)
    (page,) = world.pagers["john"].told(TRIGGER)
    assert page.count == 20
    assert len(world.pagers["channel"].told(TRIGGER)) == 1
    assert await world.store.read(find_unpaged, world.clock.now()) == []


async def test_one_of_a_storm_that_is_given_back_before_its_page_leaves_is_in_it(
    world: World,
) -> None:
    """The page still waits, and tells of all thirty once the pager is back: none has one of its own."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    world.pagers["john"].refusing = DOWN
    keys = [world.alerts.fire("InstanceDown", job=f"service-{n:02}") for n in range(30)]
    await world.turn(3)
    ids = [(await world.alert(key)).id for key in keys[:5]]
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), ids)
    await give_back(world, keys[:5])
    world.pagers["john"].refusing = None
    await world.turn(70)
    assert [page.count for page in world.pagers["john"].told(TRIGGER)] == [30]


async def test_one_of_a_storm_that_was_left_out_of_its_page_is_told_under_its_key(
    world: World,
) -> None:
    """The page left without the five that Sarah had for a while: they are news of the same storm."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    world.pagers["john"].refusing = DOWN
    keys = [world.alerts.fire("InstanceDown", job=f"service-{n:02}") for n in range(30)]
    await world.turn(3)
    await take(world, keys[:5])
    world.pagers["john"].refusing = None
    await world.turn(70)
    await give_back(world, keys[:5])
    await world.turn(70)
    first, *others = world.pagers["john"].told(TRIGGER)
    assert first.count == 25
    assert {page.alert for page in others} == {(await world.alert(key)).id for key in keys[:5]}
