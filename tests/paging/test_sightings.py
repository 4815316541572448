"""An alert that is shown again while it is open is counted and dated, and told to nobody."""

from datetime import timedelta

from opsdash.domain.sighting import Sighting
from opsdash.store import alerts, engine, sightings
from tests.paging.world import World


async def seen(world: World, key: str, occurrence: int | None = None) -> tuple[int, float | None]:
    """Return how often the newest occurrence was seen, and how many seconds ago it was last."""
    id = f"{key}/{occurrence}" if occurrence else (await world.alert(key)).id
    found = await world.store.read(sightings.load, id)
    sources = await world.store.read(engine.load_sources)
    assert found is not None
    last = found.last(sources)
    ago = None if last is None else (world.clock.now() - last).total_seconds()
    return found.count(sources), ago


async def test_each_read_that_shows_it_again_is_counted_and_told_to_nobody(world: World) -> None:
    """Read each second for a minute: 61 times, one page, and not one entry more than at first."""
    key = world.alerts.fire("HighErrorRate", severity="warning")
    await world.turn(1)
    assert await seen(world, key) == (1, 0.0)
    story = await world.story(key)
    await world.turn(60)
    assert await seen(world, key) == (61, 0.0)
    assert await world.story(key) == story
    assert world.paged("john") == [1]


async def test_what_a_source_that_does_not_answer_showed_last_keeps_its_moment(
    world: World,
) -> None:
    """While it hangs nothing is seen: the count stands still, and the last time is no moment younger."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(5)
    world.alerts.hanging = True
    await world.turn(40, step=10)
    count, ago = await seen(world, key)
    assert (count, ago) == (5, 40.0)
    assert (await world.alert(key)).open


async def test_a_resolved_alert_was_last_seen_at_the_read_before_it_was_gone(world: World) -> None:
    """Shown by ten reads, missing from the eleventh: ten, a second before it resolved."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(10)
    world.alerts.resolve(key)
    await world.turn(1)
    alert = await world.alert(key)
    assert alert.resolved_at == world.clock.now()
    await world.turn(30)
    assert await seen(world, key) == (10, 31.0)


async def test_the_next_occurrence_is_counted_anew(world: World) -> None:
    """What was seen of the one before stays its own, although the gap fell between two reads."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(10)
    world.clock.turn(20)
    shown = world.alerts.shown[key]
    world.alerts.fire("HighErrorRate")
    assert world.alerts.shown[key] != shown
    await world.turn(5)
    assert (await world.alert(key)).occurrence == 2
    assert (await seen(world, key))[0] == 5
    assert await seen(world, key, 1) == (10, 25.0)


async def test_a_takeover_goes_on_counting(world: World) -> None:
    """The next engine begins where the last one's reads ended."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(10)
    world.clock.turn(60)
    world.engine = world.start_engine("the next one")
    await world.turn(10)
    assert await seen(world, key) == (20, 0.0)


async def test_what_is_pruned_takes_its_sightings_along(world: World) -> None:
    """Nothing is left of occurrences that are kept no more."""
    key = world.alerts.fire("HighErrorRate", severity="info")
    await world.turn(2)
    world.alerts.resolve(key)
    await world.turn(2)
    world.alerts.fire("HighErrorRate", severity="info")
    await world.turn(2)
    later = world.clock.now() + timedelta(days=91)
    await world.store.write(alerts.prune, later, timedelta(days=90))
    await world.store.write(sightings.prune)
    assert await world.store.read(sightings.load, f"{key}/1") is None
    assert (await seen(world, key))[0] == 2


def test_nothing_is_known_of_what_nobody_shows() -> None:
    """Without a source there is neither a count nor a moment."""
    assert (Sighting().count(()), Sighting().last(())) == (0, None)
