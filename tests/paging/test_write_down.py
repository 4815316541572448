"""What was paged from memory is written down a few hundred at a time, and nothing of it twice."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from opsdash.domain.page import PageKind
from opsdash.engine import stopgap
from opsdash.store import alerts
from opsdash.store.errors import StoreBroken
from opsdash.store.outbox import LetterState
from tests.paging.small_disk import fill, full_disk
from tests.paging.world import World

AT_ONCE = 20
STORM = 2 * AT_ONCE + 10


class Watched:
    """Sees each transaction that writes down; one of them can fail, before or after it is durable."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[int] = []
        self.fails_at = 0
        self.is_durable = False
        self._write = world.engine.store.write
        self._calls = 0
        monkeypatch.setattr(world.engine.store, "write", self.write)
        monkeypatch.setattr(stopgap, "AT_ONCE", AT_ONCE)

    async def write(self, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Write as the store does, count the alerts, and fail as told."""
        if function is not stopgap._write:
            return await self._write(function, *given, **named)
        self._calls += 1
        fails = self._calls == self.fails_at
        if fails and not self.is_durable:
            raise StoreBroken("the disk has gone again")
        before, after = 0, 0

        def counted(connection: sqlite3.Connection, *args: Any) -> None:
            nonlocal before, after
            before = _rows(connection)
            function(connection, *args)
            after = _rows(connection)

        await self._write(counted, *given, **named)
        self.opened.append(after - before)
        if fails:
            raise StoreBroken("whether it is written is not known")
        return None


def _rows(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM alert").fetchone()[0]
    return count


async def _storm_on_a_full_disk(world: World) -> None:
    await world.turn(3)
    with full_disk(world):
        await fill(world)
        for number in range(STORM):
            world.alerts.fire(f"A{number}")
        await world.turn(4)
        assert world.paged("john") == [1]


async def _assert_written_once(world: World) -> None:
    opened = await world.store.read(alerts.load_open)
    assert len(opened) == STORM
    assert {alert.occurrence for alert in opened.values()} == {1}
    sent = [letter for letter in await world.letters() if letter.state is LetterState.SENT]
    told = Counter(
        (one.destination.notifier, one.page.key)
        for one in sent
        if one.page.kind is PageKind.TRIGGER
    )
    assert set(told.values()) == {1}
    assert world.paged("john") == [1]


async def test_a_storm_is_written_down_in_parts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction keeps a person's waiting for thousands of alerts, and one page remains one page."""
    watched = Watched(world, monkeypatch)
    await _storm_on_a_full_disk(world)
    await world.turn(10)
    assert world.engine.stopgap is None
    assert sum(watched.opened) == STORM
    assert max(watched.opened) <= AT_ONCE
    await _assert_written_once(world)


@pytest.mark.parametrize("is_durable", [False, True])
@pytest.mark.parametrize("fails_at", [1, 2, 4])
async def test_a_part_that_fails_is_written_once(
    world: World, monkeypatch: pytest.MonkeyPatch, fails_at: int, is_durable: bool
) -> None:
    """Whether it failed before or after it was durable: no alert opens twice, nobody is paged again."""
    watched = Watched(world, monkeypatch)
    watched.fails_at, watched.is_durable = fails_at, is_durable
    await _storm_on_a_full_disk(world)
    await world.turn(10)
    assert world.engine.stopgap is None
    assert watched._calls > fails_at
    assert sum(watched.opened) == STORM
    await _assert_written_once(world)
