"""Timeline entries, and the operations that `undo` looks for in them."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from opsdash.domain.frozen import dataclass
from opsdash.domain.incident import incident_id
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, Entry, EntryKind

_COLUMNS = "id, at, author, kind, text, alert, incident, claimed"
_OF_ALERT = f"SELECT {_COLUMNS} FROM entry WHERE alert = ? ORDER BY at, id"  # noqa: S608
_NEWEST_OF_INCIDENT = f"SELECT {_COLUMNS} FROM entry WHERE incident = ? ORDER BY id DESC LIMIT ?"  # noqa: S608
_OF_INCIDENT = f"SELECT {_COLUMNS} FROM entry WHERE incident = ? ORDER BY at, id"  # noqa: S608
_NEWEST = f"SELECT {_COLUMNS} FROM entry ORDER BY id DESC LIMIT ?"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Step:
    """One change that a person made: to which alert, what it was before, and how it is told."""

    alert: str
    kind: EntryKind
    before: dict[str, object]
    text: SafeText = SafeText("")
    at: datetime | None = None


def add(
    connection: sqlite3.Connection,
    entry: Entry,
    incident: int | None = None,
    operation: str | None = None,
    before: dict[str, object] | None = None,
) -> None:
    """Append an entry. `operation` groups what one key press did; `before` is what undo restores."""
    connection.execute(
        "INSERT INTO entry (at, author, kind, text, alert, incident, claimed, operation, before)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            to_ms(entry.at),
            entry.by,
            entry.kind.value,
            entry.text,
            entry.alert,
            incident,
            json.dumps(dict(entry.claimed), ensure_ascii=False) if entry.claimed else "{}",
            operation,
            None if before is None else json.dumps(before),
        ),
    )


def tell(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    about: str,
    kind: EntryKind,
    text: str,
    before: dict[str, object] | None = None,
    *,
    incident: int | None = None,
    operation: str | None = None,
) -> None:
    """Append what a person did to `about`: an alert, a silence, an override, a batch, an incident.

    What undo can restore has `before`, and an operation of its own where none is given.
    """
    entry = Entry(now, actor.user, kind, clean(text), about, claimed=actor.claimed)
    if before is not None:
        operation = operation or new_operation()
    add(connection, entry, incident, operation, before)


def new_operation() -> str:
    """Return a name for one act of a person's, which no other act has."""
    from secrets import token_hex

    return token_hex(8)


def load_of_alert(connection: sqlite3.Connection, id: str) -> tuple[Entry, ...]:
    """Return the entries of one occurrence, oldest first."""
    return tuple(map(_entry, connection.execute(_OF_ALERT, (id,))))


def load_of_incident(connection: sqlite3.Connection, number: int) -> tuple[Entry, ...]:
    """Return the entries of one incident, oldest first."""
    return tuple(map(_entry, connection.execute(_OF_INCIDENT, (number,))))


def load_newest_of_incident(
    connection: sqlite3.Connection, number: int, limit: int
) -> tuple[Entry, ...]:
    """Return the entries written last of one incident, oldest first: a storm's has thousands."""
    found = list(map(_entry, connection.execute(_NEWEST_OF_INCIDENT, (number, limit))))
    return tuple(sorted(found, key=lambda entry: (entry.at, entry.id)))


def last_id(connection: sqlite3.Connection) -> int:
    """Return the id of the entry that was written last, 0 before the first."""
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()
    return int(newest)


def load_newest(connection: sqlite3.Connection, limit: int) -> tuple[Entry, ...]:
    """Return the newest `limit` entries, oldest first."""
    return tuple(reversed(list(map(_entry, connection.execute(_NEWEST, (limit,))))))


def has_operation(connection: sqlite3.Connection, operation: str) -> bool:
    """Return whether an operation of this name has left an entry."""
    row = connection.execute(
        "SELECT 1 FROM entry WHERE operation = ? LIMIT 1", (operation,)
    ).fetchone()
    return row is not None


def newest_operation(
    connection: sqlite3.Connection,
    by: str,
    since: datetime,
    same_person: Callable[[Mapping[str, SafeText]], bool],
) -> str | None:
    """Return the newest operation by `by` since `since` that is not undone, or None.

    `same_person` is asked with what the environment claimed of its author: several people may
    share one user.
    """
    rows = connection.execute(
        "SELECT operation, claimed FROM entry WHERE author = ? AND at >= ? AND before IS NOT NULL"
        " AND operation IS NOT NULL AND operation NOT IN (SELECT operation FROM entry"
        " WHERE undone = 1 AND operation IS NOT NULL AND at >= ?) ORDER BY at DESC, id DESC",
        (by, to_ms(since), to_ms(since)),
    )
    return next((name for name, claimed in rows if same_person(_claims(claimed))), None)


def steps(connection: sqlite3.Connection, operation: str) -> list[Step]:
    """Return the changes that one operation made."""
    rows = connection.execute(
        "SELECT alert, kind, before, text, at FROM entry WHERE operation = ? AND before IS NOT NULL"
        " ORDER BY id",
        (operation,),
    )
    return [
        Step(alert, EntryKind(kind), json.loads(before), clean(text), from_ms(at))
        for alert, kind, before, text, at in rows
    ]


def newest_step(connection: sqlite3.Connection, alert: str) -> str | None:
    """Return the operation that last changed an alert and is not undone, or None."""
    row = connection.execute(
        "SELECT operation FROM entry WHERE alert = ? AND before IS NOT NULL AND undone = 0"
        " ORDER BY id DESC LIMIT 1",
        (alert,),
    ).fetchone()
    return None if row is None else row[0]


def newest_mover(connection: sqlite3.Connection, alert: str) -> SafeText | None:
    """Return who last moved an alert up or down its escalation levels, or None."""
    row = connection.execute(
        "SELECT author FROM entry WHERE alert = ? AND kind IN ('escalate', 'deescalate')"
        " ORDER BY id DESC LIMIT 1",
        (alert,),
    ).fetchone()
    return None if row is None else clean(row[0])


def mark_undone(connection: sqlite3.Connection, operation: str, alert: str) -> None:
    """Keep what an operation did to one alert from being undone twice."""
    connection.execute(
        "UPDATE entry SET undone = 1 WHERE operation = ? AND alert = ?", (operation, alert)
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    id, at, author, kind, text, alert, incident, claimed = row
    return Entry(
        at=from_ms(at),
        by=clean(author),
        kind=EntryKind(kind),
        text=clean(text),
        alert=alert,
        incident=None if incident is None else incident_id(incident),
        claimed=_claims(claimed),
        id=id,
    )


def _claims(text: str) -> dict[str, SafeText]:
    return (
        {} if text == "{}" else {str(key): clean(value) for key, value in json.loads(text).items()}
    )
