"""Fixtures that every area shares: real servers, a faulty one, and what a missing one means."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.faultserver import FaultServer
from tests.kit.certificates import Certificates, make_certificates
from tests.servers import (
    AlertmanagerServer,
    MetricTarget,
    NodeExporter,
    PrometheusServer,
    ServerMissingError,
    VictoriaMetrics,
)

# A machine that runs seven thousand tests at once is no reason for an example to have taken 200 ms.
settings.register_profile("no-deadline", deadline=None)
settings.load_profile("no-deadline")

_SERVER_FIXTURES = {"prometheus", "alertmanager", "node_exporter", "victoria_metrics"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for a real server with `servers`."""
    for item in items:
        if _SERVER_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.servers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Turn a missing program, met in a fixture, into a skip that names its package."""
    yield from _translate_missing()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Turn a missing program, met in the test, into a skip that names its package."""
    yield from _translate_missing()


def _translate_missing() -> Generator[None, None, None]:
    try:
        yield
        return
    except ServerMissingError as error:
        missing = str(error)
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(f"{missing} (a failure, because this is CI)", pytrace=False)
    pytest.skip(missing)


@pytest.fixture
def metric_target() -> Iterator[MetricTarget]:
    """A scrape target whose series the test sets."""
    with MetricTarget() as target:
        yield target


@pytest.fixture
def prometheus(tmp_path: Path, metric_target: MetricTarget) -> Iterator[PrometheusServer]:
    """A fresh Prometheus that scrapes `metric_target` as job `app` every two seconds."""
    with PrometheusServer(
        tmp_path / "prometheus", targets={"app": [metric_target.address]}
    ) as server:
        yield server


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[AlertmanagerServer]:
    """A fresh Alertmanager that notifies nobody."""
    with AlertmanagerServer(tmp_path / "alertmanager") as server:
        yield server


@pytest.fixture
def node_exporter(tmp_path: Path) -> Iterator[NodeExporter]:
    """A node_exporter of this machine."""
    with NodeExporter(tmp_path / "node-exporter") as server:
        yield server


@pytest.fixture
def victoria_metrics(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    """A fresh VictoriaMetrics that scrapes nothing."""
    with VictoriaMetrics(tmp_path / "victoria-metrics") as server:
        yield server


@pytest.fixture
def fault_server() -> Iterator[FaultServer]:
    """A server that speaks Prometheus' and Alertmanager's API and any fault."""
    with FaultServer() as server:
        yield server
    assert server.errors == []


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate authority of our own and good, expired, misnamed and client certificates."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
