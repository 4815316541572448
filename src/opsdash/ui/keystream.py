"""What is typed, as Textual's events: the escape key and a key right behind it are two keys.

Textual takes ESC and a letter that arrive within a tenth of a second for alt and the letter, and
drops the ESC before enter: over a slow line "leave this question" would answer it.
"""

import re
from collections.abc import Iterator
from time import monotonic

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.message import Message

_ESC = "\x1b"
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"

# An ESC that begins no sequence: CSI, SS3, strings of the terminal, and the keys for words (alt with
# b, f and backspace).
_MARKS = "\x1b\\[20[01]~|\x1b(?=[^][OPX^_bf\x7f])"
_MAY_BECOME_ONE = "\x1b(\\[(2(0[01]?)?)?)?$"


class KeyStream:
    """Reads pieces of what was typed, wherever they are cut; `feed` and `tick` give the events."""

    def __init__(self, debug: bool = False) -> None:
        self._parser = XTermParser(debug)
        self._pasted: list[str] | None = None
        self._held = ""
        self._held_until = 0.0

    def feed(self, text: str) -> Iterator[Message]:
        """Yield what a piece of text comes to."""
        text, self._held = self._held + text, ""
        begin = 0
        for mark in re.finditer(_MARKS, text):
            if self._pasted is not None and mark[0] != _PASTE_ENDS:
                continue
            yield from self._read(text[begin : mark.start()])
            begin = mark.end()
            if mark[0] == _ESC:
                yield events.Key("escape", _ESC)
            elif mark[0] == _PASTE_BEGINS:
                self._pasted = []
            elif self._pasted is not None:
                pasted, self._pasted = "".join(self._pasted), None
                yield events.Paste(pasted.replace("\0", ""))
        unfinished = re.search(_MAY_BECOME_ONE, text[begin:])
        if unfinished is not None:
            self._held = unfinished[0]
            self._held_until = monotonic() + constants.ESCAPE_DELAY
        yield from self._read(text[begin : len(text) - len(self._held)])

    def tick(self) -> Iterator[Message]:
        """Yield what was the beginning of nothing longer, once its time is over."""
        if self._held and monotonic() >= self._held_until:
            held, self._held = self._held, ""
            if held == _ESC and self._pasted is None:
                yield events.Key("escape", _ESC)
            else:
                yield from self._read(held)
        yield from self._parser.tick()

    def milliseconds_left(self) -> float | None:
        """Return how long what is read may still become something longer; None: for ever."""
        waits = [self._held_until] if self._held else []
        if self._parser._timeout_time is not None:
            waits.append(self._parser._timeout_time)
        return max(1.0, (min(waits) - monotonic()) * 1000 + 1) if waits else None

    def _read(self, text: str) -> Iterator[Message]:
        if self._pasted is not None:
            self._pasted.append(text)
        elif text:
            # To the parser the empty text is the end of all.
            yield from self._parser.feed(text)
