"""Failure batches, and how far the counts under them have been followed."""

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from opsdash.domain.failures import BatchState, FailureBatch, Tally
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import clean
from opsdash.store.changes import note_read

_ALL = (
    "SELECT number, indicator, state, count, opened_at, grown_at, person, moved_at, note, ended_at"
    " FROM failure_batch"
)
_OPEN = _ALL + " WHERE ended_at IS NULL ORDER BY number"
_OPEN_OF = _ALL + " WHERE indicator = ? AND ended_at IS NULL"
_NEWEST_OF = _ALL + " WHERE indicator = ? ORDER BY number DESC LIMIT ?"
_NEWEST = _ALL + " ORDER BY number DESC LIMIT ?"


def load_open(connection: sqlite3.Connection) -> dict[str, FailureBatch]:
    """Return the batch of each indicator that has not ended, by the indicator's id."""
    found = map(_batch, connection.execute(_OPEN))
    return {batch.indicator: batch for batch in found}


def load_open_of(connection: sqlite3.Connection, indicator: str) -> FailureBatch | None:
    """Return the batch of an indicator that has not ended, None where it has none."""
    row = connection.execute(_OPEN_OF, (indicator,)).fetchone()
    return None if row is None else _batch(row)


def load(connection: sqlite3.Connection, number: int) -> FailureBatch | None:
    """Return one batch by its number."""
    row = connection.execute(_ALL + " WHERE number = ?", (number,)).fetchone()
    return None if row is None else _batch(row)


def load_newest(
    connection: sqlite3.Connection, limit: int, indicator: str | None = None
) -> tuple[FailureBatch, ...]:
    """Return the newest batches, of one indicator or of all, the newest first."""
    if indicator is None:
        return tuple(map(_batch, connection.execute(_NEWEST, (limit,))))
    return tuple(map(_batch, connection.execute(_NEWEST_OF, (indicator, limit))))


def open_batch(
    connection: sqlite3.Connection, indicator: str, count: int, now: datetime
) -> FailureBatch:
    """Store a new batch of an indicator that has no open one, and return it."""
    cursor = connection.execute(
        "INSERT INTO failure_batch (indicator, state, count, opened_at, grown_at, person, note)"
        " VALUES (?, 'new', ?, ?, ?, '', '')",
        (indicator, count, to_ms(now), to_ms(now)),
    )
    note_read(connection)
    return FailureBatch(cursor.lastrowid or 0, indicator, BatchState.NEW, count, now, now)


def save(connection: sqlite3.Connection, batch: FailureBatch) -> None:
    """Store what has changed of a batch."""
    connection.execute(
        "UPDATE failure_batch SET state = ?, count = ?, grown_at = ?, person = ?, moved_at = ?,"
        " note = ?, ended_at = ? WHERE number = ?",
        (
            batch.state.value,
            batch.count,
            to_ms(batch.grown_at),
            batch.by,
            _ms(batch.at),
            batch.note,
            _ms(batch.ended_at),
            batch.number,
        ),
    )
    note_read(connection)


def load_tally(connection: sqlite3.Connection, indicator: str) -> Tally | None:
    """Return how far the count of an indicator has been followed, None where it never was."""
    row = connection.execute(
        "SELECT height, below_since, below FROM failure_tally WHERE indicator = ?", (indicator,)
    ).fetchone()
    return None if row is None else Tally(row[0], _moment(row[1]), row[2])


def save_tally(connection: sqlite3.Connection, indicator: str, tally: Tally) -> None:
    """Store how far a count has been followed."""
    connection.execute(
        "INSERT INTO failure_tally (indicator, height, below_since, below) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (indicator) DO UPDATE SET height = excluded.height,"
        " below_since = excluded.below_since, below = excluded.below",
        (indicator, tally.height, _ms(tally.below_since), tally.below),
    )


def _batch(row: Iterable[Any]) -> FailureBatch:
    number, indicator, state, count, opened_at, grown_at, person, moved_at, note, ended_at = row
    return FailureBatch(
        number,
        indicator,
        BatchState(state),
        count,
        from_ms(opened_at),
        from_ms(grown_at),
        clean(person),
        _moment(moved_at),
        clean(note),
        _moment(ended_at),
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)
