"""Which reads of which source showed an alert, written when that begins and when it ends.

In between nothing is written: the number of the source's last read says how often it was seen.
"""

import sqlite3
from collections.abc import Iterable

from opsdash.domain.record import from_ms
from opsdash.domain.sighting import RULES, Sighting

_BEGIN = (
    "INSERT INTO sighting (fingerprint, source, alert, first_read)"
    " SELECT ?, source.id, (SELECT alert.id FROM alert WHERE alert.fingerprint = ?"
    " AND alert.resolved_at IS NULL), source.reads FROM source WHERE source.id = ?"
    # A write whose end nobody knows is done again.
    " AND NOT EXISTS (SELECT 1 FROM sighting WHERE sighting.fingerprint = ?"
    " AND sighting.source = source.id AND sighting.last_read IS NULL)"
)
_END = (
    "UPDATE sighting SET last_read = (SELECT source.reads - 1 FROM source"
    " WHERE source.id = sighting.source), last_at = (SELECT source.read_before FROM source"
    " WHERE source.id = sighting.source) WHERE fingerprint = ? AND source = ? AND last_read IS NULL"
)
_OF_ALERT = (
    "SELECT sighting.source, first_read, last_read, last_at, source.kind FROM sighting"
    " LEFT JOIN source ON source.id = sighting.source WHERE alert = ? ORDER BY sighting.id"
)


def showing(connection: sqlite3.Connection, source: str) -> set[str]:
    """Return the fingerprints that a source showed when it was last looked at."""
    rows = connection.execute(
        "SELECT fingerprint FROM sighting WHERE source = ? AND last_read IS NULL", (source,)
    )
    return {fingerprint for (fingerprint,) in rows}


def note(
    connection: sqlite3.Connection, source: str, begun: Iterable[str], ended: Iterable[str]
) -> None:
    """Write that a source's last read shows what its read before did not, and the other way round."""
    connection.executemany(_END, [(fingerprint, source) for fingerprint in ended])
    connection.executemany(_BEGIN, [(name, name, source, name) for name in begun])


def begin_occurrence(connection: sqlite3.Connection, alert: str, fingerprint: str) -> None:
    """Count for a new occurrence from the last read on: what showed one before it is the other's."""
    connection.execute(
        "UPDATE sighting SET alert = ? WHERE fingerprint = ? AND alert IS NULL",
        (alert, fingerprint),
    )
    before = connection.execute(
        "SELECT source FROM sighting WHERE fingerprint = ? AND last_read IS NULL AND alert <> ?",
        (fingerprint, alert),
    ).fetchall()
    for (source,) in before:
        note(connection, source, (fingerprint,), (fingerprint,))


def load(connection: sqlite3.Connection, alert: str) -> Sighting | None:
    """Return how often one occurrence was seen, None where nothing is known of it."""
    rows = connection.execute(_OF_ALERT, (alert,)).fetchall()
    if not rows:
        return None
    over = [row for row in rows if row[2] is not None]
    return Sighting(
        reads=sum(last - first + 1 for _, first, last, _, kind in over if kind != RULES),
        last_at=max((from_ms(at) for *_, at, _ in over if at is not None), default=None),
        showing=tuple((source, first) for source, first, last, _, _ in rows if last is None),
    )


def end_source(connection: sqlite3.Connection, source: str) -> None:
    """End what a source shows that is configured no longer, at its last read."""
    connection.execute(
        "UPDATE sighting SET last_read = (SELECT reads FROM source WHERE source.id = ?),"
        " last_at = (SELECT last_success FROM source WHERE source.id = ?)"
        " WHERE source = ? AND last_read IS NULL",
        (source, source, source),
    )


def prune(connection: sqlite3.Connection) -> None:
    """Drop what belongs to occurrences that are not kept any more."""
    connection.execute(
        "DELETE FROM sighting WHERE last_read IS NOT NULL"
        " AND (alert IS NULL OR alert NOT IN (SELECT id FROM alert))"
    )
