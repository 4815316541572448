"""Gaps: the times at which a schedule has nobody on call."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.override import Override
from opsdash.domain.schedule import Schedule, shifts
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean

LOOKED_AHEAD = timedelta(days=14)
"""How far gaps are looked for ahead of now, where a schedule's own cycle is no longer."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time at which nobody is on call, half open."""

    schedule: str
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it lasts."""
        return self.end - self.start


def known_until(schedule: Schedule) -> datetime | None:
    """Return until when a schedule's shifts are known; None where it goes on for good.

    Shifts that are kept elsewhere are read some weeks ahead: after that nobody is known to be on call,
    and nobody is known not to be.
    """
    return min((layer.until for layer in schedule.layers if layer.until is not None), default=None)


def known_words(until: datetime, timezone: str) -> SafeText:
    """Say until when shifts are known, and that nothing is known of what comes after."""
    from zoneinfo import ZoneInfo

    local = until.astimezone(ZoneInfo(timezone))
    return clean(f"its shifts are known until {local:%a %d %b %Y %H:%M} {timezone}, not after")


def gaps(
    schedule: Schedule, start: datetime, end: datetime, overrides: Sequence[Override] = ()
) -> tuple[Gap, ...]:
    """Return the times between `start` and `end` at which nobody is on call, in order.

    What comes after the shifts that are known is no gap: somebody may be on call.
    """
    end = min(end, known_until(schedule) or end)
    found = []
    covered = start
    for shift in shifts(schedule, start, end, overrides):
        if shift.start > covered:
            found.append(Gap(schedule.id, covered, shift.start))
        covered = max(covered, shift.end)
    if covered < end:
        found.append(Gap(schedule.id, covered, end))
    return tuple(found)


def gaps_ahead(schedule: Schedule, now: datetime) -> tuple[Gap, ...]:
    """Return the gaps of the fortnight ahead, or of a whole cycle where that is longer.

    A gap that has begun is whole, and the last day is too, so that what is said of them stays the
    same from one look to the next.
    """
    if schedule.gaps_allowed:
        return ()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = today + max(LOOKED_AHEAD, schedule.cycle) + timedelta(days=1)
    return tuple(gap for gap in gaps(schedule, today - timedelta(days=7), end) if gap.end > now)


def gap_words(found: Iterable[Gap], timezone: str, most: int = 3) -> SafeText:
    """Say in a line when nobody is on call; empty where there is no gap."""
    listed = list(found)
    if not listed:
        return SafeText("")
    named = ", ".join(_words(gap, timezone) for gap in listed[:most])
    more = f" and {len(listed) - most} more times" if len(listed) > most else ""
    return clean(f"schedule {listed[0].schedule}: nobody is on call {named}{more}")


def _words(gap: Gap, timezone: str) -> str:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(timezone)
    start, end = gap.start.astimezone(zone), gap.end.astimezone(zone)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a %d %b %H:%M}"
    return f"{start:%a %d %b %H:%M} to {until} {timezone} ({format_span(gap.length)})"
