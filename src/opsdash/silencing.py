"""A person's hand on silences: make, change and end them, each one transaction.

Every function runs inside a write transaction and appends to the timeline what it did. The engine
follows: it mutes what a silence matches, and brings Alertmanager along where there is one.
"""

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert
from opsdash.domain.incident import incident_number
from opsdash.domain.matchers import Matcher
from opsdash.domain.outcome import Outcome
from opsdash.domain.record import decode, encode
from opsdash.domain.silence import Silence, SilenceState, matches, refusal
from opsdash.domain.span import format_span
from opsdash.domain.text import clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import alerts, entries, silences

EXTENSION = timedelta(hours=1)
"""By how much one key press extends a silence."""


def silence(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    matchers: Sequence[Matcher],
    length: timedelta,
    comment: str,
) -> Outcome:
    """Silence for `length` from now what the matchers match; a comment is required."""
    reason = refusal(matchers, comment, length)
    if reason:
        return Outcome(refused=(("silence", reason),))
    made = Silence(
        id=silences.next_id(connection),
        matchers=tuple(matchers),
        starts_at=now,
        ends_at=now + length,
        author=actor.user,
        comment=clean(comment.strip()),
        made_at=now,
        token=secrets.token_hex(6),
        claimed=actor.claimed,
    )
    silences.save(connection, made)
    said = f"silenced for {format_span(length)}: {made.text}, {made.comment}"
    _tell(connection, actor, now, made.id, EntryKind.SILENCED, said, None)
    return Outcome((made.id,))


def change(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    id: str,
    as_of: int | None = None,
    *,
    matchers: Sequence[Matcher] | None = None,
    ends_at: datetime | None = None,
    comment: str | None = None,
) -> Outcome:
    """Change what is given of a silence. `as_of` is the revision that the person saw.

    One that somebody else has changed since is refused, so that nobody's change is lost.
    """
    current = _open(connection, id, now)
    if isinstance(current, str):
        return Outcome(refused=((id, current),))
    if as_of is not None and as_of != current.revision:
        return Outcome(refused=((id, "somebody has changed it since; look again"),))
    after = replace(
        current,
        matchers=current.matchers if matchers is None else tuple(matchers),
        ends_at=current.ends_at if ends_at is None else ends_at,
        comment=current.comment if comment is None else clean(comment.strip()),
        revision=current.revision + 1,
        error=None,
        error_since=None,
    )
    reason = refusal(after.matchers, after.comment, after.ends_at - now)
    if reason:
        return Outcome(refused=((id, reason),))
    silences.save(connection, after)
    said = _difference(current, after, now)
    _tell(connection, actor, now, id, EntryKind.SILENCED, said, current)
    return Outcome((id,))


def extend(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Iterable[str],
    by: timedelta = EXTENSION,
) -> Outcome:
    """Let silences last longer by `by`."""
    done: list[str] = []
    refused: list[tuple[str, str]] = []
    for id in dict.fromkeys(ids):
        current = silences.load(connection, id)
        ends_at = None if current is None else current.ends_at + by
        outcome = change(connection, actor, now, id, ends_at=ends_at)
        done += outcome.done
        refused += outcome.refused
    return Outcome(tuple(done), tuple(refused))


def expire(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Iterable[str]
) -> Outcome:
    """End silences now: what they hid and still fires is paged."""
    done: list[str] = []
    refused: list[tuple[str, str]] = []
    for id in dict.fromkeys(ids):
        current = _open(connection, id, now)
        if isinstance(current, str):
            refused.append((id, current))
            continue
        _end(connection, actor, now, current)
        left = format_span(current.ends_at - now)
        said = f"ended silence {id}, {left} before its time"
        _tell(connection, actor, now, id, EntryKind.UNSILENCED, said, current)
        done.append(id)
    return Outcome(tuple(done), tuple(refused))


