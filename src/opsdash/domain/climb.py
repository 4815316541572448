"""How far an occurrence is on its escalation policy, and whose it is: a row compared with the clock."""

from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText

_RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True, slots=True)
class Snooze:
    """An alert put off until a time, for a reason, unless its severity rises above what it was.

    `cut_short` says what ended it early.
    """

    until: datetime
    by: SafeText
    reason: SafeText
    severity: Severity
    cut_short: SafeText = SafeText("")


def has_risen(alert: Alert, snooze: Snooze, other: Alert) -> bool:
    """Whether `other` is what was put off, grown worse: of its incident, or the same but for the severity.

    A severity is a label, so that what grows worse is another alert.
    """
    if not other.needs_person or _RANK[other.severity] <= _RANK[snooze.severity]:
        return False
    if other.id == alert.id or (alert.incident is not None and other.incident == alert.incident):
        return True
    theirs = {name: text for name, text in other.labels.items() if name != "severity"}
    return theirs == {name: text for name, text in alert.labels.items() if name != "severity"}


@dataclass(frozen=True, slots=True)
class Climb:
    """The climb of one occurrence. `policy` is as it was when the alert was paged, its version `version`.

    `began_at` is from when the levels' `after` counts, None while nothing climbs by itself: it joined
    what was paged already, or a maintenance window holds it. `level` and `acknowledged` are what the
    clock has followed of the alert so far, `round` how often the policy began. `acted_at` is when
    somebody last did something, `held_at` since when a silence makes the clock wait, `skip` that the
    level reached nobody, so that the next one is due at once, `paged_at` when anybody was last paged.
    """

    alert: str
    policy: EscalationPolicy
    version: int = 1
    began_at: datetime | None = None
    level: int = 0
    acknowledged: bool = False
    round: int = 1
    skip: bool = False
    acted_at: datetime | None = None
    held_at: datetime | None = None
    exhausted_at: datetime | None = None
    snooze: Snooze | None = None
    owner: SafeText = SafeText("")
    paged_at: datetime | None = None


def followed(climb: Climb, alert: Alert, given_back_at: datetime | None = None) -> Climb:
    """Return the climb with what people have done to the alert since: it was moved, taken or given back.

    A level that a person chose has its whole wait from then on, and so has the level at which an
    alert was given back.
    """
    if alert.level != climb.level:
        began = climb.began_at
        if began is not None and alert.level_at is not None:
            began = alert.level_at - climb.policy.after(alert.level)
        climb = replace(climb, level=alert.level, began_at=began, skip=False, exhausted_at=None)
    taken = alert.acknowledgement is not None
    if taken and not climb.acknowledged:
        return replace(climb, acknowledged=True, acted_at=None, exhausted_at=None, skip=False)
    if climb.acknowledged and not taken:
        climb = replace(climb, acknowledged=False, snooze=None, acted_at=None)
        if climb.began_at is not None and given_back_at is not None:
            began = given_back_at - climb.policy.after(climb.level)
            climb = replace(climb, began_at=max(climb.began_at, began))
    return climb


def acknowledged_until(climb: Climb, alert: Alert) -> datetime | None:
    """Return when an acknowledgement ends unless something is done, None where it never does."""
    taken = alert.acknowledgement
    holds = climb.policy.acknowledged_for.get(alert.severity.value, timedelta())
    if taken is None or not holds:
        return None
    return (climb.acted_at or taken.at) + holds


def owner(alert: Alert, climb: Climb | None) -> SafeText:
    """Return whose an alert is: whom it was given to, else who acknowledged it, else nobody's."""
    if climb is not None and climb.owner:
        return climb.owner
    return alert.acknowledgement.by if alert.acknowledgement else SafeText("")
