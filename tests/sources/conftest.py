"""A Prometheus that many tests only read: starting one and its first scrape take seconds."""

from collections.abc import Iterator

import pytest

from tests.servers import MetricTarget, PrometheusServer


@pytest.fixture(scope="module")
def filled_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """A Prometheus that scrapes `app_value` of two pods, 5 and 7, for all tests of a module."""
    with (
        MetricTarget() as target,
        PrometheusServer(
            # A scrape may take as long as its interval: a busy machine misses none of these.
            tmp_path_factory.mktemp("prometheus"),
            targets={"app": [target.address]},
            scrape_interval="5s",
        ) as server,
    ):
        target.set("app_value", 5, pod="a")
        target.set("app_value", 7, pod="b")
        server.wait_for("count(app_value)", lambda count: count == 2)
        yield server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use it as the others that run real servers are."""
    for item in items:
        if "filled_prometheus" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.servers)
