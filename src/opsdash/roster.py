"""Who is on call beside the rotation, how far each alert is on its policy, and what maintenance holds."""

import sqlite3
from collections.abc import Mapping, Set
from dataclasses import field, replace
from datetime import datetime, timedelta

from opsdash.domain.alert import Alert
from opsdash.domain.climb import Climb
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.frozen import dataclass
from opsdash.domain.maintenance import Maintenance, holding
from opsdash.domain.next_step import NextStep
from opsdash.domain.override import Override
from opsdash.domain.setup import Setup
from opsdash.domain.shift_change import CHANGE_SHOWN, ShiftChange
from opsdash.domain.upcoming import next_step
from opsdash.store import climbs, maintenance, overrides, shift_changes

PAST_SHOWN = timedelta(days=7)
"""How long overrides and maintenance windows that are over are still part of the picture."""


@dataclass(frozen=True, slots=True)
class Roster:
    """The roster of one snapshot. `climbs` are those of the alerts that are shown, by their id.

    `changes` are the shifts that changed a moment ago.
    """

    climbs: Mapping[str, Climb] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    changes: tuple[ShiftChange, ...] = ()

    def next_step(self, alert: Alert, setup: Setup, now: datetime) -> NextStep:
        """Return what happens next to an alert: the one `next:` field of every screen."""
        held = holding(self.maintenance, alert, now)
        return next_step(alert, self.climbs.get(alert.id), setup, now, held)

    def policy_of(self, alert: Alert, setup: Setup) -> EscalationPolicy:
        """Return the policy that an alert follows, as it was when it was paged."""
        climb = self.climbs.get(alert.id)
        return setup.policy_for(alert.labels) if climb is None else climb.policy


def take_roster(
    connection: sqlite3.Connection,
    now: datetime,
    shown: Set[str],
    before: tuple[Roster, int] | None,
    told_anew: bool,
) -> Roster:
    """Return the roster at `now` of the alerts of these ids; of the one `before`, what still holds.

    `before` is complete up to its change number.

    `told_anew` says that overrides or maintenance windows may have changed since.
    """
    if before is None:
        found = climbs.load_shown(connection, now - PAST_SHOWN)
        known: Mapping[str, Climb] = {id: found[id] for id in found if id in shown}
    else:
        known = _followed(connection, shown, *before)
    if before is None or told_anew:
        since = shown_since(now)
        return Roster(
            known,
            overrides.load_current(connection, since),
            maintenance.load_since(connection, since),
            shift_changes.load_since(connection, now - CHANGE_SHOWN),
        )
    roster, _ = before
    if known is roster.climbs:
        return roster
    return replace(roster, climbs=known)


def _followed(
    connection: sqlite3.Connection, shown: Set[str], roster: Roster, cursor: int
) -> Mapping[str, Climb]:
    changed = {climb.alert: climb for climb in climbs.load_changed(connection, cursor)}
    gone = (roster.climbs.keys() | changed.keys()) - shown
    if not changed and not gone:
        return roster.climbs
    known = {**roster.climbs, **changed}
    for id in gone:
        del known[id]
    return known


def shown_since(now: datetime) -> datetime:
    """Return since when what is over is shown: whole days, so that a picture is the same for one."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) - PAST_SHOWN
