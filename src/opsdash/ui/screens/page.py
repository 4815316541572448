"""A page to read, about an alert or about nothing."""

from collections.abc import Callable, Collection, Sequence

from textual import events

from opsdash.ui.lines import EMPTY, Line, crop, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.problems import engine_lines
from opsdash.ui.screens.sheet import Sheet

Produce = Callable[[int, Moment], Sequence[Line]]
"""Draws a page in as many lines as it takes, for a width in cells."""


class Page(Sheet[None]):
    """A page to read: scrolled by the keys of a list, closed by escape; acts go to what it is about.

    `only` are the actions that mean something there, empty for all; `offers` names keys in the title,
    as they fit at that moment.
    """

    hint = "esc closes"
    tells_alarms = True

    def __init__(self, title: str, produce: Produce, about: str | None = None) -> None:
        super().__init__()
        self.title_words = title
        self.about = about
        self.only: Collection[str] = ()
        self.offers: Callable[[], str] = lambda: ""
        self._called = title
        self._produce = produce
        self._top = 0
        self._length = 0
        self._page = 1

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return what keeps the page from being live, then the part of it that is scrolled to."""
        self.title_words = "  ".join(filter(None, (self._called, self.offers())))
        lines = list(self._produce(width, moment))
        message, snapshot = self.app.message, self.app.snapshot
        alarms = self.app.trouble_lines(width)
        if snapshot is not None:
            alarms += engine_lines(snapshot, moment, self.app.glyphs)
        room = height - len(alarms) - (1 if message and self.about else 0)
        self._length, self._page = len(lines), max(1, room)
        self._top = max(0, min(self._top, self._length - self._page))
        shown = [crop(one, width) for one in lines[self._top : self._top + max(0, room)]]
        if self.about is not None:
            shown += [EMPTY] * (room - len(shown))
        shown = [*(crop(one, width) for one in alarms), *shown]
        if message and self.about:
            shown.append(line(message))
        more = self._length - self._top - self._page
        self.hint = f"{more} more lines below" if more > 0 else "esc closes"
        return shown

    def press(self, event: events.Key) -> None:
        """Scroll, close, or let the key act on the alert that the page is about."""
        moves = {"down": 1, "up": -1, "page_down": self._page, "page_up": -self._page}
        action = self.app.action_of(event)
        if event.key == "space":
            self._scroll(self._top + self._page)
        elif action in moves:
            self._scroll(self._top + moves[action])
        elif action in ("first", "last"):
            self._scroll(0 if action == "first" else self._length)
        elif action in ("back", "detail", "quit", "help") or event.key == "ctrl+c":
            self.dismiss(None)
        elif self.about is not None and action and (not self.only or action in self.only):
            self.app.act_on(action, (self.about,))

    def on_mouse_scroll_down(self) -> None:
        """Scroll three lines down."""
        self._scroll(self._top + 3)

    def on_mouse_scroll_up(self) -> None:
        """Scroll three lines up."""
        self._scroll(self._top - 3)

    def _scroll(self, top: int) -> None:
        self._top = max(0, min(top, self._length - self._page))
        self.redraw()
