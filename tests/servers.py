"""Debian's Prometheus, Alertmanager, node_exporter and VictoriaMetrics as child processes.

Each is a `Server` (tests/kit/process.py): start, stop (SIGTERM), kill, stop_hung (SIGSTOP), cont,
restart on the same port, `url`, `log`; it dies with the test process. A missing program raises
ServerMissingError, which conftest.py turns into a skip, or in CI into a failure.
"""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.kit.process import Server, ServerFailedError, ServerMissingError, find_program, free_port
from tests.kit.remote_write import Points, write_request
from tests.kit.target import MetricTarget, exposition_line, openmetrics
from tests.kit.waiting import eventually, wait_until

__all__ = [
    "SERVERS",
    "AlertmanagerServer",
    "MetricTarget",
    "NodeExporter",
    "PrometheusServer",
    "Server",
    "ServerFailedError",
    "ServerMissingError",
    "VictoriaMetrics",
    "eventually",
    "exposition_line",
    "find_program",
    "free_port",
    "openmetrics",
    "read_json",
    "wait_until",
]


def read_json(
    url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    """Return the JSON at `url`; with `form` it is asked for by POST."""
    content = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data=content, headers=dict(headers or {}))
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


class _QueryServer(Server):
    """A server that speaks Prometheus' query API."""

    def query(self, expr: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return the vector that `expr` gives, now or at unix time `at`."""
        form = {"query": expr} | ({"time": f"{at:.3f}"} if at is not None else {})
        result: list[dict[str, Any]] = read_json(f"{self.url}/api/v1/query", form)["data"]["result"]
        return result

    def value(self, expr: str) -> float | None:
        """Return the value of a query of one series, None where it gives nothing."""
        result = self.query(expr)
        return float(result[0]["value"][1]) if result else None

    def wait_for(
        self, expr: str, accept: Callable[[float], bool] | None = None, deadline: float = 15.0
    ) -> float:
        """Return the value of `expr` once there is one that `accept` takes."""

        def look() -> tuple[float] | None:
            value = self.value(expr)
            taken = value is not None and (accept is None or accept(value))
            return (value,) if taken and value is not None else None

        found = wait_until(look, deadline, expr, pause=0.1)
        assert found is not None
        return found[0]


class PrometheusServer(_QueryServer):
    """A Prometheus that scrapes `targets` (job -> addresses) each `interval`, or runs `config`."""

    program: ClassVar[str] = "prometheus"
    package: ClassVar[str] = "prometheus"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        targets: Mapping[str, Sequence[str]] | None = None,
        rules: str = "",
        alertmanagers: Sequence[str] = (),
        config: str | None = None,
        interval: str = "500ms",
        web_config: str = "",
        prefix: str = "",
        extra: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, extra=extra)
        self.targets = dict(targets or {})
        self.rules = rules
        self.alertmanagers = list(alertmanagers)
        self.config = config
        self.interval = interval
        self.web_config = web_config
        self.prefix = prefix

    @property
    def url(self) -> str:
        """Its base URL, the route prefix included."""
        return super().url + self.prefix

    def config_text(self) -> str:
        """Return `config`, or one made of targets, rules and Alertmanagers (YAML takes JSON)."""
        if self.config is not None:
            return self.config
        whole = {
            "global": {
                "scrape_interval": self.interval,
                "scrape_timeout": self.interval,
                "evaluation_interval": self.interval,
            },
            "rule_files": [str(self.folder / "rules.yml")] if self.rules else [],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": self.alertmanagers}]}]
                if self.alertmanagers
                else []
            },
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": list(addresses)}]}
                for job, addresses in self.targets.items()
            ],
        }
        return json.dumps(whole, indent=1)

    def prepare(self) -> None:
        """Write prometheus.yml, rules.yml and web.yml."""
        (self.folder / "prometheus.yml").write_text(self.config_text())
        (self.folder / "rules.yml").write_text(self.rules)
        (self.folder / "web.yml").write_text(self.web_config)

    def arguments(self) -> list[str]:
        """Return the command line."""
        return [
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--web.config.file={self.folder / 'web.yml'}",
            "--web.enable-lifecycle",
            "--web.enable-admin-api",
            "--web.enable-remote-write-receiver",
            *([f"--web.route-prefix={self.prefix}"] if self.prefix else []),
        ]

    def ready(self) -> bool:
        """Whether it is ready; one that asks for a login or TLS is ready when it listens."""
        if self.web_config:
            return "Server is ready to receive web requests" in self.log
        return super().ready()

    def reload(self) -> None:
        """Make it read the configuration that the attributes now describe."""
        self.prepare()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/-/reload", method="POST"), timeout=10
        ) as answer:
            assert answer.status == 200

    def push(self, name: str, value: float, at: float | None = None, **labels: str) -> None:
        """Write one sample, now or at unix time `at`, without waiting for a scrape.

        It stays visible for the lookback of 5 minutes; nothing marks it stale.
        """
        moment = time.time() if at is None else at
        self.push_series([({"__name__": name} | labels, [(moment, value)])])

    def push_series(self, series: Iterable[tuple[Mapping[str, str], Points]]) -> None:
        """Write many series at once, labels with `__name__` and (unix s, value) each.

        Times older than about an hour, or than what the series has, are for `backfill`.
        """
        request = urllib.request.Request(
            f"{self.url}/api/v1/write",
            data=write_request(series),
            headers={
                "Content-Type": "application/x-protobuf",
                "Content-Encoding": "snappy",
                "X-Prometheus-Remote-Write-Version": "0.1.0",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 204

    def backfill(self, text: str) -> None:
        """Write history given in OpenMetrics as blocks; a running server is restarted to see it."""
        running = self.process is not None
        if running:
            self.stop()
        source = self.folder / "history.om"
        source.write_text(text.replace("# EOF\n", "") + "# EOF\n")
        promtool = find_program("promtool", self.package)
        store = self.folder / "tsdb"
        done = subprocess.run(
            [promtool, "tsdb", "create-blocks-from", "openmetrics", str(source), str(store)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        if running:
            self.start()

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that its own rules show."""
        found: list[dict[str, Any]] = read_json(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return found


_ROUTE_TO_NOBODY = """
route:
  receiver: nobody
  group_wait: 1s
  group_interval: 1s
receivers:
- name: nobody
"""


class AlertmanagerServer(Server):
    """An Alertmanager without peers, and `amtool` to act on it."""

    program: ClassVar[str] = "prometheus-alertmanager"
    package: ClassVar[str] = "prometheus-alertmanager"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        config: str = _ROUTE_TO_NOBODY,
        web_config: str = "",
        prefix: str = "",
        extra: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, extra=extra)
        self.config = config
        self.web_config = web_config
        self.prefix = prefix

    @property
    def url(self) -> str:
        """Its base URL, the route prefix included."""
        return super().url + self.prefix

    @property
    def address(self) -> str:
        """`HOST:PORT`, as Prometheus' `alertmanagers` takes it."""
        return f"127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write alertmanager.yml and web.yml."""
        (self.folder / "alertmanager.yml").write_text(self.config)
        (self.folder / "web.yml").write_text(self.web_config)

    def arguments(self) -> list[str]:
        """Return the command line."""
        return [
            f"--config.file={self.folder / 'alertmanager.yml'}",
            f"--storage.path={self.folder / 'store'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            f"--web.config.file={self.folder / 'web.yml'}",
            "--cluster.listen-address=",
            *([f"--web.route-prefix={self.prefix}"] if self.prefix else []),
        ]

    def reload(self) -> None:
        """Make it read the configuration that `config` now holds."""
        self.prepare()
        with urllib.request.urlopen(
            urllib.request.Request(f"{self.url}/-/reload", method="POST"), timeout=10
        ) as answer:
            assert answer.status == 200

    def amtool(self, *arguments: str) -> str:
        """Run `amtool` on this server and return what it printed."""
        amtool = find_program("amtool", self.package)
        done = subprocess.run(
            [amtool, f"--alertmanager.url={self.url}", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def post_alert(
        self,
        labels: Mapping[str, str],
        annotations: Mapping[str, str] | None = None,
        *,
        start: str | None = None,
        end: str | None = None,
        generator_url: str = "",
    ) -> None:
        """Post one alert with amtool; `start` and `end` are RFC 3339, an `end` in the past resolves.

        `labels` hold `alertname`.
        """
        rest = {name: text for name, text in labels.items() if name != "alertname"}
        self.amtool(
            "alert",
            "add",
            *([f"--start={start}"] if start else []),
            *([f"--end={end}"] if end else []),
            *([f"--generator-url={generator_url}"] if generator_url else []),
            *[f"--annotation={name}={_quote(text)}" for name, text in (annotations or {}).items()],
            labels["alertname"],
            *[f"{name}={_quote(text)}" for name, text in rest.items()],
        )

    def post_alerts(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Post alerts as the API takes them: thousands in one request, any text."""
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            data=json.dumps(list(alerts)).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 200

    def resolve(self, labels: Mapping[str, str]) -> None:
        """Post the alert of exactly these labels as ended now."""
        self.post_alerts(
            [
                {
                    "labels": dict(labels),
                    "startsAt": "2020-01-01T00:00:00Z",
                    "endsAt": "2020-01-01T00:00:01Z",
                }
            ]
        )

    def silence(
        self, *matchers: str, author: str = "john", comment: str = "test", duration: str = "1h"
    ) -> str:
        """Silence what the matchers (`alertname=X`, `pod=~a.*`) match and return the silence's id."""
        return self.amtool(
            "silence",
            "add",
            f"--author={author}",
            f"--comment={comment}",
            f"--duration={duration}",
            *matchers,
        )

    def expire(self, silence: str) -> None:
        """End a silence now."""
        self.amtool("silence", "expire", silence)

    def alerts(self) -> list[dict[str, Any]]:
        """Return its alerts as the API gives them, silenced and inhibited ones included."""
        found: list[dict[str, Any]] = read_json(f"{self.url}/api/v2/alerts")
        return found


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"') + '"'


class NodeExporter(Server):
    """A node_exporter of this machine."""

    program: ClassVar[str] = "prometheus-node-exporter"
    package: ClassVar[str] = "prometheus-node-exporter"
    ready_path: ClassVar[str] = "/"

    @property
    def address(self) -> str:
        """`HOST:PORT`, as a scrape configuration takes it."""
        return f"127.0.0.1:{self.port}"

    def arguments(self) -> list[str]:
        """Return the command line."""
        return [f"--web.listen-address={self.address}", "--collector.textfile.directory="]


class VictoriaMetrics(_QueryServer):
    """A single VictoriaMetrics, filled by `push` or by scraping `targets` (job -> addresses).

    Its Prometheus API is at `url`. Instant queries see samples at once: the usual 30 s of
    `-search.latencyOffset` are set aside.
    """

    program: ClassVar[str] = "victoria-metrics"
    package: ClassVar[str] = "victoria-metrics"
    ready_path: ClassVar[str] = "/health"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        targets: Mapping[str, Sequence[str]] | None = None,
        interval: str = "1s",
        extra: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, extra=extra)
        self.targets = dict(targets or {})
        self.interval = interval

    def prepare(self) -> None:
        """Write the scrape configuration."""
        whole = {
            "global": {"scrape_interval": self.interval},
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": list(addresses)}]}
                for job, addresses in self.targets.items()
            ],
        }
        (self.folder / "scrape.yml").write_text(json.dumps(whole))

    def arguments(self) -> list[str]:
        """Return the command line."""
        return [
            f"-httpListenAddr=127.0.0.1:{self.port}",
            f"-storageDataPath={self.folder / 'storage'}",
            f"-promscrape.config={self.folder / 'scrape.yml'}",
            "-search.latencyOffset=0s",
            "-retentionPeriod=100y",
            "-memory.allowedBytes=128MB",
        ]

    def push(self, text: str) -> None:
        """Write samples given in the text format (a timestamp, where given, in milliseconds)."""
        request = urllib.request.Request(
            f"{self.url}/api/v1/import/prometheus", data=text.encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status in (200, 204)
        with urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=10):
            pass


SERVERS: tuple[type[Server], ...] = (
    PrometheusServer,
    AlertmanagerServer,
    NodeExporter,
    VictoriaMetrics,
)
"""Every real server that tests may start."""
