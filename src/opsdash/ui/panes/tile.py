"""One tile in a line: its figure, its level, its bars, and in words what is wrong with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from opsdash.domain.duration import format_duration
from opsdash.domain.freshness import Freshness
from opsdash.domain.indicator import Level, Reading
from opsdash.ui.chart import LEVEL_STYLES, sparkline
from opsdash.ui.format import (
    Figure,
    baseline,
    is_share,
    mountpoint,
    reading_figure,
    scale_of,
    share_words,
    trend,
)
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, cut, fit, line, on, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.failures import batch_of, batch_word, batch_words

_NUMBER, _UNIT, _WORD, _TREND, _FROM = 7, 2, 4, 6, 12

_BARS_BESIDE = 3
"""Cells below which no bars are left beside the two sides of a share."""


class Tile(NamedTuple):
    """What a reading says at one moment: its figure, its level, and in words what is wrong."""

    figure: Figure
    level: Level
    fresh: Freshness
    trouble: str = ""

    @property
    def style(self) -> str:
        """The style of the figure: dimmed when old, loud when bad."""
        if self.fresh is not Freshness.LIVE:
            return "muted" if self.fresh is Freshness.STALE else "unknown"
        return "text" if self.level is Level.OK else LEVEL_STYLES[self.level]


def tile_of(reading: Reading, refresh: timedelta, moment: Moment) -> Tile:
    """Return what a reading says: past two refreshes dimmed and unknown, past ten `no data`."""
    fresh = moment.freshness(reading, refresh)
    if reading.value is None or fresh is Freshness.NO_DATA:
        return Tile(Figure("no data"), Level.UNKNOWN, Freshness.NO_DATA, _reason(reading))
    scale = scale_of(reading.indicator, reading.value, reading.history)
    written = reading_figure(reading, scale)
    if fresh is Freshness.STALE:
        old = f"{moment.rough_age(oldest(reading))} old"
        return Tile(written, Level.UNKNOWN, fresh, old)
    return Tile(written, reading.level, fresh)


def oldest(reading: Reading) -> datetime:
    """Return the moment from which a stale reading's age counts: its sample's, else its read."""
    stamps = [at for at in (reading.read_at, reading.sampled_at) if at is not None]
    return min(stamps)


def _reason(reading: Reading) -> str:
    if reading.reason:
        return reading.reason
    return "not read yet" if reading.read_at is None else "not read for too long"


def tile_line(
    reading: Reading,
    tile: Tile,
    siblings: Sequence[Reading],
    width: int,
    moment: Moment,
    glyphs: Glyphs,
    chosen: bool = False,
) -> Line:
    """Return one tile in a line: sign, title, figure, sparkline, level in words, trend."""
    title_room, spark_room, trend_room = _columns(siblings, width)
    sign = glyphs.level(tile.level)
    level_style = LEVEL_STYLES[tile.level]
    title = fit(reading.indicator.title, title_room, ellipsis=glyphs.ellipsis)
    number, spark_room = _number(reading, tile, spark_room, glyphs)
    head = line(
        (f"{sign} ", level_style),
        title,
        " ",
        number,
    )
    if tile.trouble:
        rest = width - width_of(head) - 1
        return line(head, " ", (fit(tile.trouble, rest, ellipsis=glyphs.ellipsis), "unknown"))
    spark = ""
    if spark_room:
        spark = " " + sparkline(reading.history, spark_room, reading.indicator, moment, glyphs)
    word = fit(tile.level.value, _WORD)
    after = _after(reading, trend_room, glyphs)
    # What is well stays in the background; only what needs a person has a colour.
    calm = "muted" if chosen else "border"
    return line(
        head,
        (spark, calm if tile.level is Level.OK else level_style),
        " ",
        (word, level_style),
        after,
    )


def _number(reading: Reading, tile: Tile, spark_room: int, glyphs: Glyphs) -> tuple[Line, int]:
    """Return a tile's figure with its unit or the state of its failures, and what is left for bars.

    The state takes the unit's place, a count has none, and as much of the bars' as it needs.
    """
    style = f"{tile.style} bold"
    number = (cut(tile.figure.number, _NUMBER, glyphs.ellipsis), style)
    slack = " " * (_NUMBER - width_of((number,)))
    batch = batch_of(reading, tile.fresh)
    if batch is None:
        shown = line(slack, number, " ", (fit(tile.figure.unit, _UNIT), "muted"))
        sides = share_words(reading) if tile.fresh is Freshness.LIVE else ""
        left = spark_room - len(sides)
        if not sides or left < 0:
            return shown, spark_room
        bars = left - 1 if left > _BARS_BESIDE else 0
        return line(shown, (f" {sides}", "muted"), " " * (0 if bars else left)), bars
    room = _UNIT + (1 + spark_room if spark_room else 0)
    words = batch_words(batch, room, glyphs)
    if not words:
        # Where nothing else is left, the figure gives up its column.
        words = batch_words(batch, room + len(slack), glyphs)
        blank = " " * (room + len(slack) - width_of(words))
        return line(blank, number, " ", words), 0
    left = room - width_of(words)
    bars = left - 1 if left > 4 else 0
    return line(slack, number, " ", words, " " * (0 if bars else left)), bars


def _columns(siblings: Sequence[Reading], width: int) -> tuple[int, int, int]:
    """Cells for title, sparkline and trend, the same for all tiles of a pane."""
    fixed = 2 + 1 + _NUMBER + 1 + _UNIT + 1 + _WORD
    wanted = max((len(r.indicator.title) for r in siblings), default=8)
    compares = any(r.indicator.compare is not None for r in siblings)
    room = width - fixed
    trend_room = 1 + _TREND if compares and room >= 30 else 0
    if (
        trend_room
        and any(is_share(r.indicator) for r in siblings)
        and room - _FROM - 1 - wanted >= 6
    ):
        trend_room = 1 + _FROM
    room -= trend_room
    title = min(max(wanted, 8), 24, room if room < 18 else room - 5)
    spark = min(room - title - 1, 30)
    if spark < 4:
        return max(room, 1), 0, trend_room
    return title, spark, trend_room + room - title - 1 - spark


def _after(reading: Reading, room: int, glyphs: Glyphs) -> Line:
    if room <= _TREND:
        return EMPTY
    indicator = reading.indicator
    if indicator.compare is not None:
        if is_share(indicator) and room > _FROM:
            words = baseline(reading.value, reading.compared, indicator, glyphs)
            ago = f" {format_duration(indicator.compare)}" if room >= _FROM + 4 else ""
            return line(" ", (fit(words, _FROM), "text"), (ago, "muted"))
        change = trend(reading.value, reading.compared, glyphs)
        ago = f" {format_duration(indicator.compare)}" if room >= 10 else ""
        return line(" ", (fit(change, _TREND), "text"), (ago, "muted"))
    return line(" ", (_last_part(mountpoint(reading), room - 1, glyphs), "muted"))


def _last_part(path: str, room: int, glyphs: Glyphs) -> str:
    """Return a path, or what of its end fits: the last name tells most."""
    if width_of(((path, ""),)) <= room:
        return path
    return fit(f"{glyphs.ellipsis}/{path.rpartition('/')[2]}", room, ellipsis=glyphs.ellipsis)


def tile_brief(
    reading: Reading,
    tile: Tile,
    spark: int,
    moment: Moment,
    glyphs: Glyphs,
    cursor: str | None,
    brevity: int = 0,
) -> Line:
    """Return a tile in its shortest form; `brevity` shortens how far its failures are, 0 to 2."""
    name = reading.indicator.id.replace("_", " ")
    sign, style = glyphs.level(tile.level), LEVEL_STYLES[tile.level]
    word = f" {tile.level.value}" if tile.level in (Level.WARN, Level.CRIT) else ""
    if tile.fresh is not Freshness.LIVE:
        word = "" if tile.fresh is Freshness.NO_DATA else f" {tile.trouble}"
    number = tile.figure.compact if tile.figure.unit == "%" else str(tile.figure)
    figure_ = line((name, "muted"), " ", (number, f"{tile.style} bold"))
    batch = batch_of(reading, tile.fresh)
    if batch is not None:
        told = batch_word(batch, glyphs, brevity > 1) if brevity else batch_words(batch, 40, glyphs)
        figure_ = line(figure_, " ", told)
    drawn = line(figure_, (f" {sign}{word}", style))
    if spark and tile.fresh is Freshness.LIVE:
        bars = sparkline(reading.history, spark, reading.indicator, moment, glyphs)
        drawn = line(drawn, (f" {bars}", "muted" if tile.level is Level.OK else style))
    return on(drawn, "on cursor") if cursor == reading.indicator.id else drawn
