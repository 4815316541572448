"""Weeks of the rota that were told to a channel: one row a week and channel, claimed before anything is sent.

Who wants to send takes the row in one transaction; everybody else sees that it is taken. What became
of it is written under the number of the claim, so that a process that was stopped for too long writes
nothing over what another has done since.
"""

import sqlite3
from datetime import datetime
from typing import Any

from opsdash.domain.publication import CLAIM, Publication, PublicationState, Slot
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import clean
from opsdash.domain.week import Week, parse_week

_COLUMNS = (
    "week, notifier, channel, state, claim, claimed_by, claimed_at, claimed_until, nonce, place,"
    " ts, digest, said_at, editions, not_before, reason"
)
_ONE = (
    f"SELECT {_COLUMNS} FROM published_week"  # noqa: S608
    " WHERE week = ? AND notifier = ? AND channel = ?"
)
_OF_CHANNEL = (
    f"SELECT {_COLUMNS} FROM published_week"  # noqa: S608
    " WHERE notifier = ? AND channel = ? AND week >= ? ORDER BY week"
)


def load(connection: sqlite3.Connection, slot: Slot) -> Publication | None:
    """Return how a week stands in a channel, None where nobody ever tried to tell it."""
    row = connection.execute(_ONE, _key(slot)).fetchone()
    return None if row is None else _publication(row)


def load_since(
    connection: sqlite3.Connection, notifier: str, channel: str, week: Week
) -> tuple[Publication, ...]:
    """Return what a channel was told of `week` and of those after it, oldest first."""
    rows = connection.execute(_OF_CHANNEL, (notifier, channel, str(week)))
    return tuple(map(_publication, rows))


def known_place(connection: sqlite3.Connection, notifier: str, channel: str) -> str:
    """Return how the receiver names a channel, from any earlier week; empty where that is not known."""
    row = connection.execute(
        "SELECT place FROM published_week WHERE notifier = ? AND channel = ? AND place <> ''"
        " ORDER BY week DESC LIMIT 1",
        (notifier, channel),
    ).fetchone()
    return "" if row is None else str(row[0])


def take(
    connection: sqlite3.Connection,
    slot: Slot,
    state: PublicationState,
    by: str,
    nonce: str,
    now: datetime,
) -> Publication:
    """Claim a week for one try, which leads to `state` while it is under way.

    Called in the transaction that has looked whether it may be. `nonce` counts where the week is
    given a new message; one that may be there already keeps its own, and since when it may be.
    """
    connection.execute(
        "INSERT INTO published_week (week, notifier, channel, state, claim, claimed_by, claimed_at,"
        " claimed_until, nonce, place, ts, digest, said_at, editions, not_before, reason)"
        " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, '', '', '', NULL, 0, NULL, '')"
        " ON CONFLICT (week, notifier, channel) DO UPDATE SET state = excluded.state,"
        " claim = published_week.claim + 1, claimed_by = excluded.claimed_by,"
        " claimed_at = CASE WHEN published_week.nonce = excluded.nonce"
        " THEN published_week.claimed_at ELSE excluded.claimed_at END,"
        " claimed_until = excluded.claimed_until, nonce = excluded.nonce",
        (*_key(slot), state.value, by, to_ms(now), to_ms(now + CLAIM), nonce),
    )
    taken = load(connection, slot)
    if taken is None:
        raise RuntimeError("a row that was just written is not there")
    return taken


def prolong(connection: sqlite3.Connection, claimed: Publication, now: datetime) -> bool:
    """Keep a claim for as long again, right before something is sent; False where it is another's."""
    cursor = connection.execute(
        "UPDATE published_week SET claimed_until = ? WHERE week = ? AND notifier = ? AND channel = ?"
        " AND claim = ? AND claimed_until > ?",
        (to_ms(now + CLAIM), *_key(claimed.slot), claimed.claim, to_ms(now)),
    )
    return cursor.rowcount == 1


def settle_said(
    connection: sqlite3.Connection,
    claimed: Publication,
    place: str,
    ts: str,
    digest: str,
    now: datetime,
) -> bool:
    """Write that the message is there and what it says; False where the claim is another's by now."""
    cursor = connection.execute(
        "UPDATE published_week SET state = 'posted', place = ?, ts = ?, digest = ?, said_at = ?,"
        " editions = editions + 1, claimed_until = 0, not_before = NULL, reason = ''"
        " WHERE week = ? AND notifier = ? AND channel = ? AND claim = ?",
        (place, ts, digest, to_ms(now), *_key(claimed.slot), claimed.claim),
    )
    return cursor.rowcount == 1


def settle_gone(connection: sqlite3.Connection, claimed: Publication, nonce: str) -> bool:
    """Write that the message was deleted there and a new one is on its way under `nonce`."""
    cursor = connection.execute(
        "UPDATE published_week SET state = 'sending', ts = '', digest = '', said_at = NULL,"
        " nonce = ? WHERE week = ? AND notifier = ? AND channel = ? AND claim = ?",
        (nonce, *_key(claimed.slot), claimed.claim),
    )
    return cursor.rowcount == 1


def settle_failed(
    connection: sqlite3.Connection,
    claimed: Publication,
    state: PublicationState,
    reason: str,
    not_before: datetime | None = None,
) -> bool:
    """Write how a try failed and let go of the claim; `state` is what may be there now."""
    cursor = connection.execute(
        "UPDATE published_week SET state = ?, claimed_until = 0, not_before = ?, reason = ?"
        " WHERE week = ? AND notifier = ? AND channel = ? AND claim = ?",
        (
            state.value,
            None if not_before is None else to_ms(not_before),
            reason,
            *_key(claimed.slot),
            claimed.claim,
        ),
    )
    return cursor.rowcount == 1


def _key(slot: Slot) -> tuple[str, str, str]:
    return str(slot.week), slot.notifier, slot.channel


def _publication(row: tuple[Any, ...]) -> Publication:
    (
        week, notifier, channel, state, claim, claimed_by, claimed_at, claimed_until, nonce, place,
        ts, digest, said_at, editions, not_before, reason,
    ) = row  # fmt: skip
    return Publication(
        slot=Slot(parse_week(week), notifier, channel),
        state=PublicationState(state),
        claim=claim,
        claimed_by=clean(claimed_by),
        claimed_at=from_ms(claimed_at),
        claimed_until=from_ms(claimed_until),
        nonce=nonce,
        place=place,
        ts=ts,
        digest=digest,
        said_at=None if said_at is None else from_ms(said_at),
        editions=editions,
        not_before=None if not_before is None else from_ms(not_before),
        reason=clean(reason),
    )
