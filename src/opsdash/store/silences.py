"""Silences: those that people made here, and those that Alertmanager has, mirrored."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from opsdash.domain.matchers import Matcher, Op
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.silence import Silence
from opsdash.domain.text import SafeText, clean

_COLUMNS = (
    "id, own, matchers, starts_at, ends_at, author, claimed, comment, made_at, ended_at, ended_by,"
    " revision, synced, remote, token, error, error_since"
)
_ALL = f"SELECT {_COLUMNS} FROM silence"  # noqa: S608 - column names only
_SINCE = _ALL + " WHERE ends_at >= ? AND (ended_at IS NULL OR ended_at >= ?) ORDER BY ends_at, id"
_BY_PREFIX = _ALL + " WHERE id = ? OR remote = ? OR (id >= ? AND id < ?) ORDER BY id LIMIT 100"
_MARKED = _ALL + " WHERE own = 1 AND (remote IS NOT NULL OR ends_at >= ?)"
_LAST_CHARACTER = "\U0010ffff"


def note_change(connection: sqlite3.Connection) -> None:
    """Note that a silence is another: everyone's copy of them is old."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'silence'")


def next_id(connection: sqlite3.Connection) -> str:
    """Return the id of the next silence made here, never used before."""
    connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'silence_made'")
    row = connection.execute("SELECT value FROM counter WHERE name = 'silence_made'").fetchone()
    return f"S{row[0]}"


def save(connection: sqlite3.Connection, silence: Silence) -> None:
    """Store a silence whole, new or changed."""
    connection.execute(
        "INSERT INTO silence (id, own, matchers, starts_at, ends_at, author, claimed, comment,"
        " made_at, ended_at, ended_by, revision, synced, remote, token, error, error_since)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " matchers = excluded.matchers, starts_at = excluded.starts_at, ends_at = excluded.ends_at,"
        " author = excluded.author, claimed = excluded.claimed, comment = excluded.comment,"
        " ended_at = excluded.ended_at, ended_by = excluded.ended_by, revision = excluded.revision,"
        " synced = excluded.synced, remote = excluded.remote, error = excluded.error,"
        " error_since = excluded.error_since",
        (
            silence.id,
            int(silence.own),
            _dump(silence.matchers),
            to_ms(silence.starts_at),
            to_ms(silence.ends_at),
            silence.author,
            json.dumps(dict(silence.claimed), ensure_ascii=False),
            silence.comment,
            _ms(silence.made_at),
            _ms(silence.ended_at),
            silence.ended_by,
            silence.revision,
            silence.synced,
            silence.remote,
            silence.token,
            silence.error,
            _ms(silence.error_since),
        ),
    )
    note_change(connection)


def load(connection: sqlite3.Connection, id: str) -> Silence | None:
    """Return one silence by its id."""
    row = connection.execute(_ALL + " WHERE id = ?", (id,)).fetchone()
    return None if row is None else _silence(row)


def load_since(connection: sqlite3.Connection, since: datetime) -> tuple[Silence, ...]:
    """Return the silences that have not ended, and those that did since `since`, by their end."""
    limit = to_ms(since)
    return tuple(map(_silence, connection.execute(_SINCE, (limit, limit))))


def load_marked(connection: sqlite3.Connection, since: datetime) -> tuple[Silence, ...]:
    """Return what was made here and may be in Alertmanager, or has to be."""
    return tuple(map(_silence, connection.execute(_MARKED, (to_ms(since),))))


def load_mirrored(connection: sqlite3.Connection) -> dict[str, Silence]:
    """Return what is mirrored of Alertmanager, by its id there."""
    rows = connection.execute(_ALL + " WHERE own = 0")
    return {silence.id: silence for silence in map(_silence, rows)}


def match(connection: sqlite3.Connection, prefix: str) -> list[Silence]:
    """Return the silences whose id is `prefix`, here or in Alertmanager, or begins with it."""
    where = (prefix, prefix, prefix, prefix + _LAST_CHARACTER)
    return list(map(_silence, connection.execute(_BY_PREFIX, where)))


def forget(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Drop what Alertmanager has no longer."""
    for id in ids:
        connection.execute("DELETE FROM silence WHERE id = ? AND own = 0", (id,))


def prune(connection: sqlite3.Connection, now: datetime, kept: timedelta) -> None:
    """Drop silences that ended longer than `kept` ago."""
    connection.execute("DELETE FROM silence WHERE ends_at < ?", (to_ms(now - kept),))


def _silence(row: tuple[Any, ...]) -> Silence:
    (
        id, own, matchers, starts_at, ends_at, author, claimed, comment, made_at, ended_at,
        ended_by, revision, synced, remote, token, error, error_since,
    ) = row  # fmt: skip
    return Silence(
        id=id,
        matchers=_matchers(matchers),
        starts_at=from_ms(starts_at),
        ends_at=from_ms(ends_at),
        author=clean(author),
        comment=clean(comment),
        own=bool(own),
        made_at=_moment(made_at),
        ended_at=_moment(ended_at),
        ended_by=None if ended_by is None else clean(ended_by),
        revision=revision,
        synced=synced,
        remote=remote,
        token=token,
        error=None if error is None else clean(error),
        error_since=_moment(error_since),
        claimed=_claims(json.loads(claimed)),
    )


def _dump(matchers: Iterable[Matcher]) -> str:
    return json.dumps([[m.name, m.op.value, m.value] for m in matchers], ensure_ascii=False)


def _matchers(text: str) -> tuple[Matcher, ...]:
    return tuple(Matcher(SafeText(n), Op(op), SafeText(v)) for n, op, v in json.loads(text))


def _claims(found: Mapping[str, str]) -> dict[str, SafeText]:
    return {str(name): clean(value) for name, value in found.items()}


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)
