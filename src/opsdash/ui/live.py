"""The feed of a real dashboard: it reads the store and nothing else."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from opsdash.domain.alert import Alert
from opsdash.domain.deployment import services_of, telling
from opsdash.domain.failures import FailureBatch
from opsdash.domain.incident import incident_number
from opsdash.domain.indicator import Indicator
from opsdash.domain.problem import Problem
from opsdash.domain.sample import Point
from opsdash.domain.setup import Setup
from opsdash.domain.source import EngineState
from opsdash.domain.text import clean
from opsdash.domain.timeline import Entry
from opsdash.snapshot import Snapshot, take_snapshot, with_start
from opsdash.store import (
    alerts,
    changes,
    deployments,
    entries,
    failures,
    letters,
    readings,
)
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreLocked
from opsdash.store.files import touched
from opsdash.store.opening import connect_as_allowed
from opsdash.store.session import Store, open_store, open_store_as_allowed
from opsdash.ui.ports import LETTER, Detail
from opsdash.ui.sameness import live_until
from opsdash.ui.stillness import Stillness
from opsdash.ui.stories import Stories

if TYPE_CHECKING:
    from opsdash.digest import Digest

STORY_SHOWN = 300
"""Entries of an incident's timeline that a detail holds."""

BATCHES_SHOWN = 20
"""Failure batches of an indicator that its detail lists."""

EARLIER_SHOWN = 20
"""Former occurrences of an alert that its detail lists."""


class Opened:
    """A store that is opened by the event loop that first needs it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._opening = asyncio.Lock()

    async def store(self) -> Store:
        """Return the open store; raise StoreError where it cannot be opened."""
        async with self._opening:
            if self._store is None:
                self._store = await self._open()
            return self._store

    async def _open(self) -> Store:
        return await open_store(self._path)


class StoreFeed(Opened):
    """Snapshots of the store at `path`, each made from the one before and what changed since.

    `engine_missed` is called at each snapshot that shows no engine at work; it returns in how many
    seconds one that is on its way should be, 0 where none is. A store that may not be written is
    read; the snapshot says that nothing can be recorded.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], datetime],
        first: Snapshot | None = None,
        engine_missed: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(path)
        self._clock = clock
        self._previous = first
        self._engine_missed = engine_missed
        self._watch: Connection | None = None
        self._version: int | None = None
        self._marks: changes.Marks | None = None
        self._read_again = False
        self._live_until: datetime | None = None
        self._copied: object = None
        self._stillness = Stillness(path)
        self._stories = Stories(STORY_SHOWN)

    async def _open(self) -> Store:
        return await open_store_as_allowed(self._path)

    async def changed(self) -> bool:
        """Return whether another connection has written, since the last `take`, what is drawn.

        It looks from this very thread: handing four looks a second to another would cost more
        than the looks. A store that makes it wait counts as changed, and `take` waits elsewhere.
        """
        try:
            if self._watched().is_copy:
                return touched(self._path) != self._copied
            self._stillness.begin()
            version = self._watched().data_version()
            self._stillness.heed(version)
            if version != self._version and self._is_drawn_otherwise():
                return True
        except StoreLocked:
            return True
        if self._read_again and self._is_old():
            return True
        self._version = version
        self._stillness.confirm()
        return False

    def _is_drawn_otherwise(self) -> bool:
        before, marks = self._marks, self._watched().read(changes.marks)
        self._read_again = before is None or marks.again != before.again
        return before is None or marks.drawn != before.drawn

    def _is_old(self) -> bool:
        """Whether the last picture shows anything as old: that it was read again is news then."""
        if self._live_until is None and self._previous is not None:
            self._live_until = live_until(self._previous)
        return self._live_until is None or self._clock() >= self._live_until

    def still(self) -> bool:
        """Whether nothing was written since `changed` said no, as the file's own times tell."""
        return self._stillness.holds()

    def rest(self, told: Callable[[], None]) -> float:
        """Return for how many seconds it is `still` unless `told` is called; 0 where nobody tells."""
        return self._stillness.rest(told)

    def leave(self) -> None:
        """Have nobody told any more."""
        self._stillness.close()

    async def take(self) -> Snapshot:
        """Return the picture of the store now."""
        await self._copy_again()
        store = await self.store()
        # The marks are taken first: a commit in between is then seen as a change at the next look.
        try:
            version = self._watched().data_version()
            marks = self._watched().read(changes.marks)
        except StoreLocked:
            version, marks = None, None
        taken = await store.read(take_snapshot, self._clock(), self._previous)
        if taken.engine.state is not EngineState.RUNNING:
            taken = with_start(taken, self._engine_missed(), self._previous)
        if store.read_only:
            text = f"nothing can be recorded: {store.read_only}"
            taken = replace(taken, problems=(Problem("store", clean(text)), *taken.problems))
        self._previous, self._version, self._marks = taken, version, marks
        self._read_again, self._live_until = False, None
        return taken

    async def _copy_again(self) -> None:
        """Take a new private copy, where that is all that can be read and the store has moved."""
        if not self._watched().is_copy:
            return
        copied = touched(self._path)
        if copied == self._copied:
            return
        if self._copied is not None:
            self._watched().close()
            self._watch = None
            async with self._opening:
                if self._store is not None:
                    await self._store.close()
                    self._store = None
        self._copied = copied

    def _watched(self) -> Connection:
        if self._watch is None:
            self._watch = connect_as_allowed(self._path, busy_timeout_ms=0)
        return self._watch

    async def detail(self, id: str) -> Detail:
        """Return the timeline and chart of an alert or incident, or the chart of an indicator."""
        setup = self._previous.setup if self._previous else Setup()
        return await (await self.store()).read(_detail, id, setup, self._clock(), self._stories)

    async def digest(self, schedule: str) -> "Digest | None":
        """Return what the shift of a schedule hands over."""
        return await (await self.store()).read(_digest, schedule, self._clock(), self._previous)

    async def request_refresh(self) -> None:
        """Ask the engine to read every source now."""
        await (await self.store()).write(changes.ask_refresh)


