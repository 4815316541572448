"""What was paged in a time: whom, for what, and when somebody took it."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.alert import Alert
from opsdash.domain.burden import Paged
from opsdash.domain.frozen import dataclass
from opsdash.domain.incident import incident_id
from opsdash.domain.opening import service_of
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import SafeText, clean
from opsdash.store import alerts

_PAGES = (
    "SELECT one.key, one.step, one.reached, one.target, one.created_at, one.sent_at,"
    " whole.created_at, whole.sent_at FROM outbox AS one LEFT JOIN outbox AS whole"
    " ON whole.key = one.bundle AND whole.kind = 'trigger' AND whole.notifier = one.notifier"
    " AND whole.address = one.address WHERE one.kind = 'trigger' AND one.created_at < ?"
    " AND coalesce(whole.state, one.state) IN ('sent', 'sending')"
    # Whose first page was before the time in question is known from its pages before it.
    " AND one.key IN (SELECT key FROM outbox WHERE kind = 'trigger' AND created_at >= ?"
    " AND created_at < ?) ORDER BY one.id"
)
_TAKEN = (
    "SELECT at FROM entry WHERE alert = ? AND kind = 'acknowledge' AND author <> 'engine'"
    # An act that was taken back was none, and taking back another is none either.
    " AND undone = 0 AND NOT (before IS NULL AND text LIKE 'undid: %') ORDER BY at, id"
)

_LONGEST_WAY = timedelta(days=1)
"""How long a message may take to its receiver and still be looked for."""


Identify = Callable[[str, SafeText, datetime], SafeText]
"""Says whose a page was by what led there, the name that was reached and when it was decided."""


def by_name(target: str, name: SafeText, at: datetime) -> SafeText:
    """Take a name for whose it is."""
    return name


def load_between(
    connection: sqlite3.Connection, start: datetime, end: datetime, whose: Identify = by_name
) -> tuple[Paged, ...]:
    """Return the pages that reached somebody from `start` until just before `end`, drills left out.

    `whose` says who was reached, where a name is not enough.
    """
    since = to_ms(start - _LONGEST_WAY)
    rows = connection.execute(_PAGES, (to_ms(end), since, to_ms(end))).fetchall()
    of_key: dict[str, list[_Told]] = {}
    for row in rows:
        told = _told(row, whose)
        of_key.setdefault(told.alert, []).append(told)
    found: list[Paged] = []
    for key, told_of in of_key.items():
        alert = alerts.load(connection, key)
        if alert is not None:
            taken = [from_ms(at) for (at,) in connection.execute(_TAKEN, (key,))]
            found += _pages(clean(service_of(alert)), told_of, taken)
    kept = [one for one in found if start <= one.at < end]
    return tuple(sorted(kept, key=lambda one: (one.at, one.alert, one.person)))


@dataclass(frozen=True, slots=True)
class _Told:
    """One message of the outbox, or the part of a storm's that is about one occurrence."""

    alert: str
    page: str
    step: int
    person: SafeText
    schedule: str
    made_at: datetime
    at: datetime


def _told(row: tuple[Any, ...], whose: Identify) -> _Told:
    key, step, reached, target, made, sent, whole_made, whole_sent = row
    page = f"{key}/{step}" if whole_made is None else f"storm/{whole_made}"
    schedule = target.removeprefix("schedule:") if target.startswith("schedule:") else ""
    arrived = next(at for at in (whole_sent, sent, whole_made, made) if at is not None)
    person = whose(target, clean(reached), from_ms(made)) if reached else SafeText("")
    return _Told(key, page, step, person, schedule, from_ms(made), from_ms(arrived))


def _pages(service: SafeText, told: list[_Told], taken: list[datetime]) -> Iterator[Paged]:
    """The pages about one occurrence: each person once a step, and a channel that was told alone."""
    in_person = {one.step for one in told if one.person}
    people: set[SafeText] = set()
    pages: set[tuple[int, SafeText]] = set()
    opened = False
    for one in sorted(told, key=lambda one: one.at):
        if (one.step, one.person) in pages or (not one.person and one.step in in_person):
            continue
        pages.add((one.step, one.person))
        yield Paged(
            alert=one.alert,
            service=service,
            person=one.person,
            page=one.page,
            at=one.at,
            made_at=one.made_at,
            schedule=one.schedule if one.person else "",
            first=one.person not in people,
            opening=not opened,
            answered_at=next((at for at in taken if at >= one.at), None),
        )
        people.add(one.person)
        opened = True


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
