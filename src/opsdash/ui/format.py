"""Values, ages and trends in words: units chosen once an indicator, honest at every edge."""

import math
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from opsdash.domain.indicator import Indicator, Reading, Unit
from opsdash.domain.sample import Point
from opsdash.domain.text import SafeText, clean
from opsdash.ui.glyphs import UTF8, Glyphs

_SECOND = timedelta(seconds=1)
_WINDOW = r"\[([0-9][0-9a-z]*)(?::[0-9a-z]*)?\]"
_BYTES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


class Scale(NamedTuple):
    """How an indicator's values are written: multiplied by `factor`, with `decimals`, in `unit`."""

    unit: str
    factor: float = 1.0
    decimals: int = 0


class Figure(NamedTuple):
    """A value in words: the number and its unit, kept apart so that each has its own column."""

    number: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.unit}".rstrip()

    @property
    def compact(self) -> str:
        """The figure in the least room: `98%`, `318ms`."""
        return f"{self.number}{self.unit}"


def scale_of(
    indicator: Indicator, value: float | None = None, history: Iterable[Point] = ()
) -> Scale:
    """Return the scale in which an indicator is written, steady while its value changes.

    It follows the thresholds, else the largest value of the history, else the value itself.
    """
    known = [abs(t) for t in (indicator.crit, indicator.warn) if t is not None]
    if any(known) and indicator.unit is Unit.RATIO:
        # The threshold nearest to none or all of it asks for the decimals.
        return _scale(Unit.RATIO, min(known, key=lambda t: min(t, abs(1 - t))))
    if not any(known):
        known = [abs(p.value) for p in history if math.isfinite(p.value)]
    if not any(known) and value is not None and math.isfinite(value):
        known = [abs(value)]
    return _scale(indicator.unit, max(known, default=0.0))


def _scale(unit: Unit, size: float) -> Scale:
    if unit is Unit.SECONDS:
        if size and size < 0.001:
            return Scale("µs", 1e6)
        return Scale("ms", 1e3) if size and size < 1 else Scale("s", 1.0, 1)
    if unit is Unit.BYTES:
        step = min(int(math.log(size, 1000)) if size >= 1 else 0, len(_BYTES) - 1)
        return Scale(_BYTES[step], 1000.0**-step, 1 if step else 0)
    if unit is Unit.RATIO:
        return Scale("%", 100.0, 0 if 0.05 < size < 0.95 else 2)
    if unit is Unit.PERCENT:
        return Scale("%", 1.0, 1 if 0 < size < 10 else 0)
    if unit is Unit.RATE:
        return Scale("/s", 1.0, 2 if 0 < size < 1 else 1 if 0 < size < 10 else 0)
    return Scale("")


def figure(value: float | None, indicator: Indicator, scale: Scale | None = None) -> Figure:
    """Return a value in words: absent is `no data` and NaN `unknown`, neither ever a zero."""
    if value is None:
        return Figure("no data")
    if math.isnan(value):
        return Figure("unknown")
    if math.isinf(value):
        return Figure("+Inf" if value > 0 else "-Inf")
    if indicator.unit is Unit.UP:
        return Figure("up" if value >= 1 else "down")
    scale = scale or scale_of(indicator, value)
    if indicator.unit is Unit.SECONDS and scale.unit == "ms" and abs(value) >= 10:
        scale = Scale("s", 1.0, 1)
    return Figure(_number(value * scale.factor, scale, indicator.unit), scale.unit)


def reading_figure(reading: Reading, scale: Scale | None = None) -> Figure:
    """Return a reading's last good value in words: `≥ 10.0 s` where only that is known of it (S9)."""
    found = figure(reading.value, reading.indicator, scale)
    if not reading.at_least:
        return found
    gap = " " if len(found.number) <= 5 else ""
    return Figure(f"{UTF8.at_least}{gap}{found.number}", found.unit)


def share_words(reading: Reading) -> str:
    """Return the two sides of a share: `9,998 of 10,000`; empty where they are not known (S16)."""
    if reading.numerator is None or reading.denominator is None:
        return ""
    return f"{_counted(reading.numerator)} of {_counted(reading.denominator)}"


def _counted(value: float) -> str:
    return _large(value) if abs(value) >= 1e7 else f"{value:,.0f}"


