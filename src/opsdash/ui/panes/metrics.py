"""The metric panes: a row a tile, or at narrow sizes a line a pane."""

from collections.abc import Sequence
from datetime import timedelta

from opsdash.domain.freshness import Freshness
from opsdash.domain.indicator import Level, Pane, Reading
from opsdash.ui.chart import chart
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, crop, frame, line, on, spread, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.tile import Tile, tile_brief, tile_line, tile_of


def pane_block(
    pane: Pane,
    number: int,
    width: int,
    height: int,
    refresh: timedelta,
    moment: Moment,
    glyphs: Glyphs,
    cursor: str | None = None,
    focused: bool = False,
) -> list[Line]:
    """Return a metric pane in a frame of exactly `height` lines; `cursor` is a tile's id."""
    tiles = [(reading, tile_of(reading, refresh, moment)) for reading in pane.readings]
    room = height - 2
    inner = width - 4
    shown = window(len(tiles), _index(pane.readings, cursor), room)
    here = cursor if focused else None
    body = [
        _tile_row(reading, tile, pane.readings, inner, moment, glyphs, here)
        for reading, tile in tiles[shown]
    ]
    if not tiles:
        body = [line(("no indicators are configured", "muted"))]
    title = line((f"{number} ", "accent bold"), (pane.title, "bold"))
    aside = pane_freshness([tile for _, tile in tiles], len(tiles[shown]), glyphs)
    return frame(body, width, height, title, aside, glyphs, focused)


def _tile_row(
    reading: Reading,
    tile: Tile,
    siblings: Sequence[Reading],
    width: int,
    moment: Moment,
    glyphs: Glyphs,
    cursor: str | None,
) -> Line:
    chosen = reading.indicator.id == cursor
    drawn = crop(tile_line(reading, tile, siblings, width, moment, glyphs, chosen), width)
    return on(drawn, "on cursor") if chosen else drawn


def pane_zoomed(
    pane: Pane,
    number: int,
    width: int,
    height: int,
    refresh: timedelta,
    moment: Moment,
    glyphs: Glyphs,
    cursor: str | None = None,
) -> list[Line]:
    """Return a metric pane that has the whole room: as many tiles as fit, each with a chart."""
    inner, room = width - 4, height - 2
    each = max(1, min(room // max(1, len(pane.readings)), 12))
    body: list[Line] = []
    shown = window(len(pane.readings), _index(pane.readings, cursor), max(1, room // each))
    for reading in pane.readings[shown]:
        tile = tile_of(reading, refresh, moment)
        body.append(_tile_row(reading, tile, pane.readings, inner, moment, glyphs, cursor))
        if each >= 5:
            drawn = chart(reading.history, inner, each - 2, reading.indicator, moment, glyphs)
            body += [*drawn, *[EMPTY] * (each - 1 - len(drawn))]
    title = line((f"{number} ", "accent bold"), (pane.title, "bold"))
    tiles = [tile_of(reading, refresh, moment) for reading in pane.readings]
    aside = pane_freshness(tiles, len(pane.readings[shown]), glyphs)
    return frame(body, width, height, title, aside, glyphs, True)


def window(count: int, index: int, room: int) -> slice:
    """Return which of `count` rows are shown in `room` lines so that row `index` is among them."""
    top = max(0, min(index - room + 1, count - room)) if index >= room else 0
    return slice(top, top + max(0, room))


def _index(readings: Sequence[Reading], cursor: str | None) -> int:
    return next((i for i, r in enumerate(readings) if r.indicator.id == cursor), 0)


def pane_freshness(tiles: Sequence[Tile], shown: int, glyphs: Glyphs) -> Line:
    """Return what a pane's border says of its age: `live`, or how many tiles are not."""
    stale = sum(tile.fresh is Freshness.STALE for tile in tiles)
    gone = sum(tile.fresh is Freshness.NO_DATA for tile in tiles)
    parts = []
    if shown < len(tiles):
        parts.append((f"{shown} of {len(tiles)}", "muted"))
    if gone:
        parts.append((f"{glyphs.unknown} {gone} no data", "unknown bold"))
    if stale:
        parts.append((f"{glyphs.unknown} {stale} stale", "unknown bold"))
    if not parts and tiles:
        parts.append(("live", "muted"))
    joined: list[tuple[str, str]] = []
    for part in parts:
        joined += [(f" {glyphs.dot} ", "muted"), part] if joined else [part]
    return tuple(joined)


def pane_line(
    pane: Pane,
    number: int,
    width: int,
    refresh: timedelta,
    moment: Moment,
    glyphs: Glyphs,
    cursor: str | None = None,
    focused: bool = False,
) -> Line:
    """Return a metric pane in one line; with little room the tiles that are well yield first."""
    tiles = [(reading, tile_of(reading, refresh, moment)) for reading in pane.readings]
    head = line((str(number), "accent bold reverse" if focused else "accent bold"), " ")
    tail = pane_freshness([tile for _, tile in tiles], len(tiles), glyphs)
    room = width - width_of(head) - width_of(tail) - 2
    body = _fitted(tiles, room, moment, glyphs, cursor if focused else None)
    return spread(line(head, body), line(tail, " "), width)


def _fitted(
    tiles: Sequence[tuple[Reading, Tile]],
    room: int,
    moment: Moment,
    glyphs: Glyphs,
    cursor: str | None,
) -> Line:
    for spark, gap, brevity in ((8, 3, 0), (5, 3, 0), (0, 3, 0), (0, 3, 1), (0, 2, 1)):
        parts = [tile_brief(r, t, spark, moment, glyphs, cursor, brevity) for r, t in tiles]
        if sum(width_of(part) + gap for part in parts) - gap <= room:
            return _joined(parts, " " * gap)
    kept = list(tiles)
    hidden = 0
    while kept:
        more = line((f"  +{hidden}", "muted")) if hidden else EMPTY
        parts = [tile_brief(r, t, 0, moment, glyphs, cursor, 2) for r, t in kept]
        if sum(width_of(part) + 2 for part in parts) - 2 + width_of(more) <= room:
            return line(_joined(parts, "  "), more)
        kept.remove(max(reversed(kept), key=lambda one: _calm(one, cursor)))
        hidden += 1
    return crop(line((f"+{hidden}", "muted")), room)


def _calm(one: tuple[Reading, Tile], cursor: str | None) -> int:
    """How little a tile would be missed."""
    if one[0].indicator.id == cursor:
        return -1
    return {Level.CRIT: 0, Level.UNKNOWN: 1, Level.WARN: 2, Level.OK: 3}[one[1].level]


def _joined(parts: Sequence[Line], gap: str = "   ") -> Line:
    joined: list[tuple[str, str]] = []
    for part in parts:
        joined += [(gap, ""), *part] if joined else part
    return tuple(joined)
