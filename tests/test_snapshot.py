"""The picture of the store: whole, and the same whether taken anew or from the one before."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsdash import ownership, response
from opsdash.domain.alert import Acknowledgement, AlertState
from opsdash.domain.indicator import Level
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.on_call import OnCall
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.sample import Point
from opsdash.domain.source import EngineState, SourceState
from opsdash.domain.status import Status
from opsdash.domain.text import SafeText
from opsdash.domain.ticket import Priority, Ticket, TicketStatus
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.store import (
    alerts,
    changes,
    engine,
    lease,
    maintenance,
    overrides,
    readings,
    tickets,
)
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreNewer
from opsdash.store.opening import connect
from tests.domain.alerts import NOON, after, an_alert
from tests.engine.world import MARIA, SETUP
from tests.stored import end, put

Change = tuple[str, int, int]
_KINDS = (
    *(
        "fire",
        "fire",
        "pend",
        "resolve",
        "ack",
        "unack",
        "escalate",
        "undo",
        "read",
        "fail",
        "fill",
    ),
    *(
        "source",
        "warn",
        "ticket",
        "on call",
        "renew",
        "setup",
        "cover",
        "maintain",
        "take",
        "nothing",
        "wait",
        "wait long",
        "back",
    ),
)
_CHANGES = st.lists(
    st.tuples(st.sampled_from(_KINDS), st.integers(0, 5), st.integers(0, 3)), max_size=25
)


class Changed:
    """A store that is changed at random, at moments that only mostly go forward."""

    def __init__(self, store: Connection) -> None:
        self.store = store
        self.now = NOON
        store.write(engine.save_setup, SETUP, NOON)

    def do(self, change: Change) -> None:
        """Make one change."""
        kind, which, how = change
        self.now += timedelta(seconds=1)
        act: Callable[..., None] = getattr(self, "_" + kind.replace(" ", "_"))
        act(which, how)

    def _open(self, which: int) -> str | None:
        found = self.store.read(alerts.match, f"{which:02x}/")
        return next((alert.id for alert in found if alert.open), None)

    def _fire(self, which: int, how: int, state: AlertState = AlertState.FIRING) -> None:
        if self._open(which) is None:
            severity = ("critical", "warning", "info", "critical")[how]
            fired = an_alert(
                f"{which:02x}", state, fired_at=self.now, severity=severity, service=str(how % 2)
            )
            self.store.write(put, SETUP, self.now, fired)

    def _pend(self, which: int, how: int) -> None:
        self._fire(which, how, AlertState.PENDING)

    def _resolve(self, which: int, how: int) -> None:
        id = self._open(which)
        alert = self.store.read(alerts.load, id) if id else None
        if alert is not None:
            self.store.write(end, SETUP, self.now, [alert])

    def _ack(self, which: int, how: int) -> None:
        self.store.write(response.acknowledge, MARIA, self.now, [self._open(which) or "x"])

    def _unack(self, which: int, how: int) -> None:
        self.store.write(response.unacknowledge, MARIA, self.now, [self._open(which) or "x"])

    def _escalate(self, which: int, how: int) -> None:
        ids = [self._open(which) or "x"]
        self.store.write(response.escalate, MARIA, self.now, ids, {}, "why", how)

    def _cover(self, which: int, how: int) -> None:
        end = self.now + timedelta(hours=how)
        cover = Override("primary", OverrideKind.ADD, self.now, end, "lead")
        self.store.write(overrides.add, cover, self.now)

    def _maintain(self, which: int, how: int) -> None:
        end = self.now + timedelta(hours=how)
        window = Maintenance(0, self.now, end, SafeText("maria"), SafeText("work"))
        self.store.write(maintenance.add, window, self.now)

    def _take(self, which: int, how: int) -> None:
        self.store.write(ownership.take, MARIA, self.now, [self._open(which) or "x"])

    def _undo(self, which: int, how: int) -> None:
        self.store.write(response.undo, MARIA, self.now)

    def _read(self, which: int, how: int) -> None:
        level = list(Level)[how]
        self.store.write(readings.record, "errors", self.now, float(which), level, None, None, {})

    def _fail(self, which: int, how: int) -> None:
        self.store.write(readings.record_failure, "errors", self.now, f"reason {how}")

    def _fill(self, which: int, how: int) -> None:
        def fill(connection: sqlite3.Connection) -> None:
            points = [Point(self.now - timedelta(minutes=which * 7 + n), n) for n in range(how + 1)]
            readings.fill(connection, "errors", readings.MINUTE, points)
            changes.note_filled(connection)

        self.store.write(fill)

    def _source(self, which: int, how: int) -> None:
        state = list(SourceState)[how % 2]
        args = (f"s{which % 2}", "kind", state, self.now, timedelta(seconds=5), "r" * how or None)
        self.store.write(engine.record_source, *args)

    def _warn(self, which: int, how: int) -> None:
        self.store.write(engine.record_warnings, f"s{which % 2}", ["w"] * how, self.now)

    def _ticket(self, which: int, how: int) -> None:
        ticket = Ticket(
            which, SafeText("s"), SafeText("c"), NOON, list(Priority)[how], list(TicketStatus)[how]
        )
        self.store.write(tickets.save, ticket)

    def _on_call(self, which: int, how: int) -> None:
        self.store.write(engine.save_on_call, [OnCall("p", SafeText(f"n{how}"), after(which))])

    def _renew(self, which: int, how: int) -> None:
        if self.store.write(lease.take, f"engine {how}", self.now) is None:
            held = self.store.read(lease.find)
            assert held is not None
            self.store.write(lease.renew, held.epoch, self.now, self.now if how else None)

    def _setup(self, which: int, how: int) -> None:
        renamed = replace(SETUP, title=SafeText(f"title {how}"))
        self.store.write(engine.save_setup, renamed, self.now)

    def _nothing(self, which: int, how: int) -> None:
        pass

    def _wait(self, which: int, how: int) -> None:
        self.now += timedelta(minutes=which)

    def _wait_long(self, which: int, how: int) -> None:
        self.now += timedelta(minutes=59 + which)

    def _back(self, which: int, how: int) -> None:
        self.now -= timedelta(minutes=10 * which)


@settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
@given(_CHANGES)
def test_from_the_one_before_or_anew_it_is_the_same_picture(made: list[Change]) -> None:
    """Whatever changes, in whatever order and time: an incremental snapshot equals a full one."""
    with TemporaryDirectory() as folder:
        store = connect(Path(folder) / "opsdash.db")
        store.raw.execute("PRAGMA synchronous = OFF")
        changed = Changed(store)
        before = store.read(take_snapshot, changed.now)
        for change in made:
            changed.do(change)
            whole = store.read(take_snapshot, changed.now)
            before = store.read(take_snapshot, changed.now, before)
            assert before == whole, change
        store.close()


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """A store to change."""
    return Changed(connect(tmp_path / "opsdash.db"))


def _take(changed: Changed, before: Snapshot | None = None) -> Snapshot:
    return changed.store.read(take_snapshot, changed.now, before)


def test_an_empty_store_is_blind_and_says_so(tmp_path: Path) -> None:
    """Before any engine: unknown, with what is missing, not healthy."""
    picture = connect(tmp_path / "new.db").read(take_snapshot, NOON)
    assert (picture.status, picture.engine.state) == (Status.UNKNOWN, EngineState.NEVER)
    assert [p.text for p in picture.problems] == ["no engine has run yet: nothing is being read"]
    assert (picture.alerts, picture.panes, picture.as_of) == ((), (), None)


def test_what_did_not_change_is_the_same_object(changed: Changed) -> None:
    """Nothing changed costs nothing, and a screen can compare by identity."""
    for which in range(3):
        changed.do(("fire", which, 0))
    changed.do(("ticket", 1, 1))
    changed.do(("read", 1, 0))
    before = _take(changed)
    changed.do(("renew", 0, 1))
    later = _take(changed, before)
    assert later.alerts is before.alerts
    assert later.panes is before.panes
    assert later.incidents is before.incidents
    assert later.tickets is before.tickets
    assert later.engine != before.engine
    changed.do(("ack", 1, 0))
    after_ack = _take(changed, later)
    assert after_ack.panes is before.panes
    kept = {id(alert) for alert in after_ack.alerts} & {id(alert) for alert in before.alerts}
    assert len(kept) == 2


def test_a_resolved_alert_stays_for_an_hour(changed: Changed) -> None:
    """It is shown resolved, and leaves the picture by its age alone."""
    changed.do(("fire", 1, 0))
    changed.do(("resolve", 1, 0))
    before = _take(changed)
    assert [a.state for a in before.alerts] == [AlertState.RESOLVED]
    changed.now += timedelta(minutes=59, seconds=59)
    assert len(_take(changed, before).alerts) == 1
    changed.now += timedelta(seconds=2)
    later = _take(changed, before)
    assert (later.alerts, later.incidents) == ((), ())


def test_a_source_that_fell_silent_is_not_healthy(changed: Changed) -> None:
    """It said ok and nothing since: the engine lives, the tiles are fine, and still nobody knows."""
    changed.do(("source", 0, 0))
    changed.do(("source", 1, 0))
    changed.do(("renew", 0, 1))
    changed.do(("read", 0, 0))
    assert _take(changed).status is Status.HEALTHY
    for _ in range(60):
        changed.do(("renew", 0, 1))
        changed.do(("source", 0, 0))
    changed.do(("read", 0, 0))
    picture = _take(changed)
    assert picture.engine.state is EngineState.RUNNING
    assert picture.status is Status.UNKNOWN
    assert [p.text for p in picture.problems] == ["s1: has not answered since it was read last"]


@pytest.mark.parametrize("away", [13, -13, -3600])
def test_a_heartbeat_that_is_not_now_is_no_life(changed: Changed, away: int) -> None:
    """Too old, or from before the clock was set back: either way nobody acts now."""
    changed.do(("renew", 0, 1))
    assert _take(changed).engine.state is EngineState.RUNNING
    changed.now += timedelta(seconds=away)
    assert _take(changed).engine.state is EngineState.DOWN


def test_a_setup_of_another_version_is_said(changed: Changed) -> None:
    """A setup that cannot be understood is one line and no traceback; unknown extras are passed over."""

    def write(connection: sqlite3.Connection, body: str) -> None:
        connection.execute("UPDATE setup SET body = ?", (body,))
        changes.note_read(connection)

    changed.store.write(write, '{"title": "T", "later": 1}')
    assert _take(changed).setup.title == "T"
    for body in ('{"refresh": "five"}', "[]", "{", '{"theme": 1, "panes": [{"nope": 1}]}'):
        changed.store.write(write, body)
        with pytest.raises(StoreNewer, match="use the same version"):
            _take(changed)


def test_servers_whose_certificates_nobody_checks_are_said_for_good(changed: Changed) -> None:
    """It is a problem on every screen for as long as the configuration says so (F08)."""

    def write(connection: sqlite3.Connection, body: str) -> None:
        connection.execute("UPDATE setup SET body = ?", (body,))
        changes.note_read(connection)

    changed.store.write(write, '{"unverified": ["prometheus", "pager"]}')
    said = [str(problem.text) for problem in _take(changed).problems]
    assert "certificates of prometheus, pager are NOT verified (insecure_skip_verify)" in said
    changed.store.write(write, "{}")
    assert not [one for one in _take(changed).problems if one.id == "unverified"]


def test_people_and_engine_write_beside_each_other(changed: Changed) -> None:
    """What the engine observes never overwrites what a person decided in the meantime."""
    changed.do(("fire", 1, 0))
    (seen,) = _take(changed).alerts
    changed.do(("ack", 1, 0))
    changed.do(("escalate", 1, 2))
    observed = replace(seen, value=0.5)
    changed.store.write(lambda c: alerts.update_observed(c, observed, changes.next_change(c)))
    (now,) = _take(changed).alerts
    assert (now.value, now.level) == (0.5, 2)
    assert isinstance(now.acknowledgement, Acknowledgement)
