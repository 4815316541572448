"""What was paged in a time: whom, for what, and when somebody took it."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.burden import Paged
from opsdash.domain.incident import incident_id
from opsdash.domain.opening import service_of
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import SafeText, clean
from opsdash.store import alerts

_SENT = (
    "SELECT key, reached, min(created_at), count(*) FROM outbox WHERE kind = 'trigger'"
    " AND state IN ('sent', 'bundled', 'sending') AND created_at >= ? AND created_at < ?"
    " GROUP BY key, reached ORDER BY min(created_at), key"
)
_TAKEN = (
    "SELECT at, author, text FROM entry WHERE alert = ? AND kind = 'acknowledge' AND at >= ?"
    " ORDER BY at, id LIMIT 1"
)


def load_between(
    connection: sqlite3.Connection, start: datetime, end: datetime
) -> tuple[Paged, ...]:
    """Return the occurrences that were paged from `start` until just before `end`, drills left out."""
    found: dict[str, Paged] = {}
    for key, reached, first, count in connection.execute(_SENT, (to_ms(start), to_ms(end))):
        alert = found.get(key) or _of(connection, key, first)
        if alert is None:
            continue
        each = (*alert.each, count) if reached else alert.each
        found[key] = replace(
            alert,
            at=min(alert.at, from_ms(first)),
            people=(*alert.people, clean(reached)) if reached else alert.people,
            each=each,
            # A channel that was told beside a person is no page more.
            pages=sum(each) or alert.pages + count,
        )
    return tuple(found.values())


def _of(connection: sqlite3.Connection, key: str, first: int) -> Paged | None:
    alert = alerts.load(connection, key)
    if alert is None:
        return None
    taken = connection.execute(_TAKEN, (key, first)).fetchone()
    return Paged(
        alert.id,
        alert.name,
        clean(service_of(alert)),
        from_ms(first),
        pages=0,
        acknowledged_at=None if taken is None else from_ms(taken[0]),
        acknowledged_by=SafeText("") if taken is None else clean(taken[1]),
    )


def flapping_since(
    connection: sqlite3.Connection, since: datetime, times: int
) -> tuple[tuple[Alert, int], ...]:
    """Return the alerts that fired `times` or more since a moment, newest occurrence and how often."""
    rows = connection.execute(
        "SELECT fingerprint, count(*), max(occurrence) FROM alert WHERE fired_at >= ?"
        " GROUP BY fingerprint HAVING count(*) >= ? ORDER BY count(*) DESC, fingerprint LIMIT 20",
        (to_ms(since), times),
    ).fetchall()
    found = ((alerts.load(connection, f"{key}/{newest}"), count) for key, count, newest in rows)
    return tuple((alert, count) for alert, count in found if alert is not None)


def updated_at(connection: sqlite3.Connection) -> dict[str, datetime]:
    """Return when a person last wrote to the timeline of each open incident, by its id."""
    rows = connection.execute(
        "SELECT entry.incident, max(entry.at) FROM entry JOIN incident"
        " ON incident.number = entry.incident WHERE incident.resolved_at IS NULL"
        " AND entry.author <> 'engine' GROUP BY entry.incident"
    )
    return {incident_id(number): from_ms(at) for number, at in rows}
