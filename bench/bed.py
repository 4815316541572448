"""What a measurement runs on: a configuration and a store of its own, an engine, dashboards, commands."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kit.source_tree import ROOT

from bench.watch import Recorder
from opsdash.domain.text import clean
from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.store import tickets
from opsdash.store.opening import connect

HELLO = """\
from textual.app import App
from textual.widgets import Static
class Hello(App):
    def compose(self):
        yield Static("hello")
Hello().run()
"""
"""The floor of any Textual app."""

OPSDASH = [sys.executable, "-m", "opsdash"]

_TIED = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
"""A bench that is killed leaves no engine behind."""

_CONFIG = """\
refresh = "{refresh}"
[store]
url = "sqlite:///{store}"
[engine]
autostart = {autostart}
[prometheus]
url = "{metrics}"
[alertmanager]
urls = ["{alerts}"]
"""

_MORE = """
[[pane.{pane}]]
id = "more{number}"
title = "More {number}"
query = "sum(more_{number})"
unit = "ratio"
"""


class Bed:
    """`with Bed(metrics_url, alerts_url) as bed`: a folder, and everything in it ends with it."""

    def __init__(
        self,
        metrics: str,
        alerts: str | None = None,
        *,
        autostart: bool = False,
        refresh: str = "2s",
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="opsdash-bench-"))
        self.store = self.folder / "ops.db"
        self.config = self.folder / "opsdash.toml"
        self.environment = {
            **os.environ,
            "HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "OPSDASH_CONFIG": str(self.config),
            "LANG": "C.UTF-8",
        }
        self._stack = contextlib.ExitStack()
        self._refresh = refresh
        self.configure(metrics, alerts or metrics, autostart=autostart)

    def configure(self, metrics: str, alerts: str, *, autostart: bool = False) -> None:
        """Write the configuration: the default indicators and five more are twenty tiles."""
        text = _CONFIG.format(
            store=self.store,
            metrics=metrics,
            alerts=alerts,
            autostart=str(autostart).lower(),
            refresh=self._refresh,
        )
        panes = ("performance", "infrastructure", "payments")
        for number in range(5):
            text += _MORE.format(pane=panes[number % 3], number=number)
        self.config.write_text(text)
        self.config.chmod(0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def engine(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run an engine until the end of the `with`, its first cycle done at the beginning."""
        with open(self.folder / "engine.log", "ab") as log:
            process = subprocess.Popen(
                [*_TIED, *OPSDASH, "engine"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            self.wait_whole(since=datetime.now(UTC))
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(20)

    def wait_whole(self, since: datetime, timeout: float = 30.0) -> None:
        """Wait until the engine has done a whole cycle that began after `since`."""
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            time.sleep(0.1)
            with contextlib.suppress(Exception):
                found = self.status()
                if found["as_of"] and datetime.fromisoformat(found["as_of"]) > since:
                    return
        raise AssertionError((self.folder / "engine.log").read_text()[-2000:])

    def wait_alerts(self, count: int, timeout: float = 90.0) -> None:
        """Wait until the store holds so many open alerts."""
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            if self.status()["alerts"] == count:
                return
            time.sleep(0.2)
        raise AssertionError(f"{self.status()['alerts']} alerts instead of {count}")

    def status(self) -> dict[str, Any]:
        """Return when the engine's newest whole cycle was."""
        reading = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)
        try:
            (at,) = reading.execute("SELECT cycle_at FROM lease").fetchone()
            (alerts,) = reading.execute(
                "SELECT count(*) FROM alert WHERE resolved_at IS NULL"
            ).fetchone()
        finally:
            reading.close()
        as_of = datetime.fromtimestamp(at / 1000, UTC).isoformat() if at else None
        return {"as_of": as_of, "alerts": alerts}

    def dashboard(self, columns: int = 200, lines: int = 50, **environment: str) -> Recorder:
        """Open a dashboard; use it in a `with`."""
        return Recorder(
            OPSDASH, columns=columns, lines=lines, env={**self.environment, **environment}
        )

    def hello(self, columns: int = 200, lines: int = 50) -> Recorder:
        """Open the floor app."""
        path = self.folder / "hello.py"
        path.write_text(HELLO)
        return Recorder(
            [sys.executable, str(path)], columns=columns, lines=lines, env=self.environment
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [*OPSDASH, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def write_tickets(self, count: int, generation: int = 0) -> None:
        """Write tickets 1 to `count` as they are in one generation."""
        connection = connect(self.store)
        now = datetime.now(UTC)

        def write(raw: Any) -> None:
            for number in range(1, count + 1):
                tickets.save(raw, _ticket(number, generation, now))

        try:
            connection.write(write)
        finally:
            connection.close()

    @contextlib.contextmanager
    def moving_tickets(self, count: int, every: float = 2.0) -> Iterator[None]:
        """Change all tickets each two seconds until the end of the `with`."""
        ended = threading.Event()

        def move() -> None:
            generation = 0
            while not ended.wait(every):
                generation += 1
                self.write_tickets(count, generation)

        thread = threading.Thread(target=move, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _ticket(number: int, generation: int, now: datetime) -> Ticket:
    return Ticket(
        number=number,
        subject=clean(f"Payment {number} was taken twice ({generation})"),
        customer=clean(f"customer-{number}"),
        created_at=now - timedelta(days=2, minutes=number % 4000),
        priority=list(Priority)[number % 4],
        status=TicketStatus.OPEN,
    )


def run_costs(
    command: list[str], environment: Mapping[str, str] | None = None
) -> tuple[float, float, int]:
    """Run a command; return its wall and CPU time in seconds and its exit code."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=None if environment is None else dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, process.returncode
