"""Asking for many at once: one culprit costs only itself, and a hung server costs little."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from opsdash.domain.text import SafeText
from opsdash.http.errors import NoAnswerError, RemoteError
from opsdash.sources.divide import Divider, QueryFaultError

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
SLOW = NoAnswerError(SafeText("no answer"))


@dataclass(frozen=True)
class Thing:
    id: str


class World:
    """Answers for things; `bad` and `slow` ones spoil every request that holds them."""

    def __init__(self, count: int) -> None:
        self.things = [Thing(str(n)) for n in range(count)]
        self.bad: set[str] = set()
        self.slow: set[str] = set()
        self.down: RemoteError | None = None
        self.largest = count
        self.asked: list[tuple[str, ...]] = []
        self.divider: Divider[Thing, int] = Divider()

    async def ask(self, group: tuple[Thing, ...]) -> Mapping[str, int]:
        ids = tuple(thing.id for thing in group)
        self.asked.append(ids)
        if self.down is not None:
            raise self.down
        if self.slow.intersection(ids):
            raise SLOW
        if len(ids) > self.largest:
            raise QueryFaultError(SafeText("too many"))
        if self.bad.intersection(ids):
            raise QueryFaultError(SafeText(f"bad {min(self.bad.intersection(ids))}"))
        return {id: int(id) for id in ids}

    async def collect(self, seconds: float = 0) -> tuple[set[str], Mapping[str, SafeText], int]:
        """Return the ids answered, the faults, and how many requests it took."""
        self.asked.clear()
        now = START + timedelta(seconds=seconds)
        answers, faults = await self.divider.collect(self.things, now, self.ask)
        return set(answers), faults, len(self.asked)


def ids(count: int, without: set[str] | None = None) -> set[str]:
    return {str(n) for n in range(count)} - (without or set())


async def test_all_well_is_one_request() -> None:
    """Twenty things are one request, every time."""
    world = World(20)
    assert await world.collect(0) == (ids(20), {}, 1)
    assert await world.collect(5) == (ids(20), {}, 1)


async def test_a_culprit_is_found_and_then_asked_alone() -> None:
    """The others lose nothing; afterwards the culprit is not asked until its pause is over."""
    world = World(20)
    world.bad = {"7"}
    answered, faults, cost = await world.collect(0)
    assert answered == ids(20, {"7"})
    assert faults == {"7": "bad 7"}
    assert cost <= 11
    assert await world.collect(2) == (ids(20, {"7"}), {"7": "bad 7"}, 1)
    answered, faults, cost = await world.collect(6)
    assert (answered, faults, cost) == (ids(20, {"7"}), {"7": "bad 7"}, 2)
    assert ("7",) in world.asked


async def test_a_culprit_is_asked_less_and_less_often() -> None:
    """Its pause doubles from five seconds to a minute."""
    world = World(3)
    world.bad = {"1"}
    tried = []
    for second in range(0, 400, 5):
        await world.collect(second)
        if ("1",) in world.asked:
            tried.append(second)
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[:4] == [5, 10, 20, 40]
    assert set(gaps[4:]) == {60}


async def test_a_healed_culprit_is_back_in_the_union() -> None:
    """When it answers again it is shown at once, and later asked with the rest."""
    world = World(8)
    world.bad = {"3"}
    await world.collect(0)
    world.bad = set()
    answered, faults, _ = await world.collect(6)
    assert (answered, faults) == (ids(8), {})
    assert await world.collect(12) == (ids(8), {}, 1)


async def test_two_culprits_are_both_found() -> None:
    """Halving goes on into both halves."""
    world = World(16)
    world.bad = {"2", "13"}
    answered, faults, _ = await world.collect(0)
    assert answered == ids(16, {"2", "13"})
    assert set(faults) == {"2", "13"}


async def test_everything_failing_alike_is_the_server_s_fault() -> None:
    """One reason for all is one error of the source, and nothing is held against anyone."""
    world = World(4)
    world.things = world.things[:1] * 1
    world.bad = {"0"}
    assert (await world.collect(0))[1] == {"0": "bad 0"}

    class Refusing(World):
        async def ask(self, group: tuple[Thing, ...]) -> Mapping[str, int]:
            self.asked.append(tuple(thing.id for thing in group))
            raise QueryFaultError(SafeText("tenant unknown"))

    refusing = Refusing(4)
    with pytest.raises(RemoteError, match="tenant unknown"):
        await refusing.collect(0)
    with pytest.raises(RemoteError, match="tenant unknown"):
        await refusing.collect(1)


async def test_a_server_that_is_down_is_asked_once() -> None:
    """A refused connection is not halved."""
    world = World(20)
    world.down = RemoteError(SafeText("refused"), timedelta(seconds=9))
    with pytest.raises(RemoteError, match="refused") as raised:
        await world.collect(0)
    assert raised.value.retry_after == timedelta(seconds=9)
    assert len(world.asked) == 1


async def test_a_hung_server_is_asked_once_or_twice_a_time() -> None:
    """Silence is tried in halves once, then as a whole again."""
    world = World(20)
    world.slow = ids(20)
    costs = []
    for second in range(0, 40, 5):
        with pytest.raises(NoAnswerError):
            await world.collect(second)
        costs.append(len(world.asked))
    assert max(costs) == 2
    world.slow = set()
    answered, faults, _ = await world.collect(60)
    assert (answered, faults) == (ids(20), {})


async def test_a_slow_query_ends_up_alone() -> None:
    """What keeps the union from answering in time is narrowed down over a few reads."""
    world = World(16)
    world.slow = {"5"}
    with pytest.raises(NoAnswerError):
        await world.collect(0)
    for second in range(5, 60, 5):
        answered, faults, _ = await world.collect(second)
    assert answered == ids(16, {"5"})
    assert set(faults) == {"5"}


async def test_a_union_that_only_fails_as_a_whole_is_made_smaller() -> None:
    """Where each half works, the next reads ask in halves and do not fail first."""
    world = World(20)
    world.largest = 10
    assert await world.collect(0) == (ids(20), {}, 3)
    assert await world.collect(5) == (ids(20), {}, 2)


async def test_a_part_that_the_server_fails_does_not_take_the_rest_along() -> None:
    """Where one request of several meets an error, the others' answers stand."""
    world = World(4)
    world.bad = {"0"}
    await world.collect(0)

    async def ask(group: tuple[Thing, ...]) -> Mapping[str, int]:
        if len(group) == 1:
            raise RemoteError(SafeText("answered 502"))
        return {thing.id: 1 for thing in group}

    now = START + timedelta(seconds=30)
    answers, faults = await world.divider.collect(world.things, now, ask)
    assert set(answers) == ids(4, {"0"})
    assert faults == {"0": "answered 502"}


async def test_no_things_are_no_request() -> None:
    """An empty configuration asks nothing."""
    assert await World(0).collect(0) == (set(), {}, 0)
