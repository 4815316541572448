"""Keys about whose an alert is and for how long: take, reassign, snooze, extend, reapply the policy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from opsdash.domain.alert import Alert
from opsdash.domain.climb import Climb
from opsdash.domain.maintenance import holding
from opsdash.domain.upcoming import next_step
from opsdash.snapshot import Snapshot
from opsdash.ui.chosen import names, owners, some
from opsdash.ui.lines import EMPTY, Line, line

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

Ids = tuple[str, ...]


def take(app: "OpsdashApp", ids: Ids) -> None:
    """Take the alerts over at once, also those that somebody else has."""
    if some(app, ids):
        seen = owners(app, ids)
        app.act("took", ids, lambda: app.hand.take(ids, seen))


def reassign(app: "OpsdashApp", ids: Ids) -> None:
    """Let the person choose who is to have the alerts, then ask why and say whom that pages."""
    from opsdash.ui.screens.sheet import Choose

    snapshot = app.snapshot
    if snapshot is None or not some(app, ids):
        return
    if not snapshot.setup.people:
        app.say("no person is configured to give it to", "warn")
        return
    seen = owners(app, ids)
    choices = [
        (p.id, line(f"{p.name:<20}", (f" {', '.join(p.expertise)}", "muted")))
        for p in snapshot.setup.people
    ]

    def chosen(person: str | None) -> None:
        if person is not None:
            _ask_reassignment(app, ids, seen, person, snapshot)

    app.open_sheet(Choose("Give it to whom?", choices), chosen)


def _ask_reassignment(
    app: "OpsdashApp", ids: Ids, seen: dict[str, str], person: str, snapshot: Snapshot
) -> None:
    from opsdash.ui.screens.sheet import Ask

    found = next(p for p in snapshot.setup.people if p.id == person)
    pages = bool(snapshot.setup.paging.notifiers) and bool(found.notify)
    words = [line((name, "bold")) for name in names(app, ids)]
    words.append(EMPTY)
    effect = "This pages " if pages else "Nothing is sent; it is shown as given to "
    words.append(line((effect, "text"), (found.name, "warn bold")))
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
    from opsdash.ui.screens.sheet import Ask

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
