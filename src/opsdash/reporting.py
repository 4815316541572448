"""A person's hand on reports: say that an incident's report is written, and take that back.

Every function runs inside a write transaction, starts from what the store holds, and appends to the
incident's timeline what it did. Of two people at once one wins, and the other is told who and when.
"""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from opsdash.domain.incident import Incident, Reported, incident_number
from opsdash.domain.outcome import Outcome
from opsdash.domain.record import decode, encode
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import changes, entries, incidents

BEFORE = "report"
"""Under which name a step's `before` holds what was said of the report, and what undo puts back."""

_WEB = ("http://", "https://")


def report(
    connection: sqlite3.Connection,
    actor: Actor,
    now: datetime,
    ids: Sequence[str],
    url: str = "",
    note: str = "",
) -> Outcome:
    """Say that the reports on the incidents `ids` are written: at `url`, or what `note` says of them.

    One of the two is needed. What is open still is refused, and so is what another has reported.
    """
    where, said = clean(url.strip(), 2000), clean(note.strip(), 2000)
    marking = _Marking(connection, actor, now)
    for id in dict.fromkeys(ids):
        found = marking.find(id)
        reason = _no_report(found, actor, now, where, said)
        if found is None or reason:
            marking.refused.append((id, reason))
            continue
        # A clock that was set back since must not leave it owing what it has.
        at = max(now, found.resolved_at or now)
        text = ", ".join(filter(None, (where, said)))
        marking.save(found, Reported(actor.user, at, where, said), EntryKind.REPORTED, text)
    return marking.outcome()


def unreport(
    connection: sqlite3.Connection, actor: Actor, now: datetime, ids: Sequence[str]
) -> Outcome:
    """Say of the incidents `ids` that their reports are not written after all."""
    marking = _Marking(connection, actor, now)
    for id in dict.fromkeys(ids):
        found = marking.find(id)
        if found is None or found.reported is None:
            reason = "there is no such incident" if found is None else "nobody has reported it"
            marking.refused.append((id, reason))
            continue
        whose = "their own" if found.reported.by == actor.user else f"{found.reported.by}'s"
        marking.save(found, None, EntryKind.UNREPORTED, f"took back {whose} mark")
    return marking.outcome()


def split_reference(text: str) -> tuple[str, str]:
    """Return the web address that a person typed, if it begins with one, and their other words."""
    first, _, rest = text.strip().partition(" ")
    return (first, rest.strip()) if first.lower().startswith(_WEB) else ("", text.strip())


def reported_before(step: entries.Step) -> Reported | None:
    """Return what undoing a step puts back: what was said of the report before, None for nothing."""
    kept = step.before[BEFORE]
    return None if kept is None else decode(Reported, kept)


def take_back(
    connection: sqlite3.Connection, actor: Actor, now: datetime, step: entries.Step
) -> str:
    """Undo what one step said of a report; say why not, empty where it is done."""
    marking = _Marking(connection, actor, now)
    found = marking.find(step.alert)
    if found is None:
        return "there is no such incident any more"
    was = reported_before(step)
    kind = EntryKind.UNREPORTED if was is None else EntryKind.REPORTED
    marking.save(found, was, kind, f"undid: {step.kind}", undoable=False)
    return ""


def _no_report(
    found: Incident | None, actor: Actor, now: datetime, where: SafeText, said: SafeText
) -> str:
    """Say why an incident cannot be marked; empty where it can."""
    if found is None:
        return "there is no such incident"
    if not where and not said:
        return "say where its report is, or why none is needed"
    if where and (not where.lower().startswith(_WEB) or " " in where):
        return "that is no web address; write it as https://HOST/PATH"
    if found.open:
        return "it is open: its report is written when it is over"
    if found.reported is None or found.owes_report:
        return ""
    whose = "you" if found.reported.by == actor.user else found.reported.by
    ago = format_span(max(now, found.reported.at) - found.reported.at)
    there = f": {found.reported.url or found.reported.note}"
    return f"{whose} said {ago} ago that its report is written{there}"


class _Marking:
    """One act on reports: its incidents one by one, written as one operation."""

    def __init__(self, connection: sqlite3.Connection, actor: Actor, now: datetime) -> None:
        self.refused: list[tuple[str, str]] = []
        self._connection = connection
        self._actor = actor
        self._now = now
        self._operation = entries.new_operation()
        self._done: list[str] = []

    def find(self, id: str) -> Incident | None:
        number = incident_number(id.strip())
        return None if number is None else incidents.load(self._connection, number)

    def save(
        self,
        incident: Incident,
        reported: Reported | None,
        kind: EntryKind,
        text: str,
        undoable: bool = True,
    ) -> None:
        number = incident_number(incident.id) or 0
        change = changes.next_change(self._connection)
        incidents.set_reported(self._connection, number, reported, change)
        entries.tell(
            *(self._connection, self._actor, self._now, incident.id, kind, text),
            {BEFORE: encode(incident.reported)} if undoable else None,
            incident=number,
            operation=self._operation if undoable else None,
        )
        self._done.append(incident.id)

    def outcome(self) -> Outcome:
        return Outcome(tuple(self._done), tuple(self.refused))
