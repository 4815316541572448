"""A crowd on one store: an Alertmanager whose alerts come and go, engines, dashboards and commands."""

import http.server
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.terminal import Terminal

from opsdash.domain.labels import fingerprint
from opsdash.store import alerts, lease
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError
from opsdash.store.opening import connect

OPSDASH = [sys.executable, "-m", "opsdash"]

_CONFIG = """\
refresh = "1s"
[store]
url = "sqlite:///{store}"
[engine]
autostart = false
[alertmanager]
urls = ["{alerts}"]
"""


class Alerts:
    """A server that answers as Alertmanager does, with `count` alerts of which some end and come again."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self._dice = random.Random(seed)
        began = datetime.now(UTC).isoformat()
        self.labels = [
            {"alertname": f"Alert{n}", "service": f"s{n % 5}", "severity": "critical"}
            for n in range(count)
        ]
        self.since: dict[int, str] = dict.fromkeys(range(count), began)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._answerer())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def shown(self) -> set[str]:
        """Return the fingerprints of what fires now."""
        return {fingerprint(self.labels[n]) for n in list(self.since)}

    def churn(self, changes: int) -> None:
        """Let some alerts end and some fire anew."""
        for _ in range(changes):
            number = self._dice.randrange(len(self.labels))
            if self.since.pop(number, None) is None:
                self.since[number] = datetime.now(UTC).isoformat()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()

    def _answerer(self) -> type[http.server.BaseHTTPRequestHandler]:
        found = self

        class Answerer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                known = {"/api/v2/alerts": found._alerts, "/api/v2/status": found._status}
                answer = known.get(self.path.partition("?")[0])
                body = json.dumps(answer() if answer else {}).encode()
                self.send_response(200 if answer else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Answerer

    def _alerts(self) -> list[dict[str, Any]]:
        return [
            {
                "fingerprint": fingerprint(self.labels[number]),
                "labels": self.labels[number],
                "annotations": {"summary": f"number {number}"},
                "startsAt": began,
                "endsAt": began,
                "updatedAt": began,
                "generatorURL": "",
                "receivers": [],
                "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
            }
            for number, began in list(self.since.items())
        ]

    @staticmethod
    def _status() -> dict[str, Any]:
        return {"uptime": "2020-01-01T00:00:00Z", "versionInfo": {"version": "0.25.0"}}


class Crowd:
    """`with Crowd(count) as crowd`: everything it starts ends with it, stopped processes too."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self._stack = ExitStack()
        name = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="opsdash-crowd-"))
        self.folder = Path(name)
        self.path = self.folder / "opsdash.db"
        self.alerts = Alerts(count, seed)
        self._stack.callback(self.alerts.close)
        self.config = self.folder / "opsdash.toml"
        self.config.write_text(_CONFIG.format(store=self.path, alerts=self.alerts.url))
        self.config.chmod(0o600)
        self.environment = {
            **os.environ,
            "HOME": name,
            "XDG_CACHE_HOME": f"{name}/cache",
            "OPSDASH_CONFIG": str(self.config),
            "LANG": "C.UTF-8",
        }
        self.store: Connection = connect(self.path)
        self._stack.callback(self.store.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def log(self) -> str:
        """What the engines have logged."""
        path = self.folder / "engine.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `opsdash ARGUMENTS`; standard error goes to the log."""
        with open(self.folder / "engine.log", "ab") as log:
            process = subprocess.Popen(
                [*OPSDASH, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if arguments[0] != "engine" else log,
                stderr=log,
            )
        self._stack.callback(_end, process)
        return process

    def open_dashboard(self, read: bool = True) -> Terminal:
        """Open a dashboard in a terminal of its own."""
        terminal = Terminal(OPSDASH, columns=100, lines=30, env=self.environment, read=read)
        self._stack.enter_context(terminal)
        return terminal

    def leader(self) -> lease.Lease | None:
        """Return the lease."""
        return self.store.read(lease.find)

    def wait_whole(self, timeout: float = 180.0) -> None:
        """Wait until the store shows what the server shows, by a living engine."""
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            time.sleep(0.1)
            try:
                held = self.leader()
                open_now = set(self.store.read(alerts.load_open))
            except StoreError:
                continue
            living = held is not None and not held.released and held.expires_at > datetime.now(UTC)
            if living and open_now == self.alerts.shown():
                return
        raise AssertionError(f"the store never followed\n{self.log[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.kill()
    process.communicate()
