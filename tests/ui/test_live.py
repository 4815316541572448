"""The dashboard's feed on a store that it may only read, and while an engine is on its way."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import opsdash.store.opening as opening
from opsdash.domain.indicator import Level
from opsdash.domain.source import SourceState
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.store import changes, engine, lease, readings
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreReadOnly
from opsdash.store.opening import connect
from opsdash.ui.glyphs import UTF8
from opsdash.ui.hand import StoreHand
from opsdash.ui.live import StoreFeed
from opsdash.ui.moment import Moment
from opsdash.ui.panes.header import tiny
from opsdash.ui.panes.problems import problem_lines
from tests.engine.world import SETUP
from tests.ui.test_panes import words

NOW = datetime(2025, 12, 22, 14, 6, tzinfo=UTC)


def clock() -> datetime:
    return NOW


@pytest.fixture
def store(tmp_path: Path) -> Connection:
    """A store that somebody else writes."""
    return connect(tmp_path / "opsdash.db")


def forbid(monkeypatch: pytest.MonkeyPatch, path: Path, *, copies: bool = False) -> None:
    """Make the store at `path` one that may only be read; with `copies` not even in its place."""

    def refuse(_: Path) -> None:
        raise StoreReadOnly(f"{path} cannot be written; check its owner, mode and mount")

    monkeypatch.setattr(opening, "make_private", refuse)
    real: Callable[..., object] = opening._opening

    def open_copy(opened: Path, timeout: int, said: Path | None = None) -> object:
        if opened == path:
            raise StoreReadOnly(f"{path} cannot be opened")
        return real(opened, timeout, said)

    if copies:
        monkeypatch.setattr(opening, "_opening", open_copy)


@pytest.mark.parametrize("copies", [False, True])
async def test_a_store_that_may_only_be_read_is_shown_and_followed(
    store: Connection, monkeypatch: pytest.MonkeyPatch, copies: bool
) -> None:
    """The picture stays live, a line says that nothing can be recorded, an act is refused in words."""
    forbid(monkeypatch, store.path, copies=copies)
    feed = StoreFeed(store.path, clock)
    taken = await feed.take()
    assert words(problem_lines(taken, 400, 3, Moment(NOW), UTF8)).splitlines()[1] == (
        f" ▲ nothing can be recorded: {store.path} cannot be written; "
        "check its owner, mode and mount"
    )
    assert not await feed.changed()
    for expected in (1, 2):
        store.write(changes.next_change)
        assert await feed.changed()
        assert (await feed.take()).cursor == expected
        assert not await feed.changed()
    hand = StoreHand(store.path, Actor(SafeText("alice"), {}), clock)
    with pytest.raises(StoreReadOnly, match="cannot be written; check its owner, mode and mount"):
        await hand.acknowledge(["x"])
    with pytest.raises(StoreReadOnly, match="cannot be written"):
        await feed.request_refresh()
    await (await feed.store()).close()


async def test_an_engine_that_is_on_its_way_is_no_dead_one(store: Connection) -> None:
    """The first seconds say that one is starting; when it has not come by then, the alarm is loud."""
    feed = StoreFeed(store.path, clock, engine_missed=lambda: 10.0)
    taken = await feed.take()

    def said(seconds: float) -> tuple[str, str]:
        at = Moment(NOW + timedelta(seconds=seconds))
        return (
            words(problem_lines(taken, 120, 3, at, UTF8)),
            words([tiny(taken, 20, at, UTF8)]),
        )

    assert said(0) == (" ? starting an engine; nothing is read yet", "engine starts")
    moment = Moment(NOW)
    problem_lines(taken, 120, 3, moment, UTF8)
    assert moment.changes_at == NOW + timedelta(seconds=10, milliseconds=1)
    lines, one = said(10.1)
    assert "NO ENGINE has run yet" in lines
    assert one == "ENGINE DOWN"
    # Told of again at the next look it is the same start, and no news.
    assert (await feed.take()).engine == taken.engine
    await (await feed.store()).close()


async def test_no_engine_on_its_way_is_said_at_once(store: Connection) -> None:
    """Where nobody starts one, nobody hopes for one."""
    feed = StoreFeed(store.path, clock)
    taken = await feed.take()
    await (await feed.store()).close()
    assert "NO ENGINE has run yet" in words(problem_lines(taken, 120, 3, Moment(NOW), UTF8))


async def test_a_dashboard_in_which_nobody_acts_needs_no_write_lock(store: Connection) -> None:
    """It opens, shows and follows a store that another keeps locked: it never holds that lock itself."""
    locking = connect(store.path)
    locking.raw.execute("BEGIN IMMEDIATE")
    feed = StoreFeed(store.path, clock)
    assert (await feed.take()).cursor == 0
    assert (await feed.detail("INC-001")).entries == ()
    assert not await feed.changed()
    locking.raw.execute("ROLLBACK")
    store.write(changes.next_change)
    locking.raw.execute("BEGIN IMMEDIATE")
    assert await feed.changed()
    assert (await feed.take()).cursor == 1
    await (await feed.store()).close()
    locking.close()


def _read(store: Connection, at: datetime, value: float = 0.2) -> None:
    """Store what an engine does that has read one figure at `at`."""

    def record(connection: sqlite3.Connection) -> None:
        interval = SETUP.refresh
        engine.record_source(connection, "p", "prometheus", SourceState.OK, at, interval, None)
        engine.record_warnings(connection, "p", (), at)
        readings.record(connection, "errors", at, value, Level.OK, at, None, {})

    store.write(record)


async def test_what_is_read_again_is_no_news_before_what_is_drawn_grows_old(
    store: Connection,
) -> None:
    """A picture of live figures is not taken anew for the same figures; one that grew old is."""
    now = NOW

    def live(connection: sqlite3.Connection) -> None:
        engine.save_setup(connection, SETUP, NOW)
        lease.take(connection, "here", now)

    def renew(connection: sqlite3.Connection) -> None:
        lease.renew(connection, 1, now, None)

    store.write(live)
    _read(store, now)
    feed = StoreFeed(store.path, lambda: now)
    await feed.take()
    for seconds in (5, 9):
        now = NOW + timedelta(seconds=seconds)
        store.write(renew)
        _read(store, now)
        assert not await feed.changed()
        assert not await feed.changed()
    now = NOW + timedelta(seconds=10, milliseconds=1)
    assert await feed.changed(), "the figures of the picture are as old as two refreshes"
    taken = await feed.take()
    assert taken.panes[0].readings[0].read_at == NOW + timedelta(seconds=9)
    assert not await feed.changed()
    _read(store, now, value=0.3)
    assert await feed.changed(), "another figure is news at once"
    await feed.take()
    now = NOW + timedelta(seconds=30)
    taken = await feed.take()
    assert not await feed.changed(), "nothing was read again"
    _read(store, now)
    assert await feed.changed(), "what was drawn as old is live again"
    await (await feed.store()).close()


async def test_a_new_minute_has_a_point_of_its_own(store: Connection) -> None:
    """The same figure in the next minute moves the chart, and is drawn."""
    now = NOW + timedelta(seconds=58)
    store.write(engine.save_setup, SETUP, NOW)
    store.write(lease.take, "here", now)
    _read(store, now)
    feed = StoreFeed(store.path, lambda: now)
    before = await feed.take()
    now = NOW + timedelta(seconds=61)
    _read(store, now)
    assert await feed.changed()
    after = await feed.take()
    points = [taken.panes[0].readings[0].history for taken in (before, after)]
    assert [len(one) for one in points] == [1, 2]
    await (await feed.store()).close()
