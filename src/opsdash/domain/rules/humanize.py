"""Prometheus' own template functions over numbers: humanize and its kin (template/template.go)."""

import math

from opsdash.domain.duration import parse_duration
from opsdash.domain.rules.gotext.literals import parse_float
from opsdash.domain.rules.gotext.numbers import format_float
from opsdash.domain.rules.gotext.show import show_time
from opsdash.domain.rules.gotext.values import (
    Duration,
    ExecutionError,
    Html,
    Time,
    Value,
    type_name,
)

_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_LARGE_BINARY = ("ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_INT64 = 1 << 63


def to_float(value: Value) -> float:
    """Return a number, or a text that is one, as a float; raise ExecutionError for anything else."""
    if isinstance(value, float):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, Duration):
        return value.nanoseconds / 1e9
    if isinstance(value, str) and not isinstance(value, Html):
        try:
            return parse_float(value)
        except ValueError as error:
            raise ExecutionError(str(error)) from None
    raise ExecutionError(f"can't convert {type_name(value)} to float")


def humanize(value: Value) -> str:
    """Return a number with a metric prefix: `1.234k`, `12m`."""
    number = to_float(value)
    if number == 0 or not math.isfinite(number):
        return _short(number)
    return _prefixed(number, _LARGE, 1000) if abs(number) >= 1 else _small(number)


def humanize1024(value: Value) -> str:
    """Return a number with a binary prefix: `1.5Gi`."""
    number = to_float(value)
    if abs(number) <= 1 or not math.isfinite(number):
        return _short(number)
    return _prefixed(number, _LARGE_BINARY, 1024)


def humanize_percentage(value: Value) -> str:
    """Return a ratio as a percentage."""
    return f"{_short(to_float(value) * 100)}%"


def humanize_duration(value: Value) -> str:
    """Return seconds as days, hours, minutes and seconds, or with a prefix below a second."""
    number = to_float(value)
    if not math.isfinite(number):
        return _short(number)
    if number == 0:
        return f"{_short(number)}s"
    if abs(number) < 1:
        return f"{_small(number)}s"
    sign = "-" if number < 0 else ""
    number = abs(number)
    # Go's conversion of what int64 cannot hold gives its least value, on the usual machines.
    whole = int(number) if number < _INT64 else -_INT64
    minutes, seconds = _divide(whole, 60)
    hours, minutes = _divide(minutes, 60)
    days, hours = _divide(hours, 24)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    if minutes:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{_short(number)}s"


def humanize_timestamp(value: Value) -> str:
    """Return unix seconds as a time in UTC."""
    number = to_float(value)
    if not math.isfinite(number):
        return _short(number)
    return show_time(to_time(number))


def to_time(value: Value) -> Time:
    """Return unix seconds as a time, to the millisecond."""
    number = to_float(value)
    if not math.isfinite(number):
        raise ExecutionError("value is NaN or Inf")
    nanoseconds = number * 1e9
    if not -_INT64 <= nanoseconds < _INT64:
        raise ExecutionError(
            f"{format_float(number)} cannot be represented as a nanoseconds timestamp"
            " since it overflows int64"
        )
    return Time(_divide(int(nanoseconds), 1_000_000)[0])


def to_duration(value: Value) -> Duration:
    """Return seconds as a duration."""
    number = to_float(value) * 1e9
    inside = math.isfinite(number) and -_INT64 <= number < _INT64
    return Duration(int(number) if inside else -_INT64)


def duration_seconds(text: str) -> float:
    """Return the seconds of a duration as Prometheus writes it (`1h30m`), negative ones too."""
    try:
        seconds = parse_duration(text.removeprefix("-")).total_seconds()
    except ValueError:
        raise ExecutionError(f'not a valid duration string: "{text}"') from None
    return -seconds if text.startswith("-") else seconds


def _short(number: float) -> str:
    return format_float(number, "g", 4)


def _prefixed(number: float, prefixes: tuple[str, ...], base: int) -> str:
    prefix = ""
    for each in prefixes:
        if abs(number) < base:
            break
        prefix = each
        number /= base
    return f"{_short(number)}{prefix}"


def _small(number: float) -> str:
    prefix = ""
    for each in _SMALL:
        if abs(number) >= 1:
            break
        prefix = each
        number *= 1000
    return f"{_short(number)}{prefix}"


def _divide(number: int, by: int) -> tuple[int, int]:
    """Divide as Go does: towards zero."""
    quotient = abs(number) // by * (-1 if number < 0 else 1)
    return quotient, number - quotient * by
