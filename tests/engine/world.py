"""A world for the engine: a clock that the test turns, sources that say what the test tells them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from opsdash.domain.alert import Alert, AlertState, Observation
from opsdash.domain.escalation import EscalationPolicy, PolicyLevel
from opsdash.domain.indicator import Indicator, Unit
from opsdash.domain.sample import Answer, Point
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import PaneSetup, Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, Entry
from opsdash.engine import cycle
from opsdash.engine.engine import Engine
from opsdash.http.errors import RemoteError
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.sources.source import AlertReport
from opsdash.store import entries
from opsdash.store.session import Store

START = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)
"""The guide's day, a Monday on which John is on call, five minutes before its alert."""

MARIA = Actor(SafeText("maria"))

INDICATOR = Indicator("errors", SafeText("Error rate"), "q", Unit.RATIO, warn=0.01, crit=0.02)

SETUP = Setup(
    refresh=timedelta(seconds=5),
    panes=(PaneSetup("performance", SafeText("Performance"), (INDICATOR,)),),
    people=(Person("john", SafeText("John")), Person("lead", SafeText("Maria"))),
    schedules=(Schedule("primary", "UTC", time(9), ({"mon": "john"},), date(2025, 12, 22)),),
    policies=(
        EscalationPolicy(
            "default",
            (
                PolicyLevel(SafeText("On-call engineer"), ("schedule:primary",)),
                PolicyLevel(SafeText("Tech Lead"), ("person:lead",), timedelta(minutes=5)),
            ),
        ),
    ),
)


_TURNS = 25
"""Turns of the event loop: more than any read takes that waits for nothing outside of it."""


class TurnedClock:
    """A clock that stands still until it is turned; its wall clock can be set to anything."""

    def __init__(self) -> None:
        self.wall = START
        self.steady = 1000.0

    def now(self) -> datetime:
        """Return the wall clock."""
        return self.wall

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return self.steady

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += timedelta(seconds=seconds)
        self.steady += seconds


class Told:
    """What a source does at its next reads: answer, fail, have a bug, or hang."""

    def __init__(self) -> None:
        self.fails: Exception | None = None
        self.hangs = False
        self.stubborn = False
        self.reads = 0
        self.closed = False

    async def _behave(self) -> None:
        self.reads += 1
        while self.hangs:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not self.stubborn:
                    raise
        if self.fails is not None:
            raise self.fails

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


