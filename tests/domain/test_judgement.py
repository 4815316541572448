"""Levels of tiles, freshness of values, and the one word for the whole system."""

import math
from datetime import timedelta

import pytest

from opsdash.domain.alert import Alert, AlertState, Severity, severity_of, urgency
from opsdash.domain.alert_list import AlertList
from opsdash.domain.freshness import Freshness, freshness
from opsdash.domain.indicator import Indicator, Level, Unit, judge
from opsdash.domain.opening import Joins, Opens, place, service_of
from opsdash.domain.sample import Answer
from opsdash.domain.status import EXIT_CODES, Status, status_of
from opsdash.domain.text import SafeText
from tests.domain.alerts import NOON, after, an_alert

OK, WARN, CRIT, UNKNOWN = Level.OK, Level.WARN, Level.CRIT, Level.UNKNOWN


@pytest.mark.parametrize(
    ("unit", "warn", "crit", "below", "value", "level"),
    [
        (Unit.SECONDS, 0.3, 0.5, False, 0.3, OK),
        (Unit.SECONDS, 0.3, 0.5, False, 0.31, WARN),
        (Unit.SECONDS, 0.3, 0.5, False, 0.5, WARN),
        (Unit.SECONDS, 0.3, 0.5, False, 0.51, CRIT),
        (Unit.RATIO, 0.999, 0.99, True, 0.999, OK),
        (Unit.RATIO, 0.999, 0.99, True, 0.998, WARN),
        (Unit.RATIO, 0.999, 0.99, True, 0.98, CRIT),
        (Unit.COUNT, None, None, False, 1e9, OK),
        (Unit.COUNT, None, 3, False, 4, CRIT),
        (Unit.UP, None, None, False, 1, OK),
        (Unit.UP, None, None, False, 0.5, CRIT),
        (Unit.UP, None, None, False, 0, CRIT),
        (Unit.SECONDS, 0.3, 0.5, False, None, UNKNOWN),
        (Unit.SECONDS, 0.3, 0.5, False, math.nan, UNKNOWN),
        (Unit.SECONDS, 0.3, 0.5, False, math.inf, UNKNOWN),
        (Unit.SECONDS, 0.3, 0.5, False, -math.inf, UNKNOWN),
        (Unit.UP, None, None, False, math.nan, UNKNOWN),
        (Unit.RATIO, 0.999, 0.99, True, math.nan, UNKNOWN),
    ],
)
def test_the_level_of_a_value(
    unit: Unit,
    warn: float | None,
    crit: float | None,
    below: bool,
    value: float | None,
    level: Level,
) -> None:
    """Strictly beyond a threshold is bad; absent, NaN and infinite are unknown and never healthy."""
    indicator = Indicator("i", SafeText("I"), "q", unit, warn, crit, below)
    assert judge(indicator, Answer(value, NOON)) is level


@pytest.mark.parametrize(
    ("read_ago", "sampled_ago", "fresh"),
    [
        (0, None, Freshness.LIVE),
        (10, None, Freshness.LIVE),
        (10.1, None, Freshness.STALE),
        (50, None, Freshness.STALE),
        (50.1, None, Freshness.NO_DATA),
        (None, None, Freshness.NO_DATA),
        (0, 60, Freshness.LIVE),
        (0, 61, Freshness.STALE),
        (0, 300, Freshness.STALE),
        (0, 301, Freshness.NO_DATA),
        (11, 0, Freshness.STALE),
        (0, -5, Freshness.LIVE),
        # Read "in the future": the clock was set back since.
        (-9, None, Freshness.LIVE),
        (-30, None, Freshness.STALE),
        (-3600, None, Freshness.NO_DATA),
    ],
)
def test_the_freshness_of_a_value_read_every_five_seconds(
    read_ago: float | None, sampled_ago: float | None, fresh: Freshness
) -> None:
    """Stale past two refreshes, gone past ten; an old sample is stale however lately it was read."""
    read_at = None if read_ago is None else after(-read_ago)
    sampled_at = None if sampled_ago is None else after(-sampled_ago)
    assert freshness(NOON, timedelta(seconds=5), read_at, sampled_at) is fresh


def test_a_slow_refresh_allows_older_samples() -> None:
    """Read once a minute, a sample may be four minutes old."""
    minute = timedelta(minutes=1)
    assert freshness(NOON, minute, NOON, after(-240)) is Freshness.LIVE
    assert freshness(NOON, minute, NOON, after(-241)) is Freshness.STALE


