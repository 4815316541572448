"""Incidents and which occurrences belong to them."""

import sqlite3
from datetime import datetime
from typing import Any

from opsdash.domain.alert import Severity
from opsdash.domain.incident import Incident, IncidentState, ResponseStatus, incident_id
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import clean

_COLUMNS = "number, title, severity, state, response, opened_at, impact_at, opened_by, resolved_at"
_SHOWN = (
    f"SELECT {_COLUMNS} FROM incident WHERE resolved_at IS NULL OR resolved_at >= ?"  # noqa: S608
    " ORDER BY number"
)
_BY_NUMBER = f"SELECT {_COLUMNS} FROM incident WHERE number = ?"  # noqa: S608


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


def open_numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """Return the open incidents' numbers by service; the newest of a service counts."""
    rows = connection.execute(
        "SELECT service, number FROM incident WHERE resolved_at IS NULL ORDER BY number"
    )
    return dict(rows.fetchall())


def load_shown(connection: sqlite3.Connection, resolved_since: datetime) -> tuple[Incident, ...]:
    """Return the open incidents and those resolved since `resolved_since`, oldest first."""
    rows = connection.execute(_SHOWN, (to_ms(resolved_since),)).fetchall()
    return tuple(_incident(connection, row) for row in rows)


def load(connection: sqlite3.Connection, number: int) -> Incident | None:
    """Return one incident by its number."""
    row = connection.execute(_BY_NUMBER, (number,)).fetchone()
    return None if row is None else _incident(connection, row)


def _incident(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Incident:
    number, title, severity, state, response, opened_at, impact_at, opened_by, resolved_at = row
    members = connection.execute(
        "SELECT id FROM alert WHERE incident = ? ORDER BY active_at, id", (number,)
    )
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
        alerts=tuple(id for (id,) in members),
    )
