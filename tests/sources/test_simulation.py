"""The simulated application: its idle figures, its story, and that the two agree with its alerts."""

import math
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.sources.simulation.alerts import HIGH_ERROR_RATE, RULES, Rule
from opsdash.sources.simulation.application import DAY, Application, Figures
from opsdash.sources.simulation.clock import CURTAIN, SimulatedClock
from opsdash.sources.simulation.story import FIRED, LOOP, RESOLVED, SCALED, moment_of, scene

START = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
MINUTE = 60.0
EVALUATION = 15.0
"""Seconds by which a rule's alert may lag behind its condition."""

SEEDS = (1, 2, 77)


def _between(application: Application, start: float, end: float, step: float) -> list[Figures]:
    return [application.figures(start + n * step) for n in range(int((end - start) / step) + 1)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_quiet_hour_shows_the_figures_of_the_guide(seed: int) -> None:
    """In the hour before the deployment the dashboard reads as in the guide."""
    quiet = _between(Application(seed), -60 * MINUTE, -3 * MINUTE, 20)

    def mean(name: str) -> float:
        return float(sum(getattr(f, name) for f in quiet)) / len(quiet)

    assert mean("p95") == pytest.approx(0.142, rel=0.02)
    assert {f"{f.error_ratio:.2%}" for f in quiet} <= {"0.05%", "0.06%", "0.07%"}
    assert mean("error_ratio") == pytest.approx(0.0006, rel=0.05)
    assert mean("transactions") == pytest.approx(45, rel=0.02)
    assert mean("users") == pytest.approx(2450, rel=0.03)
    assert mean("cpu") == pytest.approx(0.45, abs=0.015)
    assert mean("memory") == pytest.approx(0.62, abs=0.003)
    assert quiet[-1].disk == pytest.approx(0.35, abs=0.003)
    assert mean("database_p95") == pytest.approx(0.180, rel=0.02)
    assert mean("processing") == pytest.approx(1.2, rel=0.02)
    assert {f"{f.success_ratio:.2%}" for f in quiet} == {"99.98%"}
    assert {f.failed for f in quiet} == {2.0}
    assert {f"{f.uptime:.2%}" for f in quiet} == {"99.98%"}
    assert {(f.pods, f.stripe) for f in quiet} == {(2.0, 1.0)}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_disk_fills_as_its_alert_says(seed: int) -> None:
    """It grew for hours, goes on at that pace, and is never said to be full while it stands still."""
    disk = [Application(seed).figures(hour * 3600).disk for hour in range(-10, 60)]
    before, now = disk[:2], disk[10]
    assert max(before) < 0.15
    assert now == pytest.approx(0.35, abs=0.001)
    # The growth of the last six hours, kept up for 21 more, fills it.
    assert now + 21 * (now - disk[4]) / 6 == pytest.approx(1, abs=0.01)
    assert all(later > one for one, later in pairwise(disk[2:11]))
    assert max(disk) < 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_it_compares_with_yesterday_as_the_guide_says(seed: int) -> None:
    """Users are up 15 % on the day before, and the CPU is up from 35 %."""
    application = Application(seed)
    now, then = application.figures(-10 * MINUTE), application.figures(-10 * MINUTE - DAY)
    assert round(100 * (now.users / then.users - 1)) == 15
    assert round(100 * then.cpu) in (34, 35, 36)


def test_the_same_seed_gives_the_same_past_and_future() -> None:
    """Two processes of one seed agree at every moment, in whatever order they ask; others differ."""
    moments = [-20 * DAY, -4000.5, 0.0, 333.3, 5 * DAY]
    forwards = [Application(5).figures(m) for m in moments]
    one = Application(5)
    assert [one.figures(m) for m in reversed(moments)] == forwards[::-1]
    assert [Application(6).figures(m) for m in moments] != forwards


@given(st.floats(-30 * DAY, 30 * DAY), st.integers(0, 50))
def test_every_figure_is_believable_at_any_moment(elapsed: float, seed: int) -> None:
    """No moment of two months has a figure outside of what it could be, or one that is no number."""
    figures = Application(seed).figures(elapsed)
    assert all(math.isfinite(getattr(figures, f.name)) for f in fields(figures))
    for name in ("error_ratio", "uptime", "cpu", "memory", "disk", "success_ratio"):
        assert 0 <= getattr(figures, name) <= 1, name
    assert 0.05 < figures.p95 < 0.4
    assert figures.transactions > 1
    assert figures.users >= 0


def test_figures_move_smoothly() -> None:
    """From one second to the next no figure jumps, so a chart has no teeth."""
    figures = _between(Application(), -5 * MINUTE, 20 * MINUTE, 1)
    for name, most in {
        "p95": 0.009,
        "cpu": 0.05,
        "transactions": 1.0,
        "database_p95": 0.02,
    }.items():
        values = [getattr(f, name) for f in figures]
        jump = max(abs(b - a) for a, b in pairwise(values))
        assert jump < most, name


def test_traffic_follows_the_day() -> None:
    """At four at night there is less than half of the traffic of the afternoon."""
    application = Application()
    afternoon, night = application.figures(0), application.figures(-10 * 3600)
    assert night.transactions < 0.5 * afternoon.transactions
    assert night.users < 0.5 * afternoon.users


@pytest.mark.parametrize("loop", [0, 1, 6])
def test_the_incident_unfolds_as_the_guide_tells_it(loop: int) -> None:
    """2.5 % and a busy CPU at 14:05, 4 pods at 14:12, 0.3 % at 14:13, then quiet again."""

    def at(minutes: float) -> Figures:
        return Application().figures(moment_of(loop, minutes * MINUTE))

    assert at(-3).error_ratio < 0.001
    assert 0.009 < at(0).error_ratio < 0.011
    assert f"{at(5).error_ratio:.1%}" == "2.5%"
    assert at(6).p95 == pytest.approx(0.318, abs=0.006)
    assert at(7).cpu > 0.97
    assert (at(11.9).pods, at(12.1).pods) == (2, 4)
    assert f"{at(13).error_ratio:.1%}" == "0.3%"
    assert at(16).error_ratio < 0.001
    assert at(60).pods == 2
    assert [at(m).failed - at(3).failed for m in (5, 17, 20)] == [3, 3, 0]
    assert at(6).success_ratio > 0.999


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "figure", "threshold"),
    [
        ("HighErrorRate", "error_ratio", 0.01),
        ("CPUSaturated", "cpu", 0.9),
        ("DatabasePerformanceDegraded", "database_p95", 0.5),
    ],
)
def test_alerts_agree_with_the_figures(name: str, figure: str, threshold: float, seed: int) -> None:
    """An alert is on while its figure is beyond the threshold, but for an evaluation's delay."""
    rule = next(r for r in RULES if r.name == name)
    application = Application(seed)
    disagreeing = 0.0
    for second in range(-700, int(2 * LOOP)):
        beyond = getattr(application.figures(second), figure) > threshold
        disagreeing = disagreeing + 1 if beyond != (rule.span(second) is not None) else 0
        assert disagreeing <= EVALUATION, f"{name} at {second}"


