"""The outbox: every message to be sent, written with what caused it, and what became of it.

A row is `waiting` until the lease's holder claims it, `sending` while it is under way, then `sent`,
`dead` (no receiver will take it), `dropped` (not to be sent any more, with the reason) or `bundled`
(told by a page that stands for many). Rows of one key and destination leave in the order they came.
"""

import json
import sqlite3
from collections.abc import Container
from datetime import datetime
from typing import Any

from opsdash.domain.frozen import dataclass
from opsdash.domain.letter import LetterState
from opsdash.domain.pacing import urgency_of
from opsdash.domain.page import Page, PageKind
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.routing import Destination
from opsdash.domain.text import SafeText, clean
from opsdash.store.changes import note_letters

__all__ = [
    "Letter",
    "LetterState",
    "Traces",
    "add",
    "claim",
    "count_by_state",
    "count_of_key",
    "drop_waiting",
    "find",
    "has_member",
    "keep_thread",
    "left_for",
    "load_due",
    "load_newest",
    "load_of_key",
    "load_waiting",
    "mark_fallen_back",
    "may_know",
    "members_of",
    "next_due",
    "postpone",
    "release_others",
    "repeats",
    "settle",
    "traces_of",
]


@dataclass(frozen=True, slots=True)
class Letter:
    """One row of the outbox. `answer` is what the receiver said last, or why it was not sent.

    `unsure` says that an engine died while it was under way, or no answer came: it may have arrived.
    """

    id: int
    destination: Destination
    page: Page
    state: LetterState
    step: int
    created_at: datetime
    due_at: datetime
    deadline_at: datetime
    attempts: int
    answer: SafeText
    sent_at: datetime | None
    thread: str
    unsure: bool


_COLUMNS = (
    "outbox.id, outbox.notifier, outbox.address, target, reached, page, state, step, created_at,"
    " due_at, deadline_at, attempts, answer, sent_at, coalesce(thread.thread, ''), unsure"
)
_FROM = (
    f"SELECT {_COLUMNS} FROM outbox LEFT JOIN thread ON thread.notifier = outbox.notifier"  # noqa: S608
    " AND thread.address = outbox.address AND thread.key = outbox.key"
)
_DUE = (
    _FROM  # noqa: S608
    + " WHERE state = 'waiting' AND due_at <= ? AND NOT EXISTS (SELECT 1 FROM outbox AS older"
    " WHERE older.notifier = outbox.notifier AND older.address = outbox.address"
    " AND older.key = outbox.key AND older.id < outbox.id"
    " AND older.state IN ('waiting', 'sending')"
    # A page that somebody's own rule tells later holds up no page that is due.
    " AND NOT (older.attempts = 0 AND older.due_at > ? AND outbox.kind = 'trigger'))"
    " ORDER BY CASE WHEN kind = 'trigger' THEN 0 ELSE 1 END, outbox.id LIMIT ?"
)
_WAITING = _FROM + " WHERE state IN ('waiting', 'sending') ORDER BY outbox.id"
_NEWEST = _FROM + " ORDER BY outbox.id DESC LIMIT ?"
_OPEN_MEMBERS = (
    "SELECT outbox.key FROM outbox JOIN alert ON alert.id = outbox.key"
    " WHERE outbox.bundle = ? AND outbox.state = 'bundled' AND alert.resolved_at IS NULL"
)
_UNTAKEN_MEMBERS = _OPEN_MEMBERS + " AND alert.acknowledged_by IS NULL"
_OF_KEY = _FROM + " WHERE outbox.key = ? ORDER BY outbox.id"


def add(
    connection: sqlite3.Connection,
    destination: Destination,
    page: Page,
    step: int,
    now: datetime,
    due_at: datetime,
    deadline_at: datetime,
) -> int | None:
    """Write one message to be sent and return its row; None where the same one is there already."""
    cursor = connection.execute(
        "INSERT INTO outbox (notifier, address, target, reached, key, kind, step, page, urgency,"
        " created_at, due_at, deadline_at, state, attempts, answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, 'waiting', 0, '') ON CONFLICT (notifier, address, key, kind, step) DO NOTHING",
        (
            destination.notifier,
            destination.address,
            destination.target,
            destination.reached,
            page.key,
            page.kind.value,
            step,
            json.dumps(encode(page), ensure_ascii=False),
            urgency_of(page),
            to_ms(now),
            to_ms(due_at),
            to_ms(deadline_at),
        ),
    )
    if cursor.rowcount:
        note_letters(connection)
    return cursor.lastrowid if cursor.rowcount else None


def load_due(connection: sqlite3.Connection, now: datetime, limit: int) -> list[Letter]:
    """Return the messages to send now, pages before all else, oldest first, one a key and destination."""
    return list(map(_letter, connection.execute(_DUE, (to_ms(now), to_ms(now), limit))))


def load_waiting(connection: sqlite3.Connection) -> list[Letter]:
    """Return what is not yet sent, oldest first."""
    return list(map(_letter, connection.execute(_WAITING)))


def load_newest(connection: sqlite3.Connection, limit: int) -> list[Letter]:
    """Return the newest messages, newest first."""
    return list(map(_letter, connection.execute(_NEWEST, (limit,))))


