"""The simulation as a source: what an engine that asks it is told over time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.alert import AlertState, Observation
from opsdash.domain.indicator import Indicator, Unit
from opsdash.domain.labels import fingerprint
from opsdash.domain.text import SafeText
from opsdash.domain.ticket import Priority
from opsdash.domain.timeline import EntryKind
from opsdash.presets import DEFAULT_SETUP
from opsdash.sources.simulated import SimulatedSource
from opsdash.sources.simulation.clock import SimulatedClock
from opsdash.sources.simulation.story import FIRED, LOOP, RESOLVED, SCRIPT
from opsdash.sources.source import AlertSource, MetricSource

START = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
SPEED = 3.0
CLOCK = SimulatedClock(START, SPEED)


@pytest.fixture
def source() -> SimulatedSource:
    """A simulation that began at START."""
    return SimulatedSource(CLOCK, seed=1)


def _after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def _alerts(source: SimulatedSource, at: datetime) -> Mapping[str, Observation]:
    report = await source.alerts(at)
    return {str(o.labels["alertname"]): o for o in report.observations}


def test_it_is_both_kinds_of_source(source: SimulatedSource) -> None:
    """The engine can ask it for metrics and for alerts."""
    metrics: MetricSource = source
    alerts: AlertSource = source
    assert (metrics.id, alerts.kind) == ("simulation", "simulated")


async def test_it_answers_every_default_indicator(source: SimulatedSource) -> None:
    """No default tile of the demo is without a value, and each value is as old as the question."""
    answers = await source.read(DEFAULT_SETUP.indicators, _after(5))
    assert set(answers) == {i.id for i in DEFAULT_SETUP.indicators}
    assert all(a.value is not None and a.reason is None for a in answers.values())
    assert {a.sampled_at for a in answers.values()} == {_after(5)}
    assert answers["disk"].labels["mountpoint"] == "/var"


async def test_a_figure_it_does_not_have_is_absent_with_the_reason(
    source: SimulatedSource,
) -> None:
    """An indicator of the user's own is no data in the demo, and says why."""
    own = Indicator("queue_depth", SafeText("Queue"), "sum(queue)", Unit.COUNT, compare=_DAY)
    for answers in (await source.read([own], START), await source.compare([own], START)):
        assert answers["queue_depth"].value is None
        assert answers["queue_depth"].reason == "the simulation has no such figure"
    assert await source.history([own], START, START, timedelta(minutes=1)) == {"queue_depth": ()}


_DAY = timedelta(days=1)


@pytest.mark.parametrize("minutes", [0, 20, 300])
async def test_users_are_compared_with_simulated_yesterday(
    source: SimulatedSource, minutes: float
) -> None:
    """Users are up by some 15 % at the start, and never compared with another time of day."""
    users = [i for i in DEFAULT_SETUP.indicators if i.id == "users"]
    at = START + timedelta(minutes=minutes)
    now = (await source.read(users, at))["users"].value
    then = (await source.compare(users, at))["users"].value
    assert now is not None and then is not None
    low, high = (14, 16) if minutes == 0 else (3, 16)
    assert low <= 100 * (now / then - 1) <= high


async def test_charts_are_full_from_the_first_moment(source: SimulatedSource) -> None:
    """A day of history is there at the start, quiet until the incident and then rising."""
    indicators = DEFAULT_SETUP.indicators
    history = await source.history(indicators, START - _DAY, START, timedelta(minutes=1))
    assert {len(points) for points in history.values()} == {1441}
    errors = [p.value for p in history["error_ratio"]]
    assert max(errors[:-7]) < 0.001
    assert errors[-1] > 0.01
    assert history["p95"][0].at == START - _DAY
    assert history["p95"][-1].at == START


