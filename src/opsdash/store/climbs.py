"""How far each occurrence is on its policy, and the policies as they were when they began."""

import json
import sqlite3
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from opsdash.domain.alert import Alert
from opsdash.domain.climb import Climb, Snooze
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.frozen import dataclass
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean
from opsdash.store.changes import last_change, next_change

_CLIMB = (
    "climb.alert, climb.version, climb.began_at, climb.level, climb.acknowledged, climb.round,"
    " climb.skip, climb.acted_at, climb.held_at, climb.exhausted_at, climb.snooze, climb.owner,"
    " climb.paged_at"
)
_COLUMNS = f"{_CLIMB}, policy_version.body"
_ALL = (
    f"SELECT {_COLUMNS} FROM climb JOIN policy_version ON policy_version.policy = climb.policy"  # noqa: S608
    " AND policy_version.version = climb.version"
)
_OF_ALERT = _ALL + " WHERE climb.alert = ?"
_CHANGED = _ALL + " WHERE climb.changed > ?"
_OPEN = (
    f"SELECT {_CLIMB}, climb.policy FROM climb JOIN alert ON alert.id = climb.alert"  # noqa: S608
    " WHERE alert.resolved_at IS NULL"
)
_SHOWN = _ALL + (
    " JOIN alert ON alert.id = climb.alert"
    " WHERE alert.resolved_at IS NULL OR alert.resolved_at >= ?"
)
_DUE = (
    "SELECT alert FROM climb WHERE due_at <= ?"
    " UNION SELECT climb.alert FROM alert JOIN climb ON climb.alert = alert.id"
    " WHERE alert.changed > ? OR alert.id IN (SELECT entry.alert FROM entry WHERE entry.id > ?)"
    " OR alert.incident IN (SELECT entry.incident FROM entry"
    " WHERE entry.id > ? AND entry.alert IS NULL)"
    # What was put off is looked at whenever anything happens: it may have grown worse.
    " UNION SELECT alert FROM climb WHERE snooze IS NOT NULL AND due_at IS NOT NULL"
)

Row = tuple[Any, ...]
"""One climb as it is stored: `_COLUMNS` in their order."""

LOOK_NOW = from_ms(0)
"""Due long ago: the engine looks at it at its next beat."""


@dataclass(frozen=True, slots=True)
class Look:
    """The climbs to look at: those that are due, and those whose alert was changed or written of.

    `change` and `entry` are the newest of the store at this look: where the next one begins.
    """

    alerts: tuple[str, ...] = ()
    change: int = -1
    entry: int = -1


def look(connection: sqlite3.Connection, now: datetime, before: Look) -> Look:
    """Return what has to be looked at since the look `before`; three small questions where nothing has."""
    change = last_change(connection)
    (entry,) = connection.execute("SELECT coalesce(max(id), 0) FROM entry").fetchone()
    (due,) = connection.execute("SELECT min(due_at) FROM climb WHERE due_at IS NOT NULL").fetchone()
    if (change, entry) == (before.change, before.entry) and (due is None or due > to_ms(now)):
        return Look((), change, entry)
    found = connection.execute(_DUE, (to_ms(now), before.change, before.entry, before.entry))
    return Look(tuple(alert for (alert,) in found), change, entry)


def load(connection: sqlite3.Connection, alert: str) -> Climb | None:
    """Return the climb of one occurrence, None where it has none."""
    row = connection.execute(_OF_ALERT, (alert,)).fetchone()
    return None if row is None else from_row(row)


def load_shown(connection: sqlite3.Connection, resolved_since: datetime) -> dict[str, Climb]:
    """Return the climbs of open occurrences, and of those that resolved since, by alert."""
    found = map(_climb, connection.execute(_SHOWN, (to_ms(resolved_since),)))
    return {climb.alert: climb for climb in found}


def load_open_rows(connection: sqlite3.Connection) -> dict[str, Row]:
    """Return the climbs of open occurrences as plain rows, by alert; each ends in its policy's id."""
    return {row[0]: row for row in connection.execute(_OPEN)}


