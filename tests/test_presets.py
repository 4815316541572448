"""The default indicators against a real Prometheus: right figures, and never a healthy nothing."""

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from opsdash import presets
from opsdash.domain.indicator import Level, Unit, judge
from opsdash.domain.sample import Answer
from tests.servers import PrometheusServer, VictoriaMetrics, exposition_line

INDICATORS = {indicator.id: indicator for indicator in presets.DEFAULT_SETUP.indicators}
JOB = {"job": "payments-api"}
STEP = 15

Series = tuple[Mapping[str, str], list[tuple[float, float]]]


def line(name: str, start: float, each: float, labels: Mapping[str, str], now: float) -> Series:
    """A series of the last 20 minutes that begins at `start` and grows by `each` a scrape."""
    points = 20 * 60 // STEP
    begin = now - points * STEP
    values = [(begin + i * STEP, start + i * each) for i in range(points + 1)]
    return {"__name__": name} | dict(labels), values


def production(now: float) -> list[Series]:
    """The guide's screen: 45 payments a second, 1 % errors, a p95 of 150 ms."""
    disk = {"instance": "n", "device": "d", "mountpoint": "/var", "fstype": "ext4"}
    image = disk | {"device": "s", "mountpoint": "/snap/x"}
    memory = disk | {"device": "t", "mountpoint": "/run", "fstype": "tmpfs"}
    buckets = (("0.1", 90.0), ("0.2", 100.0), ("+Inf", 100.0))
    return [
        *[
            line(f"{name}_bucket", 0, each, JOB | {"le": bound}, now)
            for name in ("http_request_duration_seconds", "db_client_operation_duration_seconds")
            for bound, each in buckets
        ],
        line("http_requests_total", 0, 1485, JOB | {"status": "200"}, now),
        line("http_requests_total", 0, 15, JOB | {"status": "503"}, now),
        line("http_requests_total", 0, 9999, {"job": "another", "status": "500"}, now),
        line("payments_total", 0, 665, {"processor": "stripe", "outcome": "succeeded"}, now),
        line("payments_total", 0, 7, {"processor": "stripe", "outcome": "failed"}, now),
        line("payments_total", 0, 3, {"processor": "stripe", "outcome": "declined"}, now),
        line("payment_processing_seconds_sum", 0, 18, {}, now),
        line("payment_processing_seconds_count", 0, 15, {}, now),
        line("app_active_users", 1000, 0, {"instance": "a"}, now),
        line("app_active_users", 1450, 0, {"instance": "b"}, now),
        line("node_cpu_seconds_total", 0, 6, {"instance": "n", "cpu": "0", "mode": "idle"}, now),
        line("node_cpu_seconds_total", 0, 2, {"instance": "n", "cpu": "0", "mode": "iowait"}, now),
        line("node_cpu_seconds_total", 0, 7, {"instance": "n", "cpu": "0", "mode": "user"}, now),
        line("node_memory_MemAvailable_bytes", 38, 0, {"instance": "n"}, now),
        line("node_memory_MemTotal_bytes", 100, 0, {"instance": "n"}, now),
        *[
            line(f"node_filesystem_{name}", value, 0, labels, now)
            for labels, values in ((disk, (65, 100, 0)), (image, (0, 9, 1)), (memory, (0, 9, 0)))
            for name, value in zip(("avail_bytes", "size_bytes", "readonly"), values, strict=True)
        ],
        line("up", 1, 0, JOB | {"instance": "a"}, now),
        line("up", 0, 0, JOB | {"instance": "b"}, now),
        line("probe_success", 0, 0, {"processor": "stripe", "instance": "a"}, now),
        line("probe_success", 1, 0, {"processor": "stripe", "instance": "b"}, now),
    ]