_FIRING = an_alert("crit")
_WARNING = an_alert("warn", severity="warning")


@pytest.mark.parametrize(
    ("alerts", "levels", "blind", "status"),
    [
        ([], [OK], False, Status.HEALTHY),
        ([], [], False, Status.UNKNOWN),
        ([], [OK], True, Status.UNKNOWN),
        ([], [OK, UNKNOWN], False, Status.UNKNOWN),
        ([], [UNKNOWN], False, Status.UNKNOWN),
        ([], [OK, WARN], False, Status.DEGRADED),
        ([], [WARN, UNKNOWN], False, Status.DEGRADED),
        ([], [CRIT, UNKNOWN], False, Status.CRITICAL),
        ([], [CRIT], True, Status.CRITICAL),
        ([_FIRING], [OK], False, Status.CRITICAL),
        ([_FIRING], [], True, Status.CRITICAL),
        ([_WARNING], [OK], False, Status.DEGRADED),
        ([_WARNING, _FIRING], [OK], False, Status.CRITICAL),
        ([_WARNING], [OK], True, Status.UNKNOWN),
        ([an_alert("info", severity="info")], [OK], False, Status.HEALTHY),
        ([an_alert("m", silenced_by=("s",))], [OK], False, Status.HEALTHY),
        ([an_alert("p", AlertState.PENDING)], [OK], False, Status.HEALTHY),
        ([an_alert("r", AlertState.RESOLVED, resolved_at=NOON)], [OK], False, Status.HEALTHY),
        ([an_alert("a", taken_by="john")], [OK], False, Status.CRITICAL),
    ],
)
def test_the_status_of_the_system(
    alerts: list[Alert], levels: list[Level], blind: bool, status: Status
) -> None:
    """What is critical is said even half blind; without it, not knowing is never healthy."""
    assert status_of(AlertList(alerts).tally.worst, levels, blind) is status


def test_the_exit_codes_are_the_documented_ones() -> None:
    """0 healthy, 1 degraded, 2 critical, 3 unknown."""
    assert [EXIT_CODES[status] for status in Status] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("word", "severity"),
    [("critical", "critical"), ("CRITICAL", "critical"), ("page", "critical"), ("p1", "critical"),
     ("warning", "warning"), ("sev3", "warning"), ("", "warning"), ("none", "info"), ("info", "info")],
)  # fmt: skip
def test_the_severity_that_a_label_means(word: str, severity: str) -> None:
    """Common words are known; an unknown one is a warning, never nothing."""
    assert severity_of({"severity": word} if word else {}) == Severity(severity)


def test_what_needs_a_person_comes_first() -> None:
    """Unacknowledged, pending, acknowledged, muted, resolved; critical first, then oldest."""
    rows = [
        an_alert("old", fired_at=after(-60)),
        an_alert("new"),
        an_alert("warn", severity="warning"),
        an_alert("pend", AlertState.PENDING),
        an_alert("taken", taken_by="john"),
        an_alert("muted", silenced_by=("s",)),
        an_alert("late", AlertState.RESOLVED, resolved_at=after(9)),
        an_alert("early", AlertState.RESOLVED, resolved_at=after(1)),
    ]
    turned = rows[::-1]
    turned.sort(key=urgency)
    assert turned == rows


@pytest.mark.parametrize(
    ("alert", "open_incidents", "where"),
    [
        (an_alert(service="pay"), {}, Opens("pay")),
        (an_alert(service="pay"), {"pay": 3}, Joins(3)),
        (an_alert(service="pay"), {"other": 3}, Opens("pay")),
        (an_alert(severity="warning", service="pay"), {}, None),
        (an_alert(severity="warning", service="pay"), {"pay": 3}, Joins(3)),
        (an_alert(severity="info", service="pay"), {"pay": 3}, None),
        (an_alert(service="pay", silenced_by=("s",)), {"pay": 3}, None),
        (an_alert(state=AlertState.PENDING, service="pay"), {"pay": 3}, None),
    ],
)
def test_where_an_alert_belongs(
    alert: object, open_incidents: dict[str, int], where: object
) -> None:
    """Critical opens or joins, a warning only joins; muted, pending and informational do neither."""
    assert place(alert, open_incidents) == where  # type: ignore[arg-type]


def test_what_an_alert_is_about() -> None:
    """Its service, else its job, namespace, cluster, else its own name."""
    assert service_of(an_alert(service="pay", job="api")) == "pay"
    assert service_of(an_alert(job="api", cluster="c")) == "api"
    assert service_of(an_alert("aa")) == "AA"