def take_back(
    connection: sqlite3.Connection, actor: Actor, now: datetime, step: entries.Step
) -> str:
    """Undo what one step did to a silence; say why not, empty where it is done."""
    current = silences.load(connection, step.alert)
    if current is None:
        return "there is no such silence any more"
    before = step.before.get("silence")
    if before is None:
        if current.state(now) is SilenceState.EXPIRED:
            return "it has ended by itself"
        _end(connection, actor, now, current)
        said = f"undid: silence {current.id}"
        _tell(connection, actor, now, current.id, EntryKind.UNSILENCED, said, None, step=False)
        return ""
    was = decode(Silence, before)
    if was.state(now) is SilenceState.EXPIRED:
        return "it would have ended by now"
    after = replace(
        current,
        matchers=was.matchers,
        ends_at=was.ends_at,
        comment=was.comment,
        ended_at=None,
        ended_by=None,
        revision=current.revision + 1,
    )
    silences.save(connection, after)
    said = f"undid: change of silence {current.id}"
    _tell(connection, actor, now, current.id, EntryKind.SILENCED, said, None, step=False)
    return ""


def find(connection: sqlite3.Connection, text: str, now: datetime) -> Silence:
    """Return the silence that a person means; raise LookupError in words when that is unclear."""
    wanted = clean(text.strip(), 200)
    found = silences.match(connection, wanted) if wanted else []
    exact = [s for s in found if wanted in (s.id, s.remote)]
    candidates = exact or [s for s in found if s.state(now) is not SilenceState.EXPIRED] or found
    if not candidates:
        raise LookupError(f"no silence has the id {wanted!r}; `opsdash silence list` lists them")
    if len(candidates) > 1:
        names = ", ".join(s.id for s in candidates[:4])
        raise LookupError(f"{wanted!r} is ambiguous: {names}; type more of it")
    return candidates[0]


def preview(
    connection: sqlite3.Connection, matchers: Sequence[Matcher]
) -> tuple[list[Alert], list[Alert]]:
    """Return the open alerts that the matchers match, and those that they do not."""
    hit: list[Alert] = []
    missed: list[Alert] = []
    for alert in alerts.load_open(connection).values():
        (hit if matches(matchers, alert.labels) else missed).append(alert)
    return hit, missed


def _open(connection: sqlite3.Connection, id: str, now: datetime) -> Silence | str:
    """Return a silence that has not ended, or why there is none."""
    found = silences.load(connection, id)
    if found is None:
        return "there is no such silence"
    if found.state(now) is SilenceState.EXPIRED:
        by = f" by {found.ended_by}" if found.ended_by else ""
        return f"it ended {format_span(now - found.until)} ago{by}; make a new one"
    return found


def _end(connection: sqlite3.Connection, actor: Actor, now: datetime, current: Silence) -> None:
    ended = replace(
        current,
        ended_at=now,
        ended_by=actor.user,
        revision=current.revision + 1,
        error=None,
        error_since=None,
    )
    silences.save(connection, ended)


def _difference(before: Silence, after: Silence, now: datetime) -> str:
    parts = []
    if after.ends_at != before.ends_at:
        verb = "extended" if after.ends_at > before.ends_at else "shortened"
        parts.append(f"{verb}, {format_span(after.ends_at - now)} are left")
    if after.matchers != before.matchers:
        parts.append(f"now about {after.text}")
    if after.comment != before.comment:
        parts.append(after.comment)
    return f"silence {after.id}: {'; '.join(parts) or 'not changed'}"


def _tell(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    id: str,
    kind: EntryKind,
    text: str,
    before: Silence | None,
    step: bool = True,
) -> None:
    """Tell it on the silence's own timeline, where undo looks, and on what it hides now."""
    undo: dict[str, object] = {"silence": None if before is None else encode(before)}
    entries.tell(connection, actor, now, id, kind, text, undo if step else None)
    if before is None or kind is EntryKind.UNSILENCED:
        return
    for alert in alerts.load_silenced(connection):
        if id in alert.silenced_by:
            number = incident_number(alert.incident)
            entries.tell(connection, actor, now, alert.id, kind, text, incident=number)