async def test_history_is_what_was_read(source: SimulatedSource) -> None:
    """A chart drawn later shows the values that were on screen, at any speed."""
    indicators = DEFAULT_SETUP.indicators
    history = await source.history(indicators, START, _after(120), timedelta(seconds=30))
    for position, seconds in enumerate((0, 30, 60, 90, 120)):
        answers = await source.read(indicators, _after(seconds))
        assert {n: points[position].value for n, points in history.items()} == {
            name: answer.value for name, answer in answers.items()
        }


async def test_an_alert_is_pending_fires_and_vanishes(source: SimulatedSource) -> None:
    """HighErrorRate counts down to its firing, keeps its times, and is gone once it is resolved."""
    pending = (await _alerts(source, START))["HighErrorRate"]
    assert (pending.state, pending.fired_at) == (AlertState.PENDING, None)
    assert pending.fires_at == _after(24)
    firing = (await _alerts(source, _after(25)))["HighErrorRate"]
    assert firing.state is AlertState.FIRING
    assert (firing.active_at, firing.fired_at) == (pending.active_at, _after(24))
    assert firing.fires_at is None
    assert firing.value == pytest.approx(0.025, abs=0.0005)
    assert firing.annotations["description"].startswith("2.5")
    assert firing.annotations["summary"] == "High error rate detected in payments API"
    assert firing.fingerprint == pending.fingerprint == fingerprint(firing.labels)
    assert "HighErrorRate" not in await _alerts(source, CLOCK.moment(RESOLVED))
    again = (await _alerts(source, CLOCK.moment(LOOP + FIRED)))["HighErrorRate"]
    assert again.fingerprint == firing.fingerprint
    assert again.active_at != firing.active_at


async def test_other_alerts_are_there_at_rest(source: SimulatedSource) -> None:
    """One warning waits for a person, one is silenced, one resolves soon, one only comes and goes."""
    at_first = await _alerts(source, START)
    assert at_first["DiskWillFill"].state is AlertState.FIRING
    assert at_first["DiskWillFill"].silenced_by == ()
    assert at_first["CertExpiresSoon"].silenced_by
    assert at_first["ReplicaLag"].state is AlertState.FIRING
    assert "ReplicaLag" not in await _alerts(source, _after(25))
    states = set()
    for seconds in range(0, 1800, 3):
        seen = await _alerts(source, _after(seconds))
        database = seen.get("DatabasePerformanceDegraded")
        states.add(database and database.state)
        assert seen["DiskWillFill"].active_at == at_first["DiskWillFill"].active_at
    assert states == {None, AlertState.PENDING}


async def test_a_disk_that_fills_counts_down(source: SimulatedSource) -> None:
    """What the alert says of the time left follows the figure that the tile shows."""
    said = [
        (await _alerts(source, START + timedelta(hours=hours)))["DiskWillFill"]
        for hours in (0, 1, 2)
    ]
    texts = [str(alert.annotations["description"]) for alert in said]
    assert texts[0] == "full in 21h at the growth of the last 6h"
    left = [float(text.split()[2].removesuffix("h")) for text in texts]
    assert left == sorted(left, reverse=True)
    assert left[0] - left[2] >= 4
    answers = await source.read(DEFAULT_SETUP.indicators, START)
    assert answers["disk"].labels["instance"] == said[0].labels["instance"]
    assert answers["disk"].labels["mountpoint"] == said[0].labels["mountpoint"]


async def test_no_alert_is_from_the_future(source: SimulatedSource) -> None:
    """Whatever is asked when, a condition began before now, fired before now, and fires after."""
    for seconds in range(-60, 4000, 7):
        now = _after(seconds)
        for alert in (await source.alerts(now)).observations:
            assert alert.active_at is not None and alert.active_at <= now
            assert (alert.fired_at is None) == (alert.state is AlertState.PENDING)
            assert alert.fired_at is None or alert.active_at < alert.fired_at <= now
            assert alert.fires_at is None or now < alert.fires_at


