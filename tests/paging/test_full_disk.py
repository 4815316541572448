"""A disk that fills up while people are to be paged: nothing is lost or doubled, and the silence is noticed."""

import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from opsdash.domain.page import PageKind
from opsdash.engine.engine import Heartbeat
from opsdash.snapshot import take_snapshot
from opsdash.store.errors import StoreError
from opsdash.store.outbox import LetterState
from tests.paging.world import World


@contextmanager
def _full_disk(world: World) -> Iterator[None]:
    """Let no file of this process grow: what a full disk does to SQLite, without one."""
    size = max(os.path.getsize(f"{world.store.path}{end}") for end in ("", "-wal", "-shm"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def _is_down(world: World) -> bool:
    picture = await world.store.read(take_snapshot, world.clock.now())
    return any("ENGINE DOWN" in problem.text for problem in picture.problems)


def _pad(connection: sqlite3.Connection, size: int) -> None:
    connection.execute(
        "INSERT INTO entry (at, author, kind, text, claimed) VALUES (0, 'a', 'note', ?, '{}')",
        ("x" * size,),
    )


async def _fill(world: World) -> None:
    """Write until there is room for nothing, and let the lease that cannot be renewed lapse."""
    size = 200_000
    for _ in range(400):
        try:
            await world.store.write(_pad, size)
        except StoreError:
            size = size // 4 if size > 500 else 200_000
            await world.turn()
        if await _is_down(world):
            return
    pytest.fail("the store took every write")


async def test_what_fires_on_a_full_disk_is_paged_as_soon_as_there_is_room(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can be paged meanwhile: every screen says ENGINE DOWN, and the outside service misses us."""
    calls: list[float] = []

    async def call() -> None:
        calls.append(world.clock.monotonic())

    world.engine.heartbeat = Heartbeat(call, timedelta(seconds=10))
    await world.turn(30)
    assert calls
    with _full_disk(world):
        await _fill(world)
        before = len(calls)
        world.alerts.fire("HighErrorRate")
        await world.turn(60)
        assert world.paged("john") == [0]
        assert len(calls) == before
        said = [record.getMessage() for record in caplog.records]
        assert any("check the disk" in text or "no room left" in text for text in said)
    await world.turn(10)
    assert world.paged("john", "channel") == [1, 1]
    assert not await _is_down(world)
    await world.turn(15)
    assert len(calls) > before


async def test_a_page_that_was_accepted_as_the_disk_filled_is_sent_once(world: World) -> None:
    """That it was accepted cannot be written down: it is kept in mind until it can be."""
    for pager in world.pagers.values():
        pager.hanging = True
    world.alerts.fire("HighErrorRate")
    await world.turn(3)
    with _full_disk(world):
        await _fill(world)
        for pager in world.pagers.values():
            pager.hanging = False
        await world.turn(5)
    await world.turn(60)
    pages = world.pagers["john"].told(PageKind.TRIGGER)
    assert [page.repeat for page in pages] == [0]
    assert {letter.state for letter in await world.letters()} == {LetterState.SENT}
