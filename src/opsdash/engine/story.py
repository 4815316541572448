"""The demo's story: what its simulated people did, written once, whoever holds the lease."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, cast

from opsdash.domain.failures import FailureBatch
from opsdash.domain.incident import IncidentState, ResponseStatus, incident_number
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.ticket import Ticket
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.engine import failures
from opsdash.engine.engine import Engine
from opsdash.store import alerts, changes, entries, incidents, lease, tickets

_PATIENCE = timedelta(seconds=60)
"""How long an entry waits for the occurrence that it belongs to."""

_RESPONSE = {
    EntryKind.CLASSIFY: ResponseStatus.INVESTIGATING,
    EntryKind.ROOT_CAUSE: ResponseStatus.IDENTIFIED,
    EntryKind.DECISION: ResponseStatus.MITIGATING,
    EntryKind.ACTION: ResponseStatus.MONITORING,
}


class Story(Protocol):
    """What a simulated source has beyond an ordinary one: people acting on its incident."""

    def events(self, since: datetime, until: datetime) -> tuple[Entry, ...]:
        """Return the entries after `since` up to `until`; each `alert` is a fingerprint."""
        ...

    def tickets(self) -> tuple[Ticket, ...]:
        """Return the tickets that its customers have written."""
        ...

    def failures(self) -> tuple[FailureBatch, ...]:
        """Return the failures that they had looked into before it began, one batch a figure."""
        ...


async def tell_story(engine_: Engine) -> None:
    """Write what the simulated people of the demo did since the last beat."""
    story = next((s for s in engine_.alert_sources if hasattr(s, "events")), None)
    if story is None:
        return
    now = engine_.clock.now()
    simulated = cast("Story", story)
    if engine_.told_until is None:
        brought = simulated.tickets(), simulated.failures()
        engine_.told_until = await engine_.store.write(_begin, engine_.held, *brought, now)
    told = simulated.events(engine_.told_until, now)
    if engine_.notifiers:
        # Whom this engine pages itself, with a real page, the story does not page as well.
        told = tuple(entry for entry in told if entry.kind is not EntryKind.PAGE)
    if told:
        engine_.told_until = await engine_.store.write(_tell, engine_.held, told, now)
    else:
        engine_.told_until = now


def _begin(
    connection: sqlite3.Connection,
    epoch: int,
    brought: tuple[Ticket, ...],
    looked_into: tuple[FailureBatch, ...],
    now: datetime,
) -> datetime:
    """Bring the tickets and failures, and return up to when another engine has told the story, else `now`."""
    lease.require(connection, epoch)
    if not tickets.load_all(connection):
        for ticket in brought:
            tickets.save(connection, ticket)
    told = changes.told_until(connection)
    if told == 0:
        for batch in looked_into:
            failures.bring(connection, batch)
        changes.set_told_until(connection, to_ms(now))
        return now
    return min(from_ms(told), now)


def _tell(
    connection: sqlite3.Connection, epoch: int, told: tuple[Entry, ...], now: datetime
) -> datetime:
    """Write the entries and, in the same transaction, up to when: none twice, none left out."""
    lease.require(connection, epoch)
    until = now
    for entry in told:
        if not _write(connection, entry) and now - entry.at < _PATIENCE:
            # Its alert is read at the next refresh only; what comes after it waits with it.
            until = entry.at - timedelta(milliseconds=1)
            break
    changes.set_told_until(connection, to_ms(until))
    return until


def _write(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Write one entry, whose `alert` is a fingerprint, on the newest occurrence.

    False where there is no such occurrence yet.
    """
    fingerprint = entry.alert or ""
    number = alerts.last_occurrence(connection, fingerprint)
    alert = alerts.load(connection, f"{fingerprint}/{number}")
    if alert is None or (alert.resolved_at is None and alert.active_at > entry.at):
        return False
    incident = incident_number(alert.incident)
    entries.add(connection, replace(entry, alert=alert.id), incident)
    response = _RESPONSE.get(entry.kind)
    current = None if incident is None else incidents.load_state(connection, incident)
    if response is not None and current is not None and incident is not None:
        state, _, _ = current
        if state is not IncidentState.RESOLVED:
            change = changes.next_change(connection)
            incidents.set_state(connection, incident, state, response, None, change)
    return True
