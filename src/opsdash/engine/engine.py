"""What one engine works with: its store and sources, what it knows of them, and the lease it may hold."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from opsdash.domain.alert import Alert, Observation
from opsdash.domain.frozen import dataclass
from opsdash.domain.rules.view import RuleView
from opsdash.domain.sample import Answer, Point
from opsdash.domain.setup import Setup
from opsdash.domain.sight import Sight
from opsdash.domain.text import SafeText
from opsdash.engine.complaints import Complaints
from opsdash.engine.poll import Poll
from opsdash.engine.silencer import Silencing
from opsdash.notifiers.notifier import Notifier, Receipt
from opsdash.sources.source import AlertReport, AlertSource, MetricSource
from opsdash.store.climbs import Look
from opsdash.store.outbox import Letter
from opsdash.store.session import Store

if TYPE_CHECKING:
    from opsdash.engine.deployments import Deployments
    from opsdash.engine.feeds import OpenFeed
    from opsdash.engine.publish import Publishing
    from opsdash.engine.rules import GroupPoll, Rules
    from opsdash.engine.stopgap import Stopgap

Series = list[tuple[timedelta, datetime, Mapping[str, tuple[Point, ...]]]]
"""What a series poll reads: for each step since when, and the points of each indicator."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A claimed message under way: the task that sends it, and when that began (monotonic)."""

    letter: Letter
    task: asyncio.Future[Receipt]
    begun: float


@dataclass(slots=True)
class Heartbeat:
    """The outside service that misses us when we are silent: how to call it, how often, a call under way.

    `close` lets go of the connection to it.
    """

    call: Callable[[], Awaitable[None]]
    every: timedelta
    close: Callable[[], Awaitable[None]] | None = None
    task: asyncio.Future[None] | None = None


@dataclass(slots=True)
class Climbed:
    """What the climbs were last looked at for, and since when sources have to be asked first.

    After a time asleep, or as the lease's new holder, what is stored is old: what resolved meanwhile
    must not wake anybody. `patience_until` (monotonic seconds) ends the waiting.
    """

    look: Look = field(default_factory=Look)
    ask_since: datetime | None = None
    patience_until: float = 0.0


