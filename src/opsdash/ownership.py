"""A person's hand on whose an alert is and what happens next: take, reassign, extend, snooze, reapply.

Every function runs inside a write transaction, starts from what the store holds, and appends to the
timeline what it did. `as_of` is the owner that the person saw: what somebody else has changed since
is refused with who. The engine follows at its next beat.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash import paging
from opsdash.act import Act
from opsdash.domain.alert import Acknowledgement
from opsdash.domain.climb import Snooze, acknowledged_until, owner
from opsdash.domain.outcome import Outcome
from opsdash.domain.reach import person_name
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import climbs

SNOOZE_LONGEST = timedelta(days=7)
"""How long an alert may be put off: PagerDuty's 604,800 s."""


def take(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    comment: str = "",
    as_of: Mapping[str, str] | None = None,
) -> Outcome:
    """ "I'll take it": acknowledge the open alerts `ids` for oneself, also those that another has."""
    act = Act(connection, actor, now)
    said = clean(comment.strip())
    for alert in act.alerts(ids, as_of):
        climb = act.climb(alert)
        whose = owner(alert, climb)
        if whose == actor.user and alert.acknowledgement is not None:
            act.refuse(alert.id, "you have it already")
            continue
        mine = Acknowledgement(actor.user, now, said)
        act.give(alert, mine)
        after = replace(climb, owner=SafeText(""), acknowledged=True, acted_at=None)
        words = f"took it over from {whose}" if whose and whose != actor.user else "took it"
        text = f"{words}: {said}" if said else words
        act.step(alert, climb, after, EntryKind.ACKNOWLEDGE, text, mine)
    return act.outcome()


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
    A running snooze is over, as it was somebody else's decision. Whom the alert's policy keeps for
    other severities (the CEO, for critical alerts) is not reached this way either.
    """
    act = Act(connection, actor, now)
    why, person = clean(reason.strip()), clean(to)
    known = any(p.id == to for p in act.setup.people)
    for alert in act.alerts(ids, as_of):
        climb = act.climb(alert)
        refusal = _no_reassignment(person, why, known, owner(alert, climb))
        refusal = refusal or climb.policy.bars(to, alert.severity)
        if refusal:
            act.refuse(alert.id, refusal)
            continue
        name = person_name(act.setup, to)
        after = replace(climb, owner=person, snooze=None)
        text = f"to {name}: {why}"
        act.step(alert, climb, after, EntryKind.REASSIGN, text, alert.acknowledgement)
        paging.page_person(connection, act.setup, alert, to, now, actor.user, why)
    return act.outcome()


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
    act = Act(connection, actor, now)
    for alert in act.alerts(ids):
        if alert.acknowledgement is None:
            act.refuse(alert.id, "nobody has acknowledged it")
            continue
        climb = act.climb(alert)
        after = replace(climb, acknowledged=True, acted_at=now)
        until = acknowledged_until(after, alert)
        words = f"for another {format_span(until - now)}" if until else "it does not end"
        text = f"acknowledged {words}"
        act.step(alert, climb, after, EntryKind.EXTEND, text, alert.acknowledgement)
    return act.outcome()


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
    act = Act(connection, actor, now)
    why = clean(reason.strip())
    for alert in act.alerts(ids):
        refusal = _no_snooze(until - now, why)
        if refusal:
            act.refuse(alert.id, refusal)
            continue
        climb, taken, kind = act.climb(alert), alert.acknowledgement, EntryKind.SNOOZE
        text = f"snoozed for {format_span(until - now)}: {why}"
        if taken is None:
            kind = EntryKind.ACKNOWLEDGE
            taken = Acknowledgement(actor.user, now, clean(f"snoozed: {why}"))
            act.give(alert, taken, until)
        else:
            paging.page_note(connection, act.setup, alert, actor.user, clean(text), now, until)
        put_off = Snooze(until, actor.user, why, alert.severity)
        act.step(alert, climb, replace(climb, acknowledged=True, snooze=put_off), kind, text, taken)
    return act.outcome()


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
    act = Act(connection, actor, now)
    for alert in act.alerts(ids):
        climb = act.climb(alert)
        if climb.snooze is None:
            act.refuse(alert.id, "it is not snoozed")
            continue
        after = replace(climb, snooze=None, acted_at=now)
        text = f"ended the snooze of {climb.snooze.by}"
        act.step(alert, climb, after, EntryKind.UNSNOOZE, text, alert.acknowledgement)
    return act.outcome()


def reapply(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Sequence[str]
) -> Outcome:
    """Let the open alerts `ids` follow their policy as it is configured now; their level stays."""
    act = Act(connection, actor, now)
    for alert in act.alerts(ids):
        climb, policy = act.climb(alert), act.setup.policy_for(alert.labels)
        version = climbs.keep_policy(connection, policy)
        if (policy.id, version) == (climb.policy.id, climb.version):
            act.refuse(alert.id, f"it follows policy {policy.id} v{version} already")
            continue
        was = f"{climb.policy.id} v{climb.version}"
        after = replace(climb, policy=policy, version=version, exhausted_at=None)
        text = f"policy {was} replaced by {policy.id} v{version}"
        act.step(alert, climb, after, EntryKind.REAPPLY, text, alert.acknowledgement)
    return act.outcome()
