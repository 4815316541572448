"""Whom an escalation level reaches at a moment."""

from datetime import datetime

from opsdash.domain.escalation import PolicyLevel
from opsdash.domain.schedule import who
from opsdash.domain.setup import Setup


def names_reached(setup: Setup, level: PolicyLevel | None, now: datetime) -> str:
    """Return the names that `level` reaches now, joined by commas; empty where it names nobody known."""
    if level is None:
        return ""
    return ", ".join(name for target in level.notify if (name := _name(setup, target, now)))


def person_name(setup: Setup, id: str) -> str:
    """Return the name of person `id`, or the id where the configuration does not have them."""
    return next((str(p.name) for p in setup.people if p.id == id), id)


def _name(setup: Setup, target: str, now: datetime) -> str:
    kind, _, id = target.partition(":")
    if kind == "person":
        return next((str(p.name) for p in setup.people if p.id == id), "")
    if kind == "schedule":
        schedule = next((s for s in setup.schedules if s.id == id), None)
        shift = who(schedule, now) if schedule else None
        return person_name(setup, shift.person) if shift else ""
    return ""
