"""An alert that flaps, and a pager that is away for half an hour."""

from opsdash.domain.incident import ResponseStatus
from opsdash.domain.letter import LetterState
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import incidents
from tests.paging.world import MONDAY, World

TRIGGER = PageKind.TRIGGER
MINUTE = 60


async def test_twenty_flaps_in_ten_minutes_are_one_incident_and_few_pages(world: World) -> None:
    """The incident is reopened each time, its alert is called flapping, and few are woken (F18)."""
    for _ in range(20):
        key = world.alerts.fire("Flappy")
        await world.turn(15, step=5)
        world.alerts.resolve(key)
        await world.turn(15, step=5)
    (incident,) = await world.store.read(incidents.load_shown, MONDAY)
    assert (incident.id, incident.response) == ("INC-001", ResponseStatus.RESOLVED)
    assert len(incident.alerts) == 20
    assert world.paged("john") == [world.setup.paging.flaps - 1]
    story = await world.story(key)
    assert "INC-001 reopened: Flappy fires again" in story
    assert "flapping: fired 20 times lately" in story


async def test_a_quarter_of_an_hour_later_it_is_another_incident(world: World) -> None:
    """What comes back after the time in which it flaps is news."""
    key = world.alerts.fire("Flappy")
    await world.turn(5)
    world.alerts.resolve(key)
    await world.turn(16 * MINUTE, step=30)
    world.alerts.fire("Flappy")
    await world.turn(5)
    assert (await world.alert(key)).incident == "INC-002"


async def test_a_pager_that_is_away_for_half_an_hour_gets_what_is_still_so_oldest_first(
    world: World,
) -> None:
    """Who is next is paged after a minute; what resolved meanwhile is dropped and says why (F29)."""
    john = world.pagers["john"]
    john.refusing = NotifierError(SafeText("503 service unavailable"))
    first = world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=10)
    assert world.paged("john", "maria") == [0, 1]
    gone = world.alerts.fire("PosDown", job="pos")
    await world.turn(10 * MINUTE, step=10)
    world.alerts.resolve(gone)
    last = world.alerts.fire("DiskFull", job="disk")
    await world.turn(18 * MINUTE, step=10)
    assert world.paged("john") == [0]
    john.refusing = None
    await world.turn(6 * MINUTE, step=10)
    told = [page.key.partition("/")[0] for page in john.told(TRIGGER)]
    assert told == [first, last]
    dropped = [
        letter
        for letter in await world.letters()
        if letter.state is LetterState.DROPPED and letter.page.key.startswith(gone)
    ]
    assert dropped and all(letter.answer for letter in dropped)
