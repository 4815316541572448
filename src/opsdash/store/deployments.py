"""Deployments, the commits they brought, and up to which of them receivers were told."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from opsdash.domain.context import chosen, further_commits
from opsdash.domain.deployment import Commit, Deployment, DeploymentKind, telling, words
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.text import SafeText, clean
from opsdash.store import changes

SAME_REPORT = timedelta(minutes=15)
"""How far apart two reports of one version may be and still be a pipeline's retry."""

KEPT = timedelta(days=90)
"""How long deployments are kept."""

RECENT = timedelta(hours=6)
"""How long before an alert a deployment still belongs to its context."""

CHANGES_TOLD = 5
"""Changes that a page carries at most."""

_LOOK_AGAIN = timedelta(minutes=1)
_LOOK_UNTIL = timedelta(minutes=15)
_MOST = 1000

_COLUMNS = (
    "id, service, at, kind, version, revision, author, url, source, commits, commit_count, note"
)
_ALL = f"SELECT {_COLUMNS} FROM deployment"  # noqa: S608
_BETWEEN = _ALL + " WHERE at >= ? AND at <= ? ORDER BY at DESC, id DESC LIMIT ?"
_OF_SERVICE = _ALL + (
    " WHERE service = ? AND at >= ? AND at <= ? ORDER BY at DESC, id DESC LIMIT ?"
)
_BEFORE = _ALL + (
    " WHERE service = ? AND kind <> 'restart' AND at <= ? AND id <> ?"
    " ORDER BY at DESC, id DESC LIMIT 50"
)
_AFTER = _ALL + (
    " WHERE service = ? AND kind <> 'restart' AND at >= ? AND id <> ? ORDER BY at, id LIMIT 50"
)
_UNREAD = _ALL + (
    " WHERE service = ? AND at >= ? AND kind <> 'restart' AND (looked_at IS NULL"
    " OR (commits = '[]' AND at >= ? AND looked_at <= ?)) ORDER BY at, id LIMIT 20"
)
_UNTOLD = _ALL + " WHERE id > ? AND kind <> 'restart' AND at >= ? ORDER BY id LIMIT 20"


def record(connection: sqlite3.Connection, deployment: Deployment) -> bool:
    """Store a deployment; return False where it is there already, as after a pipeline's retry.

    A report is a retry where the service's report next to it, before or after, is of the same
    version and commit and at most a quarter of an hour away.
    """
    if deployment.kind is DeploymentKind.DEPLOY and _is_retry(connection, deployment):
        return False
    cursor = connection.execute(
        "INSERT INTO deployment (service, at, kind, version, revision, author, url, source,"
        " commits, commit_count, note, looked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (service, kind, version, revision, at) DO NOTHING",
        (
            deployment.service,
            to_ms(deployment.at),
            deployment.kind.value,
            deployment.version,
            deployment.commit,
            deployment.author,
            deployment.url,
            deployment.source,
            json.dumps(encode(deployment.commits), ensure_ascii=False),
            deployment.commit_count,
            deployment.note,
            # What comes with its commits needs no look into a repository.
            to_ms(deployment.at) if deployment.commits else None,
        ),
    )
    if cursor.rowcount == 1:
        changes.next_change(connection)
    return cursor.rowcount == 1


def load_recent(
    connection: sqlite3.Connection, services: Sequence[str], since: datetime, until: datetime
) -> tuple[Deployment, ...]:
    """Return the deployments of `services` (none: of all) in a span of time, newest first."""
    span = (to_ms(since), to_ms(until), _MOST)
    if not services:
        return tuple(map(_deployment, connection.execute(_BETWEEN, span)))
    found = [
        one
        for service in dict.fromkeys(services)
        for one in map(_deployment, connection.execute(_OF_SERVICE, (service, *span)))
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.id), reverse=True))


