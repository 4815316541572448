"""A server that speaks Prometheus' and Alertmanager's HTTP API and any fault.

    with FaultServer() as server:
        server.mode = "drip"              # every request; or per query: server.when("node_mem", "bad_data")
        PrometheusSource(url=server.url)  # or one fault by path: server.at("503")
        server.requests[0].headers        # what arrived, in order

The faults are in tests/kit/faults.py (`FAULTS`); `mode` may carry a parameter, as `429=3600`,
`bomb=400` or `slow=0.3`, and any number is an HTTP status with a plain body.
"""

import contextlib
import json
import re
import socket
import ssl
import sys
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kit.certificates import Pair
from tests.kit.faults import FAULTS, Fault, status_fault
from tests.kit.process import free_port
from tests.kit.waiting import wait_until

_MARK = re.compile(
    r',\s*"([A-Za-z_]\w*)"\s*,\s*"([^"$]*)"\s*,\s*"(?:[^"\\]|\\.)*"\s*,\s*"(?:[^"\\]|\\.)*"\s*\)'
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; `path` is without query, `form` is the query and the body's form."""

    method: str
    path: str
    headers: Message
    body: bytes
    form: Mapping[str, str]
    at: float = field(default_factory=time.monotonic)

    @property
    def query(self) -> str:
        """The PromQL that it asks for, or nothing."""
        return self.form.get("query", "")


def marks(query: str) -> list[dict[str, str]]:
    """Return the labels that each `label_replace` of a union query writes, in order.

    So the answers fit a client that asks for many indicators at once and tells the branches apart
    by a label; a query without any gives one series without labels.
    """
    return [{name: value} for name, value in _MARK.findall(query)] or [{}]


Payload = Callable[[Request], Any]


def _as_go_writes(payload: Any) -> str:
    return json.dumps(payload, separators=(",", ":"))


class FaultServer:
    """Listens on a free loopback port; `mode`, `value`, `alerts` and the rest may change at any time.

    `value` is what every series of an instant or range query has: a number, a string as the API
    writes it, None for an absent one, or a function of the series' labels. `age` is how many
    seconds old its timestamps are. `write` turns what is answered into JSON. `elsewhere` is the other origin of `redirect-other`.
    `errors` holds mistakes of the test itself, as an unknown mode; the fixture fails on them.
    """

    def __init__(self, *, tls: Pair | None = None, client_ca: Path | None = None) -> None:
        self.port = free_port()
        self.mode = "ok"
        self.value: float | str | Callable[[Mapping[str, str]], float | str | None] | None = 1.0
        self.age = 0.0
        self.alerts: list[dict[str, Any]] = []
        self.silences: list[dict[str, Any]] = []
        self.groups: list[dict[str, Any]] = []
        self.write: Callable[[Any], str] = _as_go_writes
        self.elsewhere = "http://elsewhere.example"
        self.requests: list[Request] = []
        self.connections = 0
        self.handshake_errors: list[str] = []
        self.errors: list[str] = []
        self.released = threading.Event()
        self._when: list[tuple[str, str]] = []
        self._answers: dict[str, tuple[int, Any]] = {}
        self._open: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self._context = _server_context(tls, client_ca) if tls else None

    @property
    def url(self) -> str:
        """Its origin, without a slash at the end."""
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}"

    def at(self, mode: str) -> str:
        """Return a base URL under which every request meets the fault `mode`."""
        return f"{self.url}/{mode}"

    def answer(self, path: str, payload: Any, status: int = 200) -> None:
        """Answer `path` with JSON: a value, or a function of the Request that returns one."""
        self._answers[path] = (status, payload)

    def when(self, part: str, mode: str) -> None:
        """Meet the fault `mode` whenever the query holds `part`, alone or in a union."""
        self._when.append((part, mode))

    def forget(self) -> None:
        """Drop what `answer`, `when`, `mode` and the request log hold."""
        self._answers.clear()
        self._when.clear()
        self.requests.clear()
        self.mode = "ok"

    def wait_for_requests(self, count: int, deadline: float = 60.0) -> list[Request]:
        """Return the requests once there are `count` of them."""
        wait_until(lambda: len(self.requests) >= count, deadline, f"{count} requests")
        return list(self.requests)

    def mode_for(self, request: Request) -> str:
        """Return the fault that `request` meets."""
        for part, mode in self._when:
            if part in request.query:
                return mode
        first = urllib.parse.unquote(request.path.strip("/").partition("/")[0])
        return first if find_fault(first) else self.mode

    def payload_for(self, request: Request) -> tuple[int, Any] | None:
        """Return status and JSON of a sound answer to `request`; None where there is no such path."""
        path = request.path
        for known, (status, payload) in self._answers.items():
            if path.endswith(known):
                return status, payload(request) if callable(payload) else payload
        for known, make in _SOUND.items():
            if path.endswith(known):
                return 200, make(self, request)
        return None

    def series(self, request: Request) -> list[tuple[dict[str, str], float | str]]:
        """Return labels and value of each series that the query of `request` gives."""
        found = []
        for labels in marks(request.query):
            value = self.value(labels) if callable(self.value) else self.value
            if value is not None:
                found.append((labels, value))
        return found

    def start(self) -> Self:
        """Listen, on the same port each time."""
        self.released.clear()
        self._server = _Listener(self)
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="faults", daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Stop listening and cut every connection: then a request is refused."""
        self.released.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self if self._server is not None else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def find_fault(mode: str) -> Callable[["Exchange"], None] | None:
    """Return the fault that `mode` names, its parameter bound, or None where there is none."""
    name, _, parameter = mode.partition("=")
    fault: Fault | None = FAULTS.get(name)
    if fault is None and re.fullmatch(r"[1-5]\d\d", name):
        fault = status_fault
        parameter = name
    if fault is None:
        return None
    found = fault
    return lambda exchange: found(exchange, parameter)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, faults: FaultServer) -> None:
        self.faults = faults
        super().__init__(("127.0.0.1", faults.port), Exchange)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep a mistake of the test for the fixture; a client that gives up is no mistake."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.faults.errors.append(f"{type(error).__name__}: {error}")


class Exchange(BaseHTTPRequestHandler):
    """One connection: reads requests, logs them, and answers as the mode says."""

    protocol_version = "HTTP/1.1"
    server: _Listener
    arrived: Request

    @property
    def faults(self) -> FaultServer:
        """The server that this belongs to."""
        return self.server.faults

    def setup(self) -> None:
        """Shake hands where the server speaks TLS."""
        self.faults.connections += 1
        context = self.faults._context
        if context is not None:
            self.request.settimeout(60)
            try:
                self.request = context.wrap_socket(self.request, server_side=True)
            except (ssl.SSLError, OSError) as error:
                self.faults.handshake_errors.append(str(error))
                raise
            self.request.settimeout(None)
        self.faults._open.add(self.request)
        super().setup()

    def finish(self) -> None:
        """Forget the connection."""
        self.faults._open.discard(self.request)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """Answer as the mode says."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        form = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if "form-urlencoded" in self.headers.get("Content-Type", ""):
            form |= dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        self.arrived = Request(self.command, path, self.headers, body, form)
        self.faults.requests.append(self.arrived)
        mode = self.faults.mode_for(self.arrived)
        fault = find_fault(mode)
        assert fault is not None, f"no fault is called {mode!r}; known: {', '.join(FAULTS)}"
        try:
            fault(self)
        except (BrokenPipeError, ConnectionResetError, TimeoutError, ssl.SSLError):
            self.close_connection = True

    def do_POST(self) -> None:
        """Answer as the mode says."""
        self.do_GET()

    def do_DELETE(self) -> None:
        """Answer as the mode says."""
        self.do_GET()

    def send(
        self,
        status: int,
        body: bytes,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send one whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_json(self, payload: Any, status: int = 200) -> None:
        """Send one whole answer of JSON."""
        self.send(status, self.faults.write(payload).encode())

    def send_sound(self) -> None:
        """Send what a sound server answers."""
        found = self.faults.payload_for(self.arrived)
        if found is None:
            self.send(404, b"404 page not found\n", "text/plain; charset=utf-8")
        else:
            self.send_json(found[1], found[0])


def _server_context(pair: Pair, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _success(payload: Any) -> dict[str, Any]:
    return {"status": "success", "data": payload}


def _vector(server: FaultServer, request: Request) -> Any:
    at = round(float(request.form.get("time") or time.time()) - server.age, 3)
    return _success(
        {
            "resultType": "vector",
            "result": [
                {"metric": labels, "value": [at, str(value)]}
                for labels, value in server.series(request)
            ],
        }
    )


def _matrix(server: FaultServer, request: Request) -> Any:
    start, end = float(request.form["start"]), float(request.form["end"])
    step = float(request.form["step"].removesuffix("s"))
    times = [start + n * step for n in range(int((end - start) / step) + 1)]
    return _success(
        {
            "resultType": "matrix",
            "result": [
                {"metric": labels, "values": [[at, str(value)] for at in times]}
                for labels, value in server.series(request)
            ],
        }
    )


def _status(server: FaultServer, request: Request) -> Any:
    return {
        "cluster": {"status": "disabled", "peers": []},
        "versionInfo": {"version": "0.25.0", "branch": "", "revision": ""},
        "config": {"original": "route:\n  receiver: nobody\n"},
        "uptime": "2020-01-01T00:00:00.000Z",
    }


_SOUND: dict[str, Callable[[FaultServer, Request], Any]] = {
    "/api/v1/query": _vector,
    "/api/v1/query_range": _matrix,
    "/api/v1/rules": lambda server, _: _success({"groups": server.groups}),
    "/api/v1/alerts": lambda server, _: _success(
        {"alerts": [a for g in server.groups for r in g["rules"] for a in r.get("alerts", ())]}
    ),
    "/api/v1/targets": lambda *_: _success({"activeTargets": [], "droppedTargets": []}),
    "/api/v1/status/buildinfo": lambda *_: _success({"version": "2.42.0"}),
    "/api/v1/status/flags": lambda *_: _success({"query.lookback-delta": "5m"}),
    "/api/v1/status/runtimeinfo": lambda *_: _success({"startTime": "2020-01-01T00:00:00Z"}),
    "/api/v1/labels": lambda *_: _success(["__name__"]),
    "/api/v1/series": lambda *_: _success([]),
    "/api/v1/metadata": lambda *_: _success({}),
    "/-/ready": lambda *_: "ready",
    "/-/healthy": lambda *_: "healthy",
    "/api/v2/alerts": lambda server, _: server.alerts,
    "/api/v2/silences": lambda server, request: (
        {"silenceID": "00000000-0000-4000-8000-000000000000"}
        if request.method == "POST"
        else server.silences
    ),
    "/api/v2/status": _status,
}
