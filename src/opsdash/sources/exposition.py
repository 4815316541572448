"""The simulated application's metrics on a port, as a real Prometheus scrapes them.

Names are the metric contract of the default indicators: what an application, node_exporter, a
blackbox probe and kube-state-metrics would export.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import Lock, Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from opsdash.domain.text import clean
from opsdash.http.errors import RemoteError
from opsdash.sources.simulation.application import Application, Figures
from opsdash.sources.simulation.clock import SimulatedClock
from opsdash.sources.simulation.meters import (
    CPUS,
    HANDLERS,
    LATENCY_BUCKETS,
    PROCESSING_BUCKETS,
    Key,
    Meters,
)
from opsdash.sources.simulation.story import Scene, scene

_MEMORY = 8 * 1024.0**3
_RESIDENT = 0.08 * _MEMORY
_DISKS = {"/": ("/dev/sda1", 20 * 1024.0**3, 0.28), "/var": ("/dev/sdb1", 100 * 1024.0**3, 0.0)}
_PROBE_SECONDS = 0.084
_DEPLOYMENT = {"namespace": "payments", "deployment": "payment-service"}


class SimulatedCollector(Collector):
    """Collects the simulation's metrics as of `now`, which it asks for at each scrape."""

    def __init__(self, clock: SimulatedClock, now: Callable[[], datetime], seed: int = 1) -> None:
        self._clock = clock
        self._now = now
        self._application = Application(seed)
        self._meters = Meters(clock, self._application)
        self._lock = Lock()

    def collect(self) -> Iterable[Metric]:
        """Return every metric family at one moment."""
        now = self._now()
        elapsed = self._clock.elapsed(now)
        figures, at = self._application.figures(elapsed), scene(elapsed)
        with self._lock:
            self._meters.advance(now)
            return [
                *_requests(self._meters.application),
                *_payments(self._meters.application),
                *_process(figures, at, self._clock.moment(at.deployed)),
                *_machine(figures, self._meters.machine),
                *_surroundings(figures),
            ]


class Exposition:
    """A running metrics server on a thread of its own."""

    def __init__(self, server: WSGIServer, thread: Thread) -> None:
        self._server = server
        self._thread = thread

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening and wait for the thread to end."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(
    address: str, clock: SimulatedClock, now: Callable[[], datetime], seed: int = 1
) -> Exposition:
    """Serve the simulation's metrics at `HOST:PORT` until the result is closed.

    Raises RemoteError where the address is malformed or cannot be listened on.
    """
    host, port = _split(address)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SimulatedCollector(clock, now, seed))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RemoteError(
            clean(f"cannot serve metrics on {address}: {reason}; choose another address")
        ) from None
    return Exposition(server, thread)


def _split(address: str) -> tuple[str, int]:
    host, separator, port = address.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise RemoteError(
            clean(f"{address!r} is not an address to listen on; write HOST:PORT, as 127.0.0.1:9400")
        )
    return host.strip("[]") or "127.0.0.1", int(port)


def _requests(counts: Mapping[Key, float]) -> Iterable[Metric]:
    total = CounterMetricFamily(
        "http_requests", "Requests answered.", labels=["method", "handler", "status"]
    )
    seconds = HistogramMetricFamily(
        "http_request_duration_seconds", "Time to answer.", labels=["method", "handler"]
    )
    for (method, handler), share in HANDLERS.items():
        for status in ("200", "404", "422", "500", "503"):
            count = counts.get(("http", status), 0.0)
            total.add_metric([method, handler, status], math.floor(count * share))
        _add_histogram(seconds, [method, handler], counts, "latency", LATENCY_BUCKETS, share)
    queries = HistogramMetricFamily(
        "db_client_operation_duration_seconds", "Time of a query.", labels=["db_system_name"]
    )
    _add_histogram(queries, ["postgresql"], counts, "database", LATENCY_BUCKETS)
    return total, seconds, queries


