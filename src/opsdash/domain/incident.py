"""Incidents: what a team responds to, opened by a firing alert or declared by a person."""

from datetime import datetime
from enum import StrEnum

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


class IncidentState(StrEnum):
    """PagerDuty's states."""

    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class ResponseStatus(StrEnum):
    """How far the response is."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MITIGATING = "mitigating"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Reported:
    """That the report on an incident is written: who said so, when, where it is, and their words."""

    by: SafeText
    at: datetime
    url: SafeText = SafeText("")
    note: SafeText = SafeText("")


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `id` is `INC-001`, counted up and never reused.

    `opened_at` is when it was detected, `impact_at` when the condition under its first alert
    began. `alerts` are the ids of the occurrences that belong to it. `reported` is None while
    nobody has said that its report is written.
    """

    id: str
    title: SafeText
    severity: Severity
    state: IncidentState
    response: ResponseStatus
    opened_at: datetime
    impact_at: datetime
    opened_by: SafeText
    resolved_at: datetime | None = None
    alerts: tuple[str, ...] = ()
    reported: Reported | None = None

    @property
    def open(self) -> bool:
        """Whether it has not resolved."""
        return self.state is not IncidentState.RESOLVED

    @property
    def owes_report(self) -> bool:
        """Whether it is over, not closed, and no report has been written since it was."""
        if self.resolved_at is None or self.response is ResponseStatus.CLOSED:
            return False
        return self.reported is None or self.reported.at < self.resolved_at


def incident_id(number: int) -> str:
    """Return `INC-001` for 1; the number keeps growing past three digits."""
    return f"INC-{number:03d}"


def incident_number(id: str | None) -> int | None:
    """Return 1 for `INC-001`, `INC-1` or `inc-001`; None for anything else, and for no incident."""
    prefix, dash, digits = (id or "").partition("-")
    if prefix.upper() != "INC" or not dash or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits[:9])
