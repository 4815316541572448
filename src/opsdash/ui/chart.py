"""Sparklines and charts in block characters, on a scale that stands still while values move."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from opsdash.domain.indicator import Indicator, Level, Unit, judge
from opsdash.domain.sample import Answer, Point
from opsdash.ui.format import figure, scale_of
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, Span, cut, fit, line, width_of
from opsdash.ui.moment import Moment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEVEL_STYLES = {
    Level.OK: "ok",
    Level.WARN: "warn bold",
    Level.CRIT: "crit bold",
    Level.UNKNOWN: "unknown",
}
"""The style in which a level is written, everywhere."""


_Older = tuple[int, bool, tuple[Point, ...], tuple[float | None, ...]]
_OLDER: dict[tuple[str, int, timedelta], _Older] = {}
"""What all points but the newest came to, by indicator, width and span, when it was last drawn."""

_MOST = 256
"""Entries kept of that: each size of a terminal asks for widths of its own."""


def sparkline(
    points: Sequence[Point],
    width: int,
    indicator: Indicator,
    moment: Moment,
    glyphs: Glyphs,
    span: timedelta = HOUR,
) -> str:
    """Return the last `span` in `width` cells, a cell without a point left blank."""
    if width <= 0:
        return ""
    columns = _columns(points, width, indicator, moment, span)
    low, high = _bounds([v for v in columns if v is not None], indicator)
    steps = len(glyphs.spark) - 1
    return "".join(
        " " if value is None else glyphs.spark[round(_share(value, low, high) * steps)]
        for value in columns
    )


def chart(
    points: Sequence[Point],
    width: int,
    height: int,
    indicator: Indicator,
    moment: Moment,
    glyphs: Glyphs,
    span: timedelta = HOUR,
) -> list[Line]:
    """Return a chart of the last `span` in `height` lines, thresholds and times of day included."""
    rows = height - 1
    label = 8
    room = width - label - 2
    if rows < 2 or room < 8:
        return []
    columns = _columns(points, room, indicator, moment, span)
    known = [value for value in columns if value is not None]
    if not known:
        return [line((cut("no points in this window", width, glyphs.ellipsis), "muted"))]
    low, high = _bounds(known, indicator, loose=True)
    limits = _limit_rows(indicator, low, high, rows)
    drawn = [
        line(
            *_axis(row, rows, low, high, limits, indicator, label, glyphs),
            *_bars(columns, row, rows, low, high, limits.get(row), indicator, glyphs),
        )
        for row in range(rows)
    ]
    return [*drawn, _times(room, label, moment, span)]


def _columns(
    points: Sequence[Point], width: int, indicator: Indicator, moment: Moment, span: timedelta
) -> list[float | None]:
    """The worst value of each of `width` stretches of time, which begin at round moments."""
    step = max(span.total_seconds() / width, 1.0)
    last = math.floor(moment.now.timestamp() / step)
    moment.expect(datetime.fromtimestamp((last + 1) * step, UTC))
    # Of an hour's points a refresh moves the newest alone.
    older, newest = tuple(points[:-1]), points[-1:]
    key = (indicator.id, width, span)
    kept = _OLDER.get(key)
    if kept is not None and kept[:3] == (last, indicator.below, older):
        found = list(kept[3])
    else:
        found = [None] * width
        _place(found, older, last, step, indicator.below)
        if len(_OLDER) >= _MOST:
            _OLDER.clear()
        _OLDER[key] = (last, indicator.below, older, tuple(found))
    _place(found, newest, last, step, indicator.below)
    return _bridge(found, points, step)


def _place(
    found: list[float | None], points: Sequence[Point], last: int, step: float, below: bool
) -> None:
    """Put points into their columns, the worst one where several share it."""
    width, worst = len(found), min if below else max
    for point in reversed(points):
        place = width - 1 - (last - math.floor(point.at.timestamp() / step))
        if place < 0:
            break
        if place < width and math.isfinite(point.value):
            held = found[place]
            found[place] = point.value if held is None else worst(held, point.value)


def _bridge(found: list[float | None], points: Sequence[Point], step: float) -> list[float | None]:
    """Fill the gaps that are narrower than the points are apart: they are no gaps in the data."""
    if len(points) < 2:
        return found
    apart = (points[-1].at - points[0].at).total_seconds() / (len(points) - 1)
    allowed = math.ceil(min(apart, 120) / step)
    bridged = list(found)
    since = allowed + 1
    for place, value in enumerate(found):
        since = 0 if value is not None else since + 1
        if value is None and since <= allowed:
            bridged[place] = bridged[place - 1]
    return bridged


def _bounds(
    values: Sequence[float], indicator: Indicator, loose: bool = False
) -> tuple[float, float]:
    """The scale's ends: from zero and past the thresholds, so that noise stays small."""
    limits = [t for t in (indicator.warn, indicator.crit) if t is not None]
    if not values:
        return 0.0, 1.0
    if indicator.below:
        low, high = min(*values, *limits, max(values)), max(*values, *limits)
        if indicator.unit is Unit.RATIO:
            high = max(high, 1.0)
        pad = (high - low) * 0.25 or 1.0
        return low - pad, high
    low, high = min(0.0, *values), max(0.0, *values, *limits)
    if indicator.unit is Unit.PERCENT:
        high = max(high, 100.0)
    if not limits and not loose:
        # With no threshold to rise to, the usual stands in the middle.
        high *= 1.5
    return low, (high * 1.05 if loose else high) or 1.0


