"""The step that evaluates alert rules: each group at its interval, aligned, and never twice at once.

A group is evaluated for a slot, a multiple of its interval, and not for when its turn came: two
engines, or one that was killed, evaluate the same moments. What rules remember is in the store.
"""

import asyncio
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from opsdash.domain.routing import FALLBACK_SCHEDULE, PAGE_LABEL, unknown_schedules
from opsdash.domain.rules.deciding import threshold_of
from opsdash.domain.rules.evaluate import Memory, Surroundings
from opsdash.domain.rules.observe import Known, observations
from opsdash.domain.rules.rule import AlertRule, RuleGroup, RuleState
from opsdash.domain.setup import Setup
from opsdash.domain.sight import Sight, begun_again
from opsdash.domain.source import SourceState
from opsdash.domain.text import SafeText, clean
from opsdash.engine.engine import Engine
from opsdash.engine.judge import Evaluation, Judge
from opsdash.engine.poll import Poll, Result
from opsdash.http.errors import RemoteError
from opsdash.sources.vector import Clocked, VectorSource
from opsdash.store import engine, lease
from opsdash.store import rules as stored

SOURCE = "opsdash"
"""What the rules are called among the sources of alerts."""

KIND = "alert rules"

_MOST_WARNINGS = 20
_NAMES_SHOWN = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot(group: RuleGroup, now: datetime) -> datetime:
    """Return the newest moment up to `now` for which `group` is evaluated.

    Groups of one interval are spread over it, so that they do not all ask at once.
    """
    shift = timedelta(milliseconds=zlib.crc32(group.id.encode(errors="replace")))
    shift %= group.interval
    return _EPOCH + (now - _EPOCH - shift) // group.interval * group.interval + shift


class GroupPoll(Poll[Evaluation | None]):
    """The evaluations of one group, due at its slots."""

    def __init__(self, group: RuleGroup, judge: Judge) -> None:
        super().__init__(group.id, KIND, group.interval, self._evaluate, 2 * judge.deadline(group))
        self.group = group
        self.judge = judge
        self.memories: dict[str, Memory] = {}
        self.saved: dict[str, Memory] = {}
        self.slot: datetime | None = None
        self.missed = 0
        self.evaluated = False

    def begin(self, now: datetime, moment: float) -> None:
        """Start an evaluation if a slot has come and none is in flight."""
        before = self.task
        super().begin(now, moment)
        if self.task is not before:
            until = slot(self.group, now) + self.group.interval - now
            self._due = moment + max(until.total_seconds(), 0.0)

    async def _evaluate(self, now: datetime) -> Evaluation | None:
        at = slot(self.group, now)
        if self.slot is not None and timedelta() <= self.slot - at < self.group.interval:
            return None
        source = self.judge.source
        if isinstance(source, Clocked):
            try:
                await source.meet_clock(now)
            except RemoteError as error:
                # By this host's clock a rule would be judged for another moment than its data is of.
                reason = clean(f"waiting for the server's clock: {error.reason}")
                return self.judge.fail(self.group, self.memories, at, reason)
        return await self.judge.evaluate(self.group, self.memories, at)

    def take(self, found: Evaluation) -> None:
        """Keep what an evaluation came to, and count those that were missed since the one before."""
        if self.slot is not None and found.at > self.slot:
            self.missed += (found.at - self.slot) // self.group.interval - 1
        self.slot = found.at
        self.memories.update((id, judged.after) for id, judged in found.judged.items())
        self.evaluated = True


