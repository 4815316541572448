"""The step that brings home what people did at a pager: an acknowledgement there is one here.

A change is taken over once, and told on the timeline.
"""

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, cast

from opsdash.domain.alert import Alert
from opsdash.domain.incident import incident_number
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.engine.engine import Engine
from opsdash.engine.mirroring import Change, Mirroring
from opsdash.engine.poll import Poll
from opsdash.http.errors import RemoteError
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import alerts, engine, entries, lease, outbox

OVERLAP = timedelta(minutes=2)
"""How far back each look reaches beyond the one before: their clock is not ours."""

FIRST_LOOK = timedelta(minutes=15)
"""How far back the first look reaches."""


class Mirrored(Protocol):
    """A notifier that can say what people did at its receiver."""

    async def changes(self, since: datetime, keys: Iterable[str]) -> tuple[Change, ...]:
        """Return what happened since then to the incidents with these keys; raise NotifierError."""
        ...


def polls(engine_: Engine) -> dict[str, Poll[tuple[Change, ...]]]:
    """Return a poll for each notifier that can be asked, by its id."""
    return {
        id: _poll(engine_, id, cast("Mirrored", notifier))
        for id, notifier in engine_.notifiers.items()
        if hasattr(notifier, "changes")
    }


def _poll(engine_: Engine, id: str, notifier: Mirrored) -> Poll[tuple[Change, ...]]:
    looked_at: datetime | None = None

    async def look(now: datetime) -> tuple[Change, ...]:
        nonlocal looked_at
        keys = await engine_.store.read(outbox.open_keys, id)
        if not keys:
            return ()
        since = now - FIRST_LOOK if looked_at is None else looked_at - OVERLAP
        try:
            found = await notifier.changes(since, keys)
        except NotifierError as error:
            raise RemoteError(error.reason, error.retry_after) from None
        looked_at = now
        return found

    return Poll(id, "pager", engine_.setup.refresh, look)


async def mirror(engine_: Engine) -> None:
    """Take over what people did at the pagers since the last look, and look again."""
    for id, one in engine_.mirror_polls.items():
        moment = engine_.clock.monotonic()
        result = one.collect(moment)
        if result is not None:
            trouble = () if result.reason is None else (result.reason,)
            now = engine_.clock.now()
            found, setup = result.value or (), engine_.setup
            await engine_.store.write(_take_over, engine_.held, setup, id, found, trouble, now)
        one.begin(engine_.clock.now(), moment)


def _take_over(
    connection: sqlite3.Connection,
    epoch: int,
    setup: Setup,
    notifier: str,
    found: tuple[Change, ...],
    trouble: tuple[str, ...],
    now: datetime,
) -> None:
    lease.require(connection, epoch)
    engine.record_warnings(connection, notifier, trouble, now)
    mirroring = Mirroring(connection, notifier, setup, now)
    for change in sorted(found, key=lambda one: one.at):
        members = outbox.members_of(connection, change.key)
        for id in members or (change.key,):
            # One page may stand for many alerts: what is done there is done to each, once.
            operation = f"{notifier}:{change.id}" + (f":{id}" if members else "")
            alert = alerts.load(connection, id)
            if alert is None or not alert.open or entries.has_operation(connection, operation):
                continue
            mirroring.take_over(change, alert)
            _mark(connection, change, alert, operation)


def _mark(connection: sqlite3.Connection, change: Change, alert: Alert, operation: str) -> None:
    """Tell what was done there on the timeline, once."""
    number = incident_number(alert.incident)
    to = f" to {', '.join(name or id for id, name in change.to)}" if change.to else ""
    words = f"{change.kind} there{to}" + (f": {change.text}" if change.text else "")
    by = clean(f"{change.by or 'nobody'} at {operation.partition(':')[0]}")
    entry = Entry(change.at, by, EntryKind.NOTE, clean(words), alert=alert.id)
    entries.add(connection, entry, number, operation=operation)
