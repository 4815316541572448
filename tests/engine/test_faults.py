"""What must not stop the engine: bad sources, a bad store, a jumping clock."""

import asyncio
import logging
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.domain.alert import AlertState
from opsdash.domain.source import SourceState
from opsdash.domain.text import SafeText
from opsdash.engine import cycle
from opsdash.engine.poll import Poll, Result
from opsdash.http.errors import RemoteError
from opsdash.store import lease, schema
from opsdash.store.errors import StoreLocked, StoreReplaced
from opsdash.store.session import Store
from tests.engine.world import START, ToldAlerts, World, alert, down
from tests.kit.waiting import eventually
from tests.store.actors import another_process, run_in_another

_HOLD = "c = connect(path); c.raw.execute('BEGIN IMMEDIATE'); ready()"


async def test_a_source_with_a_bug_is_a_source_that_fails(world: World) -> None:
    """It is named with the place of the bug and without its words, which may hold a password."""
    world.am.fails = KeyError("http://user:hunter2@host")
    world.am.show(alert())
    await world.pass_time(20)
    picture = await world.picture()
    assert picture.panes[0].readings[0].value == 0.001
    (problem,) = picture.problems
    assert problem.text.startswith("am: a bug in reading it: KeyError in world.py:")
    assert "hunter2" not in problem.text


async def test_a_source_that_hangs_holds_nobody(world: World) -> None:
    """The others are read on time, the lease is kept, and it is named once it took too long."""
    await world.refresh()
    world.am.hangs = True
    await world.pass_time(90)
    picture = await world.picture()
    assert [(s.id, s.state) for s in picture.sources] == [
        ("am", SourceState.FAILING), ("metrics", SourceState.OK)
    ]  # fmt: skip
    assert [p.text for p in picture.problems] == ["am: no answer within 60 s"]
    reading = picture.panes[0].readings[0]
    assert reading.read_at is not None and world.clock.now() - reading.read_at <= timedelta(
        seconds=5
    )
    held = await world.store.read(lease.find)
    assert held is not None and held.expires_at > world.clock.now()
    world.am.hangs = False
    await world.pass_time(60)
    assert (await world.picture()).problems == ()


async def test_a_source_that_will_not_be_cancelled_does_not_hold_the_end(world: World) -> None:
    """An engine that is told to stop ends within seconds whatever a source does."""
    world.am.hangs = world.am.stubborn = True
    await world.refresh()
    stop = asyncio.Event()
    stop.set()
    await asyncio.wait_for(cycle.run(world.engine, stop), 60)
    assert world.metrics.closed
    held = await world.store.read(lease.find)
    assert held is not None and held.released
    world.am.hangs = False


async def test_a_source_that_fails_at_its_close_does_not_keep_the_others_from_theirs(
    store: Store,
) -> None:
    """Every source is closed."""

    class Bad(ToldAlerts):
        async def close(self) -> None:
            raise OSError("no")

    world = World(store, alert_sources=(Bad("bad"), ToldAlerts("good")))
    stop = asyncio.Event()
    stop.set()
    await cycle.run(world.engine, stop)
    assert world.metrics.closed
    assert world.engine.alert_sources[1].closed  # type: ignore[attr-defined]


async def test_a_step_with_a_bug_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once with its traceback, the rest of the beat goes on, and so do later beats."""

    async def broken(_: object) -> None:
        raise ZeroDivisionError

    steps = list(cycle.STEPS)
    steps.insert(1, broken)
    monkeypatch.setattr(cycle, "STEPS", tuple(steps))
    with caplog.at_level(logging.ERROR):
        world.am.show(alert())
        await world.pass_time(30)
    assert (await world.alert()).level == 1
    said = [record for record in caplog.records if "broken" in record.message]
    assert len(said) == 1 and said[0].exc_info


async def test_a_locked_store_is_waited_for(
    world: World, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine lives, says so once, and writes all of it when the lock is gone: nothing is missed."""
    await world.refresh()
    world.am.show(alert(fired=5))
    with another_process(store.path, _HOLD) as holder, caplog.at_level(logging.INFO):
        for _ in range(4):
            world.clock.turn(5)
            assert not await world.beat()
            await world.beat()
        errors = [r.message for r in caplog.records if r.levelno >= logging.ERROR]
        assert len(errors) == 1
        assert f"has been locked for 0.2 s by pid {holder.pid}" in errors[0]
        # The source says `unchanged` from here on: what it said during the lock must not be lost.
        assert world.am.reads >= 2
    with caplog.at_level(logging.INFO):
        await world.pass_time(10)
    assert (await world.alert()).state is AlertState.FIRING
    assert (await world.alert()).level == 1
    assert caplog.records[-1].message == "store: works again"


