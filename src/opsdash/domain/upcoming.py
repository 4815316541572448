"""What happens next to an alert: a step of its policy, or a page once more where none is due before.

It is the one answer behind the `next:` field of every screen and command.
"""

from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.climb import Climb
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.next_step import NextStep, StepKind, policy_step
from opsdash.domain.reach import names_of
from opsdash.domain.routing import targets_of
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean


def next_step(
    alert: Alert,
    climb: Climb | None,
    setup: Setup,
    now: datetime,
    maintenance: Maintenance | None = None,
) -> NextStep:
    """Return what happens next to an alert, when, and whom it reaches.

    `maintenance` is the window that holds the alert, if one does.
    """
    step = policy_step(alert, climb, setup, now, maintenance)
    at = paged_again_at(alert, climb, setup)
    if climb is None or at is None or (step.is_timed and step.at is not None and step.at <= at):
        return step
    level = max(alert.level, 1)
    who = names_of(setup, targets_of(alert, climb.policy, level), at)
    if step.kind is StepKind.EXHAUSTED:
        return replace(step, text=clean(f"{step.text}; pages again"), at=at, level=level, who=who)
    whom = f" ({', '.join(who)})" if who else ""
    return NextStep(StepKind.PAGES_AGAIN, clean(f"pages again{whom}"), at, level, who)


def paged_again_at(alert: Alert, climb: Climb | None, setup: Setup) -> datetime | None:
    """Return when an alert that nobody takes is paged once more, whatever its policy does.

    None where it never is: it was not paged, somebody has it, or the interval is switched off.
    """
    every = setup.paging.repeat
    if climb is None or climb.paged_at is None or not every or not setup.paging.notifiers:
        return None
    if not alert.needs_person or alert.severity is Severity.INFO:
        return None
    return climb.paged_at + every


def in_words(step: NextStep, left: str) -> SafeText:
    """Return a step as one phrase; `left` says how long it is until then, where it is timed."""
    return clean(f"{step.text} in {left}") if step.at is not None else step.text