EXPECTED = {
    "p95": 0.15,
    "error_ratio": 0.01,
    "transactions": 45,
    "requests": 100,
    "users": 2450,
    "cpu": 1 - 8 / 15,
    "memory": 0.62,
    "disk": 0.35,
    "database_p95": 0.15,
    "pods": 1,
    "success_ratio": 1 - 7 / 672,
    "failed": 560,
    "processing": 1.2,
    "stripe": 1,
}
"""What each default shows of `production`; uptime has too little history to know."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PrometheusServer, float]]:
    """A Prometheus that holds `production`, and the time of its last samples."""
    now = float(int(time.time()))
    with PrometheusServer(tmp_path_factory.mktemp("prometheus")) as server:
        server.push_series(production(now))
        yield server, now


@pytest.mark.servers
@pytest.mark.parametrize("name", INDICATORS)
def test_a_default_shows_the_right_figure(
    filled: tuple[PrometheusServer, float], name: str
) -> None:
    """One series with the value that a person would compute by hand."""
    server, now = filled
    result = server.query(INDICATORS[name].query, now)
    if name == "uptime":
        assert result == []
        return
    (found,) = result
    # increase() over 24 h extrapolates past the first and last sample.
    close = 0.02 if name == "failed" else 1e-9
    assert float(found["value"][1]) == pytest.approx(EXPECTED[name], rel=close)
    if name == "disk":
        assert found["metric"]["mountpoint"] == "/var"


@pytest.mark.servers
def test_nothing_known_is_never_healthy(prometheus: PrometheusServer) -> None:
    """An empty Prometheus leaves every default unknown: no zero, no 100 %."""
    for indicator in INDICATORS.values():
        result = prometheus.query(indicator.query)
        value = float(result[0]["value"][1]) if result else None
        assert judge(indicator, Answer(value, None)) is Level.UNKNOWN, indicator.id


@pytest.mark.servers
def test_all_defaults_can_be_asked_at_once(filled: tuple[PrometheusServer, float]) -> None:
    """Each query stands inside a larger one: marked by a label and joined by `or`."""
    server, now = filled
    union = " or ".join(
        f'label_replace(({indicator.query}), "indicator", "{name}", "", "")'
        for name, indicator in INDICATORS.items()
    )
    found = {one["metric"]["indicator"] for one in server.query(union, now)}
    assert found == INDICATORS.keys() - {"uptime"}


@pytest.mark.servers
def test_no_errors_are_zero_and_no_traffic_is_unknown(prometheus: PrometheusServer) -> None:
    """Without a single 5xx series the rate is 0; without requests it is not known."""
    now = float(int(time.time()))
    prometheus.push_series(
        [
            line("http_requests_total", 0, 10, JOB | {"status": "200"}, now),
            line("payments_total", 0, 10, {"outcome": "succeeded"}, now),
        ]
    )
    assert prometheus.query(INDICATORS["error_ratio"].query, now)[0]["value"][1] == "0"
    assert prometheus.query(INDICATORS["success_ratio"].query, now)[0]["value"][1] == "1"
    assert prometheus.query(INDICATORS["failed"].query, now)[0]["value"][1] == "0"
    # 800 is where the series ended, so nothing grows in the last two scrapes.
    later = now + 2 * STEP
    labels = {"__name__": "http_requests_total", "status": "200"} | JOB
    prometheus.push_series([(labels, [(now + STEP * i, 800.0) for i in (1, 2)])])
    idle = INDICATORS["error_ratio"].query.replace("[5m]", f"[{2 * STEP}s]")
    assert prometheus.query(idle, later) == []


@pytest.mark.servers
def test_a_failed_probe_of_15_seconds_shows_in_the_uptime(tmp_path: Path) -> None:
    """One of 5,760 scrapes is 99.983 %; half a day of history is not a day's uptime."""
    now = int(time.time()) // STEP * STEP
    day = 24 * 3600
    lines = [
        f'up{{job="payments-api",instance="a"}} {int(at != now - 3600)} {at}\n'
        for at in range(now - day - 600, now, STEP)
    ]
    with PrometheusServer(tmp_path / "prometheus") as server:
        server.backfill("# TYPE up gauge\n" + "".join(lines))
        query = INDICATORS["uptime"].query
        (found,) = server.query(query, now - STEP)
        assert float(found["value"][1]) == pytest.approx(5759 / 5760, abs=1e-6)
        assert server.query(query, now - day / 2) == []


