"""R8: what servers do to the engine: one engine goes through every HTTP fault there is, and what it costs it.

Each fault has an address of its own; the engine is given it with SIGHUP, as both its Prometheus and
its Alertmanager. It must name the fault in time, keep its memory, and tell no other origin anything.
"""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.faultserver import FaultServer
from tests.kit.faults import FAULTS as KINDS

from bench.bed import Bed
from bench.figure import Figure, Size, script
from bench.watch import resident
from opsdash.domain.source import SourceState, SourceView
from opsdash.snapshot import take_snapshot
from opsdash.store.connection import Connection
from opsdash.store.opening import connect_to_read

TIMEOUT = 1.0
"""Seconds that the configuration gives a request."""

PATIENCE = 8.0
"""Seconds after which an engine that has said nothing is taken for hung."""

CANARIES = ("canary-password", "canary-tenant", "canary-bearer")

_FIRST = (
    "bomb=400", "redirect-other=307", "drip", "deep", "endless", "bigint", "headerdrip", "hang",
)  # fmt: skip
"""The faults that do most harm."""

_MORE = (
    "401", "403", "404", "418", "429=3600", "500", "503", "redirect-other=302", "redirect-other=308",
    "big=64", "slow=4",
)  # fmt: skip

_SOUND = {"ok", "moved", "gzip", "429", "big", "bomb", "redirect-other", "slow", "old"}
"""Kinds that are no fault, or stand above with what makes them one."""

_VALUES = (
    "nan", "+inf", "-inf", "not-a-number", "bare-nan", "no-data", "warnings", "duplicates",
    "duplicate-keys", "histogram", "scalar", "string", "matrix", "unknown-type",
)  # fmt: skip
"""Faults within a sound answer to a query: they blank tiles and leave the source well."""

FAULTS = (
    *_FIRST,
    *_MORE,
    *(kind for kind in KINDS if kind not in {*_SOUND, *_VALUES, *_FIRST}),
    *(value for value in _VALUES if value not in ("warnings", "scalar")),
)

_CONFIG = """\
refresh = "1s"
[store]
url = "sqlite:///{store}"
[engine]
autostart = false
[prometheus]
url = "{url}"
timeout = "1s"
basic_auth = {{ username = "ops", password_file = "canary-password" }}
http_headers = {{ X-Scope-OrgID = {{ files = ["canary-tenant"] }} }}
{alerts}
"""

_ALERTS = """
[alertmanager]
urls = ["{url}"]
timeout = "1s"
authorization = {{ credentials_file = "canary-bearer" }}
"""


@dataclass(slots=True)
class Run:
    """What a run came to; `overruns` are seconds beyond the timeout, by fault."""

    overruns: dict[str, float] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    grown: dict[str, float] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


def run(faults: Sequence[str]) -> Run:
    """Lead one engine through each fault."""
    done = Run()
    with FaultServer() as server, FaultServer() as foreign, Bed(server.url) as bed:
        server.elsewhere = foreign.url
        for canary in CANARIES:
            path = bed.folder / canary
            path.write_text(f"{canary}-0123456789")
            path.chmod(0o600)
        # A proxy that nobody configured for opsdash gets nothing either.
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            bed.environment[name] = foreign.url
        _point(bed, server.url, True)
        with bed.engine() as engine, closing(connect_to_read(bed.store)) as store:
            _await_well(bed, store, 2)
            rests = resident(engine.pid)
            for fault in faults:
                _point(bed, server.url, fault not in _VALUES)
                engine.send_signal(signal.SIGHUP)
                _await_well(bed, store, 1 if fault in _VALUES else 2)
                server.requests.clear()
                values = fault in _VALUES
                _point(bed, server.at(fault), not values)
                engine.send_signal(signal.SIGHUP)
                _watch(store, server, fault, values, done)
                if engine.poll() is not None:
                    done.crashes.append(f"{fault}: exit {engine.returncode}")
                    break
                done.grown[fault] = resident(engine.pid) - rests
            log = (bed.folder / "engine.log").read_text(errors="replace")
        done.crashes += [
            line for line in log.splitlines() if "a bug" in line or "Traceback" in line
        ]
        done.foreign = [f"{r.method} {r.path}" for r in foreign.requests]
        done.shown = [canary for canary in CANARIES if f"{canary}-0123456789" in log]
    return done


