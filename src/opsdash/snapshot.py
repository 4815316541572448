"""The picture that every screen and command draws: the store at one moment, frozen, with ages."""

import contextlib
import gc
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from functools import lru_cache

from opsdash.domain.alert import Alert
from opsdash.domain.alert_list import AlertList
from opsdash.domain.climb import NextStep
from opsdash.domain.freshness import Freshness, engine_is_down, freshness, is_silent
from opsdash.domain.frozen import dataclass
from opsdash.domain.incident import Incident
from opsdash.domain.indicator import Indicator, Level, Pane, Reading
from opsdash.domain.letter import Letters, letter_problems
from opsdash.domain.on_call import OnCall
from opsdash.domain.override import Override
from opsdash.domain.problem import Problem
from opsdash.domain.rules.view import RuleView
from opsdash.domain.sample import Point
from opsdash.domain.setup import Setup
from opsdash.domain.silence import Silence
from opsdash.domain.source import EngineState, EngineView, SourceState, SourceView
from opsdash.domain.span import format_span
from opsdash.domain.status import Status, status_of
from opsdash.domain.text import clean
from opsdash.domain.ticket import Ticket, ticket_order
from opsdash.registers import Registers, take_registers
from opsdash.roster import Roster, shown_since, take_roster
from opsdash.store import (
    alerts,
    changes,
    engine,
    failures,
    incidents,
    lease,
    overrides,
    readings,
    tickets,
)

__all__ = [
    "EngineState",
    "EngineView",
    "OnCall",
    "Problem",
    "Snapshot",
    "SourceState",
    "SourceView",
    "take_snapshot",
    "with_start",
]

RESOLVED_SHOWN = timedelta(hours=1)
"""How long an alert or incident stays on the screen after it resolved."""

