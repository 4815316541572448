"""People look into failures: two at once, what comes meanwhile, what is taken back."""

from pathlib import Path
from threading import Barrier, Thread

import pytest

from opsdash import inquiry, undoable, undoing
from opsdash.domain.failures import BatchState, FailureBatch
from opsdash.domain.outcome import Outcome
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import entries, failures
from opsdash.store.opening import connect
from tests.engine.world import START
from tests.failures.conftest import JOHN, SARAH, Counter


async def undo(world: Counter, who: Actor) -> Outcome:
    """Undo as `who`."""
    return await world.store.write(undoing.undo, who, world.clock.now())


async def found(world: Counter, text: str) -> FailureBatch | str:
    """Return the batch that a text means, or why it means none."""
    try:
        return await world.store.read(inquiry.find, text)
    except LookupError as error:
        return str(error)


async def test_from_new_to_investigated_each_step_with_who_when_and_what(world: Counter) -> None:
    """Each is on the timeline of the batch."""
    await world.count(2)
    world.clock.turn(10)
    assert await world.take(SARAH, await world.open()) == Outcome(("F1",))
    batch = await world.open()
    assert (batch.state, batch.by, batch.at) == ("investigating", "sarah", world.clock.now())
    world.clock.turn(60)
    assert await world.conclude(SARAH, batch, "  the bank was down ") == Outcome(("F1",))
    batch = await world.open()
    assert (batch.state, batch.by, batch.at, batch.note) == (
        *("investigated", "sarah", world.clock.now()),
        "the bank was down",
    )
    told = await world.store.read(entries.load_of_alert, "F1")
    assert [(e.by, e.kind, e.text) for e in told] == [
        ("engine", EntryKind.FAILURES, "2 failures"),
        ("sarah", EntryKind.INVESTIGATE, "looks into 2 failures"),
        ("sarah", EntryKind.INVESTIGATED, "the bank was down"),
    ]


async def test_of_two_at_once_one_has_it_and_the_other_is_told_who_and_when(
    world: Counter,
) -> None:
    """Both saw it new; the second one's key changes nothing."""
    await world.count(2)
    seen = await world.open()
    assert (await world.take(SARAH, seen)).done == ("F1",)
    world.clock.turn(12)
    late = await world.take(JOHN, seen)
    assert late == Outcome(refused=(("F1", "sarah began to look into it 12s ago"),))
    assert (await world.conclude(JOHN, seen)).refused[0][1].startswith("sarah began to look")
    again = await world.take(SARAH, await world.open())
    assert again.refused == (("F1", "you began to look into it 12s ago"),)
    assert (await world.open()).by == "sarah"


