"""What the simulated application has counted: true integrals of its figures over real time.

Integrals run from the demo's start in steps of a second (longer ones after an hour in which nobody
asked), so that `rate()` of a real Prometheus gives the model's figures back at any speed. A deployment starts the application's counts anew, as a new
process does; the machine's go on.
"""

import math
from collections import defaultdict
from datetime import datetime, timedelta

from opsdash.sources.simulation.application import Application, Figures
from opsdash.sources.simulation.clock import SimulatedClock
from opsdash.sources.simulation.story import scene

LATENCY_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5,
    0.75, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds in seconds of requests' and queries' times: narrow around the guide's figures."""

PROCESSING_BUCKETS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds in seconds of the time that a payment takes."""

CPUS = 4
HANDLERS = {
    ("POST", "/payments"): 0.25,
    ("GET", "/payments/{id}"): 0.45,
    ("GET", "/accounts/{id}"): 0.27,
    ("POST", "/refunds"): 0.03,
}
"""The share of requests that each handler has."""

_DECLINED = 0.02
_QUERIES_A_REQUEST = 3.0
_SPREAD = 0.5
_Z95 = 1.6448536269514722
_STEP = timedelta(seconds=1)
_STEPS_AT_ONCE = 3600

Key = tuple[str | float, ...]


class Meters:
    """Counts by key, `("http", status)` or `("latency", "le", bound)`, brought up to a moment."""

    def __init__(self, clock: SimulatedClock, application: Application) -> None:
        self._clock = clock
        self._application = application
        self._at = clock.start
        self._deployed = scene(clock.elapsed(clock.start)).deployed
        self.application: defaultdict[Key, float] = defaultdict(float)
        self.machine: defaultdict[Key, float] = defaultdict(float)

    def advance(self, now: datetime) -> None:
        """Count what happened until `now`, in whole steps."""
        step = max(_STEP, (now - self._at) / _STEPS_AT_ONCE)
        while self._at + step <= now:
            elapsed = self._clock.elapsed(self._at + step / 2)
            deployed = scene(elapsed).deployed
            if deployed != self._deployed:
                self._deployed = deployed
                self.application.clear()
            self._count(self._application.figures(elapsed), step.total_seconds())
            self._at += step

    def _count(self, figures: Figures, seconds: float) -> None:
        """Add what happens in `seconds` at these figures."""
        counts = self.application
        requests, payments = figures.requests * seconds, figures.transactions * seconds
        for status, share in _statuses(figures.error_ratio).items():
            counts["http", status] += requests * share
        for outcome, share in _outcomes(figures.success_ratio).items():
            counts["payments", outcome] += payments * share
        self._observe("latency", requests, _median_of_p95(figures.p95), LATENCY_BUCKETS)
        self._observe(
            "database",
            requests * _QUERIES_A_REQUEST,
            _median_of_p95(figures.database_p95),
            LATENCY_BUCKETS,
        )
        self._observe(
            "processing", payments, _median_of_mean(figures.processing), PROCESSING_BUCKETS
        )
        for mode, share in _modes(figures.cpu).items():
            self.machine["cpu", mode] += seconds * share

    def _observe(self, name: str, count: float, median: float, bounds: tuple[float, ...]) -> None:
        """Add `count` log-normal times of a median to the histogram `name`."""
        counts = self.application
        for bound in bounds:
            z = math.log(bound / median) / _SPREAD
            share = (1 + math.erf(z / math.sqrt(2))) / 2
            counts[name, "le", bound] += count * share
        counts[name, "count"] += count
        counts[name, "sum"] += count * median * math.exp(_SPREAD**2 / 2)


def _median_of_p95(p95: float) -> float:
    return p95 / math.exp(_Z95 * _SPREAD)


def _median_of_mean(mean: float) -> float:
    return mean / math.exp(_SPREAD**2 / 2)


def _statuses(error_ratio: float) -> dict[str, float]:
    refused = {"404": 0.005, "422": 0.015}
    failed = {"500": 0.7 * error_ratio, "503": 0.3 * error_ratio}
    return {"200": 1 - sum(refused.values()) - error_ratio, **refused, **failed}


def _outcomes(success_ratio: float) -> dict[str, float]:
    """Return the shares of outcomes; declines by the customer's bank are not failures."""
    attempted = 1 - _DECLINED
    failure = attempted * (1 - success_ratio)
    return {
        "succeeded": attempted * success_ratio,
        "failed": 0.6 * failure,
        "error": 0.4 * failure,
        "declined": _DECLINED,
    }


def _modes(busy: float) -> dict[str, float]:
    return {
        "user": 0.8 * busy,
        "system": 0.2 * busy,
        "iowait": 0.05 * (1 - busy),
        "idle": 0.95 * (1 - busy),
    }
