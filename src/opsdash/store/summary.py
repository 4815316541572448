"""What one line says of the store, in plain numbers and words: no more is read than it takes.

It imports no dataclass: `opsdash status --format tmux` runs every few seconds in every pane. The
rules are the snapshot's own, in `domain.freshness` and `domain.status`.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsdash.domain.freshness import (
    Freshness,
    engine_is_down,
    freshness,
    is_silent,
    picture_age,
)
from opsdash.domain.status import Status, status_of
from opsdash.store import schema

_FIRING = (
    "SELECT severity, count(*), count(acknowledged_at) FROM alert WHERE resolved_at IS NULL"
    " AND state = 'firing' AND silenced_by = '[]' AND inhibited_by = '[]' GROUP BY severity"
)


Summary = tuple[Status, int, int, int, timedelta | None]
"""The status, how many alerts fire unmuted (critical, warning, nobody's), the age if it is not live."""


def summarise_file(path: Path, now: datetime) -> Summary | None:
    """Return what `summarise` does of the store at `path`, None where the whole way has to say why not."""
    try:
        with closing(_open(path)) as connection:
            known = schema.version(connection) == schema.VERSION
            return summarise(connection, now) if known else None
    except (sqlite3.Error, ValueError, KeyError, TypeError):
        return None


def is_led(path: Path, now: datetime) -> bool | None:
    """Return whether an engine holds the lease of the store at `path`, None as `summarise_file` does."""
    try:
        with closing(_open(path)) as connection:
            known = schema.version(connection) == schema.VERSION
            return _is_led(connection, now) if known else None
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _open(path: Path) -> sqlite3.Connection:
    # In a URI these would end the path.
    name = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file:{name}?mode=ro", uri=True, isolation_level=None)
    connection.execute("BEGIN")
    return connection


def summarise(connection: sqlite3.Connection, now: datetime) -> Summary:
    """Return what one line says of a store.

    Raises sqlite3.Error where the tables are not as this opsdash knows them.
    """
    firing = {severity: (n, taken) for severity, n, taken in connection.execute(_FIRING)}
    critical, warning = (firing.get(name, (0, 0))[0] for name in ("critical", "warning"))
    worst = "critical" if critical else "warning" if warning else None
    row = connection.execute("SELECT body FROM setup WHERE id = 1").fetchone()
    setup = json.loads(row[0] if row else '{"refresh": 5000, "panes": []}')
    refresh = timedelta(milliseconds=setup["refresh"])
    wanted = [i["id"] for pane in setup["panes"] for i in pane["indicators"]]
    blind = _engine_down(connection, now) or _any_silent(connection, refresh, now)
    status = status_of(worst, _levels(connection, wanted, refresh, now), blind)
    row = connection.execute("SELECT cycle_at FROM lease WHERE id = 1").fetchone()
    age = picture_age(now, refresh, _moment(row[0]) if row and row[0] is not None else None)
    return status, critical, warning, sum(n - taken for n, taken in firing.values()), age


def _is_led(connection: sqlite3.Connection, now: datetime) -> bool:
    row = connection.execute("SELECT expires_at FROM lease WHERE id = 1").fetchone()
    return row is not None and now < _moment(row[0])


def _engine_down(connection: sqlite3.Connection, now: datetime) -> bool:
    row = connection.execute("SELECT expires_at, heartbeat_at FROM lease WHERE id = 1").fetchone()
    return row is None or engine_is_down(now, _moment(row[1]), row[0] <= row[1])


def _any_silent(connection: sqlite3.Connection, refresh: timedelta, now: datetime) -> bool:
    return any(
        state != "ok" or last is None or is_silent(now, refresh, _moment(last))
        for state, last in connection.execute("SELECT state, last_success FROM source")
    )


def _levels(
    connection: sqlite3.Connection, wanted: Iterable[str], refresh: timedelta, now: datetime
) -> Iterator[str]:
    rows = connection.execute("SELECT indicator, level, read_at, sampled_at FROM reading")
    stored = {row[0]: row[1:] for row in rows}
    for id in wanted:
        level, read_at, sampled_at = stored.get(id, ("unknown", None, None))
        moments = (None if at is None else _moment(at) for at in (read_at, sampled_at))
        yield level if freshness(now, refresh, *moments) is Freshness.LIVE else "unknown"


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
