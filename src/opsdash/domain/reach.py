"""Whom an escalation level reaches at a moment."""

from collections.abc import Sequence
from datetime import datetime

from opsdash.domain.escalation import EscalationPolicy, PolicyLevel
from opsdash.domain.schedule import on_call
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText


def names_reached(setup: Setup, level: PolicyLevel | None, now: datetime) -> str:
    """Return the names that `level` reaches now, joined by commas; empty where it names nobody known."""
    return ", ".join(names_of(setup, level.notify, now)) if level is not None else ""


def names_of(setup: Setup, targets: Sequence[str], at: datetime) -> tuple[SafeText, ...]:
    """Return the names of the people behind `targets` at `at`, each once."""
    found = [name for target in targets for name in _names(setup, target, at)]
    return tuple(dict.fromkeys(found))


def is_staffed(setup: Setup, policy: EscalationPolicy) -> bool:
    """Whether the configuration has anybody of those that a policy reaches: without it nothing climbs."""
    known = {f"person:{p.id}" for p in setup.people} | {f"schedule:{s.id}" for s in setup.schedules}
    known |= {f"notifier:{id}" for id in setup.paging.notifiers}
    return any(
        target in known or target.partition(":")[0] == "notifier"
        for level in policy.levels
        for target in level.notify
    )


def person_name(setup: Setup, id: str) -> str:
    """Return the name of person `id`, or the id where the configuration does not have them."""
    return next((str(p.name) for p in setup.people if p.id == id), id)


def _names(setup: Setup, target: str, at: datetime) -> list[SafeText]:
    kind, _, id = target.partition(":")
    if kind == "person":
        return [p.name for p in setup.people if p.id == id]
    if kind == "schedule":
        schedule = next((s for s in setup.schedules if s.id == id), None)
        shifts = on_call(schedule, at) if schedule is not None else ()
        return [SafeText(person_name(setup, shift.person)) for shift in shifts]
    return []