def _number(scaled: float, scale: Scale, unit: Unit) -> str:
    if unit is Unit.COUNT and abs(scaled) >= 1e7:
        return _large(scaled)
    written = f"{scaled:,.{scale.decimals}f}"
    if unit is Unit.RATIO and scaled < 100 and written == f"{100:.{scale.decimals}f}":
        return f"{100 - 10**-scale.decimals:.{scale.decimals}f}"
    if scaled and not any(digit in written for digit in "123456789"):
        least = f"{10**-scale.decimals:.{scale.decimals}f}"
        return f"<{least}" if scaled > 0 else f">-{least}"
    return written


def _large(value: float) -> str:
    for size, suffix in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return f"{value / size:,.1f}{suffix}"
    return f"{value:,.0f}"


def windows(indicator: Indicator) -> tuple[str, ...]:
    """Return the spans over which an indicator's query looks, as it writes them: `5m`, `24h`."""
    return tuple(dict.fromkeys(re.findall(_WINDOW, indicator.query)))


def threshold(indicator: Indicator, limit: float | None) -> str:
    """Return a threshold in words: `> 300 ms`, `< 99.50 %`; empty where there is none."""
    if limit is None:
        return ""
    return f"{'<' if indicator.below else '>'} {figure(limit, indicator, scale_of(indicator))}"


def trend(value: float | None, compared: float | None, glyphs: Glyphs = UTF8) -> str:
    """Return the change against `compared` in at most six cells: `↑15%`, `n/a` without a base."""
    if value is None or compared is None or compared == 0:
        return "n/a"
    if not (math.isfinite(value) and math.isfinite(compared)):
        return "n/a"
    change = 100 * (value - compared) / abs(compared)
    share = round(abs(change))
    sign = glyphs.same if share == 0 else glyphs.up if change > 0 else glyphs.down
    return f"{sign}{share}%" if share <= 999 else f"{sign}>999%"


def baseline(
    value: float | None, compared: float | None, indicator: Indicator, glyphs: Glyphs = UTF8
) -> str:
    """Return a share against what it was, in at most twelve cells: `↑ from 35%`, `n/a` without."""
    if trend(value, compared, glyphs) == "n/a" or value is None or compared is None:
        return "n/a"
    before = figure(compared, indicator, scale_of(indicator, compared)).compact
    if len(before) > 5:
        before = f"{100 * compared if indicator.unit is Unit.RATIO else compared:.0f}%"
    sign = glyphs.same if value == compared else glyphs.up if value > compared else glyphs.down
    return f"{sign} from {before}"


def is_share(indicator: Indicator) -> bool:
    """Whether it is compared by what it was (`↑ from 35%`): a share's share says nothing."""
    return indicator.compare is not None and indicator.unit in (Unit.RATIO, Unit.PERCENT)


def mountpoint(reading: Reading) -> SafeText:
    """Return which filesystem a figure is of, empty for one that is of none (S14)."""
    return clean(reading.labels.get("mountpoint", ""))


def age(length: timedelta) -> str:
    """Return a length of time in at most two units: `58s`, `1m12s`, `14m`, `3h02m`, `2d04h`.

    From ten minutes on the seconds are left out, so that nothing on the screen moves for them. A
    clock that is behind gives `0s`, never a negative age.
    """
    seconds = max(0, length // _SECOND)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 60:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60:02d}s"
    if hours < 1:
        return f"{minutes}m"
    if days < 1:
        return f"{hours}h{minutes % 60:02d}m"
    if days < 100:
        return f"{days}d{hours % 24:02d}h"
    return f"{days}d"


def age_unit(length: timedelta) -> timedelta:
    """Return the smallest unit that `age` shows of something that is `length` old."""
    seconds = length // _SECOND
    if seconds < 600:
        return _SECOND
    if seconds < 86400:
        return timedelta(minutes=1)
    return timedelta(hours=1) if seconds < 86400 * 100 else timedelta(days=1)


def age_step(length: timedelta) -> timedelta:
    """Return how long `age` keeps saying the same of something that is `length` old."""
    unit = age_unit(length)
    return unit - max(length, timedelta()) % unit


def short_age(length: timedelta) -> str:
    """Return a length of time in one unit: `58s`, `12m`, `3h`, `2d`."""
    seconds = max(0, length // _SECOND)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
