"""How long pages waited for somebody, and how many there were: per person, per service, by day and night.

Means and percentiles are over pages that were acknowledged; the rest are counted beside them and
are not taken for zero (they are right-censored).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText

WORK_BEGINS, WORK_ENDS = time(8), time(18)
"""Working hours on weekdays, on the clock of the team's zone; a page outside them is out of hours."""

SLEEP_BEGINS, SLEEP_ENDS = time(22), time(7)
"""The night: a page in it costs sleep."""


@dataclass(frozen=True, slots=True)
class Paged:
    """One occurrence that was paged: when first, for which service, whom, and when somebody took it.

    `each` is how many of its `pages` each of `people` got.
    """

    alert: str
    name: SafeText
    service: SafeText
    at: datetime
    people: tuple[SafeText, ...] = ()
    pages: int = 1
    acknowledged_at: datetime | None = None
    acknowledged_by: SafeText = SafeText("")
    each: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Burden:
    """The figures of some occurrences: spans until acknowledged, None where none was."""

    occurrences: int
    pages: int
    acknowledged: int
    mean: timedelta | None
    median: timedelta | None
    p90: timedelta | None
    out_of_hours: int
    at_night: int


def burden(paged: Iterable[Paged], timezone: str) -> Burden:
    """Return the figures of what was paged; hours are those of `timezone`."""
    known = list(paged)
    waits = sorted(p.acknowledged_at - p.at for p in known if p.acknowledged_at is not None)
    zone = ZoneInfo(timezone)
    return Burden(
        occurrences=len(known),
        pages=sum(p.pages for p in known),
        acknowledged=len(waits),
        mean=sum(waits, timedelta()) / len(waits) if waits else None,
        median=quantile(waits, 0.5),
        p90=quantile(waits, 0.9),
        out_of_hours=sum(is_out_of_hours(p.at, zone) for p in known),
        at_night=sum(is_at_night(p.at, zone) for p in known),
    )


def by_person(paged: Sequence[Paged], timezone: str) -> dict[SafeText, Burden]:
    """Return the figures of each person who was paged, those with most pages first."""
    return _grouped(paged, timezone, _shares)


def by_service(paged: Sequence[Paged], timezone: str) -> dict[SafeText, Burden]:
    """Return the figures of each service, those with most pages first."""
    return _grouped(paged, timezone, lambda one: {one.service: one})


def _shares(one: Paged) -> Mapping[SafeText, Paged]:
    """Return what of an occurrence was each person's: the pages that they got themselves."""
    counts = one.each or (1,) * len(one.people)
    return {
        person: replace(one, pages=count) for person, count in zip(one.people, counts, strict=True)
    }


def _grouped(
    paged: Sequence[Paged], timezone: str, parts: Callable[[Paged], Mapping[SafeText, Paged]]
) -> dict[SafeText, Burden]:
    groups: dict[SafeText, list[Paged]] = {}
    for one in paged:
        for name, part in parts(one).items():
            groups.setdefault(name, []).append(part)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: burden(group, timezone) for name, group in ordered}


def quantile(ordered: Sequence[timedelta], share: float) -> timedelta | None:
    """Return the value below which `share` of the ordered spans lie, between two of them in proportion."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def is_out_of_hours(at: datetime, zone: ZoneInfo) -> bool:
    """Whether a moment is outside working hours."""
    local = at.astimezone(zone)
    return local.weekday() >= 5 or not WORK_BEGINS <= local.time() < WORK_ENDS


def is_at_night(at: datetime, zone: ZoneInfo) -> bool:
    """Whether a moment is in the night."""
    local = at.astimezone(zone).time()
    return local >= SLEEP_BEGINS or local < SLEEP_ENDS
