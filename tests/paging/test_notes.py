"""What is told beside pages: the engine's notes flood nobody, and hold up no page."""

from datetime import timedelta

from opsdash import response
from opsdash.domain.page import Page, PageKind
from opsdash.domain.routing import Destination
from opsdash.domain.text import SafeText
from opsdash.engine import relay
from opsdash.store import outbox
from opsdash.store.outbox import LetterState
from tests.notifiers.pages import page
from tests.paging.world import SARAH, World

TRIGGER, NOTE = PageKind.TRIGGER, PageKind.NOTE


def notes(world: World, name: str = "john") -> list[Page]:
    return world.pagers[name].told(NOTE)


async def test_fifty_that_join_an_incident_one_a_second_are_a_dozen_notes(world: World) -> None:
    """Ten are noted one by one, the others in notes that name the first of them and count the rest."""
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    for number in range(50):
        world.alerts.fire(f"Replica{number}", severity="warning")
        await world.turn(1)
    await world.turn(40)
    told = notes(world)
    assert len(told) == 12
    assert world.paged("john") == [1]
    assert told[9].text == "Replica9 joined INC-001: Replica9 is bad"
    assert told[10].text.startswith("Replica10 joined INC-001: Replica10 is bad; Replica11 joined")
    assert told[10].text.endswith("; and 25 more")
    assert told[11].text.endswith("; and 5 more")


async def test_a_thousand_that_join_at_once_are_one_note(world: World) -> None:
    """A flood is one note now, and not a queue that pages wait behind."""
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    for number in range(200):
        world.alerts.fire(f"Replica{number}", severity="warning")
    await world.turn(3)
    (note,) = notes(world)
    assert note.text.endswith("; and 195 more")
    told = {
        letter.state
        for letter in await world.letters()
        if letter.page.kind is NOTE and letter.destination.notifier == "john"
    }
    assert told == {LetterState.SENT, LetterState.BUNDLED}


async def test_what_a_person_notes_is_not_held(world: World) -> None:
    """In the middle of a flood Sarah's own words are told as they are."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    for number in range(15):
        world.alerts.fire(f"Replica{number}", severity="warning")
        await world.turn(1)
    id, now = (await world.alert(key)).id, world.clock.now()
    await world.store.write(response.acknowledge, SARAH, now, [id])
    await world.turn(2)
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), [id])
    await world.turn(2)
    assert notes(world)[-1].text == "sarah gave it back: nobody has it"


async def test_a_page_goes_before_notes(world: World) -> None:
    """What wakes people is not queued behind what is only added, however long that waits already."""
    now = world.clock.now()
    waiting = [
        page(NOTE, id=f"note-{n}", key=f"k{n}", by=SafeText("sarah")) for n in range(100)
    ] + [page(id="the page", key="another")]
    for one in waiting:
        await world.store.write(
            outbox.add, Destination("john"), one, 1000, now, now, now + timedelta(minutes=1)
        )
    due = await world.store.read(outbox.load_due, now, relay.AT_ONE)
    assert [letter.page.id for letter in due[:2]] == ["the page", "note-0"]


async def test_a_receiver_that_hangs_leaves_room_for_the_others(world: World) -> None:
    """However much waits for John's pager, the channel and Maria's get theirs at once."""
    world.pagers["john"].hanging = True
    for number in range(relay.AT_ONCE + 4):
        world.alerts.fire("Slow", severity="critical", job=f"service-{number}", page="primary")
        if number % 5 == 4:
            await world.turn(61)
    world.alerts.fire("Replica", page="database")
    await world.turn(2)
    assert world.paged("maria") == [1]
