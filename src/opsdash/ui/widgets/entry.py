"""A line in which a person types: no markup, no suggestions, nothing that blinks."""

import unicodedata
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from opsdash.domain.text import clean
from opsdash.ui.widgets.lines import LineWidget
from opsdash.ui.widgets.spans import StyleOf

LIMIT = 500
"""Characters that a person can type into one line."""


class EntryLine(LineWidget, can_focus=True):
    """One line of typed text after a prompt. It tells of every change, of enter and of escape."""

    BINDINGS: ClassVar[list[BindingType]] = []

    class _About(Message):
        def __init__(self, entry: "EntryLine", text: str) -> None:
            super().__init__()
            self.entry = entry
            self.text = text

        @property
        def control(self) -> "EntryLine":
            """The line that the message is about."""
            return self.entry

    class Changed(_About):
        """The text is another."""

    class Submitted(_About):
        """A person pressed enter."""

    class Cancelled(_About):
        """A person pressed escape."""

    class Moved(Message):
        """A person pressed up or down: `rows` is -1 or 1."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    def __init__(
        self, prompt: str = "", style_of: StyleOf | None = None, *, id: str | None = None
    ) -> None:
        super().__init__(style_of, id=id)
        self._prompt = prompt
        self._text = ""
        self._at = 0

    @property
    def text(self) -> str:
        """What has been typed."""
        return self._text

    def show(self, prompt: str, text: str = "") -> None:
        """Begin anew with `prompt` and `text`, the cursor behind it."""
        self._prompt, self._text, self._at = prompt, text, len(text)
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """Take every key: what is typed here must never act on an alert."""
        event.stop()
        event.prevent_default()
        if event.key == "enter":
            self.post_message(self.Submitted(self, self._text))
        elif event.key in ("escape", "ctrl+c"):
            self.post_message(self.Cancelled(self, self._text))
        elif event.key in ("up", "down"):
            self.post_message(self.Moved(1 if event.key == "down" else -1))
        elif event.is_printable and event.character:
            self._insert(event.character)
        else:
            self._edit(event.key)

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text as typed: one visible line of it."""
        event.stop()
        self._insert(clean(event.text.strip("\r\n"), LIMIT))

    def _insert(self, piece: str) -> None:
        room = LIMIT - len(self._text)
        typed = clean(piece, LIMIT)[: max(0, room)]
        self._change(self._text[: self._at] + typed + self._text[self._at :], self._at + len(typed))

    def _edit(self, key: str) -> None:
        before, after = self._text[: self._at], self._text[self._at :]
        if key in ("backspace", "ctrl+h"):
            kept = _without_last(before)
            self._change(kept + after, len(kept))
        elif key in ("delete", "ctrl+d"):
            self._change(before + after[1:], self._at)
        elif key == "ctrl+u":
            self._change(after, 0)
        elif key == "ctrl+k":
            self._change(before, self._at)
        elif key == "ctrl+w":
            kept = before.rstrip()
            kept = kept[: kept.rfind(" ") + 1]
            self._change(kept + after, len(kept))
        elif key in ("left", "right", "home", "end", "ctrl+e"):
            last = len(self._text)
            moves = {"left": self._at - 1, "right": self._at + 1, "home": 0}
            self._change(self._text, min(max(moves.get(key, last), 0), last))

    def _change(self, text: str, at: int) -> None:
        differs = text != self._text
        self._text, self._at = text, at
        self.refresh()
        if differs:
            self.post_message(self.Changed(self, text))

    def render_line(self, y: int) -> Strip:
        """Draw the prompt and the text, scrolled so that the cursor is in view."""
        base = self.visual_style.rich_style
        if y:
            return Strip.blank(self.size.width, base)
        head = self.styler.segments(((self._prompt, "accent bold"),), base)
        room = max(1, self.size.width - cell_len(self._prompt) - 1)
        start = 0
        while cell_len(self._text[start : self._at]) > room:
            start += 1
        at = self._text[self._at : self._at + 1] or " "
        parts = (
            (self._text[start : self._at], "text"),
            (at, "reverse" if self.has_focus else "text"),
            (self._text[self._at + 1 :], "text"),
        )
        segments: list[Segment] = [*head, *self.styler.segments(parts, base)]
        return Strip(segments).adjust_cell_length(self.size.width, base)


def _without_last(text: str) -> str:
    """Drop the last character together with the marks that stand on it."""
    at = max(len(text) - 1, 0)
    while at and unicodedata.combining(text[at]):
        at -= 1
    return text[:at]
