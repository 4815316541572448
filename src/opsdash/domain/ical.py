"""On-call calendars as iCalendar text (RFC 5545): written from shifts, read into turns."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsdash.domain.frozen import dataclass
from opsdash.domain.rotation import Turn
from opsdash.domain.shift import Shift
from opsdash.domain.text import clean

LONGEST_TEXT = 2_000_000
"""Characters of a calendar that are read."""

_MOST_EVENTS = 20_000
_LONGEST_INTERVAL = 520
_FOLD = 73
_LAST_YEAR = 9900
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ESCAPE = re.compile(r"\\(.)")
_DURATION = re.compile(r"\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_UNITS = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}


class CalendarError(ValueError):
    """A calendar that cannot be read: what is wrong and in which line, for people."""


def write_calendar(title: str, shifts: Iterable[tuple[Shift, str]], now: datetime) -> str:
    """Return the shifts, each with the name of its person, as one calendar. Lines end in CRLF."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//opsdash//on-call//EN"]
    lines += ["CALSCALE:GREGORIAN", f"X-WR-CALNAME:{_escaped(title)}"]
    for shift, name in shifts:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{shift.schedule}-{shift.start:%Y%m%dT%H%M%SZ}-{shift.person}@opsdash",
            f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"DTSTART:{shift.start.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"DTEND:{shift.end.astimezone(UTC):%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{_escaped(name)}",
            f"CATEGORIES:{_escaped(shift.schedule)}",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _escaped(text: str) -> str:
    """A text value: every character that ends or splits one is escaped (RFC 5545, 3.3.11)."""
    safe = str(clean(text)).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return safe.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 bytes, cut between characters; a line that goes on begins with a space."""
    part, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > _FOLD:
            yield part
            part, size = " ", 1
        part, size = part + character, size + width
    yield part


@dataclass(frozen=True, slots=True)
class _Event:
    summary: str
    start: datetime
    end: datetime
    rule: str = ""
    line: int = 0
    uid: str = ""
    replaces: datetime | None = None
    left_out: frozenset[datetime] = frozenset()
    cancelled: bool = False


def read_calendar(text: str, zone: str, start: datetime, end: datetime) -> tuple[Turn, ...]:
    """Return the turns of a calendar that share a moment with the time from `start` to `end`.

    Who is on call is an event's summary. Times without a zone are in `zone`. Events that come again
    daily or weekly (`FREQ`, `INTERVAL`, `COUNT`, `UNTIL`, `BYDAY`) are computed on the wall clock, without
    those that `EXDATE` leaves out or that an event with `RECURRENCE-ID` stands in place of; what says
    more is refused. Raises CalendarError.
    """
    if len(text) > LONGEST_TEXT:
        raise CalendarError(f"the calendar has more than {LONGEST_TEXT} characters")
    try:
        return _turns(text, zone, start, end)
    except OverflowError:
        raise CalendarError("the calendar has a time before the year 1 or after 9999") from None


def _turns(text: str, zone: str, start: datetime, end: datetime) -> tuple[Turn, ...]:
    found: list[Turn] = []
    events = list(_events(text, zone))
    replaced = {(event.uid, event.replaces) for event in events if event.replaces is not None}
    for event in events:
        if event.cancelled:
            continue
        for begins, ends in _times(event, end):
            if begins >= end or ends <= start:
                continue
            moment = begins.astimezone(UTC)
            gone = moment in event.left_out or (event.uid, moment) in replaced
            if not (event.rule and gone):
                found.append(Turn(event.summary, moment, ends.astimezone(UTC)))
            if len(found) > _MOST_EVENTS:
                raise CalendarError(f"the calendar has more than {_MOST_EVENTS} events")
    return tuple(sorted(found, key=lambda turn: (turn.start, turn.end, turn.person)))


def _events(text: str, zone: str) -> Iterator[_Event]:
    fields: dict[str, tuple[str, str]] | None = None
    begun = 0
    for number, line in _unfolded(text):
        name, _, value = line.partition(":")
        name, _, parameters = name.partition(";")
        if line == "BEGIN:VEVENT":
            fields, begun = {}, number
        elif line == "END:VEVENT" and fields is not None:
            yield _event(fields, zone, begun)
            fields = None
        elif fields is not None:
            # Of all that is read here only this one may come more than once in an event.
            key = f"EXDATE {number}" if name.upper() == "EXDATE" else name.upper()
            fields.setdefault(key, (parameters, value))


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    held, began = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if line[:1] in (" ", "\t"):
            held += line[1:]
            continue
        if held:
            yield began, held
        held, began = line, number
    if held:
        yield began, held


def _event(fields: dict[str, tuple[str, str]], zone: str, line: int) -> _Event:
    if "DTSTART" not in fields:
        raise CalendarError(f"line {line}: an event without DTSTART")
    start = _moment(*fields["DTSTART"], zone, line)
    if "DTEND" in fields:
        end = _moment(*fields["DTEND"], zone, line)
    elif "DURATION" in fields:
        end = _plus(start, _duration(fields["DURATION"][1], line))
    else:
        end = _plus(start, timedelta(days=1))
    if end <= start:
        raise CalendarError(f"line {line}: an event that ends before it begins")
    summary = fields.get("SUMMARY", ("", ""))[1]
    summary = _ESCAPE.sub(lambda m: " " if m[1] in "nN" else m[1], summary)
    if "RDATE" in fields or "RANGE" in fields.get("RECURRENCE-ID", ("", ""))[0].upper():
        raise CalendarError(f"line {line}: cannot follow RDATE or RANGE; write events of their own")
    left_out = frozenset(
        _moment(parameters, one, zone, line).astimezone(UTC)
        for key, (parameters, values) in fields.items()
        if key.startswith("EXDATE ")
        for one in values.split(",")
    )
    instead = fields.get("RECURRENCE-ID")
    return _Event(
        clean(summary.strip()),
        start,
        end,
        fields.get("RRULE", ("", ""))[1],
        line,
        fields.get("UID", ("", ""))[1],
        None if instead is None else _moment(*instead, zone, line).astimezone(UTC),
        left_out,
        fields.get("STATUS", ("", ""))[1] == "CANCELLED",
    )


def _moment(parameters: str, value: str, zone: str, line: int) -> datetime:
    """The moment in its own zone, so that adding days to it keeps its wall clock."""
    named = next((p[5:] for p in parameters.split(";") if p.upper().startswith("TZID=")), zone)
    try:
        if len(value) == 8:
            day = date(int(value[:4]), int(value[4:6]), int(value[6:]))
            return datetime.combine(day, time(), ZoneInfo(named.strip('"')))
        moment = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        return moment.replace(tzinfo=UTC if value.endswith("Z") else ZoneInfo(named.strip('"')))
    except (ValueError, OSError, KeyError):
        raise CalendarError(f"line {line}: cannot read the time {clean(value, 40)!r}") from None


def _plus(moment: datetime, length: timedelta) -> datetime:
    """A length later: days on the wall clock, all else in elapsed time."""
    days = timedelta(days=length.days)
    return ((moment + days).astimezone(UTC) + (length - days)).astimezone(moment.tzinfo)


def _duration(value: str, line: int) -> timedelta:
    match = _DURATION.fullmatch(value[:40])
    if match is None:
        raise CalendarError(f"line {line}: cannot read the duration {clean(value, 40)!r}")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _times(event: _Event, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The event and what its rule makes of it, as far as `until`."""
    if not event.rule:
        yield event.start, event.end
        return
    rule = dict(part.split("=", 1) for part in event.rule.upper().split(";") if "=" in part)
    unit = _UNITS.get(rule.get("FREQ", ""))
    unknown = set(rule) - {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"}
    if unit is None or unknown:
        raise CalendarError(f"line {event.line}: cannot follow the rule {clean(event.rule, 80)!r}")
    last = _last(event, rule, until)
    count = int(rule["COUNT"][:6]) if rule.get("COUNT", "").isdecimal() else _MOST_EVENTS
    length = event.end.replace(tzinfo=None) - event.start.replace(tzinfo=None)
    if event.start.tzinfo != event.end.tzinfo:
        length = event.end - event.start
    for begins in _starts(event, rule, unit, count):
        if begins > last:
            return
        yield begins, begins + length


def _last(event: _Event, rule: dict[str, str], until: datetime) -> datetime:
    if "UNTIL" not in rule:
        return until
    zone = getattr(event.start.tzinfo, "key", "UTC")
    ends = _moment("", rule["UNTIL"], zone, event.line)
    if len(rule["UNTIL"]) == 8:
        ends += timedelta(days=1) - timedelta.resolution
    return min(ends, until)


def _starts(event: _Event, rule: dict[str, str], unit: timedelta, count: int) -> Iterator[datetime]:
    every = int(rule["INTERVAL"][:4]) if rule.get("INTERVAL", "").isdecimal() else 1
    step = unit * min(max(every, 1), _LONGEST_INTERVAL)
    wanted = [_DAYS.index(day) for day in rule.get("BYDAY", "").split(",") if day in _DAYS]
    if "BYDAY" in rule and len(wanted) != len(rule["BYDAY"].split(",")):
        raise CalendarError(f"line {event.line}: cannot follow the rule {clean(event.rule, 80)!r}")
    made = 0
    base = event.start
    if wanted and unit.days == 7:
        base = event.start - timedelta(days=event.start.weekday())
    while made < count and made < _MOST_EVENTS and base.year < _LAST_YEAR:
        days = sorted(wanted) if wanted and unit.days == 7 else [0]
        for day in days:
            begins = base + timedelta(days=day)
            fits = not wanted or unit.days == 7 or begins.weekday() in wanted
            if fits and begins >= event.start and made < count:
                made += 1
                yield begins
        base += step
