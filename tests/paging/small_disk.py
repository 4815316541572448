"""A disk that fills up: a limit on files, or a real one when this is run in a folder that is one."""

import asyncio
import os
import resource
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from opsdash.snapshot import take_snapshot
from opsdash.store.errors import StoreError, StoreFull
from opsdash.store.outbox import LetterState
from opsdash.store.session import open_store
from tests.paging.world import World, team


class Disk:
    """A limit on how far files of this process may grow: what a full disk does to SQLite."""

    def __init__(self, world: World) -> None:
        self._path = world.store.path
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def again(self) -> None:
        """Let nothing grow from now on."""
        size = max(os.path.getsize(f"{self._path}{end}") for end in ("", "-wal", "-shm"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, self._before[1]))

    def empty(self) -> None:
        """Let files grow again."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextmanager
def full_disk(world: World) -> Iterator[Disk]:
    """Let no file of this process grow: what a full disk does to SQLite, without one."""
    disk = Disk(world)
    disk.again()
    try:
        yield disk
    finally:
        disk.empty()


async def is_down(world: World) -> bool:
    """Whether screens say that the engine is down."""
    picture = await world.store.read(take_snapshot, world.clock.now())
    return any("ENGINE DOWN" in problem.text for problem in picture.problems)


def _pad(connection: sqlite3.Connection, size: int) -> None:
    connection.execute(
        "INSERT INTO entry (at, author, kind, text, claimed) VALUES (0, 'a', 'note', ?, '{}')",
        ("x" * size,),
    )


async def fill(world: World) -> None:
    """Write until there is room for nothing, and let the lease that cannot be renewed lapse."""
    size = 200_000
    for _ in range(400):
        try:
            await world.store.write(_pad, size)
        except StoreError:
            size = size // 4 if size > 500 else 200_000
            await world.turn()
        if await is_down(world):
            return
    raise AssertionError("the store took every write")


async def tell(folder: Path) -> None:
    """Page from a disk without a byte left, then make room: one page in all."""
    store = await open_store(folder / "ops.db", checkpoints=True)
    world = World(store, team())
    await world.turn(3)
    real = os.path.ismount(folder)
    with nullcontext() if real else full_disk(world):
        if real:
            take_all_room(folder / "other")
        await fill(world)
        if real:
            with suppress(StoreFull):
                await world.store.write(_pad, 1 << 20)
                raise AssertionError("the disk had room")
        world.alerts.fire("HighErrorRate")
        await world.turn(10)
        assert world.paged("john", "channel") == [1, 1]
    (folder / "other").unlink(missing_ok=True)
    await world.turn(20)
    assert world.paged("john", "channel") == [1, 1]
    assert {letter.state for letter in await world.letters()} == {LetterState.SENT}
    await store.close()


def take_all_room(path: Path) -> None:
    """Write a file until the disk is full."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


if __name__ == "__main__":
    asyncio.run(tell(Path(sys.argv[1])))
