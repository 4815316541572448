"""A line in which a person types: no markup, no suggestions, nothing that blinks."""

import unicodedata
from typing import Protocol

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.strip import Strip

from opsdash.domain.text import clean
from opsdash.ui.widgets.lines import LineWidget
from opsdash.ui.widgets.spans import StyleOf

LIMIT = 500
"""Characters that a person can type into one line."""


class Typist(Protocol):
    """Whoever shows an `EntryLine`; each call is made at once, before the next key is looked at."""

    def typed(self, text: str) -> None:
        """The text is another."""

    def submitted(self, text: str) -> None:
        """A person pressed enter."""

    def cancelled(self) -> None:
        """A person pressed escape."""

    def moved(self, rows: int) -> None:
        """A person pressed up (-1) or down (1)."""


class EntryLine(LineWidget):
    """One line of typed text after a prompt.

    It is given its keys by whoever shows it, in the order in which they were typed; waiting for
    the focus would lose the first ones or let them act elsewhere.
    """

    def __init__(
        self,
        typist: Typist,
        prompt: str = "",
        style_of: StyleOf | None = None,
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(style_of, id=id)
        self._typist = typist
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

    def take(self, event: events.Key | events.Paste) -> None:
        """Take a key, whatever it is, or the one visible line of a paste."""
        event.stop()
        event.prevent_default()
        if isinstance(event, events.Paste):
            self._insert(clean(event.text.strip("\r\n"), LIMIT))
        elif event.key == "enter":
            self._typist.submitted(self._text)
        elif event.key in ("escape", "ctrl+c"):
            self._typist.cancelled()
        elif event.key in ("up", "down"):
            self._typist.moved(1 if event.key == "down" else -1)
        elif event.is_printable and event.character:
            self._insert(event.character)
        else:
            self._edit(event.key)

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
            self._typist.typed(text)

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
            (at, "reverse"),
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
