"""Row 15: what one and many dashboards ask of the servers."""

import contextlib
import time
from collections.abc import Iterator

from bench.bed import Bed
from bench.figure import Figure, Size, script
from bench.fixture import Fixture


def measure(size: Size) -> Iterator[Figure]:
    """Count the queries of some refreshes with one dashboard open, and with many."""
    many, seconds = size.of(4, 20), size.of(6, 10, 20)
    with Fixture(alerts=20) as fixture, Bed(fixture.url) as bed, bed.engine():
        counts = []
        for dashboards in (1, many):
            with contextlib.ExitStack() as stack:
                opened = [stack.enter_context(bed.dashboard()) for _ in range(dashboards)]
                for terminal in opened:
                    terminal.wait_for("CheckoutSlow", 60)
                before = fixture.order()
                time.sleep(seconds)
                after = fixture.order()
                counts.append(sum(after.values()) - sum(before.values()))
    one, all_of_them = counts
    # A refresh may begin just inside or just outside of the time that was watched.
    same = abs(one - all_of_them) <= 3
    yield Figure(
        "15",
        f"requests in {seconds} s with 1 and with {many} dashboards",
        "the same",
        f"{one} and {all_of_them}",
        same,
    )


if __name__ == "__main__":
    script(measure)
