"""Named facts in lines: headings, wrapped values, labels."""

from opsdash.domain.alert import SafeLabels
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, crop, cut, line, pad, width_of

_HIDDEN = {"alertname", "severity"}


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells, broken at spaces where there are any."""
    lines: list[str] = []
    rest = text
    while rest and width > 0:
        piece = cut(rest, width, "")
        if len(piece) < len(rest):
            at = piece.rfind(" ")
            if at > 0 and rest[len(piece)] != " ":
                piece = piece[:at]
        piece = piece or rest[0]
        lines.append(piece)
        rest = rest[len(piece) :].lstrip()
    return lines or [""]


def field_lines(name: str, value: str | Line, width: int) -> list[Line]:
    """Return a named fact, wrapped where it is long."""
    head = f"{pad(name, 14)} "
    if isinstance(value, tuple):
        return [line((head, "muted"), value)]
    size = width_of(((head, ""),))
    room = max(10, width - size)
    return [
        line((head if i == 0 else " " * size, "muted"), piece)
        for i, piece in enumerate(wrapped(value, room))
    ]


def section(name: str) -> list[Line]:
    """Return a heading with a blank line before it."""
    return [EMPTY, line((name, "accent bold"))]


def pair_lines(name: str, pairs: SafeLabels, width: int) -> list[Line]:
    """Return labels or annotations under a heading, one a line."""
    if not pairs:
        return []
    found = [one for key, value in pairs.items() for one in field_lines(key, str(value), width)]
    return [*section(name), *found]


def labels_line(labels: SafeLabels, width: int, glyphs: Glyphs) -> Line:
    """Return the labels in one line, names muted, the two that the row shows left out."""
    drawn: Line = EMPTY
    for name, value in labels.items():
        if name not in _HIDDEN:
            gap = "   " if drawn else ""
            drawn = line(drawn, gap, (f"{name} ", "muted"), str(value))
    return cut_line(drawn, width, glyphs)


def cut_line(drawn: Line, width: int, glyphs: Glyphs) -> Line:
    """Return the line in at most `width` cells with an ellipsis where it was longer."""
    if width_of(drawn) <= width:
        return drawn
    return line(crop(drawn, width - 1), (glyphs.ellipsis, "muted"))
