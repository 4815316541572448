"""A person's hand: acknowledge, unacknowledge, escalate and undo, each one transaction.

Every function runs inside a write transaction, starts from what the store holds, and appends to
the timeline what it did. What cannot be done is refused per alert, with the reason in words.
"""

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from opsdash import paging, silencing
from opsdash.domain.alert import Acknowledgement, Alert
from opsdash.domain.escalation import EscalationPolicy, Refused, next_level
from opsdash.domain.incident import IncidentState, incident_number
from opsdash.domain.outcome import Outcome
from opsdash.domain.reach import names_reached
from opsdash.domain.record import from_ms, to_ms
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, Entry, EntryKind
from opsdash.store import alerts, changes, climbs, engine, entries, incidents, overrides

__all__ = ["Outcome", "acknowledge", "escalate", "find", "unacknowledge", "undo"]

UNDO_WITHIN = timedelta(minutes=10)
"""How long after an act its author can still take it back with one key."""


_OPPOSITE_OF_MOVE = {
    EntryKind.ESCALATE: EntryKind.DEESCALATE,
    EntryKind.DEESCALATE: EntryKind.ESCALATE,
}


class _Act:
    """One act being done: collects what was done and refused, and writes its entries as one operation."""

    def __init__(self, connection: sqlite3.Connection, actor: Actor, now: datetime) -> None:
        self.connection = connection
        self.actor = actor
        self.now = now
        self.setup = overrides.overridden(connection, _setup(connection), now)
        self.change = changes.next_change(connection)
        self.operation = secrets.token_hex(8)
        self.done: list[str] = []
        self.refused: list[tuple[str, str]] = []

    def note(
        self, alert: Alert, kind: EntryKind, text: str, before: dict[str, object] | None = None
    ) -> None:
        entry = Entry(
            at=self.now,
            by=self.actor.user,
            kind=kind,
            text=clean(text),
            alert=alert.id,
            claimed=self.actor.claimed,
        )
        number = None if alert.incident is None else incident_number(alert.incident)
        entries.add(self.connection, entry, number, self.operation, before)

    def refuse(self, id: str, reason: str) -> None:
        self.refused.append((id, reason))

    def open_alert(self, id: str) -> Alert | None:
        """Return the open occurrence `id`, or refuse it and return None."""
        alert = alerts.load(self.connection, id)
        if alert is None:
            self.refuse(id, "there is no such alert")
        elif alert.resolved_at is not None:
            self.refuse(id, f"it resolved {self.ago(alert.resolved_at)} ago")
        else:
            return alert
        return None

    def ago(self, at: datetime) -> str:
        return format_span(self.now - at)

    def take_back(self, step: entries.Step, alert: Alert) -> None:
        """Put back what one step changed, and tell it as the opposite of it."""
        before = step.before
        if step.kind in _OPPOSITE_OF_MOVE:
            level, at = before["level"], before["level_at"]
            number = level if isinstance(level, int) else 0
            moved_at = from_ms(at) if isinstance(at, int) else None
            alerts.set_level(self.connection, alert.id, number, moved_at, self.change)
            text = f"undid: {step.kind}, back to level {number}"
            self.note(alert, _OPPOSITE_OF_MOVE[step.kind], text)
            return
        taken = None
        if isinstance(before["at"], int):
            taken = Acknowledgement(
                clean(before["by"]), from_ms(before["at"]), clean(before["comment"] or "")
            )
        alerts.set_acknowledgement(self.connection, alert.id, taken, self.change)
        kind = EntryKind.ACKNOWLEDGE if taken else EntryKind.UNACKNOWLEDGE
        self.note(alert, kind, f"undid: {step.kind}")
        self.follow_incident(alert)
        self.tell_paged(alert, taken)

    def take_back_silence(self, operation: str, step: entries.Step) -> None:
        """Undo what a step did to a silence, or refuse it with the reason."""
        if entries.newest_step(self.connection, step.alert) != operation:
            self.refuse(step.alert, "somebody has acted on it since")
            return
        reason = silencing.take_back(self.connection, self.actor, self.now, step)
        if reason:
            self.refuse(step.alert, reason)
            return
        self.done.append(step.alert)
        entries.mark_undone(self.connection, operation, step.alert)

    def tell_paged(self, alert: Alert, taken: Acknowledgement | None) -> None:
        """Tell whoever was paged for an alert that somebody has it now, or that nobody has."""
        by = self.actor.user
        if taken is None:
            paging.page_given_back(self.connection, self.setup, alert, by, self.now)
        else:
            paging.page_acknowledged(
                self.connection, self.setup, alert, taken.by, taken.comment, self.now
            )

    def follow_incident(self, alert: Alert) -> None:
        """Bring the alert's incident along: acknowledged while somebody has one of its alerts."""
        number = None if alert.incident is None else incident_number(alert.incident)
        current = None if number is None else incidents.load_state(self.connection, number)
        if number is None or current is None:
            return
        state, response, _ = current
        taken = incidents.is_acknowledged(self.connection, number)
        wanted = IncidentState.ACKNOWLEDGED if taken else IncidentState.TRIGGERED
        if state is not IncidentState.RESOLVED and state is not wanted:
            incidents.set_state(self.connection, number, wanted, response, None, self.change)

    def outcome(self, said: str = "") -> Outcome:
        return Outcome(tuple(self.done), tuple(self.refused), said)


