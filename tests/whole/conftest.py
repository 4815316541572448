"""A small production of real servers, and dashboards on it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Team
from tests.servers import AlertmanagerServer, MetricTarget, NodeExporter, PrometheusServer
from tests.terminal import Terminal

RULES = """
groups:
- name: app
  rules:
  - alert: TooHigh
    expr: app_value > 5
    labels: {severity: critical}
    annotations: {summary: "the value is {{ $value }}"}
  - alert: HighForLong
    expr: app_value > 5
    for: 1h
    labels: {severity: warning}
"""

CONFIG = """
title = "Shop"
refresh = "2s"

[store]
url = "sqlite:///{store}"

[engine]
autostart = {autostart}

[prometheus]
url = "{prometheus}"

[alertmanager]
urls = ["{alertmanager}"]

[[pane.performance]]
id = "value"
title = "App value"
query = "app_value"
unit = "count"
"""


class Production(Team):
    """Servers, a configuration that names them, and what runs on it."""

    def __init__(
        self,
        folder: Path,
        target: MetricTarget,
        prometheus: PrometheusServer,
        alertmanager: AlertmanagerServer,
    ) -> None:
        self.target, self.prometheus, self.alertmanager = target, prometheus, alertmanager
        super().__init__(folder, "")
        self.configure()

    def configure(self, autostart: bool = True) -> None:
        """Write the configuration."""
        text = CONFIG.format(
            store=self.folder / "ops.db",
            prometheus=self.prometheus.url,
            alertmanager=self.alertmanager.url,
            autostart=str(autostart).lower(),
        )
        self.config.write_text(text)

    @contextmanager
    def dashboard(self, columns: int = 160, lines: int = 45, **env: str) -> Iterator[Terminal]:
        """A dashboard in a terminal of its own."""
        command = [sys.executable, "-m", "opsdash", "--config", str(self.config)]
        environment = {**self.environment, **env}
        with Terminal(command, columns=columns, lines=lines, env=environment) as terminal:
            yield terminal


@pytest.fixture
def production(
    tmp_path: Path, metric_target: MetricTarget, alertmanager: AlertmanagerServer
) -> Iterator[Production]:
    """An application, node_exporter, Prometheus and Alertmanager, all quiet."""
    metric_target.set("app_value", 1, pod="a")
    with (
        NodeExporter(tmp_path / "node") as node,
        PrometheusServer(
            tmp_path / "prometheus",
            targets={"app": [metric_target.address], "node": [node.address]},
            rules=RULES,
            alertmanagers=[alertmanager.address],
            external_labels={"region": "eu"},
        ) as prometheus,
    ):
        made = Production(tmp_path, metric_target, prometheus, alertmanager)
        yield made
        made.stop_engines()


def pid_of_engine(parent: int) -> int:
    """Return the process id of the engine that a dashboard has started, 0 where none is there."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == parent:
                return int(name)
    return 0


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits only for whoever is to take note of its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
