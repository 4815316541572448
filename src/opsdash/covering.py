"""A person's hand on schedules and maintenance: cover, take a shift, take back, hold alerts for a while.

Every function runs inside a write transaction and refuses in words what cannot be. What is done is
stored with who did it and why.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.maintenance import LONGEST, Maintenance
from opsdash.domain.outcome import Outcome
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.reach import person_name
from opsdash.domain.schedule import Schedule, on_call, shifts
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import entries, maintenance, overrides

OVERRIDE, MAINTENANCE = EntryKind.OVERRIDE.value, EntryKind.MAINTENANCE.value
"""What a step on an override or a window holds: whether it was made by it, else it was ended."""

LONGEST_COVER = timedelta(days=92)
"""How long one override may last: what is longer belongs into the configuration."""


def cover(
    connection: sqlite3.Connection, setup: Setup, actor: Actor, now: datetime, wanted: Override
) -> Outcome:
    """Store an override, made by `actor`; return its id, or why it cannot be."""
    setup = overrides.overridden(connection, setup)
    refusal = cover_refusal(setup, wanted, now)
    if refusal:
        return Outcome(refused=((wanted.schedule, refusal),))
    made = overrides.add(connection, wanted, now, actor.claimed)
    words = cover_words(setup, made)
    _tell(connection, actor, now, EntryKind.OVERRIDE, made.id, f"{words}: {made.reason}", True)
    return Outcome((str(made.id),), said=words)


def rest_of_shift(
    setup: Setup, actor: Actor, now: datetime, schedule: str, person: str, reason: str
) -> Override | str:
    """The override by which `person` has the running shift from now on, or why there is none."""
    found = _schedule(setup, schedule)
    if found is None:
        return f"there is no schedule {schedule}"
    shift = next(iter(on_call(found, now)), None)
    if shift is None:
        return "nobody is on call on it now; use add"
    if shift.person == person:
        return f"{person} is on call already"
    made = next((one for one in found.overrides if one.id == shift.override), None)
    # What is temporary lies over every replacement: only another such one takes it over.
    alone = made is not None and made.kind is OverrideKind.TEMPORARY
    return Override(
        schedule,
        OverrideKind.TEMPORARY if alone else OverrideKind.REPLACE,
        now,
        shift.end,
        person,
        "" if alone else shift.person,
        actor.user,
        clean(reason.strip()),
    )


def uncover(connection: sqlite3.Connection, actor: Actor, now: datetime, id: int) -> Outcome:
    """Take an override back: the rotation counts again."""
    if not overrides.remove(connection, id, actor.user, now):
        why = "there is no such override; `opsdash oncall override list` names them"
        return Outcome(refused=((str(id), why),))
    _tell(connection, actor, now, EntryKind.OVERRIDE, id, f"took override {id} back", False)
    return Outcome((str(id),))


def cover_refusal(setup: Setup, wanted: Override, now: datetime) -> str:
    """Say why an override cannot be; empty where it can."""
    schedule = _schedule(setup, wanted.schedule)
    known = {person.id for person in setup.people}
    unknown = next((p for p in (wanted.person, wanted.replaces) if p and p not in known), "")
    if schedule is None:
        return f"there is no schedule {wanted.schedule}"
    if unknown:
        return f"there is no person {unknown}; the configuration's [[person]] tables name them"
    if wanted.kind is not OverrideKind.REMOVE and not wanted.person:
        return "say who comes on call"
    if wanted.kind is OverrideKind.REMOVE and not wanted.replaces:
        return "say who goes off"
    if not wanted.reason.strip():
        return "a reason is needed"
    return _time_refusal(wanted, now) or _effect_refusal(schedule, wanted)


def _time_refusal(wanted: Override, now: datetime) -> str:
    if wanted.end <= wanted.start:
        return "it ends before it begins"
    if wanted.end <= now:
        return "that time is over already"
    if wanted.end - wanted.start > LONGEST_COVER:
        return f"it may last {LONGEST_COVER.days} days at most; change the schedule instead"
    return ""


def _effect_refusal(schedule: Schedule, wanted: Override) -> str:
    before = shifts(schedule, wanted.start, wanted.end)
    if shifts(schedule, wanted.start, wanted.end, (as_newest(wanted),)) != before:
        return ""
    if wanted.kind is not OverrideKind.TEMPORARY and any(
        one.kind is OverrideKind.TEMPORARY and one.start < wanted.end and wanted.start < one.end
        for one in schedule.overrides
    ):
        return "it changes nothing: a temporary schedule lies over it; make a temporary one"
    if wanted.kind is OverrideKind.ADD:
        return ""
    whom = wanted.replaces or "anybody else"
    return f"it changes nothing: {whom} is not on call then"


def as_newest(wanted: Override) -> Override:
    """The override as if it were made now: after all that are there."""
    return replace(wanted, id=2**62)


def cover_words(setup: Setup, made: Override) -> str:
    """Say an override as people do: who, in place of whom, for how long."""
    who, off = person_name(setup, made.person), person_name(setup, made.replaces)
    span = format_span(made.end - made.start)
    if made.kind is OverrideKind.ADD:
        return f"{who} is on call beside whoever else is, for {span}"
    if made.kind is OverrideKind.REMOVE:
        return f"{off} is off call for {span}"
    if made.kind is OverrideKind.TEMPORARY:
        return f"{who} alone is on call, whatever rotation and overrides say, for {span}"
    return f"{who} is on call in place of {off or 'whoever else is'}, for {span}"


def maintain(
    connection: sqlite3.Connection, actor: Actor, now: datetime, window: Maintenance
) -> Outcome:
    """Store a maintenance window, made by `actor`; return its id, or why it cannot be."""
    refusal = _no_maintenance(window, now)
    if refusal:
        return Outcome(refused=(("maintenance", refusal),))
    made = maintenance.add(connection, window, now, actor.claimed)
    what = window.service or ", ".join(window.matching) or "everything"
    text = f"maintenance of {what} for {format_span(window.end - window.start)}: {window.reason}"
    _tell(connection, actor, now, EntryKind.MAINTENANCE, made.id, text, True)
    return Outcome((str(made.id),))


def end_maintenance(
    connection: sqlite3.Connection, actor: Actor, now: datetime, id: int
) -> Outcome:
    """End a window now: what it held and still fires is paged."""
    if not maintenance.end(connection, id, actor.user, now):
        return Outcome(refused=((str(id), "it is over already, or was never there"),))
    _tell(connection, actor, now, EntryKind.MAINTENANCE, id, f"ended maintenance {id}", False)
    return Outcome((str(id),))


def take_back_override(
    connection: sqlite3.Connection, actor: Actor, now: datetime, step: entries.Step
) -> str:
    """Undo what one step did to an override; say why not, empty where it is done."""
    id = _number(step)
    if step.before[OVERRIDE]:
        found = overrides.load(connection, id)
        if found is None:
            return "it was taken back already"
        if found.end <= now:
            return "it is over already"
        overrides.remove(connection, id, actor.user, now)
    else:
        found = overrides.restore(connection, id)
        if found is None:
            return "there is no such override any more"
        if found.end <= now:
            overrides.remove(connection, id, actor.user, now)
            return "it would be over by now"
    _tell(connection, actor, now, EntryKind.OVERRIDE, id, f"undid: override {id}", None)
    return ""


def take_back_maintenance(
    connection: sqlite3.Connection, actor: Actor, now: datetime, step: entries.Step
) -> str:
    """Undo what one step did to a maintenance window; say why not, empty where it is done.

    Ending it has what it held paged; what was paged as it ended stays paged.
    """
    id = _number(step)
    window = maintenance.load(connection, id)
    if window is None or window.end <= now:
        return "it is over by itself"
    if step.before[MAINTENANCE]:
        if not maintenance.end(connection, id, actor.user, now):
            return "it was ended already"
    else:
        maintenance.reopen(connection, id)
    _tell(connection, actor, now, EntryKind.MAINTENANCE, id, f"undid: maintenance {id}", None)
    return ""


def _number(step: entries.Step) -> int:
    return int(step.alert.partition("/")[2])


def _tell(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    kind: EntryKind,
    id: int,
    text: str,
    made: bool | None,
) -> None:
    """Tell it on its own timeline, where undo looks: `made`, or ended; None for what undo itself does."""
    before: dict[str, object] | None = None if made is None else {kind.value: made}
    entries.tell(connection, actor, now, f"{kind}/{id}", kind, text, before)


def _no_maintenance(window: Maintenance, now: datetime) -> str:
    if not window.reason.strip():
        return "a reason is needed: say what the work is"
    if window.end <= window.start or window.end <= now:
        return "it would end before it begins"
    if window.end - window.start > LONGEST:
        return f"it lasts {format_span(LONGEST)} at most, so that none is forgotten"
    return ""


def _schedule(setup: Setup, id: str) -> Schedule | None:
    return next((schedule for schedule in setup.schedules if schedule.id == id), None)