def acknowledge(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    comment: str = "",
) -> Outcome:
    """Take the open alerts `ids`. One that another person has is refused with who and since when."""
    act = _Act(connection, actor, now)
    said = clean(comment.strip())
    for id in dict.fromkeys(ids):
        alert = act.open_alert(id)
        if alert is None:
            continue
        taken = alert.acknowledgement
        if taken is not None:
            whose = "you" if taken.by == actor.user else taken.by
            act.refuse(id, f"acknowledged by {whose} {act.ago(taken.at)} ago")
            if taken.by != actor.user:
                act.note(alert, EntryKind.NOTE, f"wanted to acknowledge it too; {taken.by} had it")
            continue
        mine = Acknowledgement(actor.user, now, said)
        alerts.set_acknowledgement(connection, id, mine, act.change)
        act.note(alert, EntryKind.ACKNOWLEDGE, said or "acknowledged", _before(alert))
        act.follow_incident(alert)
        act.tell_paged(alert, mine)
        act.done.append(id)
    return act.outcome()


def unacknowledge(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Sequence[str]
) -> Outcome:
    """Give the open alerts `ids` back to nobody."""
    act = _Act(connection, actor, now)
    for id in dict.fromkeys(ids):
        alert = act.open_alert(id)
        if alert is None:
            continue
        taken = alert.acknowledgement
        if taken is None:
            act.refuse(id, "nobody has acknowledged it")
            continue
        alerts.set_acknowledgement(connection, id, None, act.change)
        whose = "their own" if taken.by == actor.user else f"{taken.by}'s"
        act.note(
            alert, EntryKind.UNACKNOWLEDGE, f"took back {whose} acknowledgement", _before(alert)
        )
        act.follow_incident(alert)
        act.tell_paged(alert, None)
        act.done.append(id)
    return act.outcome()


def escalate(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    as_of_levels: Mapping[str, int],
    reason: str,
    to: int | None = None,
) -> Outcome:
    """Move the open alerts `ids` to level `to`, or each to its next one; a reason is required.

    `as_of_levels` is the level that the person saw for each: an alert that another person has moved
    since is refused, so that two people at once climb one level and not two.
    """
    act = _Act(connection, actor, now)
    why = clean(reason.strip())
    setup = act.setup
    for id in dict.fromkeys(ids):
        alert = act.open_alert(id)
        if alert is None:
            continue
        policy = climbs.policy_of(connection, setup, alert)
        target = _target(act, policy, alert, as_of_levels.get(id), why, to)
        if isinstance(target, Refused):
            act.refuse(id, target.reason)
            continue
        alerts.set_level(connection, id, target, now, act.change)
        kind = EntryKind.ESCALATE if target > alert.level else EntryKind.DEESCALATE
        reached = names_reached(setup, policy.level(target), now)
        whom = f" ({reached})" if reached else ""
        name = policy.name(target)
        before = {**_before(alert), "to": target}
        act.note(alert, kind, f"to level {target} {name}{whom}: {why}", before)
        if target > alert.level:
            again = paging.next_repeat(connection, alert, target)
            paging.page_level(connection, setup, alert, target, now, actor.user, why, again)
        act.done.append(id)
    return act.outcome()


