"""Who went off call and who came on, schedule by schedule, as the engine saw it."""

import json
import sqlite3
from datetime import datetime

from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.shift_change import ShiftChange
from opsdash.store.changes import note_read


def newest(connection: sqlite3.Connection, schedule: str) -> tuple[str, ...] | None:
    """Return who was on call on a schedule when it was last looked at, None where it never was."""
    row = connection.execute(
        "SELECT after FROM shift_change WHERE schedule = ? ORDER BY id DESC LIMIT 1", (schedule,)
    ).fetchone()
    return None if row is None else tuple(json.loads(row[0]))


def add(connection: sqlite3.Connection, change: ShiftChange) -> int:
    """Store a change, or the first look at a schedule; return its number."""
    cursor = connection.execute(
        "INSERT INTO shift_change (schedule, changed_at, before, after) VALUES (?, ?, ?, ?)",
        (
            change.schedule,
            to_ms(change.at),
            json.dumps(change.before, ensure_ascii=False),
            json.dumps(change.after, ensure_ascii=False),
        ),
    )
    note_read(connection)
    return cursor.lastrowid or 0


def load_since(connection: sqlite3.Connection, since: datetime) -> tuple[ShiftChange, ...]:
    """Return the changes since then, oldest first; a first look at a schedule is none."""
    rows = connection.execute(
        "SELECT schedule, changed_at, before, after FROM shift_change"
        " WHERE changed_at >= ? AND before <> after ORDER BY id",
        (to_ms(since),),
    )
    return tuple(
        ShiftChange(schedule, from_ms(at), tuple(json.loads(before)), tuple(json.loads(after)))
        for schedule, at, before, after in rows
    )


def prune(connection: sqlite3.Connection, before: datetime) -> None:
    """Drop what is older, but for the newest of each schedule."""
    connection.execute(
        "DELETE FROM shift_change WHERE changed_at < ? AND id NOT IN"
        " (SELECT max(id) FROM shift_change GROUP BY schedule)",
        (to_ms(before),),
    )
