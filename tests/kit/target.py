"""A scrape target: a small HTTP server whose exposition a test sets while it is scraped."""

import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.kit.process import free_port


def exposition_line(name: str, labels: Mapping[str, str], value: float | str) -> str:
    """Return one sample as the text formats write it."""
    pairs = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def openmetrics(
    name: str, points: Iterable[tuple[float, float | str]], kind: str = "gauge", **labels: str
) -> str:
    """Return one family of one series in OpenMetrics for `backfill`, `points` as (unix s, value).

    For a counter `name` ends in `_total`. Join several families and end them by `# EOF`, which
    `PrometheusServer.backfill` adds.
    """
    family = name.removesuffix("_total") if kind == "counter" else name
    lines = [f"# TYPE {family} {kind}"]
    lines += [f"{exposition_line(name, labels, value)} {at:.3f}" for at, value in points]
    return "\n".join(lines) + "\n"


class MetricTarget:
    """Serves `text` on `/metrics`; `set` and `drop` edit it by series; it can go down and return."""

    def __init__(self) -> None:
        self.port = free_port()
        self.text = ""
        self.scrapes = 0
        self._samples: dict[tuple[str, tuple[tuple[str, str], ...]], float | str] = {}
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    @property
    def address(self) -> str:
        """`HOST:PORT`, as a scrape configuration takes it."""
        return f"127.0.0.1:{self.port}"

    def set(self, name: str, value: float | str, **labels: str) -> None:
        """Expose one series with `value` from the next scrape on."""
        with self._lock:
            self._samples[name, tuple(sorted(labels.items()))] = value
            self._rewrite()

    def drop(self, name: str, **labels: str) -> None:
        """Stop exposing one series."""
        with self._lock:
            del self._samples[name, tuple(sorted(labels.items()))]
            self._rewrite()

    def _rewrite(self) -> None:
        lines = [exposition_line(n, dict(pairs), v) for (n, pairs), v in self._samples.items()]
        self.text = "\n".join(lines) + "\n"

    def start(self) -> Self:
        """Listen, on the same port each time."""
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = target.text.encode()
                target.scrapes += 1
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="target", daemon=True
        ).start()
        return self

    def stop(self) -> None:
        """Stop listening: a scrape is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self if self._server is not None else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
