"""A person's hand that takes back what it did: one key, the newest act, where nothing came after it."""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from opsdash import inquiry, silencing
from opsdash.act import Act
from opsdash.domain.alert import Acknowledgement, Alert
from opsdash.domain.outcome import Outcome
from opsdash.domain.record import from_ms
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import alerts, entries

UNDO_WITHIN = timedelta(minutes=10)
"""How long after an act its author can still take it back with one key."""

_OPPOSITE_OF_MOVE = {
    EntryKind.ESCALATE: EntryKind.DEESCALATE,
    EntryKind.DEESCALATE: EntryKind.ESCALATE,
}

_TakeBack = Callable[[sqlite3.Connection, Actor, datetime, entries.Step], str]

_OTHERS: Mapping[str, _TakeBack] = {
    "silence": silencing.take_back,
    inquiry.BEFORE: inquiry.take_back,
}
"""What undoes a step that changed no alert, by what its `before` holds."""

_WHO = ("SUDO_USER", "OPSDASH_USER")
"""The claims that tell people apart who share one user of the operating system."""

_SINCE = "somebody has acted on it since"


def undo(connection: sqlite3.Connection, actor: Actor, now: datetime) -> Outcome:
    """Take back the actor's newest act of the last ten minutes, where nothing came after it.

    Only what that act changed is put back. An act that cannot be taken back stays the newest: a
    second press must not reach for an older one.
    """
    act = Act(connection, actor, now)

    def same_person(claimed: Mapping[str, SafeText]) -> bool:
        return all(claimed.get(name) == actor.claimed.get(name) for name in _WHO)

    operation = entries.newest_operation(connection, actor.user, now - UNDO_WITHIN, same_person)
    if operation is None:
        return act.outcome("there is nothing of yours to undo")
    undone = entries.steps(connection, operation)
    for step in undone:
        other = next((name for name in _OTHERS if name in step.before), None)
        if other is not None:
            _take_back_other(act, operation, step, _OTHERS[other])
            continue
        alert = act.open_alert(step.alert)
        if alert is None:
            continue
        if _acted_on_since(act, operation, step, alert):
            act.refuse(step.alert, _SINCE)
            continue
        _take_back(act, step, alert)
        act.done.append(step.alert)
        entries.mark_undone(connection, operation, step.alert)
    kinds = ", ".join(dict.fromkeys(step.kind.value for step in undone if step.alert in act.done))
    return act.outcome(f"undone: {kinds}" if act.done else "")


def _acted_on_since(act: Act, operation: str, step: entries.Step, alert: Alert) -> bool:
    later = entries.newest_step(act.connection, step.alert)
    moved = "to" in step.before and alert.level != step.before["to"]
    return (later is not None and later != operation) or moved


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
    taken = None
    if isinstance(before["at"], int):
        at, said = from_ms(before["at"]), clean(before["comment"] or "")
        taken = Acknowledgement(clean(before["by"]), at, said)
    kind = EntryKind.ACKNOWLEDGE if taken else EntryKind.UNACKNOWLEDGE
    act.note(alert, kind, f"undid: {step.kind}")
    act.give(alert, taken)


def _take_back_other(act: Act, operation: str, step: entries.Step, take_back: _TakeBack) -> None:
    """Undo what a step did to a silence or a failure batch, or refuse it with the reason."""
    if entries.newest_step(act.connection, step.alert) != operation:
        act.refuse(step.alert, _SINCE)
        return
    reason = take_back(act.connection, act.actor, act.now, step)
    if reason:
        act.refuse(step.alert, reason)
        return
    act.done.append(step.alert)
    entries.mark_undone(act.connection, operation, step.alert)
