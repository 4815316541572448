"""Who is woken at three on Sunday: a rehearsal walks the same steps as the engine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from opsdash.domain.climb import Climb
from opsdash.domain.next_step import StepKind, policy_step
from opsdash.domain.rehearsal import Rung, rehearse
from tests.domain.alerts import an_alert
from tests.paging.world import MONDAY, team

SETUP = team()
SUNDAY = datetime(2025, 12, 28, 3, tzinfo=UTC)


def told(rungs: tuple[Rung, ...], at: datetime) -> list[tuple[int, str, int]]:
    """Return rungs as (minutes after the page, whom, level)."""
    return [((r.at - at) // timedelta(minutes=1), ", ".join(r.who), r.level) for r in rungs]


def test_a_critical_alert_at_three_on_sunday() -> None:
    """John at once, Maria at five minutes, Priya at fifteen, Chen at thirty, then nobody is left."""
    rungs = rehearse(SETUP, SETUP.policy, SUNDAY, {})
    assert told(rungs, SUNDAY) == [
        (0, "John", 1), (5, "Maria", 2), (15, "Priya", 3), (30, "Chen", 4), (45, "", 0),
    ]  # fmt: skip
    assert [(d.notifier, d.address) for d in rungs[0].through] == [
        ("john", ""),
        ("channel", "#incidents"),
    ]


def test_a_warning_does_not_wake_the_ceo() -> None:
    """Labels decide the severity, and the severity the levels."""
    rungs = rehearse(SETUP, SETUP.policy, SUNDAY, {"severity": "warning"})
    assert told(rungs, SUNDAY) == [(0, "John", 1), (5, "Maria", 2), (15, "Priya", 3), (30, "", 0)]


def test_nobody_on_call_is_said_and_the_next_is_at_once() -> None:
    """The gap is seen before it is night."""
    empty = replace(SETUP.schedules[0], weeks=({},))
    rungs = rehearse(replace(SETUP, schedules=(empty,)), SETUP.policy, SUNDAY, {})
    assert told(rungs, SUNDAY)[:3] == [(0, "", 1), (0, "Maria", 2), (10, "Priya", 3)]
    assert rungs[0].remarks == (
        "schedule primary: nobody is on call",
        "nobody is there; the next one is paged at once",
    )


def test_repeats_are_rehearsed_too() -> None:
    """A policy that begins anew pages everybody again before it is exhausted."""
    policy = replace(SETUP.policy, levels=SETUP.policy.levels[:2], repeats=1)
    assert told(rehearse(SETUP, policy, MONDAY, {}), MONDAY) == [
        (0, "John", 1), (5, "Maria", 2), (20, "John", 1), (25, "Maria", 2), (40, "", 0),
    ]  # fmt: skip


def test_what_is_next_is_said_for_each_state_of_an_alert() -> None:
    """One field for every alert: pending, muted, resolved, joined, or nothing configured."""
    from opsdash.domain.alert import AlertState

    fired = an_alert(level=1)
    climb = Climb(fired.id, SETUP.policy, began_at=MONDAY, level=1)

    def kind(alert: object, one: Climb | None = climb) -> StepKind:
        return policy_step(alert, one, SETUP, MONDAY).kind  # type: ignore[arg-type]

    assert kind(an_alert(state=AlertState.PENDING)) is StepKind.FIRES
    assert kind(an_alert(silenced_by=("s1",))) is StepKind.WAITS
    assert kind(an_alert(state=AlertState.RESOLVED)) is StepKind.NOTHING
    assert kind(an_alert(severity="info")) is StepKind.NOTHING
    assert kind(fired, None) is StepKind.NOTHING
    assert kind(fired, replace(climb, began_at=None)) is StepKind.NOTHING
    step = policy_step(replace(fired, level_at=MONDAY), climb, SETUP, MONDAY)
    assert (step.kind, step.text) == (
        StepKind.ESCALATES,
        "escalates to level 2 Tech Lead (Maria)",
    )
    assert step.at == MONDAY + timedelta(minutes=5)
