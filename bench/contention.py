"""R3: nine processes on one store: nobody sees it locked, acts are quick, and all see a change at once.

One engine keeps its lease and the WAL; eight dashboards look each 250 ms, as the real ones do, and
act at random, twenty times a second together. An act carries the moment of its commit, so that
whoever sees it knows how late that is.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.figure import Figure, Size, quantile, script
from bench.kill9 import ALERTS, fill
from opsdash import response
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor, Entry
from opsdash.store import entries, lease
from opsdash.store.errors import StoreError
from opsdash.store.opening import connect

DASHBOARDS = 8
ACTS_A_SECOND = 20
LOOK_EVERY = 0.25
"""Seconds between looks of a dashboard, as ui's."""


@dataclass(slots=True)
class Seen:
    """What the processes measured: seconds of each act, seconds until each other's act was seen."""

    acts: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    locked: int = 0


def run(seconds: float, seed: int = 1) -> Seen:
    """Let the nine processes work for so long."""
    with tempfile.TemporaryDirectory(prefix="opsdash-contention-") as name:
        path = Path(name) / "opsdash.db"
        fill(path)
        until = time.time() + seconds
        pids = [_fork(path, "engine", until, seed)]
        pids += [_fork(path, f"dashboard{n}", until, seed + n + 1) for n in range(DASHBOARDS)]
        for pid in pids:
            os.waitpid(pid, 0)
        total = Seen()
        for result in sorted(Path(name).glob("*.json")):
            found = json.loads(result.read_text())
            total.acts += found["acts"]
            total.delays += found["delays"]
            total.locked += found["locked"]
        if len(list(Path(name).glob("*.json"))) != len(pids):
            total.locked += 1_000_000  # one of them ended before its time
        return total


def _fork(path: Path, name: str, until: float, seed: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        seen = _lead(path, until) if name == "engine" else _dash(path, name, until, seed)
        result = {"acts": seen.acts, "delays": seen.delays, "locked": seen.locked}
        (path.parent / f"{name}.json").write_text(json.dumps(result))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _lead(path: Path, until: float) -> Seen:
    store = connect(path, checkpoints=True)
    seen = Seen()
    epoch = store.write(lease.take, "engine", datetime.now(UTC))
    while epoch is not None and time.time() < until:
        time.sleep(0.5)
        try:
            store.write(lease.renew, epoch, datetime.now(UTC), None)
            store.checkpoint()
        except StoreError:
            seen.locked += 1
    return seen


def _dash(path: Path, name: str, until: float, seed: int) -> Seen:
    reading, acting = connect(path), connect(path)
    dice, seen = random.Random(seed), Seen()
    actor = Actor(SafeText(name))
    version = reading.data_version()
    known = _newest(reading.read(entries.load_newest, 1))
    look = time.time() + dice.uniform(0, LOOK_EVERY)
    act = time.time() + dice.expovariate(ACTS_A_SECOND / DASHBOARDS)
    while (now := time.time()) < until:
        if now >= act:
            act = now + dice.expovariate(ACTS_A_SECOND / DASHBOARDS)
            ids = [f"{dice.randrange(ALERTS):04x}/1"]
            began = time.perf_counter()
            try:
                # The word of the act is the moment at which it began, in microseconds.
                word = f"at={time.time_ns() // 1000}"
                done = acting.write(response.acknowledge, actor, datetime.now(UTC), ids, word)
                if not done.done:
                    acting.write(response.unacknowledge, actor, datetime.now(UTC), ids)
            except StoreError:
                seen.locked += 1
            seen.acts.append(time.perf_counter() - began)
        if now >= look:
            look += LOOK_EVERY
            if (found := reading.data_version()) != version:
                version = found
                told = reading.read(entries.load_newest, 200)
                arrived = time.time()
                for entry in told:
                    if entry.id > known and entry.by != name and entry.text.startswith("at="):
                        seen.delays.append(arrived - int(entry.text[3:]) / 1e6)
                known = max(known, _newest(told))
        time.sleep(max(min(act, look, until) - time.time(), 0))
    return seen


def _newest(told: tuple[Entry, ...]) -> int:
    return max((entry.id for entry in told), default=0)


def measure(size: Size) -> Iterator[Figure]:
    """Measure R3."""
    seconds = size.of(3, 20, 60)
    seen = run(seconds)
    p99, worst = quantile(seen.acts, 0.99) * 1000, max(seen.acts) * 1000
    late = quantile(seen.delays, 0.95) * 1000
    yield Figure(
        "R3",
        f"{DASHBOARDS + 1} processes, {len(seen.acts) / seconds:.0f} acts a second for {seconds} s",
        "locked 0, act p99 <= 50 ms, max <= 500 ms; seen by the others p95 <= 300 ms",
        f"locked {seen.locked}, p99 {p99:.1f} ms, max {worst:.0f} ms; seen p95 {late:.0f} ms",
        seen.locked == 0 and p99 <= 50 and worst <= 500 and late <= 300,
    )


if __name__ == "__main__":
    script(measure)
