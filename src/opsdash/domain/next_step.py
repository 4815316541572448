"""What happens next to an alert, when, and to whom: its policy's step.

Nothing here waits. `policy_step` says what is due, from what is stored alone; the engine does it
once its time has come, and `upcoming.next_step` shows it as a countdown.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.climb import Climb, Snooze, acknowledged_until, followed
from opsdash.domain.escalation import Condition
from opsdash.domain.frozen import dataclass
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.reach import names_of
from opsdash.domain.routing import targets_of
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean


class StepKind(StrEnum):
    """What happens next to an alert."""

    ESCALATES = "escalates"
    BEGINS_ANEW = "begins_anew"
    EXHAUSTS = "exhausts"
    EXHAUSTED = "exhausted"
    ACKNOWLEDGEMENT_ENDS = "acknowledgement_ends"
    SNOOZE_ENDS = "snooze_ends"
    MAINTENANCE_ENDS = "maintenance_ends"
    PAGES_AGAIN = "pages_again"
    FIRES = "fires"
    WAITS = "waits"
    NOTHING = "nothing"


_NOBODY = "nobody is paged for it"

_NOT_OF_THE_POLICY = (StepKind.FIRES, StepKind.WAITS, StepKind.EXHAUSTED, StepKind.PAGES_AGAIN)


@dataclass(frozen=True, slots=True)
class NextStep:
    """What happens next: `at` when by the clock, None where nothing is timed; `level` and `who` it reaches.

    `text` says it in words without the time, for a countdown beside it. `passed` are the levels that
    are left out on the way, each with why.
    """

    kind: StepKind
    text: SafeText
    at: datetime | None = None
    level: int = 0
    who: tuple[SafeText, ...] = ()
    passed: tuple[tuple[int, SafeText], ...] = ()

    @property
    def is_timed(self) -> bool:
        """Whether the clock of the policy does it when its time has come."""
        return self.at is not None and self.kind not in _NOT_OF_THE_POLICY


def done(climb: Climb, step: NextStep, now: datetime, answered: bool = True) -> Climb:
    """Return the climb once a step was done at `now`; `answered` says whether its level has anybody.

    Levels that are late are climbed by the time that passed; a level that is reached because nobody
    was there below it has its whole wait, and so has each level once the policy begins anew.
    """
    if step.kind is StepKind.EXHAUSTS:
        return replace(climb, exhausted_at=now, skip=False)
    if step.kind is StepKind.ESCALATES:
        began = now - climb.policy.after(step.level) if climb.skip else climb.began_at
        return replace(climb, level=step.level, began_at=began, skip=not answered)
    return replace(
        climb,
        level=1,
        round=climb.round + 1,
        began_at=now - climb.policy.after(1),
        acknowledged=False,
        acted_at=None,
        snooze=None,
        exhausted_at=None,
        skip=not answered,
    )


def policy_step(
    alert: Alert,
    climb: Climb | None,
    setup: Setup,
    now: datetime,
    maintenance: Maintenance | None = None,
) -> NextStep:
    """Return what the policy of an alert does next, when, and whom it reaches.

    `maintenance` is the window that holds the alert, if one does.
    """
    still = _stands_still(alert, climb, maintenance)
    if still is not None or climb is None:
        return still or _nothing(_NOBODY)
    climb = followed(climb, alert)
    if climb.snooze is not None:
        return _snoozed(climb.snooze, alert, setup, climb)
    timed = [_level_step(climb, alert, setup)]
    if alert.acknowledgement is not None:
        timed.append(_ack_step(climb, alert, setup))
    due = [step for step in timed if step is not None and step.at is not None]
    if due:
        return min(due, key=lambda step: step.at or now)
    if alert.acknowledgement is not None:
        return _nothing(f"{alert.acknowledgement.by} has it")
    return _at_the_end(climb, alert, setup)


def _stands_still(
    alert: Alert, climb: Climb | None, maintenance: Maintenance | None
) -> NextStep | None:
    if not alert.open:
        return _nothing("it has resolved")
    if alert.state is AlertState.PENDING:
        return NextStep(StepKind.FIRES, SafeText("fires"), alert.fires_at)
    if alert.muted:
        return NextStep(StepKind.WAITS, SafeText("waits while it is silenced"))
    if alert.severity is Severity.INFO:
        return _nothing(_NOBODY)
    if maintenance is not None and (climb is None or climb.began_at is None):
        text = clean(f"maintenance by {maintenance.by} ends, then it is paged")
        return NextStep(StepKind.MAINTENANCE_ENDS, text, maintenance.until, 1)
    if climb is None:
        return _nothing(_NOBODY)
    if climb.began_at is None and climb.snooze is None and alert.acknowledgement is None:
        return _nothing("it goes with what was paged already")
    return None


def _level_step(climb: Climb, alert: Alert, setup: Setup) -> NextStep | None:
    """The next level that the alert reaches by itself, and what is passed over on the way to it."""
    passed: list[tuple[int, SafeText]] = []
    for number, at in _levels_ahead(climb, alert):
        objection = climb.policy.objection(number, alert.severity, alert.labels, at)
        if objection:
            passed.append((number, objection))
            continue
        text = f"escalates to level {number} {climb.policy.name(number)}"
        return _to_level(StepKind.ESCALATES, text, at, number, alert, climb, setup, tuple(passed))
    return None


def _levels_ahead(climb: Climb, alert: Alert) -> Iterator[tuple[int, datetime]]:
    """The levels above, each with when it is due; taken alerts reach only those that say so."""
    if climb.began_at is None:
        return
    for number in range(alert.level + 1, len(climb.policy.levels) + 1):
        level = climb.policy.levels[number - 1]
        taken = alert.acknowledgement is not None
        if taken and level.condition is not Condition.NOT_RESOLVED:
            continue
        at = climb.began_at + level.after
        if climb.skip and alert.level_at is not None:
            at = min(at, alert.level_at)
        yield number, at


def _ack_step(climb: Climb, alert: Alert, setup: Setup) -> NextStep | None:
    at = acknowledged_until(climb, alert)
    if at is None or alert.acknowledgement is None:
        return None
    text = f"{alert.acknowledgement.by}'s acknowledgement ends: paged anew"
    return _to_level(StepKind.ACKNOWLEDGEMENT_ENDS, text, at, 1, alert, climb, setup)


def _snoozed(snooze: Snooze, alert: Alert, setup: Setup, climb: Climb) -> NextStep:
    how = f"early, {snooze.cut_short}" if snooze.cut_short else ""
    text = f"the snooze of {snooze.by} ends {how}".rstrip() + ": paged anew"
    return _to_level(StepKind.SNOOZE_ENDS, text, snooze.until, 1, alert, climb, setup)


def _at_the_end(climb: Climb, alert: Alert, setup: Setup) -> NextStep:
    """The policy has no level left: it begins anew, is exhausted soon, or is."""
    policy = climb.policy
    if climb.exhausted_at is not None or climb.began_at is None:
        return NextStep(StepKind.EXHAUSTED, SafeText("EXHAUSTED: nobody is left to reach"))
    at = climb.began_at + policy.after(alert.level) + policy.patience
    if climb.skip and alert.level_at is not None:
        at = alert.level_at
    if climb.round <= policy.repeats:
        text = f"the policy begins anew, for the {climb.round + 1}. time"
        return _to_level(StepKind.BEGINS_ANEW, text, at, 1, alert, climb, setup)
    return NextStep(StepKind.EXHAUSTS, SafeText("is EXHAUSTED: no level is left"), at)


def _to_level(
    kind: StepKind,
    text: str,
    at: datetime,
    number: int,
    alert: Alert,
    climb: Climb,
    setup: Setup,
    passed: tuple[tuple[int, SafeText], ...] = (),
) -> NextStep:
    who = names_of(setup, targets_of(alert, climb.policy, number), at)
    whom = f" ({', '.join(who)})" if who else ""
    return NextStep(kind, clean(f"{text}{whom}"), at, number, who, passed)


def _nothing(text: str) -> NextStep:
    return NextStep(StepKind.NOTHING, clean(text))
