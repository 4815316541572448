"""R1: acknowledgements are never lost: processes under random kill -9, every confirmed change found again.

Each worker writes to a journal of its own *after* opsdash has confirmed a change. At the end every
journal line must be in the store, no alert may have had two winners, and no act may be half there.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.figure import Figure, Size, script
from bench.ledger import contradictions, steps_by_operation, texts
from opsdash import response
from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.merge import Changes
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.engine import occurrences
from opsdash.store import alerts, engine
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError
from opsdash.store.opening import connect

ALERTS = 300
"""Open alerts that the workers quarrel over."""

TOGETHER = 3
"""Alerts that one act changes: all of them or none."""

_CONFIG = '[store]\nurl = "sqlite:///{store}"\n[simulation]\nspeed = 1\n'


@dataclass(slots=True)
class Run:
    """What a run came to."""

    kills: int = 0
    confirmed: int = 0
    commands: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    locked: int = 0
    seconds: float = 0.0


def run(processes: int, kills: int, changes: int, seed: int = 1, limit: float = 600.0) -> Run:
    """Let `processes` workers act until so many kills and confirmed changes are reached."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="opsdash-kill9-") as name:
        folder = Path(name)
        path = folder / "opsdash.db"
        fill(path)
        config = folder / "opsdash.toml"
        config.write_text(_CONFIG.format(store=path))
        done = Run()
        began = time.monotonic()
        workers = {_fork(path, folder, n, dice.random()): n for n in range(processes)}
        command = _command(config, folder, 0)
        try:
            while time.monotonic() - began < limit:
                time.sleep(dice.uniform(0.005, 0.05))
                progress = _count(folder) / changes
                if done.kills >= kills and progress >= 1:
                    break
                if done.kills > 10 + kills * progress:
                    continue  # spread over the run: a worker that is always killed confirms nothing
                victim = dice.choice(list(workers))
                os.kill(victim, signal.SIGKILL)
                os.waitpid(victim, 0)
                number = workers.pop(victim)
                workers[_fork(path, folder, number, dice.random())] = number
                done.kills += 1
                # A real command every now and then, killed in its middle or let finish.
                if command.poll() is not None or dice.random() < 0.02:
                    done.kills += command.poll() is None
                    _end(command)
                    done.commands += 1
                    command = _command(config, folder, done.commands)
        finally:
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            _end(command)
        done.seconds = time.monotonic() - began
        _judge(path, folder, done)
        return done


def _judge(path: Path, folder: Path, done: Run) -> None:
    kept = Counter(word for text in texts(path) for word in text.split())
    for journal in folder.glob("*.journal"):
        for line in journal.read_text().splitlines():
            if line == "locked":
                done.locked += 1
            elif line.endswith("."):  # whole: a line that the kill cut in two confirms nothing
                done.confirmed += 1
                token, _, changed = line[:-1].partition(":")
                if kept[token] != int(changed):
                    done.lost.append(f"{line} has {kept[token]}")
    done.wrong = contradictions(path)
    torn = [n for n in steps_by_operation(path).values() if n > TOGETHER]
    done.wrong += [f"an act changed {n} alerts" for n in torn]


def _count(folder: Path) -> int:
    return sum(journal.read_bytes().count(b"\n") for journal in folder.glob("*.journal"))


def fill(path: Path) -> None:
    """Write a store in which ALERTS alerts fire."""
    store = connect(path)
    now = datetime.now(UTC)
    store.write(engine.save_setup, Setup(), now)
    opened = tuple(_alert(n, now) for n in range(ALERTS))
    store.write(occurrences.apply, Changes(opened=opened), Setup(), now)
    store.close()


def _alert(number: int, now: datetime) -> Alert:
    return Alert(
        id="",
        fingerprint=f"{number:04x}",
        occurrence=0,
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        labels={"alertname": SafeText(f"Alert{number}"), "service": SafeText(f"s{number % 20}")},
        annotations={},
        active_at=now,
        fired_at=now,
    )


def _command(config: Path, folder: Path, number: int) -> subprocess.Popen[bytes]:
    """Run a real `opsdash ack`; its confirmation goes to a journal through the shell."""
    token = f"command-{number}"
    id = f"{number % ALERTS:04x}"
    line = (
        f"{sys.executable} -m opsdash ack {id} --comment {token} --config {config}"
        f" 2>/dev/null && echo {token}:1. >> {folder}/command.journal"
    )
    # A group of its own, for the kill to reach the command and not only its shell.
    return subprocess.Popen(
        ["/bin/sh", "-c", f"exec 1>/dev/null; {line}"], process_group=0, stdin=subprocess.DEVNULL
    )


def _end(command: subprocess.Popen[bytes]) -> None:
    if command.poll() is None:
        os.killpg(command.pid, signal.SIGKILL)
    command.wait()


def _fork(path: Path, folder: Path, number: int, seed: float) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _work(path, folder, number, random.Random(seed))
    finally:
        os._exit(1)


def _work(path: Path, folder: Path, number: int, dice: random.Random) -> None:
    store = connect(path)
    actor = Actor(SafeText(f"worker{number}"))
    journal = os.open(folder / f"{number}.journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    count = 0
    while True:
        token = f"{number}-{_word(dice)}-{count}"
        count += 1
        try:
            confirmed = _act(store, actor, token, dice)
        except StoreError:
            os.write(journal, b"locked\n")
            raise
        if confirmed:
            os.write(journal, f"{token}:{confirmed}.\n".encode())


def _word(dice: random.Random) -> str:
    """Return a word that no other life of this worker uses."""
    return f"{dice.getrandbits(40):010x}"


def _act(store: Connection, actor: Actor, token: str, dice: random.Random) -> int:
    """Do one act; return how many alerts it was confirmed to have changed under `token`."""
    now = datetime.now(UTC)
    ids = [f"{dice.randrange(ALERTS):04x}/1" for _ in range(TOGETHER)]
    what = dice.random()
    if what < 0.4:
        return len(store.write(response.acknowledge, actor, now, ids, token).done)
    if what < 0.72:
        store.write(response.unacknowledge, actor, now, ids)
        return 0
    if what < 0.97:
        seen = store.read(lambda c: [alerts.load(c, id) for id in ids])
        levels = {alert.id: alert.level for alert in seen if alert is not None}
        to = dice.choice([1, 2, 3, 4])
        return len(store.write(response.escalate, actor, now, ids, levels, token, to).done)
    store.write(response.undo, actor, now)
    return 0


def measure(size: Size) -> Iterator[Figure]:
    """Measure R1."""
    processes = size.of(4, 8, 8)
    kills, changes = size.of(40, 150, 500), size.of(800, 8_000, 50_000)
    done = run(processes, kills, changes, limit=size.of(120, 600, 1_800))
    yield Figure(
        "R1",
        f"{processes} processes under kill -9: {done.kills} kills, {done.confirmed} confirmed changes,"
        f" {done.seconds:.0f} s",
        "lost 0, double winners 0, torn 0, locked 0",
        f"lost {len(done.lost)}, contradictions {len(done.wrong)}, locked {done.locked}"
        + "".join(f"; {line}" for line in (done.lost + done.wrong)[:3]),
        not done.lost
        and not done.wrong
        and not done.locked
        and done.kills >= kills
        and done.confirmed >= changes,
    )


if __name__ == "__main__":
    script(measure)
