"""Rows 9 and 10: from a key to the painted row, with ten thousand alerts loaded, still and churning."""

import time
from collections.abc import Iterator

from bench.bed import Bed
from bench.figure import Figure, Size, quantile, script
from bench.fixture import Fixture
from bench.watch import Recorder, cpu_seconds

PACE = 0.15
"""Seconds between keys: each is painted before the next comes."""


def measure(size: Size) -> Iterator[Figure]:
    """Press `j` and `k` while the sources hang, then while they churn."""
    count, keys = size.of(2_000, 10_000), size.of(20, 50, 300)
    with Fixture(alerts=count) as fixture, Bed(fixture.url) as bed, bed.engine():
        bed.write_tickets(size.of(1_000, 5_000))
        with bed.dashboard() as terminal:
            terminal.wait_for("CheckoutSlow")
            fixture.order(hang=1)
            time.sleep(8.0)
            spent = cpu_seconds(terminal.pid)
            still = press(terminal, keys)
            cost = (cpu_seconds(terminal.pid) - spent) / keys * 1000
            fixture.order(hang=0, churn=200)
            time.sleep(6.0)
            churning = press(terminal, keys)
    p50, p95 = quantile(still, 0.5), quantile(still, 0.95)
    yield Figure(
        "9",
        f"key to painted row, {count:,} alerts, sources hung",
        "p50 ≤ 4 ms, p95 ≤ 10",
        f"{p50:.1f}, {p95:.1f} ms",
        p50 <= 4 and p95 <= 10,
        f"{cost:.1f} ms CPU a key",
    )
    p95, worst = quantile(churning, 0.95), max(churning)
    yield Figure(
        "10",
        f"the same while {count:,} are polled and 200/s change",
        "p95 ≤ 16 ms, max ≤ 50",
        f"{p95:.1f}, {worst:.1f} ms",
        p95 <= 16 and worst <= 50,
    )


def press(terminal: Recorder, keys: int) -> list[float]:
    """Press `j` so often and `k` as often in turn; return the milliseconds until each is painted."""
    found = []
    for number in range(keys):
        time.sleep(PACE)
        moment = terminal.seconds
        terminal.send("j" if number % 2 == 0 else "k")
        painted = terminal.written_after(moment)
        assert painted is not None, f"a key was not painted\n{terminal.text()}"
        found.append((painted - moment) * 1000)
    return found


if __name__ == "__main__":
    script(measure)
