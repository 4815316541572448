"""Lines of styled spans: the paper that the panes draw on, before any terminal is involved.

A style is a few words: a theme token for the letters, `on TOKEN` for the ground, and any of bold,
dim, reverse, underline. The empty style is the line's own.
"""

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from opsdash.ui.glyphs import Glyphs, to_ascii
from opsdash.ui.widgets.spans import Line, Span, text_of, width_of

__all__ = ["EMPTY", "Line", "Span", "text_of", "width_of"]

EMPTY: Line = ()

_SMALL = "an?|and|at|by|for|from|in|its?|of|on|or|over|per|the|to|with"
_WAITING = re.compile(rf"(?:[\s,;:(]+(?:{_SMALL}))*[\s,;:(]*$")
"""Words and signs at a text's end that wait for another."""


def line(*parts: str | Span | Line) -> Line:
    """Return a line of plain texts, spans and other lines in a row."""
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            if part:
                spans.append((part, ""))
        elif part:
            if isinstance(part[0], str):
                if part[0]:
                    spans.append((part[0], str(part[1])))
            else:
                spans += [piece for piece in part if isinstance(piece, tuple) and piece[0]]
    return tuple(spans)


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """Return `text` in at most `width` cells, the end replaced by an ellipsis where it is longer."""
    if width <= 0:
        return ""
    text = _within(text, width)
    if (len(text) if text.isascii() else cell_len(text)) <= width:
        return text
    if text.isascii():
        return text[: max(0, width - len(ellipsis))].rstrip() + ellipsis
    return set_cell_size(text, width - cell_len(ellipsis)).rstrip() + ellipsis


def cut_words(text: str, width: int, ellipsis: str = "…") -> str:
    """Return `text` in at most `width` cells, cut after a whole word where that leaves the most of it.

    No comma stands at its end, and no word that waits for what was cut: `full in 21h…`, not `… at the…`.
    """
    shown = cut(text, width, ellipsis)
    if shown == text or not ellipsis or not shown.endswith(ellipsis):
        return shown
    kept = shown[: -len(ellipsis)]
    if not text[len(kept) : len(kept) + 1].isspace():
        words = kept.rpartition(" ")[0].rstrip()
        if 2 * cell_len(words) < width:
            return shown
        kept = words
    ended = _WAITING.sub("", kept)
    return (ended if 3 * cell_len(ended) >= width else kept) + ellipsis


def _within(text: str, width: int) -> str:
    """Return as much of a text as can matter in `width` cells: clean text has at most three marks
    on a letter, and measuring two thousand characters for forty cells is what makes a screen slow.
    """
    return text[: 4 * width + 8]


def fit(text: str, width: int, align: str = "left", ellipsis: str = "…") -> str:
    """Return `text` in exactly `width` cells, padded on the right or, for `right`, on the left."""
    shown = cut(text, width, ellipsis)
    blank = " " * max(0, width - cell_len(shown))
    return blank + shown if align == "right" else shown + blank


def pad(text: str, width: int) -> str:
    """Return `text` in at least `width` cells, with blanks behind it where it has fewer."""
    return text + " " * (width - (len(text) if text.isascii() else cell_len(text)))


def crop(drawn: Line, width: int, style: str = "") -> Line:
    """Return the line in exactly `width` cells: cut where longer, padded with `style` where not."""
    room = max(0, width)
    kept: list[Span] = []
    for given, words in drawn:
        text = _within(given, room)
        size = len(text) if text.isascii() else cell_len(text)
        if size > room:
            kept.append((set_cell_size(text, room), words))
            room = 0
            break
        kept.append((text, words))
        room -= size
    if room:
        kept.append((" " * room, style))
    return tuple(span for span in kept if span[0])


def spread(left: Line, right: Line, width: int, fill: str = " ", style: str = "") -> Line:
    """Return `left` and `right` at the two ends of `width` cells; the left one yields."""
    right = crop(right, min(width, width_of(right)))
    room = width - width_of(right)
    if width_of(left) >= room:
        return line(crop(left, room), right)
    return line(left, (fill * (room - width_of(left)), style), right)


def spaced(parts: Iterable[Line], gap: str = "  ") -> Line:
    """Return the parts that are not empty in a row with `gap` between them."""
    joined: list[Span] = []
    for part in parts:
        if part:
            if joined:
                joined.append((gap, ""))
            joined.extend(part)
    return tuple(joined)


def on(drawn: Line, words: str) -> Line:
    """Return the line with the style words added to every span, as for the row under the cursor."""
    return tuple((text, f"{style} {words}".strip()) for text, style in drawn)


def plain(drawn: Line) -> Line:
    """Return the line for a terminal that writes only ASCII."""
    return tuple((to_ascii(text), words) for text, words in drawn)


def frame(
    body: Sequence[Line],
    width: int,
    height: int,
    title: Line,
    aside: Line,
    glyphs: Glyphs,
    focused: bool = False,
) -> list[Line]:
    """Return `height` lines: the body in a border that carries `title` and, at its end, `aside`."""
    if height < 2 or width < 4:
        return [crop(drawn, width) for drawn in list(body)[:height]]
    shown = list(body)[: height - 2]
    shown += [EMPTY] * (height - 2 - len(shown))
    return [
        frame_top(width, title, aside, glyphs, focused),
        *(framed(drawn, width, glyphs, focused) for drawn in shown),
        frame_bottom(width, glyphs, focused),
    ]


def frame_top(width: int, title: Line, aside: Line, glyphs: Glyphs, focused: bool) -> Line:
    """Return a border's first line with `title` at its beginning and `aside` at its end."""
    style = "border-focus" if focused else "border"
    flat = glyphs.horizontal
    head = line((glyphs.corners[0] + flat, style), " ", title, " ")
    tail = line(" ", aside, " ", (flat + glyphs.corners[1], style)) if aside else EMPTY
    if width_of(head) + width_of(tail) + 2 > width:
        tail = EMPTY
    tail = tail or line((flat + glyphs.corners[1], style))
    return spread(head, tail, width, flat, style)


def framed(drawn: Line, width: int, glyphs: Glyphs, focused: bool) -> Line:
    """Return one line of a border's inside with its two sides."""
    side = (glyphs.vertical, "border-focus" if focused else "border")
    return line(side, " ", crop(drawn, width - 4), " ", side)


def frame_bottom(width: int, glyphs: Glyphs, focused: bool) -> Line:
    """Return a border's last line."""
    style = "border-focus" if focused else "border"
    return line((glyphs.corners[2] + glyphs.horizontal * (width - 2) + glyphs.corners[3], style))


def beside(blocks: Sequence[Sequence[Line]]) -> list[Line]:
    """Return blocks of equal height next to each other."""
    return [line(*row) for row in zip(*blocks, strict=True)]
