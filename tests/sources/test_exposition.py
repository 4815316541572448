"""The simulation's metrics as text: that a Prometheus would compute the model's figures from them."""

import socket
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from opsdash.http.errors import RemoteError
from opsdash.sources.exposition import Exposition, serve
from opsdash.sources.simulation.application import Application
from opsdash.sources.simulation.clock import SimulatedClock
from opsdash.sources.simulation.story import FIXED

START = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scraped:
    """An exposition whose clock a test sets, and what it answers."""

    def __init__(self, speed: float) -> None:
        self.now = START
        self.clock = SimulatedClock(START, speed)
        self.server: Exposition = serve("127.0.0.1:0", self.clock, lambda: self.now, seed=1)

    def at(self, seconds: float) -> Series:
        """Return every series as scraped so many real seconds after the start."""
        self.now = START + timedelta(seconds=seconds)
        url = f"http://127.0.0.1:{self.server.port}/metrics"
        with urllib.request.urlopen(url, timeout=30) as answer:
            text = answer.read().decode()
        return {
            (s.name, frozenset(s.labels.items())): s.value
            for family in text_string_to_metric_families(text)
            for s in family.samples
        }


@pytest.fixture(params=[1.0, 3.0])
def scraped(request: pytest.FixtureRequest) -> Iterator[Scraped]:
    """An exposition at the story's own pace, and at the demo's."""
    one = Scraped(request.param)
    yield one
    one.server.close()


def _rate(before: Series, after: Series, seconds: float, name: str, **labels: str) -> float:
    """Return `sum(rate(name{labels}))` between two scrapes."""
    wanted = set(labels.items())

    def total(series: Series) -> float:
        return sum(v for (n, found), v in series.items() if n == name and wanted <= found)

    return (total(after) - total(before)) / seconds


def _quantile(before: Series, after: Series, name: str, q: float) -> float:
    """Return `histogram_quantile(q, sum by (le) (rate(name_bucket)))` between two scrapes."""
    bounds = sorted({dict(labels)["le"] for n, labels in after if n == f"{name}_bucket"}, key=float)
    counts = [_rate(before, after, 1, f"{name}_bucket", le=le) for le in bounds]
    assert counts == sorted(counts)
    rank, low, below = q * counts[-1], 0.0, 0.0
    for le, count in zip(bounds, counts, strict=True):
        if count >= rank:
            return low + (float(le) - low) * (rank - below) / (count - below)
        low, below = float(le), count
    raise AssertionError(name)


@pytest.mark.parametrize("story", [700, 1600], ids=["incident", "calm"])
def test_rates_of_counters_are_the_figures_of_the_model(scraped: Scraped, story: float) -> None:
    """Traffic, errors, payments, CPU and latencies come out as the demo shows them, calm or not."""
    window = 60.0
    seconds = (scraped.clock.moment(story) - START).total_seconds()
    before, after = scraped.at(seconds - window), scraped.at(seconds)
    application = Application(1)
    moments = (START + timedelta(seconds=seconds - window + n + 0.5) for n in range(int(window)))
    figures = [application.figures(scraped.clock.elapsed(m)) for m in moments]

    def mean(name: str) -> float:
        return float(sum(getattr(f, name) for f in figures)) / len(figures)

    requests = _rate(before, after, window, "http_requests_total")
    errors = sum(_rate(before, after, window, "http_requests_total", status=s)
                 for s in ("500", "503"))  # fmt: skip
    assert requests == pytest.approx(mean("requests"), rel=0.01)
    # Whole counts of a handful of errors in a minute are a count off in each of eight series.
    assert errors == pytest.approx(mean("error_ratio") * requests, abs=8 / window)
    payments = _rate(before, after, window, "payments_total", processor="stripe")
    assert payments == pytest.approx(mean("transactions"), rel=0.01)
    spent = _rate(before, after, window, "payment_processing_seconds_sum")
    assert spent / payments == pytest.approx(mean("processing"), rel=0.02)
    idle = sum(_rate(before, after, window, "node_cpu_seconds_total", cpu="0", mode=m)
               for m in ("idle", "iowait", "steal"))  # fmt: skip
    assert 1 - idle == pytest.approx(mean("cpu"), abs=0.01)
    p95 = _quantile(before, after, "http_request_duration_seconds", 0.95)
    assert p95 == pytest.approx(mean("p95"), rel=0.06)
    database = _quantile(before, after, "db_client_operation_duration_seconds", 0.95)
    assert database == pytest.approx(mean("database_p95"), rel=0.06)


