"""Readings of indicators and the series under their charts."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.companion import NOTHING, Beside
from opsdash.domain.failures import FailureBatch
from opsdash.domain.indicator import Indicator, Level, Reading
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.sample import Point
from opsdash.domain.text import clean
from opsdash.store.changes import note_again, note_filled, note_read

MINUTE = timedelta(minutes=1)
"""The coarse step: a day is kept at it."""

FINE = timedelta()
"""The step under which points at every refresh are filed."""

KEPT = {MINUTE: timedelta(days=1), FINE: timedelta(hours=1)}
"""How long the points of each step are kept."""


def load(connection: sqlite3.Connection) -> dict[str, tuple[Any, ...]]:
    """Return the stored columns of each reading by indicator id."""
    rows = connection.execute(
        "SELECT indicator, value, level, read_at, sampled_at, failed_at, reason, compared, labels,"
        " at_least, numerator, denominator FROM reading"
    )
    return {row[0]: row[1:] for row in rows}


def reading(
    indicator: Indicator,
    stored: tuple[Any, ...] | None,
    history: tuple[Point, ...],
    batch: FailureBatch | None = None,
) -> Reading:
    """Return the reading of `indicator` from its stored columns, with the failures it counts."""
    if stored is None:
        return Reading(indicator, reason=clean("not read yet"), history=history, batch=batch)
    value, level, read_at, sampled_at, failed_at, reason, compared, labels, *known = stored
    at_least, numerator, denominator = known
    return Reading(
        indicator,
        value=value,
        level=Level(level),
        read_at=_moment(read_at),
        sampled_at=_moment(sampled_at),
        failed_at=_moment(failed_at),
        reason=None if reason is None else clean(reason),
        compared=compared,
        labels={}
        if labels == "{}"
        else {clean(k): clean(v) for k, v in json.loads(labels).items()},
        history=history,
        batch=batch,
        at_least=bool(at_least),
        numerator=numerator,
        denominator=denominator,
    )


def record(
    connection: sqlite3.Connection,
    indicator: str,
    now: datetime,
    value: float,
    level: Level,
    sampled_at: datetime | None,
    reason: str | None,
    labels: Mapping[str, str],
    known: Beside = NOTHING,
) -> None:
    """Store a good value with what is known beside it, and its point in the fine and the minute series."""
    at = sampled_at or now
    minute = _floor(at, MINUTE)
    drawn = (
        value,
        level.value,
        reason,
        json.dumps(dict(labels)) if labels else "{}",
        int(known.at_least),
        known.numerator,
        known.denominator,
    )
    before = connection.execute(
        "SELECT value, level, reason, labels, at_least, numerator, denominator"
        " FROM reading WHERE indicator = ? AND failed_at IS NULL"
        " AND coalesce(sampled_at, read_at) BETWEEN ? AND ?",
        (indicator, to_ms(minute), to_ms(minute + MINUTE) - 1),
    ).fetchone()
    connection.execute(
        "INSERT INTO reading"
        " (indicator, value, level, reason, labels, at_least, numerator, denominator, read_at,"
        " sampled_at, failed_at, compared)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL) ON CONFLICT (indicator) DO UPDATE SET"
        " value = excluded.value, level = excluded.level, read_at = excluded.read_at,"
        " sampled_at = excluded.sampled_at, failed_at = NULL, reason = excluded.reason,"
        " labels = excluded.labels, at_least = excluded.at_least,"
        " numerator = excluded.numerator, denominator = excluded.denominator",
        (indicator, *drawn, to_ms(now), None if sampled_at is None else to_ms(sampled_at)),
    )
    # A new minute has a point of its own under the charts.
    (note_again if before == drawn else note_read)(connection)
    add_points(connection, indicator, FINE, [Point(at, value)])
    add_points(connection, indicator, MINUTE, [Point(minute, value)])
    later = connection.execute(
        "SELECT 1 FROM point WHERE indicator = ? AND step = ? AND at > ? LIMIT 1",
        (indicator, MINUTE // timedelta(milliseconds=1), to_ms(minute)),
    ).fetchone()
    if later is not None:
        # A clock that was set back: the point is not where readers look for new ones.
        note_filled(connection)


def record_failure(
    connection: sqlite3.Connection, indicator: str, now: datetime, reason: str
) -> None:
    """Store why there is no value now; the last good one stays, with its age."""
    connection.execute(
        "INSERT INTO reading"
        " (indicator, value, level, read_at, sampled_at, failed_at, reason, compared, labels)"
        " VALUES (?, NULL, 'unknown', NULL, NULL, ?, ?, NULL, '{}') ON CONFLICT (indicator)"
        " DO UPDATE SET level = 'unknown', reason = excluded.reason,"
        " failed_at = coalesce(reading.failed_at, excluded.failed_at)",
        (indicator, to_ms(now), reason),
    )
    note_read(connection)


def record_compared(connection: sqlite3.Connection, indicator: str, value: float | None) -> None:
    """Store what an indicator was its `compare` ago; None where that is unknown."""
    connection.execute("UPDATE reading SET compared = ? WHERE indicator = ?", (value, indicator))
    note_read(connection)


def add_points(
    connection: sqlite3.Connection, indicator: str, step: timedelta, points: Iterable[Point]
) -> None:
    """File points of one series; a point at the same moment is replaced."""
    width = step // timedelta(milliseconds=1)
    connection.executemany(
        "INSERT INTO point (indicator, step, at, value) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (indicator, step, at) DO UPDATE SET value = excluded.value",
        [(indicator, width, to_ms(p.at), p.value) for p in points],
    )


def points(
    connection: sqlite3.Connection, indicator: str, step: timedelta, since: datetime
) -> tuple[Point, ...]:
    """Return the points of one series since `since`, oldest first."""
    rows = connection.execute(
        "SELECT at, value FROM point WHERE indicator = ? AND step = ? AND at >= ? ORDER BY at",
        (indicator, step // timedelta(milliseconds=1), to_ms(since)),
    )
    return tuple(Point(from_ms(at), value) for at, value in rows)


def newest_points(connection: sqlite3.Connection, step: timedelta) -> dict[str, datetime]:
    """Return when the newest point of each series was, by indicator."""
    rows = connection.execute(
        "SELECT indicator, max(at) FROM point WHERE step = ? GROUP BY indicator",
        (step // timedelta(milliseconds=1),),
    )
    return {indicator: from_ms(at) for indicator, at in rows}


def fill(
    connection: sqlite3.Connection, indicator: str, step: timedelta, points: Iterable[Point]
) -> None:
    """File points of the past, at the minutes they belong to, where nothing newer is known."""
    width = step // timedelta(milliseconds=1)
    connection.executemany(
        "INSERT INTO point (indicator, step, at, value) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (indicator, step, at) DO NOTHING",
        [(indicator, width, to_ms(_floor(p.at, step) if step else p.at), p.value) for p in points],
    )


def unfilled(connection: sqlite3.Connection) -> dict[timedelta, datetime]:
    """Return from when each series was noted to be missing and is not filled yet, by its step."""
    rows = connection.execute("SELECT step, since FROM unfilled")
    return {timedelta(milliseconds=step): from_ms(since) for step, since in rows}


def note_unfilled(connection: sqlite3.Connection, missing: Mapping[timedelta, datetime]) -> None:
    """Store from when series are missing, for an engine that goes on where this one ends."""
    connection.executemany(
        "INSERT INTO unfilled (step, since) VALUES (?, ?)"
        " ON CONFLICT (step) DO UPDATE SET since = excluded.since",
        [(step // timedelta(milliseconds=1), to_ms(since)) for step, since in missing.items()],
    )


def forget_unfilled(
    connection: sqlite3.Connection, filled: Iterable[tuple[timedelta, datetime]]
) -> None:
    """Drop the notes of what is filled now, unless more went missing since."""
    connection.executemany(
        "DELETE FROM unfilled WHERE step = ? AND since >= ?",
        [(step // timedelta(milliseconds=1), to_ms(since)) for step, since in filled],
    )


def prune(connection: sqlite3.Connection, now: datetime) -> None:
    """Drop the points that no chart shows any more."""
    for step, kept in KEPT.items():
        connection.execute(
            "DELETE FROM point WHERE step = ? AND at < ?",
            (step // timedelta(milliseconds=1), to_ms(now - kept)),
        )


def forget_others(connection: sqlite3.Connection, indicators: Sequence[str]) -> None:
    """Drop what is stored of indicators that are configured no longer."""
    known = set(indicators)
    note_read(connection)
    for (name,) in connection.execute("SELECT indicator FROM reading").fetchall():
        if name not in known:
            connection.execute("DELETE FROM reading WHERE indicator = ?", (name,))
            connection.execute("DELETE FROM point WHERE indicator = ?", (name,))


def _floor(at: datetime, step: timedelta) -> datetime:
    width = step // timedelta(milliseconds=1)
    return from_ms(to_ms(at) // width * width)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)
