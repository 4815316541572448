"""A real VictoriaMetrics: what it scrapes and what is pushed to it."""

import json
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.kit.querying import QueryServer


class VictoriaMetrics(QueryServer):
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
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status in (200, 204)
        with urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=60):
            pass
