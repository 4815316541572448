"""The one loop of a dashboard: it looks whether the store changed, and has drawn what reads otherwise."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from opsdash.domain.text import clean
from opsdash.snapshot import Snapshot
from opsdash.ui.moment import Moment
from opsdash.ui.sameness import looks_alike, stale_at

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

POLL = 0.25
"""Seconds between two looks at whether the store changed."""

POLL_WHEN_TOLD = 1.0
"""Seconds between two looks at what time alone changes, while whoever writes the store is heard."""

HEARD_BEFORE = 0.12
"""Seconds from hearing of a write to the look: then it is safe on the disk, and what goes with it is too."""

POLL_AT_START = 0.02
"""Seconds between two looks while an engine has been started a moment ago: its first figures are awaited."""

STARTS_FOR = timedelta(seconds=3)
"""How long after such a start the first figures are awaited."""

RETAKE_AFTER = timedelta(seconds=5)
"""Age from which a snapshot is taken anew when its picture would change with time alone."""

PAINTED_WITHIN = 0.1
"""Seconds for which what belongs to a row waits to be read until the row is painted."""


def awaited_until(first: Snapshot | None) -> datetime | None:
    """Return until when the first figures of an engine on its way are awaited, None where none is."""
    if first is None or first.engine.starting_until is None:
        return None
    return first.taken_at + STARTS_FOR


def look_after(now: datetime, awaited: datetime | None) -> float:
    """Return the seconds until the next look at the store."""
    return POLL_AT_START if awaited is not None and now < awaited else POLL


class Lookout:
    """Keeps the snapshot and the detail that the app shows to what the store holds.

    `trouble` is what keeps the store from being read, empty where all is well.
    """

    def __init__(self, app: "OpsdashApp") -> None:
        self.trouble = ""
        self._app = app
        self._awaited_until = awaited_until(app.snapshot)
        self._wake = asyncio.Event()
        self._looked_at = 0.0
        self._wanted: str | None = None
        self._detail_due = False
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Look, draw, and wait for the next time or for whoever asks for it, without an end."""
        try:
            while True:
                await self.look()
                self._look_later(self._app.now())
                try:
                    await self._wake.wait()
                finally:
                    # The app that ends this task has no screens any more when the timer is due.
                    self._stop_timer()
                self._wake.clear()
        finally:
            self._app.feed.leave()

    def _look_later(self, now: datetime) -> None:
        self._stop_timer()
        self._looked_at = asyncio.get_running_loop().time()
        self._timer = asyncio.get_running_loop().call_later(self._rest(now), self._peek)

    def _rest(self, now: datetime) -> float:
        """Return the seconds until the next look, unless a write is heard before."""
        after = look_after(now, self._awaited_until)
        if after < POLL or self._is_busy():
            return after
        moments = (self._app.dashboard.moment, getattr(self._app.screen, "moment", None))
        due = min((m.changes_at for m in moments if isinstance(m, Moment)), default=now)
        quiet = min(self._app.feed.rest(self._hear), POLL_WHEN_TOLD, (due - now).total_seconds())
        return max(quiet, after)

    def _hear(self) -> None:
        """Look soon at what is being written, and no more often than at any other time."""
        if self._timer is None:
            return  # it looks at this very moment, and will see that it is not still
        loop = asyncio.get_running_loop()
        at = max(loop.time() + HEARD_BEFORE, self._looked_at + POLL)
        if at < self._timer.when():
            self._stop_timer()
            self._timer = loop.call_at(at, self._peek)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _peek(self) -> None:
        """Go on resting, without a task being switched to, or look: mostly nothing has happened."""
        now = self._app.now()
        if self._is_due(now) or not self._app.feed.still():
            self.wake()
        else:
            self._look_later(now)

    def _is_due(self, now: datetime) -> bool:
        """Whether something is to be drawn or told although nothing was written."""
        app = self._app
        return self._is_busy() or app.dashboard.due(now) or app.sheet_due(now)

    def _is_busy(self) -> bool:
        app = self._app
        return bool(app.snapshot is None or app.message or self.trouble or self._detail_due)

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def want(self, id: str | None) -> None:
        """Ask for the detail of an alert, incident or indicator; it is drawn when it is there."""
        if id and id != self._wanted:
            self._wanted = id
            self._detail_due = True
            self._wake.set()

    async def look_again(self) -> None:
        """Take the snapshot and the detail anew: something was written here."""
        self._detail_due = True
        await self.look(take=True)

    async def look(self, take: bool = False) -> None:
        """Take a snapshot if there is a new one, then draw if anything reads otherwise."""
        changed = await self._take(take)
        now = self._app.now()
        changed = self._app.forget_message(now) or changed
        if changed or self._app.dashboard.due(now) or self._app.sheet_due(now):
            self._app.redraw()
        if await self._fetch_detail(changed):
            self._app.dashboard.draw_around()
            self._app.redraw_sheet()

    async def _take(self, take: bool) -> bool:
        app, now = self._app, self._app.now()
        stale = app.snapshot is None or (
            app.dashboard.due(now) and now - app.snapshot.taken_at >= RETAKE_AFTER
        )
        if app.paused and not take and app.snapshot is not None:
            return False
        before, trouble = app.snapshot, self.trouble
        try:
            if take or stale or await app.feed.changed():
                app.snapshot = await app.feed.take()
                app.ringer.look(app.snapshot, now)
            self.trouble = ""
        except Exception as error:
            # Whatever keeps the store from being read is news for the screen, never its end.
            self.trouble = f"the store cannot be read: {clean(error) or type(error).__name__}"
        return self.trouble != trouble or self._reads_otherwise(before)

    def _reads_otherwise(self, before: Snapshot | None) -> bool:
        """Whether the snapshot shows anything that the one before did not."""
        app, drawn = self._app, self._app.dashboard.moment
        if app.snapshot is before:
            return False
        if before is None or app.snapshot is None or drawn is None or app.screen.is_modal:
            return True
        if not looks_alike(before, drawn.now, app.snapshot):
            return True
        # What was read again is too old later than what was drawn.
        drawn.stale_at = stale_at(app.snapshot)
        return False

    async def _fetch_detail(self, changed: bool) -> bool:
        wanted = self._wanted
        if wanted is None or not (self._detail_due or changed):
            return False
        self._detail_due = False
        if changed:
            # What was decided is painted before what is told of it is read: the two would take turns.
            await self._painted()
        try:
            found = await self._app.feed.detail(wanted)
        except Exception:
            # The picture is whole without it, and `_take` has said what is wrong.
            return False
        if self._app.details.get(wanted) == found:
            return False
        self._app.details = {wanted: found}
        return True

    async def _painted(self) -> None:
        """Wait until what was drawn is written, a moment at the most where nothing paints."""
        written = asyncio.Event()
        self._app.call_after_refresh(written.set)
        with suppress(TimeoutError):
            await asyncio.wait_for(written.wait(), PAINTED_WITHIN)