def load_policies(connection: sqlite3.Connection) -> dict[tuple[str, int], EscalationPolicy]:
    """Return every version of every policy that was followed, by its id and version."""
    rows = connection.execute("SELECT policy, version, body FROM policy_version")
    return {(policy, version): _policy(body) for policy, version, body in rows}


def load_changed(connection: sqlite3.Connection, after: int) -> list[Climb]:
    """Return the climbs written after change number `after`."""
    return list(map(_climb, connection.execute(_CHANGED, (after,))))


def policy_of(connection: sqlite3.Connection, setup: Setup, alert: Alert) -> EscalationPolicy:
    """Return the policy that an alert follows: as it was when it was paged, else as it is now."""
    climb = load(connection, alert.id)
    return setup.policy_for(alert.labels) if climb is None else climb.policy


def begin(
    connection: sqlite3.Connection,
    alert: Alert,
    policy: EscalationPolicy,
    began_at: datetime | None,
    due_at: datetime | None = LOOK_NOW,
) -> Climb:
    """Store the climb of an occurrence under `policy` as it is now; one that is there goes on as it was.

    `began_at` is None for one that does not climb by itself.
    """
    known = load(connection, alert.id)
    if known is not None:
        if known.began_at is None and began_at is not None:
            known = Climb(alert.id, known.policy, known.version, began_at, owner=known.owner)
            save(connection, known, due_at, next_change(connection))
        return known
    version = keep_policy(connection, policy)
    climb = Climb(alert.id, policy, version, began_at)
    save(connection, climb, due_at, next_change(connection))
    return climb


def save(
    connection: sqlite3.Connection, climb: Climb, due_at: datetime | None, change: int
) -> None:
    """Store a climb, and when the engine has to look at it next; when it was paged is not touched."""
    connection.execute(
        "INSERT INTO climb (alert, changed, policy, version, began_at, level, acknowledged, round,"
        " skip, acted_at, held_at, exhausted_at, snooze, owner, due_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (alert) DO UPDATE SET"
        " changed = excluded.changed, policy = excluded.policy, version = excluded.version,"
        " began_at = excluded.began_at, level = excluded.level,"
        " acknowledged = excluded.acknowledged, round = excluded.round, skip = excluded.skip,"
        " acted_at = excluded.acted_at, held_at = excluded.held_at,"
        " exhausted_at = excluded.exhausted_at, snooze = excluded.snooze, owner = excluded.owner,"
        " due_at = excluded.due_at",
        (
            climb.alert,
            change,
            climb.policy.id,
            climb.version,
            _ms(climb.began_at),
            climb.level,
            int(climb.acknowledged),
            climb.round,
            int(climb.skip),
            _ms(climb.acted_at),
            _ms(climb.held_at),
            _ms(climb.exhausted_at),
            None if climb.snooze is None else json.dumps(encode(climb.snooze), ensure_ascii=False),
            climb.owner,
            _ms(due_at),
        ),
    )


def note_paged(connection: sqlite3.Connection, alert: str, at: datetime) -> None:
    """Store when anybody was last paged about an occurrence; `save` leaves it as it is."""
    connection.execute(
        "UPDATE climb SET paged_at = ?, changed = ? WHERE alert = ?",
        (to_ms(at), next_change(connection), alert),
    )


def set_due(connection: sqlite3.Connection, alert: str, due_at: datetime | None) -> None:
    """Store when the engine has to look at a climb next; nobody's picture of it changes."""
    connection.execute(
        "UPDATE climb SET due_at = ? WHERE alert = ? AND coalesce(due_at, -1) <> coalesce(?, -1)",
        (_ms(due_at), alert, _ms(due_at)),
    )


def keep_policy(connection: sqlite3.Connection, policy: EscalationPolicy) -> int:
    """Store a policy as it is now and return its version: a new one where it has been edited."""
    body = _body(policy)
    row = connection.execute(
        "SELECT version, body FROM policy_version WHERE policy = ? ORDER BY version DESC LIMIT 1",
        (policy.id,),
    ).fetchone()
    if row is not None and row[1] == body:
        return int(row[0])
    version = 1 if row is None else row[0] + 1
    connection.execute(
        "INSERT INTO policy_version (policy, version, body) VALUES (?, ?, ?)",
        (policy.id, version, body),
    )
    return int(version)


