"""Debian's Prometheus, Alertmanager, node_exporter and VictoriaMetrics as child processes.

Each is a `Server` (tests/kit/process.py): start, stop (SIGTERM), kill, stop_hung (SIGSTOP), cont,
restart on the same port, `url`, `log`; it dies with the test process. A missing program raises
ServerMissingError, which conftest.py turns into a skip, or in CI into a failure.
"""

from typing import ClassVar

from tests.kit.alertmanager import AlertmanagerServer
from tests.kit.process import (
    Server,
    ServerFailedError,
    ServerMissingError,
    find_program,
    free_port,
)
from tests.kit.prometheus import PrometheusServer
from tests.kit.querying import read_json
from tests.kit.target import MetricTarget, exposition_line, openmetrics
from tests.kit.victoria_metrics import VictoriaMetrics
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


SERVERS: tuple[type[Server], ...] = (
    PrometheusServer,
    AlertmanagerServer,
    NodeExporter,
    VictoriaMetrics,
)
"""Every real server that tests may start."""
