"""R4: terminals that nobody reads, and dashboards stopped in their tracks, hold up nobody else.

Dashboards get keys and are then no longer read, some are stopped. Meanwhile an engine reads its
source each second and a writer tries the write lock twenty times a second.
"""

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.terminal import Terminal

from bench.crowd import Crowd
from bench.figure import Figure, Size, script
from opsdash.store import changes
from opsdash.store.errors import StoreError

REFRESH = 1.0


@dataclass(slots=True)
class Run:
    """What a run came to: seconds that writes waited, seconds between whole cycles, failures."""

    waits: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    failures: int = 0
    stopped: int = 0


def run(dashboards: int, seconds: float, seed: int = 1) -> Run:
    """Stall so many dashboards for so long."""
    dice = random.Random(seed)
    done = Run()
    with Crowd(200, seed) as crowd:
        crowd.start("engine")
        crowd.wait_whole()
        terminals = [crowd.open_dashboard() for _ in range(dashboards)]
        for terminal in terminals:
            terminal.wait_for("Alert", 60)
            terminal.pause_reading()
        stopped: list[Terminal] = []
        ends = time.monotonic() + seconds
        turn, cycle = time.monotonic(), None
        while time.monotonic() < ends:
            time.sleep(0.05)
            for terminal in terminals:
                if dice.random() < 0.1 and terminal not in stopped:
                    terminal.send(dice.choice(["j", "a", "A", "k"]))
            if time.monotonic() >= turn:
                turn = time.monotonic() + 2.0
                crowd.alerts.churn(20)
                for terminal in stopped:
                    terminal.signal(signal.SIGCONT)
                stopped = dice.sample(terminals, dashboards // 2)
                for terminal in stopped:
                    terminal.signal(signal.SIGSTOP)
                    done.stopped += 1
            began = time.perf_counter()
            try:
                crowd.store.write(changes.next_change)
            except StoreError:
                done.failures += 1
            done.waits.append(time.perf_counter() - began)
            cycle = _note_cycle(crowd, cycle, done)
        done.failures += crowd.log.count("has been locked")
        for terminal in stopped:
            terminal.signal(signal.SIGCONT)
    return done


def _note_cycle(crowd: Crowd, before: datetime | None, done: Run) -> datetime | None:
    held = crowd.leader()
    now = held.cycle_at if held else None
    if before is not None and now is not None and now != before:
        done.gaps.append((now - before).total_seconds())
    return now


def measure(size: Size) -> Iterator[Figure]:
    """Measure R4."""
    dashboards, seconds = size.of(2, 4, 8), size.of(5, 20, 60)
    done = run(dashboards, seconds)
    worst, gap = max(done.waits) * 1000, max(done.gaps, default=float("inf"))
    yield Figure(
        "R4",
        f"{dashboards} dashboards unread for {seconds} s, {done.stopped} stops",
        "write failures 0, worst wait <= 100 ms, no cycle missed",
        f"failures {done.failures}, worst wait {worst:.0f} ms, longest between cycles {gap:.1f} s",
        done.failures == 0 and worst <= 100 and gap <= 2 * REFRESH + 0.2,
    )


if __name__ == "__main__":
    script(measure)
