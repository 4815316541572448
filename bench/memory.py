"""Row 16: resident memory on S and on L, and its growth over many refreshes."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.kit.source_tree import ROOT

from bench.bed import Bed
from bench.figure import Figure, Size, script
from bench.fixture import Fixture
from bench.watch import resident


def measure(size: Size) -> Iterator[Figure]:
    """Look at processes that have settled, and refresh a screen as fast as it can."""
    count = size.of(2_000, 10_000)
    with Fixture(alerts=20, moving=1) as fixture, Bed(fixture.url) as bed, bed.engine() as engine:
        bed.write_tickets(20)
        with bed.hello() as hello:
            hello.wait_for("hello")
            time.sleep(1.0)
            floor = resident(hello.pid)
        small = _dashboard(bed)
        fixture.order(alerts=count, churn=200)
        bed.wait_alerts(count)
        bed.write_tickets(size.of(1_000, 5_000))
        large = _dashboard(bed)
        engines = resident(engine.pid)
    yield Figure(
        "16",
        "resident, dashboard on S",
        "≤ 1.35 × hello",
        f"{small / floor:.2f} ×, {small:.0f} MB",
        small / floor <= 1.35,
        f"hello {floor:.0f} MB",
    )
    what = f"{count:,} alerts, 200/s changing"
    yield Figure(
        "16", f"resident, dashboard on {what}", "≤ 110 MB", f"{large:.0f} MB", large <= 110
    )
    yield Figure("16", f"resident, engine on {what}", "≤ 60 MB", f"{engines:.0f} MB", engines <= 60)
    yield _growth(size.of(1_000, 3_000, 20_000))


def _dashboard(bed: Bed) -> float:
    with bed.dashboard() as terminal:
        terminal.wait_for("CheckoutSlow", 30)
        time.sleep(8.0)
        return resident(terminal.pid)


def _growth(refreshes: int) -> Figure:
    command = [sys.executable, "-m", "bench.soak", str(refreshes)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    grown = float(json.loads(done.stdout.splitlines()[-1])["grown"])
    what = f"growth over {refreshes:,} refreshes"
    return Figure("16", what, "≤ 1 MB", f"{grown:.2f} MB", grown <= 1.0)


if __name__ == "__main__":
    script(measure)
