"""Whom a page by hand wakes: each by name, and through what; the same route as the page itself takes."""

from collections.abc import Sequence
from datetime import datetime

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.frozen import dataclass
from opsdash.domain.reach import names_of
from opsdash.domain.routing import Destination, route, targets_of
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean

NO_NOTIFIER = SafeText("no notifier is configured")
"""Why nobody is paged where there is nothing to page by."""


@dataclass(frozen=True, slots=True)
class Wakes:
    """Whom one page wakes: names with what reaches each, channels by what they are told through.

    `names` are the people meant, also where nothing reaches them; `remarks` say what leads nowhere.
    """

    reached: tuple[tuple[SafeText, tuple[SafeText, ...]], ...] = ()
    names: tuple[SafeText, ...] = ()
    remarks: tuple[SafeText, ...] = ()

    @property
    def words(self) -> SafeText:
        """The receivers in words: `Maria through pagerduty, sms; slack #incidents`, or `NOBODY`."""
        told = []
        for name, through in self.reached:
            by = ", ".join(through)
            told.append(f"{name} through {by}" if name else by)
        return clean("; ".join(told) or "NOBODY")


def wakes(
    setup: Setup,
    targets: Sequence[str],
    at: datetime,
    severity: Severity | None = None,
    level: int = 0,
) -> Wakes:
    """Return whom a page to `targets` at `at` wakes, by their rules for such a page where it is known."""
    names = names_of(setup, targets, at)
    if not setup.paging.notifiers:
        return Wakes(names=names, remarks=(NO_NOTIFIER,))
    found = route(setup, tuple(targets), at, severity, level)
    by_name: dict[SafeText, list[SafeText]] = {}
    for destination in found.destinations:
        by_name.setdefault(destination.reached, []).append(_through(destination))
    reached = tuple((name, tuple(through)) for name, through in by_name.items())
    return Wakes(reached, names, found.remarks)


def wakes_level(
    setup: Setup, policy: EscalationPolicy, alert: Alert, level: int, at: datetime
) -> Wakes:
    """Return whom paging `level` for an alert wakes."""
    return wakes(setup, targets_of(alert, policy, level), at, alert.severity, level)


def wakes_person(setup: Setup, person: str, alert: Alert, at: datetime) -> Wakes:
    """Return whom giving an alert to `person` wakes."""
    return wakes(setup, (f"person:{person}",), at, alert.severity, alert.level)


def _through(destination: Destination) -> SafeText:
    later = f"after {format_span(destination.after)}" if destination.after else ""
    return clean(" ".join(filter(None, (destination.notifier, destination.address, later))))
