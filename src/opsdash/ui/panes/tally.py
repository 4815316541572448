"""How many alerts are in which state: counted once for each list of alerts, however often drawn."""

from collections.abc import Sequence
from typing import NamedTuple

from opsdash.domain.alert import Alert, AlertState, Severity


class Tally(NamedTuple):
    """Firing alerts that nothing mutes, by severity; those that nobody has; and pending ones."""

    critical: int = 0
    warning: int = 0
    waiting: int = 0
    pending: int = 0


_last: tuple[Sequence[Alert], Tally] = ((), Tally())


def tally(alerts: Sequence[Alert]) -> Tally:
    """Return the counts of `alerts`; of the list that was counted last without counting again."""
    global _last
    if alerts is not _last[0]:
        _last = (alerts, _count(alerts))
    return _last[1]


def _count(alerts: Sequence[Alert]) -> Tally:
    critical = warning = waiting = pending = 0
    for alert in alerts:
        if alert.state is AlertState.PENDING:
            pending += 1
        elif alert.state is AlertState.FIRING and not (alert.silenced_by or alert.inhibited_by):
            if alert.severity is Severity.CRITICAL:
                critical += 1
            elif alert.severity is Severity.WARNING:
                warning += 1
            if alert.acknowledgement is None:
                waiting += 1
    return Tally(critical, warning, waiting, pending)
