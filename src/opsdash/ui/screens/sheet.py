"""Sheets: what lies over the dashboard until it is closed."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.css.types import EdgeType
from textual.screen import ModalScreen

from opsdash.ui.lines import EMPTY, Line, crop, frame_bottom, frame_top, framed, line, plain
from opsdash.ui.moment import Moment
from opsdash.ui.panes.problems import engine_lines
from opsdash.ui.widgets.entry import EntryLine
from opsdash.ui.widgets.lines import Lines

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

T = TypeVar("T")


class Sheet(ModalScreen[T], inherit_css=False):
    """A framed sheet in the middle of the screen; its keys reach nothing beneath it."""

    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    app: "OpsdashApp"

    title_words = ""
    hint = ""
    prompt = ""
    tells_alarms = False
    _answered = False

    def compose(self) -> ComposeResult:
        """Put up the lines, what is typed, and the border's last line."""
        self.face = Lines(id="face")
        self.foot = Lines(id="foot")
        yield self.face
        if self.prompt:
            self.entry = EntryLine(self, self.prompt, id="entry")
            yield self.entry
        yield self.foot

    def on_mount(self) -> None:
        """Draw at once and take the keys."""
        self.app.dress(self)
        self.redraw()

    def on_key(self, event: events.Key) -> None:
        """Type what is typed; without a prompt it is the sheet's own affair."""
        event.stop()
        event.prevent_default()
        if self.prompt:
            self.entry.take(event)
        else:
            self.press(event)

    def on_paste(self, event: events.Paste) -> None:
        """Type what is pasted."""
        event.stop()
        if self.prompt:
            self.entry.take(event)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close once, with the first answer: keys may wait that were pressed before it was gone."""
        if self._answered:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    def press(self, event: events.Key) -> None:
        """Do what a key is for on a sheet on which nothing is typed."""

    def typed(self, text: str) -> None:
        """Note that the text is another."""

    def submitted(self, text: str) -> None:
        """Take the text as the answer."""

    def cancelled(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def moved(self, rows: int) -> None:
        """Move the cursor of the sheet."""

    def forget_marks(self, keys: Sequence[str]) -> None:
        """Unmark what an act was done to, where rows can be marked."""

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new size."""
        self.redraw()

    def space(self) -> tuple[int, int]:
        """Return the largest inner width and height, in cells and lines."""
        size = self.app.size
        return max(size.width - 4, 1), max(size.height - 2, 1)

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return the lines inside the frame, at most `width` cells wide and `height` long."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw for this moment."""
        if not self.is_mounted or not self.app.size.width or not self.app.size.height:
            return
        self.moment = self.app.moment()
        width, height = self.space()
        lines = list(self.body(width, height, self.moment))[:height]
        self._show(lines, width)

    def _show(self, lines: list[Line], width: int) -> None:
        glyphs = self.app.glyphs
        outer = width + 4
        title = line((self.title_words, "accent bold"))
        snapshot = self.app.snapshot
        # On a small screen it covers the line that says so.
        if snapshot and not self.tells_alarms and engine_lines(snapshot, self.moment, glyphs):
            title = crop(line(("NO ENGINE RUNS", "crit reverse bold"), " ", title), max(1, width))
        hint = line((self.hint, "muted"))
        drawn = [
            frame_top(outer, title, hint, glyphs, True),
            *(framed(one, outer, glyphs, True) for one in lines),
        ]
        bottom = frame_bottom(outer, glyphs, True)
        self.face.styles.height = len(drawn)
        self.face.update([plain(one) for one in drawn] if self.app.ascii_only else drawn)
        self.foot.update([plain(bottom) if self.app.ascii_only else bottom])
        self.face.styles.width = self.foot.styles.width = outer
        if self.prompt:
            self.entry.styles.width = outer
            kind: EdgeType = "ascii" if self.app.ascii_only else "solid"
            colour = self.app.side_colour(True)
            self.entry.styles.border_left = (kind, colour)
            self.entry.styles.border_right = (kind, colour)


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
        moves = {"pagedown": self._page, "pageup": -self._page, "space": self._page}
        action = self.app.action_of(event)
        if event.key in moves:
            self._scroll(self._top + moves[event.key])
        elif action in ("down", "up"):
            self._scroll(self._top + (1 if action == "down" else -1))
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


class Choose(Sheet[str | None]):
    """A list to choose one of: typed letters narrow it, enter takes the row, escape takes none."""

    hint = "enter takes, esc leaves"
    prompt = "> "

    def __init__(
        self,
        title: str,
        choices: Sequence[tuple[str, Line]],
        chosen: str | None = None,
        on_move: Callable[[str], None] | None = None,
        about: Sequence[Line] = (),
    ) -> None:
        super().__init__()
        self.title_words = title
        self._about = list(about)
        self._choices = list(choices)
        self._shown = self._choices
        self._at = next((i for i, (key, _) in enumerate(self._choices) if key == chosen), 0)
        self._on_move = on_move

    def space(self) -> tuple[int, int]:
        """Return a width that suits the choices, and one line less for the entry."""
        width, height = super().space()
        return min(width, 76), height - 1

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return the choices around the one under the cursor, beneath what they are about."""
        about = self._about if height > len(self._about) + 3 else []
        height -= len(about)
        top = max(0, min(self._at - height // 2, len(self._shown) - height))
        rows = []
        for index, (_, words) in list(enumerate(self._shown))[top : top + height]:
            here = index == self._at
            mark = self.app.glyphs.cursor if here else " "
            row = crop(line((mark, "accent bold"), " ", words), width)
            rows.append(tuple((t, f"{s} on cursor") for t, s in row) if here else row)
        rows = rows or [line(("nothing of that name", "muted"))]
        return [*about, *rows, *[EMPTY] * (min(len(self._choices), height) - len(rows))]

    def typed(self, text: str) -> None:
        """Narrow the list."""
        words = text.lower().split()
        self._shown = [
            (key, words_of)
            for key, words_of in self._choices
            if all(word in "".join(text for text, _ in words_of).lower() for word in words)
        ]
        self._at = 0
        self._moved()

    def moved(self, rows: int) -> None:
        """Move the cursor."""
        self._at = max(0, min(self._at + rows, len(self._shown) - 1))
        self._moved()

    def _moved(self) -> None:
        if self._on_move is not None and self._shown:
            self._on_move(self._shown[self._at][0])
        self.redraw()

    def submitted(self, text: str) -> None:
        """Take the row under the cursor; where there is none, take none."""
        self.dismiss(self._shown[self._at][0] if self._shown else None)


class Ask(Sheet[str | None]):
    """A question with one line to answer; escape answers nothing at all."""

    hint = "enter does it, esc leaves all as it is"

    def __init__(self, title: str, words: Sequence[Line], prompt: str, needed: str = "") -> None:
        super().__init__()
        self.title_words = title
        self._words = list(words)
        self.prompt = prompt
        self._needed = needed
        self._missing = False

    def space(self) -> tuple[int, int]:
        """Return a width that is easy to read, and one line less for the entry."""
        width, height = super().space()
        return min(width, 76), height - 1

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return what is asked; what must not be left empty is said when it is."""
        words = self._words[: max(1, height - 1)]
        return [*words, line((self._needed, "warn bold")) if self._missing else EMPTY]

    def submitted(self, text: str) -> None:
        """Answer, unless an answer is needed and there is none."""
        if self._needed and not text.strip():
            self._missing = True
            self.redraw()
            return
        self.dismiss(text.strip())
