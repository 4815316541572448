"""Row 13: what a poll of ten thousand alerts costs the engine, unchanged and changed."""

import time
from collections.abc import Iterator

from bench.bed import Bed
from bench.figure import Figure, Size, script
from bench.fixture import Fixture
from bench.watch import cpu_seconds


def measure(size: Size) -> Iterator[Figure]:
    """Count the engine's CPU over polls, all of its other work included."""
    count, seconds = size.of(2_000, 10_000), size.of(6, 10, 60)
    with Fixture(alerts=20) as fixture, Bed(fixture.url) as bed, bed.engine() as engine:
        time.sleep(3.0)
        rest, _ = _cost(fixture, engine.pid, seconds)
        fixture.order(alerts=count)
        bed.wait_alerts(count)
        time.sleep(4.0)
        still, _ = _cost(fixture, engine.pid, seconds)
        fixture.order(churn=200)
        time.sleep(4.0)
        churning, _ = _cost(fixture, engine.pid, seconds)
    beside = f"the engine's other work {rest:.1f} ms a poll, taken off"
    for what, cost, most in (
        ("an unchanged answer", still - rest, 10),
        ("200/s changing", churning - rest, 250),
    ):
        yield Figure(
            "13",
            f"{count:,} alerts, {what}: CPU of the engine",
            f"≤ {most} ms a poll",
            f"{cost:.1f} ms",
            cost <= most,
            beside,
        )


def _cost(fixture: Fixture, pid: int, seconds: int) -> tuple[float, int]:
    """Return the milliseconds of CPU for each poll, and how many polls there were."""
    polls, spent = fixture.order()["polls"], cpu_seconds(pid)
    time.sleep(seconds)
    count = fixture.order()["polls"] - polls
    return (cpu_seconds(pid) - spent) / max(count, 1) * 1000, count


if __name__ == "__main__":
    script(measure)
