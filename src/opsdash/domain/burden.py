"""How long pages waited for somebody, and how many there were: per person, service and shift.

A page is one person told once of something, however many notifiers said it; a storm is one page.
Means and percentiles are over what was acknowledged; the rest is counted beside them and is not
taken for zero (it is right-censored). `docs/oncall.md` has the formulas.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsdash.domain.frozen import dataclass
from opsdash.domain.shift import Shift
from opsdash.domain.text import SafeText

WORK_BEGINS, WORK_ENDS = time(8), time(18)
"""Working hours on weekdays, on the clock of the team's zone; a page outside them is out of hours."""

SLEEP_BEGINS, SLEEP_ENDS = time(22), time(7)
"""The night: a page in it costs sleep."""


@dataclass(frozen=True, slots=True)
class Paged:
    """One page as far as it is about one occurrence: to `person`, empty where only a channel was told.

    A person is named by their id, whom nobody knows any more by the name that they had.

    `page` names what was told once: occurrences of a storm share it. `schedule` is the one that led
    to the person when it was decided, at `made_at`; `at` is when the first of their notifiers took
    it. `first` says that it was the person's first about the occurrence, `opening` that it was
    anybody's. `answered_at` is when somebody acknowledged the occurrence, at `at` or later.
    """

    alert: str
    service: SafeText
    person: SafeText
    page: str
    at: datetime
    made_at: datetime
    schedule: str = ""
    first: bool = True
    opening: bool = True
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Burden:
    """The figures of some pages: spans until acknowledged, None where nothing was.

    `unacknowledged` are first pages that nobody answered. `shifts` is over how many shifts
    `shift_pages` of the pages were spread.
    """

    occurrences: int
    pages: int
    acknowledged: int
    unacknowledged: int
    mean: timedelta | None
    median: timedelta | None
    p90: timedelta | None
    out_of_hours: int
    at_night: int
    shifts: int = 0
    shift_pages: int = 0

    @property
    def pages_per_shift(self) -> float | None:
        """How many pages a shift had on average, None without a shift."""
        return self.shift_pages / self.shifts if self.shifts else None


def burden(paged: Iterable[Paged], timezone: str, shifts: int = 0) -> Burden:
    """Return the figures of what was paged, each occurrence from its very first page on.

    Hours are those of `timezone`; `shifts` is how many there were.
    """
    return _burden(list(paged), timezone, shifts, personal=False)


def by_person(
    paged: Iterable[Paged], timezone: str, shifts: Iterable[tuple[Shift, SafeText]] = ()
) -> dict[SafeText, Burden]:
    """Return the figures of each person who was paged, each from their own first page on.

    `shifts` are those of the window with the name of whose each was. Those with most pages first.
    """
    groups: dict[SafeText, list[Paged]] = {}
    for one in paged:
        if one.person:
            groups.setdefault(one.person, []).append(one)
    counts: dict[SafeText, int] = {}
    for _, name in shifts:
        counts[name] = counts.get(name, 0) + 1
        groups.setdefault(name, [])
    return _ordered(
        {
            name: _burden(group, timezone, counts.get(name, 0), personal=True)
            for name, group in groups.items()
        }
    )


def by_service(paged: Iterable[Paged], timezone: str, shifts: int = 0) -> dict[SafeText, Burden]:
    """Return the figures of each service, those with most pages first; a storm counts for each of its own."""
    groups: dict[SafeText, list[Paged]] = {}
    for one in paged:
        groups.setdefault(one.service, []).append(one)
    return _ordered({name: burden(group, timezone, shifts) for name, group in groups.items()})


def of_shift(paged: Iterable[Paged], shift: Shift, name: SafeText, timezone: str) -> Burden:
    """Return the figures of the pages that one shift brought to its person."""
    own = [
        one
        for one in paged
        if one.schedule == shift.schedule and one.person == name and shift.covers(one.made_at)
    ]
    return _burden(own, timezone, 1, personal=True)


def _burden(known: Sequence[Paged], timezone: str, shifts: int, personal: bool) -> Burden:
    zone = ZoneInfo(timezone)
    firsts: dict[tuple[str, SafeText], Paged] = {}
    told: dict[tuple[str, SafeText], Paged] = {}
    for one in sorted(known, key=lambda one: one.at):
        if one.first if personal else one.opening:
            firsts.setdefault((one.alert, one.person if personal else SafeText("")), one)
        told.setdefault((one.page, one.person), one)
    waits = sorted(
        one.answered_at - one.at for one in firsts.values() if one.answered_at is not None
    )
    return Burden(
        occurrences=len({one.alert for one in known}),
        pages=len(told),
        acknowledged=len(waits),
        unacknowledged=len(firsts) - len(waits),
        mean=sum(waits, timedelta()) / len(waits) if waits else None,
        median=quantile(waits, 0.5),
        p90=quantile(waits, 0.9),
        out_of_hours=sum(is_out_of_hours(one.at, zone) for one in told.values()),
        at_night=sum(is_at_night(one.at, zone) for one in told.values()),
        shifts=shifts,
        shift_pages=sum(bool(one.schedule and one.person) for one in told.values()),
    )


def _ordered(found: dict[SafeText, Burden]) -> dict[SafeText, Burden]:
    return dict(sorted(found.items(), key=lambda item: (-item[1].pages, item[0])))


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
