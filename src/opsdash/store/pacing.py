"""How many pages went to each receiver lately, which are held there, and which became one.

`urgency` of a row is 1 where its page is urgent, 0 where it is not, -1 where it is a note of the
engine's, and null where no limit counts it: pages and notes are counted apart. `left_at` is when it was last sent or told among many, `held_at` since when it is held.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass
from opsdash.domain.pacing import HOLD, HOLD_URGENT, NOTE, Flow
from opsdash.domain.page import Page
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.routing import Destination
from opsdash.domain.text import SafeText, clean
from opsdash.store import outbox
from opsdash.store.changes import note_letters
from opsdash.store.outbox import Letter

_COUNTED = " WHERE notifier = ? AND address = ? AND urgency BETWEEN ? AND ?"
_TOLD = "SELECT id, key, step, created_at, page, target, reached FROM outbox"
_HELD = "attempts = 0 AND held_at IS NOT NULL"
_DUE = "attempts = 0 AND due_at <= ?"
# What may have arrived is told again by its own key, which a receiver knows, and not among many anew.
_TRIED = "attempts > 0 AND unsure = 0 AND due_at <= ?"
_FRESH = "state = 'waiting' AND attempts = 0 AND held_at IS NULL AND due_at <= ?"
_WAITING = (
    "SELECT notifier, address, urgency < 0,"
    " count(CASE WHEN attempts = 0 AND held_at IS NULL AND due_at <= :now THEN 1 END),"
    " count(CASE WHEN attempts = 0 AND held_at IS NULL AND due_at <= :now AND urgency = 1"
    " THEN 1 END),"
    " count(CASE WHEN attempts > 0 AND unsure = 0 AND due_at <= :now THEN 1 END),"
    " count(CASE WHEN attempts = 0 AND held_at IS NOT NULL THEN 1 END),"
    " count(CASE WHEN attempts = 0 AND held_at IS NOT NULL AND due_at <= :now THEN 1 END)"
    " FROM outbox WHERE state = 'waiting' AND urgency IS NOT NULL"
    " GROUP BY notifier, address, urgency < 0"
)
_GONE = (
    "SELECT count(*), count(CASE WHEN urgency = 1 THEN 1 END),"  # noqa: S608
    " max(CASE WHEN state = 'bundled' THEN left_at END) FROM outbox"
    + _COUNTED
    + " AND left_at > ? AND left_at <= ? AND state IN ('sent', 'sending', 'waiting', 'bundled')"
)
_OF_STORM = f"{_TOLD}{_COUNTED} AND bundle = ? AND state = 'bundled' ORDER BY id"
_HIDDEN = (
    "SELECT DISTINCT outbox.key FROM outbox JOIN alert ON alert.id = outbox.key"
    " WHERE notifier = ? AND address = ? AND urgency >= 0 AND outbox.state = 'waiting'"
    " AND (silenced_by <> '[]' OR inhibited_by <> '[]')"
)


@dataclass(frozen=True, slots=True)
class Told:
    """One alert's page as a page that stands for many needs it: its own words, read once."""

    id: int
    key: str
    step: int
    written_at: datetime
    words: dict[str, Any]
    destination: Destination

    @property
    def page(self) -> Page:
        """The whole page."""
        return decode(Page, self.words)

    @property
    def name(self) -> str:
        """What the alert is called."""
        return self.labels.get("alertname") or str(self.words.get("title") or self.key)

    @property
    def critical(self) -> bool:
        """Whether the alert is critical."""
        return bool(self.words.get("severity") == Severity.CRITICAL)

    @property
    def labels(self) -> dict[str, str]:
        """The alert's labels."""
        return self.words.get("labels") or {}


def flows(connection: sqlite3.Connection, window: timedelta, now: datetime) -> list[Flow]:
    """Return the pages of each receiver at which one is due."""
    found = []
    moment, since = to_ms(now), to_ms(now - window)
    for place in connection.execute(_WAITING, {"now": moment}).fetchall():
        notifier, address, notes, fresh, urgent, tried, held, ripe = place
        if not (fresh or tried or ripe):
            continue
        gone, gone_urgent, bundled_at = connection.execute(
            _GONE, (notifier, address, *_bounds(bool(notes)), since, moment)
        ).fetchone()
        last = None if bundled_at is None else from_ms(bundled_at)
        found.append(
            Flow(
                *(notifier, address, fresh, urgent, tried, held, bool(ripe)),
                *(gone, gone_urgent, last, bool(notes)),
            )
        )
    return found


def load_due(
    connection: sqlite3.Connection, flow: Flow, now: datetime, urgent: bool, tried: bool
) -> list[Told]:
    """Return what is held at a receiver or due there, with or without fresh urgent and tried ones."""
    wanted = [_HELD, _DUE if urgent else _DUE + " AND urgency = 0"]
    if tried:
        wanted.append(_TRIED)
    moments = [to_ms(now)] * (len(wanted) - 1)
    rows = connection.execute(
        f"{_TOLD}{_COUNTED} AND state = 'waiting' AND ({' OR '.join(wanted)}) ORDER BY id",
        (*_place(flow), *moments),
    )
    return _told(rows, flow)