def _digest(
    connection: sqlite3.Connection, schedule: str, now: datetime, previous: Snapshot | None
) -> "Digest | None":
    from opsdash.digest import take_digest

    snapshot = take_snapshot(connection, now, previous)
    found = next((s for s in snapshot.setup.schedules if s.id == schedule), None)
    return None if found is None else take_digest(connection, snapshot, found, now)


def _detail(
    connection: sqlite3.Connection, id: str, setup: Setup, now: datetime, stories: Stories
) -> Detail:
    if id.startswith(LETTER):
        return Detail(id, page=letters.load_page(connection, int(id.removeprefix(LETTER))))
    number = incident_number(id)
    if number is not None:
        return Detail(id, entries=stories.newest(connection, number))
    alert = alerts.load(connection, id)
    indicator = _charted(alert, id, setup)
    hour: tuple[Point, ...] = ()
    day: tuple[Point, ...] = ()
    if indicator is not None:
        hour = readings.points(connection, indicator.id, readings.FINE, now - timedelta(hours=1))
        day = readings.points(connection, indicator.id, readings.MINUTE, now - timedelta(days=1))
    if alert is None:
        batches: tuple[FailureBatch, ...] = ()
        if indicator is not None and indicator.investigate:
            batches = failures.load_newest(connection, BATCHES_SHOWN, indicator.id)
        # A silence's own timeline stands under its id, an indicator's is that of its failures.
        told = next((batch.id for batch in batches if batch.ended_at is None), id)
        story = entries.load_of_alert(connection, told)
        return Detail(id, story, indicator, hour, day, batches=batches)
    earlier = alerts.load_earlier(connection, alert, EARLIER_SHOWN)
    story = entries.load_of_alert(connection, id)
    if alert.incident is not None:
        opened = incident_number(alert.incident) or 0
        of_incident = stories.newest(connection, opened)
        story = tuple(sorted({e.id: e for e in (*story, *of_incident)}.values(), key=_order))
    since = (alert.fired_at or alert.active_at) - deployments.RECENT
    changed = deployments.load_recent(connection, services_of(alert), since, now)
    from opsdash.store import sightings

    seen = sightings.load(connection, id)
    return Detail(id, story, indicator, hour, day, earlier, telling(changed), sighting=seen)


def _order(entry: Entry) -> tuple[datetime, int]:
    return entry.at, entry.id


def _charted(alert: Alert | None, id: str, setup: Setup) -> Indicator | None:
    """The indicator `id`, or the one whose chart explains an alert of this name."""
    if alert is None:
        return next((i for i in setup.indicators if i.id == id), None)
    return next((i for i in setup.indicators if alert.name in i.alerts), None)
