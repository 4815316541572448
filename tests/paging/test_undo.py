"""One key takes back what was decided about owners, time, covers and maintenance, unless somebody acted since."""

from dataclasses import replace
from datetime import timedelta

from opsdash import covering, ownership, response, undoable
from opsdash.domain.climb import owner
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.next_step import StepKind
from opsdash.domain.outcome import Outcome
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.page import PageKind
from opsdash.domain.schedule import on_call
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor
from opsdash.store import engine, entries, maintenance, overrides
from opsdash.undoable import Undoable
from opsdash.undoing import undo
from tests.paging.world import SARAH, World

JOHN = Actor(SafeText("john"))
MINUTE = 60.0


async def fired(world: World, name: str = "HighErrorRate", **labels: str) -> tuple[str, str]:
    """Fire an alert and let its page leave; return its fingerprint and id."""
    await world.store.write(engine.save_setup, world.engine.setup, world.clock.now())
    key = world.alerts.fire(name, **labels)
    await world.turn(2)
    return key, (await world.alert(key)).id


async def undone(world: World, who: Actor = SARAH) -> Outcome:
    """Undo as a person does a second later."""
    await world.turn(1)
    return await world.store.write(undo, who, world.clock.now())


async def asked(world: World, who: Actor = SARAH) -> Undoable:
    """Return what a person is told that undo would take back."""
    found = await world.store.read(undoable.look, who, world.clock.now())
    assert found is not None
    return found


async def whose(world: World, key: str) -> str:
    """Return whose an alert is."""
    return owner(await world.alert(key), await world.climb(key))


async def test_taking_over_goes_back_to_whom_it_was(world: World) -> None:
    """Sarah took John's alert by mistake: it is his again, his pager says so, and what is next too."""
    key, id = await fired(world)
    await world.store.write(response.acknowledge, JOHN, world.clock.now(), [id], "on it")
    await world.turn(1)
    before = await world.next(key)
    await world.store.write(ownership.take, SARAH, world.clock.now(), [id])
    said = await asked(world)
    assert said.acts == ("HighErrorRate: acknowledge, took it over from john",)
    assert said.effects == ("it is john's again; whoever was paged is told",)
    assert (await undone(world)).said == "undone: acknowledge"
    assert await whose(world, key) == "john"
    taken = (await world.alert(key)).acknowledgement
    assert taken is not None
    assert taken.comment == "on it"
    await world.turn(2)
    assert "sarah: undid: acknowledge" in await world.story(key)
    assert [p.by for p in world.pagers["john"].told(PageKind.ACKNOWLEDGE)][-1] == "john"
    assert (await world.next(key)).kind is before.kind


async def test_a_reassignment_is_taken_back_and_both_are_told(world: World) -> None:
    """Given to Priya in error: it is nobody's again, it climbs on as it did, and Priya reads why."""
    key, id = await fired(world)
    await world.turn(MINUTE, step=10)
    due = (await world.next(key)).at
    await world.store.write(ownership.reassign, SARAH, world.clock.now(), [id], "pm", "hers")
    await world.turn(2)
    assert (await asked(world)).effects == (
        "nobody has it again: it climbs on; whoever was paged is told",
    )
    assert (await undone(world)).done == (id,)
    assert await whose(world, key) == ""
    assert (await world.next(key)).at == due
    await world.turn(2)
    assert [p.text for p in world.pagers["priya"].told(PageKind.NOTE)] == [
        "took it back: to Priya: hers"
    ]
    assert "sarah: undid: reassign" in await world.story(key)


async def test_a_snooze_is_taken_back(world: World) -> None:
    """Of what nobody had it is nobody's again; of what John had it is John's, awake."""
    key, id = await fired(world)
    other, john_has = await fired(world, "DiskFull")
    await world.store.write(response.acknowledge, JOHN, world.clock.now(), [john_has])
    await world.turn(1)
    until = world.clock.now() + timedelta(hours=2)
    await world.store.write(
        ownership.snooze, SARAH, world.clock.now(), [id, john_has], until, "it may wait"
    )
    await world.turn(1)
    assert (await world.next(key)).kind is StepKind.SNOOZE_ENDS
    assert (await undone(world)).done == (id, john_has)
    await world.turn(1)
    assert await whose(world, key) == ""
    assert (await world.next(key)).kind is StepKind.ESCALATES
    assert await whose(world, other) == "john"
    assert (await world.next(other)).kind is StepKind.ACKNOWLEDGEMENT_ENDS
    assert "sarah: undid: snooze" in await world.story(other)


async def test_ending_a_snooze_and_extending_are_taken_back(world: World) -> None:
    """The snooze is there again, until when it was; an extension counts for nothing."""
    key, id = await fired(world)
    until = world.clock.now() + timedelta(hours=2)
    await world.store.write(ownership.snooze, JOHN, world.clock.now(), [id], until, "known")
    await world.turn(1)
    await world.store.write(ownership.unsnooze, SARAH, world.clock.now(), [id])
    assert (await undone(world)).done == (id,)
    assert (await world.next(key)).at == until
    await world.store.write(ownership.unsnooze, JOHN, world.clock.now(), [id])
    await world.turn(30 * MINUTE, step=10)
    ends = (await world.next(key)).at
    await world.store.write(ownership.extend, SARAH, world.clock.now(), [id])
    await world.turn(1)
    assert (await world.next(key)).at != ends
    assert (await undone(world)).done == (id,)
    await world.turn(2)
    assert (await world.next(key)).at == ends


