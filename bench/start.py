"""Rows 1 and 2: the first frame with the last known state, and the first fresh figures."""

import statistics
from collections.abc import Iterator

from bench.bed import Bed
from bench.figure import Figure, Size, ratio, script
from bench.fixture import Fixture
from bench.watch import Recorder

SIZES = ((200, 50), (80, 24))

_OLD, _NEW = 3, 40
"""Two generations of the figures; the screen of each shows what the other's does not."""


def measure(size: Size) -> Iterator[Figure]:
    """Open dashboards and the floor app in turn."""
    rounds = size.of(3, 5, 15)
    for columns, lines in SIZES[: size.of(1, 2)]:
        yield from _first_frame(columns, lines, rounds)
    yield from _fresh(rounds)


def _first_frame(columns: int, lines: int, rounds: int) -> Iterator[Figure]:
    with Fixture(alerts=20, generation=_OLD) as fixture, Bed(fixture.url) as bed:
        with bed.engine():
            hello, beside, alone = [], [], []
            bed.write_tickets(20)
            for _ in range(rounds):
                hello.append(_shown(bed.hello(columns, lines), "hello"))
                beside.append(_shown(bed.dashboard(columns, lines), "CheckoutSlow"))
        bed.configure(fixture.url, fixture.url, autostart=True)
        bed.command("status")
        floor = []
        for _ in range(rounds):
            floor.append(_shown(bed.hello(columns, lines), "hello"))
            alone.append(_shown(bed.dashboard(columns, lines), "CheckoutSlow"))
    for what, figures, floors in (
        ("beside an engine", beside, hello),
        ("starting its engine", alone, floor),
    ):
        found = ratio(figures, floors)
        yield Figure(
            "1",
            f"first frame, {columns}x{lines}, {what}",
            "≤ 1.25 × hello",
            f"{found:.2f} ×",
            found <= 1.25,
            f"hello {statistics.median(floors) * 1000:.0f} ms",
        )


def _fresh(rounds: int) -> Iterator[Figure]:
    """Start a dashboard with its engine, 50 ms from the servers, which have moved on since."""
    hello, fresh = [], []
    with (
        Fixture(alerts=20, generation=_OLD, delay=0.025) as fixture,
        Bed(fixture.url) as bed,
    ):
        for _ in range(rounds):
            fixture.order(generation=_OLD)
            bed.configure(fixture.url, fixture.url)
            with bed.engine():
                pass
            was = bed.command("status").stdout
            fixture.order(generation=_NEW)
            bed.configure(fixture.far_url, fixture.far_url, autostart=True)
            bed.command("status")
            hello.append(_shown(bed.hello(), "hello"))
            old = _figure_of(was, "p95")
            with bed.dashboard() as terminal:
                terminal.wait_for("CheckoutSlow")
                fresh.append(_changed(terminal, old))
    found = ratio(fresh, hello)
    yield Figure(
        "2",
        "first fresh figures, engine just started, 50 ms away",
        "≤ 1.6 × hello",
        f"{found:.2f} ×",
        found <= 1.6,
        f"hello {statistics.median(hello) * 1000:.0f} ms",
    )


def _figure_of(status: str, title: str) -> str:
    """Return a figure as the status lists it: `237 ms`."""
    words = next(line for line in status.splitlines() if title in line).split()
    return " ".join(words[-3:-1])


def _changed(terminal: Recorder, old: str) -> float:
    """Return when the screen no longer showed the old figure of the first tile."""
    terminal.wait_for(lambda text: old not in text and "CheckoutSlow" in text)
    at = terminal.shown_at(lambda text: old not in text and "CheckoutSlow" in text)
    assert at is not None
    return at


def _shown(terminal: Recorder, text: str) -> float:
    with terminal:
        terminal.wait_for(text)
        at = terminal.shown_at(lambda screen: text in screen)
        assert at is not None
        return at


if __name__ == "__main__":
    script(measure)
