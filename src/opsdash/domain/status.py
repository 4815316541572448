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
    firing = [a for a in alerts if a.state is AlertState.FIRING and not a.muted]
    if any(a.severity is Severity.CRITICAL for a in firing) or Level.CRIT in seen:
        return Status.CRITICAL
    if blind or not seen or all(level is Level.UNKNOWN for level in seen):
        return Status.UNKNOWN
    if any(a.severity is Severity.WARNING for a in firing) or Level.WARN in seen:
        return Status.DEGRADED
    if Level.UNKNOWN in seen:
        return Status.UNKNOWN
    return Status.HEALTHY
