"""Pieces of a line: text with a style token, measured, cut and filled to a width in cells."""

from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

Span: TypeAlias = tuple[str, str]
"""Text and the token of its style; `""` is the line's own style."""

Line: TypeAlias = tuple[Span, ...]
"""Spans from left to right; the empty tuple is a blank line."""

StyleOf: TypeAlias = Callable[[str], Style]
"""Turns a style token into the style of the present theme."""

Align: TypeAlias = Literal["left", "right"]

ELLIPSIS = "…"
ASCII_ELLIPSIS = "~"


def plain(text: str, token: str = "") -> Line:
    """Return `text` as a line of one span."""
    return ((text, token),)


def text_of(line: Line) -> str:
    """Return what a line says, without its styles."""
    return "".join(text for text, _ in line)


def width_of(line: Line) -> int:
    """Return the width of a line in cells."""
    return sum(len(text) if text.isascii() else cell_len(text) for text, _ in line)


def fit_line(line: Line, width: int, align: Align = "left", ellipsis: str = ELLIPSIS) -> Line:
    """Return the line in exactly `width` cells: padded, or cut with an ellipsis."""
    used = width_of(line)
    if used == width:
        return line
    if used > width:
        return _cut_line(line, width, ellipsis)
    pad = (" " * (width - used), "")
    return (pad, *line) if align == "right" else (*line, pad)


def _cut_line(line: Line, width: int, ellipsis: str) -> Line:
    room = width - cell_len(ellipsis)
    if room < 0:
        return ((" " * max(0, width), ""),) if width > 0 else ()
    kept: list[Span] = []
    for text, token in line:
        cells = len(text) if text.isascii() else cell_len(text)
        if cells > room:
            kept.append((set_cell_size(text, room) + ellipsis, token))
            return tuple(kept)
        kept.append((text, token))
        room -= cells
    kept.append((" " * room + ellipsis, ""))
    return tuple(kept)


class Styler:
    """Resolves tokens over a base style, each combination once.

    `forget` drops what is cached: after a change of theme the same token means another style.
    """

    def __init__(self, style_of: StyleOf) -> None:
        self.style_of = style_of
        self._resolved: dict[tuple[str, str], Style] = {}
        self._base: Style | None = None

    def forget(self) -> None:
        """Resolve every token anew from now on."""
        self._resolved.clear()

    def segments(self, line: Iterable[Span], base: Style, over: str = "") -> list[Segment]:
        """Return the spans as segments: base, then the span's token, then the token `over`.

        Neighbours of one token become one segment, which every later stage is cheaper for.
        """
        if base != self._base:
            self._resolved.clear()
            self._base = base
        resolved = self._resolved
        segments: list[Segment] = []
        texts: list[str] = []
        last = None
        for text, token in line:
            if token != last:
                if texts:
                    segments.append(Segment("".join(texts), resolved[last or "", over]))
                    texts = []
                if (token, over) not in resolved:
                    resolved[token, over] = self._resolve(base, token, over)
                last = token
            if text:
                texts.append(text)
        if texts:
            segments.append(Segment("".join(texts), resolved[last or "", over]))
        return segments

    def _resolve(self, base: Style, token: str, over: str) -> Style:
        style = base
        for name in (token, over):
            if name:
                style += self.style_of(name)
        return style
