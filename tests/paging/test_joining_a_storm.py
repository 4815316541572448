"""A warning that joins an incident whose alert was told in a storm: it is told where the storm was."""

from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.notifier import NotifierError
from tests.paging.world import World, of_one_level

TRIGGER, NOTE = PageKind.TRIGGER, PageKind.NOTE


async def a_storm(world: World) -> list[str]:
    """Let thirty critical alerts of as many services be one page; return their fingerprints."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    keys = [world.alerts.fire("InstanceDown", job=f"service-{n:02}") for n in range(30)]
    await world.turn(3)
    return keys


async def test_whoever_got_the_storm_reads_what_joined_one_of_its_alerts(world: World) -> None:
    """John reads it under the storm's key, is not woken for it, and its timeline says the truth."""
    await a_storm(world)
    (page,) = world.pagers["john"].told(TRIGGER)
    joined = world.alerts.fire("DiskFull", severity="warning", job="service-07")
    await world.turn(3)
    (note,) = world.pagers["john"].told(NOTE)
    incident = (await world.alert(joined)).incident
    assert note.text == f"DiskFull joined {incident}: DiskFull is bad"
    assert note.key == page.key
    assert world.paged("john") == [1]
    assert "told with InstanceDown" in await world.story(joined)


async def test_whom_the_storm_did_not_reach_is_not_told_what_joined(world: World) -> None:
    """John's pager refused the storm: he is not told of what joins it, and the channel is."""
    world.pagers["john"].refusing = NotifierError(SafeText("400"), permanent=True)
    await a_storm(world)
    world.alerts.fire("DiskFull", severity="warning", job="service-07")
    await world.turn(3)
    noted = {one.destination.notifier for one in await world.letters() if one.page.kind is NOTE}
    assert noted == {"channel"}
    (note,) = world.pagers["channel"].told(NOTE)
    assert note.text.startswith("DiskFull joined")
