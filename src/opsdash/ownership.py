"""A person's hand on whose an alert is and what happens next: take, reassign, extend, snooze, reapply.

Every function runs inside a write transaction, starts from what the store holds, and appends to the
timeline what it did. `as_of` is the owner that the person saw: what somebody else has changed since
is refused with who. The engine follows at its next beat.
"""

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash import paging
from opsdash.domain.alert import Acknowledgement, Alert
from opsdash.domain.climb import Climb, Snooze, acknowledged_until, owner
from opsdash.domain.incident import IncidentState, incident_number
from opsdash.domain.outcome import Outcome
from opsdash.domain.reach import person_name
from opsdash.domain.record import to_ms
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, Entry, EntryKind
from opsdash.store import alerts, changes, climbs, engine, entries, incidents

SNOOZE_LONGEST = timedelta(days=7)
"""How long an alert may be put off: PagerDuty's 604,800 s."""


class _Hand:
    """One act being done: what was done and refused, and its entries as one operation."""

    def __init__(self, connection: sqlite3.Connection, actor: Actor, now: datetime) -> None:
        self.connection = connection
        self.actor = actor
        self.now = now
        text = engine.load_setup_text(connection)
        self.setup = Setup() if text is None else engine.decode_setup(text)
        self.change = changes.next_change(connection)
        self.operation = secrets.token_hex(8)
        self.done: list[str] = []
        self.refused: list[tuple[str, str]] = []

    def refuse(self, id: str, reason: str) -> None:
        self.refused.append((id, reason))

    def open_alert(self, id: str, as_of: Mapping[str, str] | None = None) -> Alert | None:
        """Return the open occurrence `id`, or refuse it and return None."""
        alert = alerts.load(self.connection, id)
        if alert is None:
            self.refuse(id, "there is no such alert")
            return None
        if alert.resolved_at is not None:
            self.refuse(id, f"it resolved {format_span(self.now - alert.resolved_at)} ago")
            return None
        whose = owner(alert, climbs.load(self.connection, id))
        if as_of is not None and id in as_of and as_of[id] != whose:
            self.refuse(id, f"{whose} has it now" if whose else "nobody has it any more")
            return None
        return alert

    def climb(self, alert: Alert) -> Climb:
        """Return the climb of an alert; one that has none yet gets one that stands still."""
        policy = self.setup.policy_for(alert.labels)
        return climbs.begin(self.connection, alert, policy, None, due_at=None)

    def keep(self, climb: Climb) -> None:
        climbs.save(self.connection, climb, climbs.LOOK_NOW, self.change)

    def take(
        self, alert: Alert, comment: SafeText, until: datetime | None = None
    ) -> Acknowledgement:
        """Acknowledge an alert for the one who acts, whoever had it."""
        taken = Acknowledgement(self.actor.user, self.now, comment)
        alerts.set_acknowledgement(self.connection, alert.id, taken, self.change)
        follow_incident(self.connection, alert, self.change)
        paging.page_acknowledged(
            self.connection, self.setup, alert, taken.by, taken.comment, self.now, until
        )
        return taken

    def note(
        self, alert: Alert, kind: EntryKind, text: str, before: dict[str, object] | None = None
    ) -> None:
        entry = Entry(self.now, self.actor.user, kind, clean(text), alert.id)
        entry = replace(entry, claimed=self.actor.claimed)
        number = None if alert.incident is None else incident_number(alert.incident)
        entries.add(self.connection, entry, number, self.operation, before)

    def outcome(self) -> Outcome:
        return Outcome(tuple(self.done), tuple(self.refused))


def follow_incident(connection: sqlite3.Connection, alert: Alert, change: int) -> None:
    """Bring an alert's incident along: acknowledged while somebody has one of its alerts."""
    number = None if alert.incident is None else incident_number(alert.incident)
    current = None if number is None else incidents.load_state(connection, number)
    if number is None or current is None:
        return
    state, response, _ = current
    taken = incidents.is_acknowledged(connection, number)
    wanted = IncidentState.ACKNOWLEDGED if taken else IncidentState.TRIGGERED
    if state is not IncidentState.RESOLVED and state is not wanted:
        incidents.set_state(connection, number, wanted, response, None, change)


def take(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    comment: str = "",
    as_of: Mapping[str, str] | None = None,
) -> Outcome:
    """ "I'll take it": acknowledge the open alerts `ids` for oneself, also those that another has."""
    hand = _Hand(connection, actor, now)
    said = clean(comment.strip())
    for id in dict.fromkeys(ids):
        alert = hand.open_alert(id, as_of)
        if alert is None:
            continue
        climb = hand.climb(alert)
        whose = owner(alert, climb)
        if whose == actor.user and alert.acknowledgement is not None:
            hand.refuse(id, "you have it already")
            continue
        before = _before(alert)
        hand.take(alert, said)
        hand.keep(replace(climb, owner=SafeText(""), acknowledged=True, acted_at=None))
        words = f"took it over from {whose}" if whose and whose != actor.user else "took it"
        hand.note(alert, EntryKind.ACKNOWLEDGE, f"{words}: {said}" if said else words, before)
        hand.done.append(id)
    return hand.outcome()


