"""R6: an engine that is killed again and again fires when one fires that was never killed.

Rules with `for` from 5 s to 30 min run on a clock that is turned; engines are dropped at random
moments without a word, the next takes over from the store once the lease has run out. What fires,
and when, is compared with evaluating every slot without any interruption.
"""

import asyncio
import random
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.figure import Figure, Size, script
from opsdash.domain.rules.evaluate import Memory, Outcome, Surroundings, evaluate
from opsdash.domain.rules.rule import AlertRule, RuleGroup
from opsdash.domain.sample import Sample
from opsdash.domain.setup import Setup
from opsdash.engine import cycle
from opsdash.engine.engine import Engine
from opsdash.engine.rules import Rules, slot
from opsdash.sources.vector import Vector
from opsdash.store import rules as stored
from opsdash.store.session import Store, open_store

START = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)

_HOLDS = (5, 20, 60, 300, 600, 1800)
_INTERVALS = {5: (1, 5), 20: (1, 5), 60: (5, 15), 300: (15, 60), 600: (15, 60), 1800: (60,)}


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def now(self) -> datetime:
        """Return the wall clock."""
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return self.elapsed


@dataclass(frozen=True, slots=True)
class Condition:
    """When the rule's expression gives something: spans of seconds after START."""

    spans: tuple[tuple[float, float], ...]

    def samples(self, at: datetime) -> tuple[Sample, ...]:
        """Return what the query gives at a moment."""
        seconds = (at - START).total_seconds()
        if any(begin <= seconds < end for begin, end in self.spans):
            return (Sample(1.0, at, {"__name__": "x", "job": "payments-api"}),)
        return ()

    async def vector(self, query: str, at: datetime) -> Vector:
        """Answer an instant query."""
        return Vector(self.samples(at))

    async def vectors(
        self, query: str, times: tuple[datetime, ...]
    ) -> Mapping[datetime, tuple[Sample, ...]]:
        """Answer a range query."""
        return {at: self.samples(at) for at in times}


@dataclass(frozen=True, slots=True)
class Trial:
    """One rule, its condition, and when its engines die (seconds after START) and for how long."""

    group: RuleGroup
    condition: Condition
    deaths: tuple[tuple[float, float], ...]

    @property
    def rule(self) -> AlertRule:
        """The only rule."""
        return self.group.rules[0]

    @property
    def length(self) -> float:
        """Seconds that the trial takes."""
        return self.condition.spans[-1][1]

    def expected(self) -> datetime | None:
        """Return when it fires if every slot is evaluated."""
        memory, at = Memory(), slot(self.group, START)
        while at < START + timedelta(seconds=self.length):
            outcome = Outcome(self.condition.samples(at))
            memory = evaluate(self.rule, memory, outcome, at, Surroundings())
            if memory.firing:
                return at
            at += self.group.interval
        return None


@dataclass(frozen=True, slots=True)
class Found:
    """How a trial ended: by how many intervals it fired too early or late, and how late it was seen."""

    kills: int
    error: float
    delay: float


def trial(chance: random.Random) -> Trial:
    """Return a trial as chance has it."""
    hold = chance.choice(_HOLDS)
    interval = chance.choice(_INTERVALS[hold])
    rule = AlertRule("f;g;A", "A", "x", "f", 1, hold=timedelta(seconds=hold))
    begin = chance.uniform(0, 3 * interval)
    spans: list[tuple[float, float]] = []
    if chance.random() < 0.4:
        # All is well for a while, perhaps while no engine looks: `for` begins anew.
        pause = begin + chance.uniform(0.1, 0.9) * hold
        spans.append((begin, pause))
        begin = pause + chance.uniform(1.1, 4) * interval
    spans.append((begin, begin + hold + 200 + 10 * interval))
    deaths = []
    at = 0.0
    for _ in range(chance.randint(1, 3)):
        at += chance.uniform(0.5, hold)
        away = chance.uniform(0, 100)
        deaths.append((at, away))
        at += away + 7
    name = f"g{chance.random()}"
    group = RuleGroup(name, "f", (rule,), timedelta(seconds=interval))
    return Trial(group, Condition(tuple(spans)), tuple(deaths))


async def live_through(one: Trial, store: Store) -> Found:
    """Run engines through a trial and compare with what should have been."""
    clock = TurnedClock()
    step = min(one.group.interval.total_seconds() / 3, 5.0)
    deaths = list(one.deaths)
    number = 0
    engine = _engine(one, store, clock, number)
    kills = 0
    fired: datetime | None = None
    seen = up_since = 0.0
    while clock.elapsed < one.length and fired is None:
        if deaths and clock.elapsed >= deaths[0][0]:
            await _drop(engine)
            clock.elapsed += deaths.pop(0)[1]
            kills, number, up_since = kills + 1, number + 1, clock.elapsed
            engine = _engine(one, store, clock, number)
        await cycle.beat(engine)
        tasks = [poll.task for poll in engine.polls if poll.task is not None]
        if tasks:
            await asyncio.wait(tasks)
            await cycle.beat(engine)
        if engine.epoch is None:
            up_since = clock.elapsed + step
        memories = await store.read(stored.load_memories)
        memory = memories.get(one.rule.id, Memory())
        fired = next((a.fired_at for a in memory.active.values() if a.fired_at), None)
        seen = clock.elapsed
        clock.elapsed += step
    await _drop(engine)
    wanted = one.expected()
    interval = one.group.interval.total_seconds()
    if fired is None or wanted is None:
        return Found(kills, 0.0 if fired is wanted else float("inf"), 0.0)
    due = max((wanted - START).total_seconds(), up_since)
    return Found(kills, abs((fired - wanted).total_seconds()) / interval, (seen - due) / interval)


def _engine(one: Trial, store: Store, clock: TurnedClock, number: int) -> Engine:
    rules = Rules((one.group,), one.condition)
    return Engine(store, Setup(), clock, f"engine {number}", (), (), rules=rules)


async def _drop(engine: Engine) -> None:
    """Lose an engine as kill -9 does: what is in flight is gone, nothing is given back."""
    for poll in engine.polls:
        await poll.cancel()


async def kill(kills: int, seed: int = 6) -> list[Found]:
    """Run trials until so many engines have died."""
    chance = random.Random(seed)
    found: list[Found] = []
    while sum(one.kills for one in found) < kills:
        with tempfile.TemporaryDirectory(prefix="opsdash-for-") as folder:
            store = await open_store(Path(folder) / "opsdash.db", checkpoints=True)
            try:
                found.append(await live_through(trial(chance), store))
            finally:
                await store.close()
    return found


def measure(size: Size) -> Iterator[Figure]:
    """Measure R6."""
    found = asyncio.run(kill(size.of(20, 100)))
    kills = sum(one.kills for one in found)
    error = max(one.error for one in found)
    delay = max(one.delay for one in found)
    measured = f"{kills} kills, {len(found)} rules: off by {error:.2f}, seen after {delay:.2f}"
    budget = "within 1 interval in 100 %"
    yield Figure("R6", "crash-proof for", budget, measured, error <= 1 and delay <= 1)


if __name__ == "__main__":
    script(measure)
