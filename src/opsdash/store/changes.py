"""The change counter: what a reader compares to fetch only the rows that moved."""

import sqlite3
from typing import NamedTuple


class Marks(NamedTuple):
    """How far a store has moved.

    `drawn` differs whenever a picture would: counters, and who has the lease. `again` moves when what
    is drawn was read again, and is as it was.
    """

    drawn: tuple[int | None, ...]
    again: int


def next_change(connection: sqlite3.Connection) -> int:
    """Return the number that rows written in this transaction carry."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'change'")
    return last_change(connection)


def last_change(connection: sqlite3.Connection) -> int:
    """Return the number of the newest change."""
    return count(connection, "change")


def count(connection: sqlite3.Connection, name: str) -> int:
    """Return the value of one counter."""
    row = connection.execute("SELECT value FROM counter WHERE name = ?", (name,)).fetchone()
    value: int = row[0]
    return value


def next_incident(connection: sqlite3.Connection) -> int:
    """Return the next incident's number, never used before."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'incident'")
    return count(connection, "incident")


def note_read(connection: sqlite3.Connection) -> None:
    """Note that what the engine reads or says has moved: setup, readings, sources, who is on call."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'read'")


def note_again(connection: sqlite3.Connection) -> None:
    """Note that the engine has read again what it had read, and nothing is drawn otherwise for it.

    That it is still so is news only once what is drawn would be too old.
    """
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'again'")


def note_filled(connection: sqlite3.Connection) -> None:
    """Note that older points of the series were added: nobody's copy of them is whole any more."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'filled'")


def note_rules(connection: sqlite3.Connection) -> None:
    """Note that a rule stands otherwise, or is another."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'rule'")


def note_letters(connection: sqlite3.Connection) -> None:
    """Note that a message was written, or that something became of one."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'letter'")


def counters(connection: sqlite3.Connection) -> dict[str, int]:
    """Return every counter by its name."""
    return dict(connection.execute("SELECT name, value FROM counter").fetchall())


def marks(connection: sqlite3.Connection) -> Marks:
    """Return what tells whether a picture of the store would be another one.

    An engine that only prolongs its lease moves none of it.
    """
    *drawn, again = connection.execute(
        "SELECT (SELECT value FROM counter WHERE name = 'change'),"
        " (SELECT value FROM counter WHERE name = 'read'),"
        " (SELECT value FROM counter WHERE name = 'filled'),"
        " (SELECT value FROM counter WHERE name = 'rule'),"
        " (SELECT value FROM counter WHERE name = 'letter'),"
        " (SELECT value FROM counter WHERE name = 'silence'),"
        " (SELECT epoch FROM lease WHERE id = 1),"
        " (SELECT expires_at <= heartbeat_at FROM lease WHERE id = 1),"
        " (SELECT value FROM counter WHERE name = 'again')"
    ).fetchone()
    return Marks(tuple(drawn), again)


def told_until(connection: sqlite3.Connection) -> int:
    """Return up to when the demo's story is written, in milliseconds; 0 before it begins."""
    return count(connection, "told")


def set_told_until(connection: sqlite3.Connection, milliseconds: int) -> None:
    """Store up to when the demo's story is written."""
    connection.execute("UPDATE counter SET value = ? WHERE name = 'told'", (milliseconds,))


def ask_refresh(connection: sqlite3.Connection) -> None:
    """Ask the engine to read every source now instead of at the next interval."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'refresh'")


def stopgap_mark(connection: sqlite3.Connection) -> int:
    """Return which acts from memory were written last, 0 before the first."""
    row = connection.execute("SELECT value FROM counter WHERE name = 'stopgap'").fetchone()
    return 0 if row is None else int(row[0])


def set_stopgap_mark(connection: sqlite3.Connection, mark: int) -> None:
    """Note in the transaction that writes them which acts from memory these are."""
    connection.execute(
        "INSERT INTO counter (name, value) VALUES ('stopgap', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (mark,),
    )