def test_gauges_are_the_figures_of_the_model(scraped: Scraped) -> None:
    """Users, memory, disk, pods and the probe are exported as they are."""
    series = scraped.at(60)
    figures = Application(1).figures(scraped.clock.elapsed(START + timedelta(seconds=60)))

    def gauge(name: str, **labels: str) -> float:
        return series[name, frozenset(labels.items())]

    assert gauge("app_active_users") == figures.users
    free = gauge("node_memory_MemAvailable_bytes") / gauge("node_memory_MemTotal_bytes")
    assert 1 - free == pytest.approx(figures.memory)
    used = [
        1 - value / series["node_filesystem_size_bytes", labels]
        for (name, labels), value in series.items()
        if name == "node_filesystem_avail_bytes"
    ]
    assert max(used) == pytest.approx(figures.disk)
    where = {"namespace": "payments", "deployment": "payment-service"}
    assert gauge("kube_deployment_spec_replicas", **where) == figures.pods
    assert gauge("probe_success", processor="stripe") == 1
    assert gauge("probe_http_status_code", processor="stripe") == 200
    assert gauge("payments_build_info", version="v1.4.2") == 1


def test_counters_only_grow_until_a_deployment_starts_them_anew() -> None:
    """The fix's process begins at zero with its own start time; the machine's counters go on."""
    one = Scraped(10.0)
    try:
        deployed = (one.clock.moment(FIXED) - START).total_seconds()
        earlier, before, after = one.at(deployed - 60), one.at(deployed - 5), one.at(deployed + 5)
    finally:
        one.server.close()
    counters = [key for key in before if key[0].endswith(("_total", "_bucket", "_count", "_sum"))]
    assert len(counters) > 100
    assert all(before[key] >= earlier[key] for key in counters)
    assert _rate(before, after, 1, "http_requests_total") < 0
    assert _rate(before, after, 1, "node_cpu_seconds_total", mode="idle") > 0
    started = after["process_start_time_seconds", frozenset()]
    assert started == pytest.approx((START + timedelta(seconds=deployed)).timestamp())
    assert started > before["process_start_time_seconds", frozenset()]


def test_a_day_without_a_scrape_is_made_up_for() -> None:
    """The first scrape after a day has the day's counts."""
    one = Scraped(1.0)
    try:
        before, after = one.at(10), one.at(86_410)
    finally:
        one.server.close()
    busy = 4 * 86_400 - sum(
        _rate(before, after, 1, "node_cpu_seconds_total", mode=m) for m in ("idle", "iowait")
    )
    assert 0.1 < busy / (4 * 86_400) < 0.5


@pytest.mark.parametrize("address", ["9400", "127.0.0.1:", "127.0.0.1:port", "127.0.0.1:65536", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """What cannot be listened on is named, with how to write it."""
    with pytest.raises(RemoteError, match="write HOST:PORT"):
        serve(address, SimulatedClock(START), lambda: START)


def test_a_port_in_use_is_refused_with_its_reason() -> None:
    """A person is told which address is taken, in one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RemoteError, match=f"{address}: Address already in use; choose another"):
            serve(address, SimulatedClock(START), lambda: START)


def test_a_closed_exposition_listens_no_more() -> None:
    """Closing frees the port at once."""
    server = serve("127.0.0.1:0", SimulatedClock(START), lambda: START)
    port = server.port
    server.close()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
