"""What was paged, read back from the outbox of a climb."""

from datetime import timedelta

from opsdash.domain.burden import by_person
from opsdash.store import paged
from tests.paging.world import World


async def test_each_page_of_a_climb_is_that_of_whoever_got_it(world: World) -> None:
    """John at once and Maria five minutes later: one page for each of them, two of the alert."""
    world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(5 * 60 + 1, step=30)
    assert world.paged("john", "maria") == [1, 1]
    now = world.clock.now()
    day = timedelta(days=1)
    (one,) = await world.store.read(paged.load_between, now - day, now + day)
    assert one.pages == 2
    assert {name: person.pages for name, person in by_person([one], "UTC").items()} == {
        "John": 1,
        "Maria": 1,
    }
