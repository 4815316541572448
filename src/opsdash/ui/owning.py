"""Keys about whose an alert is and for how long: take, reassign, snooze, extend, reapply the policy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from opsdash.domain.alert import Alert
from opsdash.domain.climb import Climb
from opsdash.domain.maintenance import holding
from opsdash.domain.upcoming import next_step
from opsdash.preview import person_words, policy_of, take_words
from opsdash.snapshot import Snapshot
from opsdash.ui.chosen import names, own_names, owners, question_width, some
from opsdash.ui.hints import experts_of, person_choice
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.panes.facts import wrapped

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

Ids = tuple[str, ...]


def take(app: "OpsdashApp", ids: Ids) -> None:
    """Say whose the alerts are and that it wakes nobody, ask for a reason, then take them over."""
    from opsdash.ui.screens.ask import Ask

    snapshot = app.snapshot
    if snapshot is None or not some(app, ids):
        return
    alerts = [alert for alert in app.alerts_of(ids) if alert.open]
    if not alerts:
        app.say("nothing to take: no open alert is under the cursor or marked", "warn")
        return
    chosen = tuple(alert.id for alert in alerts)
    # Whose each is now is what the person decides on, however long they take to answer.
    seen = owners(app, chosen)

    def answer(reason: str | None) -> None:
        if reason is not None:
            app.act("took", chosen, lambda: app.hand.take(chosen, seen, reason))

    words = [line((name, "bold")) for name in names(app, chosen)]
    words.append(EMPTY)
    told = take_words(alerts, snapshot, own_names(app))
    words += [line((p, "text")) for text in told for p in wrapped(text, question_width(app))]
    app.open_sheet(Ask("I'll take it", words, "reason, if any: "), answer)


def reassign(app: "OpsdashApp", ids: Ids) -> None:
    """Let the person choose who is to have the alerts, then ask why and say whom that pages."""
    from opsdash.ui.screens.choose import Choose

    snapshot = app.snapshot
    if snapshot is None or not some(app, ids):
        return
    if not snapshot.setup.people:
        app.say("no person is configured to give it to", "warn")
        return
    seen = owners(app, ids)
    found = experts_of(app.alerts_of(ids), snapshot)
    known = {one.person.id: one for one in found}
    choices = [(p.id, person_choice(p, known.get(p.id))) for p in snapshot.setup.people]
    first = found[0].person.id if found else None

    def chosen(person: str | None) -> None:
        if person is not None:
            _ask_reassignment(app, ids, seen, person, snapshot)

    app.open_sheet(Choose("Give it to whom?", choices, first), chosen)


def _ask_reassignment(
    app: "OpsdashApp", ids: Ids, seen: dict[str, str], person: str, snapshot: Snapshot
) -> None:
    from opsdash.ui.screens.ask import Ask

    found = next(p for p in snapshot.setup.people if p.id == person)
    words = [line((name, "bold")) for name in names(app, ids)]
    for alert in app.alerts_of(ids)[:5]:
        barred = policy_of(alert, snapshot).bars(person, alert.severity)
        words += [line((f"{alert.name} stays: {barred}", "muted"))] if barred else []
    words.append(EMPTY)
    given = [a for a in app.alerts_of(ids) if not policy_of(a, snapshot).bars(person, a.severity)]
    for told in person_words(person, given, snapshot):
        words += [line((part, "warn bold")) for part in wrapped(told, question_width(app))]
    words.append(line(("It is no acknowledgement: what nobody takes goes on climbing.", "muted")))

    def answer(reason: str | None) -> None:
        if reason:
            verb = f"gave to {found.name}"
            app.act(verb, ids, lambda: app.hand.reassign(ids, seen, person, reason))

    app.open_sheet(Ask(f"Give to {found.name}", words, "reason: ", "A reason is needed."), answer)


def snooze(app: "OpsdashApp", ids: Ids) -> None:
    """Ask until when and why the alerts may wait, and show who is paged then."""
    from opsdash.ui.screens.snooze import Snoozed, SnoozeSheet

    alerts = [alert for alert in app.alerts_of(ids) if alert.open]
    if not alerts:
        app.say("nothing to put off: no open alert is under the cursor or marked", "warn")
        return
    chosen = tuple(alert.id for alert in alerts)

    def answer(wish: Snoozed | None) -> None:
        if wish is not None:
            verb = f"put off until {app.moment().date_clock(wish.until)}:"
            app.act(verb, chosen, lambda: app.hand.snooze(chosen, wish.until, wish.reason))

    app.open_sheet(SnoozeSheet(chosen), answer)


def unsnooze(app: "OpsdashApp", ids: Ids) -> None:
    """End the snooze of the alerts; it wakes nobody."""
    app.act("ended the snooze of", ids, lambda: app.hand.unsnooze(ids))


def extend(app: "OpsdashApp", ids: Ids) -> None:
    """Let the acknowledgements of the alerts count from now again."""
    app.act("still at it:", ids, lambda: app.hand.extend(ids))


def reapply(app: "OpsdashApp", ids: Ids) -> None:
    """Show what the policy as it is now would do next to each alert, and ask."""
    from opsdash.ui.screens.ask import Ask

    snapshot = app.snapshot
    if snapshot is None or not some(app, ids):
        return
    edited = [a for a in app.alerts_of(ids) if a.open and _is_edited(a, snapshot)]
    if not edited:
        app.say("it follows its policy as it is configured already", "warn")
        return
    words = _reapplied(edited, snapshot, app.moment().now, app)

    def answer(said: str | None) -> None:
        if said is not None:
            chosen = tuple(alert.id for alert in edited)
            app.act("policy applied anew to", chosen, lambda: app.hand.reapply(chosen))

    app.open_sheet(Ask("Follow the policy as it is now", words, "enter applies it: "), answer)


def _is_edited(alert: Alert, snapshot: Snapshot) -> bool:
    climb = snapshot.roster.climbs.get(alert.id)
    return climb is not None and climb.policy != snapshot.setup.policy_for(alert.labels)


def _reapplied(
    alerts: Sequence[Alert], snapshot: Snapshot, now: datetime, app: "OpsdashApp"
) -> list[Line]:
    words: list[Line] = []
    for alert in alerts[:5]:
        climb: Climb = snapshot.roster.climbs[alert.id]
        policy = snapshot.setup.policy_for(alert.labels)
        held = holding(snapshot.roster.maintenance, alert, now)
        new = replace(climb, policy=policy, exhausted_at=None)
        step = next_step(alert, new, snapshot.setup, now, held)
        due = "at once" if step.at is not None and step.at <= now else ""
        if step.at is not None and step.at > now:
            due = f"in {app.moment().left(step.at)}"
        old = f"{climb.policy.id} v{climb.version}"
        words.append(line((alert.name, "bold"), (f"  {old} gives way to {policy.id}", "muted")))
        words.append(line("  then: ", (f"{step.text} {due}".rstrip(), "warn bold")))
    if len(alerts) > 5:
        words.append(line((f"and {len(alerts) - 5} more", "muted")))
    return words
