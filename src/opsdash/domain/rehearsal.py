"""Who would be paged when, were an alert to fire at a moment and nobody to acknowledge it.

It walks the same `policy_step` as the engine, so that what it says is what would happen.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert, AlertState, severity_of
from opsdash.domain.climb import Climb
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.frozen import dataclass
from opsdash.domain.next_step import StepKind, done, policy_step
from opsdash.domain.reach import names_of
from opsdash.domain.routing import Destination, route, targets_of
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean

_MOST = 200
"""Steps walked at most: a policy of many levels with many repeats goes on the same way."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One page of a rehearsal: when, which level, whom it reaches and through what, and what is to say.

    At the last one nobody is left: `level` is 0.
    """

    at: datetime
    level: int
    name: SafeText
    who: tuple[SafeText, ...] = ()
    through: tuple[Destination, ...] = ()
    remarks: tuple[SafeText, ...] = ()


def rehearse(
    setup: Setup, policy: EscalationPolicy, at: datetime, labels: Mapping[str, str]
) -> tuple[Rung, ...]:
    """Return the pages of an alert with `labels` that fires at `at`, until its policy is exhausted."""
    alert = _alert(at, labels)
    climb = Climb(alert.id, policy, began_at=at, level=1)
    rung, answered = _rung(setup, policy, alert, 1, at)
    rungs = [rung]
    climb = replace(climb, skip=not answered)
    for _ in range(_MOST):
        step = policy_step(alert, climb, setup, at)
        if step.at is None:
            break
        at = max(at, step.at)
        passed = tuple(
            clean(f"level {n} {policy.name(n)} is left out: {why}") for n, why in step.passed
        )
        if step.kind is StepKind.EXHAUSTS:
            rungs.append(Rung(at, 0, SafeText("EXHAUSTED"), remarks=passed))
            break
        rung, answered = _rung(setup, policy, alert, step.level, at)
        rungs.append(replace(rung, remarks=(*passed, *rung.remarks)))
        climb = done(climb, step, at, answered)
        alert = replace(alert, level=step.level, level_at=at)
    return tuple(rungs)


def _rung(
    setup: Setup, policy: EscalationPolicy, alert: Alert, level: int, at: datetime
) -> tuple[Rung, bool]:
    targets = targets_of(alert, policy, level)
    found = route(setup, targets, at, alert.severity, level)
    who = names_of(setup, targets, at)
    answered = found.answered if setup.paging.notifiers else bool(who)
    remarks = found.remarks if setup.paging.notifiers else ()
    if not answered:
        remarks = (*remarks, SafeText("nobody is there; the next one is paged at once"))
    return Rung(at, level, policy.name(level), who, found.destinations, remarks), answered


def _alert(at: datetime, labels: Mapping[str, str]) -> Alert:
    named = {"alertname": "Rehearsal", "severity": "critical", **labels}
    return Alert(
        id="rehearsal/1",
        fingerprint="rehearsal",
        occurrence=1,
        state=AlertState.FIRING,
        severity=severity_of(named),
        labels={clean(name): clean(value) for name, value in named.items()},
        annotations={},
        active_at=at,
        fired_at=at,
        level=1,
        level_at=at,
    )
