"""Times as people type them, in their own zone: `2h`, `18:00`, `wed 09:00`, `2025-12-24 09:00`."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from opsdash.domain.duration import parse_duration

FORMS = "write it as 2h, 18:00, wed 09:00 or 2025-12-24 09:00"
"""What may be typed, for whoever typed something else."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_when(text: str, base: datetime, zone: tzinfo) -> datetime:
    """Return the moment that `text` means as seen at `base`; raise ValueError in words.

    A length counts from `base`; a time of day or a weekday is the next one after it.
    """
    words = text.lower().split()
    if words == ["now"]:
        return base
    try:
        if len(words) == 1 and words[0][:1].isdigit() and ":" not in text and "-" not in text:
            return base + parse_duration(words[0])
        local = base.astimezone(zone)
        if len(words) == 1 and ":" in words[0]:
            return _next(local, local.date(), _time(words[0]), timedelta(days=1), zone)
        if words and words[0] == "tomorrow":
            day = local.date() + timedelta(days=1)
            return _at(day, _time(words[1] if len(words) > 1 else "00:00"), zone)
        if words and words[0][:3] in _DAYS and words[0].isalpha():
            ahead = (_DAYS.index(words[0][:3]) - local.weekday()) % 7
            at = _time(words[1] if len(words) > 1 else "00:00")
            return _next(local, local.date() + timedelta(days=ahead), at, timedelta(days=7), zone)
        if len(words) == 2:
            return _at(date.fromisoformat(words[0]), _time(words[1]), zone)
    except (ValueError, IndexError, OverflowError):
        pass
    raise ValueError(f"{text!r} is no time; {FORMS}" if text.strip() else f"no time; {FORMS}")


def format_when(at: datetime, zone: tzinfo) -> str:
    """Return a moment as `parse_when` reads it, to the second where it is not a whole minute."""
    form = "%Y-%m-%d %H:%M:%S" if at.second else "%Y-%m-%d %H:%M"
    return at.astimezone(zone).strftime(form)


def _time(text: str) -> time:
    parts = text.split(":")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(text)
    hour, minute, second = (*map(int, parts), 0)[:3]
    return time(hour, minute, second)


def _next(local: datetime, day: date, at: time, step: timedelta, zone: tzinfo) -> datetime:
    found = _at(day, at, zone)
    return found if found > local else _at(day + step, at, zone)


def _at(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)
