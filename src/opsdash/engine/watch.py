"""Steps over alerts: read the sources, record what changed, open incidents."""

import sqlite3
from collections.abc import Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from opsdash.domain.alert import Alert
from opsdash.domain.merge import Changes, merge
from opsdash.domain.setup import Setup
from opsdash.domain.sight import Sight, begun_again, differences, remembered
from opsdash.domain.source import SourceState
from opsdash.engine import occurrences, tend
from opsdash.engine.engine import Engine
from opsdash.engine.poll import Poll, Result
from opsdash.sources.source import AlertReport, AlertSource
from opsdash.store import alerts, engine, lease

AT_ONCE = 250
"""Alerts written in one transaction: a storm must not keep a person's hand waiting."""


@runtime_checkable
class Forgetful(Protocol):
    """A source that answers `unchanged`, and can be told that its last answer was not kept."""

    def forget(self) -> None:
        """Give the whole list at the next read."""
        ...


def poll(source: AlertSource, setup: Setup) -> Poll[AlertReport]:
    """Return the poll that reads the alerts of `source`."""
    return Poll(source.id, source.kind, setup.refresh, source.alerts)


async def begin(engine_: Engine) -> None:
    """Start from what the store holds: the open occurrences, and what each source showed of them."""
    engine_.sights = {source.id: None for source in engine_.alert_sources}
    engine_.begun_again = set()
    engine_.unfollowed = False
    engine_.differing = set()
    forget(engine_)
    await _mirror(engine_)
    views = {view.id: view for view in await engine_.store.read(engine.load_sources)}
    engine_.earlier = {
        source.id: remembered(engine_.open_alerts.values(), source.id, at)
        for source in engine_.alert_sources
        if (view := views.get(source.id)) and (at := view.last_success)
    }


def forget(engine_: Engine) -> None:
    """Have every source tell all it knows at its next read: an answer may have been lost."""
    for source in engine_.alert_sources:
        if isinstance(source, Forgetful):
            source.forget()


async def _mirror(engine_: Engine) -> None:
    engine_.open_alerts = await engine_.store.read(alerts.load_open)
    engine_.mirror_whole = True


async def read_alerts(engine_: Engine) -> None:
    """Record the reads that ended and what they change, and begin those that are due."""
    for one in engine_.alert_polls:
        result = one.collect(engine_.clock.monotonic())
        one.begin(engine_.clock.now(), engine_.clock.monotonic())
        if result is not None:
            see(engine_, one.id, result)
            now, refresh = engine_.clock.now(), engine_.setup.refresh
            await engine_.store.write(_record_source, engine_.held, one, result, now, refresh)
            if result.value is None or not engine_.behind:
                one.ended_at = result.begun_at
            else:
                engine_.following.append((one, result.begun_at))
    if engine_.behind or not engine_.mirror_whole:
        await _follow(engine_)


def see(engine_: Engine, id: str, result: Result[AlertReport]) -> None:
    """Keep what the source shows now, and that the store has yet to follow it."""
    report = result.value
    if report is None:
        return
    before = engine_.sights[id]
    shown = {o.fingerprint: o for o in report.observations}
    # A source that cannot say so may have shown the same again all the same.
    if before is not None and (
        report.unchanged or (shown == before.observations and report.ended == before.ended)
    ):
        # The sight as it was, seen again now: what fires anew after this began after it.
        sight = replace(before, restarted=report.restarted, at=result.begun_at)
        engine_.unfollowed |= before.restarted != report.restarted
    else:
        sight = Sight(shown, report.restarted, result.begun_at, report.ended)
        engine_.begun_again |= begun_again(before or engine_.earlier.get(id), sight)
        differing = None if before is None else differences(before, sight)
        if differing is None:
            engine_.unfollowed = True
        else:
            engine_.differing |= differing
    engine_.earlier.pop(id, None)
    engine_.sights[id] = sight


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
    if report is not None:
        engine.record_warnings(connection, one.id, report.warnings, now)


async def _follow(engine_: Engine) -> None:
    """Bring the store to what the sources show, and the mirror of it along."""
    only: Set[str] | None = engine_.differing | engine_.begun_again
    if engine_.unfollowed or not engine_.mirror_whole:
        only = None
    if not engine_.mirror_whole:
        await _mirror(engine_)
    now, muting = engine_.clock.now(), engine_.silencing.muting
    changes = merge(engine_.open_alerts, engine_.sights, now, engine_.begun_again, muting, only)
    for part in changes.parts(AT_ONCE):
        opened = await engine_.store.write(_apply, engine_.held, part, engine_.setup, now)
        for alert in part.resolved:
            engine_.open_alerts.pop(alert.fingerprint, None)
        # A part that was written must not be resolved again when a later one fails.
        engine_.begun_again -= {alert.fingerprint for alert in (*part.resolved, *opened)}
        for alert in (*opened, *part.updated):
            engine_.open_alerts[alert.fingerprint] = alert
        await tend.renew_lease(engine_)
    engine_.begun_again.clear()
    engine_.unfollowed = False
    engine_.differing.clear()
    for one, begun_at in engine_.following:
        one.ended_at = begun_at
    engine_.following.clear()


def _apply(
    connection: sqlite3.Connection, epoch: int, changes: Changes, setup: Setup, now: datetime
) -> tuple[Alert, ...]:
    lease.require(connection, epoch)
    return occurrences.apply(connection, changes, setup, now)
