"""Steps over alerts: read the sources, record what changed, open incidents, tell the demo's story."""

import logging
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, cast

from opsdash.domain.alert import Alert
from opsdash.domain.merge import Changes, Sight, begun_again, merge
from opsdash.domain.setup import Setup
from opsdash.domain.source import SourceState
from opsdash.domain.ticket import Ticket
from opsdash.domain.timeline import Entry
from opsdash.engine import occurrences
from opsdash.engine.engine import Engine
from opsdash.engine.poll import Poll, Result
from opsdash.sources.source import AlertReport, AlertSource
from opsdash.store import engine, lease, tickets

log = logging.getLogger("opsdash.engine")


def poll(source: AlertSource, setup: Setup) -> Poll[AlertReport]:
    """Return the poll that reads the alerts of `source`."""
    return Poll(source.id, source.kind, setup.refresh, source.alerts)


async def read_alerts(engine_: Engine) -> None:
    """Record the reads that ended and what they change, and begin those that are due."""
    moved = False
    again: set[str] = set()
    for one in engine_.alert_polls:
        result = one.collect(engine_.clock.monotonic())
        if result is not None:
            sight = _sight(engine_, one.id, result)
            if sight is not None:
                again |= begun_again(engine_.sights[one.id], sight)
                engine_.sights[one.id] = sight
                moved = True
            now, refresh = engine_.clock.now(), engine_.setup.refresh
            await engine_.store.write(_record_source, engine_.held, one, result, now, refresh)
        one.begin(engine_.clock.now(), engine_.clock.monotonic())
    if moved:
        await _follow(engine_, again)


def _sight(engine_: Engine, id: str, result: Result[AlertReport]) -> Sight | None:
    """Return what the source shows now, None where that is what it showed before."""
    report = result.value
    if report is None:
        return None
    before = engine_.sights[id]
    if report.unchanged and before is not None:
        if before.restarted == report.restarted:
            return None
        return replace(before, restarted=report.restarted)
    return Sight({o.fingerprint: o for o in report.observations}, report.restarted)


def _record_source(
    connection: sqlite3.Connection,
    epoch: int,
    one: Poll[AlertReport],
    result: Result[AlertReport],
    now: datetime,
    refresh: timedelta,
) -> None:
    lease.require(connection, epoch)
    report = result.value
    state = SourceState.FAILING if report is None else SourceState.OK
    engine.record_source(connection, one.id, one.kind, state, now, refresh, result.reason)
    warnings = () if report is None else report.warnings
    engine.record_warnings(connection, one.id, warnings, now)


async def _follow(engine_: Engine, again: set[str]) -> None:
    """Bring the store to what the sources show, and the mirror of it along."""
    now = engine_.clock.now()
    changes = merge(engine_.open_alerts, engine_.sights, now, again)
    if not changes:
        return
    opened = await engine_.store.write(_apply, engine_.held, changes, engine_.setup, now)
    for alert in changes.resolved:
        engine_.open_alerts.pop(alert.fingerprint, None)
    for alert in (*opened, *changes.updated):
        engine_.open_alerts[alert.fingerprint] = alert


def _apply(
    connection: sqlite3.Connection, epoch: int, changes: Changes, setup: Setup, now: datetime
) -> tuple[Alert, ...]:
    lease.require(connection, epoch)
    return occurrences.apply(connection, changes, setup, now)


class Story(Protocol):
    """What a simulated source has beyond an ordinary one: people acting on its incident."""

    def events(self, since: datetime, until: datetime) -> tuple[Entry, ...]:
        """Return the entries after `since` up to `until`; each `alert` is a fingerprint."""
        ...

    def tickets(self) -> tuple[Ticket, ...]:
        """Return the tickets that its customers have written."""
        ...


async def tell_story(engine_: Engine) -> None:
    """Write what the simulated people of the demo did since the last beat."""
    story = next((s for s in engine_.alert_sources if hasattr(s, "events")), None)
    if story is None:
        return
    now = engine_.clock.now()
    simulated = cast("Story", story)
    if engine_.told_until is None:
        await engine_.store.write(_bring_tickets, engine_.held, simulated.tickets())
    since, engine_.told_until = engine_.told_until or now, now
    told = simulated.events(since, now)
    if told:
        await engine_.store.write(_tell, engine_.held, told)


def _tell(connection: sqlite3.Connection, epoch: int, told: tuple[Entry, ...]) -> None:
    lease.require(connection, epoch)
    for entry in told:
        occurrences.tell(connection, entry)


def _bring_tickets(connection: sqlite3.Connection, epoch: int, brought: tuple[Ticket, ...]) -> None:
    lease.require(connection, epoch)
    if not tickets.load_all(connection):
        for ticket in brought:
            tickets.save(connection, ticket)
