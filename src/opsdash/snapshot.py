"""The picture that every screen and command draws: the store at one moment, frozen, with ages."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from opsdash.domain.alert import Alert, urgency
from opsdash.domain.freshness import Freshness, freshness
from opsdash.domain.incident import Incident
from opsdash.domain.indicator import Indicator, Level, Pane, Reading
from opsdash.domain.on_call import OnCall
from opsdash.domain.problem import Problem
from opsdash.domain.sample import Point
from opsdash.domain.setup import Setup
from opsdash.domain.source import EngineState, EngineView, SourceState, SourceView
from opsdash.domain.span import format_span
from opsdash.domain.status import Status, system_status
from opsdash.domain.text import clean
from opsdash.domain.ticket import Ticket, ticket_order
from opsdash.store import alerts, changes, engine, incidents, lease, readings, tickets

__all__ = [
    "EngineState",
    "EngineView",
    "OnCall",
    "Problem",
    "Snapshot",
    "SourceState",
    "SourceView",
    "take_snapshot",
]

RESOLVED_SHOWN = timedelta(hours=1)
"""How long an alert or incident stays on the screen after it resolved."""

HISTORY_SHOWN = timedelta(hours=1)
"""How much of the minute series a snapshot carries for the sparklines."""

ENGINE_DOWN_AFTER = timedelta(seconds=12)
"""How long after its last heartbeat an engine counts as dead or hung."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One frozen picture of the store at `taken_at`.

    `as_of` is when the engine last finished a whole cycle. `alerts` are in the order of urgency,
    resolved ones last.
    `cursor` is the change number up to which it is complete.
    """

    taken_at: datetime
    setup: Setup
    status: Status
    engine: EngineView
    panes: tuple[Pane, ...] = ()
    uptime: Reading | None = None
    users: Reading | None = None
    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    sources: tuple[SourceView, ...] = ()
    problems: tuple[Problem, ...] = ()
    on_call: tuple[OnCall, ...] = ()
    as_of: datetime | None = None
    cursor: int = 0


def take_snapshot(
    connection: sqlite3.Connection, now: datetime, previous: Snapshot | None = None
) -> Snapshot:
    """Return the picture of the store at `now`; runs inside a read transaction.

    With the `previous` picture only what changed since is read: the cost follows the changes and
    not the ten thousand alerts that stayed as they were.
    """
    text = engine.load_setup_text(connection)
    setup = _setup(text) if text is not None else Setup()
    held = lease.find(connection)
    engine_view = _engine_view(held, now)
    sources = engine.load_sources(connection)
    shown = _alerts(connection, now, previous)
    panes, uptime, users = _panes(connection, setup, now, previous)
    problems = _problems(connection, engine_view, sources, now)
    blind = engine_view.state is not EngineState.RUNNING or any(
        source.state is not SourceState.OK for source in sources
    )
    levels = [_fresh_level(r, setup, now) for pane in panes for r in pane.readings]
    return Snapshot(
        taken_at=now,
        setup=setup,
        status=system_status(shown, levels, blind),
        engine=engine_view,
        panes=panes,
        uptime=uptime,
        users=users,
        alerts=shown,
        incidents=incidents.load_shown(connection, now - RESOLVED_SHOWN),
        tickets=tuple(sorted(tickets.load_all(connection), key=ticket_order)),
        sources=sources,
        problems=problems,
        on_call=engine.load_on_call(connection),
        as_of=None if held is None else held.cycle_at,
        cursor=changes.last_change(connection),
    )


@lru_cache(maxsize=2)
def _setup(text: str) -> Setup:
    return engine.decode_setup(text)


def _engine_view(held: lease.Lease | None, now: datetime) -> EngineView:
    if held is None:
        return EngineView(EngineState.NEVER)
    # Released early or silent for too long: either way nobody acts now.
    down = now - held.heartbeat_at > ENGINE_DOWN_AFTER or held.released
    state = EngineState.DOWN if down else EngineState.RUNNING
    return EngineView(state, held.holder, held.epoch, held.heartbeat_at)


def _alerts(
    connection: sqlite3.Connection, now: datetime, previous: Snapshot | None
) -> tuple[Alert, ...]:
    since = now - RESOLVED_SHOWN
    if previous is None:
        return _in_order(alerts.load_shown(connection, since), since)
    changed = alerts.load_changed(connection, previous.cursor)
    if not changed and all(_shown(a, since) for a in _resolved_tail(previous.alerts)):
        return previous.alerts
    merged = {alert.id: alert for alert in previous.alerts}
    merged.update((alert.id, alert) for alert in changed)
    return _in_order(merged.values(), since)


def _in_order(found: Iterable[Alert], since: datetime) -> tuple[Alert, ...]:
    return tuple(sorted((a for a in found if _shown(a, since)), key=urgency))


def _resolved_tail(shown: tuple[Alert, ...]) -> Iterable[Alert]:
    for alert in reversed(shown):
        if alert.resolved_at is None:
            return
        yield alert


def _shown(alert: Alert, since: datetime) -> bool:
    """A pending alert that never fired leaves without a trace on the screen."""
    return alert.resolved_at is None or (alert.fired_at is not None and alert.resolved_at >= since)


def _panes(
    connection: sqlite3.Connection, setup: Setup, now: datetime, previous: Snapshot | None
) -> tuple[tuple[Pane, ...], Reading | None, Reading | None]:
    stored = readings.load(connection)
    before = {r.indicator.id: r for r in _readings(previous)} if previous else {}

    def read(indicator: Indicator) -> Reading:
        history = _history(connection, indicator.id, before.get(indicator.id), now)
        return readings.reading(indicator, stored.get(indicator.id), history)

    panes = tuple(
        Pane(pane.id, pane.title, tuple(read(i) for i in pane.indicators)) for pane in setup.panes
    )
    uptime = read(setup.uptime) if setup.uptime else None
    users = read(setup.users) if setup.users else None
    return panes, uptime, users


def _readings(snapshot: Snapshot) -> Iterable[Reading]:
    yield from (r for r in (snapshot.uptime, snapshot.users) if r is not None)
    for pane in snapshot.panes:
        yield from pane.readings


def _history(
    connection: sqlite3.Connection, id: str, before: Reading | None, now: datetime
) -> tuple[Point, ...]:
    since = now - HISTORY_SHOWN
    if before is None or not before.history:
        return readings.points(connection, id, readings.MINUTE, since)
    # The newest minute may still be written to; everything before it is final.
    newest = before.history[-1].at
    kept = tuple(p for p in before.history if since <= p.at < newest)
    return kept + readings.points(connection, id, readings.MINUTE, newest)


def _fresh_level(reading: Reading, setup: Setup, now: datetime) -> Level:
    fresh = freshness(now, setup.refresh, reading.read_at, reading.sampled_at)
    return reading.level if fresh is Freshness.LIVE else Level.UNKNOWN


def _problems(
    connection: sqlite3.Connection,
    engine_view: EngineView,
    sources: tuple[SourceView, ...],
    now: datetime,
) -> tuple[Problem, ...]:
    """Everything that keeps the picture from being whole, the engine first."""
    found: list[Problem] = []
    if engine_view.state is EngineState.NEVER:
        found.append(Problem("engine", clean("no engine has run yet: nothing is being read")))
    if engine_view.state is EngineState.DOWN and engine_view.heartbeat_at:
        quiet = format_span(now - engine_view.heartbeat_at)
        text = f"ENGINE DOWN: {engine_view.holder} silent for {quiet}; nothing is read or paged"
        found.append(Problem("engine", clean(text), engine_view.heartbeat_at))
    for source in sources:
        if source.state is SourceState.FAILING:
            text = f"{source.id}: {source.reason or 'does not answer'}"
            found.append(Problem(f"source:{source.id}", clean(text), source.since))
    return (*found, *engine.load_problems(connection))