async def test_what_somebody_did_since_stays(world: World) -> None:
    """John took it over since, or the clock ended the snooze: refused, told in advance and in words."""
    key, id = await fired(world)
    until = world.clock.now() + timedelta(minutes=2)
    await world.store.write(ownership.snooze, SARAH, world.clock.now(), [id], until, "a bit")
    await world.turn(1)
    await world.store.write(ownership.take, JOHN, world.clock.now(), [id])
    assert (await asked(world)).effects == ("HighErrorRate stays: somebody has acted on it since",)
    assert (await undone(world)).refused == ((id, "somebody has acted on it since"),)
    assert await whose(world, key) == "john"
    other, second = await fired(world, "DiskFull")
    until = world.clock.now() + timedelta(minutes=2)
    await world.store.write(ownership.snooze, SARAH, world.clock.now(), [second], until, "a bit")
    await world.turn(3 * MINUTE, step=10)
    assert (await undone(world)).refused == ((second, "the clock has ended it since"),)
    assert await whose(world, other) == ""


async def test_another_act_than_the_one_that_was_asked_about_is_not_undone(world: World) -> None:
    """Acted elsewhere while the question stood open: nothing is undone."""
    _, id = await fired(world)
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    saw = (await asked(world)).operation
    await world.turn(1)
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), [id])
    refused = await world.store.write(undo, SARAH, world.clock.now(), saw)
    assert refused.refused == (("undo", "your last act is another one by now; press again"),)


def cover(world: World, hours: float = 4) -> Override:
    """Return an override that puts Maria in John's place from now on."""
    now = world.clock.now()
    end = now + timedelta(hours=hours)
    why = clean("dentist")
    return Override("primary", OverrideKind.REPLACE, now, end, "tech-lead", "john", SARAH.user, why)


async def who(world: World) -> list[str]:
    """Return who is on call on the primary schedule."""
    now = world.clock.now()
    setup = await world.store.read(overrides.overridden, world.engine.setup, now)
    return [shift.person for shift in on_call(setup.schedules[0], now)]


async def test_an_override_is_taken_back_and_what_was_taken_back_counts_again(
    world: World,
) -> None:
    """Made and undone, removed and undone; what somebody removed since stays, and all of it is told."""
    setup = world.engine.setup
    made = await world.store.write(covering.cover, setup, SARAH, world.clock.now(), cover(world))
    id = int(made.done[0])
    assert await who(world) == ["tech-lead"]
    said = await asked(world)
    assert said.acts[0].startswith(f"override {id}: override, Maria is on call in place of John")
    assert said.effects == ("it counts no more",)
    assert (await undone(world)).done == (f"override/{id}",)
    assert await who(world) == ["john"]
    again = await world.store.write(covering.cover, setup, SARAH, world.clock.now(), cover(world))
    id = int(again.done[0])
    await world.turn(1)
    await world.store.write(covering.uncover, SARAH, world.clock.now(), id)
    assert await who(world) == ["john"]
    assert (await undone(world)).done == (f"override/{id}",)
    assert await who(world) == ["tech-lead"]
    await world.store.write(covering.uncover, JOHN, world.clock.now(), id)
    assert (await undone(world)).refused == ((f"override/{id}", "somebody has acted on it since"),)
    told = await world.store.read(entries.load_of_alert, f"override/{id}")
    assert [entry.text.partition(":")[0] for entry in told] == [
        "Maria is on call in place of John, for 4h00m",
        f"took override {id} back",
        "undid",
        f"took override {id} back",
    ]


async def test_a_maintenance_window_is_taken_back_and_pages_what_it_held(world: World) -> None:
    """Begun for the wrong service: undone, what it held is paged. Ended too early: it goes on."""
    now = world.clock.now()
    later = now + timedelta(hours=2)
    window = Maintenance(0, now, later, SARAH.user, clean("deploy"), clean("payments-api"))
    await world.store.write(covering.maintain, SARAH, now, window)
    key, _ = await fired(world)
    await world.turn(5)
    assert world.paged("john") == [0]
    assert (await asked(world)).effects == ("it ends: what it held and still fires is paged",)
    assert (await undone(world)).done == ("maintenance/1",)
    await world.turn(5)
    assert world.paged("john") == [1]
    assert (await world.next(key)).kind is StepKind.ESCALATES
    await world.store.write(
        covering.maintain, SARAH, world.clock.now(), replace(window, start=world.clock.now())
    )
    await world.turn(1)
    await world.store.write(covering.end_maintenance, SARAH, world.clock.now(), 2)
    assert (await undone(world)).done == ("maintenance/2",)
    world.alerts.fire("DiskFull")
    await world.turn(10)
    assert world.paged("john") == [1]
    found = await world.store.read(maintenance.load, 2)
    assert found is not None
    assert found.until == later


async def test_a_policy_that_was_applied_is_taken_back(world: World) -> None:
    """The alert follows the version that it was paged by again."""
    key, id = await fired(world)
    policy = world.engine.setup.policy
    edited = replace(policy, levels=policy.levels[:2])
    world.engine.setup = replace(world.engine.setup, policies=(edited,))
    await world.store.write(engine.save_setup, world.engine.setup, world.clock.now())
    await world.store.write(ownership.reapply, SARAH, world.clock.now(), [id])
    assert len((await world.climb(key)).policy.levels) == 2
    assert (await asked(world)).effects == ("it follows policy default v1 again",)
    assert (await undone(world)).done == (id,)
    climb = await world.climb(key)
    assert (climb.version, len(climb.policy.levels)) == (1, 4)