def load_of_key(connection: sqlite3.Connection, key: str) -> list[Letter]:
    """Return all messages about one occurrence, oldest first."""
    return list(map(_letter, connection.execute(_OF_KEY, (key,))))


def find(connection: sqlite3.Connection, letter: Letter) -> Letter | None:
    """Return the row that says the same as `letter` to the same destination, whatever its number."""
    page, place = letter.page, letter.destination
    row = connection.execute(
        _FROM + " WHERE outbox.notifier = ? AND outbox.address = ? AND outbox.key = ? AND kind = ?"
        " AND step = ?",
        (place.notifier, place.address, page.key, page.kind.value, letter.step),
    ).fetchone()
    return None if row is None else _letter(row)


def next_due(connection: sqlite3.Connection) -> datetime | None:
    """Return when the next waiting message is due, None where none waits."""
    row = connection.execute("SELECT min(due_at) FROM outbox WHERE state = 'waiting'").fetchone()
    return None if row[0] is None else from_ms(row[0])


def count_of_key(connection: sqlite3.Connection, key: str) -> int:
    """Return how many messages there are about one occurrence."""
    row = connection.execute("SELECT count(*) FROM outbox WHERE key = ?", (key,)).fetchone()
    found: int = row[0]
    return found


def left_for(connection: sqlite3.Connection, key: str) -> tuple[Destination, ...]:
    """Return every destination that a trigger of `key` has left for, or may have, each once.

    A message tried before may have arrived although its answer did not, whatever became of it since.
    """
    rows = connection.execute(
        "SELECT notifier, address, target, reached FROM outbox WHERE key = ? AND kind = 'trigger'"
        " AND (state IN ('sent', 'sending') OR state = 'waiting' AND attempts > 0 OR unsure > 0)"
        " ORDER BY id",
        (key,),
    )
    return tuple(
        {
            (notifier, address): Destination(notifier, address, target, clean(reached))
            for notifier, address, target, reached in rows
        }.values()
    )


def may_know(connection: sqlite3.Connection, letter: Letter) -> bool:
    """Whether the receiver of a message has been paged about the same, or may have been."""
    place = letter.destination
    row = connection.execute(
        "SELECT 1 FROM outbox WHERE key = ? AND kind = 'trigger' AND notifier = ? AND address = ?"
        " AND (state IN ('sent', 'sending') OR unsure > 0) LIMIT 1",
        (letter.page.key, place.notifier, place.address),
    ).fetchone()
    return row is not None


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is about one occurrence: does anything wait, has a trigger left, was there one at all.

    `bundles` are the keys of the pages that told of it among many.
    """

    waits: bool
    left: bool
    led: bool
    bundles: tuple[str, ...]


def traces_of(connection: sqlite3.Connection, key: str) -> Traces:
    """Return what there is about `key`, for who changes thousands at once; most need no more."""
    rows = connection.execute(
        "SELECT DISTINCT state, kind, bundle, unsure FROM outbox WHERE key = ?", (key,)
    ).fetchall()
    triggers = {state for state, kind, _, _ in rows if kind == "trigger"}
    return Traces(
        waits=any(state == "waiting" for state, _, _, _ in rows),
        left=not triggers.isdisjoint(("sent", "sending", "waiting"))
        or any(unsure for _, kind, _, unsure in rows if kind == "trigger"),
        led=bool(triggers),
        bundles=tuple(
            dict.fromkeys(bundle for state, _, bundle, _ in rows if bundle and state == "bundled")
        ),
    )


def repeats(connection: sqlite3.Connection, key: str) -> int:
    """Return how often the same was said again about `key`, what was dropped unsent included."""
    found = [letter.page.repeat for letter in load_of_key(connection, key)]
    return max(found, default=0)


def claim(connection: sqlite3.Connection, id: int, epoch: int, now: datetime) -> bool:
    """Mark a waiting message as under way for this epoch; False where it is not waiting any more."""
    cursor = connection.execute(
        "UPDATE outbox SET state = 'sending', epoch = ?, attempts = attempts + 1, left_at = ?"
        " WHERE id = ? AND state = 'waiting'",
        (epoch, to_ms(now), id),
    )
    note_letters(connection)
    return cursor.rowcount == 1


def release_others(connection: sqlite3.Connection, epoch: int) -> int:
    """Make what an earlier epoch had under way waiting again; return how many: they are sent anew.

    The receiver knows the key, so that it takes a repetition for the same thing.
    """
    note_letters(connection)
    return connection.execute(
        "UPDATE outbox SET state = 'waiting', unsure = 1 WHERE state = 'sending' AND epoch <> ?",
        (epoch,),
    ).rowcount


def settle(
    connection: sqlite3.Connection, id: int, state: LetterState, answer: str, now: datetime
) -> None:
    """Write what became of a message that was under way or waiting."""
    connection.execute(
        "UPDATE outbox SET state = ?, answer = ?, sent_at = ? WHERE id = ?",
        (state.value, answer, to_ms(now) if state is LetterState.SENT else None, id),
    )
    note_letters(connection)


def postpone(
    connection: sqlite3.Connection, id: int, answer: str, due_at: datetime, unsure: bool = False
) -> None:
    """Make a message that was not accepted, or `unsure` whether, waiting again, until `due_at`."""
    connection.execute(
        "UPDATE outbox SET state = 'waiting', answer = ?, due_at = ?, unsure = max(unsure, ?)"
        " WHERE id = ?",
        (answer, to_ms(due_at), unsure, id),
    )
    note_letters(connection)


def tried_before(connection: sqlite3.Connection, letter: Letter) -> datetime | None:
    """Return when the older messages to the same destination that were refused are all due again."""
    (due,) = connection.execute(
        "SELECT max(due_at) FROM outbox WHERE notifier = ? AND address = ? AND id < ?"
        " AND state = 'waiting' AND attempts > 0",
        (letter.destination.notifier, letter.destination.address, letter.id),
    ).fetchone()
    return None if due is None else from_ms(due)


def keep_thread(
    connection: sqlite3.Connection, destination: Destination, key: str, thread: str
) -> None:
    """Store how the receiver names the conversation about `key`."""
    if thread:
        connection.execute(
            "INSERT INTO thread (notifier, address, key, thread) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (notifier, address, key) DO NOTHING",
            (destination.notifier, destination.address, key, thread),
        )


def mark_fallen_back(connection: sqlite3.Connection, id: int) -> bool:
    """Mark that the next target is paged in place of a message's own; False where it was already."""
    cursor = connection.execute(
        "UPDATE outbox SET fallen_back = 1 WHERE id = ? AND fallen_back = 0", (id,)
    )
    return cursor.rowcount == 1


