"""The engine's own metrics, and whether it is alive and ready, on a port."""

import sqlite3
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from opsdash import __version__
from opsdash.engine.engine import Engine
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.store import outbox
from opsdash.store.errors import StoreError
from opsdash.store.opening import connect_to_read

ALIVE_WITHIN = 15.0
"""Seconds since the last beat within which the engine counts as alive."""


class EngineCollector(Collector):
    """Collects at each scrape: what the engine counted, and what the store holds."""

    def __init__(self, engine_: Engine) -> None:
        self._engine = engine_

    def collect(self) -> Iterable[Metric]:
        """Return every metric family. A store that cannot be read leaves out what is in it."""
        yield InfoMetricFamily("opsdash_build", "What runs.", {"version": __version__})
        yield from _counted(self._engine)
        try:
            connection = connect_to_read(self._engine.store.path)
        except StoreError:
            yield _gauge("opsdash_store_up", "Whether the store can be read.", [({}, 0.0)])
            return
        try:
            snapshot = connection.read(take_snapshot, self._engine.clock.now())
            letters = connection.read(outbox.count_by_state)
        except (StoreError, sqlite3.Error):
            yield _gauge("opsdash_store_up", "Whether the store can be read.", [({}, 0.0)])
            return
        finally:
            connection.close()
        yield _gauge("opsdash_store_up", "Whether the store can be read.", [({}, 1.0)])
        yield from _stored(snapshot)
        yield from _sent(letters)


class SelfMetrics:
    """A running server of `/metrics`, `/-/healthy` and `/-/ready`."""

    def __init__(self, host: str, port: int, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._server = make_server(host, port, self._answer, WSGIServer, _QuietHandler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            registry = CollectorRegistry(auto_describe=False)
            registry.register(EngineCollector(self._engine()))
            return make_wsgi_app(registry)(environ, start_response)
        if path in ("/-/healthy", "/-/ready"):
            good, words = _alive(self._engine()) if path == "/-/healthy" else _ready(self._engine())
            status = "200 OK" if good else "503 Service Unavailable"
        else:
            status, words = "404 Not Found", "there is /metrics, /-/healthy and /-/ready"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [words.encode() + b"\n"]


class _QuietHandler(WSGIRequestHandler):
    timeout = 5

    def log_message(self, *_: Any) -> None:
        """Say nothing: a scrape every few seconds is no news."""


def _alive(engine_: Engine) -> tuple[bool, str]:
    beat = engine_.beaten
    behind = engine_.clock.monotonic() - beat
    if behind > ALIVE_WITHIN:
        return False, f"the loop has not beaten for {behind:.0f} s"
    return True, "alive"


def _ready(engine_: Engine) -> tuple[bool, str]:
    alive, words = _alive(engine_)
    if not alive:
        return False, words
    if engine_.epoch is None:
        return True, "standing by"
    if engine_.cycle_at is None:
        return False, "no cycle is whole yet"
    return True, f"acting, epoch {engine_.epoch}"


def _counted(engine_: Engine) -> Iterable[Metric]:
    acting = engine_.epoch is not None
    yield _gauge("opsdash_lease_held", "Whether this engine acts.", [({}, float(acting))])
    yield _gauge("opsdash_lease_epoch", "The epoch it holds.", [({}, float(engine_.epoch or 0))])
    reads = CounterMetricFamily(
        "opsdash_refresh", "Reads of sources.", labels=["source", "outcome"]
    )
    spent = CounterMetricFamily(
        "opsdash_refresh_duration_seconds", "Seconds spent reading.", labels=["source"]
    )
    for poll in engine_.refresh_polls:
        reads.add_metric([poll.id, "ok"], poll.succeeded)
        reads.add_metric([poll.id, "failed"], poll.failed)
        spent.add_metric([poll.id], poll.seconds)
    yield from (reads, spent)
    missed = CounterMetricFamily(
        "opsdash_rule_group_iterations_missed",
        "Evaluations of a rule group that were left out: it took too long, or the engine was held up.",
        labels=["group"],
    )
    for group in engine_.rule_polls:
        missed.add_metric([group.id], group.missed)
    yield missed
    stopgap = engine_.stopgap
    writable = "Whether the store takes this engine's writes."
    yield _gauge("opsdash_store_writable", writable, [({}, float(stopgap is None))])
    held = 0 if stopgap is None else len(stopgap.acts)
    words = "Acts held in memory because the store takes no writes."
    yield _gauge("opsdash_unwritten", words, [({}, float(held))])
    yield _gauge("opsdash_sending", "Messages under way.", [({}, float(len(engine_.sending)))])


def _stored(snapshot: Snapshot) -> Iterable[Metric]:
    counts: dict[tuple[str, str], int] = {}
    for alert in snapshot.alerts:
        key = (alert.state.value, alert.severity.value)
        counts[key] = counts.get(key, 0) + 1
    yield _gauge(
        "opsdash_alerts",
        "Alerts by state.",
        [({"state": s, "severity": v}, float(n)) for (s, v), n in sorted(counts.items())],
    )
    unowned = sum(alert.needs_person for alert in snapshot.alerts)
    yield _gauge("opsdash_alerts_unacknowledged", "Firing and nobody's.", [({}, float(unowned))])
    opened = [i.severity.value for i in snapshot.incidents if i.open]
    yield _gauge(
        "opsdash_incidents_open",
        "Open incidents.",
        [({"severity": s}, float(opened.count(s))) for s in sorted(set(opened))],
    )
    tickets = [t.priority.value for t in snapshot.tickets if t.open]
    yield _gauge(
        "opsdash_tickets_open",
        "Open tickets.",
        [({"priority": p}, float(tickets.count(p))) for p in sorted(set(tickets))],
    )
    yield _gauge(
        "opsdash_source_up",
        "Whether a source answered at the last try.",
        [({"source": s.id}, float(s.state == "ok")) for s in snapshot.sources],
    )
    yield _gauge(
        "opsdash_source_last_success_timestamp_seconds",
        "When a source last answered.",
        [
            ({"source": s.id}, s.last_success.timestamp())
            for s in snapshot.sources
            if s.last_success
        ],
    )
    yield _gauge(
        "opsdash_oncall_info",
        "Who is on call.",
        [({"schedule": o.schedule, "person": o.name}, 1.0) for o in snapshot.on_call],
    )
    yield _gauge("opsdash_problems", "What people are told.", [({}, float(len(snapshot.problems)))])
    if snapshot.as_of is not None:
        yield _gauge(
            "opsdash_cycle_timestamp_seconds",
            "Up to when every source has been asked.",
            [({}, snapshot.as_of.timestamp())],
        )


def _sent(letters: dict[tuple[str, str], int]) -> Iterable[Metric]:
    total = CounterMetricFamily(
        "opsdash_notifications", "Messages by what became of them.", labels=["notifier", "outcome"]
    )
    depth = GaugeMetricFamily(
        "opsdash_outbox_depth", "Messages that have not left.", labels=["notifier"]
    )
    waiting: dict[str, int] = {}
    for (notifier, state), count in sorted(letters.items()):
        if state in ("waiting", "sending"):
            waiting[notifier] = waiting.get(notifier, 0) + count
        else:
            total.add_metric([notifier, state], count)
    for notifier, count in waiting.items():
        depth.add_metric([notifier], count)
    yield from (total, depth)


def _gauge(name: str, words: str, samples: list[tuple[dict[str, str], float]]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=list(samples[0][0]) if samples else [])
    for labels, value in samples:
        family.add_metric(list(labels.values()), value)
    return family
