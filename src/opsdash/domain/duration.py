"""Durations as Prometheus writes them: `90s`, `5m`, `1h30m`, `1d`."""

import re
from datetime import timedelta

_UNITS = {
    "y": timedelta(days=365),
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_FORM = (
    r"(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?"
    r"(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?"
)


def parse_duration(text: str) -> timedelta:
    """Return the length that `text` names; raise ValueError where it is not a duration.

    The grammar is Prometheus' (`model.ParseDuration`): integers with units y w d h m s ms, each
    at most once and in that order; a bare `0` is allowed.
    """
    if text == "0":
        return timedelta()
    match = re.fullmatch(_FORM, text)
    if not text or match is None:
        raise ValueError(f"{text!r} is not a duration; write it as 30s, 5m or 1h30m")
    try:
        return sum(
            (int(n) * unit for n, unit in zip(match.groups(), _UNITS.values(), strict=True) if n),
            timedelta(),
        )
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any calendar") from None


def format_duration(length: timedelta) -> str:
    """Return `length` in Prometheus' form, to the millisecond: `1h30m`, `0s`."""
    rest = length // timedelta(milliseconds=1)
    if rest <= 0:
        return "0s"
    parts = []
    for unit, size in _UNITS.items():
        if unit in ("y", "w"):
            continue
        count, rest = divmod(rest, size // timedelta(milliseconds=1))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
