"""The lease: which engine acts, until when, and the epoch that fences the one before."""

import sqlite3
from datetime import datetime, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.text import SafeText, clean

LENGTH = timedelta(seconds=6)
"""How long a lease lasts without renewal; a standby takes over after it."""


class LeaseLost(Exception):  # noqa: N818
    """Another engine holds the lease now: nothing of this transaction may be kept."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The row: who holds it (or last did), its epoch, and when it ran or runs out."""

    holder: SafeText
    epoch: int
    expires_at: datetime
    heartbeat_at: datetime
    cycle_at: datetime | None

    @property
    def released(self) -> bool:
        """Whether its holder gave it back when it ended."""
        return self.expires_at <= self.heartbeat_at


def find(connection: sqlite3.Connection) -> Lease | None:
    """Return the lease, None where no engine ever ran."""
    row = connection.execute(
        "SELECT holder, epoch, expires_at, heartbeat_at, cycle_at FROM lease WHERE id = 1"
    ).fetchone()
    if row is None:
        return None
    holder, epoch, expires_at, heartbeat_at, cycle_at = row
    return Lease(
        clean(holder),
        epoch,
        from_ms(expires_at),
        from_ms(heartbeat_at),
        None if cycle_at is None else from_ms(cycle_at),
    )


def is_free(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether no engine holds the lease, as far as a look without the write lock can tell."""
    current = find(connection)
    # A clock that jumped back must not keep everyone out: no live lease reaches that far ahead.
    return current is None or not now < current.expires_at <= now + 2 * LENGTH


def take(connection: sqlite3.Connection, holder: str, now: datetime) -> int | None:
    """Take a free or expired lease and return its new epoch; None while another engine holds it."""
    if not is_free(connection, now):
        return None
    current = find(connection)
    epoch = current.epoch + 1 if current else 1
    connection.execute(
        "INSERT INTO lease (id, holder, epoch, expires_at, heartbeat_at, cycle_at)"
        " VALUES (1, ?, ?, ?, ?, NULL) ON CONFLICT (id) DO UPDATE SET holder = excluded.holder,"
        " epoch = excluded.epoch, expires_at = excluded.expires_at,"
        " heartbeat_at = excluded.heartbeat_at",
        (holder, epoch, to_ms(now + LENGTH), to_ms(now)),
    )
    return epoch


def require(connection: sqlite3.Connection, epoch: int) -> None:
    """Raise LeaseLost where `epoch` is no longer the current one; first in every engine write."""
    current = find(connection)
    if current is None or current.epoch != epoch:
        raise LeaseLost


def renew(
    connection: sqlite3.Connection, epoch: int, now: datetime, cycle_at: datetime | None
) -> None:
    """Prolong the lease from `now`; `cycle_at` is when the last whole cycle ended."""
    require(connection, epoch)
    connection.execute(
        "UPDATE lease SET expires_at = ?, heartbeat_at = ?, cycle_at = coalesce(?, cycle_at)"
        " WHERE id = 1",
        (to_ms(now + LENGTH), to_ms(now), None if cycle_at is None else to_ms(cycle_at)),
    )


def touch(connection: sqlite3.Connection) -> None:
    """Write the lease as it is: this commits only where the store takes writes."""
    connection.execute("UPDATE lease SET holder = holder WHERE id = 1")


def release(connection: sqlite3.Connection, epoch: int) -> None:
    """Let a standby take over at once; nothing happens when the lease is another's already."""
    connection.execute(
        "UPDATE lease SET expires_at = heartbeat_at WHERE id = 1 AND epoch = ?", (epoch,)
    )