def _payments(counts: Mapping[Key, float]) -> Iterable[Metric]:
    total = CounterMetricFamily(
        "payments", "Payments attempted, by outcome.", labels=["processor", "outcome"]
    )
    for outcome in ("succeeded", "failed", "error", "declined"):
        total.add_metric(["stripe", outcome], math.floor(counts.get(("payments", outcome), 0.0)))
    seconds = HistogramMetricFamily(
        "payment_processing_seconds", "Time that a payment takes.", labels=["processor"]
    )
    _add_histogram(seconds, ["stripe"], counts, "processing", PROCESSING_BUCKETS)
    return total, seconds


def _process(figures: Figures, at: Scene, deployed: datetime) -> Iterable[Metric]:
    build = GaugeMetricFamily("payments_build_info", "The version at work.", labels=["version"])
    build.add_metric([at.version], 1)
    resident = _RESIDENT * figures.memory / 0.62
    return (
        GaugeMetricFamily("app_active_users", "Users active now.", value=figures.users),
        GaugeMetricFamily("process_resident_memory_bytes", "Resident memory.", value=resident),
        GaugeMetricFamily(
            "process_start_time_seconds", "Start of the process.", value=deployed.timestamp()
        ),
        build,
    )


def _machine(figures: Figures, counts: Mapping[Key, float]) -> Iterable[Metric]:
    cpu = CounterMetricFamily("node_cpu_seconds", "Time of each CPU.", labels=["cpu", "mode"])
    for number in range(CPUS):
        for mode in ("user", "system", "iowait", "idle"):
            cpu.add_metric([str(number), mode], counts.get(("cpu", mode), 0.0))
    disk = ["device", "fstype", "mountpoint"]
    size = GaugeMetricFamily("node_filesystem_size_bytes", "Size.", labels=disk)
    available = GaugeMetricFamily("node_filesystem_avail_bytes", "Free for users.", labels=disk)
    read_only = GaugeMetricFamily("node_filesystem_readonly", "1 if read-only.", labels=disk)
    for mountpoint, (device, bytes_, used) in _DISKS.items():
        labels = [device, "ext4", mountpoint]
        size.add_metric(labels, bytes_)
        available.add_metric(labels, bytes_ * (1 - (used or figures.disk)))
        read_only.add_metric(labels, 0)
    free = _MEMORY * (1 - figures.memory)
    return (
        cpu,
        GaugeMetricFamily("node_memory_MemTotal_bytes", "Memory.", value=_MEMORY),
        GaugeMetricFamily("node_memory_MemAvailable_bytes", "Memory for the taking.", value=free),
        size,
        available,
        read_only,
    )


def _surroundings(figures: Figures) -> Iterable[Metric]:
    """The probe of the payment processor, and what Kubernetes says of the deployment."""
    probes = {
        "probe_success": ("Whether the probe succeeded.", figures.stripe),
        "probe_http_status_code": ("Its answer's status.", 200.0 if figures.stripe else 0.0),
        "probe_duration_seconds": ("How long it took.", _PROBE_SECONDS),
    }
    for name, (text, value) in probes.items():
        probe = GaugeMetricFamily(name, text, labels=["processor"])
        probe.add_metric(["stripe"], value)
        yield probe
    for name in ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"):
        replicas = GaugeMetricFamily(name, "Replicas.", labels=list(_DEPLOYMENT))
        replicas.add_metric(list(_DEPLOYMENT.values()), figures.pods)
        yield replicas


def _add_histogram(
    family: HistogramMetricFamily,
    labels: list[str],
    counts: Mapping[Key, float],
    name: str,
    bounds: tuple[float, ...],
    share: float = 1.0,
) -> None:
    """Add a histogram of whole counts: each bucket's own ones are whole, so no rate is negative."""
    total, below = 0, 0.0
    buckets: list[tuple[str, float]] = []
    for bound in (*bounds, math.inf):
        reached = counts.get((name, "le", bound) if bound < math.inf else (name, "count"), 0.0)
        total += math.floor((reached - below) * share)
        buckets.append((str(bound) if bound < math.inf else "+Inf", total))
        below = reached
    family.add_metric(labels, buckets, counts.get((name, "sum"), 0.0) * share)
