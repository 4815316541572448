"""The picture that every screen and command draws: the store at one moment, frozen, with ages."""

import sqlite3
from collections.abc import Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from opsdash.collector import collector_paused
from opsdash.domain.alert import Alert
from opsdash.domain.alert_list import AlertList
from opsdash.domain.freshness import Freshness, engine_is_down, freshness
from opsdash.domain.frozen import dataclass
from opsdash.domain.incident import Incident
from opsdash.domain.indicator import Level, Pane, Reading
from opsdash.domain.letter import Letters, letter_problems
from opsdash.domain.next_step import NextStep
from opsdash.domain.on_call import OnCall
from opsdash.domain.problem import Problem
from opsdash.domain.rules.view import RuleView
from opsdash.domain.setup import Setup
from opsdash.domain.silence import Silence
from opsdash.domain.source import EngineState, EngineView, SourceView
from opsdash.domain.status import Status, status_of
from opsdash.domain.ticket import Ticket, ticket_order
from opsdash.domain.wholeness import exhausted_problems, is_blind, problems_of
from opsdash.registers import Registers, take_registers
from opsdash.roster import Roster, take_roster
from opsdash.store import alerts, changes, incidents, lease, tickets
from opsdash.told import Told, take_told

RESOLVED_SHOWN = timedelta(hours=1)
"""How long an alert or incident stays on the screen after it resolved."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One frozen picture of the store at `taken_at`.

    `as_of` is when the engine last finished a whole cycle. `alerts` are in the order of urgency,
    resolved ones last.
    `cursor` is the change number up to which it is complete, `read_mark` and `filled_mark` those of
    what the engine reads and of its series. `warnings` are what the sources themselves warn of.
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
    read_mark: int = 0
    filled_mark: int = 0
    warnings: tuple[Problem, ...] = ()
    registers: Registers = field(default_factory=Registers)
    roster: Roster = field(default_factory=Roster)

    @property
    def shown(self) -> AlertList:
        """The alerts, known by id and counted."""
        return self.alerts if isinstance(self.alerts, AlertList) else AlertList(self.alerts)

    @property
    def rules(self) -> tuple[RuleView, ...]:
        """Every alert rule: opsdash' own in the order of their files, then those of the sources."""
        return self.registers.rules

    @property
    def letters(self) -> Letters:
        """The newest messages, and what is wrong with those that do not arrive."""
        return self.registers.letters

    @property
    def told(self) -> Told:
        """What the engine had told of what it read."""
        return Told(
            self.setup,
            self.sources,
            self.panes,
            self.uptime,
            self.users,
            self.warnings,
            self.on_call,
        )

    def next_step(self, alert: Alert) -> NextStep:
        """Return what happens next to an alert, to whom and when."""
        return self.roster.next_step(alert, self.setup, self.taken_at)

    @property
    def silences(self) -> tuple[Silence, ...]:
        """The silences that have not ended or did within the hour, those that end first first."""
        return self.registers.silences


def with_start(snapshot: Snapshot, seconds: float, previous: Snapshot | None = None) -> Snapshot:
    """Return the picture with an engine on its way that should be at work in `seconds`; 0 for none."""
    if seconds <= 0:
        return snapshot
    until = snapshot.taken_at + timedelta(seconds=seconds)
    before = previous.engine.starting_until if previous else None
    # The same start told again must not look like news.
    if before is not None and abs(until - before) < timedelta(seconds=1):
        until = before
    return replace(snapshot, engine=replace(snapshot.engine, starting_until=until))