def test_the_alert_comes_back_as_a_new_occurrence() -> None:
    """The next loop has the same labels, a later beginning, and a quiet time before it."""
    first = HIGH_ERROR_RATE.span(10)
    second = HIGH_ERROR_RATE.span(LOOP + 10)
    assert first == (0.0, FIRED)
    assert second == (LOOP, LOOP + FIRED)
    assert all(HIGH_ERROR_RATE.span(s) is None for s in range(int(RESOLVED), int(LOOP)))
    assert RESOLVED - FIRED == 8 * MINUTE


def test_each_loop_ships_a_bad_version_and_its_fix() -> None:
    """The version changes at each deployment, and the process has run since then."""
    quiet, bad, fixed = scene(-300), scene(60), scene(3000)
    assert [s.version for s in (quiet, bad, fixed)] == ["v1.4.1", "v1.4.2", "v1.4.3"]
    assert (bad.deployed, fixed.deployed) == (-120, 2100)
    following = scene(LOOP - 300)
    assert (following.version, following.deployed) == ("v1.4.3", 2100)
    assert scene(LOOP + 60).version == "v1.4.4"
    assert scene(SCALED).pods == 4


@given(st.floats(0.01, 100), st.floats(-30 * DAY, 30 * DAY))
def test_the_clock_runs_back_and_forth(speed: float, seconds: float) -> None:
    """A moment taken to the story and back is the same moment, before the start and after."""
    clock = SimulatedClock(START, speed)
    at = START + timedelta(seconds=seconds)
    assert abs(clock.moment(clock.elapsed(at)) - at) < timedelta(milliseconds=1)


@pytest.mark.parametrize("speed", [0.5, 1.0, 3.0, 10.0])
def test_the_alert_is_pending_at_the_start_and_fires_soon(speed: float) -> None:
    """At any speed a newcomer sees the error rate rise and the alert fire 24 real seconds in."""
    clock = SimulatedClock(START, speed)
    application = Application()
    at_first = clock.elapsed(START)
    assert HIGH_ERROR_RATE.span(at_first) is not None
    assert clock.moment(FIRED) == START + timedelta(seconds=CURTAIN)
    later = clock.elapsed(START + timedelta(seconds=CURTAIN))
    assert application.figures(later).error_ratio > application.figures(at_first).error_ratio
    assert application.figures(later).p95 > application.figures(at_first).p95
    ended = clock.moment(RESOLVED) - clock.moment(FIRED)
    assert ended == timedelta(minutes=8) / speed


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan, math.inf])
def test_a_clock_that_cannot_run_is_refused(speed: float) -> None:
    """A speed that is no positive number is refused with what to write instead."""
    with pytest.raises(ValueError, match="write 1, 3 or 10"):
        SimulatedClock(START, speed)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_alerts_are_labelled_as_real_rules_label_them(rule: Rule) -> None:
    """Each alert says how severe it is, whose it is, and where its runbook is."""
    assert rule.label_set["severity"] in ("critical", "warning")
    assert rule.label_set["team"]
    annotations = rule.annotations(1.0)
    assert annotations["summary"] and annotations["description"]
    assert annotations["runbook_url"].startswith("https://runbooks.example.com/")
