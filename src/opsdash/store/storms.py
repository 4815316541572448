"""The pages that a storm's page stands for, and which of them are still wanted when it is to leave."""

import json
import sqlite3
from collections.abc import Iterable

from opsdash.domain.frozen import dataclass
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.routing import Destination
from opsdash.store.changes import note_letters
from opsdash.store.outbox import Letter
from opsdash.store.pacing import Told

_WHY_NOT = (
    "CASE WHEN alert.id IS NULL OR resolved_at IS NOT NULL THEN 'resolved'"
    # What was asked for after somebody took it is wanted: a level that waits for a resolve.
    " WHEN acknowledged_by IS NOT NULL AND acknowledged_at > outbox.created_at"
    " THEN 'acknowledged'"
    " WHEN silenced_by <> '[]' OR inhibited_by <> '[]' THEN 'silenced' ELSE '' END"
)
_OF_STORM = (
    " FROM outbox LEFT JOIN alert ON alert.id = outbox.key WHERE bundle = ?"
    " AND outbox.state = 'bundled' AND left_at < ?"
)
_ALL = (
    f"SELECT outbox.id, key, step, outbox.created_at, page, left_at, {_WHY_NOT}"
    f"{_OF_STORM} ORDER BY outbox.id"
)
_WANTED = f"SELECT count(DISTINCT key){_OF_STORM} AND {_WHY_NOT} = ''"
_FOLLOWING = (
    "SELECT min(created_at) FROM outbox WHERE key = ? AND kind = 'trigger' AND notifier = ?"
    " AND address = ? AND id > ?"
)
_LATEST = 1 << 62


@dataclass(frozen=True, slots=True)
class Member:
    """One page that a storm's page told of: its row, its alert, and why it is not wanted any more.

    `told` is what it says, None where `why_not` says that it is not wanted; `is_news` whether the
    message told of it first.
    """

    id: int
    key: str
    is_news: bool
    why_not: str
    told: Told | None


def count_wanted(connection: sqlite3.Connection, letter: Letter) -> int:
    """Return how many alerts of those that a storm's message tells of still want a page."""
    until = _until(connection, letter)
    row = connection.execute(_WANTED, (letter.page.key, until)).fetchone()
    found: int = row[0]
    return found


def load_members(connection: sqlite3.Connection, letter: Letter) -> list[Member]:
    """Return what a storm's message tells of, oldest first: what it brought, and what was told before.

    What a later message under the same key brought is not among it.
    """
    place = letter.destination
    rows = connection.execute(_ALL, (letter.page.key, _until(connection, letter))).fetchall()
    since = to_ms(letter.created_at)
    # A message in place of another one brings all that the other one stands for.
    brought = {row[0] for row in rows if row[5] >= since} or {row[0] for row in rows}
    return [
        Member(
            *(id, key, id in brought, why_not),
            None
            if why_not
            else Told(
                *(id, key, step, from_ms(written), json.loads(page)),
                Destination(place.notifier, place.address, place.target, place.reached),
            ),
        )
        for id, key, step, written, page, _, why_not in rows
    ]


def drop_members(
    connection: sqlite3.Connection, letter: Letter, gone: Iterable[tuple[int, str]]
) -> None:
    """Take pages out of the storm that `letter` was to tell of, each by its row and with the reason.

    What somebody may have been told of stays in it, so that they are told when it is over: at this
    receiver, or at the one that was paged in its place.
    """
    (fallen_back,) = connection.execute(
        "SELECT fallen_back FROM outbox WHERE id = ?", (letter.id,)
    ).fetchone()
    if letter.unsure or fallen_back:
        return
    place = letter.destination
    connection.executemany(
        "UPDATE outbox SET state = 'dropped', answer = ? WHERE id = ? AND state = 'bundled'"
        " AND notifier = ? AND address = ?",
        [(reason, id, place.notifier, place.address) for id, reason in gone],
    )
    note_letters(connection)


def _until(connection: sqlite3.Connection, letter: Letter) -> int:
    """Return when the message after this one was written, in milliseconds; far ahead if there is none."""
    place = letter.destination
    row = connection.execute(
        _FOLLOWING, (letter.page.key, place.notifier, place.address, letter.id)
    ).fetchone()
    found: int | None = row[0]
    return _LATEST if found is None else found