def take_snapshot(
    connection: sqlite3.Connection, now: datetime, previous: Snapshot | None = None
) -> Snapshot:
    """Return the picture of the store at `now`; runs inside a read transaction.

    With the `previous` picture only what changed since is read: the cost follows the changes and
    not the ten thousand alerts that stayed as they were.
    """
    if previous is not None and now < previous.taken_at:
        # The clock was set back: what left the picture by its age may belong to it again.
        previous = None
    marks = changes.counters(connection)
    held = lease.find(connection)
    engine_view = _engine_view(held, now)
    # What is over and still shown is counted in whole days.
    today = previous if previous is not None and previous.taken_at.date() == now.date() else None
    read_mark = marks["read"] + marks["again"]
    told_anew = today is None or today.read_mark != read_mark
    known = today.told if today is not None and today.filled_mark == marks["filled"] else None
    told = take_told(connection, now, known, told_anew)
    shown, open_incidents = _alerts(connection, now, previous, marks["change"])
    registers = take_registers(connection, now, previous.registers if previous else None, marks)
    before = None if previous is None else (previous.roster, previous.cursor)
    roster = take_roster(connection, now, shown.by_id.keys(), before, told_anew)
    problems = problems_of(engine_view, told.sources, told.setup, now)
    exhausted = exhausted_problems(shown, roster.climbs)
    blind = is_blind(engine_view, told.sources, told.setup, now)
    levels = [_fresh_level(r, told.setup, now) for pane in told.panes for r in pane.readings]
    return Snapshot(
        taken_at=now,
        setup=told.setup,
        status=status_of(shown.tally.worst, levels, blind),
        engine=engine_view,
        panes=told.panes,
        uptime=told.uptime,
        users=told.users,
        alerts=shown,
        incidents=open_incidents,
        tickets=_tickets(connection, previous, marks["change"]),
        sources=told.sources,
        problems=(*problems, *exhausted, *letter_problems(registers.letters, now), *told.warnings),
        on_call=told.on_call,
        as_of=None if held is None else held.cycle_at,
        cursor=marks["change"],
        read_mark=read_mark,
        filled_mark=marks["filled"],
        warnings=told.warnings,
        registers=registers,
        roster=roster,
    )


def _engine_view(held: lease.Lease | None, now: datetime) -> EngineView:
    if held is None:
        return EngineView(EngineState.NEVER)
    down = engine_is_down(now, held.heartbeat_at, held.released)
    state = EngineState.DOWN if down else EngineState.RUNNING
    return EngineView(state, held.holder, held.epoch, held.heartbeat_at)


def _alerts(
    connection: sqlite3.Connection, now: datetime, previous: Snapshot | None, cursor: int
) -> tuple[AlertList, tuple[Incident, ...]]:
    since = now - RESOLVED_SHOWN
    if previous is None:
        with collector_paused():
            found = (a for a in alerts.load_shown(connection, since) if _shown(a, since))
            return AlertList.by_urgency(found), incidents.load_shown(connection, since)
    changed = alerts.load_changed(connection, previous.cursor) if cursor != previous.cursor else []
    shown = _follow(previous.shown, changed, since)
    if cursor == previous.cursor and not _incident_aged(previous.incidents, since):
        return shown, previous.incidents
    before = {incident.id: incident for incident in previous.incidents}
    moved = {alert.incident for alert in changed if alert.incident is not None}
    return shown, incidents.load_moved(connection, since, before, previous.cursor, moved)


def _follow(before: AlertList, changed: Sequence[Alert], since: datetime) -> AlertList:
    """Return the alerts of before with what changed, in their order."""
    gone = [alert.id for alert in changed]
    # The ones that resolved first are at the end.
    for alert in reversed(before):
        if _shown(alert, since):
            break
        gone.append(alert.id)
    return before.follow([a for a in changed if _shown(a, since)], gone) if gone else before


def _incident_aged(before: tuple[Incident, ...], since: datetime) -> bool:
    return any(i.resolved_at is not None and i.resolved_at < since for i in before)


def _tickets(
    connection: sqlite3.Connection, previous: Snapshot | None, cursor: int
) -> tuple[Ticket, ...]:
    if previous is None:
        return tuple(sorted(tickets.load_all(connection), key=ticket_order))
    if cursor == previous.cursor:
        return previous.tickets
    changed = {t.number: t for t in tickets.load_changed(connection, previous.cursor)}
    if not changed:
        return previous.tickets
    kept = [ticket for ticket in previous.tickets if ticket.number not in changed]
    return tuple(sorted((*kept, *changed.values()), key=ticket_order))


def _shown(alert: Alert, since: datetime) -> bool:
    """A pending alert that never fired leaves without a trace on the screen."""
    return alert.resolved_at is None or (alert.fired_at is not None and alert.resolved_at >= since)


def _fresh_level(reading: Reading, setup: Setup, now: datetime) -> Level:
    fresh = freshness(now, setup.refresh, reading.read_at, reading.sampled_at)
    return reading.level if fresh is Freshness.LIVE else Level.UNKNOWN
