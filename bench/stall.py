"""R4: terminals that nobody reads, and dashboards stopped in their tracks, hold up nobody else.

Dashboards get keys and are then no longer read, some are stopped. Meanwhile an engine reads its
source each second and a writer tries the write lock twenty times a second; how long it waits for
its own disk while nobody is stalled is measured first.

A dashboard that acts on nothing (only the cursor is moved) is stopped wherever it is: it never
holds the write lock. One whose keys acknowledge is stopped outside of its own transactions: what a
person has just decided is written within milliseconds, and a SIGSTOP in the middle of them keeps
everybody out until SIGCONT, whatever a program does. (A shell's stop, SIGTSTP, waits for the write.)
"""

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.kit.stopping import stop_outside_transactions
from tests.terminal import Terminal

from bench.crowd import Crowd
from bench.figure import Figure, Size, say, script
from opsdash.store import changes
from opsdash.store.errors import StoreError

REFRESH = 1.0

EACH = 2.0
"""Seconds after which others are stopped."""


@dataclass(slots=True)
class Run:
    """What a run came to: seconds that writes waited, seconds between whole cycles, failures.

    `waits_before` are those of writes before anybody stalled; `stopped_anywhere` are the stops, of
    all `stopped`, that might have met a transaction.
    """

    waits: list[float] = field(default_factory=list)
    waits_before: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    failures: int = 0
    stopped: int = 0
    stopped_anywhere: int = 0


def run(
    dashboards: int, seconds: float, seed: int = 1, say: Callable[[str], None] = lambda _: None
) -> Run:
    """Stall so many dashboards for so long."""
    dice = random.Random(seed)
    done = Run()
    with Crowd(200, seed) as crowd:
        say(f"{dashboards} dashboards open")
        crowd.start("engine")
        crowd.wait_whole()
        terminals = [crowd.open_dashboard() for _ in range(dashboards)]
        for terminal in terminals:
            terminal.wait_for("Alert", 60)
        acting = terminals[::2]
        ends = time.monotonic() + seconds / 4
        while time.monotonic() < ends:
            _press(dice, terminals, acting)
            done.waits_before.append(_write(crowd, done))
        say(f"nobody reads them for {seconds:g} s")
        for terminal in terminals:
            terminal.pause_reading()
        stopped: list[Terminal] = []
        ends = time.monotonic() + seconds
        turn, cycle = time.monotonic(), None
        while time.monotonic() < ends:
            _press(dice, [t for t in terminals if t not in stopped], acting)
            if time.monotonic() >= turn:
                turn = time.monotonic() + EACH
                crowd.alerts.churn(20)
                _continue(stopped)
                stopped = dice.sample(terminals, dashboards // 2)
                _stop(stopped, acting, crowd, done)
            done.waits.append(_write(crowd, done))
            cycle = _note_cycle(crowd, cycle, done)
        done.failures += crowd.log.count("has been locked")
        _continue(stopped)
    return done


def _press(dice: random.Random, terminals: list[Terminal], acting: list[Terminal]) -> None:
    time.sleep(0.05)
    for terminal in terminals:
        if dice.random() < 0.1:
            terminal.send(dice.choice(["j", "a", "A", "k"] if terminal in acting else ["j", "k"]))


def _stop(terminals: list[Terminal], acting: list[Terminal], crowd: Crowd, done: Run) -> None:
    for terminal in terminals:
        done.stopped += 1
        if terminal in acting:
            stop_outside_transactions(terminal.pid, crowd.path)
        else:
            terminal.signal(signal.SIGSTOP)
            done.stopped_anywhere += 1


def _continue(terminals: list[Terminal]) -> None:
    for terminal in terminals:
        terminal.signal(signal.SIGCONT)


def _write(crowd: Crowd, done: Run) -> float:
    """Write once; return the seconds that it took."""
    began = time.perf_counter()
    try:
        crowd.store.write(changes.next_change)
    except StoreError:
        done.failures += 1
    return time.perf_counter() - began


def _note_cycle(crowd: Crowd, before: datetime | None, done: Run) -> datetime | None:
    held = crowd.leader()
    now = held.cycle_at if held else None
    if before is not None and now is not None and now != before:
        done.gaps.append((now - before).total_seconds())
    return now


def measure(size: Size) -> Iterator[Figure]:
    """Measure R4."""
    dashboards, seconds = size.of(2, 4, 8), size.of(5, 20, 60)
    done = run(dashboards, seconds, say=say)
    worst, gap = max(done.waits) * 1000, max(done.gaps, default=float("inf"))
    yield Figure(
        "R4",
        f"{dashboards} dashboards unread for {seconds} s, {done.stopped} stops,"
        f" {done.stopped_anywhere} of them wherever they were",
        "write failures 0, worst wait <= 100 ms, no cycle missed",
        f"failures {done.failures}, worst wait {worst:.0f} ms, longest between cycles {gap:.1f} s",
        done.failures == 0 and worst <= 100 and gap <= 2 * REFRESH + 0.2,
        f"before anybody stalled: worst wait {max(done.waits_before) * 1000:.0f} ms",
    )


if __name__ == "__main__":
    script(measure)
