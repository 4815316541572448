"""Evaluating one group of rules for one slot: its queries asked one after the other, then judged.

What the engine missed while it was away is asked for as well, so that `for` counts as though it
had never been away.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.rules.evaluate import OUTAGE_TOLERATED, Memory, Outcome, Surroundings, evaluate
from opsdash.domain.rules.rule import AlertRule, RuleGroup
from opsdash.domain.sample import Sample
from opsdash.domain.text import SafeText, clean
from opsdash.engine.looks import Looks
from opsdash.http.errors import NoAnswerError, RemoteError
from opsdash.sources.vector import QueryError, VectorSource

LEAST_DEADLINE = 30.0
"""Seconds that a group may take at the least, however short its interval is."""

_MOST_MISSED = 4000
_IN_THREAD = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule's evaluation: what it remembers now, how long it took, and what its figure is held against.

    `threshold` is None where it is what it was.
    """

    after: Memory
    duration: timedelta
    threshold: SafeText | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of a group: for which slot, and what became of each rule, by id."""

    at: datetime
    judged: Mapping[str, Judged]


@dataclass(slots=True)
class Judge:
    """Asks `source` for what rules need; `turns` bounds how many groups ask at the same time."""

    source: VectorSource
    around: Surroundings
    turns: asyncio.Semaphore
    looks: Looks = field(init=False)

    def __post_init__(self) -> None:
        """Begin without having looked at any rule."""
        self.looks = Looks(self.source)

    def deadline(self, group: RuleGroup) -> float:
        """Return the seconds that an evaluation of `group` may take."""
        return max(group.interval.total_seconds(), LEAST_DEADLINE)

    async def evaluate(
        self, group: RuleGroup, memories: Mapping[str, Memory], at: datetime
    ) -> Evaluation:
        """Return the evaluation of `group` at `at`; a rule that cannot be asked carries the reason."""
        loop = asyncio.get_running_loop()
        around = replace(self.around, limit=group.limit)
        judged: dict[str, Judged] = {}
        down: SafeText | None = None
        unanswered = 0
        async with self.turns:
            ends = loop.time() + self.deadline(group)
            for rule in group.rules:
                began = loop.time()
                before = memories.get(rule.id, Memory())
                caught_up = before
                if down is None and began > ends:
                    down = clean(f"not reached: the group took over {self.deadline(group):g} s")
                if down is None:
                    caught_up = await self._catch_up(rule, group, before, at, around)
                    outcome = await self._ask(rule, group, caught_up, at)
                    # A server that is down is not asked again for every rule of the group; one query
                    # without an answer may be a slow one, two are a server that hangs.
                    unanswered = unanswered + 1 if outcome.unanswered else 0
                    down = outcome.error if outcome.unreachable or unanswered > 1 else None
                else:
                    outcome = _Asked(error=down)
                after = await _judge(rule, caught_up, outcome.plain, at, around)
                took = timedelta(seconds=loop.time() - began)
                judged[rule.id] = Judged(after, took, outcome.threshold)
        return Evaluation(at, judged)

    def fail(
        self, group: RuleGroup, memories: Mapping[str, Memory], at: datetime, reason: SafeText
    ) -> Evaluation:
        """Return the evaluation of a group that came to nothing."""
        judged = {}
        for rule in group.rules:
            before = memories.get(rule.id, Memory())
            after = evaluate(rule, before, Outcome(error=reason), at, self.around)
            judged[rule.id] = Judged(after, timedelta())
        return Evaluation(at, judged)

    async def _ask(
        self, rule: AlertRule, group: RuleGroup, before: Memory, at: datetime
    ) -> "_Asked":
        try:
            found = await self.source.vector(rule.expr, at - group.query_offset)
        except QueryError as error:
            return _Asked(error=error.reason)
        except NoAnswerError as error:
            return _Asked(error=error.reason, unanswered=True)
        except RemoteError as error:
            return _Asked(error=error.reason, unreachable=True)
        look = await self.looks.look(rule, group, before, found, at)
        if look is None:
            return _Asked(found.samples, partial=found.partial)
        empty = None if found.samples else look.empty
        return _Asked(
            found.samples, None, found.partial, empty, look.figure, threshold=look.threshold
        )

    async def _catch_up(
        self,
        rule: AlertRule,
        group: RuleGroup,
        before: Memory,
        at: datetime,
        around: Surroundings,
    ) -> Memory:
        """Evaluate what was missed since the last evaluation, if the server still knows it."""
        counts = rule.hold or rule.keep_firing_for
        if before.at is None or not counts or at - before.at > OUTAGE_TOLERATED:
            return before
        # One interval is the ordinary pace, and a little more is a slow server, not an absence.
        if at - before.at <= group.interval * 3 // 2:
            return before
        times = _missed(before.at, at, group.interval)
        if not times:
            return before
        shifted = tuple(time - group.query_offset for time in times)
        try:
            found = await self.source.vectors(rule.expr, shifted)
        except RemoteError:
            return before
        memory = before
        for time, asked in zip(times, shifted, strict=True):
            outcome = Outcome(found.get(asked, ()))
            memory = await _judge(rule, memory, outcome, time, around)
        return memory


@dataclass(frozen=True, slots=True)
class _Asked:
    """An outcome, and whether it was the server and not the query that failed."""

    samples: tuple[Sample, ...] = ()
    error: SafeText | None = None
    partial: SafeText | None = None
    empty: bool | None = None
    figure: float | None = None
    unreachable: bool = False
    unanswered: bool = False
    threshold: SafeText | None = None

    @property
    def plain(self) -> Outcome:
        return Outcome(self.samples, self.error, self.partial, self.empty, self.figure)


def _missed(last: datetime, at: datetime, interval: timedelta) -> tuple[datetime, ...]:
    """Return the slots between two evaluations, oldest first."""
    count = min((at - last - timedelta(milliseconds=1)) // interval, _MOST_MISSED)
    return tuple(at - interval * back for back in range(count, 0, -1))


async def _judge(
    rule: AlertRule, before: Memory, outcome: Outcome, at: datetime, around: Surroundings
) -> Memory:
    if len(outcome.samples) < _IN_THREAD:
        return evaluate(rule, before, outcome, at, around)
    # Thousands of templates take seconds, and the lease is renewed by the loop.
    return await asyncio.to_thread(evaluate, rule, before, outcome, at, around)
