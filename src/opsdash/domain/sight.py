"""What one source showed of the alerts when it last answered, and what that tells beside its look before."""

from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert, AlertState, Observation
from opsdash.domain.frozen import dataclass

_SAME_START = timedelta(seconds=1)

SKEW = timedelta(seconds=15)
"""How far a source's clock may be behind ours for a start to count as later than our last look."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one source showed when it last answered, by fingerprint, and when it was asked.

    `restarted` says that it has begun anew so recently that an alert missing from it proves
    nothing, but for those `ended`: it has shown them since, and does no longer.
    """

    observations: Mapping[str, Observation]
    restarted: bool = False
    at: datetime | None = None
    ended: Set[str] = frozenset()


def begun_again(before: Sight | None, after: Sight) -> set[str]:
    """Return the alerts that one source shows with a start that came after its last look.

    A source keeps the start of an alert for as long as it fires (Alertmanager merges overlapping
    ones to the earlier start), so a start after the last look, at which it fired, is a new
    occurrence whose gap fell between reads. A start that is only later than the last one is not:
    two Prometheus behind one address differ by their evaluations.
    """
    if before is None or after.restarted:
        return set()
    again = set()
    for fingerprint, new in after.observations.items():
        old = before.observations.get(fingerprint)
        if old is None or old is new or old.state is not AlertState.FIRING:
            continue
        began, start = _start(old), _start(new)
        if began is None or start is None or start - began <= _SAME_START:
            continue
        if before.at is None or start > before.at - SKEW:
            again.add(fingerprint)
    return again


def differences(before: Sight, after: Sight) -> set[str] | None:
    """Return the alerts that one source shows otherwise than at its last look, None if it may be all.

    What a source has shown proves something else after it has begun anew.
    """
    if (before.restarted, before.ended) != (after.restarted, after.ended):
        return None
    earlier, now = before.observations, after.observations
    found = {name for name, seen in now.items() if earlier.get(name) is not seen}
    return found | (earlier.keys() - now.keys())


def _start(seen: Observation) -> datetime | None:
    """When it began to fire; of one that is pending now, when its condition began anew."""
    return seen.fired_at if seen.state is AlertState.FIRING else seen.active_at


def remembered(open_alerts: Iterable[Alert], source: str, at: datetime) -> Sight:
    """Return what the store remembers of a source that was last read at `at`, by another engine."""
    return Sight(
        {
            alert.fingerprint: Observation(
                alert.fingerprint,
                alert.labels,
                alert.annotations,
                alert.state,
                alert.active_at,
                alert.fired_at,
            )
            for alert in open_alerts
            if source in alert.sources
        },
        at=at,
    )
