"""Row 12: twenty tiles over a link of 20 ms, and what reading them costs."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.bed import Bed
from bench.figure import Figure, Size, script
from bench.fixture import Fixture

ROUND_TRIP = 0.02


def measure(size: Size) -> Iterator[Figure]:
    """Read all tiles again and again over one client."""
    rounds = size.of(15, 40, 200)
    with Fixture(delay=ROUND_TRIP / 2) as fixture, Bed(fixture.far_url) as bed:
        far, _, tiles = asyncio.run(_read(bed.config, rounds))
        bed.configure(fixture.url, fixture.url)
        _, cpu, _ = asyncio.run(_read(bed.config, rounds))
    trips = far / ROUND_TRIP
    yield Figure(
        "12",
        f"{tiles} tiles over a link of 20 ms",
        "≤ 1.6 round trips",
        f"{trips:.2f}",
        trips <= 1.6,
    )
    yield Figure(
        "12", f"{tiles} tiles: CPU of a read", "≤ 5 ms", f"{cpu * 1e3:.1f} ms", cpu <= 5e-3
    )


async def _read(config: Path, rounds: int) -> tuple[float, float, int]:
    """Return the median seconds and CPU seconds of a read, and the number of tiles."""
    from opsdash.config import validated
    from opsdash.runtime import open_sources

    plan = validated(config)
    source = open_sources(plan).metrics[0]
    walls, costs = [], []
    for number in range(rounds + 3):
        began, spent = time.perf_counter(), time.process_time()
        answers = await source.read(plan.setup.indicators, datetime.now(UTC))
        if number >= 3:  # the first ones open the connection and learn the queries
            walls.append(time.perf_counter() - began)
            costs.append(time.process_time() - spent)
        assert all(answer.value is not None for answer in answers.values())
        await asyncio.sleep(0.02)
    await source.close()
    return statistics.median(walls), statistics.median(costs), len(plan.setup.indicators)


if __name__ == "__main__":
    script(measure)
