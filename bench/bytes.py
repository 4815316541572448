"""Row 7: what is written for a refresh, against a writer of changed cells alone."""

import time
from collections.abc import Iterator

from bench.bed import Bed
from bench.figure import Figure, Size, script
from bench.fixture import Fixture
from bench.ideal import ideal_bytes
from bench.start import SIZES

SCREENS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("dashboard", ()),
    ("performance zoomed", ("1", "z")),
    ("alerts zoomed", ("4", "z")),
    ("tickets zoomed", ("5", "z")),
    ("detail", ("4", "enter")),
)
"""The screens, each with the keys that lead there from the first."""


def measure(size: Size) -> Iterator[Figure]:
    """Record refreshes of each screen, and replay them through an emulated terminal."""
    seconds = size.of(5, 9, 31)
    screens = SCREENS[: size.of(2, len(SCREENS))]
    with Fixture(alerts=20, moving=1, churn=10) as fixture, Bed(fixture.url) as bed, bed.engine():
        bed.write_tickets(20)
        with bed.moving_tickets(20):
            for columns, lines in SIZES:
                yield from _at(bed, columns, lines, screens, seconds)


def _at(
    bed: Bed,
    columns: int,
    lines: int,
    screens: tuple[tuple[str, tuple[str, ...]], ...],
    seconds: int,
) -> Iterator[Figure]:
    """Open every screen at once, so that all show the same refreshes."""
    terminals = [bed.dashboard(columns, lines) for _ in screens]
    try:
        for terminal, (_, keys) in zip(terminals, screens, strict=True):
            terminal.wait_for("CheckoutSlow")
            for key in keys:
                terminal.send(key)
                terminal.settle(0.1, 2.0)
        time.sleep(2.0)
        starts = [len(terminal.chunks) for terminal in terminals]
        time.sleep(seconds)
        records = [list(terminal.chunks) for terminal in terminals]
    finally:
        for terminal in terminals:
            terminal.kill()
    for (name, _), start, chunks in zip(screens, starts, records, strict=True):
        written, ideal, count = ideal_bytes(chunks[:start], chunks[start:], columns, lines)
        found = written / ideal if ideal else 1.0
        yield Figure(
            "7",
            f"bytes a refresh, {name}, {columns}x{lines}",
            "≤ 1.15 × ideal",
            f"{found:.2f} ×, {written // max(count, 1):,} B",
            found <= 1.15,
            f"ideal {ideal // max(count, 1):,} B",
        )


if __name__ == "__main__":
    script(measure)
