"""Overrides of schedules: who was put on call or taken off, by whom and why. Nothing is deleted."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.store import feeds
from opsdash.store.changes import note_read

KEPT = timedelta(days=35)
"""How long past overrides still count, for who was on call: longer than any digest looks back."""

_COLUMNS = "id, schedule, kind, start_at, end_at, person, replaces, author, reason, made_at"
_CURRENT = (
    f"SELECT {_COLUMNS} FROM on_call_override"  # noqa: S608
    " WHERE removed_at IS NULL AND end_at >= ? ORDER BY id"
)
_ALL = f"SELECT {_COLUMNS} FROM on_call_override WHERE removed_at IS NULL ORDER BY id"  # noqa: S608
_EVER = f"SELECT {_COLUMNS} FROM on_call_override WHERE id = ?"  # noqa: S608
_BY_ID = f"SELECT {_COLUMNS} FROM on_call_override WHERE id = ? AND removed_at IS NULL"  # noqa: S608


def add(
    connection: sqlite3.Connection,
    override: Override,
    now: datetime,
    claimed: Mapping[str, SafeText] | None = None,
) -> Override:
    """Store a new override and return it with its id."""
    cursor = connection.execute(
        "INSERT INTO on_call_override (schedule, kind, start_at, end_at, person, replaces, author,"
        " claimed, reason, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            override.schedule,
            override.kind.value,
            to_ms(override.start),
            to_ms(override.end),
            override.person,
            override.replaces,
            override.by,
            json.dumps(dict(claimed or {}), ensure_ascii=False),
            override.reason,
            to_ms(now),
        ),
    )
    _note(connection)
    return replace(override, id=cursor.lastrowid or 0, made_at=now)


def remove(connection: sqlite3.Connection, id: int, by: str, now: datetime) -> bool:
    """Take an override back; False where there is none of this id any more."""
    cursor = connection.execute(
        "UPDATE on_call_override SET removed_at = ?, removed_by = ?"
        " WHERE id = ? AND removed_at IS NULL",
        (to_ms(now), by, id),
    )
    _note(connection)
    return cursor.rowcount == 1


def restore(connection: sqlite3.Connection, id: int) -> Override | None:
    """Let an override count again that was taken back; return it, None where it was not."""
    connection.execute(
        "UPDATE on_call_override SET removed_at = NULL, removed_by = NULL"
        " WHERE id = ? AND removed_at IS NOT NULL",
        (id,),
    )
    _note(connection)
    return load(connection, id)


def load(connection: sqlite3.Connection, id: int) -> Override | None:
    """Return one override that was not taken back."""
    row = connection.execute(_BY_ID, (id,)).fetchone()
    return None if row is None else _override(row)


def load_ever(connection: sqlite3.Connection, id: int) -> Override:
    """Return an override that was made, whether or not it was taken back; raise LookupError for none."""
    row = connection.execute(_EVER, (id,)).fetchone()
    if row is None:
        raise LookupError(f"there was no override {id}")
    return _override(row)


def load_current(
    connection: sqlite3.Connection, since: datetime | None = None
) -> tuple[Override, ...]:
    """Return the overrides that were not taken back and end after `since`, in the order they were made."""
    if since is None:
        return tuple(map(_override, connection.execute(_ALL)))
    return tuple(map(_override, connection.execute(_CURRENT, (to_ms(since),))))


def overridden(
    connection: sqlite3.Connection, setup: Setup, since: datetime | None = None
) -> Setup:
    """Return `setup` with each schedule's overrides in it, those that end after `since`.

    Shifts that are kept elsewhere are put into those layers that have none of them yet.
    """
    return with_overrides(feeds.filled(connection, setup), load_current(connection, since))


def with_overrides(setup: Setup, overrides: tuple[Override, ...]) -> Setup:
    """Return `setup` with `overrides` in its schedules; itself where there are none."""
    if not overrides:
        return setup
    schedules = tuple(
        replace(schedule, overrides=tuple(o for o in overrides if o.schedule == schedule.id))
        for schedule in setup.schedules
    )
    return replace(setup, schedules=schedules)


def _note(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'on_call'")
    # Who is on call is part of what everybody's picture is drawn from.
    note_read(connection)


def _override(row: tuple[Any, ...]) -> Override:
    id, schedule, kind, start_at, end_at, person, replaces, author, reason, made_at = row
    return Override(
        schedule=schedule,
        kind=OverrideKind(kind),
        start=from_ms(start_at),
        end=from_ms(end_at),
        person=person,
        replaces=replaces,
        by=clean(author),
        reason=clean(reason),
        made_at=from_ms(made_at),
        id=id,
    )