class Clock(Protocol):
    """The time: a wall clock in UTC, and one that never jumps."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        ...


@dataclass(slots=True)
class Engine:
    """One engine. `epoch` is the lease's while it holds it; everything below is only valid then.

    `open_alerts` mirrors the observed part of the open occurrences: only the lease's holder writes
    it. What people decided is read in the transaction that needs it. `unfollowed` says that the
    store is behind the sights, `differing` in which alerts it is where it is not, `begun_again`
    which alerts fired anew meanwhile, `sighted` what is written of who shows what, and
    `mirror_whole` whether the mirror can be trusted: after a write that failed nobody knows what
    the store holds.
    `beaten` is when the loop last went round, in monotonic seconds, and `counters` what those of the
    store said then: whatever is asked of them at each beat is read at once. `stopgap` is what it holds in
    memory while the store takes no writes. `refused` says that the store refused this engine the
    lease, which it tries for again after `take_after` (monotonic seconds). `slept` is how long the
    host was asleep since that was last told, by the `clocks` of the last beat. `calendars` is a read
    of them that hangs.
    """

    store: Store
    setup: Setup
    clock: Clock
    holder: str
    metric_sources: Sequence[MetricSource]
    alert_sources: Sequence[AlertSource]
    notifiers: Mapping[str, Notifier] = field(default_factory=dict)
    heartbeat: Heartbeat | None = None
    beaten: float = 0.0
    rules: "Rules | None" = None
    deployments: "Deployments | None" = None
    publishing: "Publishing | None" = None
    feeds: "Sequence[OpenFeed]" = ()
    calendars: asyncio.Future[tuple[Setup, tuple[SafeText, ...]]] | None = None
    epoch: int | None = None
    open_alerts: dict[str, Alert] = field(default_factory=dict)
    sights: dict[str, Sight | None] = field(default_factory=dict)
    sighted: dict[str, Mapping[str, Observation]] = field(default_factory=dict)
    metric_polls: list[Poll[dict[str, Answer]]] = field(default_factory=list)
    compare_polls: list[Poll[dict[str, Answer]]] = field(default_factory=list)
    series_polls: list[Poll[Series]] = field(default_factory=list)
    alert_polls: list[Poll[AlertReport]] = field(default_factory=list)
    mirror_polls: dict[str, Poll[Any]] = field(default_factory=dict)
    unfilled: dict[timedelta, datetime] = field(default_factory=dict)
    metrics_read_at: datetime | None = None
    due: dict[str, float] = field(default_factory=dict)
    counters: Mapping[str, int] = field(default_factory=dict)
    refreshes_asked: int = 0
    told_until: datetime | None = None
    earlier: dict[str, Sight] = field(default_factory=dict)
    unfollowed: bool = False
    differing: set[str] = field(default_factory=set)
    following: list[tuple[Poll[AlertReport], datetime]] = field(default_factory=list)
    begun_again: set[str] = field(default_factory=set)
    mirror_whole: bool = True
    cycle_at: datetime | None = None
    beat_at: tuple[datetime, float] | None = None
    clocks: object | None = None
    slept: timedelta = timedelta()
    complaints: Complaints = field(default_factory=Complaints)
    sending: dict[int, Sending] = field(default_factory=dict)
    climbed: Climbed = field(default_factory=Climbed)
    silencing: Silencing = field(default_factory=Silencing)
    rules_seen: dict[str, tuple[RuleView, ...]] = field(default_factory=dict)
    stopgap: "Stopgap | None" = None
    refused: bool = False
    take_after: float = 0.0

    @property
    def behind(self) -> bool:
        """Whether the sources show something that the store does not have yet."""
        return self.unfollowed or bool(self.differing)

    @property
    def refresh_polls(self) -> tuple[Poll[Any], ...]:
        """The polls that make up a whole cycle: what is live on the screen."""
        return (*self.metric_polls, *self.alert_polls)

    @property
    def polls(self) -> tuple[Poll[Any], ...]:
        """Every poll."""
        return (
            *self.metric_polls,
            *self.compare_polls,
            *self.series_polls,
            *self.alert_polls,
            *self.mirror_polls.values(),
            *self.rule_polls,
            *(() if self.deployments is None else self.deployments.polls),
            *self.publish_polls,
            *self.feed_polls,
        )

    @property
    def rule_polls(self) -> "tuple[GroupPoll, ...]":
        """The evaluations of rule groups."""
        return () if self.rules is None else tuple(self.rules.polls)

    @property
    def feed_polls(self) -> tuple[Poll[Any], ...]:
        """The reads of schedules that are kept elsewhere."""
        return tuple(one.poll for one in self.feeds if one.poll is not None)

    @property
    def publish_polls(self) -> tuple[Poll[Any], ...]:
        """The poll that tells the team's channel of the week, where there is one."""
        poll = self.publishing.poll if self.publishing is not None else None
        return () if poll is None else (poll,)

    @property
    def under_way(self) -> list[asyncio.Future[Any]]:
        """All that the loop waits on: reads in flight, and messages being sent."""
        reads = [poll.task for poll in self.polls if poll.task is not None]
        silencing = [task for _, task in self.silencing.under_way.values()]
        return [*reads, *(sending.task for sending in self.sending.values()), *silencing]

    @property
    def sources(self) -> tuple[MetricSource | AlertSource, ...]:
        """Every source once, also where one serves both metrics and alerts."""
        every: list[MetricSource | AlertSource] = [*self.metric_sources, *self.alert_sources]
        return tuple({source.id: source for source in every}.values())

    def is_due(self, name: str, every: float) -> bool:
        """Whether work that is done each `every` seconds is due; asking makes it due again later."""
        moment = self.clock.monotonic()
        if moment < self.due.get(name, 0.0):
            return False
        self.due[name] = moment + every
        return True

    @property
    def held(self) -> int:
        """The epoch of the lease that is held; steps only run while one is."""
        if self.epoch is None:
            raise RuntimeError("a step ran without the lease")
        return self.epoch
