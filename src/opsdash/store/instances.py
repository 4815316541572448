"""The instances of each watched service as the engine saw them last."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.rollout import Build, Instance
from opsdash.domain.text import clean


def load(connection: sqlite3.Connection) -> tuple[Instance, ...]:
    """Return every remembered instance."""
    rows = connection.execute("SELECT service, name, seen_at, builds, started_at FROM instance")
    return tuple(map(_instance, rows))


def save(
    connection: sqlite3.Connection, before: Iterable[Instance], after: Iterable[Instance]
) -> None:
    """Remember the instances `after` in place of those `before`."""
    kept, known = set(after), set(before)
    for one in known - kept:
        if not any((one.service, one.name) == (other.service, other.name) for other in kept):
            connection.execute(
                "DELETE FROM instance WHERE service = ? AND name = ?", (one.service, one.name)
            )
    for one in kept - known:
        connection.execute(
            "INSERT INTO instance (service, name, seen_at, builds, started_at)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (service, name) DO UPDATE SET"
            " seen_at = excluded.seen_at, builds = excluded.builds,"
            " started_at = excluded.started_at",
            (
                one.service,
                one.name,
                to_ms(one.seen_at),
                json.dumps(encode(one.builds), ensure_ascii=False),
                None if one.started_at is None else to_ms(one.started_at),
            ),
        )


def _instance(row: tuple[Any, ...]) -> Instance:
    service, name, seen_at, builds, started_at = row
    return Instance(
        service=clean(service),
        name=clean(name),
        seen_at=from_ms(seen_at),
        builds=tuple(decode(Build, one) for one in json.loads(builds)),
        started_at=None if started_at is None else from_ms(started_at),
    )