@dataclass(slots=True)
class Rules:
    """The rules of one engine, and the evaluations of each group."""

    groups: tuple[RuleGroup, ...]
    source: VectorSource
    external_labels: Mapping[str, str] = field(default_factory=dict)
    external_url: str = ""
    polls: list[GroupPoll] = field(default_factory=list)
    known: Known = field(default_factory=dict)

    id = SOURCE

    @property
    def interval(self) -> timedelta:
        """The shortest interval of a group."""
        return min((group.interval for group in self.groups), default=timedelta(minutes=1))

    @property
    def judged(self) -> Iterable[tuple[AlertRule, Memory]]:
        """Every rule with what it remembers."""
        for poll in self.polls:
            for rule in poll.group.rules:
                yield rule, poll.memories.get(rule.id, Memory())

    def sight(self, at: datetime) -> Sight:
        """Return what the rules show; until each was evaluated a missing alert proves nothing."""
        unsure = not all(poll.evaluated for poll in self.polls)
        seen = observations(self.judged, self.known, self.external_url)
        return Sight(seen, restarted=unsure, at=at)


async def begin(engine_: Engine, epoch: int) -> None:
    """Start from what the store holds of each rule."""
    rules = engine_.rules
    if rules is None:
        await engine_.store.write(_start, epoch, (), {})
        return
    judge = Judge(
        rules.source, Surroundings(rules.external_labels, rules.external_url), asyncio.Semaphore(4)
    )
    rules.polls = [GroupPoll(group, judge) for group in rules.groups]
    # Thousands of expressions are read outside of the transaction that keeps others waiting.
    thresholds = await asyncio.to_thread(_thresholds, rules.groups)
    memories = await engine_.store.write(_start, epoch, rules.groups, thresholds)
    for poll in rules.polls:
        poll.memories = {r.id: memories.get(r.id, Memory()) for r in poll.group.rules}
        poll.saved = dict(poll.memories)
    engine_.sights[SOURCE] = None
    if any(memory.active for memory in memories.values()):
        engine_.sights[SOURCE] = rules.sight(engine_.clock.now())


def _thresholds(groups: tuple[RuleGroup, ...]) -> dict[str, str]:
    rules = (rule for group in groups for rule in group.rules)
    return {rule.id: clean(threshold_of(rule.expr), 80) for rule in rules}


def _start(
    connection: sqlite3.Connection,
    epoch: int,
    groups: tuple[RuleGroup, ...],
    thresholds: Mapping[str, str],
) -> dict[str, Memory]:
    lease.require(connection, epoch)
    stored.keep_only(connection, groups, thresholds)
    return stored.load_memories(connection)


def forget_clock(engine_: Engine) -> None:
    """Judge nothing until the server has told its clock again: ours may have been set."""
    if engine_.rules is not None and isinstance(engine_.rules.source, Clocked):
        engine_.rules.source.forget_clock()


async def evaluate_rules(engine_: Engine) -> None:
    """Record the evaluations that ended and what they show, and begin those whose slot has come."""
    rules = engine_.rules
    if rules is None:
        return
    for poll in rules.polls:
        found = collect(engine_, rules, poll)
        if found is None:
            continue
        now = engine_.clock.now()
        misled = misdirected((rule for rule, _ in rules.judged), engine_.setup)
        await engine_.store.write(_record, engine_.held, rules, poll, found, misled, now)
        # Only what was written for certain is left out of the next write.
        poll.saved.update((id, judged.after) for id, judged in found.judged.items())


def collect(engine_: Engine, rules: Rules, poll: GroupPoll) -> Evaluation | None:
    """Take in what an evaluation that ended shows, and begin the next if its slot has come.

    Returns what the store has yet to be told, None where nothing has ended.
    """
    result = poll.collect(engine_.clock.monotonic())
    poll.begin(engine_.clock.now(), engine_.clock.monotonic())
    if result is None or (result.value is None and result.reason is None):
        return None
    found = result.value or _failed(poll, result)
    poll.take(found)
    _show(engine_, rules, found.at)
    return found


def _failed(poll: GroupPoll, result: Result[Evaluation | None]) -> Evaluation:
    """Return the evaluation of a group that came to nothing, each rule with the reason."""
    at = slot(poll.group, result.begun_at)
    reason = result.reason or SafeText("not evaluated")
    return poll.judge.fail(poll.group, poll.memories, at, reason)