_BODIES: list[tuple[EscalationPolicy, str]] = []
"""The policies that were encoded last: a storm of alerts follows the same few, and encoding one is slow."""


def _body(policy: EscalationPolicy) -> str:
    for known, body in _BODIES:
        if known is policy:
            return body
    body = json.dumps(encode(policy), ensure_ascii=False, sort_keys=True)
    _BODIES[:] = [(policy, body), *_BODIES[:7]]
    return body


def acted_at(
    connection: sqlite3.Connection, alert: Alert, since: datetime, after: int
) -> datetime | None:
    """Return when a person last did something about an alert or its incident, None if not since `since`.

    Only entries after entry `after` count: a clock that was set back must not make old ones new.
    """
    (newest,) = connection.execute(
        "SELECT max(at) FROM entry WHERE author <> 'engine' AND at > ? AND id > ?"
        # An extension that was taken back was none.
        " AND undone = 0 AND text <> 'undid: extend' AND (alert = ?"
        " OR (alert IS NULL AND incident = (SELECT incident FROM alert WHERE id = ?)))",
        (to_ms(since), after, alert.id, alert.id),
    ).fetchone()
    return None if newest is None else from_ms(newest)


def given_back_at(connection: sqlite3.Connection, alert: str) -> datetime | None:
    """Return when an alert was last given back to nobody, None where it never was."""
    (newest,) = connection.execute(
        "SELECT max(at) FROM entry WHERE alert = ? AND kind = 'unacknowledge'", (alert,)
    ).fetchone()
    return None if newest is None else from_ms(newest)


def shift(connection: sqlite3.Connection, by: timedelta) -> int:
    """Move what is timed by elapsed time along with a wall clock that was set; return how many climbs."""
    step = by // timedelta(milliseconds=1)
    change = next_change(connection)
    return connection.execute(
        "UPDATE climb SET changed = ?, began_at = began_at + ?, held_at = held_at + ?,"
        " acted_at = coalesce(acted_at, (SELECT acknowledged_at FROM alert"
        " WHERE alert.id = climb.alert)) + ?, paged_at = paged_at + ?, due_at = 0"
        " WHERE alert IN (SELECT id FROM alert WHERE resolved_at IS NULL)",
        (change, step, step, step, step),
    ).rowcount


def overdue(connection: sqlite3.Connection, now: datetime, limit: int) -> list[str]:
    """Return the occurrences of which something was due before now, the longest ago first."""
    rows = connection.execute(
        "SELECT alert FROM climb WHERE due_at > 0 AND due_at < ? ORDER BY due_at LIMIT ?",
        (to_ms(now), limit),
    )
    return [alert for (alert,) in rows]


def prune(connection: sqlite3.Connection) -> None:
    """Drop the climbs of occurrences that are not kept any more."""
    connection.execute("DELETE FROM climb WHERE alert NOT IN (SELECT id FROM alert)")


def _climb(row: Row) -> Climb:
    return from_row(row)


def from_row(row: Row, policy: EscalationPolicy | None = None) -> Climb:
    """Return a climb as it is stored; `policy` is the one that it follows, where that is known."""
    (
        alert, version, began_at, level, acknowledged, round, skip, acted_at, held_at,
        exhausted_at, snooze, owner, paged_at, body,
    ) = row  # fmt: skip
    return Climb(
        alert=alert,
        policy=policy or _policy(body),
        version=version,
        began_at=_at(began_at),
        level=level,
        acknowledged=bool(acknowledged),
        round=round,
        skip=bool(skip),
        acted_at=_at(acted_at),
        held_at=_at(held_at),
        exhausted_at=_at(exhausted_at),
        snooze=None if snooze is None else decode(Snooze, json.loads(snooze)),
        owner=clean(owner),
        paged_at=_at(paged_at),
    )


@lru_cache(maxsize=64)
def _policy(body: str) -> EscalationPolicy:
    return decode(EscalationPolicy, json.loads(body))


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _at(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)