HISTORY_SHOWN = timedelta(hours=1)
"""How much of the minute series a snapshot carries for the sparklines."""


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
    told = _told(connection, now, previous, marks)
    shown, open_incidents = _alerts(connection, now, previous, marks["change"])
    registers = take_registers(connection, now, previous.registers if previous else None, marks)
    before = None if previous is None else (previous.roster, previous.cursor)
    followed = previous is not None and _same_day(previous, now)
    told_anew = not followed or (previous is not None and previous.read_mark != marks["read"])
    roster = take_roster(connection, now, shown.by_id.keys(), before, told_anew)
    problems = _problems(engine_view, told.sources, told.setup, now)
    exhausted = exhausted_problems(shown, roster)
    blind = engine_view.state is not EngineState.RUNNING or any(
        _silent(source, told.setup, now) for source in told.sources
    )
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
        read_mark=marks["read"],
        filled_mark=marks["filled"],
        warnings=told.warnings,
        registers=registers,
        roster=roster,
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What the engine says: moves only when it has read something."""

    setup: Setup
    sources: tuple[SourceView, ...]
    panes: tuple[Pane, ...]
    uptime: Reading | None
    users: Reading | None
    warnings: tuple[Problem, ...]
    on_call: tuple[OnCall, ...]


def _told(
    connection: sqlite3.Connection,
    now: datetime,
    previous: Snapshot | None,
    marks: Mapping[str, int],
) -> _Told:
    whole = None if previous is not None and previous.filled_mark != marks["filled"] else previous
    if whole is not None and not _same_day(whole, now):
        whole = None
    if whole is not None and whole.read_mark == marks["read"] and not _history_aged(whole, now):
        return _Told(
            whole.setup,
            whole.sources,
            whole.panes,
            whole.uptime,
            whole.users,
            whole.warnings,
            whole.on_call,
        )
    text = engine.load_setup_text(connection)
    current = overrides.load_current(connection, shown_since(now))
    setup = Setup() if text is None else _setup(text, current)
    panes, uptime, users = _panes(connection, setup, now, whole)
    return _Told(
        setup,
        engine.load_sources(connection),
        panes,
        uptime,
        users,
        engine.load_problems(connection),
        engine.load_on_call(connection),
    )


def _same_day(previous: Snapshot, now: datetime) -> bool:
    """Whether what was over and is still shown is the same: it is counted in whole days."""
    return previous.taken_at.date() == now.date()


def _history_aged(previous: Snapshot, now: datetime) -> bool:
    """Whether a point of a sparkline has left the hour that is shown."""
    since = now - HISTORY_SHOWN
    return any(r.history and r.history[0].at < since for r in _readings(previous))


@lru_cache(maxsize=2)
def _setup(text: str, current: tuple[Override, ...]) -> Setup:
    return overrides.with_overrides(engine.decode_setup(text), current)


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
        with _collector_paused():
            found = (a for a in alerts.load_shown(connection, since) if _shown(a, since))
            return AlertList.by_urgency(found), incidents.load_shown(connection, since)
    changed = alerts.load_changed(connection, previous.cursor) if cursor != previous.cursor else []
    shown = _follow(previous.shown, changed, since)
    if cursor == previous.cursor and not _incident_aged(previous.incidents, since):
        return shown, previous.incidents
    before = {incident.id: incident for incident in previous.incidents}
    moved = {alert.incident for alert in changed if alert.incident is not None}
    return shown, incidents.load_moved(connection, since, before, previous.cursor, moved)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cyclic collector from walking ten thousand new rows again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


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


def _panes(
    connection: sqlite3.Connection, setup: Setup, now: datetime, previous: Snapshot | None
) -> tuple[tuple[Pane, ...], Reading | None, Reading | None]:
    stored = readings.load(connection)
    watched = any(indicator.investigate for indicator in setup.indicators)
    batches = failures.load_open(connection) if watched else {}
    before = {r.indicator.id: r for r in _readings(previous)} if previous else {}

    def read(indicator: Indicator) -> Reading:
        history = _history(connection, indicator.id, before.get(indicator.id), now)
        batch = batches.get(indicator.id) if indicator.investigate else None
        return readings.reading(indicator, stored.get(indicator.id), history, batch)

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
    return kept + readings.points(connection, id, readings.MINUTE, max(newest, since))


def _fresh_level(reading: Reading, setup: Setup, now: datetime) -> Level:
    fresh = freshness(now, setup.refresh, reading.read_at, reading.sampled_at)
    return reading.level if fresh is Freshness.LIVE else Level.UNKNOWN


def _silent(source: SourceView, setup: Setup, now: datetime) -> bool:
    """Whether nothing is known of what a source shows now, whatever it said last."""
    if source.state is not SourceState.OK or source.last_success is None:
        return True
    return is_silent(now, setup.refresh, source.last_success)


def _problems(
    engine_view: EngineView, sources: tuple[SourceView, ...], setup: Setup, now: datetime
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
        elif source.state is SourceState.OK and _silent(source, setup, now):
            text = f"{source.id}: has not answered since it was read last"
            found.append(Problem(f"source:{source.id}", clean(text), source.last_success))
    if setup.unverified:
        names = ", ".join(setup.unverified)
        text = f"certificates of {names} are NOT verified (insecure_skip_verify)"
        found.append(Problem("unverified", clean(text)))
    return tuple(found)


def exhausted_problems(shown: Iterable[Alert], roster: Roster) -> tuple[Problem, ...]:
    """What has reached everybody whom its policy names, and is nobody's still: said on every screen."""
    at = {c.alert: c.exhausted_at for c in roster.climbs.values() if c.exhausted_at is not None}
    found = [a for a in shown if a.id in at and a.needs_person] if at else []
    if not found:
        return ()
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    policy = roster.climbs[found[0].id].policy.id
    text = f"EXHAUSTED: {found[0].name}{more}: all of policy {policy} were paged, nobody has it"
    return (
        Problem("exhausted", clean(text), min(filter(None, map(at.get, (a.id for a in found))))),
    )