def _show(engine_: Engine, rules: Rules, at: datetime) -> None:
    """Hand the merge what the rules show now."""
    before, sight = engine_.sights.get(SOURCE), rules.sight(at)
    if before is None or before.observations != sight.observations:
        engine_.unfollowed = True
    if before is not None and before.restarted != sight.restarted:
        engine_.unfollowed = True
    engine_.begun_again |= begun_again(before, sight) | _began_later(engine_, before, sight)
    engine_.sights[SOURCE] = sight


def _began_later(engine_: Engine, before: Sight | None, after: Sight) -> set[str]:
    """Return the alerts of rules alone whose condition went and came back since the last look.

    Between two looks lies one evaluation, but for an engine that was away: it asked what it missed.
    """
    earlier = {} if before is None else before.observations
    return {
        key
        for key, seen in after.observations.items()
        if (known := earlier.get(key)) is not None
        and known.active_at is not None
        and seen.active_at is not None
        and seen.active_at > known.active_at
        and (row := engine_.open_alerts.get(key)) is not None
        and row.sources == (SOURCE,)
    }


def _record(
    connection: sqlite3.Connection,
    epoch: int,
    rules: Rules,
    poll: GroupPoll,
    found: Evaluation,
    misled: tuple[SafeText, ...],
    now: datetime,
) -> None:
    """Write how each rule of a group stands, and what keeps rules from judging."""
    lease.require(connection, epoch)
    for id, judged in found.judged.items():
        before = poll.saved.get(id, Memory())
        took, threshold = judged.duration, judged.threshold
        stored.save(connection, id, before, judged.after, took, poll.missed, threshold)
    seen = [(rule, memory) for rule, memory in rules.judged if memory.at is not None]
    failing = [memory for _, memory in seen if memory.state is RuleState.ERROR]
    all_fail = bool(seen) and len(failing) == len(seen)
    reason = clean(f"no rule can be judged: {failing[0].error}") if all_fail else None
    state = SourceState.FAILING if all_fail else SourceState.OK
    engine.record_source(connection, SOURCE, KIND, state, now, rules.interval, reason)
    texts = () if all_fail else warnings((r, m) for r, m in seen if m.error is not None)
    engine.record_warnings(connection, SOURCE, (*texts, *misled), now)


def misdirected(rules: Iterable[AlertRule], setup: Setup) -> tuple[SafeText, ...]:
    """Return one line a schedule that rules page and that is not there, naming the first of them."""
    by_schedule: dict[str, list[str]] = {}
    for rule in rules:
        label = rule.labels.get(PAGE_LABEL)
        for name in unknown_schedules(setup, label.text if label else ""):
            by_schedule.setdefault(name, []).append(rule.name)
    return tuple(
        clean(f"{_named(names)}: no schedule {schedule}, so {FALLBACK_SCHEDULE} is paged", 400)
        for schedule, names in by_schedule.items()
    )


def warnings(failing: Iterable[tuple[AlertRule, Memory]]) -> tuple[SafeText, ...]:
    """Return one line a reason for rules that cannot judge, naming the first few of them."""
    by_reason: dict[str, list[str]] = {}
    for rule, memory in failing:
        by_reason.setdefault(memory.error or "", []).append(rule.name)
    lines = []
    for reason, names in by_reason.items():
        lines.append(clean(f"{_named(names)}: {reason}", 400))
    if len(lines) > _MOST_WARNINGS:
        rest = len(lines) - _MOST_WARNINGS
        return (*lines[:_MOST_WARNINGS], SafeText(f"and {rest} more reasons"))
    return tuple(lines)


def _named(names: list[str]) -> str:
    """Return rules by name, the first few of many."""
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    what = f"rule {shown}" if len(names) == 1 else f"rules {shown}"
    return f"{what} and {more} more" if more > 0 else what
