"""The system's status: derived from what is firing, what is open and what is known, never typed."""

from collections.abc import Iterable
from enum import StrEnum

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.indicator import Level


class Status(StrEnum):
    """The one word of the header; `unknown` is never healthy."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


EXIT_CODES = {Status.HEALTHY: 0, Status.DEGRADED: 1, Status.CRITICAL: 2, Status.UNKNOWN: 3}
"""What `opsdash status` exits with."""


def system_status(alerts: Iterable[Alert], levels: Iterable[Level], blind: bool) -> Status:
    """Return the worst of what is known.

    `levels` are the levels of the fresh tiles, a stale one given as unknown. `blind` says that a
    source or the engine is not answering. What is critical is said even by someone half blind;
    without it, not knowing beats healthy.
    """
    seen = list(levels)
    worst = _worst_firing(alerts)
    if worst is Severity.CRITICAL or Level.CRIT in seen:
        return Status.CRITICAL
    if blind or not seen or all(level is Level.UNKNOWN for level in seen):
        return Status.UNKNOWN
    if worst is Severity.WARNING or Level.WARN in seen:
        return Status.DEGRADED
    if Level.UNKNOWN in seen:
        return Status.UNKNOWN
    return Status.HEALTHY


def _worst_firing(alerts: Iterable[Alert]) -> Severity | None:
    worst = None
    for alert in alerts:
        if alert.severity is Severity.INFO or (worst and alert.severity is Severity.WARNING):
            continue
        if alert.state is AlertState.FIRING and not alert.muted:
            worst = alert.severity
            if worst is Severity.CRITICAL:
                break
    return worst
