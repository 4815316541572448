"""Maintenance windows: who made them, for what, and when they end or were ended."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from opsdash.domain.maintenance import Maintenance
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import SafeText, clean
from opsdash.store.changes import next_change, note_read

_COLUMNS = "id, start_at, end_at, author, reason, service, matching, ended_at"
_SINCE = f"SELECT {_COLUMNS} FROM maintenance WHERE end_at > ? ORDER BY start_at, id"  # noqa: S608
_BY_ID = f"SELECT {_COLUMNS} FROM maintenance WHERE id = ?"  # noqa: S608


def add(
    connection: sqlite3.Connection,
    window: Maintenance,
    now: datetime,
    claimed: Mapping[str, SafeText] | None = None,
) -> Maintenance:
    """Store a new window and return it with its id."""
    cursor = connection.execute(
        "INSERT INTO maintenance (start_at, end_at, service, matching, author, claimed, reason,"
        " made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            to_ms(window.start),
            to_ms(window.end),
            window.service,
            json.dumps(list(window.matching), ensure_ascii=False),
            window.by,
            json.dumps(dict(claimed or {}), ensure_ascii=False),
            window.reason,
            to_ms(now),
        ),
    )
    note_read(connection)
    return replace(window, id=cursor.lastrowid or 0)


def end(connection: sqlite3.Connection, id: int, by: str, now: datetime) -> bool:
    """End a window before its time; False where it is over already or was never there."""
    cursor = connection.execute(
        "UPDATE maintenance SET ended_at = ?, ended_by = ?"
        " WHERE id = ? AND ended_at IS NULL AND end_at > ?",
        (to_ms(now), by, id, to_ms(now)),
    )
    # What it held is looked at now: its climbs are due at the end that was planned.
    connection.execute("UPDATE climb SET due_at = 0 WHERE began_at IS NULL")
    next_change(connection)
    note_read(connection)
    return cursor.rowcount == 1


def reopen(connection: sqlite3.Connection, id: int) -> None:
    """Let a window that was ended before its time go on until it ends by itself."""
    connection.execute(
        "UPDATE maintenance SET ended_at = NULL, ended_by = NULL WHERE id = ?", (id,)
    )
    next_change(connection)
    note_read(connection)


def load(connection: sqlite3.Connection, id: int) -> Maintenance | None:
    """Return one window by its id."""
    row = connection.execute(_BY_ID, (id,)).fetchone()
    return None if row is None else _window(row)


def load_since(connection: sqlite3.Connection, since: datetime) -> tuple[Maintenance, ...]:
    """Return the windows that are planned to end after `since`, those to come included."""
    return tuple(map(_window, connection.execute(_SINCE, (to_ms(since),))))


def _window(row: tuple[Any, ...]) -> Maintenance:
    id, start_at, end_at, author, reason, service, matching, ended_at = row
    return Maintenance(
        id=id,
        start=from_ms(start_at),
        end=from_ms(end_at),
        by=clean(author),
        reason=clean(reason),
        service=clean(service),
        matching=tuple(json.loads(matching)),
        ended_at=None if ended_at is None else from_ms(ended_at),
    )