class ToldMetrics(Told):
    """A metrics source with a value for each indicator."""

    kind = "told metrics"

    def __init__(self, id: str = "metrics") -> None:
        super().__init__()
        self.id = id
        self.values: dict[str, float | None] = {"errors": 0.001}
        self.warnings: tuple[SafeText, ...] = ()
        self.history_hangs = False
        self.history_asked: list[tuple[datetime, timedelta]] = []

    async def read(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return the values as they are told."""
        await self._behave()
        return {i.id: Answer(self.values.get(i.id), now) for i in indicators}

    async def compare(self, indicators: Sequence[Indicator], now: datetime) -> Mapping[str, Answer]:
        """Return no comparison."""
        return {}

    async def history(
        self, indicators: Sequence[Indicator], start: datetime, end: datetime, step: timedelta
    ) -> Mapping[str, tuple[Point, ...]]:
        """Return a point of 7 at each step, and note what was asked."""
        self.history_asked.append((start, step))
        if self.history_hangs:
            await asyncio.Event().wait()
        moments = []
        at = start
        while at <= end:
            moments.append(at)
            at += step
        return {i.id: tuple(Point(m, 7.0) for m in moments) for i in indicators}


class ToldAlerts(Told):
    """An alert source that shows what it is told; it says `unchanged` like Alertmanager's does."""

    kind = "told alerts"

    def __init__(self, id: str = "am") -> None:
        super().__init__()
        self.id = id
        self.shown: dict[str, Observation] = {}
        self.restarted = False
        self.warnings: tuple[SafeText, ...] = ()
        self._last: tuple[object, ...] | None = None

    def show(self, *seen: Observation) -> None:
        """Show these alerts from now on, and no other."""
        self.shown = {one.fingerprint: one for one in seen}

    async def alerts(self, now: datetime) -> AlertReport:
        """Return what is shown."""
        await self._behave()
        state = (tuple(self.shown.values()), self.restarted, self.warnings)
        if state == self._last:
            return AlertReport(unchanged=True, restarted=self.restarted, warnings=self.warnings)
        self._last = state
        return AlertReport(tuple(self.shown.values()), False, self.restarted, self.warnings)

    def forget(self) -> None:
        """Give the whole list at the next read."""
        self._last = None


class World:
    """One engine, its store and its sources."""

    def __init__(
        self,
        store: Store,
        clock: TurnedClock | None = None,
        holder: str = "engine one",
        setup: Setup = SETUP,
        alert_sources: Sequence[ToldAlerts] | None = None,
    ) -> None:
        self.store = store
        self.clock = clock or TurnedClock()
        self.metrics = ToldMetrics()
        self.am, *others = alert_sources or (ToldAlerts(),)
        self.engine = Engine(
            store=store,
            setup=setup,
            clock=self.clock,
            holder=holder,
            metric_sources=(self.metrics,),
            alert_sources=(self.am, *others),
        )

    async def beat(self) -> bool:
        """Beat once: what is due is begun, and what has ended is recorded."""
        healthy = await cycle.beat(self.engine)
        tasks = [poll.task for poll in self.engine.polls if poll.task is not None]
        if tasks:
            # What can end without waiting has ended then, however late a clock would call; what
            # hangs stays in flight.
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            await asyncio.wait(tasks, timeout=0.005)
        return healthy

    async def refresh(self) -> None:
        """Let one refresh pass and be recorded."""
        self.clock.turn(SETUP.refresh.total_seconds())
        await self.beat()
        await self.beat()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, refresh by refresh."""
        for _ in range(round(seconds / SETUP.refresh.total_seconds())):
            await self.refresh()

    async def picture(self) -> Snapshot:
        """Return what a screen would draw now."""
        return await self.store.read(take_snapshot, self.clock.now())

    async def alert(self, fingerprint: str = "aa") -> Alert:
        """Return the newest occurrence of an alert that a screen shows."""
        shown = [a for a in (await self.picture()).alerts if a.fingerprint == fingerprint]
        assert shown, f"no alert {fingerprint} is shown"
        return max(shown, key=lambda alert: alert.occurrence)

    async def timeline(self, id: str) -> list[str]:
        """Return the entries of an occurrence as `author: text`."""
        told = await self.store.read(entries.load_of_alert, id)
        return [f"{entry.by}: {entry.text}" for entry in told]

    async def incident_timeline(self, number: int) -> tuple[Entry, ...]:
        """Return the entries of an incident."""
        return await self.store.read(entries.load_of_incident, number)


def alert(
    fingerprint: str = "aa",
    state: AlertState = AlertState.FIRING,
    *,
    active: float | None = None,
    fired: float | None = None,
    fires: float | None = None,
    silenced_by: tuple[str, ...] = (),
    **labels: str,
) -> Observation:
    """Return what a source says of an alert; times are seconds after START."""
    named = {"alertname": "HighErrorRate", "severity": "critical", "service": "payments", **labels}

    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else START + timedelta(seconds=seconds)

    return Observation(
        fingerprint=fingerprint,
        labels={name: clean(value) for name, value in named.items()},
        annotations={},
        state=state,
        active_at=at(active),
        fired_at=at(fired),
        fires_at=at(fires),
        silenced_by=silenced_by,
    )


def muted(seen: Observation, *by: str) -> Observation:
    """Return the observation as silenced."""
    return replace(seen, silenced_by=by)


def down(reason: str = "refused") -> RemoteError:
    """Return what a source that is down raises."""
    return RemoteError(SafeText(reason))