def reassign(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    to: str,
    reason: str,
    as_of: Mapping[str, str] | None = None,
) -> Outcome:
    """Give the open alerts `ids` to person `to`, who is paged; a reason is required.

    It is no acknowledgement, and no timer begins anew: an alert that nobody takes goes on climbing.
    A running snooze is over, as it was somebody else's decision.
    """
    hand = _Hand(connection, actor, now)
    why, person = clean(reason.strip()), clean(to)
    known = any(p.id == to for p in hand.setup.people)
    for id in dict.fromkeys(ids):
        alert = hand.open_alert(id, as_of)
        if alert is None:
            continue
        climb = hand.climb(alert)
        refusal = _no_reassignment(person, why, known, owner(alert, climb))
        if refusal:
            hand.refuse(id, refusal)
            continue
        name = person_name(hand.setup, to)
        hand.keep(replace(climb, owner=person, snooze=None))
        hand.note(alert, EntryKind.REASSIGN, f"to {name}: {why}")
        paging.page_person(connection, hand.setup, alert, to, now, actor.user, why)
        hand.done.append(id)
    return hand.outcome()


def _no_reassignment(person: str, why: str, known: bool, whose: str) -> str:
    if not why:
        return "a reason is needed"
    if not known:
        return f"there is no person {person}; `opsdash oncall schedule` names them"
    return f"{person} has it already" if whose == person else ""


def extend(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Sequence[str]
) -> Outcome:
    """Let the acknowledgements of `ids` count from now again: "I am still at it"."""
    hand = _Hand(connection, actor, now)
    for id in dict.fromkeys(ids):
        alert = hand.open_alert(id)
        if alert is None:
            continue
        if alert.acknowledgement is None:
            hand.refuse(id, "nobody has acknowledged it")
            continue
        climb = replace(hand.climb(alert), acknowledged=True, acted_at=now)
        until = acknowledged_until(climb, alert)
        hand.keep(climb)
        words = f"for another {format_span(until - now)}" if until else "it does not end"
        hand.note(alert, EntryKind.EXTEND, f"acknowledged {words}")
        hand.done.append(id)
    return hand.outcome()


def snooze(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    until: datetime,
    reason: str,
) -> Outcome:
    """Put the open alerts `ids` off until a time; a reason is required.

    It acknowledges what nobody has. At that time, or when the severity rises, the alert is nobody's
    again and whoever is on call then is paged.
    """
    hand = _Hand(connection, actor, now)
    why = clean(reason.strip())
    for id in dict.fromkeys(ids):
        alert = hand.open_alert(id)
        if alert is None:
            continue
        refusal = _no_snooze(until - now, why)
        if refusal:
            hand.refuse(id, refusal)
            continue
        climb, before = hand.climb(alert), _before(alert)
        if alert.acknowledgement is None:
            hand.take(alert, clean(f"snoozed: {why}"), until)
        put_off = Snooze(until, actor.user, why, alert.severity)
        hand.keep(replace(climb, acknowledged=True, snooze=put_off))
        kind = EntryKind.ACKNOWLEDGE if alert.acknowledgement is None else EntryKind.SNOOZE
        text = f"snoozed for {format_span(until - now)}: {why}"
        if alert.acknowledgement is not None:
            paging.page_snoozed(connection, hand.setup, alert, actor.user, clean(text), now, until)
        hand.note(alert, kind, text, before if alert.acknowledgement is None else None)
        hand.done.append(id)
    return hand.outcome()


def _no_snooze(length: timedelta, why: str) -> str:
    if not why:
        return "a reason is needed: say why it may wait"
    if length <= timedelta():
        return "that time is over already"
    return "it can be put off for seven days at most" if length > SNOOZE_LONGEST else ""


def unsnooze(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Sequence[str]
) -> Outcome:
    """End the snooze of the open alerts `ids`; whoever has them has them still."""
    hand = _Hand(connection, actor, now)
    for id in dict.fromkeys(ids):
        alert = hand.open_alert(id)
        if alert is None:
            continue
        climb = hand.climb(alert)
        if climb.snooze is None:
            hand.refuse(id, "it is not snoozed")
            continue
        hand.keep(replace(climb, snooze=None, acted_at=now))
        hand.note(alert, EntryKind.UNSNOOZE, f"ended the snooze of {climb.snooze.by}")
        hand.done.append(id)
    return hand.outcome()


def reapply(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Sequence[str]
) -> Outcome:
    """Let the open alerts `ids` follow their policy as it is configured now; their level stays."""
    hand = _Hand(connection, actor, now)
    for id in dict.fromkeys(ids):
        alert = hand.open_alert(id)
        if alert is None:
            continue
        climb, policy = hand.climb(alert), hand.setup.policy_for(alert.labels)
        version = climbs.keep_policy(connection, policy)
        if (policy.id, version) == (climb.policy.id, climb.version):
            hand.refuse(id, f"it follows policy {policy.id} v{version} already")
            continue
        was = f"{climb.policy.id} v{climb.version}"
        hand.keep(replace(climb, policy=policy, version=version, exhausted_at=None))
        hand.note(alert, EntryKind.REAPPLY, f"policy {was} replaced by {policy.id} v{version}")
        hand.done.append(id)
    return hand.outcome()


def _before(alert: Alert) -> dict[str, object]:
    """What undo puts back of an acknowledgement."""
    taken = alert.acknowledgement
    return {
        "level": alert.level,
        "level_at": None if alert.level_at is None else to_ms(alert.level_at),
        "by": taken and taken.by,
        "at": taken and to_ms(taken.at),
        "comment": taken and taken.comment,
    }
