"""Shifts that are kept elsewhere, as the engine read them last: a read that fails keeps the one before."""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime

from opsdash.domain.feed import Feed, FeedState, fed
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean


def keep(connection: sqlite3.Connection, key: str, feed: Feed, now: datetime) -> None:
    """Store what was read."""
    connection.execute(
        "INSERT INTO shift_feed (key, body, read_at, failed_since, reason)"
        " VALUES (?, ?, ?, NULL, '') ON CONFLICT (key) DO UPDATE SET body = excluded.body,"
        " read_at = excluded.read_at, failed_since = NULL, reason = ''",
        (key, json.dumps(encode(feed), ensure_ascii=False), to_ms(now)),
    )


def note_failure(connection: sqlite3.Connection, key: str, reason: str, now: datetime) -> None:
    """Store that reading failed; what was read before stays, and since when it fails does."""
    connection.execute(
        "INSERT INTO shift_feed (key, body, read_at, failed_since, reason)"
        " VALUES (?, '{}', NULL, ?, ?) ON CONFLICT (key) DO UPDATE SET"
        " failed_since = coalesce(shift_feed.failed_since, excluded.failed_since),"
        " reason = excluded.reason",
        (key, to_ms(now), reason),
    )


def load(connection: sqlite3.Connection) -> dict[str, FeedState]:
    """Return every feed by its key."""
    rows = connection.execute("SELECT key, body, read_at, failed_since, reason FROM shift_feed")
    return {
        key: FeedState(
            decode(Feed, json.loads(body)),
            None if read_at is None else from_ms(read_at),
            None if failed_since is None else from_ms(failed_since),
            clean(reason),
        )
        for key, body, read_at, failed_since, reason in rows
    }


def untried(connection: sqlite3.Connection, keys: Collection[str]) -> tuple[str, ...]:
    """Return those of `keys` that nobody has tried to read yet."""
    known = {key for (key,) in connection.execute("SELECT key FROM shift_feed")}
    return tuple(key for key in keys if key not in known)


def forget_others(connection: sqlite3.Connection, keys: Collection[str]) -> None:
    """Drop what is stored of feeds that are configured no longer."""
    for (key,) in connection.execute("SELECT key FROM shift_feed").fetchall():
        if key not in keys:
            connection.execute("DELETE FROM shift_feed WHERE key = ?", (key,))


def filled(connection: sqlite3.Connection, setup: Setup) -> Setup:
    """Return `setup` with what was read last in those layers that have no turns yet."""
    layers = (layer for schedule in setup.schedules for layer in schedule.layers)
    empty = {layer.feed for layer in layers if layer.feed and not layer.turns}
    if not empty:
        return setup
    return fed(setup, {key: state for key, state in load(connection).items() if key in empty})
