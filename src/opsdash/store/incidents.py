"""Incidents and which occurrences belong to them."""

import sqlite3
from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

from opsdash.domain.alert import Severity
from opsdash.domain.incident import (
    Incident,
    IncidentState,
    Reported,
    ResponseStatus,
    incident_id,
)
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import clean

_COLUMNS = (
    "number, title, severity, state, response, opened_at, impact_at, opened_by, resolved_at,"
    " reported_at, reported_by, report_url, report_note"
)
_SHOWN = (
    f"SELECT {_COLUMNS} FROM incident WHERE resolved_at IS NULL OR resolved_at >= ?"  # noqa: S608
    " ORDER BY number"
)
_SHOWN_MARKED = _SHOWN.replace("SELECT", "SELECT changed,", 1)
_BY_NUMBER = f"SELECT {_COLUMNS} FROM incident WHERE number = ?"  # noqa: S608
_NEWEST = f"SELECT {_COLUMNS} FROM incident ORDER BY number DESC LIMIT ?"  # noqa: S608
_OWES = (
    "resolved_at IS NOT NULL AND response <> 'closed'"
    " AND (reported_at IS NULL OR reported_at < resolved_at)"
)
_OWING = f"SELECT {_COLUMNS} FROM incident WHERE {_OWES} ORDER BY resolved_at DESC, number DESC"  # noqa: S608


def insert(
    connection: sqlite3.Connection, number: int, incident: Incident, service: str, change: int
) -> None:
    """Store a new incident; `service` is what later alerts must share to join it."""
    connection.execute(
        "INSERT INTO incident (number, changed, title, severity, state, response, opened_at,"
        " impact_at, opened_by, service, resolved_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            change,
            incident.title,
            incident.severity.value,
            incident.state.value,
            incident.response.value,
            to_ms(incident.opened_at),
            to_ms(incident.impact_at),
            incident.opened_by,
            service,
            None if incident.resolved_at is None else to_ms(incident.resolved_at),
        ),
    )


def set_state(
    connection: sqlite3.Connection,
    number: int,
    state: IncidentState,
    response: ResponseStatus,
    resolved_at: datetime | None,
    change: int,
) -> None:
    """Store how far an incident is."""
    connection.execute(
        "UPDATE incident SET changed = ?, state = ?, response = ?, resolved_at = ?"
        " WHERE number = ?",
        (
            change,
            state.value,
            response.value,
            None if resolved_at is None else to_ms(resolved_at),
            number,
        ),
    )


def set_reported(
    connection: sqlite3.Connection, number: int, reported: Reported | None, change: int
) -> None:
    """Store that an incident's report is written, or None for that nobody says so any more."""
    said = (
        (None, None, None, None)
        if reported is None
        else (to_ms(reported.at), reported.by, reported.url, reported.note)
    )
    connection.execute(
        "UPDATE incident SET changed = ?, reported_at = ?, reported_by = ?, report_url = ?,"
        " report_note = ? WHERE number = ?",
        (change, *said, number),
    )


def load_newest(connection: sqlite3.Connection, limit: int) -> tuple[Incident, ...]:
    """Return the `limit` incidents that were opened last, newest first."""
    rows = connection.execute(_NEWEST, (limit,)).fetchall()
    return tuple(_incident(row, _members(connection, row[0])) for row in rows)


def load_owing(connection: sqlite3.Connection) -> tuple[Incident, ...]:
    """Return every incident that owes a report, the one that resolved last first."""
    rows = connection.execute(_OWING).fetchall()
    return tuple(_incident(row, _members(connection, row[0])) for row in rows)


def open_numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the open incidents' numbers by service; the newest of a service counts."""
    rows = connection.execute(
        "SELECT service, number FROM incident WHERE resolved_at IS NULL ORDER BY number"
    )
    return dict(rows.fetchall())


def has_open_alerts(connection: sqlite3.Connection, number: int) -> bool:
    """Whether an occurrence that belongs to the incident has not resolved."""
    row = connection.execute(
        "SELECT 1 FROM alert WHERE incident = ? AND resolved_at IS NULL LIMIT 1", (number,)
    ).fetchone()
    return row is not None


def is_acknowledged(connection: sqlite3.Connection, number: int) -> bool:
    """Whether somebody has taken an occurrence of the incident that has not resolved."""
    row = connection.execute(
        "SELECT 1 FROM alert WHERE incident = ? AND resolved_at IS NULL"
        " AND acknowledged_at IS NOT NULL LIMIT 1",
        (number,),
    ).fetchone()
    return row is not None


def load_shown(connection: sqlite3.Connection, resolved_since: datetime) -> tuple[Incident, ...]:
    """Return the open incidents and those resolved since `resolved_since`, oldest first."""
    rows = connection.execute(_SHOWN, (to_ms(resolved_since),)).fetchall()
    return tuple(_incident(row, _members(connection, row[0])) for row in rows)


def load_moved(
    connection: sqlite3.Connection,
    resolved_since: datetime,
    before: Mapping[str, Incident],
    after: int,
    moved: Container[str],
) -> tuple[Incident, ...]:
    """Return what `load_shown` does, out of `before` what change number `after` found the same.

    `moved` are the ids of incidents whose occurrences changed since.
    """
    rows = connection.execute(_SHOWN_MARKED, (to_ms(resolved_since),)).fetchall()
    found = []
    for changed, *row in rows:
        known = before.get(incident_id(row[0]))
        if known is None or changed > after or known.id in moved:
            known = _incident(tuple(row), _members(connection, row[0]))
        found.append(known)
    return tuple(found)


def load(connection: sqlite3.Connection, number: int) -> Incident | None:
    """Return one incident by its number."""
    row = connection.execute(_BY_NUMBER, (number,)).fetchone()
    return None if row is None else _incident(row, _members(connection, number))


def load_state(
    connection: sqlite3.Connection, number: int
) -> tuple[IncidentState, ResponseStatus, datetime] | None:
    """Return how far an incident is and when it opened, without its occurrences."""
    row = connection.execute(
        "SELECT state, response, opened_at FROM incident WHERE number = ?", (number,)
    ).fetchone()
    return None if row is None else (IncidentState(row[0]), ResponseStatus(row[1]), from_ms(row[2]))


def _members(connection: sqlite3.Connection, number: int) -> tuple[str, ...]:
    rows = connection.execute(
        "SELECT id FROM alert WHERE incident = ? ORDER BY active_at, id", (number,)
    )
    return tuple(id for (id,) in rows)


def _incident(row: tuple[Any, ...], members: tuple[str, ...]) -> Incident:
    number, title, severity, state, response, opened_at, impact_at, opened_by, resolved_at = row[:9]
    reported_at, reported_by, url, note = row[9:]
    reported = None
    if reported_at is not None:
        reported = Reported(clean(reported_by), from_ms(reported_at), clean(url), clean(note))
    return Incident(
        id=incident_id(number),
        title=clean(title),
        severity=Severity(severity),
        state=IncidentState(state),
        response=ResponseStatus(response),
        opened_at=from_ms(opened_at),
        impact_at=from_ms(impact_at),
        opened_by=clean(opened_by),
        resolved_at=None if resolved_at is None else from_ms(resolved_at),
        alerts=members,
        reported=reported,
    )
