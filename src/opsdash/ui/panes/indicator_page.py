"""All that is known of an indicator: the body of its detail screen."""

from opsdash.domain.alert import SafeLabels
from opsdash.domain.duration import format_duration
from opsdash.domain.freshness import Freshness
from opsdash.domain.indicator import Indicator, Level, Reading, Unit
from opsdash.domain.labels import Labels
from opsdash.snapshot import Snapshot
from opsdash.ui.chart import HOUR, LEVEL_STYLES, chart
from opsdash.ui.format import figure, share_words, threshold, trend, windows
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import cut_line, field_lines, pair_lines, section
from opsdash.ui.panes.failures import batch_facts, earlier_batches
from opsdash.ui.panes.tile import tile_of
from opsdash.ui.panes.timeline import timeline_lines
from opsdash.ui.ports import Detail

BOUND = "the quantile is beyond the largest bucket of its histogram: it may be any more than this"
"""What is said of a figure of which only a lower bound is known."""


def indicator_page(
    reading: Reading,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return all that is known of an indicator: query, thresholds, last error, larger charts."""
    indicator = reading.indicator
    tile = tile_of(reading, snapshot.setup.refresh, moment)
    level = line((f"{glyphs.level(tile.level)} {tile.level.value}", LEVEL_STYLES[tile.level]))
    hour = detail.hour if detail is not None and detail.hour else reading.history
    old = line("  ", (tile.trouble, "unknown")) if tile.fresh is Freshness.STALE else EMPTY
    figure_line = line((indicator.title, "bold"), "  ", (str(tile.figure), f"{tile.style} bold"))
    lines = [
        line(figure_line, old, "  ", level),
        *_failures(reading, detail, width, moment, glyphs),
        EMPTY,
        *(field_lines("at least", BOUND, width) if reading.at_least else ()),
        *(field_lines("counted", counted, width) if (counted := share_words(reading)) else ()),
        *field_lines("query", indicator.query, width),
        *_sides(indicator, width),
        *(field_lines("note", indicator.note, width) if indicator.note else ()),
        *field_lines("window", ", ".join(windows(indicator)) or glyphs.dash, width),
        *field_lines("thresholds", _thresholds(indicator) or "none", width),
        *field_lines("compared", _compared(reading, glyphs), width),
        *field_lines("read", _read(reading, snapshot, moment), width),
        *field_lines("last error", _error(reading, moment), width),
        *pair_lines("labels", _safe(reading.labels), width),
        *section("last hour"),
        *chart(hour, min(width, 120), 10, indicator, moment, glyphs),
    ]
    day = detail.day if detail is not None and detail.day else reading.history
    lines += section("last day")
    return lines + chart(day, min(width, 120), 8, indicator, moment, glyphs, 24 * HOUR)


def _failures(
    reading: Reading, detail: Detail | None, width: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return the failures that a tile counts: the open batch, what was done to it, those before."""
    if not reading.indicator.investigate:
        return []
    batch = reading.batch
    lines = section("failures")
    for name, text in batch_facts(batch, moment):
        lines += field_lines(name, text, width)
    known = detail if detail is not None and detail.id == reading.indicator.id else None
    if batch is not None and known is not None and known.entries:
        entries = known.entries
        lines += timeline_lines(entries, width, len(entries), moment, glyphs)
    before = earlier_batches(known.batches, batch, moment, glyphs) if known else []
    if before:
        lines += [*section("failures before"), *(cut_line(one, width, glyphs) for one in before)]
    return lines


def _sides(indicator: Indicator, width: int) -> list[Line]:
    """Return the queries of the two sides of a share."""
    if not indicator.denominator:
        return []
    sides = (("numerator", indicator.numerator), ("denominator", indicator.denominator))
    return [one for name, query in sides for one in field_lines(name, query, width)]


def _safe(labels: Labels) -> SafeLabels:
    from opsdash.domain.text import clean

    return {name: clean(value) for name, value in labels.items()}


def _thresholds(indicator: Indicator) -> str:
    if indicator.unit is Unit.UP:
        return "critical when down"
    parts = [
        f"{level.value} {threshold(indicator, limit)}"
        for level, limit in ((Level.WARN, indicator.warn), (Level.CRIT, indicator.crit))
        if limit is not None
    ]
    return ", ".join(parts)


def _compared(reading: Reading, glyphs: Glyphs) -> str:
    indicator = reading.indicator
    if indicator.compare is None:
        return glyphs.dash
    then = figure(reading.compared, indicator)
    change = trend(reading.value, reading.compared, glyphs)
    return f"{change} against {then} {format_duration(indicator.compare)} ago"


def _read(reading: Reading, snapshot: Snapshot, moment: Moment) -> str:
    if reading.read_at is None:
        return "never"
    sampled = ""
    if reading.sampled_at is not None:
        sampled = f", newest sample {moment.clock(reading.sampled_at, seconds=True)}"
    every = format_duration(snapshot.setup.refresh)
    return f"{moment.clock(reading.read_at, seconds=True)}, each {every}{sampled}"


def _error(reading: Reading, moment: Moment) -> str:
    if not reading.reason:
        return "none"
    at = f"{moment.date_clock(reading.failed_at)}: " if reading.failed_at else ""
    return f"{at}{reading.reason}"
