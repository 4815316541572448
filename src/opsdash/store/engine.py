"""What the engine says of itself and its work: the setup it runs, its sources, problems, who is on call."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.escalation import DEFAULT_POLICY
from opsdash.domain.on_call import OnCall
from opsdash.domain.problem import Problem
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.setup import Setup
from opsdash.domain.source import SourceState, SourceView
from opsdash.domain.text import clean
from opsdash.store.changes import note_again, note_read
from opsdash.store.errors import StoreNewer

HOST = "host"
"""Under which name problems stand that are the host's own, whichever engine saw them."""


def save_setup(connection: sqlite3.Connection, setup: Setup, now: datetime) -> None:
    """Store the setup that this engine runs, for every screen to draw by."""
    connection.execute(
        "INSERT INTO setup (id, body, written_at) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " body = excluded.body, written_at = excluded.written_at",
        (json.dumps(encode(setup), ensure_ascii=False), to_ms(now)),
    )
    # Only an engine that starts, or reads another configuration, needs it.
    from opsdash.store import rotas

    rotas.note(connection, setup.schedules, now)
    note_read(connection)


def load_setup_text(connection: sqlite3.Connection) -> str | None:
    """Return the stored setup as it was encoded, None where no engine ever ran."""
    row = connection.execute("SELECT body FROM setup WHERE id = 1").fetchone()
    return None if row is None else row[0]


