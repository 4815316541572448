"""R12: who watches the watcher: engines die, freeze, deadlock and are locked out, and who notices when.

Measured where people and services look: on an open dashboard, at the lease, and at the outside
service that a heartbeat calls.
"""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.kit.stopping import stop_outside_transactions
from tests.notifiers.receivers import Answered, Received, Receiver
from tests.terminal import Terminal

from bench.figure import Figure, Size, script
from bench.pagers import Chat, Pager, PagingCrowd

INTERVAL = 5.0
"""Seconds between heartbeats, as configured."""

SHOWN_WITHIN, TAKEN_WITHIN = 15.0, 10.0

FAULTS = ("stop", "kill", "deadlock", "lock", "mute")
"""`lock`: somebody keeps the store; `mute`: every receiver fails."""

_DEADLOCKING = """\
import signal, sys, threading
def hang(*_):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
signal.signal(signal.SIGUSR1, hang)
from opsdash.__main__ import main
sys.argv = ["opsdash", "engine"]
main()
"""

_MORE = """
[heartbeat]
url = "{url}"
every = "5s"
"""


class Outside(Receiver):
    """The service that misses us; `calls` are the times at which it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[float] = []

    def answer(self, received: Received) -> Answered:
        """Note the call."""
        self.calls.append(time.monotonic())
        return Answered(200, {})

    def after(self, moment: float) -> list[float]:
        """Return how long after `moment` each later call came."""
        return [call - moment for call in list(self.calls) if call > moment]


@dataclass(slots=True)
class Run:
    """What a run came to, in seconds by fault."""

    shown: dict[str, float] = field(default_factory=dict)
    taken: dict[str, float] = field(default_factory=dict)
    beats: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Watch:
    """One dashboard, one outside service, and the engines that they watch."""

    def __init__(self, crowd: PagingCrowd, pager: Pager, chat: Chat, outside: Outside) -> None:
        self._crowd = crowd
        self._pager = pager
        self._chat = chat
        self._outside = outside
        self._terminal: Terminal = crowd.open_dashboard()
        self._engines: list[subprocess.Popen[bytes]] = []
        self.done = Run()

    def befall(self, fault: str) -> None:
        """Let one fault happen to engines that are well, and watch."""
        self._start()
        self._terminal.wait_for(_is_well, 30)
        if fault == "lock":
            self._lock()
        elif fault == "mute":
            self._mute()
        else:
            self._strike(fault)
        for engine in self._engines:
            engine.send_signal(signal.SIGCONT)
            engine.kill()
            engine.wait()
        self._engines.clear()

    def _start(self) -> None:
        before = self._epoch()
        with open(self._crowd.folder / "engine.log", "ab") as log:
            engine = subprocess.Popen(
                [sys.executable, "-c", _DEADLOCKING],
                env=self._crowd.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._engines.append(engine)
        if len(self._engines) == 1:
            self._await(lambda: self._epoch() > before, 30, "an engine took the lease")

    def _strike(self, fault: str) -> None:
        """Fell the first engine with a second one standing by, then the second with nobody."""
        self._start()
        standby = self._engines[1]
        self._await(lambda: _is_up(standby), 30, "a standby is up")
        epoch = self._epoch()
        self._hit(self._engines[0], fault)
        took = self._await(lambda: self._epoch() > epoch, 2 * TAKEN_WITHIN, "a takeover")
        self.done.taken[fault] = took
        self._terminal.wait_for(_is_well, 30)
        began = time.monotonic()
        self._hit(standby, fault)
        self._await_shown(fault, began)

    def _hit(self, engine: subprocess.Popen[bytes], fault: str) -> None:
        if fault == "stop":
            stop_outside_transactions(engine.pid, self._crowd.path)
        else:
            engine.send_signal({"kill": signal.SIGKILL, "deadlock": signal.SIGUSR1}[fault])

    def _lock(self) -> None:
        with closing(sqlite3.connect(self._crowd.path, timeout=30)) as raw:
            raw.execute("BEGIN IMMEDIATE")
            self._await_shown("lock", time.monotonic())
            raw.rollback()
        self._terminal.wait_for(_is_well, 30)

    def _mute(self) -> None:
        """Let nothing be accepted: the heartbeat ends at the page's deadline and comes back with it."""
        self._pager.dice.share = self._chat.dice.share = 1.0
        self._crowd.alerts.since[0] = datetime.now(UTC).isoformat()
        began = time.monotonic()
        self._await(lambda: self._pager.dice.met > 1, 30, "a page that is not accepted")
        deadline = 5.0
        while time.monotonic() < began + deadline + 2 * INTERVAL + 2.0:
            time.sleep(0.1)
        # The page was written a moment after the alert fired, and its deadline counts from there.
        self.done.beats["mute"] = self._outside.after(began + deadline + 2.0)
        self._pager.dice.share = self._chat.dice.share = 0.0
        now = time.monotonic()
        self._await(lambda: self._outside.after(now), 90, "a heartbeat once pages leave again")
        self._crowd.alerts.since.clear()

    def _await_shown(self, fault: str, began: float) -> None:
        try:
            self._terminal.wait_for("ENGINE DOWN", 2 * SHOWN_WITHIN)
        except AssertionError:
            self.done.wrong.append(f"{fault}: never shown")
        self.done.shown[fault] = time.monotonic() - began
        while time.monotonic() < began + 2 * INTERVAL:
            time.sleep(0.1)
        self.done.beats[fault] = [late for late in self._outside.after(began) if late > 0.5]

    def _epoch(self) -> int:
        held = self._crowd.leader()
        return held.epoch if held is not None else 0

    def _await(self, condition: object, timeout: float, what: str) -> float:
        began = time.monotonic()
        assert callable(condition)
        while not condition():
            if time.monotonic() > began + timeout:
                self.done.wrong.append(f"no {what} within {timeout:g} s")
                break
            time.sleep(0.05)
        return time.monotonic() - began