def _point(bed: Bed, url: str, alerts: bool) -> None:
    more = _ALERTS.format(url=url) if alerts else ""
    bed.config.write_text(_CONFIG.format(store=bed.store, url=url, alerts=more))


def _watch(store: Connection, server: FaultServer, fault: str, values: bool, done: Run) -> None:
    """Wait until the engine says how each source is, and note how much later than it may be."""
    began, ends = datetime.now(UTC), time.monotonic() + PATIENCE
    views: list[SourceView] = []
    while time.monotonic() < ends:
        time.sleep(0.02)
        met = [request.at for request in list(server.requests) if fault in request.path]
        picture = store.read(take_snapshot, datetime.now(UTC))
        views = [view for view in picture.sources if view.id != "rules"]
        if not met:
            continue
        since = datetime.now(UTC) - timedelta(seconds=time.monotonic() - met[0])
        said = [v for v in views if v.state is SourceState.FAILING or _is_new(v, since)]
        if len(said) < len(views):
            continue
        done.overruns[fault] = max(0.0, time.monotonic() - met[0] - TIMEOUT)
        told = " ".join(problem.text for problem in picture.problems)
        for view in said:
            # Some alerts may be unreadable and the others well: then that is told.
            unsaid = view.kind == "alertmanager" and view.kind not in told
            if view.state is SourceState.OK and unsaid and not values:
                done.silent.append(f"{fault}: {view.id} is taken for well")
        readings = [reading for pane in picture.panes for reading in pane.readings]
        if any(r.value is not None and r.read_at and r.read_at > began for r in readings):
            done.silent.append(f"{fault}: a value is shown")
        return
    words = {view.id: (view.state.value, str(view.reason)[:60]) for view in views}
    done.silent.append(f"{fault}: {words}, {len(server.requests)} requests")


def _is_new(view: SourceView, began: datetime) -> bool:
    return view.last_success is not None and view.last_success > began


def _await_well(bed: Bed, store: Connection, count: int) -> None:
    began, ends = datetime.now(UTC), time.monotonic() + 30
    views: list[SourceView] = []
    while time.monotonic() < ends:
        time.sleep(0.02)
        picture = store.read(take_snapshot, datetime.now(UTC))
        views = [view for view in picture.sources if view.id != "rules"]
        well = [view for view in views if view.state is SourceState.OK and _is_new(view, began)]
        if len(well) == len(views) == count:
            return
    log = (bed.folder / "engine.log").read_text(errors="replace")
    raise AssertionError(f"not well again: {views}\n{log[-3000:]}")


def measure(size: Size) -> Iterator[Figure]:
    """Measure R8."""
    done = run(FAULTS[: size.of(4, 12, len(FAULTS))])
    worst = max(done.overruns.values(), default=0.0)
    late = [f"{fault} {over:.1f} s" for fault, over in done.overruns.items() if over > 1]
    most, grown = max(done.grown.items(), key=lambda one: one[1], default=("", 0.0))
    wrong = [*late, *done.silent, *done.crashes, *done.foreign, *done.shown]
    yield Figure(
        "R8",
        f"{len(done.overruns) + len(done.silent)} HTTP faults of Prometheus and Alertmanager",
        "crashes 0, poll overrun <= 1 s, memory <= +50 MB, requests at another origin 0",
        f"crashes {len(done.crashes)}, unnamed {len(done.silent)}, overrun {worst:.2f} s,"
        f" memory +{grown:.0f} MB ({most}), elsewhere {len(done.foreign)} requests, secrets in the log"
        f" {len(done.shown)}" + "".join(f"; {one}" for one in wrong[:8]),
        not wrong and grown <= 50,
    )


if __name__ == "__main__":
    script(measure)
