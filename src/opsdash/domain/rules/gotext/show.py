"""Printing values: Go's `%v` of each, and Print and Println over several."""

from opsdash.domain.rules.gotext.numbers import format_float
from opsdash.domain.rules.gotext.values import Duration, Map, Struct, Time, Value

_UNITS = ((3_600_000_000_000, "h"), (60_000_000_000, "m"))


def show(value: Value) -> str:
    """Return a value as `%v` prints it."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value))
        case float():
            return format_float(value)
        case str():
            return str(value)
        case Map():
            return "map[" + " ".join(f"{key}:{show(item)}" for key, item in value.items()) + "]"
        case Struct():
            return "{" + " ".join(show(item) for item in value.fields.values()) + "}"
        case Time():
            return show_time(value)
        case Duration():
            return show_duration(value.nanoseconds)
    return str(value)


def print_values(values: list[Value]) -> str:
    """Return what Go's Sprint makes: a space between two values where neither is text."""
    parts: list[str] = []
    before_is_text = True
    for value in values:
        is_text = isinstance(value, str)
        if parts and not is_text and not before_is_text:
            parts.append(" ")
        parts.append(show(value))
        before_is_text = is_text
    return "".join(parts)


def printed(value: Value) -> str:
    """Return a value as an action prints it: one that does not exist is `<no value>`."""
    return "<no value>" if value is None else show(value)


def show_time(time: Time) -> str:
    """Return a moment as Go prints a time.Time in UTC."""
    try:
        at = time.datetime
    except OverflowError:
        return f"{time.milliseconds}ms after 1970"
    fraction = f".{at.microsecond // 1000:03d}".rstrip("0").rstrip(".")
    return f"{at.year:04d}-{at:%m-%d %H:%M:%S}{fraction} +0000 UTC"


def show_duration(nanoseconds: int) -> str:
    """Return a length as Go prints a time.Duration: `1h0m0s`, `1.5s`, `200ms`."""
    if nanoseconds == 0:
        return "0s"
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if rest < 1_000_000_000:
        for size, unit in ((1_000_000, "ms"), (1_000, "µs"), (1, "ns")):
            if rest >= size:
                return sign + _fraction(rest, size) + unit
    text = ""
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        if count or text:
            text += f"{count}{unit}"
    return f"{sign}{text}{_fraction(rest, 1_000_000_000)}s"


def _fraction(count: int, size: int) -> str:
    whole, rest = divmod(count, size)
    digits = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
