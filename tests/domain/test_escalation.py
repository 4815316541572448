"""Escalation levels: which step is allowed next."""

from datetime import UTC, date, datetime, time

import pytest

from opsdash.domain.alert import Severity
from opsdash.domain.escalation import (
    DEFAULT_POLICY,
    EscalationPolicy,
    PolicyLevel,
    Refused,
    next_level,
)
from opsdash.domain.reach import names_reached, person_name
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText

CRITICAL, WARNING, INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO


def test_the_guides_four_levels() -> None:
    """On-call engineer, Tech Lead after 5 minutes, PM after 15, CEO after 30 for critical ones only."""
    told = [(level.name, level.after.total_seconds() / 60) for level in DEFAULT_POLICY.levels]
    assert told == [("On-call engineer", 0), ("Tech Lead", 5), ("PM", 15), ("CEO", 30)]
    assert [level.admits(WARNING) for level in DEFAULT_POLICY.levels] == [True, True, True, False]


@pytest.mark.parametrize(
    ("current", "severity", "to", "reached"),
    [
        (0, CRITICAL, None, 1),
        (1, CRITICAL, None, 2),
        (2, WARNING, None, 3),
        (3, CRITICAL, None, 4),
        (1, CRITICAL, 4, 4),
        (1, WARNING, 3, 3),
        (3, CRITICAL, 1, 1),
        (0, INFO, None, 1),
        (9, CRITICAL, 2, 2),
    ],
)
def test_a_step_that_is_allowed(
    current: int, severity: Severity, to: int | None, reached: int
) -> None:
    """One level up, or to any level that admits the alert, down as well as up."""
    assert next_level(DEFAULT_POLICY, current, severity, to) == reached


@pytest.mark.parametrize(
    ("current", "severity", "to", "reason"),
    [
        (3, WARNING, None, "level 3 PM is the last one that a warning alert reaches"),
        (4, CRITICAL, None, "level 4 CEO is the last one that a critical alert reaches"),
        (9, CRITICAL, None, "level 9 is the last one that a critical alert reaches"),
        (1, WARNING, 4, "level 4 CEO is for critical alerts, this one is warning"),
        (2, CRITICAL, 2, "it is at level 2 Tech Lead already"),
        (1, CRITICAL, 5, "there is no level 5; policy default has 1 to 4"),
        (1, CRITICAL, 0, "there is no level 0; policy default has 1 to 4"),
        (1, CRITICAL, -1, "there is no level -1; policy default has 1 to 4"),
    ],
)
def test_a_step_that_is_not_says_why(
    current: int, severity: Severity, to: int | None, reason: str
) -> None:
    """The refusal names the level and the rule, in words for a person."""
    assert next_level(DEFAULT_POLICY, current, severity, to) == Refused(SafeText(reason))


def test_a_level_that_does_not_admit_the_alert_is_skipped() -> None:
    """Without a named target the next level that admits the severity is reached."""
    policy = EscalationPolicy(
        "p",
        (
            PolicyLevel(SafeText("first")),
            PolicyLevel(SafeText("night crew"), severity=(CRITICAL,)),
            PolicyLevel(SafeText("last")),
        ),
    )
    assert next_level(policy, 1, WARNING) == 3
    assert next_level(policy, 1, CRITICAL) == 2


def test_whom_a_level_reaches_is_told_by_name() -> None:
    """A schedule reaches who is on call then, a person is reached by name, the unknown is left out."""
    week = {"mon": "john", "wed": "sarah"}
    setup = Setup(
        people=(Person("john", SafeText("John")), Person("tech-lead", SafeText("Maria"))),
        schedules=(Schedule("primary", "UTC", time(9), (week,), date(2025, 12, 1)),),
    )
    level = PolicyLevel(
        SafeText("all"),
        ("schedule:primary", "person:tech-lead", "person:nobody", "schedule:x", "?"),
    )
    monday = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)
    assert names_reached(setup, level, monday) == "John, Maria"
    assert names_reached(setup, level, monday.replace(day=24)) == "sarah, Maria"
    assert names_reached(setup, None, monday) == ""
    assert person_name(setup, "stranger") == "stranger"