def test_of_two_at_the_same_moment_exactly_one_wins(tmp_path: Path) -> None:
    """Each in a connection of its own, again and again."""
    path = tmp_path / "ops.db"
    store = connect(path)
    for round_ in range(10):
        seen = store.write(failures.open_batch, f"failed{round_}", 2, START)
        gate = Barrier(2)
        outcomes: list[Outcome] = []

        def act(who: Actor, seen: FailureBatch, gate: Barrier, into: list[Outcome]) -> None:
            own = connect(path)
            gate.wait()
            into.append(own.write(inquiry.take, who, START, seen))
            own.close()

        threads = [Thread(target=act, args=(w, seen, gate, outcomes)) for w in (SARAH, JOHN)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(len(o.done) for o in outcomes) == [0, 1]
        winner = store.read(failures.load, seen.number)
        assert winner is not None
        (refusal,) = (o.refused[0][1] for o in outcomes if o.refused)
        assert refusal == f"{winner.by} began to look into it 0s ago"
    store.close()


async def test_it_can_be_taken_over_and_given_back(world: Counter) -> None:
    """Taking over is said as that; given back it is new."""
    await world.count(2)
    await world.take(SARAH, await world.open())
    refused = await world.take(JOHN, await world.open())
    assert refused.refused == (("F1", "sarah began to look into it 0s ago"),)
    assert (await world.take(JOHN, await world.open(), over=True)).done == ("F1",)
    assert (await world.open()).by == "john"
    assert (await world.give_back(SARAH, await world.open())).done == ("F1",)
    batch = await world.open()
    assert (batch.state, batch.by, batch.at) == ("new", "", None)
    assert (await world.timeline("F1"))[-2:] == [
        "john: took it over from sarah",
        "sarah: gave back john's investigation",
    ]
    nobody = await world.give_back(JOHN, batch)
    assert nobody.refused == (("F1", "nobody looks into it any more"),)


async def test_failures_that_came_while_the_note_was_written_are_new(world: Counter) -> None:
    """What was investigated is what the person saw; the rest is a batch of its own."""
    await world.count(2)
    await world.take(SARAH, await world.open())
    seen = await world.open()
    await world.count(5)
    outcome = await world.conclude(SARAH, seen)
    assert outcome.said == "investigated 2 failures; 3 came meanwhile and are new"
    assert await world.batches() == [("F1", "investigated", 2, True), ("F2", "new", 3, False)]
    assert await world.timeline("F2") == [
        "sarah: 3 failures that came while F1 was being investigated"
    ]


async def test_without_a_note_it_is_not_investigated(world: Counter) -> None:
    """What it was is what the next person needs."""
    await world.count(2)
    outcome = await world.conclude(SARAH, await world.open(), "   ")
    assert outcome.refused == (("F1", "a note is needed: what was it?"),)
    assert (await world.open()).state == "new"


async def test_what_was_investigated_stays_so(world: Counter) -> None:
    """Nobody looks into it again or concludes it again, and is told what it was."""
    await world.count(2)
    await world.conclude(SARAH, await world.open(), "bank down")
    world.clock.turn(60)
    seen = await world.open()
    said = "sarah investigated it 1m00s ago: bank down"
    for outcome in (
        await world.take(JOHN, seen, over=True),
        await world.conclude(JOHN, seen, "no"),
        await world.give_back(JOHN, seen),
    ):
        assert outcome.refused == (("F1", said),)


async def test_a_batch_that_ended_can_still_be_investigated(world: Counter) -> None:
    """The window is gone, the note is not too late; what nobody had seen is said first."""
    await world.count(2)
    early = await world.open()
    await world.count(3, *[0] * 30)
    assert await world.batch() is None
    late = await world.conclude(SARAH, early)
    assert late.refused == (("F1", "1 more came before it ended; look again"),)
    seen = await world.store.read(failures.load, 1)
    assert seen is not None
    assert (await world.conclude(SARAH, seen)).done == ("F1",)
    assert await world.batches() == [("F1", "investigated", 3, True)]


async def test_undo_takes_back_ones_own_last_step_alone(world: Counter) -> None:
    """The state of before, whatever joined meanwhile; not once another has acted, or it has ended."""
    await world.count(2)
    await world.take(SARAH, await world.open())
    await world.count(4)
    assert (await undo(world, JOHN)).said == "there is nothing of yours to undo"
    undone = await undo(world, SARAH)
    assert (undone.done, undone.said) == (("F1",), "undone: investigate")
    batch = await world.open()
    assert (batch.state, batch.by, batch.count) == ("new", "", 4)
    await world.take(SARAH, batch)
    await world.take(JOHN, await world.open(), over=True)
    assert (await undo(world, SARAH)).refused == (("F1", "somebody has acted on it since"),)
    await world.conclude(JOHN, await world.open(), "x")
    assert (await undo(world, JOHN)).said == "undone: investigated"
    batch = await world.open()
    assert (batch.state, batch.by, batch.note) == ("investigating", "john", "")
    await world.conclude(JOHN, batch, "y")
    await world.count(5)
    assert (await undo(world, JOHN)).refused[0][1].startswith("it has ended")
    assert await world.batches() == [("F1", "investigated", 4, True), ("F2", "new", 1, False)]


async def test_before_it_is_undone_it_is_said_what_that_does(world: Counter) -> None:
    """The batch by its id, and the state that it is in again."""
    await world.count(2)
    await world.take(SARAH, await world.open())
    found = await world.store.read(undoable.look, SARAH, world.clock.now())
    assert found is not None
    assert found.acts == ("failures F1: investigate, looks into 2 failures",)
    assert found.effects == ("it is new again",)


async def test_a_hostile_note_is_text(world: Counter) -> None:
    """No control character of it reaches the store or anybody's terminal."""
    await world.count(2)
    await world.conclude(SARAH, await world.open(), "a\x1b[2J[red]b[/]\n\u202ec")
    safe = "a\ufffd[2J[red]b[/] \ufffdc"
    assert (await world.open()).note == safe
    raw = await world.store.read(lambda c: c.execute("SELECT note FROM failure_batch").fetchone())
    assert raw == (safe,)


async def test_what_a_person_types_means_one_batch(world: Counter) -> None:
    """Its id, its number, its indicator; nothing for the only one that waits."""
    assert await found(world, "") == "no failures wait to be investigated"
    await world.count(2)
    batch = await world.open()
    for text in ("", "F1", "f1", " 1 ", "failed"):
        assert await found(world, text) == batch, text
    for text in ("F2", "x", "-1", "٣", "9" * 30, "F"):
        assert "no batch has the id" in str(await found(world, text)), text
    other = await world.store.write(failures.open_batch, "refunds", 1, world.clock.now())
    assert await found(world, "") == "several batches wait: F1 (failed), F2 (refunds); type which"
    assert await found(world, "refunds") == other
    await world.conclude(SARAH, other)
    assert await found(world, "") == batch


@pytest.mark.parametrize("act", ["take", "conclude", "give_back"])
async def test_a_batch_that_is_not_there_is_refused(world: Counter, act: str) -> None:
    """Another store's, or none."""
    now = world.clock.now()
    ghost = FailureBatch(7, "failed", BatchState.NEW, 1, now, now)
    outcome = await getattr(world, act)(SARAH, ghost)
    assert outcome.refused == (("F7", "there is no such batch"),)
