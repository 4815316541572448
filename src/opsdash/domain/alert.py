"""Alerts: what a source observes, the occurrence that opsdash keeps of it, and their order."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText

SafeLabels = Mapping[str, SafeText]
"""Labels or annotations that passed `clean`."""


class AlertState(StrEnum):
    """Prometheus' alert states."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How much a person is needed."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "crit": Severity.CRITICAL,
    "page": Severity.CRITICAL,
    "error": Severity.CRITICAL,
    "emergency": Severity.CRITICAL,
    "disaster": Severity.CRITICAL,
    "fatal": Severity.CRITICAL,
    "sev1": Severity.CRITICAL,
    "p1": Severity.CRITICAL,
    "info": Severity.INFO,
    "none": Severity.INFO,
    "notice": Severity.INFO,
    "low": Severity.INFO,
    "p4": Severity.INFO,
    "p5": Severity.INFO,
}


def severity_of(labels: Mapping[str, str]) -> Severity:
    """Return the severity that the `severity` label means; an unknown word is a warning."""
    return _SEVERITIES.get(labels.get("severity", "").lower(), Severity.WARNING)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one source says of one alert at one read.

    `active_at` is when its condition began, `fired_at` when `for` had passed, `fires_at` when a
    pending alert would fire. None where this source cannot know.
    """

    fingerprint: str
    labels: SafeLabels
    annotations: SafeLabels
    state: AlertState
    active_at: datetime | None = None
    fired_at: datetime | None = None
    fires_at: datetime | None = None
    value: float | None = None
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    generator_url: SafeText = SafeText("")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who took an alert, when, and what they said."""

    by: SafeText
    at: datetime
    comment: SafeText = SafeText("")


@dataclass(frozen=True, slots=True)
class Alert:
    """One occurrence of an alert: from the moment its condition began until it resolved.

    `id` is `FINGERPRINT/OCCURRENCE`: an alert that resolves and fires again is a new occurrence.
    `level` is the escalation level reached, 0 before the first. `sources` are those that show it
    now or showed it last. `incident` is the incident it belongs to, as `INC-001`.
    `unsilenced_at` is when the silence ended that had hidden it while it fired.
    """

    id: str
    fingerprint: str
    occurrence: int
    state: AlertState
    severity: Severity
    labels: SafeLabels
    annotations: SafeLabels
    active_at: datetime
    fired_at: datetime | None = None
    fires_at: datetime | None = None
    resolved_at: datetime | None = None
    value: float | None = None
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    generator_url: SafeText = SafeText("")
    sources: tuple[str, ...] = ()
    acknowledgement: Acknowledgement | None = None
    level: int = 0
    level_at: datetime | None = None
    incident: str | None = None
    unsilenced_at: datetime | None = None

    @property
    def name(self) -> SafeText:
        """The `alertname` label, or the fingerprint of an alert without one."""
        return self.labels.get("alertname") or SafeText(self.fingerprint)

    @property
    def open(self) -> bool:
        """Whether it has not resolved."""
        return self.state is not AlertState.RESOLVED

    @property
    def muted(self) -> bool:
        """Whether a silence or another alert hides it."""
        return bool(self.silenced_by or self.inhibited_by)

    @property
    def needs_person(self) -> bool:
        """Whether it fires, is not muted, and nobody has taken it."""
        return self.state is AlertState.FIRING and not self.muted and self.acknowledgement is None


_SEVERITY_RANK: dict[str, int] = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


def urgency(alert: Alert) -> tuple[int, int, float, str]:
    """Return the sort key of what needs a person first.

    Firing before pending before muted before resolved, unacknowledged before acknowledged,
    critical before warning, oldest first; resolved ones newest first.
    """
    resolved = None if alert.resolved_at is None else alert.resolved_at.timestamp()
    since = (alert.fired_at or alert.active_at).timestamp()
    taken = alert.acknowledgement is not None
    return rank(alert.id, alert.state, alert.severity, alert.muted, taken, since, resolved)


def rank(
    id: str,
    state: str,
    severity: str,
    muted: bool,
    taken: bool,
    since: float,
    resolved: float | None,
) -> tuple[int, int, float, str]:
    """Return the `urgency` of an alert that is known by its columns; moments in one unit."""
    if resolved is not None:
        return (4, 0, -resolved, id)
    if muted:
        return (3, _SEVERITY_RANK[severity], since, id)
    if state == "pending":
        return (1, _SEVERITY_RANK[severity], since, id)
    return (2 if taken else 0, _SEVERITY_RANK[severity], since, id)
