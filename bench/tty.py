"""R10: what terminals do to `opsdash demo`: it lives on, or ends within two seconds with the right code.

The real program with its child engine, in a terminal of its own for each fault. A signal that can be
caught gives the terminal back; whatever ends the dashboard ends its engine too.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.terminal import Terminal

from bench.bed import OPSDASH
from bench.figure import Figure, Size, script
from bench.watch import children, cpu_seconds

ENDS_WITHIN = 2.0
"""Seconds for the dashboard; the engine gets GRACE more for what it has under way."""

GRACE = 6.0

CRASH = 70

_CRASHING = """\
import sys
from opsdash.ui.app import OpsdashApp
def crash(*_):
    raise ValueError("forced")
OpsdashApp.action_of = crash
sys.argv = ["opsdash", "demo", "--speed", "10"]
from opsdash.__main__ import main
main()
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what is done, and the exit code it must end with (None: it lives on)."""

    act: Callable[[Terminal], object]
    code: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    restored: bool = True
    command: tuple[str, ...] = (*OPSDASH, "demo", "--speed", "10")
    check: Callable[[Terminal], str] = lambda terminal: ""


def _signals(*numbers: int, unread: bool = False) -> Callable[[Terminal], None]:
    def act(terminal: Terminal) -> None:
        if unread:
            terminal.pause_reading()
            time.sleep(1.5)
        for number in numbers:
            terminal.signal(number)
        if unread:
            _until_ended(terminal)
            terminal.resume_reading()

    return act


def _hang_up(unread: bool = False) -> Callable[[Terminal], None]:
    def act(terminal: Terminal) -> None:
        if unread:
            terminal.pause_reading()
            time.sleep(1.5)
        terminal.close()

    return act


def _resize(*sizes: tuple[int, int]) -> Callable[[Terminal], None]:
    def act(terminal: Terminal) -> None:
        for columns, lines in (*sizes, (100, 30)):
            terminal.resize(columns, lines)
            terminal.settle(0.15, 3)

    return act


def _stop_and_go(stop: int) -> Callable[[Terminal], None]:
    def act(terminal: Terminal) -> None:
        terminal.signal(stop)
        time.sleep(0.5)
        terminal.signal(signal.SIGCONT)

    return act


def _unread(seconds: float) -> Callable[[Terminal], None]:
    def act(terminal: Terminal) -> None:
        terminal.pause_reading()
        for _ in range(20):
            terminal.send("j", "k", "z")
            time.sleep(seconds / 20)
        terminal.resume_reading()

    return act


def _send(*texts: bytes) -> Callable[[Terminal], None]:
    def act(terminal: Terminal) -> None:
        for text in texts:
            for start in range(0, len(text), 512):
                os.write(terminal._master, text[start : start + 512])
                time.sleep(0.005)
        # What was opened by what looked like keys is closed again.
        for _ in range(4):
            time.sleep(0.2)
            terminal.send("escape")

    return act


def _until_ended(terminal: Terminal) -> None:
    ends = time.monotonic() + 2 * ENDS_WITHIN
    while terminal.exit_code is None and time.monotonic() < ends:
        time.sleep(0.01)


def _crash(terminal: Terminal) -> None:
    terminal.send("?")
    terminal.wait_until(lambda: terminal.exit_code is not None, 10, "the crash")


def _ascii_only(terminal: Terminal) -> str:
    return "" if terminal.raw.isascii() else "bytes beyond ASCII"


def _colourless(terminal: Terminal) -> str:
    found = re.search(rb"\x1b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7])(?:;[\d;]*)?m", terminal.raw)
    return f"a colour: {found[0]!r}" if found else ""


_IN_C = {"env": {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}}
_NOISE = bytes(range(0x80, 0x100)) * 40
"""No letter is in it: keys have their own tests."""

FAULTS: dict[str, Fault] = {
    "hang-up": Fault(_hang_up(), 128 + signal.SIGHUP, restored=False),
    "SIGTERM": Fault(_signals(signal.SIGTERM), 128 + signal.SIGTERM),
    "kill -9": Fault(_signals(signal.SIGKILL), -signal.SIGKILL, restored=False),
    "crash": Fault(_crash, CRASH, command=(sys.executable, "-c", _CRASHING)),
    "hang-up ignored": Fault(
        _hang_up(), 128 + signal.SIGHUP, {"ignore_hangup": True}, restored=False
    ),
    "hang-up unread": Fault(_hang_up(unread=True), 128 + signal.SIGHUP, restored=False),
    "SIGHUP": Fault(_signals(signal.SIGHUP), 128 + signal.SIGHUP),
    "SIGQUIT": Fault(_signals(signal.SIGQUIT), 128 + signal.SIGQUIT),
    "SIGTERM unread": Fault(
        _signals(signal.SIGTERM, unread=True), 128 + signal.SIGTERM, restored=False
    ),
    "SIGHUP unread": Fault(
        _signals(signal.SIGHUP, unread=True), 128 + signal.SIGHUP, restored=False
    ),
    "two signals": Fault(_signals(signal.SIGTERM, signal.SIGTERM), 128 + signal.SIGTERM),
    "stopped, then SIGTERM": Fault(
        _signals(signal.SIGSTOP, signal.SIGTERM, signal.SIGCONT), 128 + signal.SIGTERM
    ),
    "SIGSTOP and SIGCONT": Fault(_stop_and_go(signal.SIGSTOP)),
    "SIGTSTP and SIGCONT": Fault(_stop_and_go(signal.SIGTSTP)),
    "10x3": Fault(_resize((10, 3))),
    "1x1": Fault(_resize((1, 1))),
    "0x0": Fault(_resize((0, 0))),
    "500x200": Fault(_resize((500, 200))),
    "sizes in a row": Fault(_resize((80, 24), (60, 15), (2, 2), (300, 5), (5, 100))),
    "no size": Fault(lambda terminal: None, settings={"no_size": True}),
    "unread for 5 s": Fault(_unread(5.0)),
    "noise typed": Fault(_send(_NOISE)),
    "sequences typed": Fault(_send(b"\x1b[200~x\x1b[201~\x1b[?62;c\x1b[12;40R\x1b]11;rgb:0/0/0\x07\x1bP1$r\x1b\\")),
    "TERM=dumb": Fault(lambda terminal: None, 2, {"term": "dumb"}),
    "TERM=vt100": Fault(lambda terminal: None, settings={"term": "vt100"}),
    "TERM=screen": Fault(lambda terminal: None, settings={"term": "screen-256color"}),
    "LANG=C": Fault(lambda terminal: None, settings=_IN_C, check=_ascii_only),
    "NO_COLOR": Fault(lambda terminal: None, settings={"env": {"NO_COLOR": "1"}}, check=_colourless),
}  # fmt: skip
"""Every fault, those first that hurt most."""


@dataclass(slots=True)
class Run:
    """What a run came to; `took` are seconds to the end, by fault."""

    met: int = 0
    took: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    burnt: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def run(names: list[str]) -> Run:
    """Let each fault befall a demo of its own."""
    done = Run()
    for name in names:
        folder = Path(tempfile.mkdtemp(prefix="opsdash-tty-"))
        try:
            _befall(name, FAULTS[name], folder, done)
        except AssertionError as error:
            done.wrong.append(f"{name}: {str(error)[:300]}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        done.met += 1
    if "pipe" not in names:
        _refuse_pipe(done)
    return done


def _befall(name: str, fault: Fault, folder: Path, done: Run) -> None:
    own = {"HOME": str(folder), "TMPDIR": str(folder), "XDG_CACHE_HOME": f"{folder}/cache"}
    settings = dict(fault.settings)
    environment = {"LANG": "C.UTF-8", **own, **settings.pop("env", {})}
    with Terminal(fault.command, columns=100, lines=30, env=environment, **settings) as terminal:
        if fault.code == 2:
            _hold_end(name, fault, terminal, time.monotonic(), done, 5.0)
            return
        terminal.wait_for("SIMULATED", 30)
        terminal.wait_until(lambda: children(terminal.pid), 15, "the child engine")
        engines = children(terminal.pid)
        began = time.monotonic()
        fault.act(terminal)
        if fault.code is None:
            _hold_alive(name, fault, terminal, done)
        else:
            # An act that goes on (a hang-up of a stalled line) has its own time in it.
            began = max(began, time.monotonic() - ENDS_WITHIN)
            _hold_end(name, fault, terminal, began, done, ENDS_WITHIN)
        _hold_gone(name, engines, done)
        caught = fault.code is not None and fault.code > 0
        if caught and list(folder.glob("opsdash-demo-*")):
            done.left.append(name)


def _hold_end(
    name: str, fault: Fault, terminal: Terminal, began: float, done: Run, within: float
) -> None:
    pid = terminal.pid
    while terminal.exit_code is None and time.monotonic() < began + 4 * within:
        time.sleep(0.01)
    done.took[name] = time.monotonic() - began
    if terminal.exit_code is None:
        before = cpu_seconds(pid)
        time.sleep(1.0)
        done.burnt.append(f"{name}: {cpu_seconds(pid) - before:.2f} s of CPU in 1 s, still there")
        return
    if terminal.exit_code != fault.code:
        done.wrong.append(f"{name}: exit {terminal.exit_code} instead of {fault.code}")
    if done.took[name] > within:
        done.wrong.append(f"{name}: took {done.took[name]:.1f} s")
    if fault.restored and fault.code != 2:
        terminal.settle(0.1)
        if not terminal.restored:
            done.wrong.append(f"{name}: the terminal is not restored")


def _hold_alive(name: str, fault: Fault, terminal: Terminal, done: Run) -> None:
    terminal.wait_for(lambda screen: "SIMULATED" in screen and "Alerts" in screen.title(), 10)
    found = fault.check(terminal)
    if found:
        done.wrong.append(f"{name}: {found}")
    began = time.monotonic()
    terminal.send("q")
    _hold_end(name, Fault(fault.act, 0), terminal, began, done, ENDS_WITHIN)


def _hold_gone(name: str, engines: list[int], done: Run) -> None:
    """Give the engine its time, and end and report what is left of it."""
    ends = time.monotonic() + GRACE
    left = engines
    while left and time.monotonic() < ends:
        left = [pid for pid in left if _runs(pid)]
        time.sleep(0.05)
    for pid in left:
        done.orphans.append(f"{name}: engine {pid}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _refuse_pipe(done: Run) -> None:
    """Without a terminal nothing starts, and one line says why."""
    done.met += 1
    told = subprocess.run(
        [*OPSDASH, "demo"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False
    )
    if told.returncode != 2 or b"\x1b" in told.stdout + told.stderr or len(told.stderr) < 10:
        done.wrong.append(f"no terminal: exit {told.returncode}, {told.stderr[:80]!r}")


def measure(size: Size) -> Iterator[Figure]:
    """Measure R10."""
    done = run(list(FAULTS)[: size.of(3, 12, len(FAULTS))])
    slowest = max(done.took.items(), key=lambda one: one[1], default=("", 0.0))
    wrong = done.wrong + done.orphans + done.burnt + [f"{one}: folder left" for one in done.left]
    yield Figure(
        "R10",
        f"{done.met} terminal faults of `opsdash demo` and its engine",
        f"lives on, or ends <= {ENDS_WITHIN:g} s with the right code; restored, orphans 0, CPU after"
        " a hang-up 0",
        f"wrong {len(done.wrong)}, orphans {len(done.orphans)}, still running {len(done.burnt)},"
        f" folders left {len(done.left)}, slowest end {slowest[1]:.2f} s ({slowest[0]})"
        + "".join(f"; {one}" for one in wrong[:8]),
        not wrong,
    )


if __name__ == "__main__":
    script(measure)