def recent_changes(
    connection: sqlite3.Connection,
    services: Sequence[str],
    now: datetime,
    within: timedelta = RECENT,
    alert_at: datetime | None = None,
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> tuple[SafeText, ...]:
    """Return what changed of `services` (none: of all) lately, one line each, newest first.

    Distances are to `alert_at`, else to `now`: `7m before`, and `2m after` for what came later.
    `annotations` are those of the alert, which may name the context that it wants.
    """
    moment = now if alert_at is None else alert_at
    found = load_recent(connection, services, moment - within, now)
    told = chosen(telling(found), annotations)[:CHANGES_TOLD]
    lines = [(words(one, moment), *further_commits(one, annotations)) for one in told]
    return tuple(text for some in lines for text in some)


def load_before(connection: sqlite3.Connection, deployment: Deployment) -> Deployment | None:
    """Return what ran before a deployment: the newest one before it of another version or commit."""
    key = (deployment.service, to_ms(deployment.at), deployment.id)
    earlier = map(_deployment, connection.execute(_BEFORE, key))
    return next((one for one in earlier if not _same_build(one, deployment)), None)


def load_unread(
    connection: sqlite3.Connection, services: Iterable[str], now: datetime
) -> tuple[Deployment, ...]:
    """Return the deployments of `services` whose commits are still to be looked for.

    A new one that was looked for in vain is looked for again each minute: a mirror may be behind.
    """
    oldest, again, looked = now - KEPT, now - _LOOK_UNTIL, now - _LOOK_AGAIN
    span = (to_ms(oldest), to_ms(again), to_ms(looked))
    return tuple(
        one
        for service in services
        for one in map(_deployment, connection.execute(_UNREAD, (service, *span)))
    )


def set_commits(
    connection: sqlite3.Connection,
    id: int,
    commits: Sequence[Commit],
    count: int,
    note: str,
    now: datetime,
) -> None:
    """Store what a repository says of a deployment, or in `note` why it says nothing."""
    connection.execute(
        "UPDATE deployment SET commits = ?, commit_count = ?, note = ?, looked_at = ? WHERE id = ?",
        (json.dumps(encode(tuple(commits)), ensure_ascii=False), count, note, to_ms(now), id),
    )
    changes.next_change(connection)


def load_untold(connection: sqlite3.Connection, since: datetime) -> tuple[Deployment, ...]:
    """Return what was deployed since `since` and receivers were not told of yet, as it came in."""
    values = (_told_until(connection), to_ms(since))
    return tuple(map(_deployment, connection.execute(_UNTOLD, values)))


def set_told(connection: sqlite3.Connection, id: int) -> None:
    """Note that receivers were told of the deployments up to `id`."""
    connection.execute(
        "INSERT INTO counter (name, value) VALUES ('deployment', ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (id,),
    )


def _told_until(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM counter WHERE name = 'deployment'").fetchone()
    return 0 if row is None else int(row[0])


def prune(connection: sqlite3.Connection, now: datetime) -> None:
    """Drop the deployments that are older than a quarter of a year, but for the last of each service.

    What ran before the next one must still be known; and SQLite would give the number of the very
    last one to the next, of which receivers would seem to be told.
    """
    connection.execute(
        "DELETE FROM deployment WHERE at < ?"
        " AND id NOT IN (SELECT max(id) FROM deployment GROUP BY service)",
        (to_ms(now - KEPT),),
    )


def _is_retry(connection: sqlite3.Connection, new: Deployment) -> bool:
    key = (new.service, to_ms(new.at), new.id)
    for query in (_BEFORE, _AFTER):
        others = map(_deployment, connection.execute(query, key))
        beside = next((one for one in others if one.kind is DeploymentKind.DEPLOY), None)
        same = beside is not None and (beside.version, beside.commit) == (new.version, new.commit)
        if beside is not None and same and abs(beside.at - new.at) <= SAME_REPORT:
            return True
    return False


def _same_build(one: Deployment, other: Deployment) -> bool:
    if one.version and other.version:
        return one.version == other.version
    return bool(one.commit) and one.commit == other.commit


def _deployment(row: tuple[Any, ...]) -> Deployment:
    (
        id, service, at, kind, version, revision, author, url, source, commits, count, note,
    ) = row  # fmt: skip
    found = [] if commits == "[]" else json.loads(commits)
    return Deployment(
        service=clean(service),
        at=from_ms(at),
        kind=DeploymentKind(kind),
        version=clean(version),
        commit=clean(revision),
        author=clean(author),
        url=clean(url),
        source=clean(source),
        commits=tuple(decode(Commit, one) for one in found),
        commit_count=count,
        note=clean(note),
        id=id,
    )
