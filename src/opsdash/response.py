"""A person's hand: acknowledge, unacknowledge and escalate, each one transaction.

Every function runs inside a write transaction, starts from what the store holds, and appends to
the timeline what it did. What cannot be done is refused per alert, with the reason in words.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from opsdash import paging
from opsdash.act import Act, before
from opsdash.domain.alert import Acknowledgement, Alert
from opsdash.domain.escalation import EscalationPolicy, Refused, next_level
from opsdash.domain.incident import incident_number
from opsdash.domain.outcome import Outcome
from opsdash.domain.reach import names_reached
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import alerts, climbs, entries, incidents
from opsdash.undoing import undo

__all__ = ["Outcome", "acknowledge", "escalate", "find", "unacknowledge", "undo"]


def acknowledge(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    comment: str = "",
) -> Outcome:
    """Take the open alerts `ids`. One that another person has is refused with who and since when."""
    act = Act(connection, actor, now)
    said = clean(comment.strip())
    for alert in act.alerts(ids):
        taken = alert.acknowledgement
        if taken is not None:
            whose = "you" if taken.by == actor.user else taken.by
            act.refuse(alert.id, f"acknowledged by {whose} {act.ago(taken.at)} ago")
            if taken.by != actor.user:
                act.note(alert, EntryKind.NOTE, f"wanted to acknowledge it too; {taken.by} had it")
            continue
        mine = Acknowledgement(actor.user, now, said)
        act.note(alert, EntryKind.ACKNOWLEDGE, said or "acknowledged", before(alert))
        act.give(alert, mine)
        act.done.append(alert.id)
    return act.outcome()


def unacknowledge(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Sequence[str]
) -> Outcome:
    """Give the open alerts `ids` back to nobody."""
    act = Act(connection, actor, now)
    for alert in act.alerts(ids):
        taken = alert.acknowledgement
        if taken is None:
            act.refuse(alert.id, "nobody has acknowledged it")
            continue
        whose = "their own" if taken.by == actor.user else f"{taken.by}'s"
        text = f"took back {whose} acknowledgement"
        act.note(alert, EntryKind.UNACKNOWLEDGE, text, before(alert))
        act.give(alert, None)
        act.done.append(alert.id)
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
    act = Act(connection, actor, now)
    why = clean(reason.strip())
    setup = act.setup
    for alert in act.alerts(ids):
        policy = climbs.policy_of(connection, setup, alert)
        target = _target(act, policy, alert, as_of_levels.get(alert.id), why, to)
        if isinstance(target, Refused):
            act.refuse(alert.id, target.reason)
            continue
        alerts.set_level(connection, alert.id, target, now, act.change)
        kind = EntryKind.ESCALATE if target > alert.level else EntryKind.DEESCALATE
        reached = names_reached(setup, policy.level(target), now)
        whom = f" ({reached})" if reached else ""
        name = policy.name(target)
        was = {**before(alert), "to": target}
        act.note(alert, kind, f"to level {target} {name}{whom}: {why}", was)
        if target > alert.level:
            again = paging.next_repeat(connection, alert, target)
            paging.page_level(connection, setup, alert, target, now, actor.user, why, again)
        act.done.append(alert.id)
    return act.outcome()


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
    act: Act, policy: EscalationPolicy, alert: Alert, as_of: int | None, why: str, to: int | None
) -> int | Refused:
    if not why:
        return Refused(SafeText("a reason is needed"))
    if as_of is not None and as_of != alert.level:
        when = f" {act.ago(alert.level_at)} ago" if alert.level_at else ""
        who = entries.newest_mover(act.connection, alert.id) or "somebody"
        name = policy.name(alert.level)
        return Refused(clean(f"{who} moved it to level {alert.level} {name}{when}"))
    return next_level(policy, alert.level, alert.severity, to)
