"""Row 14: from `a` to an acknowledgement that is durable and painted, here and elsewhere."""

import re
import time
from collections.abc import Iterator

from bench.bed import Bed
from bench.figure import Figure, Size, quantile, script
from bench.fixture import Fixture
from bench.watch import Recorder


def measure(size: Size) -> Iterator[Figure]:
    """Acknowledge and take back, again and again, while another dashboard watches."""
    times = size.of(8, 24, 100)
    here, there = [], []
    with (
        Fixture(alerts=20) as fixture,
        Bed(fixture.url) as bed,
        bed.engine(),
        bed.dashboard() as acting,
        bed.dashboard() as watching,
    ):
        for terminal in (acting, watching):
            terminal.wait_for("CheckoutSlow")
        time.sleep(4.0)
        left = unacknowledged(acting)
        for _ in range(times):
            # The cursor has followed the alert that was taken last; the next one is at the top.
            acting.send("home")
            acting.settle(0.15, 2.0)
            left -= 1
            offset = acting._started - watching._started
            moment = acting.seconds
            acting.send("a")
            here.append(_seen(acting, left, moment) - moment)
            there.append(_seen(watching, left, moment + offset) - moment - offset)
            if left == 1:
                # The cursor has stayed on the alert that was taken; `u` would ask first.
                acting.send("A")
                left += 1
                _seen(watching, left, 0.0)
            time.sleep(0.1 + 0.25 * len(here) % 0.3)
    for what, figures, most in (("here", here, 50), ("on another dashboard", there, 350)):
        p95 = quantile(figures, 0.95) * 1000
        yield Figure(
            "14",
            f"`a` to a painted acknowledgement, {what}",
            f"p95 ≤ {most} ms",
            f"{p95:.0f} ms",
            p95 <= most,
            f"median {quantile(figures, 0.5) * 1000:.0f} ms",
        )


def unacknowledged(terminal: Recorder) -> int:
    """Return how many alerts the screen says that nobody has."""
    found = re.search(r"(\d+) unacknowledged", terminal.text())
    return int(found[1]) if found else 0


def _seen(terminal: Recorder, left: int, moment: float) -> float:
    """Return when, in the terminal's seconds, so many were left to acknowledge."""
    ends = time.monotonic() + 10
    while unacknowledged(terminal) != left:
        assert time.monotonic() < ends, f"{left} not within 10 s\n{terminal.text()}"
        time.sleep(0.0005)
    with terminal._lock:
        # The piece that was read last made the screen say so.
        return terminal.chunks[terminal._seen - 1][0]


if __name__ == "__main__":
    script(measure)
