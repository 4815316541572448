"""Occurrences of alerts: what the engine observed of them and what people decided."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from opsdash.domain.alert import Acknowledgement, Alert, AlertState, SafeLabels, Severity
from opsdash.domain.incident import incident_id
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import SafeText

Row = tuple[Any, ...]
"""One occurrence as it is stored: `_COLUMNS` in their order."""

_COLUMNS = (
    "id, fingerprint, occurrence, state, severity, labels, annotations, active_at, fired_at,"
    " fires_at, resolved_at, value, silenced_by, inhibited_by, generator_url, sources,"
    " acknowledged_by, acknowledged_at, acknowledged_comment, level, level_at, incident,"
    " unsilenced_at"
)
_ALL = f"SELECT {_COLUMNS} FROM alert"  # noqa: S608 - column names only
_OPEN = _ALL + " WHERE resolved_at IS NULL"
_SILENCED = _OPEN + " AND silenced_by <> '[]'"
_BY_ID = _ALL + " WHERE id = ?"
_CHANGED = _ALL + " WHERE changed > ?"
_SHOWN = _ALL + " WHERE resolved_at IS NULL OR resolved_at >= ?"
_OF_INCIDENT = _ALL + " WHERE incident = ? ORDER BY active_at"
_PAGED = (
    "EXISTS (SELECT 1 FROM outbox WHERE outbox.key = alert.id AND outbox.kind = 'trigger'"
    " AND outbox.state <> 'dropped')"
)
_PAGED_MEMBER = _ALL + (
    f" WHERE incident = ? AND resolved_at IS NULL AND id <> ? AND {_PAGED} LIMIT 1"
)
_UNPAGED_MEMBERS = _ALL + (
    f" WHERE incident = ? AND resolved_at IS NULL AND state = 'firing' AND NOT {_PAGED}"
    " ORDER BY active_at"
)
_EARLIER = _ALL + " WHERE fingerprint = ? AND occurrence < ? ORDER BY occurrence DESC LIMIT ?"
_BY_PREFIX = _ALL + (
    " WHERE id >= ? AND id < ? ORDER BY resolved_at IS NOT NULL, occurrence DESC, id LIMIT 1000"
)
_LAST_CHARACTER = "\U0010ffff"


def load_open(connection: sqlite3.Connection) -> dict[str, Alert]:
    """Return the open occurrences by fingerprint."""
    found = _alerts(connection.execute(_OPEN).fetchall())
    return {alert.fingerprint: alert for alert in found}


def load_silenced(connection: sqlite3.Connection) -> list[Alert]:
    """Return the open occurrences that a silence hides."""
    return _alerts(connection.execute(_SILENCED).fetchall())


def load_shown(connection: sqlite3.Connection, resolved_since: datetime) -> list[Alert]:
    """Return the open occurrences, and those that resolved since `resolved_since`."""
    return _alerts(connection.execute(_SHOWN, (to_ms(resolved_since),)).fetchall())


def load_shown_rows(connection: sqlite3.Connection, resolved_since: datetime) -> list[Row]:
    """Return what `load_shown` does as plain rows, for who has to list ten thousand at once."""
    return connection.execute(_SHOWN, (to_ms(resolved_since),)).fetchall()


def load_changed(connection: sqlite3.Connection, after: int) -> list[Alert]:
    """Return the occurrences written after change number `after`, resolved ones too."""
    return _alerts(connection.execute(_CHANGED, (after,)).fetchall())


def load(connection: sqlite3.Connection, id: str) -> Alert | None:
    """Return one occurrence by its id."""
    row = connection.execute(_BY_ID, (id,)).fetchone()
    return None if row is None else from_row(row)


def load_many(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Alert]:
    """Return the occurrences among `ids` by their id; at most a thousand are asked for at once."""
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(f"{_ALL} WHERE id IN ({marks})", tuple(ids)).fetchall()
    return {alert.id: alert for alert in _alerts(rows)}


def load_of_incident(connection: sqlite3.Connection, number: int) -> list[Alert]:
    """Return the occurrences that belong to an incident, oldest first."""
    return list(map(from_row, connection.execute(_OF_INCIDENT, (number,))))


def load_paged_member(connection: sqlite3.Connection, number: int, besides: str) -> Alert | None:
    """Return an open occurrence of an incident that was paged, other than `besides`."""
    row = connection.execute(_PAGED_MEMBER, (number, besides)).fetchone()
    return None if row is None else from_row(row)


def load_unpaged_members(connection: sqlite3.Connection, number: int) -> list[Alert]:
    """Return the occurrences of an incident that fire and were not paged, oldest first."""
    return list(map(from_row, connection.execute(_UNPAGED_MEMBERS, (number,))))


def load_earlier(connection: sqlite3.Connection, alert: Alert, limit: int) -> tuple[Alert, ...]:
    """Return the occurrences of the same alert before this one, newest first."""
    rows = connection.execute(_EARLIER, (alert.fingerprint, alert.occurrence, limit))
    return tuple(map(from_row, rows))


def match(connection: sqlite3.Connection, prefix: str) -> list[Alert]:
    """Return the occurrences whose id begins with `prefix`, open ones first, at most a thousand."""
    return list(map(from_row, connection.execute(_BY_PREFIX, (prefix, prefix + _LAST_CHARACTER))))


def last_occurrence(connection: sqlite3.Connection, fingerprint: str) -> int:
    """Return the number of the newest occurrence of an alert, 0 before the first."""
    row = connection.execute(
        "SELECT max(occurrence) FROM alert WHERE fingerprint = ?", (fingerprint,)
    ).fetchone()
    return row[0] or 0


def insert(connection: sqlite3.Connection, alert: Alert, change: int) -> None:
    """Store a new occurrence."""
    connection.execute(
        "INSERT INTO alert (id, fingerprint, occurrence, changed, state, severity, labels,"
        " annotations, active_at, fired_at, fires_at, resolved_at, value, silenced_by,"
        " inhibited_by, generator_url, sources, level)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (alert.id, alert.fingerprint, alert.occurrence, change, *_observed(alert)),
    )


def update_observed(connection: sqlite3.Connection, alert: Alert, change: int) -> None:
    """Store what the engine observed of an occurrence; what people decided is not touched."""
    connection.execute(
        "UPDATE alert SET changed = ?, state = ?, severity = ?, labels = ?, annotations = ?,"
        " active_at = ?, fired_at = ?, fires_at = ?, resolved_at = ?, value = ?, silenced_by = ?,"
        " inhibited_by = ?, generator_url = ?, sources = ? WHERE id = ?",
        (change, *_observed(alert), alert.id),
    )


def set_acknowledgement(
    connection: sqlite3.Connection, id: str, taken: Acknowledgement | None, change: int
) -> None:
    """Store who took an occurrence, or that nobody has it any more."""
    connection.execute(
        "UPDATE alert SET changed = ?, acknowledged_by = ?, acknowledged_at = ?,"
        " acknowledged_comment = ? WHERE id = ?",
        (
            change,
            taken and taken.by,
            taken and to_ms(taken.at),
            taken and taken.comment,
            id,
        ),
    )


def set_level(
    connection: sqlite3.Connection, id: str, level: int, at: datetime | None, change: int
) -> None:
    """Store the escalation level that an occurrence reached, and when."""
    connection.execute(
        "UPDATE alert SET changed = ?, level = ?, level_at = ? WHERE id = ?",
        (change, level, None if at is None else to_ms(at), id),
    )


def set_unsilenced(
    connection: sqlite3.Connection, id: str, at: datetime | None, change: int
) -> None:
    """Store when a silence let go of an occurrence that fires on, None while one hides it."""
    connection.execute(
        "UPDATE alert SET changed = ?, unsilenced_at = ? WHERE id = ?", (change, _ms(at), id)
    )


def set_incident(connection: sqlite3.Connection, id: str, number: int, change: int) -> None:
    """Store the incident that an occurrence belongs to."""
    connection.execute(
        "UPDATE alert SET changed = ?, incident = ? WHERE id = ?", (change, number, id)
    )


def prune(connection: sqlite3.Connection, now: datetime, kept: timedelta) -> None:
    """Drop occurrences that resolved longer than `kept` ago and their entries.

    The newest occurrence of an alert stays, so that numbers are never used twice, and so does
    everything that belongs to an incident or that somebody was paged for: figures ask for it.
    """
    gone = (
        "SELECT a.id FROM alert AS a WHERE a.resolved_at < ? AND a.incident IS NULL AND EXISTS"
        " (SELECT 1 FROM alert AS b WHERE b.fingerprint = a.fingerprint"
        " AND b.occurrence > a.occurrence) AND NOT EXISTS (SELECT 1 FROM outbox"
        " WHERE outbox.key = a.id AND outbox.kind = 'trigger')"
    )
    limit = (to_ms(now - kept),)
    # The timeline drops nothing that was not said to be prunable first.
    connection.execute(
        "INSERT INTO pruning (id, at, before) VALUES (1, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET at = excluded.at, before = excluded.before",
        (to_ms(now), *limit),
    )
    connection.execute(f"DELETE FROM entry WHERE alert IN ({gone})", limit)  # noqa: S608
    connection.execute(f"DELETE FROM alert WHERE id IN ({gone})", limit)  # noqa: S608


def _observed(alert: Alert) -> tuple[object, ...]:
    return (
        alert.state.value,
        alert.severity.value,
        _dump(alert.labels),
        _dump(alert.annotations),
        to_ms(alert.active_at),
        _ms(alert.fired_at),
        _ms(alert.fires_at),
        _ms(alert.resolved_at),
        # SQLite has no NaN: it would store NULL, and never find it equal again.
        None if alert.value is None or alert.value != alert.value else alert.value,
        _dump_list(alert.silenced_by),
        _dump_list(alert.inhibited_by),
        alert.generator_url,
        _dump_list(alert.sources),
    )


_STATES = {state.value: state for state in AlertState}
_SEVERITIES = {severity.value: severity for severity in Severity}
_LABELS, _ANNOTATIONS = 5, 6


def _alerts(rows: list[tuple[Any, ...]]) -> list[Alert]:
    """Return many rows as alerts: their JSON is read at once, which takes a third of the time."""
    labels = json.loads(f"[{','.join(row[_LABELS] for row in rows)}]")
    annotations = json.loads(f"[{','.join(row[_ANNOTATIONS] for row in rows)}]")
    return list(map(_made, rows, labels, annotations))


def from_row(row: Row) -> Alert:
    """Return an occurrence as it is stored."""
    return _made(row, json.loads(row[_LABELS]), json.loads(row[_ANNOTATIONS]))


def without_words(row: Row) -> Alert:
    """Return an occurrence as it is stored but for labels and annotations: much the cheaper part."""
    return _made(row, {}, {})


def _made(row: tuple[Any, ...], labels: SafeLabels, annotations: SafeLabels) -> Alert:
    (
        id, fingerprint, occurrence, state, severity, _, _, active_at, fired_at,
        fires_at, resolved_at, value, silenced_by, inhibited_by, generator_url, sources,
        by, at, comment, level, level_at, incident, unsilenced_at,
    ) = row  # fmt: skip
    taken = None
    if at is not None:
        taken = Acknowledgement(SafeText(by), from_ms(at), SafeText(comment or ""))
    return Alert(
        id,
        fingerprint,
        occurrence,
        _STATES[state],
        _SEVERITIES[severity],
        labels,
        annotations,
        from_ms(active_at),
        None if fired_at is None else from_ms(fired_at),
        None if fires_at is None else from_ms(fires_at),
        None if resolved_at is None else from_ms(resolved_at),
        value,
        _load_list(silenced_by),
        _load_list(inhibited_by),
        SafeText(generator_url),
        _load_list(sources),
        taken,
        level,
        None if level_at is None else from_ms(level_at),
        None if incident is None else incident_id(incident),
        None if unsilenced_at is None else from_ms(unsilenced_at),
    )


def _dump(mapping: Mapping[str, str]) -> str:
    return json.dumps(dict(mapping), ensure_ascii=False)


def _dump_list(items: Iterable[str]) -> str:
    listed = list(items)
    return json.dumps(listed, ensure_ascii=False) if listed else "[]"


@lru_cache(maxsize=1024)
def _load_list(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)
