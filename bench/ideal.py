"""How many bytes a writer of changed cells alone would need for the frames that a program drew."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pyte.graphics import FG_BG_256
from tests.terminal import Look, looks, new_screen

QUIET = 0.06
"""Seconds of silence between two frames."""

_NAMED = {"default", "black", "red", "green", "brown", "blue", "magenta", "cyan", "white"}
_INDEX = {colour: number for number, colour in reversed(list(enumerate(FG_BG_256)))}
_ON = ("1", "3", "4", "7", "9")
_OFF = ("22", "23", "24", "27", "29")


def frames(chunks: Sequence[tuple[float, bytes]], quiet: float = QUIET) -> Iterator[bytes]:
    """Yield what was written frame by frame: pieces that follow each other closely are one."""
    frame = b""
    for (at, chunk), (later, _) in pairwise([*chunks, (float("inf"), b"")]):
        frame += chunk
        if later - at >= quiet:
            yield frame
            frame = b""


def ideal_bytes(
    before: Sequence[tuple[float, bytes]],
    chunks: Sequence[tuple[float, bytes]],
    columns: int,
    lines: int,
) -> tuple[int, int, int]:
    """Return written bytes, ideal bytes and frames of `chunks`, which follow on `before`."""
    screen, stream = new_screen(columns, lines)
    for _, chunk in before:
        stream.feed(chunk)
    old = looks(screen)
    written = ideal = count = 0
    pen: Look | None = None
    for frame in frames(chunks):
        stream.feed(frame)
        new = looks(screen)
        cost, pen = _cost(old, new, pen)
        written += len(frame)
        ideal += cost
        count += 1
        old = new
    return written, ideal, count


def _cost(
    old: list[list[Look]], new: list[list[Look]], pen: Look | None
) -> tuple[int, Look | None]:
    total = 0
    for y, (was, is_) in enumerate(zip(old, new, strict=True)):
        at: int | None = None
        for x, look in enumerate(is_):
            if look == was[x] or not look[0]:
                continue
            if at != x:
                total += _move(is_, at, x, y, pen)
            if pen is None or look[1:] != pen[1:]:
                total += _style(pen, look)
                pen = look
            total += len(look[0].encode())
            at = x + (2 if x + 1 < len(is_) and not is_[x + 1][0] else 1)
    return total, pen


def _move(row: list[Look], at: int | None, x: int, y: int, pen: Look | None) -> int:
    """Return the least that brings the cursor to `x`: by address, by a step, or by writing on."""
    there = len(f"\x1b[{y + 1};{x + 1}H")
    if at is None or x < at:
        return there
    step = 3 if x - at == 1 else len(f"\x1b[{x - at}C")
    between = row[at:x]
    if pen is not None and all(look[1:] == pen[1:] for look in between):
        return min(there, step, sum(len(look[0].encode()) for look in between))
    return min(there, step)


def _style(pen: Look | None, look: Look) -> int:
    whole = ["0", *_colour(look[1], 3), *_colour(look[2], 4), *_attributes(None, look)]
    if pen is None:
        return _sgr(whole)
    changed = []
    if look[1] != pen[1]:
        changed += _colour(look[1], 3) or ["39"]
    if look[2] != pen[2]:
        changed += _colour(look[2], 4) or ["49"]
    return min(_sgr(whole), _sgr(changed + _attributes(pen, look)))


def _sgr(codes: list[str]) -> int:
    return 3 + len(";".join(codes))


def _attributes(pen: Look | None, look: Look) -> list[str]:
    found = []
    for number in range(5):
        now, was = bool(look[3 + number]), bool(pen and pen[3 + number])
        if now != was:
            found.append(_ON[number] if now else _OFF[number])
    return found


def _colour(name: str, base: int) -> list[str]:
    if name == "default":
        return []
    if name in _NAMED or name.startswith("bright"):
        return ["30"]
    if name in _INDEX:
        return [f"{base}8;5;{_INDEX[name]}"]
    return [f"{base}8;2;{int(name[:2], 16)};{int(name[2:4], 16)};{int(name[4:6], 16)}"]
