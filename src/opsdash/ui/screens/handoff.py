"""The handoff screen: the shift's checklist and one digest, copied whole with a key."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events

from opsdash.digest import Digest
from opsdash.domain.handoff import handoff_lines
from opsdash.domain.text import clean
from opsdash.ui.keys import first_key
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.handoff import handoff_page
from opsdash.ui.screens.sheet import Page

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


class HandoffScreen(Page):
    """One schedule's shift; it is read from the store when it opens, and when it is asked again."""

    app: "OpsdashApp"

    def __init__(self, schedule: str) -> None:
        super().__init__(f"Handoff {schedule}", self._lines)
        self._schedule = schedule
        self._digest: Digest | None = None
        self._trouble = ""
        self._reading: asyncio.Task[None] | None = None

    def on_mount(self) -> None:
        """Draw at once, and read."""
        super().on_mount()
        self._read()

    def _read(self) -> None:
        self._reading = asyncio.create_task(self._take())

    async def _take(self) -> None:
        try:
            self._digest = await self.app.feed.digest(self._schedule)
            self._trouble = "" if self._digest else f"there is no schedule {self._schedule}"
        except Exception as error:
            # Whatever keeps the store from being read is news for the screen, never its end.
            self._trouble = f"it cannot be read: {clean(error) or type(error).__name__}"
        if self.is_current:
            self.redraw()

    def _lines(self, width: int, moment: Moment) -> Sequence[Line]:
        if self._trouble:
            return [line((self._trouble, "crit bold"))]
        if self._digest is None:
            return [line(("reading the store", "muted"))]
        lines = handoff_page(
            self._digest.duties, handoff_lines(self._digest.handoff), width, self.app.glyphs
        )
        keys = self.app.keys
        hint = (
            f"{first_key('copy', keys)} copies the digest, {first_key('refresh', keys)} reads again"
        )
        said = self.app.message or (hint, "muted")
        return [line(said), *lines]

    def press(self, event: events.Key) -> None:
        """Copy the digest, read it again, or scroll."""
        action = self.app.action_of(event)
        if action == "copy" and self._digest is not None:
            self.app.copy_to_clipboard("\n".join(handoff_lines(self._digest.handoff)))
            self.app.say("copied the digest", "ok bold")
        elif action == "refresh":
            self._read()
        else:
            super().press(event)