async def test_a_change_that_failed_to_be_written_is_written_later(world: World) -> None:
    """A resolve that the store refused once is not forgotten, though the source says `unchanged`."""
    world.am.show(alert(fired=0))
    await world.refresh()
    world.am.show()
    real = world.store.write
    refused = 0

    async def refuse(function: object, *args: object, **kw: object) -> object:
        nonlocal refused
        if getattr(function, "__name__", "") == "_apply" and refused < 2:
            refused += 1
            raise StoreLocked("locked")
        return await real(function, *args, **kw)  # type: ignore[arg-type]

    world.store.write = refuse  # type: ignore[method-assign, assignment]
    await world.pass_time(20)
    assert refused == 2
    assert (await world.alert()).state is AlertState.RESOLVED


async def test_a_full_store_is_recovered_from(world: World, store: Store) -> None:
    """Full for a while: reading goes on, and after there is room again so does everything else."""
    await world.refresh()

    def limit(connection: sqlite3.Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages:d}")

    pages = await store.read(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await store.read(limit, pages)
    world.am.show(*(alert(f"{n:04x}") for n in range(300)))
    world.clock.turn(5)
    await world.beat()
    assert not await world.beat()
    assert (await world.picture()).alerts == ()
    await store.read(limit, 1_000_000)
    await world.refresh()
    assert len((await world.picture()).alerts) == 300


async def test_a_newer_store_stops_the_writes_and_not_the_process(
    world: World, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """An upgrade beside a running engine: it says what to do, once, and leaves the lease to lapse."""
    await world.refresh()
    newer = f"sqlite3.connect(path).execute('PRAGMA user_version = {schema.VERSION + 1}')"
    run_in_another(store.path, newer)
    with caplog.at_level(logging.ERROR):
        for _ in range(10):
            world.clock.turn(1)
            await world.beat()
    assert [r.message for r in caplog.records] == [
        f"store: the store has schema {schema.VERSION + 1}, this opsdash knows up to "
        f"{schema.VERSION}; upgrade opsdash"
    ]


async def test_a_store_that_was_taken_away_ends_the_engine(world: World, store: Store) -> None:
    """A new process has to open the new file: this one says why it ends, and writes nothing more."""
    await world.refresh()
    Path(store.path).rename(store.path.with_suffix(".away"))
    with pytest.raises(StoreReplaced, match="was deleted or replaced"):
        await asyncio.wait_for(cycle.run(world.engine, asyncio.Event()), 60)
    assert world.metrics.closed


async def test_the_real_loop_does_not_spin_over_a_bad_store(
    world: World, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """While the store is locked the loop beats about once a second, not as fast as it can."""
    await world.refresh()
    beats = 0
    real = cycle.beat

    async def counted(engine_: object) -> bool:
        nonlocal beats
        beats += 1
        return await real(engine_)  # type: ignore[arg-type]

    cycle.beat = counted
    stop = asyncio.Event()
    try:
        with another_process(store.path, _HOLD):
            running = asyncio.ensure_future(cycle.run(world.engine, stop))
            world.clock.turn(5)
            await eventually(lambda: beats >= 3)
            assert beats == 3
            stop.set()
            await asyncio.wait_for(running, 60)
    finally:
        cycle.beat = real


@pytest.mark.parametrize("jump", [3600, -3600])
async def test_a_wall_clock_that_jumps(world: World, jump: int) -> None:
    """An hour forward or back: polls go on, the lease stays or comes back, values are fresh again."""
    world.am.show(alert(fired=0))
    await world.refresh()
    world.clock.wall += timedelta(seconds=jump)
    await world.pass_time(15)
    picture = await world.picture()
    reading = picture.panes[0].readings[0]
    assert reading.read_at is not None
    assert abs(world.clock.now() - reading.read_at) <= timedelta(seconds=5)
    assert picture.engine.state.value == "running"
    held = await world.store.read(lease.find)
    assert held is not None and held.epoch == 1
    assert [a.id for a in picture.alerts] == ["aa/1"]


@pytest.mark.parametrize("jump", [3600, -3600])
async def test_a_jump_keeps_no_standby_out_for_ever(store: Store, jump: int) -> None:
    """The leader dies in the second of the jump: the other engine takes over all the same."""
    first = World(store)
    await first.refresh()
    first.clock.wall += timedelta(seconds=jump)
    second = World(store, first.clock, "engine two")
    for _ in range(8):
        first.clock.turn(1)
        await second.beat()
    assert second.engine.epoch == 2
    assert (await second.picture()).engine.holder == "engine two"


async def test_after_a_pause_everything_is_asked_anew(world: World) -> None:
    """A host that slept ten minutes does not take the answers from before it for news."""
    world.am.show(alert(fired=0))
    await world.refresh()
    world.clock.turn(5)
    await cycle.beat(world.engine)
    asked = world.am.reads
    # The answer to this question lies in the socket while the host sleeps.
    world.am.show()
    world.clock.turn(600)
    await world.beat()
    assert world.am.reads > asked
    await world.beat()
    assert (await world.alert()).state is AlertState.RESOLVED
    reading = (await world.picture()).panes[0].readings[0]
    assert reading.read_at == world.clock.now()


async def test_an_answer_is_as_old_as_its_question(world: World) -> None:
    """A figure that took four seconds to come is four seconds old when it is drawn."""
    await world.refresh()
    world.clock.turn(5)
    await world.beat()
    asked = world.clock.now()
    world.clock.turn(4)
    await world.beat()
    assert (await world.picture()).panes[0].readings[0].read_at == asked


def _poll(error: Exception | None = None) -> Poll[int]:
    async def read(_: object) -> int:
        if error is not None:
            raise error
        return 1

    return Poll("p", "k", timedelta(seconds=5), read)


async def _read_at(poll: Poll[int], moment: float) -> Result[int] | None:
    poll.begin(START, moment)
    if poll.task is not None:
        await asyncio.wait({poll.task})
    return poll.collect(moment)


async def test_a_source_that_fails_is_asked_less_and_less() -> None:
    """The first failure is tried at the next beat, then doubling up to half a minute, then at once when well."""
    poll = _poll(down())
    moment, pauses = 0.0, []
    for _ in range(7):
        assert await _read_at(poll, moment)
        pauses.append(poll.due - moment)
        moment = poll.due
    assert pauses[0] == 5
    assert 8.5 <= pauses[1] <= 10 and 17 <= pauses[2] <= 20
    assert all(25.5 <= pause <= 30 for pause in pauses[3:])


async def test_retry_after_is_kept_even_when_a_person_asks() -> None:
    """A server that asked for a minute gets it; ten hours are not honoured."""
    poll = _poll(RemoteError(SafeText("429"), timedelta(seconds=60)))
    await _read_at(poll, 100.0)
    poll.hasten()
    assert poll.due == 160.0
    poll = _poll(RemoteError(SafeText("429"), timedelta(hours=10)))
    await _read_at(poll, 100.0)
    assert poll.due == 400.0


async def test_a_person_who_asks_does_not_wait_for_the_back_off() -> None:
    """`ctrl+r` tries a failing source at once."""
    poll = _poll(down())
    await _read_at(poll, 100.0)
    poll.hasten()
    assert poll.due <= 100.0
