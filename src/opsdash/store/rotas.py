"""Schedules as they were: each version from when an engine first ran it. Nothing is deleted."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from opsdash.domain.override import Override
from opsdash.domain.record import decode, encode, from_ms, to_ms
from opsdash.domain.rota import Rota, bare, said
from opsdash.domain.schedule import Schedule, Shift
from opsdash.store import overrides

_NEWEST = "SELECT schedule, body FROM rota WHERE id IN (SELECT max(id) FROM rota GROUP BY schedule)"
_COUNTED = (
    "SELECT id, removed_at FROM on_call_override"
    " WHERE end_at >= ? AND (removed_at IS NULL OR removed_at > made_at)"
)


def note(connection: sqlite3.Connection, schedules: Iterable[Schedule], now: datetime) -> None:
    """Store each schedule that is not as it was, and that one which was is none any more."""
    known = dict(connection.execute(_NEWEST).fetchall())
    wanted = {
        one.id: json.dumps(encode(bare(one)), ensure_ascii=False, sort_keys=True)
        for one in schedules
    }
    gone = {id: "" for id, body in known.items() if body and id not in wanted}
    for id, body in {**wanted, **gone}.items():
        if known.get(id) != body:
            connection.execute(
                "INSERT INTO rota (schedule, since, body) VALUES (?, ?, ?)", (id, to_ms(now), body)
            )


def load(connection: sqlite3.Connection, schedule: str) -> tuple[Rota, ...]:
    """Return every version of a schedule, oldest first."""
    rows = connection.execute(
        "SELECT since, body FROM rota WHERE schedule = ? ORDER BY id", (schedule,)
    )
    return tuple(
        Rota(from_ms(since), decode(Schedule, json.loads(body)) if body else None)
        for since, body in rows
    )


def load_gone(connection: sqlite3.Connection, known: Iterable[str]) -> tuple[Schedule, ...]:
    """Return the schedules that once were and are none of `known`, each as it was last."""
    names = {schedule for (schedule,) in connection.execute("SELECT DISTINCT schedule FROM rota")}
    last = (
        [one.schedule for one in load(connection, name) if one.schedule is not None]
        for name in sorted(names - set(known))
    )
    return tuple(found[-1] for found in last if found)


def shifts_said(
    connection: sqlite3.Connection,
    schedule: Schedule,
    start: datetime,
    end: datetime,
    now: datetime,
) -> tuple[Shift, ...]:
    """Return who was on call from `start` to `end` as the rota said then, and who will be from `now` on."""
    counted = _as_they_counted(connection, start)
    return said(schedule, load(connection, schedule.id), counted, start, end, now)


def _as_they_counted(connection: sqlite3.Connection, since: datetime) -> tuple[Override, ...]:
    """Return the overrides that ever counted, each for the time in which it did.

    One that was made for an hour that had begun did not count before it was made.
    """
    found = []
    for id, removed_at in connection.execute(_COUNTED, (to_ms(since),)).fetchall():
        one = overrides.load_ever(connection, id)
        begins = max(one.start, one.made_at or one.start)
        ends = one.end if removed_at is None else min(one.end, from_ms(removed_at))
        if begins < ends:
            found.append(replace(one, start=begins, end=ends))
    return tuple(found)
