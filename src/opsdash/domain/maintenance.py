"""Maintenance windows: a time in which new alerts of a service are shown, and nobody is paged for them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert
from opsdash.domain.escalation import matches_all
from opsdash.domain.frozen import dataclass
from opsdash.domain.opening import service_of
from opsdash.domain.text import SafeText

LONGEST = timedelta(hours=24)
"""How long a window may last: it ends by itself, and a longer one is forgotten."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One window, half open. It concerns alerts of `service`, if it names one, that match all of `matching`.

    With neither it concerns every alert. `ended_at` is when somebody ended it before its time.
    """

    id: int
    start: datetime
    end: datetime
    by: SafeText
    reason: SafeText
    service: SafeText = SafeText("")
    matching: tuple[str, ...] = ()
    ended_at: datetime | None = None

    @property
    def until(self) -> datetime:
        """When it ends, or ended."""
        return self.end if self.ended_at is None else min(self.end, self.ended_at)

    def concerns(self, alert: Alert) -> bool:
        """Whether an alert is one of those that the work is expected to raise."""
        if self.service and service_of(alert) != self.service:
            return False
        return matches_all(self.matching, alert.labels)


def holding(windows: Iterable[Maintenance], alert: Alert, now: datetime) -> Maintenance | None:
    """Return the window that keeps `alert` from being paged at `now`, the one that ends last, or None.

    Only what begins to fire within a window is held: what fired before it goes on as it was.
    """
    begun = alert.fired_at or alert.active_at
    found = [
        window
        for window in windows
        if window.start <= now < window.until and begun >= window.start and window.concerns(alert)
    ]
    return max(found, key=lambda window: window.until, default=None)
