"""A real Alertmanager, and amtool to act on it."""

import json
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tests.kit.process import Server, find_program
from tests.kit.querying import read_json

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
            urllib.request.Request(f"{self.url}/-/reload", method="POST"), timeout=60
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
