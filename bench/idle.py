"""Rows 5, 6 and 8: what it costs when nothing changes, when everything does, and when nothing answers."""

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.bed import Bed
from bench.figure import Figure, Size, script
from bench.fixture import Fixture
from bench.watch import Recorder, cpu_seconds, wakeups

SETTLED = 5.0
"""Seconds after which a dashboard has done what a start brings with it."""


def measure(size: Size) -> Iterator[Figure]:
    """Watch processes do little."""
    seconds = size.of(5, 20, 60)
    yield from _nothing_changes(seconds)
    if not size.quick:
        yield from _everything_changes(seconds)
    yield from _nothing_answers(size.of(4, 8, 30), size.of(1, 2))


def _nothing_changes(seconds: int) -> Iterator[Figure]:
    with (
        Fixture(alerts=20, flat=1) as fixture,
        Bed(fixture.url, refresh="5s") as bed,
        bed.engine() as engine,
    ):
        bed.write_tickets(20)
        with bed.dashboard() as terminal:
            terminal.wait_for("CheckoutSlow")
            time.sleep(SETTLED)
            _wait_for_a_minute_of(seconds)
            written, woken = terminal.written(), wakeups(terminal.pid)
            cpu, engine_cpu = _spent([terminal.pid], seconds, [engine.pid])
            rate = (wakeups(terminal.pid) - woken) / seconds
            told = terminal.written() - written
            text = _changes(terminal)
    yield Figure(
        "5", "nothing changes: CPU of the dashboard", "≤ 0.1 %", f"{cpu:.3f} %", cpu <= 0.1
    )
    yield Figure("5", "nothing changes: wake-ups", "≤ 6/s", f"{rate:.1f}/s", rate <= 6)
    yield Figure("5", "nothing changes: bytes", "0", f"{told}{text}", told == 0)
    yield Figure("5", "nothing changes: CPU of the engine", "none", f"{engine_cpu:.2f} %", None)


def _wait_for_a_minute_of(seconds: int) -> None:
    """Wait until the header's clock will not turn for so long, as far as that can be."""
    left = 60 - time.time() % 60
    if left < seconds + 2 < 57:
        time.sleep(left + 6)


def _changes(terminal: Recorder) -> str:
    """Return the last thing that was written, where anything was after it had settled."""
    late = [chunk for at, chunk in terminal.chunks if at > SETTLED + 1]
    return f", the last {late[-1][-60:]!r}" if late else ""


def _everything_changes(seconds: int) -> Iterator[Figure]:
    glances = _peer()
    with Fixture(alerts=20, moving=1, churn=10) as fixture, Bed(fixture.url) as bed:
        with bed.engine() as engine, bed.moving_tickets(20), bed.dashboard() as terminal:
            terminal.wait_for("CheckoutSlow")
            time.sleep(SETTLED)
            ours, engines = _spent([terminal.pid], seconds, [engine.pid])
        theirs = None
        if glances:
            command = [glances, "-t", "2"]
            with Recorder(command, columns=200, lines=50, env=bed.environment) as peer:
                time.sleep(SETTLED)
                theirs, _ = _spent([peer.pid], seconds)
    both = ours + engines
    yield Figure(
        "6",
        "S, all changing each 2 s: CPU of dashboard and engine",
        "≤ 0.5 × glances",
        f"{both:.2f} % ({ours:.2f} + {engines:.2f})"
        + (f", {both / theirs:.2f} ×" if theirs else ""),
        both <= 0.5 * theirs if theirs else None,
        f"glances {theirs:.2f} %"
        if theirs
        else "no ratio: glances is not installed, see `make bench`",
    )


def _peer() -> str | None:
    """Return the glances of this environment, or of the machine; None where there is none."""
    return shutil.which("glances", path=str(Path(sys.executable).parent)) or shutil.which("glances")


def _nothing_answers(seconds: int, states: int) -> Iterator[Figure]:
    with (
        Fixture(alerts=20) as fixture,
        Bed(fixture.url, refresh="1s") as bed,
        bed.engine(),
        bed.dashboard() as terminal,
    ):
        terminal.wait_for("CheckoutSlow")
        for state, orders, settled in (("hanging", {"hang": 1}, 18.0), ("gone", None, 9.0))[
            :states
        ]:
            if orders is None:
                bed.command("status")
                fixture.stop()
            else:
                fixture.order(**orders)
            # Past ten refreshes every tile has turned to `no data`, once.
            time.sleep(settled)
            before = terminal.written()
            time.sleep(seconds)
            rate = (terminal.written() - before) / seconds
            what = f"servers {state}: bytes to the terminal"
            yield Figure("8", what, "≤ 100 B/s", f"{rate:.0f} B/s", rate <= 100)


def _spent(pids: Sequence[int], seconds: int, others: Sequence[int] = ()) -> tuple[float, float]:
    """Return how much of a core two groups of processes use, in percent, over so many seconds."""
    before = [sum(map(cpu_seconds, group)) for group in (pids, others)]
    time.sleep(seconds)
    after = [sum(map(cpu_seconds, group)) for group in (pids, others)]
    first, second = ((b - a) / seconds * 100 for a, b in zip(before, after, strict=True))
    return first, second


if __name__ == "__main__":
    script(measure)
