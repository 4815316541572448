"""Which alerts open an incident and which join one that is open."""

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.frozen import dataclass

_SERVICE_LABELS = ("service", "job", "namespace", "cluster")


@dataclass(frozen=True, slots=True)
class Opens:
    """A new incident for this service."""

    service: str


@dataclass(frozen=True, slots=True)
class Joins:
    """The open incident with this number."""

    number: int


def service_of(alert: Alert) -> str:
    """Return what the alert is about: its `service`, `job`, `namespace` or `cluster` label, or its name."""
    return next(
        (alert.labels[name] for name in _SERVICE_LABELS if alert.labels.get(name)), alert.name
    )


def place(alert: Alert, open_incidents: dict[str, int]) -> Opens | Joins | None:
    """Return where a firing alert belongs, None for one that concerns no incident.

    A critical alert opens an incident unless one is open for its service; any other joins one
    that is open. Muted, pending and informational alerts do neither.
    """
    if alert.state is not AlertState.FIRING or alert.muted or alert.severity is Severity.INFO:
        return None
    service = service_of(alert)
    if service in open_incidents:
        return Joins(open_incidents[service])
    return Opens(service) if alert.severity is Severity.CRITICAL else None
