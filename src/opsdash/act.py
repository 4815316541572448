"""One act of a person's hand: its alerts gone through one by one, what is refused, what is told.

Every act has the same shape: `for alert in act.alerts(ids)` gives the open ones and refuses the
rest, each is changed and told on its timeline, and all of it is one operation for `undo`.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from opsdash import paging
from opsdash.domain.alert import Acknowledgement, Alert
from opsdash.domain.climb import Climb, owner
from opsdash.domain.incident import IncidentState, incident_number
from opsdash.domain.outcome import Outcome
from opsdash.domain.record import encode, to_ms
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import alerts, changes, climbs, engine, entries, incidents, overrides

_AT_ONCE = 500
"""Alerts that are read at once."""

_Taken = tuple[Alert, SafeText, SafeText, datetime, datetime | None]
"""The last alert of a storm that was taken: by whom, with what words, when, and until when put off."""


class Act:
    """One act being done: collects what was done and refused, and writes its entries as one operation."""

    def __init__(self, connection: sqlite3.Connection, actor: Actor, now: datetime) -> None:
        self.connection = connection
        self.actor = actor
        self.now = now
        self.setup = overrides.overridden(connection, _setup(connection), now)
        self.change = changes.next_change(connection)
        self.operation = entries.new_operation()
        self.done: list[str] = []
        self.refused: list[tuple[str, str]] = []
        self._incidents: dict[str, Alert] = {}
        self._taken: dict[str, _Taken] = {}
        self._given_back: dict[str, list[Alert]] = {}

    def alerts(self, ids: Sequence[str], as_of: Mapping[str, str] | None = None) -> Iterator[Alert]:
        """Go through the open ones of `ids`, each once; refuse the rest.

        `as_of` is whose each was when the person decided: what changed hands since is refused.
        """
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            found = alerts.load_many(self.connection, part)
            for id in part:
                alert = self._if_open(id, found.get(id))
                if alert is not None and not self._changed_hands(alert, as_of):
                    yield alert

    def open_alert(self, id: str) -> Alert | None:
        """Return the open occurrence `id`, or refuse it and return None."""
        return self._if_open(id, alerts.load(self.connection, id))

    def _if_open(self, id: str, alert: Alert | None) -> Alert | None:
        if alert is None:
            self.refuse(id, "there is no such alert")
        elif alert.resolved_at is not None:
            self.refuse(id, f"it resolved {self.ago(alert.resolved_at)} ago")
        else:
            return alert
        return None

    def _changed_hands(self, alert: Alert, as_of: Mapping[str, str] | None) -> bool:
        if as_of is None or alert.id not in as_of:
            return False
        whose = owner(alert, climbs.load(self.connection, alert.id))
        if as_of[alert.id] == whose:
            return False
        self.refuse(alert.id, f"{whose} has it now" if whose else "nobody has it any more")
        return True

    def refuse(self, id: str, reason: str) -> None:
        """Say why `id` is left as it is."""
        self.refused.append((id, reason))

    def ago(self, at: datetime) -> str:
        """Return how long ago a moment was."""
        return format_span(self.now - at)

    def climb(self, alert: Alert) -> Climb:
        """Return the climb of an alert; one that has none yet gets one that stands still."""
        policy = self.setup.policy_for(alert.labels)
        return climbs.begin(self.connection, alert, policy, None, due_at=None)

    def keep(self, climb: Climb) -> None:
        """Store a climb; the engine looks at it at its next beat."""
        climbs.save(self.connection, climb, climbs.LOOK_NOW, self.change)

    def give(
        self, alert: Alert, taken: Acknowledgement | None, until: datetime | None = None
    ) -> None:
        """Let an alert be acknowledged as `taken` says, None for by nobody; tell whoever was paged.

        Its incident and its storm come along when all is done. `until` says that it is put off till
        then.
        """
        alerts.set_acknowledgement(self.connection, alert.id, taken, self.change)
        if alert.incident is not None:
            self._incidents[alert.incident] = alert
        if taken is None:
            by = self.actor.user
            # Before the news that nobody has it, which a receiver may refuse, and hold it up.
            paging.page_missed(self.connection, self.setup, alert, by, self.now)
            storms = paging.page_left(self.connection, self.setup, alert, by, self.now)
            for key in storms:
                self._given_back.setdefault(key, []).append(alert)
        else:
            said = (taken.by, taken.comment, self.now, until)
            storms = paging.page_acknowledged(self.connection, self.setup, alert, *said)
            self._taken |= dict.fromkeys(storms, (alert, *said))

    def note(
        self, alert: Alert, kind: EntryKind, text: str, before: dict[str, object] | None = None
    ) -> None:
        """Tell what was done on an alert's timeline; `before` is what undo puts back."""
        entries.tell(
            *(self.connection, self.actor, self.now, alert.id, kind, text, before),
            incident=incident_number(alert.incident),
            operation=self.operation,
        )

    def step(
        self,
        alert: Alert,
        was: Climb,
        now: Climb,
        kind: EntryKind,
        text: str,
        taken: Acknowledgement | None,
    ) -> None:
        """Store what became of an alert's climb, and tell it so that undo can put back what it `was`.

        `taken` is its acknowledgement from now on.
        """
        self.keep(now)
        self.note(alert, kind, text, {**before(alert, was), "left": held(taken, now)})
        self.done.append(alert.id)

    def outcome(self, said: str = "") -> Outcome:
        """Bring along what hangs on many alerts, asked once; return what was done and refused."""
        for alert in self._incidents.values():
            follow_incident(self.connection, alert, self.change)
        for key, taken in self._taken.items():
            paging.page_storm_taken(self.connection, self.setup, key, *taken)
        for key, left in self._given_back.items():
            by = self.actor.user
            paging.page_storm_left(self.connection, self.setup, key, left, by, self.now)
        return Outcome(tuple(self.done), tuple(self.refused), said)


