"""The wall clock beside one that nobody can set: how far it has been moved since last looked."""

import sqlite3
from datetime import datetime, timedelta

from opsdash.domain.record import to_ms

TOLERANCE = timedelta(seconds=2)
"""How far the clocks may drift apart before it counts as somebody having set one."""


def moved(
    connection: sqlite3.Connection, now: datetime, boot: str, since_boot: timedelta
) -> timedelta:
    """Return how far the wall clock was set since it was last written down, zero where it was not.

    `boot` names this boot of the machine, `since_boot` is the time since then, that of sleep included:
    a suspended host has lost no time, a clock that was set has. After another boot nothing is known.
    """
    elapsed = since_boot // timedelta(milliseconds=1)
    row = connection.execute("SELECT wall, boot, since_boot FROM clock WHERE id = 1").fetchone()
    if row is None or row[1] != boot:
        return timedelta()
    step = timedelta(milliseconds=(to_ms(now) - row[0]) - (elapsed - row[2]))
    return step if abs(step) > TOLERANCE else timedelta()


def agree(connection: sqlite3.Connection, now: datetime, boot: str, since_boot: timedelta) -> bool:
    """Whether the clocks were written down during this boot, and none was set since."""
    row = connection.execute("SELECT boot FROM clock WHERE id = 1").fetchone()
    known = row is not None and row[0] == boot
    return known and not moved(connection, now, boot, since_boot)


def write(connection: sqlite3.Connection, now: datetime, boot: str, since_boot: timedelta) -> None:
    """Write both clocks down, to be compared with later."""
    connection.execute(
        "INSERT INTO clock (id, wall, boot, since_boot) VALUES (1, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET wall = excluded.wall, boot = excluded.boot,"
        " since_boot = excluded.since_boot",
        (to_ms(now), boot, since_boot // timedelta(milliseconds=1)),
    )


def move_messages(connection: sqlite3.Connection, step: timedelta) -> None:
    """Move what is to be sent, and when was paged, along with a wall clock that was set by `step`.

    Else an hour back would hold a waiting page for an hour, and an hour ahead repeat what was sent.
    """
    by = step // timedelta(milliseconds=1)
    connection.execute(
        "UPDATE outbox SET created_at = created_at + ?, due_at = due_at + ?,"
        " deadline_at = deadline_at + ? WHERE state IN ('waiting', 'sending')"
        " OR key IN (SELECT id FROM alert WHERE resolved_at IS NULL)",
        (by, by, by),
    )
    # What went within the last minute counts for the storm limit, whoever it was about.
    connection.execute(
        "UPDATE outbox SET left_at = left_at + ?"
        " WHERE left_at > (SELECT max(left_at) FROM outbox) - 3600000",
        (by,),
    )
