"""The system's status: derived from what is firing, what is open and what is known, never typed."""

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    """The one word of the header; `unknown` is never healthy."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


EXIT_CODES = {Status.HEALTHY: 0, Status.DEGRADED: 1, Status.CRITICAL: 2, Status.UNKNOWN: 3}
"""What `opsdash status` exits with."""


def status_of(worst: str | None, levels: Iterable[str], blind: bool) -> Status:
    """Return the worst of what is known: of the worst severity that fires unmuted, and of the tiles.

    `levels` are the levels of the fresh tiles, a stale one given as unknown. `blind` says that a
    source or the engine is not answering. What is critical is said even by someone half blind;
    without it, not knowing beats healthy.
    """
    seen = set(levels)
    if worst == "critical" or "crit" in seen:
        return Status.CRITICAL
    if blind or not seen - {"unknown"}:
        return Status.UNKNOWN
    if worst == "warning" or "warn" in seen:
        return Status.DEGRADED
    if "unknown" in seen:
        return Status.UNKNOWN
    return Status.HEALTHY