def drop_waiting(
    connection: sqlite3.Connection,
    key: str,
    kinds: tuple[PageKind, ...],
    reason: str,
    notifier: str | None = None,
) -> int:
    """Drop the messages of one key and these kinds that have not left; return how many.

    With `notifier` only those to it.
    """
    dropped = 0
    for kind in kinds:
        dropped += connection.execute(
            "UPDATE outbox SET state = 'dropped', answer = ? WHERE key = ? AND kind = ?"
            " AND state = 'waiting' AND notifier = coalesce(?, notifier)",
            (reason, key, kind.value, notifier),
        ).rowcount
    if dropped:
        note_letters(connection)
    return dropped


def open_keys(connection: sqlite3.Connection, notifier: str) -> tuple[str, ...]:
    """Return the keys of the pages that a notifier was sent about open alerts, one or many."""
    rows = connection.execute(
        "SELECT DISTINCT outbox.key FROM alert JOIN outbox ON outbox.key = alert.id"
        " WHERE alert.resolved_at IS NULL AND outbox.notifier = ? AND outbox.kind = 'trigger'"
        " AND outbox.state = 'sent' UNION SELECT DISTINCT outbox.bundle FROM alert"
        " JOIN outbox ON outbox.key = alert.id WHERE alert.resolved_at IS NULL"
        " AND outbox.notifier = ? AND outbox.bundle IS NOT NULL ORDER BY 1",
        (notifier, notifier),
    )
    return tuple(key for (key,) in rows)


def has_member(
    connection: sqlite3.Connection,
    bundle_key: str,
    besides: Container[str] = (),
    untaken: bool = False,
) -> bool:
    """Whether an alert that one page told of, none of `besides`, is open, and nobody's if `untaken`."""
    rows = connection.execute(_UNTAKEN_MEMBERS if untaken else _OPEN_MEMBERS, (bundle_key,))
    return any(key not in besides for (key,) in rows)


def members_of(connection: sqlite3.Connection, bundle_key: str) -> tuple[str, ...]:
    """Return the keys of the open alerts that one page stands for; empty where it stands for itself."""
    rows = connection.execute(
        "SELECT DISTINCT alert.id FROM outbox JOIN alert ON alert.id = outbox.key"
        " WHERE outbox.bundle = ? AND outbox.state = 'bundled' AND alert.resolved_at IS NULL"
        " ORDER BY alert.id",
        (bundle_key,),
    )
    return tuple(key for (key,) in rows)


def count_by_state(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """Return how many messages there are by (notifier, state)."""
    rows = connection.execute(
        "SELECT notifier, state, count(*) FROM outbox GROUP BY notifier, state"
    )
    return {(notifier, state): count for notifier, state, count in rows}


def _letter(row: tuple[Any, ...]) -> Letter:
    (
        id, notifier, address, target, reached, page, state, step, created_at, due_at, deadline_at,
        attempts, answer, sent_at, thread, unsure,
    ) = row  # fmt: skip
    return Letter(
        id=id,
        destination=Destination(notifier, address, target, clean(reached)),
        page=decode(Page, json.loads(page)),
        state=LetterState(state),
        step=step,
        created_at=from_ms(created_at),
        due_at=from_ms(due_at),
        deadline_at=from_ms(deadline_at),
        attempts=attempts,
        answer=clean(answer),
        sent_at=None if sent_at is None else from_ms(sent_at),
        thread=thread,
        unsure=bool(unsure),
    )
