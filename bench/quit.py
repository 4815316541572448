"""Row 17: from `q` to the shell, the terminal restored, while the server hangs."""

import time
from collections.abc import Iterator

from bench.bed import Bed
from bench.figure import Figure, Size, quantile, script
from bench.fixture import Fixture
from bench.watch import children


def measure(size: Size) -> Iterator[Figure]:
    """Quit dashboards that have an engine of their own, its servers hung."""
    rounds = size.of(3, 5, 20)
    with Fixture(alerts=20) as fixture, Bed(fixture.url, autostart=True) as bed:
        walls, orphans, restored = [], 0, True
        for _ in range(rounds):
            fixture.order(hang=0)
            with bed.dashboard() as terminal:
                terminal.wait_for("CheckoutSlow", 30)
                fixture.order(hang=1)
                time.sleep(2.0)
                engines = children(terminal.pid)
                began = time.perf_counter()
                terminal.send("q")
                terminal._process.wait(10)
                walls.append((time.perf_counter() - began) * 1000)
                terminal.settle(0.05)
                restored = restored and terminal.restored
                ends = time.monotonic() + 5.0
                while any(map(_runs, engines)) and time.monotonic() < ends:
                    time.sleep(0.05)
                orphans += sum(map(_runs, engines))
    slowest = quantile(walls, 1.0)
    yield Figure(
        "17",
        "quit, the server hung, with a child engine",
        "≤ 100 ms, terminal restored, nothing left",
        f"{quantile(walls, 0.5):.0f} ms (slowest {slowest:.0f}),"
        f" {'restored' if restored else 'NOT restored'}, {orphans} engines left",
        quantile(walls, 0.5) <= 100 and restored and orphans == 0,
    )


def _runs(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    script(measure)