def decode_setup(text: str) -> Setup:
    """Return the setup that `load_setup_text` gave; raise StoreNewer where it cannot be understood."""
    try:
        setup = decode(Setup, json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreNewer(
            "the engine runs a setup that this opsdash does not understand; use the same version"
        ) from error
    return setup if setup.policies else replace(setup, policies=(DEFAULT_POLICY,))


def record_source(
    connection: sqlite3.Connection,
    id: str,
    kind: str,
    state: SourceState,
    now: datetime,
    interval: timedelta,
    reason: str | None,
) -> None:
    """Store how a source answered; `since` moves only when its state does."""
    told = (kind, state.value, interval // timedelta(milliseconds=1), reason)
    before = connection.execute(
        "SELECT kind, state, interval_ms, reason FROM source WHERE id = ?", (id,)
    ).fetchone()
    connection.execute(
        "INSERT INTO source (id, kind, state, since, last_success, interval_ms, reason, reads)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind,"
        " reads = source.reads + excluded.reads, read_before = CASE excluded.reads WHEN 0"
        " THEN source.read_before ELSE source.last_success END,"
        " since = CASE WHEN source.state = excluded.state THEN source.since"
        " ELSE excluded.since END, state = excluded.state,"
        " last_success = coalesce(excluded.last_success, source.last_success),"
        " interval_ms = excluded.interval_ms, reason = excluded.reason",
        (
            id,
            kind,
            state.value,
            to_ms(now),
            to_ms(now) if state is SourceState.OK else None,
            interval // timedelta(milliseconds=1),
            reason,
            int(state is SourceState.OK),
        ),
    )
    (note_again if before == told else note_read)(connection)


def await_source(
    connection: sqlite3.Connection, id: str, kind: str, now: datetime, interval: timedelta
) -> None:
    """Store a source that nobody has asked yet, so that its silence shows; a known one stays."""
    connection.execute(
        "INSERT INTO source (id, kind, state, since, last_success, interval_ms, reason)"
        " VALUES (?, ?, 'waiting', ?, NULL, ?, NULL) ON CONFLICT (id) DO NOTHING",
        (id, kind, to_ms(now), interval // timedelta(milliseconds=1)),
    )
    note_read(connection)


def load_sources(connection: sqlite3.Connection) -> tuple[SourceView, ...]:
    """Return how every source is."""
    rows = connection.execute(
        "SELECT id, kind, state, since, last_success, interval_ms, reason, reads FROM source"
        " ORDER BY id"
    )
    return tuple(
        SourceView(
            id=clean(id),
            kind=clean(kind),
            state=SourceState(state),
            since=from_ms(since),
            last_success=None if last_success is None else from_ms(last_success),
            interval=timedelta(milliseconds=interval),
            reason=None if reason is None else clean(reason),
            reads=reads,
        )
        for id, kind, state, since, last_success, interval, reason, reads in rows
    )


def forget_other_sources(connection: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Drop what is stored of sources that are configured no longer."""
    known = set(ids)
    note_read(connection)
    for (id,) in connection.execute("SELECT id FROM source").fetchall():
        if id not in known:
            _end_sightings(connection, id)
            connection.execute("DELETE FROM source WHERE id = ?", (id,))
    for (id,) in connection.execute("SELECT DISTINCT source FROM problem").fetchall():
        if id not in known and id != HOST:
            connection.execute("DELETE FROM problem WHERE source = ?", (id,))


def add_notice(connection: sqlite3.Connection, text: str, now: datetime) -> None:
    """Store what happened to the host itself, for every screen; the next of the same words is its own."""
    connection.execute(
        "INSERT INTO problem (source, text, since) VALUES (?, ?, ?)"
        " ON CONFLICT (source, text) DO UPDATE SET since = excluded.since",
        (HOST, text, to_ms(now)),
    )
    note_read(connection)


def forget_notices(connection: sqlite3.Connection, before: datetime) -> None:
    """Let what happened to the host before then be over."""
    done = connection.execute(
        "DELETE FROM problem WHERE source = ? AND since < ?", (HOST, to_ms(before))
    )
    if done.rowcount:
        note_read(connection)


def _end_sightings(connection: sqlite3.Connection, source: str) -> None:
    # Only an engine that starts needs it, and not every picture.
    from opsdash.store import sightings

    sightings.end_source(connection, source)


def record_warnings(
    connection: sqlite3.Connection, source: str, warnings: Iterable[str], now: datetime
) -> None:
    """Store what a source warns of now, each with since when; its other warnings are over."""
    present = list(dict.fromkeys(warnings))
    known = load_warnings(connection, source)
    if set(known) == set(present):
        return
    note_read(connection)
    for text in known:
        if text not in present:
            connection.execute("DELETE FROM problem WHERE source = ? AND text = ?", (source, text))
    for text in present:
        connection.execute(
            "INSERT INTO problem (source, text, since) VALUES (?, ?, ?)"
            " ON CONFLICT (source, text) DO NOTHING",
            (source, text, to_ms(now)),
        )


def load_warnings(connection: sqlite3.Connection, source: str) -> tuple[str, ...]:
    """Return what one source warns of, as it was recorded."""
    rows = connection.execute("SELECT text FROM problem WHERE source = ? ORDER BY text", (source,))
    return tuple(text for (text,) in rows)


def load_problems(connection: sqlite3.Connection) -> tuple[Problem, ...]:
    """Return what the sources warn of, oldest first."""
    rows = connection.execute(
        "SELECT source, text, since FROM problem ORDER BY since, source, text"
    )
    return tuple(
        Problem(f"warning:{source}", clean(f"{source}: {text}"), from_ms(since))
        for source, text, since in rows
    )


def save_on_call(connection: sqlite3.Connection, shifts: Iterable[OnCall]) -> None:
    """Store who is on call now on each schedule."""
    connection.execute("DELETE FROM on_call")
    connection.executemany(
        "INSERT INTO on_call (schedule, name, until) VALUES (?, ?, ?)",
        [(shift.schedule, shift.name, to_ms(shift.until)) for shift in shifts],
    )
    note_read(connection)


def load_on_call(connection: sqlite3.Connection) -> tuple[OnCall, ...]:
    """Return who is on call now on each schedule."""
    rows = connection.execute("SELECT schedule, name, until FROM on_call ORDER BY rowid")
    return tuple(OnCall(clean(s), clean(name), from_ms(until)) for s, name, until in rows)


def has_rules(connection: sqlite3.Connection) -> bool:
    """Whether any alert rule of our own is stored."""
    return connection.execute("SELECT 1 FROM rule LIMIT 1").fetchone() is not None