def _is_well(screen: str) -> bool:
    return "Incidents" in screen and "ENGINE DOWN" not in screen and "alertmanager live" in screen


def _is_up(engine: subprocess.Popen[bytes]) -> bool:
    """Whether an engine has all it needs to stand by: it has opened the store."""
    try:
        with open(f"/proc/{engine.pid}/maps") as maps:
            return "opsdash.db-shm" in maps.read()
    except OSError:
        return False


def run(faults: Sequence[str]) -> Run:
    """Let each fault happen."""
    with Pager() as pager, Chat() as chat, Outside() as outside:
        more = _MORE.format(url=outside.url)
        with PagingCrowd(1, pager, chat, deadline="5s", more=more) as crowd:
            watch = Watch(crowd, pager, chat, outside)
            for fault in faults:
                watch.befall(fault)
            if not outside.calls:
                watch.done.wrong.append("the outside service was never called")
            return watch.done


def measure(size: Size) -> Iterator[Figure]:
    """Measure R12."""
    done = run(FAULTS[: size.of(1, len(FAULTS))])
    late = {fault: beats for fault, beats in done.beats.items() if max(beats, default=0) > INTERVAL}
    shown, taken = max(done.shown.values(), default=0), max(done.taken.values(), default=0)
    unable = len(done.beats.get("mute", ()))
    yield Figure(
        "R12",
        f"{len(done.beats)} ways for an engine to be no use: {', '.join(done.beats)}",
        f"ENGINE DOWN <= {SHOWN_WITHIN:g} s, taken over <= {TAKEN_WITHIN:g} s, heartbeat silent"
        " within an interval, none from one that cannot page",
        f"shown {shown:.1f} s, taken over {taken:.1f} s, late heartbeats {len(late)}, from one that"
        f" cannot page {unable}" + "".join(f"; {one}" for one in done.wrong),
        not (done.wrong or late or unable) and shown <= SHOWN_WITHIN and taken <= TAKEN_WITHIN,
    )


if __name__ == "__main__":
    script(measure)
