"""One layer of a schedule: a weekly rotation, or given turns, masked by the hours it is restricted to.

Every boundary is a wall-clock time in an IANA zone, computed date by date: days of 23, 23.5, 24.5 and
25 hours are right because no length is ever added to a moment. A time that the clock skips moves
on by the gap; of a time that comes twice the first counts.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from opsdash.domain.frozen import dataclass
from opsdash.domain.shift import Shift, inside

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

NOBODY = "nobody"
"""Named in place of a person it ends the shift before and leaves a gap on purpose."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the day that come again: on `days` (each day where empty) from `start` until `end`.

    An `end` that is not after `start` is on the next day; with `end_day` it is on that weekday, up to
    a week later.
    """

    start: time
    end: time
    days: tuple[str, ...] = ()
    end_day: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was given and not computed: read from a calendar or another service."""

    person: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Layer:
    """A rotation of one or more weeks, each naming who takes over on which day.

    `weeks` maps a weekday to the person whose shift begins then; a day not named continues the shift
    before it. `anchor` is the Monday on which the first week of the cycle began. `within` restricts
    the layer to these hours. With `turns` it has these and no rotation; they may come from the file
    `calendar`, or from the `feed` of this key, which the engine reads and the store keeps; then
    `until` is how far ahead they were asked for, and nothing is known of what comes after.
    """

    weeks: tuple[Mapping[str, str], ...] = ()
    handoff: time = time(9)
    anchor: date = date(2024, 1, 1)
    within: tuple[Window, ...] = ()
    turns: tuple[Turn, ...] = ()
    calendar: str = ""
    feed: str = ""
    until: datetime | None = None


def layer_shifts(
    layer: Layer, schedule: str, zone: str, start: datetime, end: datetime
) -> list[Shift]:
    """Return the layer's shifts that share a moment with the time from `start` to `end`, in order.

    They are whole, not cut to that time, and never overlap one another.
    """
    clock = _zone(zone)
    turns = _given(layer, start, end) if layer.turns else _rotation(layer, clock, start, end)
    shifts = [Shift(schedule, t.person, t.start, t.end) for t in turns if t.person != NOBODY]
    if layer.within and shifts:
        spans = window_spans(layer.within, zone, shifts[0].start, shifts[-1].end)
        parts = [inside(shift, *span) for shift in shifts for span in spans]
        shifts = [part for part in parts if part is not None]
    return [shift for shift in shifts if shift.overlaps(start, end)]


def window_spans(
    windows: tuple[Window, ...], zone: str, start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the times that `windows` cover around `start` to `end`, in order and disjoint."""
    clock = _zone(zone)
    day = start.astimezone(clock).date() - 8 * _DAY
    last = end.astimezone(clock).date() + _DAY
    found = []
    while day <= last:
        found += [_span(window, day, clock) for window in windows if _begins(window, day)]
        day += _DAY
    joined: list[tuple[datetime, datetime]] = []
    for begin, finish in sorted(found):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], finish))
        else:
            joined.append((begin, finish))
    return [span for span in joined if span[0] < end and start < span[1]]


def is_within(windows: tuple[Window, ...], zone: str, at: datetime) -> bool:
    """Whether `at` lies in one of `windows`; always where there is none."""
    return not windows or bool(window_spans(windows, zone, at, at + timedelta.resolution))


def _zone(name: str) -> tzinfo:
    # A dashboard without a schedule needs no zone for its first frame.
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)


def instant(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the moment of a wall-clock time on `day`, in UTC."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _begins(window: Window, day: date) -> bool:
    return not window.days or WEEKDAYS[day.weekday()] in window.days


def _span(window: Window, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    ahead = 0 if window.start < window.end else 1
    if window.end_day:
        ahead = (WEEKDAYS.index(window.end_day) - day.weekday()) % 7
        if ahead == 0 and window.end <= window.start:
            ahead = 7
    return instant(day, window.start, zone), instant(day + ahead * _DAY, window.end, zone)


def _given(layer: Layer, start: datetime, end: datetime) -> list[Turn]:
    """The given turns around a time; where two overlap the one that begins later counts."""
    kept: list[Turn] = []
    for turn in sorted(layer.turns, key=lambda t: (t.start, t.end)):
        if turn.start >= turn.end:
            continue
        before = kept[-1] if kept else None
        if before is not None and before.end > turn.start:
            kept[-1] = Turn(before.person, before.start, turn.start)
            if before.end > turn.end:
                kept += [turn, Turn(before.person, turn.end, before.end)]
                continue
        kept.append(turn)
    return [t for t in kept if t.start < t.end and t.start < end and start < t.end]


def _rotation(layer: Layer, zone: tzinfo, start: datetime, end: datetime) -> Iterator[Turn]:
    if not any(week.get(day) for week in layer.weeks for day in WEEKDAYS):
        return
    today = start.astimezone(zone).date() + _DAY
    begun = next(
        day
        for back in range(7 * len(layer.weeks) + 3)
        if _person(layer, day := today - back * _DAY) and instant(day, layer.handoff, zone) <= start
    )
    while True:
        following = next(
            day
            for ahead in range(1, 7 * len(layer.weeks) + 1)
            if _person(layer, day := begun + ahead * _DAY)
        )
        begins, ends = (instant(day, layer.handoff, zone) for day in (begun, following))
        # Where a zone leaves out a whole day its handoff and the next one are the same moment.
        if begins < ends:
            yield Turn(_person(layer, begun), begins, ends)
        if ends >= end:
            return
        begun = following


def _person(layer: Layer, day: date) -> str:
    week = (day - layer.anchor).days // 7 % len(layer.weeks)
    return layer.weeks[week].get(WEEKDAYS[day.weekday()], "")
