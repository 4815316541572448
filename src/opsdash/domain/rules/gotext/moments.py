"""What a template may ask of a time or a duration: the methods of Go's that need no zone database."""

import re
from datetime import datetime

from opsdash.domain.rules.gotext.show import show_duration, show_time
from opsdash.domain.rules.gotext.values import Duration, ExecutionError, Time, Value

_LAYOUT = re.compile(
    r"January|Jan|Monday|Mon|MST|2006|-07:00|-0700|-07|Z07:00|Z0700|__2|002|_2|01|02|03|04|05|06"
    r"|15|PM|pm|[.,](?:0+|9+)(?![0-9])|1|2|3|4|5"
)
TIME_METHODS = frozenset(
    ("Format", "Unix", "UnixMilli", "UTC", "Year", "Day", "Hour", "Minute", "Second", "YearDay",
     "Weekday", "Month", "String")
)  # fmt: skip
DURATION_METHODS = frozenset(
    ("Hours", "Minutes", "Seconds", "Milliseconds", "Microseconds", "Nanoseconds", "String")
)


def has_method(receiver: Time | Duration, name: str) -> bool:
    """Whether a value has a method that is known here."""
    return name in (TIME_METHODS if isinstance(receiver, Time) else DURATION_METHODS)


def call_method(receiver: Time | Duration, name: str, args: list[Value]) -> Value:
    """Return what the method gives; raise ExecutionError where the arguments do not fit."""
    wanted = 1 if name == "Format" else 0
    if len(args) != wanted:
        raise ExecutionError(f"wrong number of args for {name}: want {wanted} got {len(args)}")
    if isinstance(receiver, Duration):
        return _of_duration(receiver.nanoseconds, name)
    try:
        return _of_time(receiver, name, args)
    except OverflowError:
        raise ExecutionError("the time is outside of the years 1 to 9999") from None


def _of_duration(nanoseconds: int, name: str) -> Value:
    match name:
        case "Hours":
            return nanoseconds / 3.6e12
        case "Minutes":
            return nanoseconds / 6e10
        case "Seconds":
            return nanoseconds / 1e9
        case "Milliseconds":
            return _towards_zero(nanoseconds, 1_000_000)
        case "Microseconds":
            return _towards_zero(nanoseconds, 1_000)
        case "Nanoseconds":
            return nanoseconds
    return show_duration(nanoseconds)


def _towards_zero(count: int, size: int) -> int:
    return -(-count // size) if count < 0 else count // size


def _of_time(time: Time, name: str, args: list[Value]) -> Value:
    at = time.datetime
    match name:
        case "Format":
            if not isinstance(args[0], str):
                raise ExecutionError("wrong type for value; expected string")
            return format_time(at, args[0])
        case "Unix":
            return time.milliseconds // 1000
        case "UnixMilli":
            return time.milliseconds
        case "UTC":
            return time
        case "YearDay":
            return at.timetuple().tm_yday
        case "Weekday":
            return f"{at:%A}"
        case "Month":
            return f"{at:%B}"
        case "String":
            return show_time(time)
    number: int = getattr(at, name.lower())
    return number


def format_time(at: datetime, layout: str) -> str:
    """Return a UTC moment by a Go layout (`2006-01-02 15:04:05`)."""
    return _LAYOUT.sub(lambda match: _element(at, match.group()), layout)


def _element(at: datetime, word: str) -> str:
    hour = at.hour % 12 or 12
    known = {
        "January": f"{at:%B}", "Jan": f"{at:%b}", "Monday": f"{at:%A}", "Mon": f"{at:%a}",
        "MST": "UTC", "2006": f"{at.year:04d}", "06": f"{at.year % 100:02d}",
        "01": f"{at.month:02d}", "1": str(at.month), "02": f"{at.day:02d}", "2": str(at.day),
        "_2": f"{at.day:2d}", "__2": f"{at.timetuple().tm_yday:3d}",
        "002": f"{at.timetuple().tm_yday:03d}", "15": f"{at.hour:02d}", "03": f"{hour:02d}",
        "3": str(hour), "04": f"{at.minute:02d}", "4": str(at.minute), "05": f"{at.second:02d}",
        "5": str(at.second), "PM": f"{at:%p}", "pm": f"{at:%p}".lower(),
        "-07:00": "+00:00", "-0700": "+0000", "-07": "+00", "Z07:00": "Z", "Z0700": "Z",
    }  # fmt: skip
    if word in known:
        return known[word]
    digits = f"{at.microsecond:06d}000"[: len(word) - 1].ljust(len(word) - 1, "0")
    if word[1] == "9":
        digits = digits.rstrip("0")
        return word[0] + digits if digits else ""
    return word[0] + digits