def _share(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.0


def _limit_rows(
    indicator: Indicator, low: float, high: float, rows: int
) -> dict[int, tuple[str, float]]:
    """The chart's rows, from the top, through which a threshold runs."""
    found: dict[int, tuple[str, float]] = {}
    for name, limit in (("warn", indicator.warn), ("crit", indicator.crit)):
        if limit is not None and low <= limit <= high:
            found[rows - 1 - min(int(_share(limit, low, high) * rows), rows - 1)] = (name, limit)
    return found


def _axis(
    row: int,
    rows: int,
    low: float,
    high: float,
    limits: dict[int, tuple[str, float]],
    indicator: Indicator,
    label: int,
    glyphs: Glyphs,
) -> tuple[Span, Span]:
    scale = scale_of(indicator, high)
    if row in limits:
        name, limit = limits[row]
        written = figure(limit, indicator, scale).compact
        return (
            (fit(written, label, "right", glyphs.ellipsis), name),
            (f" {glyphs.cross}", "border"),
        )
    written = ""
    if row in (0, rows - 1):
        written = figure(high if row == 0 else low, indicator, scale).compact
    return (
        (fit(written, label, "right", glyphs.ellipsis), "muted"),
        (f" {glyphs.tee}", "border"),
    )


def _bars(
    columns: Sequence[float | None],
    row: int,
    rows: int,
    low: float,
    high: float,
    limit: tuple[str, float] | None,
    indicator: Indicator,
    glyphs: Glyphs,
) -> list[Span]:
    steps = len(glyphs.spark)
    spans: list[Span] = []
    for value in columns:
        filled = 0
        if value is not None:
            eighths = max(1, round(_share(value, low, high) * rows * steps))
            filled = min(max(eighths - (rows - 1 - row) * steps, 0), steps)
        if filled:
            level = judge(indicator, Answer(value, None))
            style = "border" if level is Level.OK else LEVEL_STYLES[level]
            spans.append((glyphs.spark[filled - 1], style))
        elif limit is not None:
            spans.append((glyphs.rule, limit[0]))
        else:
            spans.append((" ", ""))
    return merged(spans)


def merged(spans: Sequence[Span]) -> list[Span]:
    """Return the spans with neighbours of one style joined."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1][1] == span[1]:
            joined[-1] = (joined[-1][0] + span[0], span[1])
        else:
            joined.append(span)
    return joined


def _times(room: int, label: int, moment: Moment, span: timedelta) -> Line:
    start = moment.clock(moment.now - span)
    middle, end = moment.clock(moment.now - span / 2), moment.clock(moment.now)
    drawn = line(" " * (label + 2), start)
    if room >= 20:
        at = label + 2 + room // 2 - 2
        drawn = line(drawn, " " * (at - width_of(drawn)), middle)
    drawn = line(drawn, " " * max(1, label + 2 + room - len(end) - width_of(drawn)), end)
    return tuple((text, "muted") for text, _ in drawn)
