"""A real Prometheus: what it scrapes, what is pushed to it, its history and its rules."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.kit.process import find_program
from tests.kit.querying import QueryServer, read_json
from tests.kit.remote_write import Points, write_request


class PrometheusServer(QueryServer):
    """A Prometheus that scrapes `targets` (job -> addresses), or runs `config`.

    It evaluates its `rules` each `interval`, and scrapes each `scrape_interval`, which is as long as
    a target may take: of one that takes longer all series are gone until the next scrape.
    """

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
        scrape_interval: str = "2s",
        web_config: str = "",
        prefix: str = "",
        external_labels: Mapping[str, str] | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        super().__init__(folder, extra=extra)
        self.targets = dict(targets or {})
        self.rules = rules
        self.alertmanagers = list(alertmanagers)
        self.config = config
        self.interval = interval
        self.scrape_interval = scrape_interval
        self.web_config = web_config
        self.prefix = prefix
        self.external_labels = dict(external_labels or {})

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
                "scrape_interval": self.scrape_interval,
                "scrape_timeout": self.scrape_interval,
                "evaluation_interval": self.interval,
                "external_labels": self.external_labels,
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
            urllib.request.Request(f"{self.url}/-/reload", method="POST"), timeout=60
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
        with urllib.request.urlopen(request, timeout=60) as answer:
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
