"""What somebody did at a pager, done here: in the transaction that tells it, and never told back there.

An acknowledgement, a snooze, an escalation and a reassignment have a counterpart here. What was done
here first, and only comes back as the pager's own log entry, changes nothing; a newer decision made
here stands. What has no counterpart (a resolve of what still fires) is told alone.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from opsdash.domain.alert import Alert
from opsdash.domain.escalation import Refused, next_level
from opsdash.domain.page import PageKind
from opsdash.domain.reach import names_of
from opsdash.domain.routing import targets_of
from opsdash.domain.schedule import Person
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.store import climbs, entries, outbox, overrides
from opsdash.store.unreached import FROM_THERE

ECHO = timedelta(minutes=2)
"""How far apart what we did there and its entry in their log may be, their clock included."""

_TOLD = (PageKind.ACKNOWLEDGE, PageKind.NOTE, PageKind.TRIGGER)
_OWNING = (EntryKind.ACKNOWLEDGE, EntryKind.UNACKNOWLEDGE, EntryKind.REASSIGN)
_DECISIONS = {
    "acknowledged": _OWNING,
    "unacknowledged": _OWNING,
    "snoozed": (*_OWNING, EntryKind.SNOOZE, EntryKind.UNSNOOZE),
    "escalated": (EntryKind.ESCALATE, EntryKind.DEESCALATE, EntryKind.ACKNOWLEDGE),
    "reassigned": _OWNING,
}
"""The decisions made here that outweigh an older one made there."""


class Change(Protocol):
    """One thing that somebody did there; `key` is the page's, `by` empty where it was a timeout.

    `until` says until when it was snoozed, `to` whose it is from then on, by id and name there.
    """

    id: str
    kind: str
    key: str
    at: datetime
    by: SafeText
    text: SafeText
    until: datetime | None
    to: tuple[tuple[str, SafeText], ...]


@dataclass(frozen=True, slots=True)
class Mirroring:
    """One look's worth of changes at one notifier, inside a write transaction."""

    connection: sqlite3.Connection
    notifier: str
    setup: Setup
    now: datetime

    def take_over(self, change: Change, alert: Alert) -> None:
        """Do to an alert here what was done to it there, unless it is so already."""
        if change.kind not in _DECISIONS or self._decided_here_since(change, alert):
            return
        by = change.by or clean(f"{self.notifier}'s clock")
        if not self._do(change, alert, Actor(clean(f"{by} at {self.notifier}"))):
            return
        # They know it there already: it must not come back to them as news.
        for key in dict.fromkeys((alert.id, change.key)):
            outbox.drop_waiting(self.connection, key, _TOLD, FROM_THERE, self.notifier)

    def _do(self, change: Change, alert: Alert, actor: Actor) -> bool:
        """Do it by the hand of `actor`; False where it is so already, or has no counterpart here."""
        # The first beat waits for no import of what is done here once somebody decided there.
        from opsdash import ownership, response

        given = (self.connection, actor, self.now, [alert.id])
        match change.kind:
            case "acknowledged" if alert.acknowledgement is None:
                return bool(response.acknowledge(*given, change.text).done)
            case "unacknowledged" if self._is_given_back(change, alert):
                return bool(response.unacknowledge(*given).done)
            case "snoozed" if (until := self._rests_until(change, alert)) is not None:
                return bool(ownership.snooze(*given, until, self._why(change)).done)
            case "escalated" if (level := self._level(change, alert)) is not None:
                as_of = {alert.id: alert.level}
                return bool(response.escalate(*given, as_of, self._why(change), level).done)
            case "reassigned" if people := self._people(change):
                return bool(ownership.reassign(*given, people[0].id, self._why(change)).done)
        return False

    def _why(self, change: Change) -> str:
        return str(change.text) or f"{change.kind} at {self.notifier}"

    def _decided_here_since(self, change: Change, alert: Alert) -> bool:
        """Whether a person has decided here after what happened there: the newer decision stands.

        What was taken over from there is written later than it happened, and is none of them.
        """
        theirs = f" at {self.notifier}"
        return any(
            entry.kind in _DECISIONS[change.kind]
            and entry.at > change.at
            and not entry.by.endswith(theirs)
            for entry in entries.load_of_alert(self.connection, alert.id)
        )

    def _is_given_back(self, change: Change, alert: Alert) -> bool:
        """Whether somebody gave it back there; a snooze that ends there ends here by our own clock."""
        if alert.acknowledgement is None:
            return False
        climb = climbs.load(self.connection, alert.id)
        snoozed = climb is not None and climb.snooze is not None
        return bool(change.by) or not snoozed

    def _rests_until(self, change: Change, alert: Alert) -> datetime | None:
        """Return until when it is put off there, None where that is over or is ours."""
        if change.until is None or change.until <= self.now:
            return None
        climb = climbs.load(self.connection, alert.id)
        known = None if climb is None or climb.snooze is None else climb.snooze.until
        if known is not None and abs(known - change.until) <= ECHO:
            return None
        from opsdash.ownership import SNOOZE_LONGEST

        return min(change.until, self.now + SNOOZE_LONGEST)

    def _level(self, change: Change, alert: Alert) -> int | None:
        """Return the level here of those who have it there now, else the next one above."""
        setup = overrides.overridden(self.connection, self.setup, self.now)
        policy = climbs.policy_of(self.connection, setup, alert)
        called = {person.name for person in self._people(change)}
        theirs = [
            number
            for number in range(1, len(policy.levels) + 1)
            if called & set(names_of(setup, targets_of(alert, policy, number), self.now))
        ]
        if theirs:
            above = [number for number in theirs if number > alert.level]
            return None if alert.level in theirs else min(above, default=None)
        # Right behind an escalation made here it is that one, as their log tells it.
        moved = alert.level_at if alert.level > 1 else None
        if moved is not None and abs(change.at - moved) <= ECHO:
            return None
        following = next_level(policy, alert.level, alert.severity)
        return None if isinstance(following, Refused) else following

    def _people(self, change: Change) -> list[Person]:
        """Return who of those that have it there is known here: by id, else by the same name or id."""
        found = []
        for person in self.setup.people:
            called = (person.name.casefold(), person.id.casefold())
            for id, name in change.to:
                known = person.pagerduty == id if person.pagerduty else name.casefold() in called
                if known:
                    found.append(person)
        return found
