"""The feed and the hand of a real dashboard: both talk to the store and to nothing else."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from opsdash import response
from opsdash.domain.alert import Alert
from opsdash.domain.deployment import services_of, telling
from opsdash.domain.incident import incident_number
from opsdash.domain.indicator import Indicator
from opsdash.domain.sample import Point
from opsdash.domain.setup import Setup
from opsdash.domain.timeline import Actor, Entry
from opsdash.snapshot import EngineState, Snapshot, take_snapshot
from opsdash.store import alerts, changes, deployments, entries, readings
from opsdash.store.connection import Connection, connect
from opsdash.store.errors import StoreLocked
from opsdash.store.session import Store, open_store
from opsdash.ui.ports import Detail, Outcome

EARLIER_SHOWN = 20
"""Former occurrences of an alert that its detail lists."""


class _Opened:
    """A store that is opened by the event loop that first needs it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._opening = asyncio.Lock()

    async def store(self) -> Store:
        """Return the open store; raise StoreError where it cannot be opened."""
        async with self._opening:
            if self._store is None:
                self._store = await open_store(self._path)
            return self._store


class StoreFeed(_Opened):
    """Snapshots of the store at `path`, each made from the one before and what changed since.

    `engine_missed` is called at each snapshot that shows no engine at work.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], datetime],
        first: Snapshot | None = None,
        engine_missed: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(path)
        self._clock = clock
        self._previous = first
        self._engine_missed = engine_missed
        self._watch: Connection | None = None
        self._version: int | None = None
        self._marks: tuple[int | None, ...] | None = None

    async def changed(self) -> bool:
        """Return whether another connection has written, since the last `take`, what is drawn.

        It looks from this very thread: handing four looks a second to another would cost more
        than the looks. A store that makes it wait counts as changed, and `take` waits elsewhere.
        """
        try:
            version = self._watched().data_version()
            if version == self._version:
                return False
            if self._watched().read(changes.marks) != self._marks:
                return True
        except StoreLocked:
            return True
        self._version = version
        return False

    async def take(self) -> Snapshot:
        """Return the picture of the store now."""
        store = await self.store()
        # The marks are taken first: a commit in between is then seen as a change at the next look.
        try:
            version = self._watched().data_version()
            marks = self._watched().read(changes.marks)
        except StoreLocked:
            version, marks = None, None
        taken = await store.read(take_snapshot, self._clock(), self._previous)
        self._previous, self._version, self._marks = taken, version, marks
        if taken.engine.state is not EngineState.RUNNING:
            self._engine_missed()
        return taken

    def _watched(self) -> Connection:
        if self._watch is None:
            self._watch = connect(self._path, busy_timeout_ms=0)
        return self._watch

    async def detail(self, id: str) -> Detail:
        """Return the timeline and chart of an alert or incident, or the chart of an indicator."""
        setup = self._previous.setup if self._previous else Setup()
        return await (await self.store()).read(_detail, id, setup, self._clock())

    async def request_refresh(self) -> None:
        """Ask the engine to read every source now."""
        await (await self.store()).write(changes.ask_refresh)


class StoreHand(_Opened):
    """A person's writes, each one transaction that is durable when it returns.

    It has a connection of its own: none sees its own commits as a change, and the feed must.
    """

    def __init__(self, path: Path, actor: Actor, clock: Callable[[], datetime]) -> None:
        super().__init__(path)
        self._actor = actor
        self._clock = clock

    async def acknowledge(self, ids: Sequence[str], comment: str = "") -> Outcome:
        """Take the alerts `ids`."""
        return await (await self.store()).write(
            response.acknowledge, self._actor, self._clock(), ids, comment
        )

    async def unacknowledge(self, ids: Sequence[str]) -> Outcome:
        """Give the alerts `ids` back to nobody."""
        return await (await self.store()).write(
            response.unacknowledge, self._actor, self._clock(), ids
        )

    async def escalate(
        self,
        ids: Sequence[str],
        as_of_levels: Mapping[str, int],
        reason: str,
        to: int | None = None,
    ) -> Outcome:
        """Raise the alerts `ids`, unless another person has moved them since."""
        return await (await self.store()).write(
            response.escalate, self._actor, self._clock(), ids, as_of_levels, reason, to
        )

    async def undo(self) -> Outcome:
        """Take back this person's own last act."""
        return await (await self.store()).write(response.undo, self._actor, self._clock())


def _detail(connection: sqlite3.Connection, id: str, setup: Setup, now: datetime) -> Detail:
    number = incident_number(id)
    if number is not None:
        return Detail(id, entries=entries.load_of_incident(connection, number))
    alert = alerts.load(connection, id)
    indicator = _charted(alert, id, setup)
    hour: tuple[Point, ...] = ()
    day: tuple[Point, ...] = ()
    if indicator is not None:
        hour = readings.points(connection, indicator.id, readings.FINE, now - timedelta(hours=1))
        day = readings.points(connection, indicator.id, readings.MINUTE, now - timedelta(days=1))
    if alert is None:
        return Detail(id, indicator=indicator, hour=hour, day=day)
    earlier = alerts.load_earlier(connection, alert, EARLIER_SHOWN)
    story = entries.load_of_alert(connection, id)
    if alert.incident is not None:
        of_incident = entries.load_of_incident(connection, incident_number(alert.incident) or 0)
        story = tuple(sorted({e.id: e for e in (*story, *of_incident)}.values(), key=_order))
    since = (alert.fired_at or alert.active_at) - deployments.RECENT
    changed = deployments.load_recent(connection, services_of(alert), since, now)
    return Detail(id, story, indicator, hour, day, earlier, telling(changed))


def _order(entry: Entry) -> tuple[datetime, int]:
    return entry.at, entry.id


def _charted(alert: Alert | None, id: str, setup: Setup) -> Indicator | None:
    """The indicator `id`, or the one whose chart explains an alert of this name."""
    if alert is None:
        return next((i for i in setup.indicators if i.id == id), None)
    return next((i for i in setup.indicators if alert.name in i.alerts), None)
