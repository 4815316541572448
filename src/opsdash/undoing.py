"""A person's hand that takes back what it did: one key, the newest act, where nothing came after it."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash import covering, inquiry, paging, reporting, silencing
from opsdash.act import Act, held
from opsdash.domain.alert import Acknowledgement, Alert
from opsdash.domain.climb import Climb, Snooze
from opsdash.domain.outcome import Outcome
from opsdash.domain.record import decode, from_ms
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import alerts, climbs, entries

UNDO_WITHIN = timedelta(minutes=10)
"""How long after an act its author can still take it back with one key."""

_OPPOSITE_OF_MOVE = {
    EntryKind.ESCALATE: EntryKind.DEESCALATE,
    EntryKind.DEESCALATE: EntryKind.ESCALATE,
}

_TakeBack = Callable[[sqlite3.Connection, Actor, datetime, entries.Step], str]

_OTHERS: Mapping[str, _TakeBack] = {
    covering.OVERRIDE: covering.take_back_override,
    covering.MAINTENANCE: covering.take_back_maintenance,
    "silence": silencing.take_back,
    inquiry.BEFORE: inquiry.take_back,
    reporting.BEFORE: reporting.take_back,
}
"""What undoes a step that changed no alert, by what its `before` holds."""

_WHO = ("SUDO_USER", "OPSDASH_USER")
"""The claims that tell people apart who share one user of the operating system."""

_SINCE = "somebody has acted on it since"

NOTHING = "there is nothing of yours to undo"


def newest(connection: sqlite3.Connection, actor: Actor, now: datetime) -> str | None:
    """Return the operation that `undo` would take back now: the actor's newest of the last ten minutes."""

    def same_person(claimed: Mapping[str, SafeText]) -> bool:
        return all(claimed.get(name) == actor.claimed.get(name) for name in _WHO)

    return entries.newest_operation(connection, actor.user, now - UNDO_WITHIN, same_person)


def undo(
    connection: sqlite3.Connection, actor: Actor, now: datetime, as_of: str | None = None
) -> Outcome:
    """Take back the actor's newest act of the last ten minutes, where nothing came after it.

    Only what that act changed is put back. An act that cannot be taken back stays the newest: a
    second press must not reach for an older one. `as_of` is the operation that the person was told
    of: where another is the newest by now, nothing is done.
    """
    act = Act(connection, actor, now)
    operation = newest(connection, actor, now)
    if operation is None:
        return act.outcome(NOTHING)
    if as_of is not None and operation != as_of:
        return Outcome(refused=(("undo", "your last act is another one by now; press again"),))
    undone = entries.steps(connection, operation)
    for step in undone:
        other = next((name for name in _OTHERS if name in step.before), None)
        if other is not None:
            _take_back_other(act, operation, step, _OTHERS[other])
            continue
        alert = act.open_alert(step.alert)
        if alert is None:
            continue
        reason = _why_not(act, operation, step, alert)
        if reason:
            act.refuse(step.alert, reason)
            continue
        if "climb" in step.before:
            _take_back_owner(act, step, alert)
        else:
            _take_back(act, step, alert)
        act.done.append(step.alert)
        entries.mark_undone(connection, operation, step.alert)
    kinds = ", ".join(dict.fromkeys(step.kind.value for step in undone if step.alert in act.done))
    return act.outcome(f"undone: {kinds}" if act.done else "")


def _why_not(act: Act, operation: str, step: entries.Step, alert: Alert) -> str:
    """Say why what a step did to an alert stays; empty where it can be taken back."""
    later = entries.newest_step(act.connection, step.alert)
    moved = "to" in step.before and alert.level != step.before["to"]
    if (later is not None and later != operation) or moved:
        return _SINCE
    left = step.before.get("left")
    if left is not None and left != held(alert.acknowledgement, act.climb(alert)):
        return "the clock has ended it since"
    return ""


def _take_back(act: Act, step: entries.Step, alert: Alert) -> None:
    """Put back what one step changed, and tell it as the opposite of it."""
    before = step.before
    if step.kind in _OPPOSITE_OF_MOVE:
        level, at = before["level"], before["level_at"]
        number = level if isinstance(level, int) else 0
        moved_at = from_ms(at) if isinstance(at, int) else None
        alerts.set_level(act.connection, alert.id, number, moved_at, act.change)
        text = f"undid: {step.kind}, back to level {number}"
        act.note(alert, _OPPOSITE_OF_MOVE[step.kind], text)
        return
    taken = _taken(step)
    kind = EntryKind.ACKNOWLEDGE if taken else EntryKind.UNACKNOWLEDGE
    act.note(alert, kind, f"undid: {step.kind}")
    act.give(alert, taken)


def _taken(step: entries.Step) -> Acknowledgement | None:
    """The acknowledgement that an alert had before a step."""
    before = step.before
    if not isinstance(before["at"], int):
        return None
    return Acknowledgement(
        clean(before["by"]), from_ms(before["at"]), clean(before["comment"] or "")
    )


_OPPOSITE_OF_OWNER = {
    EntryKind.SNOOZE: EntryKind.UNSNOOZE,
    EntryKind.UNSNOOZE: EntryKind.SNOOZE,
}


def _take_back_owner(act: Act, step: entries.Step, alert: Alert) -> None:
    """Put back whose an alert was, until when, and by which policy; tell it, and whoever was paged."""
    before = _restored(act, step, alert)
    taken = _taken(step)
    text = f"undid: {step.kind}"
    act.keep(before)
    if taken != alert.acknowledgement:
        act.note(alert, EntryKind.ACKNOWLEDGE if taken else EntryKind.UNACKNOWLEDGE, text)
        act.give(alert, taken)
        return
    act.note(alert, _OPPOSITE_OF_OWNER.get(step.kind, step.kind), text)
    if step.kind in (EntryKind.REASSIGN, EntryKind.SNOOZE):
        said = clean(f"took it back: {step.text}")
        paging.page_note(act.connection, act.setup, alert, act.actor.user, said, act.now)


def _restored(act: Act, step: entries.Step, alert: Alert) -> Climb:
    """Return an alert's climb as it was before a step; a snooze that would be over by now stays over."""
    kept = step.before["climb"]
    assert isinstance(kept, dict)
    snooze = decode(Snooze, kept["snooze"]) if kept["snooze"] else None
    policies = climbs.load_policies(act.connection)
    climb = act.climb(alert)
    return replace(
        climb,
        owner=clean(kept["owner"]),
        snooze=None if snooze is None or snooze.until <= act.now else snooze,
        acted_at=_at(kept["acted_at"]),
        exhausted_at=_at(kept["exhausted_at"]),
        policy=policies.get((kept["policy"], kept["version"]), climb.policy),
        version=kept["version"],
    )


def _at(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


def _take_back_other(act: Act, operation: str, step: entries.Step, take_back: _TakeBack) -> None:
    """Undo what a step did to anything but an alert, or refuse it with the reason."""
    if entries.newest_step(act.connection, step.alert) != operation:
        act.refuse(step.alert, _SINCE)
        return
    reason = take_back(act.connection, act.actor, act.now, step)
    if reason:
        act.refuse(step.alert, reason)
        return
    act.done.append(step.alert)
    entries.mark_undone(act.connection, operation, step.alert)