@pytest.mark.servers
def test_pods_are_kubernetes_replicas_where_it_is_known(prometheus: PrometheusServer) -> None:
    """Available replicas come before wanted ones, and those before scraped instances."""
    query = INDICATORS["pods"].query

    def push(name: str, value: float) -> None:
        prometheus.push(name, value, namespace="payments", deployment="payment-service")

    prometheus.push("up", 1, job="payments-api", instance="a")
    assert prometheus.value(query) == 1
    push("kube_deployment_spec_replicas", 4)
    assert prometheus.value(query) == 4
    push("kube_deployment_status_replicas_available", 2)
    assert prometheus.value(query) == 2


@pytest.mark.servers
def test_victoria_metrics_takes_every_default(victoria_metrics: VictoriaMetrics) -> None:
    """No query is refused there, and what it counts agrees."""
    now = float(int(time.time()))
    lines = [
        f"{exposition_line(labels['__name__'], rest, value)} {round(at * 1000)}\n"
        for labels, points in production(now)
        for rest in [{name: text for name, text in labels.items() if name != "__name__"}]
        for at, value in points
    ]
    victoria_metrics.push("".join(lines))
    for name, indicator in INDICATORS.items():
        result = victoria_metrics.query(indicator.query, now)
        if name == "uptime":
            continue
        assert len(result) == 1, name
        value = float(result[0]["value"][1])
        assert math.isclose(value, EXPECTED[name], rel_tol=0.05), (name, value)


def test_thresholds_are_those_of_the_guide() -> None:
    """Strictly beyond: at the threshold nothing is wrong yet."""

    def level(name: str, value: float) -> Level:
        return judge(INDICATORS[name], Answer(value, None))

    for name, ok, warn, crit in (
        ("p95", 0.3, 0.301, 0.501),
        ("database_p95", 0.3, 0.5, 0.501),
        ("error_ratio", 0.001, 0.01, 0.0101),
        ("cpu", 0.8, 0.9, 0.91),
        ("memory", 0.8, 0.9, 0.91),
        ("disk", 0.8, 0.9, 0.91),
        ("success_ratio", 0.999, 0.9989, 0.9899),
    ):
        assert (level(name, ok), level(name, warn), level(name, crit)) == (
            Level.OK,
            Level.WARN,
            Level.CRIT,
        ), name
    assert level("uptime", 0.9949) is Level.WARN
    assert level("stripe", 0) is Level.CRIT
    assert level("pods", 0) is Level.CRIT


def test_ids_units_and_titles_fit_the_screen() -> None:
    """Ids are unique, panes have at most five tiles, titles and units are as the panes draw them."""
    listed = [i.id for pane in presets.DEFAULT_PANES for i in pane.indicators]
    assert len({*listed, "uptime", "users"}) == len(listed) + 2
    assert all(len(pane.indicators) <= 5 for pane in presets.DEFAULT_PANES)
    assert all(len(indicator.title) <= 14 for indicator in INDICATORS.values())
    assert INDICATORS["stripe"].unit is Unit.UP
    assert {i.id for i in INDICATORS.values() if i.compare} == {"users", "transactions", "cpu"}


def test_a_quantile_says_that_its_buckets_bound_it() -> None:
    """Coarse buckets double a p95: whoever looks at one reads that it is no finer than they are."""
    quantiles = [
        i for pane in presets.DEFAULT_PANES for i in pane.indicators if "quantile" in i.query
    ]
    assert len(quantiles) >= 2
    assert all("no finer than the histogram's buckets" in str(i.note) for i in quantiles)
