"""A server as a child process on a free loopback port, which dies with the test process."""

import contextlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from tests.kit.waiting import wait_until

_PORTS = range(20_000, 32_000)
"""Below Linux' ephemeral ports, so that no outgoing connection takes a stopped server's port."""

_SPAWNER = ThreadPoolExecutor(1, "spawner")
"""PDEATHSIG fires when the *thread* that started the child ends: this one ends with the process."""

_WORKERS = 16
"""How many test workers have ports of their own: none takes what another has just found free."""


def _ports() -> Iterator[int]:
    """Yield this worker's ports, round and round from any one of them on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = list(_PORTS[worker % _WORKERS :: _WORKERS])
    start = random.SystemRandom().randrange(len(own))
    return itertools.cycle(own[start:] + own[:start])


_own_ports = _ports()


class ServerMissingError(Exception):
    """A server's program is not installed: the message names Debian's package."""


class ServerFailedError(AssertionError):
    """A server ended or did not get ready: the message ends with the tail of its log."""


def find_program(name: str, package: str) -> str:
    """Return the path of program `name`; raise ServerMissingError naming Debian's `package`."""
    path = shutil.which(name, path="/usr/bin:/usr/local/bin:/bin") or shutil.which(name)
    if path is None:
        raise ServerMissingError(f"{name} is not installed: apt-get install {package}")
    return path


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on, another one each time."""
    while True:
        port = next(_own_ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def spawn(arguments: Sequence[str], log: Path, cwd: Path) -> subprocess.Popen[bytes]:
    """Start a child whose output goes to `log` and which is killed when this process ends."""
    setpriv = shutil.which("setpriv")
    tied = [setpriv, "--pdeathsig", "KILL"] if setpriv else []

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(
                [*tied, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                start_new_session=True,
            )

    return _SPAWNER.submit(start).result()


def _states(pid: int) -> set[str]:
    found = set()
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            found.add(thread.read_text().rpartition(")")[2].split()[0])
    return found


class Server:
    """One real server: a folder for its state, a port it keeps, and its process.

    `with` starts and stops it. `extra` are further command-line arguments.
    """

    program: ClassVar[str]
    package: ClassVar[str]
    ready_path: ClassVar[str] = "/-/ready"
    ready_deadline: ClassVar[float] = 120.0

    def __init__(self, folder: Path | None = None, *, extra: Sequence[str] = ()) -> None:
        self._own = tempfile.TemporaryDirectory(prefix="opsdash-") if folder is None else None
        self.folder = folder if folder is not None else Path(str(self._own and self._own.name))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.extra = tuple(extra)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id; AssertionError when it is not running."""
        assert self.process is not None, f"{self.program} is not running"
        return self.process.pid

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def arguments(self) -> list[str]:
        """Return the command line after the program's name."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Write what the server reads at its start."""

    def start(self, wait: bool = True) -> Self:
        """Start it and wait until it says that it is ready."""
        assert self.process is None, f"{self.program} runs already"
        program = find_program(self.program, self.package)
        self.prepare()
        for _ in range(5):
            self.process = spawn(
                [program, *self.arguments(), *self.extra], self.folder / "log", self.folder
            )
            if not wait or self._wait_ready():
                return self
            self.port = free_port()
        raise ServerFailedError(f"{self.program} found no free port\n{self.log[-2000:]}")

    def _wait_ready(self) -> bool:
        ends = time.monotonic() + self.ready_deadline
        while time.monotonic() < ends:
            if self.process is not None and self.process.poll() is not None:
                self.process = None
                if "address already in use" in self.log[-2000:]:
                    return False
                raise ServerFailedError(f"{self.program} ended at its start\n{self.log[-2000:]}")
            if self.ready():
                return True
            time.sleep(0.02)
        self.kill()
        raise ServerFailedError(f"{self.program} was not ready in time\n{self.log[-2000:]}")

    def ready(self) -> bool:
        """Whether it answers 200 on its readiness path now."""
        try:
            with urllib.request.urlopen(self.url + self.ready_path, timeout=10) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def stop(self) -> None:
        """End it with SIGTERM, as systemd does; its state and port stay for `start`."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with SIGKILL, as a crash does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)
        self.process = None

    def stop_hung(self) -> None:
        """Freeze it with SIGSTOP: connections are accepted by the kernel, nothing answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        # The signal reaches its threads one by one: until the last has stopped it may yet answer.
        wait_until(lambda: _states(self.pid) == {"T"}, what=f"{self.program} to freeze")

    def cont(self) -> None:
        """Let a frozen server go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def restart(self) -> Self:
        """Stop it and start it again on the same port with the same state."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """Kill it and remove its state."""
        self.kill()
        if self._own is not None:
            self._own.cleanup()

    def __enter__(self) -> Self:
        return self if self.process is not None else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
