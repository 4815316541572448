"""The handoff screen: the shift's checklist and one digest, copied whole with a key."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from textual import events

from opsdash.digest import Digest
from opsdash.domain.handoff import handoff_lines
from opsdash.domain.text import clean
from opsdash.snapshot import Snapshot
from opsdash.ui.keys import first_key
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.handoff import handoff_page
from opsdash.ui.screens.page import Page

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


ANEW = timedelta(seconds=10)
"""How long the digest is shown as it was read, where nothing else changes meanwhile."""


class HandoffScreen(Page):
    """One schedule's shift, read from the store with every new picture: a page is seconds old on it."""

    app: "OpsdashApp"

    def __init__(self, schedule: str) -> None:
        super().__init__(f"Handoff {schedule}", self._lines)
        self._schedule = schedule
        self._digest: Digest | None = None
        self._trouble = ""
        self._reading: asyncio.Task[None] | None = None
        self._followed: Snapshot | None = None
        self._read_at: datetime | None = None

    def redraw(self) -> None:
        """Draw what is known, and read anew where there is a new picture or the last one is old."""
        now = self.app.moment().now
        old = self._read_at is None or now >= self._read_at + ANEW or now < self._read_at
        if old or self.app.snapshot is not self._followed:
            self._read()
        super().redraw()

    def _read(self) -> None:
        """Read once at a time; what changes meanwhile is read next."""
        if self._reading is None or self._reading.done():
            self._followed, self._read_at = self.app.snapshot, self.app.moment().now
            self._reading = asyncio.create_task(self._take())

    async def _take(self) -> None:
        before = self._digest, self._trouble
        try:
            self._digest = await self.app.feed.digest(self._schedule)
            self._trouble = "" if self._digest else f"there is no schedule {self._schedule}"
        except Exception as error:
            # Whatever keeps the store from being read is news for the screen, never its end.
            self._trouble = f"it cannot be read: {clean(error) or type(error).__name__}"
        if self.is_current and (self._digest, self._trouble) != before:
            super().redraw()

    def _lines(self, width: int, moment: Moment) -> Sequence[Line]:
        if self._read_at is not None:
            moment.expect(self._read_at + ANEW)
        if self._trouble:
            return [line((self._trouble, "crit bold"))]
        if self._digest is None:
            return [line(("reading the store", "muted"))]
        lines = handoff_page(
            self._digest.duties, handoff_lines(self._digest.handoff), width, self.app.glyphs
        )
        keys = self.app.keys
        hint = f"{first_key('copy', keys)} copies the digest, {first_key('undo', keys)} undoes"
        if self._digest.handoff.unreported:
            hint += f", {first_key('reported', keys)} report written"
        said = self.app.message or (hint, "muted")
        return [line(said), *lines]

    def press(self, event: events.Key) -> None:
        """Copy the digest, read it again, undo, or scroll."""
        action = self.app.action_of(event)
        if action == "copy" and self._digest is not None:
            self.app.copy_to_clipboard("\n".join(handoff_lines(self._digest.handoff)))
            self.app.say("copied the digest", "ok bold")
        elif action == "refresh":
            self._read()
        elif action == "reported" and self._digest is not None:
            from opsdash.ui.reporting import choose

            choose(self.app, self._digest.handoff.unreported)
        elif action == "undo":
            from opsdash.ui.acts import undo

            undo(self.app, ())
        else:
            super().press(event)