def test_the_story_is_told_in_the_words_of_the_guide(source: SimulatedSource) -> None:
    """Page, join, root cause, classification, options, choice, scaling, recovery, communication."""
    told = source.events(START - _DAY, CLOCK.moment(LOOP - 1000))
    assert len(told) == len(SCRIPT)
    assert [e.at for e in told] == sorted(e.at for e in told)
    wanted = [
        EntryKind.PAGE, EntryKind.JOIN, EntryKind.ROOT_CAUSE, EntryKind.CLASSIFY, EntryKind.OPTION,
        EntryKind.DECISION, EntryKind.ACTION, EntryKind.STATUS, EntryKind.COMMS, EntryKind.REVIEW,
    ]  # fmt: skip
    order = [e.kind for e in told]
    last = {kind: len(order) - order[::-1].index(kind) for kind in wanted}
    assert sorted(wanted, key=last.__getitem__) == wanted
    texts = "\n".join(e.text for e in told)
    for words in (
        "Paged John",
        "Payment service consuming 100% CPU",
        "ETA: 15 minutes",
        "Option A: Rollback code change (5 min)",
        "Option B: Scale payment service (3 min)",
        "Choice: Option B (quicker, safer)",
        "pods: 2 → 4",
        "2.5% → 0.3%",
        "resolved in 8 minutes",
        "All payments were queued and processed successfully",
        "Code change lacked load testing",
    ):
        assert words in texts
    fired, resolved = CLOCK.moment(FIRED), CLOCK.moment(RESOLVED)
    assert f"Brief service disruption {fired:%H:%M}-{resolved:%H:%M} UTC." in texts
    assert {e.alert for e in told} == {
        fingerprint(
            {"alertname": "HighErrorRate", "job": "payments-api", "severity": "critical",
             "team": "payments", "page": "primary"}
        )
    }  # fmt: skip


def test_nothing_is_told_before_the_engine_can_have_seen_it(source: SimulatedSource) -> None:
    """The page is told a refresh after the alert fired, and bears the moment at which it was."""
    fired = CLOCK.moment(FIRED)
    assert source.events(START, fired + timedelta(seconds=3)) == ()
    page = source.events(START, fired + timedelta(seconds=8))[0]
    assert fired < page.at < fired + timedelta(seconds=3)


@settings(max_examples=30)
@given(st.lists(st.floats(-100, 5000), min_size=1, max_size=20))
def test_no_entry_is_told_twice_or_left_out(cuts: list[float]) -> None:
    """However an engine cuts time into beats, it is told every entry once."""
    source = SimulatedSource(CLOCK)
    moments = [START - _DAY, *(_after(c) for c in sorted(cuts)), _after(6000)]
    parts = [source.events(a, b) for a, b in pairwise(moments)]
    assert tuple(e for part in parts for e in part) == source.events(moments[0], moments[-1])


def test_open_tickets_are_as_old_as_on_the_day_of_the_incident(source: SimulatedSource) -> None:
    """The P1 ticket is 48 minutes old when the demo opens; resolved ones keep their dates."""
    tickets = source.tickets()
    urgent = next(t for t in tickets if t.open and t.priority is Priority.P1)
    assert START - urgent.created_at == timedelta(minutes=48)
    assert all(t.created_at < START for t in tickets)
    resolved = next(t for t in tickets if t.number == 101)
    assert resolved.created_at == datetime(2025, 12, 21, 8, 30, tzinfo=UTC)


async def test_the_share_of_payments_has_its_two_sides(source: SimulatedSource) -> None:
    """The demo shows how many of how many succeeded, and they agree with the share and the count."""
    from opsdash.domain.companion import beside, with_companions
    from opsdash.presets import PAYMENTS

    found = await source.read(with_companions(PAYMENTS.indicators), _after(1))
    known = beside(PAYMENTS.indicators[0], found)
    assert known.numerator is not None
    assert known.denominator is not None
    assert known.denominator - known.numerator == found["failed"].value
    share = found["success_ratio"].value
    assert share is not None
    assert abs(known.numerator / known.denominator - share) < 1e-4
