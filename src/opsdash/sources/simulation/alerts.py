"""The simulation's alerts: labels and annotations as real rules give them, and when they are on."""

from collections.abc import Callable, Mapping
from dataclasses import field

from opsdash.domain.frozen import dataclass
from opsdash.domain.labels import fingerprint
from opsdash.sources.simulation.application import Figures
from opsdash.sources.simulation.disk import full_in
from opsdash.sources.simulation.story import FIRED, RESOLVED, moment_of, scene

Value = Callable[[Figures], float]

RUNBOOKS = "https://runbooks.example.com/payments/"
PROMETHEUS = "https://prometheus.example.com/graph?g0.expr="

_ALWAYS = float("inf")
_HOUR, _DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert and the spans (condition true, `for` over, condition false) in which it is on.

    The spans of a story alert are in seconds of the script and come back in every loop; those of
    a `standing` one are in seconds after the first 14:00. `description` is formatted
    with `value`, `ms`, a thousand times it, and `hours`, of a value in seconds. `silenced_by` names who hid it.
    """

    name: str
    labels: Mapping[str, str]
    summary: str
    description: str
    value: Value
    spans: tuple[tuple[float, float, float], ...]
    standing: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)
    silenced_by: tuple[str, ...] = ()

    @property
    def label_set(self) -> dict[str, str]:
        """All labels, the name's included."""
        return {"alertname": self.name, **self.labels}

    @property
    def fingerprint(self) -> str:
        """The identity that Alertmanager gives this label set."""
        return fingerprint(self.label_set)

    def annotations(self, value: float) -> dict[str, str]:
        """Return the annotations as rendered for a value in base units."""
        described = self.description.format(value=value, ms=1000 * value, hours=value / _HOUR)
        texts = {"summary": self.summary, "description": described, **self.extra}
        return {**texts, "runbook_url": RUNBOOKS + self.name}

    def span(self, elapsed: float) -> tuple[float, float] | None:
        """Return when the condition began and when `for` is over, or None while it is false.

        Both in simulated seconds after the first 14:00.
        """
        now = scene(elapsed)
        for active, fires, ends in self.spans:
            if self.standing and active <= elapsed < ends:
                return active, fires
            if not self.standing and active <= now.seconds < ends:
                return moment_of(now.loop, active), moment_of(now.loop, fires)
        return None


HIGH_ERROR_RATE = Rule(
    name="HighErrorRate",
    labels={
        "job": "payments-api",
        "severity": "critical",
        "team": "payments",
        "page": "primary",
    },
    summary="High error rate detected in payments API",
    description="{value:.2%} > 1% of requests answered 5xx, over 5m",
    value=lambda figures: figures.error_ratio,
    spans=((0.0, FIRED, RESOLVED),),
    extra={
        "requirements": "REQ-PAY-017, REQ-PAY-021",
        "opsdash_context": "recent deployments, recent code changes",
    },
)

RULES = (
    HIGH_ERROR_RATE,
    Rule(
        name="CPUSaturated",
        labels={
            "job": "payments-api",
            "instance": "payments-1:8080",
            "pod": "payments-1",
            "severity": "warning",
            "team": "backend",
        },
        summary="CPU of the payment service is saturated",
        description="{value:.0%} > 90% of its CPU, over 1m",
        value=lambda figures: figures.cpu,
        spans=((298.0, 358.0, 750.0),),
    ),
    Rule(
        name="DatabasePerformanceDegraded",
        labels={
            "job": "payments-api",
            "instance": "payments-db:5432",
            "severity": "critical",
            "team": "database",
            "page": "database",
        },
        summary="Database performance degradation detected",
        description="p95 {ms:.0f}ms > 500ms per query, over 5m",
        value=lambda figures: figures.database_p95,
        spans=((337.0, 637.0, 467.0), (2135.0, 2435.0, 2247.0)),
    ),
    Rule(
        name="ReplicaLag",
        labels={
            "job": "postgres",
            "instance": "payments-db-2:9187",
            "severity": "warning",
            "team": "database",
        },
        summary="Replica payments-db-2 is behind its primary",
        description="{value:.0f}s > 30s behind",
        value=lambda _: 34.0,
        spans=((-72.0, -12.0, 290.0),),
    ),
    Rule(
        name="DiskWillFill",
        labels={
            "job": "node",
            "instance": "payments-db:9100",
            "mountpoint": "/var",
            "severity": "warning",
            "team": "database",
        },
        summary="The disk of payments-db fills within a day",
        description="full in {hours:.0f}h at the growth of the last 6h",
        value=lambda figures: full_in(figures.disk),
        spans=((-212 * 60.0, -182 * 60.0, _ALWAYS),),
        standing=True,
    ),
    Rule(
        name="CertExpiresSoon",
        labels={
            "job": "blackbox",
            "instance": "https://pay.example.com",
            "severity": "warning",
            "team": "edge",
        },
        summary="The certificate of pay.example.com expires soon",
        description="13 days < 14 days left",
        value=lambda _: 13 * _DAY,
        spans=((-53 * _HOUR, -52 * _HOUR, _ALWAYS),),
        standing=True,
        silenced_by=("sarah",),
    ),
)
"""Every alert of the simulation; each span ends no later than an evaluation after its condition."""
