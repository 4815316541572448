"""By what a person is reached for which pages: their own rules, per severity and level, each with a delay."""

from collections.abc import Iterable
from datetime import timedelta

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass


@dataclass(frozen=True, slots=True)
class NotifyRule:
    """Destinations for pages of these severities at these levels, each of all where it is empty.

    They are told `after` the page, unless somebody has acknowledged it by then.
    """

    notify: tuple[str, ...]
    severity: tuple[Severity, ...] = ()
    levels: tuple[int, ...] = ()
    after: timedelta = timedelta()

    def fits(self, severity: Severity, level: int) -> bool:
        """Whether it is for a page of this severity at this level."""
        of_severity = not self.severity or severity in self.severity
        return of_severity and (not self.levels or level in self.levels)


def ways_to(
    notify: tuple[str, ...], rules: Iterable[NotifyRule], severity: Severity, level: int
) -> dict[str, timedelta]:
    """Return what reaches a person for a page, each with how long after it, in order.

    All rules that fit count, of one destination the earliest; where none fits it is `notify`, at once.
    """
    found: dict[str, timedelta] = {}
    for rule in rules:
        if rule.fits(severity, level):
            for entry in rule.notify:
                found[entry] = min(found.get(entry, rule.after), rule.after)
    return found or dict.fromkeys(notify, timedelta())