def load_storm(connection: sqlite3.Connection, flow: Flow, key: str) -> list[Told]:
    """Return all that the page `key` told of at a receiver."""
    return _told(connection.execute(_OF_STORM, (*_place(flow), key)), flow)


def last_storm(connection: sqlite3.Connection, flow: Flow) -> tuple[str, datetime] | None:
    """Return the key of the page that last stood for many at a receiver, and since when."""
    row = connection.execute(
        "SELECT bundle, left_at FROM outbox"  # noqa: S608
        + _COUNTED
        + " AND state = 'bundled' AND left_at IS NOT NULL ORDER BY left_at DESC, id DESC LIMIT 1",
        _place(flow),
    ).fetchone()
    return None if row is None else (row[0], from_ms(row[1]))


def load_page_of(connection: sqlite3.Connection, flow: Flow, key: str) -> Letter | None:
    """Return the newest message that told a receiver of the storm `key`."""
    found = [
        letter
        for letter in outbox.load_of_key(connection, key)
        if (letter.destination.notifier, letter.destination.address)
        == (flow.notifier, flow.address)
        and letter.page.count > 1
    ]
    return found[-1] if found else None


def hold(connection: sqlite3.Connection, flow: Flow, now: datetime, urgent: bool, why: str) -> None:
    """Hold what is fresh at a receiver: each no longer than its kind may be, urgent ones only if `urgent`."""
    for urgency, patience in ((NOTE, HOLD),) if flow.notes else ((0, HOLD), (1, HOLD_URGENT)):
        if urgency == 1 and not urgent:
            continue
        until = to_ms(now + patience)
        connection.execute(
            "UPDATE outbox SET held_at = ?, deadline_at = deadline_at + ? - due_at, due_at = ?,"  # noqa: S608
            " answer = ?" + _COUNTED + f" AND {_FRESH}",
            (
                *(to_ms(now), until, until, why),
                *(flow.notifier, flow.address, urgency, urgency, to_ms(now)),
            ),
        )
    note_letters(connection)


def bundle(
    connection: sqlite3.Connection, told: Sequence[Told], into: str | None, now: datetime
) -> None:
    """Mark waiting messages as told by the page with key `into`, or by another note about the same."""
    answer = "told in one note with others" if into is None else "one of a storm"
    connection.executemany(
        "UPDATE outbox SET state = 'bundled', bundle = ?, answer = ?, left_at = ?"
        " WHERE id = ? AND state = 'waiting'",
        [(into, answer, to_ms(now), one.id) for one in told],
    )
    note_letters(connection)


def drop(connection: sqlite3.Connection, told: Iterable[Told], reason: str) -> None:
    """Drop messages that must not be told any more."""
    connection.executemany(
        "UPDATE outbox SET state = 'dropped', answer = ? WHERE id = ? AND state = 'waiting'",
        [(reason, one.id) for one in told],
    )
    note_letters(connection)


def rewrite(
    connection: sqlite3.Connection, id: int, page: Page, due_at: datetime | None = None
) -> bool:
    """Make a message that has not left say `page`, `due_at` then if given; False where it has left."""
    due = None if due_at is None else to_ms(due_at)
    cursor = connection.execute(
        "UPDATE outbox SET page = ?, due_at = coalesce(?, due_at)"
        " WHERE id = ? AND state = 'waiting'",
        (json.dumps(encode(page), ensure_ascii=False), due, id),
    )
    note_letters(connection)
    return cursor.rowcount == 1


def hidden(connection: sqlite3.Connection, flow: Flow) -> set[str]:
    """Return the keys of what waits for a receiver although something hides its alert by now."""
    rows = connection.execute(_HIDDEN, (flow.notifier, flow.address))
    return {key for (key,) in rows}


def note_told(
    connection: sqlite3.Connection, told: Sequence[Told], text: SafeText, now: datetime
) -> None:
    """Say on the timeline of each alert by which page it was told."""
    connection.executemany(
        "INSERT INTO entry (at, author, kind, text, alert, incident, claimed)"
        " VALUES (?, 'engine', 'page', ?, ?, NULL, '{}')",
        [(to_ms(now), text, key) for key in dict.fromkeys(one.key for one in told)],
    )


def _bounds(notes: bool) -> tuple[int, int]:
    return (NOTE, NOTE) if notes else (0, 1)


def _place(flow: Flow) -> tuple[str, str, int, int]:
    return flow.notifier, flow.address, *_bounds(flow.notes)


def _told(rows: Iterable[tuple[Any, ...]], flow: Flow) -> list[Told]:
    return [
        Told(
            *(id, key, step, from_ms(written), json.loads(page)),
            Destination(flow.notifier, flow.address, target, clean(reached)),
        )
        for id, key, step, written, page, target, reached in rows
    ]
