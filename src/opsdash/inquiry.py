"""A person's hand on failure batches: look into one, say what it was, give it back.

Every function runs inside a write transaction, starts from what the store holds, and appends to the
batch's timeline what it did. `seen` is the batch that the person saw: of two at once one wins, and
the other is told who and when.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.failures import BatchState, FailureBatch, failures
from opsdash.domain.outcome import Outcome
from opsdash.domain.record import decode, encode
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import entries
from opsdash.store import failures as stored

BEFORE = "batch"
"""Under which name a step's `before` holds the batch that undo puts back."""


def take(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    seen: FailureBatch,
    over: bool = False,
) -> Outcome:
    """Look into a batch; one that somebody else has is taken `over`, or refused with who and when."""
    batch = stored.load(connection, seen.number)
    reason = _changed(batch, seen, actor, now)
    if batch is None or reason:
        return Outcome(refused=((seen.id, reason),))
    yours = batch.state is BatchState.INVESTIGATING and batch.by == actor.user
    if batch.state is BatchState.INVESTIGATED or yours:
        return Outcome(refused=((batch.id, _stands(batch, actor, now)),))
    if batch.state is BatchState.INVESTIGATING and not over:
        return Outcome(refused=((batch.id, _stands(batch, actor, now)),))
    words = f"took it over from {batch.by}" if batch.by else f"looks into {failures(batch.count)}"
    after = replace(batch, state=BatchState.INVESTIGATING, by=actor.user, at=now)
    _change(connection, actor, now, batch, after, EntryKind.INVESTIGATE, words)
    return Outcome((batch.id,))


def conclude(
    connection: sqlite3.Connection, actor: Actor, now: datetime, seen: FailureBatch, note: str
) -> Outcome:
    """Say that a batch is investigated, and what it was; a note is needed.

    It speaks of the failures that the person saw: those that joined since are a new batch.
    """
    batch = stored.load(connection, seen.number)
    said = clean(note.strip())
    reason = _changed(batch, seen, actor, now) or ("" if said else "a note is needed: what was it?")
    if batch is None or reason:
        return Outcome(refused=((seen.id, reason),))
    if batch.state is BatchState.INVESTIGATED:
        return Outcome(refused=((batch.id, _stands(batch, actor, now)),))
    since = batch.count - seen.count
    if since > 0 and batch.ended_at is not None:
        return Outcome(refused=((batch.id, f"{since:,} more came before it ended; look again"),))
    after = replace(
        batch,
        state=BatchState.INVESTIGATED,
        count=min(seen.count, batch.count),
        by=actor.user,
        at=now,
        note=said,
        ended_at=now if since > 0 else batch.ended_at,
    )
    _change(connection, actor, now, batch, after, EntryKind.INVESTIGATED, said)
    if since <= 0:
        return Outcome((batch.id,))
    rest = stored.open_batch(connection, batch.indicator, since, batch.grown_at)
    text = f"{failures(since)} that came while {batch.id} was being investigated"
    entries.tell(connection, actor, now, rest.id, EntryKind.FAILURES, text)
    more = f"investigated {failures(after.count)}; {since:,} came meanwhile and are new"
    return Outcome((batch.id,), said=more)


def give_back(
    connection: sqlite3.Connection, actor: Actor, now: datetime, seen: FailureBatch
) -> Outcome:
    """Look into a batch no longer: it is new again."""
    batch = stored.load(connection, seen.number)
    reason = _changed(batch, seen, actor, now)
    if batch is None or reason:
        return Outcome(refused=((seen.id, reason),))
    if batch.state is not BatchState.INVESTIGATING:
        return Outcome(refused=((batch.id, _stands(batch, actor, now)),))
    whose = "their own" if batch.by == actor.user else f"{batch.by}'s"
    after = replace(batch, state=BatchState.NEW, by=SafeText(""), at=None)
    words = f"gave back {whose} investigation"
    _change(connection, actor, now, batch, after, EntryKind.UNACKNOWLEDGE, words)
    return Outcome((batch.id,))


def state_before(step: entries.Step) -> BatchState:
    """Return the state to which undoing a step brings a batch."""
    return decode(FailureBatch, step.before[BEFORE]).state


def take_back(
    connection: sqlite3.Connection, actor: Actor, now: datetime, step: entries.Step
) -> str:
    """Undo what one step did to a batch; say why not, empty where it is done."""
    was = decode(FailureBatch, step.before[BEFORE])
    batch = stored.load(connection, was.number)
    if batch is None:
        return "there is no such batch any more"
    if batch.ended_at is not None:
        return "it has ended: its failures left the window, or newer ones came"
    stored.save(connection, replace(batch, state=was.state, by=was.by, at=was.at, note=was.note))
    text = f"undid: {step.kind}, {was.state} again"
    entries.tell(connection, actor, now, batch.id, EntryKind.UNACKNOWLEDGE, text)
    return ""


def find(connection: sqlite3.Connection, text: str) -> FailureBatch:
    """Return the batch that a person means; raise LookupError in words when that is unclear.

    `text` is `F12` or `12`, an indicator's id for its open batch, or nothing for the only one that
    is open and not investigated.
    """
    wanted = clean(text.strip(), 200)
    opened = stored.load_open(connection)
    waiting = [b for b in opened.values() if b.state is not BatchState.INVESTIGATED]
    if not wanted and len(waiting) == 1:
        return waiting[0]
    if not wanted:
        names = ", ".join(f"{b.id} ({b.indicator})" for b in waiting)
        raise LookupError(
            f"several batches wait: {names}; type which"
            if names
            else "no failures wait to be investigated"
        )
    if wanted in opened:
        return opened[wanted]
    number = wanted.upper().removeprefix("F")
    found = stored.load(connection, int(number)) if _is_number(number) else None
    if found is None:
        raise LookupError(f"no batch has the id {wanted!r}; `opsdash failures list` lists them")
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _changed(batch: FailureBatch | None, seen: FailureBatch, actor: Actor, now: datetime) -> str:
    """Say what has become of a batch since the person saw it; empty for nothing."""
    if batch is None:
        return "there is no such batch"
    return "" if batch.standing == seen.standing else _stands(batch, actor, now)


def _stands(batch: FailureBatch, actor: Actor, now: datetime) -> str:
    """Return how a batch stands by now, in words."""
    whose = "you" if batch.by == actor.user else batch.by
    ago = format_span(now - batch.at) if batch.at else ""
    if batch.state is BatchState.NEW:
        return "nobody looks into it any more"
    if batch.state is BatchState.INVESTIGATING:
        return f"{whose} began to look into it {ago} ago"
    return f"{whose} investigated it {ago} ago: {batch.note}"


def _change(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    before: FailureBatch,
    after: FailureBatch,
    kind: EntryKind,
    text: str,
) -> None:
    stored.save(connection, after)
    entries.tell(connection, actor, now, before.id, kind, text, {BEFORE: encode(before)})
