"""A shift changes: whoever comes and whoever goes is told once, with the digest, and nobody is woken."""

from dataclasses import replace
from datetime import timedelta

from opsdash import covering
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.page import PageKind
from opsdash.domain.shift_change import HandoffNotice
from opsdash.domain.text import clean
from opsdash.notifiers.notifier import NotifierError
from opsdash.snapshot import take_snapshot
from opsdash.store import shift_changes
from tests.paging.world import MONDAY, SARAH, World

NOTE = PageKind.NOTE
HANDOFF = timedelta(hours=19)
"""From the world's first moment to Tuesday, nine o'clock."""


async def before_the_handoff(world: World, notice: HandoffNotice = HandoffNotice.BOTH) -> None:
    """Give Tuesday to Maria, and let it become a minute to nine."""
    primary = replace(world.setup.schedules[0], weeks=({"mon": "john", "tue": "tech-lead"},))
    setup = replace(
        world.setup,
        schedules=(primary, *world.setup.schedules[1:]),
        paging=replace(world.setup.paging, handoff=notice),
    )
    world.setup = world.engine.setup = setup
    await world.turn(6, step=6)
    world.clock.suspend(HANDOFF.total_seconds() - 120)
    await world.turn(30, step=6)


def told(world: World, name: str) -> list[str]:
    """Return what was said to a pager beside pages, title by title."""
    return [str(page.title) for page in world.pagers[name].told(NOTE)]


async def test_both_are_told_once_with_the_digest_and_nobody_is_woken(world: World) -> None:
    """At nine Maria reads that she is on call and what is open, John that his shift is over."""
    await before_the_handoff(world)
    world.alerts.fire("HighErrorRate")
    await world.turn(30, step=6)
    assert (told(world, "john"), told(world, "maria")) == ([], [])
    await world.turn(120, step=6)
    assert told(world, "maria") == ["You are on call on primary now, until Mon 29 Dec 09:00 UTC"]
    assert told(world, "john") == ["Your shift on primary is over: Maria is on call now"]
    (page,) = world.pagers["maria"].told(NOTE)
    assert page.quiet
    assert page.text == "1 open incident, 1 firing alert, no silences about to end"
    assert page.lines[0].startswith("Handoff primary, Tue 23 Dec 08:59")
    assert page.lines[1].startswith("On call: John, until Tue 23 Dec 09:00")
    assert any(line.startswith("- HighErrorRate critical") for line in page.lines)
    assert "Pages: 1 for 1 alerts" in "\n".join(page.lines), page.lines
    await world.turn(120, step=6)
    assert len(told(world, "maria")) == len(told(world, "john")) == 1
    assert told(world, "channel") == []


async def test_it_is_told_once_through_a_kill_and_a_takeover(world: World) -> None:
    """Killed before it left, and again after: the next engines send what was not, and nothing twice."""
    await before_the_handoff(world)
    world.pagers["maria"].hanging = True
    await world.turn(90, step=6)
    world.pagers["maria"].hanging = False
    world.engine = world.start_engine("the next one")
    await world.turn(30, step=6)
    assert len(told(world, "maria")) == 1
    assert world.pagers["maria"].told(NOTE)[0].again, "it may have arrived before"
    world.engine = world.start_engine("the third")
    await world.turn(60, step=6)
    assert len(told(world, "maria")) == len(told(world, "john")) == 1


async def test_a_change_that_no_engine_saw_is_told_by_the_next_one(world: World) -> None:
    """Down over the handoff: whoever is on call by then is told, by comparing with what was seen last."""
    await before_the_handoff(world)
    world.clock.suspend(3 * 3600)
    world.engine = world.start_engine("after the outage")
    await world.turn(60, step=6)
    assert told(world, "maria") == ["You are on call on primary now, until Mon 29 Dec 09:00 UTC"]
    (page,) = world.pagers["maria"].told(NOTE)
    assert page.lines[1].startswith("On call: Maria")


async def test_an_override_is_a_change_of_shift_too(world: World) -> None:
    """Maria covers for an hour: she is told when it begins, John when it ends."""
    await before_the_handoff(world, HandoffNotice.INCOMING)
    now = world.clock.now()
    end = now + timedelta(minutes=1)
    wanted = Override(
        "primary",
        OverrideKind.REPLACE,
        now,
        end,
        "pm",
        "john",
        SARAH.user,
        clean("dentist"),
    )
    done = await world.store.write(covering.cover, world.engine.setup, SARAH, now, wanted)
    assert done.done
    await world.turn(12, step=6)
    assert told(world, "priya") == ["You are on call on primary now, until Tue 23 Dec 08:59 UTC"]
    assert told(world, "john") == []
    await world.turn(180, step=6)
    assert len(told(world, "priya")) == 1
    assert told(world, "maria") == ["You are on call on primary now, until Mon 29 Dec 09:00 UTC"]


async def test_nothing_is_told_at_the_first_look_or_where_nobody_wants_it(world: World) -> None:
    """A schedule that is new is no change; `handoff = "none"` is silent, and the screen says it still."""
    assert await world.store.read(shift_changes.load_since, MONDAY) == ()
    await before_the_handoff(world, HandoffNotice.NONE)
    await world.turn(120, step=6)
    assert (told(world, "john"), told(world, "maria")) == ([], [])
    picture = await world.store.read(take_snapshot, world.clock.now())
    (change,) = picture.roster.changes
    assert (change.schedule, change.before, change.after) == ("primary", ("john",), ("tech-lead",))
    await world.turn(6)
    later = await world.store.read(
        take_snapshot, world.clock.now() + timedelta(minutes=20), picture
    )
    assert later.roster.changes in ((), picture.roster.changes)


async def test_a_receiver_that_refuses_it_has_nobody_paged_in_its_place(world: World) -> None:
    """A notice is no page: it is tried again, and no level or fallback is woken for it."""
    await before_the_handoff(world)
    world.pagers["maria"].refusing = NotifierError(clean("gone"), permanent=True)
    await world.turn(180, step=6)
    assert world.paged("john", "maria", "priya", "chen") == [0, 0, 0, 0]
