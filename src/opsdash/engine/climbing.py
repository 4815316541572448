"""One transaction's worth of climbs: what `policy_step` says is due is done, level by level in order."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash import paging
from opsdash.act import follow_incident
from opsdash.domain.alert import Acknowledgement, Alert
from opsdash.domain.climb import Climb, Snooze, followed, has_risen
from opsdash.domain.incident import incident_number
from opsdash.domain.maintenance import Maintenance, holding
from opsdash.domain.next_step import NextStep, StepKind, done, policy_step
from opsdash.domain.reach import names_of
from opsdash.domain.routing import targets_of
from opsdash.domain.schedule import on_call
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.engine import occurrences
from opsdash.store import alerts, changes, climbs, entries, maintenance
from opsdash.store.climbs import Look

_ENGINE = SafeText("engine")
_CLOCK = SafeText("the clock")
"""Who gives an acknowledgement back that nobody renewed, to those who read it on their pagers."""


class Climbing:
    """One transaction's worth of climbs."""

    def __init__(
        self, connection: sqlite3.Connection, setup: Setup, now: datetime, before: Look
    ) -> None:
        self.connection = connection
        self.setup = setup
        self.now = now
        self.before = before
        self.changed: list[Alert] | None = None
        self.windows = maintenance.load_since(connection, now)

    def follow(self, alert: Alert, before: Climb) -> None:
        """Do what is due of one alert, level by level in order, and store when it is due again."""
        if not alert.open:
            climbs.set_due(self.connection, alert.id, None)
            return
        alert, climb = self._with_the_world(alert, before)
        # Each step of a policy is done at most once a beat, so that this ends.
        for _ in range(len(climb.policy.levels) + 3):
            step = policy_step(alert, climb, self.setup, self.now, self._holding(alert))
            if not step.is_timed or step.at is None or step.at > self.now:
                break
            if step.kind is StepKind.MAINTENANCE_ENDS:
                break
            alert, climb = self._do(step, alert, climb)
        self._save(before, climb, self._due(alert, climb))
        if climb.began_at is None and alert.level == 0 and self._holding(alert) is None:
            self._end_of_maintenance(alert)

    def _with_the_world(self, alert: Alert, climb: Climb) -> tuple[Alert, Climb]:
        """Bring a climb to what was done to its alert since: by people, by a silence."""
        if alert.muted and climb.held_at is None:
            climb = replace(climb, held_at=self.now)
        elif not alert.muted and climb.held_at is not None:
            waited = self.now - climb.held_at
            began = None if climb.began_at is None else climb.began_at + waited
            climb = replace(climb, held_at=None, began_at=began)
        first_look = climb.level == 0 and alert.level == 1 and climb.began_at is not None
        given_back = None
        if climb.acknowledged and alert.acknowledgement is None:
            given_back = climbs.given_back_at(self.connection, alert.id)
        climb = followed(climb, alert, given_back)
        if first_look:
            alert, climb = self._first(alert, climb)
        taken = alert.acknowledgement
        if taken is not None:
            since = climb.acted_at or taken.at
            acted = climbs.acted_at(self.connection, alert, since, self.before.entry)
            climb = replace(climb, acted_at=acted or climb.acted_at)
        if climb.snooze is not None and not climb.snooze.cut_short:
            climb = replace(climb, snooze=self._cut_short(alert, climb.snooze))
        return alert, climb

    def _cut_short(self, alert: Alert, snooze: Snooze) -> Snooze:
        """End a snooze now where what was put off has grown worse."""
        if self.changed is None:
            self.changed = alerts.load_changed(self.connection, self.before.change)
        number = incident_number(alert.incident)
        members = [] if number is None else alerts.load_of_incident(self.connection, number)
        worse = next((a for a in (*members, *self.changed) if has_risen(alert, snooze, a)), None)
        if worse is None:
            return snooze
        why = clean(f"{worse.name} is {worse.severity} now")
        return replace(snooze, until=min(self.now, snooze.until), cut_short=why)

    def _first(self, alert: Alert, climb: Climb) -> tuple[Alert, Climb]:
        """What follows from who was reached by the page itself."""
        if not paging.is_answered(self.connection, self.setup, alert, 1, self.now):
            self._tell_nobody(alert, climb, 1)
            return alert, replace(climb, skip=True)
        if alert.severity in climb.policy.auto_acknowledge and alert.acknowledgement is None:
            alert = self._acknowledge_for_on_call(alert, climb)
        return alert, replace(climb, acknowledged=alert.acknowledgement is not None)

    def _acknowledge_for_on_call(self, alert: Alert, climb: Climb) -> Alert:
        """Acknowledge for whoever is on call at this moment; where nobody is, nothing is done."""
        ids = [t.removeprefix("schedule:") for t in targets_of(alert, climb.policy, 1)]
        shifts = [
            shift for s in self.setup.schedules if s.id in ids for shift in on_call(s, self.now)
        ]
        if not shifts:
            return alert
        comment = clean(f"by itself: {shifts[0].person} is on call on {shifts[0].schedule}")
        taken = Acknowledgement(clean(shifts[0].person), self.now, comment)
        change = changes.next_change(self.connection)
        alerts.set_acknowledgement(self.connection, alert.id, taken, change)
        self._tell(alert, EntryKind.ACKNOWLEDGE, f"for {taken.by}, {comment}")
        follow_incident(self.connection, alert, change)
        return replace(alert, acknowledgement=taken)

    def _do(self, step: NextStep, alert: Alert, climb: Climb) -> tuple[Alert, Climb]:
        for number, objection in step.passed:
            name = climb.policy.name(number)
            self._tell(alert, EntryKind.PAGE, f"level {number} {name} is left out: {objection}")
        if step.kind is StepKind.EXHAUSTS:
            text = f"EXHAUSTED: all levels of policy {climb.policy.id} were paged, nobody has it"
            self._tell(alert, EntryKind.EXHAUSTED, text)
            return alert, done(climb, step, self.now)
        also: tuple[str, ...] = ()
        why = self._why(step, alert, climb)
        again = paging.next_repeat(self.connection, alert, step.level)
        if step.kind is StepKind.ESCALATES:
            # Whoever has it keeps it: a level that waits for a resolve is paged all the same.
            if climb.round == 1:
                again = paging.repeat_of_climb(self.connection, alert, step.level)
        elif alert.acknowledgement is not None:
            also = self._person(alert.acknowledgement)
            alert = self._take_back(step, alert, alert.acknowledgement, climb)
        alert = self._to_level(step.level, alert, climb, why, again, also)
        answered = paging.is_answered(self.connection, self.setup, alert, step.level, self.now)
        if not answered:
            self._tell_nobody(alert, climb, step.level)
        return alert, done(climb, step, self.now, answered)

    def _why(self, step: NextStep, alert: Alert, climb: Climb) -> str:
        if step.kind is StepKind.ESCALATES:
            if climb.skip:
                return f"nobody is there at level {alert.level}"
            waited = climb.policy.after(step.level) - climb.policy.after(alert.level)
            state = "resolved" if alert.acknowledgement is not None else "acknowledged"
            return f"not {state} within {format_span(waited)}"
        return {
            StepKind.SNOOZE_ENDS: "the snooze is over",
            StepKind.ACKNOWLEDGEMENT_ENDS: "its acknowledgement ended",
        }.get(step.kind, f"the policy begins anew, for the {climb.round + 1}. time")

    def _to_level(
        self, level: int, alert: Alert, climb: Climb, why: str, again: int, also: tuple[str, ...]
    ) -> Alert:
        name = climb.policy.name(level)
        change = changes.next_change(self.connection)
        alerts.set_level(self.connection, alert.id, level, self.now, change)
        alert = replace(alert, level=level, level_at=self.now)
        who = names_of(self.setup, targets_of(alert, climb.policy, level), self.now)
        whom = f" ({', '.join(who)})" if who else ""
        self._tell(alert, EntryKind.ESCALATE, f"to level {level} {name}{whom}: {why}")
        paging.page_level(
            self.connection, self.setup, alert, level, self.now, _ENGINE, clean(why), again, also
        )
        return alert

    def _take_back(
        self, step: NextStep, alert: Alert, taken: Acknowledgement, climb: Climb
    ) -> Alert:
        text = f"{taken.by}'s acknowledgement ended: nothing was done about it for "
        text += format_span(self.now - (climb.acted_at or taken.at))
        kind = EntryKind.UNACKNOWLEDGE
        if step.kind is StepKind.SNOOZE_ENDS:
            text, kind = str(step.text), EntryKind.UNSNOOZE
        change = changes.next_change(self.connection)
        alerts.set_acknowledgement(self.connection, alert.id, None, change)
        self._tell(alert, kind, text)
        follow_incident(self.connection, alert, change)
        paging.page_given_back(self.connection, self.setup, alert, _CLOCK, self.now)
        return replace(alert, acknowledgement=None)

    def _person(self, taken: Acknowledgement) -> tuple[str, ...]:
        """Whoever had it, by id or name, here or at a pager; nobody where that is unclear."""
        called = {str(taken.by).casefold()}
        called |= {
            str(taken.by).removesuffix(f" at {n}").casefold() for n in self.setup.paging.notifiers
        }
        known = [p for p in self.setup.people if p.id.casefold() in called]
        known = known or [p for p in self.setup.people if p.name.casefold() in called]
        return tuple(f"person:{p.id}" for p in known if len(known) == 1 and (p.notify or p.rules))

    def _end_of_maintenance(self, alert: Alert) -> None:
        if paging.pages(alert) and alert.acknowledgement is None:
            self._tell(alert, EntryKind.PAGE, "the maintenance is over and it fires on")
            occurrences.respond(self.connection, self.setup, alert, self.now)

    def _holding(self, alert: Alert) -> Maintenance | None:
        return holding(self.windows, alert, self.now)

    def _due(self, alert: Alert, climb: Climb) -> datetime | None:
        step = policy_step(alert, climb, self.setup, self.now, self._holding(alert))
        return step.at if step.is_timed else None

    def _save(self, before: Climb, climb: Climb, due_at: datetime | None) -> None:
        if climb == before:
            climbs.set_due(self.connection, climb.alert, due_at)
        else:
            climbs.save(self.connection, climb, due_at, changes.next_change(self.connection))

    def _tell_nobody(self, alert: Alert, climb: Climb, level: int) -> None:
        text = (
            f"level {level} {climb.policy.name(level)}: nobody is there; the next one is paged now"
        )
        self._tell(alert, EntryKind.PAGE, text)

    def _tell(self, alert: Alert, kind: EntryKind, text: str) -> None:
        number = incident_number(alert.incident)
        entry = Entry(self.now, _ENGINE, kind, clean(text), alert=alert.id)
        entries.add(self.connection, entry, number)
