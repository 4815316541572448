"""A shadow of what the terminal shows, and the fewest bytes that make it show something else."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from rich.cells import split_graphemes
from rich.segment import Segment

from opsdash.ui.guard import strip_controls
from opsdash.ui.pens import UNKNOWN, Pens

_NOTHING = "\0"
"""The character of a cell that nobody knows."""

_TAIL = ""
"""The character of a cell that the wide one to its left covers."""


# About two screens of texts: four thousand were megabytes that a day of use filled.
@lru_cache(1024)
def cells_of(text: str, encoding: str = "utf-8") -> tuple[str, ...]:
    """Return the characters of `text` cell by cell, the second cell of a wide one empty.

    What `encoding` cannot say becomes as many question marks as it has cells.
    """
    text = strip_controls(text)
    cells: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        cluster = text[start:end]
        if width == 0:
            continue
        if encoding != "utf-8" and not _can_say(cluster, encoding):
            cells += "?" * width
        else:
            cells += [cluster, *[_TAIL] * (width - 1)]
    return tuple(cells)


def _can_say(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


class Shadow:
    """What the terminal shows, cell by cell. `put` notes what it should show; `flush` says how.

    A cell that was forgotten equals nothing, so it is written the next time it is put.
    """

    def __init__(self, pens: Pens, encoding: str = "utf-8") -> None:
        self._pens = pens
        self._encoding = encoding
        self.width = 0
        self.height = 0
        self._shown: list[list[str]] = []
        self._drawn_by: list[list[int]] = []
        self._before: dict[int, tuple[list[str], list[int]]] = {}
        self._pen = UNKNOWN

    def forget(self) -> None:
        """Assume nothing about the terminal any more."""
        self._shown = [[_NOTHING] * self.width for _ in range(self.height)]
        self._drawn_by = [[UNKNOWN] * self.width for _ in range(self.height)]
        self._before.clear()
        self._pen = UNKNOWN

    def resize(self, width: int, height: int) -> None:
        """Take on a size in cells; another one than before forgets everything."""
        if (width, height) != (self.width, self.height):
            self.width, self.height = width, height
            self.forget()

    def put(self, x: int, y: int, segments: Iterable[Segment], stop: int) -> None:
        """Want the segments at column `x` of line `y`, cut before column `stop`."""
        stop = min(stop, self.width)
        if not (0 <= y < self.height and 0 <= x < stop):
            return
        shown, drawn_by = self._shown[y], self._drawn_by[y]
        if y not in self._before:
            self._before[y] = (shown[:], drawn_by[:])
        pen_of = self._pens.of
        for text, style, control in segments:
            if control or not text:
                continue
            if text.isascii() and text.isprintable():
                cells: Iterable[str] = text
                end = x + len(text)
            else:
                split = cells_of(text, self._encoding)
                cells = split
                end = x + len(split)
            if end > stop:
                cells = _clip(tuple(cells), stop - x)
                end = stop
            shown[x:end] = cells
            drawn_by[x:end] = [pen_of(style)] * (end - x)
            x = end
            if x >= stop:
                break

    def flush(self) -> str:
        """Return what turns the terminal into what was put; `""` if it shows that already."""
        out: list[str] = []
        for y, (old_shown, old_drawn_by) in sorted(self._before.items()):
            shown, drawn_by = self._shown[y], self._drawn_by[y]
            if shown == old_shown and drawn_by == old_drawn_by:
                continue
            changed = self._changed(y, old_shown, old_drawn_by)
            if changed and "" not in shown and len("".join(shown)) == self.width:
                self._write_runs(out, y, changed)
            elif changed:
                self._write_line(out, y, changed)
        self._before.clear()
        return "".join(out)

    def _changed(self, y: int, old_shown: list[str], old_drawn_by: list[int]) -> list[int]:
        shown, drawn_by = self._shown[y], self._drawn_by[y]
        if old_shown.count(_NOTHING) == self.width and _NOTHING not in shown:
            return list(range(self.width))
        return [
            x
            for x in range(self.width)
            if shown[x] != old_shown[x]
            or (drawn_by[x] != old_drawn_by[x] and self._looks_new(y, x, old_drawn_by[x]))
        ]

    def _looks_new(self, y: int, x: int, old_pen: int) -> bool:
        if self._shown[y][x] != " ":
            return True
        return self._pens.blank(self._drawn_by[y][x]) != self._pens.blank(old_pen)

    def _write_runs(self, out: list[str], y: int, changed: list[int]) -> None:
        """Write a line of simple characters as `_write_line` does, a run of one pen at a time.

        A first frame has ten thousand cells, and a few hundred runs.
        """
        shown, drawn_by = self._shown[y], self._drawn_by[y]
        at = -1
        for start, stop in _runs(changed, drawn_by):
            if start != at:
                self._move(out, y, at, start)
            at = stop if stop < self.width else -1
            text, pen = "".join(shown[start:stop]), drawn_by[start]
            letters = text
            if pen != self._pen:
                letters = text.lstrip(" ")
                if len(letters) < len(text):
                    self._take_pen(out, self._blank_pen(pen))
                    out.append(text[: len(text) - len(letters)])
            if letters:
                self._take_pen(out, pen)
                out.append(letters)

    def _take_pen(self, out: list[str], pen: int) -> None:
        if pen != self._pen:
            out.append(self._pens.switch(self._pen, pen))
            self._pen = pen

    def _write_line(self, out: list[str], y: int, changed: list[int]) -> None:
        shown, drawn_by = self._shown[y], self._drawn_by[y]
        at = -1
        for x in changed:
            character = shown[x]
            if character == _TAIL:
                continue
            if x != at:
                self._move(out, y, at, x)
            pen = drawn_by[x]
            if pen != self._pen:
                # Asked only where it may change: a first frame has ten thousand cells.
                if character == " ":
                    pen = self._blank_pen(pen)
                self._take_pen(out, pen)
            at = x + 1
            if at < self.width and shown[at] == _TAIL:
                at += 1
            if len(character) > 1:
                self._write_cluster(out, y, x, at)
                at = -1
            else:
                out.append(character)
            if at >= self.width:
                at = -1

    def _blank_pen(self, pen: int) -> int:
        """Return the pen for an empty cell: the one in hand if it looks the same."""
        blank = self._pens.blank(pen)
        if self._pen != UNKNOWN and self._pens.blank(self._pen) == blank:
            return self._pen
        return (
            pen
            if len(self._pens.switch(self._pen, pen)) <= len(self._pens.switch(self._pen, blank))
            else blank
        )

    def _write_cluster(self, out: list[str], y: int, x: int, end: int) -> None:
        """Write characters that join, of whose width terminals have different opinions."""
        out.append(" " * (end - x) + _position(x, y) + self._shown[y][x])

    def _move(self, out: list[str], y: int, at: int, x: int) -> None:
        """Bring the cursor from column `at` (-1: unknown) of line `y` to `x` the shortest way."""
        move = _position(x, y)
        if 0 <= at < x:
            step = f"\x1b[{x - at}C" if x - at > 1 else "\x1b[C"
            move = min(move, step, key=len)
            gap = self._shown[y][at:x]
            if len(gap) <= len(move) and self._drawn_alike(y, at, x):
                move = "".join(gap)
        out.append(move)

    def _drawn_alike(self, y: int, start: int, stop: int) -> bool:
        pens = self._pens
        for x in range(start, stop):
            character, pen = self._shown[y][x], self._drawn_by[y][x]
            if not character.isascii() or character in (_NOTHING, _TAIL):
                return False
            same = pen == self._pen or (
                character == " " and pen != UNKNOWN and pens.blank(pen) == pens.blank(self._pen)
            )
            if not same:
                return False
        return True


def _runs(changed: list[int], drawn_by: list[int]) -> Iterator[tuple[int, int]]:
    """Return the stretches of neighbouring changed cells that one pen draws, each with its end."""
    start = before = changed[0]
    for x in changed[1:]:
        if x != before + 1 or drawn_by[x] != drawn_by[before]:
            yield start, before + 1
            start = x
        before = x
    yield start, before + 1


def _clip(cells: tuple[str, ...], room: int) -> tuple[str, ...]:
    kept = cells[:room]
    if room < len(cells) and cells[room] == _TAIL:
        return (*kept[:-1], " ")
    return kept


def _position(x: int, y: int) -> str:
    return f"\x1b[{y + 1}H" if x == 0 else f"\x1b[{y + 1};{x + 1}H"
