"""Real engines as processes of their own: killed, stopped, told to end, and started as a child."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsdash.cli.child import LOG_KEPT, ChildEngine
from opsdash.store import lease
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from tests.kit.stopping import stop_outside_transactions
from tests.kit.waiting import wait_until

_CONFIG = '[store]\nurl = "sqlite:///{store}"\n[simulation]\nspeed = 1\n'


DEADLINE = 60.0
"""Seconds that anything may take: how fast they take over is measured elsewhere."""


class Engines:
    """Engines on one simulated configuration, and the lease as the store has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "opsdash.db"
        self.config = folder / "opsdash.toml"
        self.config.write_text(_CONFIG.format(store=self.path))
        self.environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        self.store: Connection = connect(self.path)
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more."""
        with open(self.log(len(self.started)), "wb") as log:
            engine = subprocess.Popen(
                [sys.executable, "-m", "opsdash", "engine", "--config", str(self.config)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        self.started.append(engine)
        return engine

    def log(self, number: int) -> Path:
        """Return where an engine logs."""
        return self.folder / f"engine{number}.log"

    def leader(self) -> tuple[int, int] | None:
        """Return pid and epoch of the engine that acts now, None where nobody does."""
        held = self.store.read(lease.find)
        if held is None or held.released or held.expires_at <= datetime.now(UTC):
            return None
        return int(held.holder.rpartition(" ")[2]), held.epoch

    def wait_for_leader(
        self, *others: subprocess.Popen[bytes], after: int = 0
    ) -> tuple[subprocess.Popen[bytes], int]:
        """Wait until an engine beside `others` leads with a later epoch; return it and its epoch.

        On a machine that is busy enough an engine may lose its lease by itself: which of those that
        may lead does, and with what number, is nobody's promise.
        """
        known = {engine.pid: engine for engine in self.started if engine not in others}

        def leads() -> tuple[subprocess.Popen[bytes], int] | None:
            found = self.leader()
            if found is None or found[1] <= after or found[0] not in known:
                return None
            return known[found[0]], found[1]

        found = wait_until(leads, DEADLINE, f"a leader after epoch {after}")
        assert found is not None
        return found

    def end(self) -> None:
        """End all of them."""
        for engine in self.started:
            engine.send_signal(signal.SIGCONT)
            engine.kill()
            engine.wait()
        self.store.close()


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[Engines]:
    """A configuration to start engines on."""
    made = Engines(tmp_path)
    yield made
    made.end()


def test_stopped_killed_and_told_to_end(engines: Engines) -> None:
    """One of three acts: a stopped one is fenced and followed, so is a dead one, and one that ends."""
    for _ in range(3):
        engines.start()
    first, epoch = engines.wait_for_leader()
    stop_outside_transactions(first.pid, engines.path)
    _, epoch = engines.wait_for_leader(first, after=epoch)
    first.send_signal(signal.SIGCONT)
    log = engines.log(engines.started.index(first))
    told = "another engine took the lease: standing by"
    wait_until(lambda: told in log.read_text(), DEADLINE, told)
    second, epoch = engines.wait_for_leader(after=epoch - 1)
    second.kill()
    second.wait()
    third, epoch = engines.wait_for_leader(second, after=epoch)
    third.terminate()
    assert third.wait(DEADLINE) == 0
    last, _ = engines.wait_for_leader(second, third, after=epoch)
    assert last.poll() is None
    assert all("Traceback" not in engines.log(n).read_text() for n in range(3))


def test_an_engine_whose_store_is_taken_away_ends_with_one_line(engines: Engines) -> None:
    """Exit 2 and what to do; systemd or a dashboard starts a new one on the new file."""
    engine = engines.start()
    engines.wait_for_leader()
    engines.path.rename(engines.path.with_suffix(".away"))
    assert engine.wait(DEADLINE) == 2
    last = engines.log(0).read_text().splitlines()[-1]
    assert last == (
        f"opsdash: {engines.path} was deleted or replaced while it was open; restart opsdash"
    )
    again = engines.start()
    engines.store.close()
    engines.store = connect(engines.path)
    assert engines.wait_for_leader()[0] is again


_PARENT = """
import sys, time
from pathlib import Path
from opsdash.cli.child import ChildEngine
child = ChildEngine(Path(sys.argv[1]), Path(sys.argv[2]))
child.start()
print(child._pid, flush=True)
time.sleep(60)
"""


def test_a_child_ends_with_its_parent_by_kill_9(engines: Engines) -> None:
    """No orphan is left whatever ends the dashboard, and its lease is free at once."""
    log = engines.folder / "child.log"
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(engines.config), str(log)],
        env=engines.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_until(lambda: (found := engines.leader()) and found[0] == pid, DEADLINE, "to lead")
    assert log.stat().st_mode & 0o777 == 0o600
    # Its own session: what the terminal sends to the dashboard does not reach it.
    assert os.getsid(pid) == pid
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), DEADLINE, "to end")
    assert engines.leader() is None


class _Moments:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_child_that_ends_at_once_is_not_started_in_a_loop(tmp_path: Path) -> None:
    """A configuration that no engine can use costs a start now and then, not a core."""
    moments = _Moments()
    log = tmp_path / "child.log"
    log.write_bytes(b"x" * (LOG_KEPT + 1))
    child = ChildEngine(tmp_path / "missing.toml", log, moments)
    starts = 0
    for _ in range(600):
        size = log.stat().st_size
        child.start()
        if child.alive():
            starts += 1
            wait_until(lambda: not child.alive(), DEADLINE)
            assert log.stat().st_size != size
        moments.now += 0.5
        if moments.now > 112:
            break
    # At 0, then after 1, 2, 4 and 8 seconds.
    assert starts == 4
    text = log.read_text()
    assert text.count("missing.toml") >= starts
    assert not text.startswith("x")
    child.stop()