def follow_incident(connection: sqlite3.Connection, alert: Alert, change: int) -> None:
    """Bring an alert's incident along: acknowledged while somebody has one of its alerts."""
    number = incident_number(alert.incident)
    current = None if number is None else incidents.load_state(connection, number)
    if number is None or current is None:
        return
    state, response, _ = current
    taken = incidents.is_acknowledged(connection, number)
    wanted = IncidentState.ACKNOWLEDGED if taken else IncidentState.TRIGGERED
    if state is not IncidentState.RESOLVED and state is not wanted:
        incidents.set_state(connection, number, wanted, response, None, change)


def before(alert: Alert, climb: Climb | None = None) -> dict[str, object]:
    """Return what undo puts back of an alert: its level, its acknowledgement, and of its `climb`.

    Without a climb only the acknowledgement and the level are.
    """
    taken = alert.acknowledgement
    found: dict[str, object] = {
        "level": alert.level,
        "level_at": None if alert.level_at is None else to_ms(alert.level_at),
        "by": taken and taken.by,
        "at": taken and to_ms(taken.at),
        "comment": taken and taken.comment,
    }
    if climb is not None:
        found["climb"] = {
            "owner": climb.owner,
            "snooze": encode(climb.snooze),
            "acted_at": encode(climb.acted_at),
            "exhausted_at": encode(climb.exhausted_at),
            "policy": climb.policy.id,
            "version": climb.version,
        }
    return found


def held(taken: Acknowledgement | None, climb: Climb) -> list[object]:
    """Return whose an alert is, until when and by which policy: what undo compares with what it left."""
    until = None if climb.snooze is None else to_ms(climb.snooze.until)
    by = None if taken is None else str(taken.by)
    return [by, str(climb.owner), until, climb.policy.id, climb.version]


def _setup(connection: sqlite3.Connection) -> Setup:
    text = engine.load_setup_text(connection)
    return Setup() if text is None else engine.decode_setup(text)