def undo(connection: sqlite3.Connection, actor: Actor, now: datetime) -> Outcome:
    """Take back the actor's newest act of the last ten minutes, where nothing came after it.

    Only what that act changed is put back. An act that cannot be taken back stays the newest: a
    second press must not reach for an older one.
    """
    act = _Act(connection, actor, now)

    def same_person(claimed: Mapping[str, SafeText]) -> bool:
        return all(claimed.get(name) == actor.claimed.get(name) for name in _WHO)

    operation = entries.newest_operation(connection, actor.user, now - UNDO_WITHIN, same_person)
    if operation is None:
        return act.outcome("there is nothing of yours to undo")
    undone = entries.steps(connection, operation)
    for step in undone:
        if "silence" in step.before:
            act.take_back_silence(operation, step)
            continue
        alert = act.open_alert(step.alert)
        if alert is None:
            continue
        if _acted_on_since(act, operation, step, alert):
            act.refuse(step.alert, "somebody has acted on it since")
            continue
        act.take_back(step, alert)
        act.done.append(step.alert)
        entries.mark_undone(connection, operation, step.alert)
    kinds = ", ".join(dict.fromkeys(step.kind.value for step in undone if step.alert in act.done))
    return act.outcome(f"undone: {kinds}" if act.done else "")


_WHO = ("SUDO_USER", "OPSDASH_USER")
"""The claims that tell people apart who share one user of the operating system."""


def _acted_on_since(act: _Act, operation: str, step: entries.Step, alert: Alert) -> bool:
    later = entries.newest_step(act.connection, step.alert)
    moved = "to" in step.before and alert.level != step.before["to"]
    return (later is not None and later != operation) or moved


def find(connection: sqlite3.Connection, text: str) -> tuple[str, ...]:
    """Return the ids that a person means by `text`; raise LookupError in words when unclear.

    `text` is an alert's id, its fingerprint, an unambiguous prefix of one, or `INC-001` for all the
    open alerts of that incident. Open occurrences win over resolved ones.
    """
    wanted = clean(text.strip(), 200)
    number = incident_number(wanted)
    if number is not None:
        members = [a.id for a in alerts.load_of_incident(connection, number) if a.open]
        if members:
            return tuple(members)
        if incidents.load_state(connection, number) is not None:
            raise LookupError(f"{wanted} has no open alerts")
        raise LookupError(f"there is no {wanted}; `opsdash alerts` lists what is there")
    found = alerts.match(connection, wanted.lower()) if wanted else []
    newest: dict[str, Alert] = {}
    for alert in found:
        newest.setdefault(alert.fingerprint, alert)
    exact = [a for a in found if a.id == wanted.lower()]
    candidates = exact or [a for a in found if a.open] or list(newest.values())
    if not candidates:
        raise LookupError(f"no alert has the id {wanted!r}; `opsdash alerts` lists what is there")
    if len(candidates) > 1:
        names = ", ".join(f"{a.id} ({a.name})" for a in candidates[:4])
        more = f" and {len(candidates) - 4} more" if len(candidates) > 4 else ""
        raise LookupError(f"{wanted!r} is ambiguous: {names}{more}; type more of it")
    return (candidates[0].id,)


def _target(
    act: _Act, policy: EscalationPolicy, alert: Alert, as_of: int | None, why: str, to: int | None
) -> int | Refused:
    if not why:
        return Refused(SafeText("a reason is needed"))
    if as_of is not None and as_of != alert.level:
        when = f" {act.ago(alert.level_at)} ago" if alert.level_at else ""
        who = entries.newest_mover(act.connection, alert.id) or "somebody"
        name = policy.name(alert.level)
        return Refused(clean(f"{who} moved it to level {alert.level} {name}{when}"))
    return next_level(policy, alert.level, alert.severity, to)


def _before(alert: Alert) -> dict[str, object]:
    taken = alert.acknowledgement
    return {
        "level": alert.level,
        "level_at": None if alert.level_at is None else to_ms(alert.level_at),
        "by": taken and taken.by,
        "at": taken and to_ms(taken.at),
        "comment": taken and taken.comment,
    }


def _setup(connection: sqlite3.Connection) -> Setup:
    text = engine.load_setup_text(connection)
    return Setup() if text is None else engine.decode_setup(text)
