"""What a key means for alerts: the question it asks, the act it starts, its outcome in one line."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from opsdash.domain.alert import Alert
from opsdash.domain.escalation import EscalationPolicy, Refused
from opsdash.domain.reach import names_reached
from opsdash.domain.text import clean
from opsdash.preview import Step, escalations, pages_words, policy_of
from opsdash.snapshot import Snapshot
from opsdash.ui import inquiring, owning, reporting, silencing
from opsdash.ui.chosen import names, question_width, some
from opsdash.ui.hints import CHOICE_WIDTH, expertise_lines
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.panes.alert_page import runbook_of
from opsdash.ui.panes.alert_words import summary, where
from opsdash.ui.panes.facts import wrapped
from opsdash.ui.ports import Outcome

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

Ids = tuple[str, ...]


def said_of(outcome: Outcome, verb: str, names: Mapping[str, str]) -> tuple[str, str]:
    """Return what to say of an outcome, and in which style."""
    parts: list[str] = []
    if outcome.said:
        parts.append(clean(outcome.said))
    if outcome.done and not outcome.said:
        parts.append(f"{verb} {_named(outcome.done, names)}")
    for id, reason in outcome.refused[:2]:
        parts.append(f"{names.get(id, id)} not: {clean(reason)}")
    if len(outcome.refused) > 2:
        parts.append(f"and {len(outcome.refused) - 2} more refused")
    if not parts:
        return "nothing was done", "warn"
    style = "warn bold" if outcome.refused else "ok bold"
    return "; ".join(parts), style


def _named(ids: Sequence[str], names: Mapping[str, str]) -> str:
    if len(ids) == 1:
        return names.get(ids[0], ids[0])
    return f"{len(ids)} alerts"


def concerned(level: int, snapshot: Snapshot, policy: EscalationPolicy | None = None) -> str:
    """Return whom a level concerns: its number and name, and the people known to stand there.

    It is a level of `policy`, else of the policy that alerts follow unless another matches.
    """
    policy = policy or snapshot.setup.policy
    people = names_reached(snapshot.setup, policy.level(level), snapshot.taken_at)
    name = f"{level} {policy.name(level)}"
    return f"{name} ({people})" if people else name


def acknowledge(app: "OpsdashApp", ids: Ids) -> None:
    """Take the alerts at once."""
    if some(app, ids):
        app.act("acknowledged", ids, lambda: app.hand.acknowledge(ids))


def acknowledge_with(app: "OpsdashApp", ids: Ids) -> None:
    """Take the alerts with a comment."""
    from opsdash.ui.screens.ask import Ask

    if not some(app, ids):
        return

    def answer(comment: str | None) -> None:
        if comment is not None:
            app.act("acknowledged", ids, lambda: app.hand.acknowledge(ids, comment))

    words = [line((name, "bold")) for name in names(app, ids)]
    app.open_sheet(Ask("Acknowledge", words, "comment: "), answer)


def unacknowledge(app: "OpsdashApp", ids: Ids) -> None:
    """Give the alerts back to nobody."""
    if some(app, ids):
        app.act("gave back", ids, lambda: app.hand.unacknowledge(ids))


def undo(app: "OpsdashApp", ids: Ids) -> None:
    """Say what the person's own last act was and what undoing it does, and ask."""
    app.run_worker(_ask_undo(app), exit_on_error=False)


async def _ask_undo(app: "OpsdashApp") -> None:
    from opsdash.ui.screens.ask import Ask

    before = app.screen
    try:
        found = await app.hand.undoable()
    except Exception as error:
        # Whatever keeps the store from being read is news for the person.
        app.say(f"NOT undone: {clean(error) or type(error).__name__}", "crit bold")
        return
    if app.screen is not before:
        return
    if found is None:
        app.say("there is nothing of yours to undo", "warn bold")
        return
    operation = found.operation

    def answer(said: str | None) -> None:
        if said is not None:
            app.act("undone", (), lambda: app.hand.undo(operation))

    words = [line((part, "bold")) for text in found.acts for part in wrapped(text, 72)]
    words.append(line((f"done {app.moment().age(found.at)} ago; undone:", "muted")))
    words += [line((part, "warn")) for text in found.effects for part in wrapped(text, 72)]
    app.open_sheet(Ask("Undo", words, "enter undoes it: "), answer)


def escalate(app: "OpsdashApp", ids: Ids) -> None:
    """Ask for the reason and say whom it concerns, then raise each alert to its next level."""
    _ask_escalation(app, ids, None)


def escalate_to(app: "OpsdashApp", ids: Ids) -> None:
    """Let the person choose the level first."""
    from opsdash.ui.screens.choose import Choose

    snapshot = app.snapshot
    if not some(app, ids) or snapshot is None:
        return
    if not app.alerts_of(ids):
        app.say("nothing to escalate: no alert is under the cursor or marked", "warn")
        return
    # What the person sees now is what they decide on, however long they take to choose.
    as_of = _levels(app, ids)
    first = next(iter(app.alerts_of(ids)), None)
    policy = snapshot.setup.policy if first is None else policy_of(first, snapshot)
    levels = range(1, len(policy.levels) + 1)
    choices = [(str(n), line(concerned(n, snapshot, policy))) for n in levels]
    next_one = str(min(max(as_of.values(), default=0) + 1, len(levels)))

    def chosen(level: str | None) -> None:
        if level is not None:
            _ask_escalation(app, ids, int(level), as_of)

    known = expertise_lines(app.alerts_of(ids), snapshot, CHOICE_WIDTH)
    app.open_sheet(
        Choose("To which level?", choices, next_one, about=[*known, EMPTY] if known else ()), chosen
    )


def _ask_escalation(
    app: "OpsdashApp", ids: Ids, to: int | None, as_of: Mapping[str, int] | None = None
) -> None:
    from opsdash.ui.screens.ask import Ask

    snapshot = app.snapshot
    if not some(app, ids) or snapshot is None:
        return
    levels = _levels(app, ids) if as_of is None else as_of
    plan = escalations(app.alerts_of(ids), snapshot, to)
    if not plan:
        app.say("nothing to escalate: no alert is under the cursor or marked", "warn")
        return
    stays = [step.target for step in plan if isinstance(step.target, Refused)]
    if len(stays) == len(plan):
        app.say(f"not escalated: {stays[0].reason}", "warn bold")
        return

    def answer(reason: str | None) -> None:
        if reason:
            app.act(verb, ids, lambda: app.hand.escalate(ids, levels, reason, to))

    down = all(step.wakes is None for step in plan)
    verb = "de-escalated" if down else "escalated"
    words = _escalation_words(plan, snapshot, app)
    title = "De-escalate" if down else "Escalate"
    app.open_sheet(Ask(title, words, "reason: ", "A reason is needed."), answer)


def _escalation_words(plan: Sequence[Step], snapshot: Snapshot, app: "OpsdashApp") -> list[Line]:
    words = []
    for step in plan[:6]:
        name, level = step.alert.name, step.alert.level
        if isinstance(step.target, Refused):
            words.append(line((name, "bold"), (f"  stays: {step.target.reason}", "muted")))
        else:
            before = f"level {level}" if level else "no level"
            arrow = app.glyphs.arrow
            words.append(line((name, "bold"), (f"  {before} {arrow} level {step.target}", "text")))
    if len(plan) > 6:
        words.append(line((f"and {len(plan) - 6} more", "muted")))
    pages = pages_words(plan)
    if not pages:
        return [*words, EMPTY, line(("This goes down: nobody is paged", "text"))]
    words.append(EMPTY)
    width = question_width(app)
    words += [line((part, "warn bold")) for told in pages for part in wrapped(told, width)]
    raised = [step.alert for step in plan if step.wakes is not None]
    return words + expertise_lines(raised, snapshot, CHOICE_WIDTH)


def incident(app: "OpsdashApp", ids: Ids) -> None:
    """Open the incident that the alert belongs to."""
    from opsdash.ui.screens.open import open_row

    alert = next(iter(app.alerts_of(ids)), None)
    if alert is None:
        app.say("no alert under the cursor", "warn")
    elif alert.incident is None:
        app.say(f"{alert.name} belongs to no incident", "warn")
    else:
        open_row(app, alert.incident)


def runbook(app: "OpsdashApp", ids: Ids) -> None:
    """Show the runbook's address and copy it; nothing is ever fetched or opened."""
    alert = next(iter(app.alerts_of(ids)), None)
    if alert is None or app.snapshot is None:
        app.say("no alert under the cursor", "warn")
        return
    address = runbook_of(alert, app.snapshot)
    if not address:
        app.say(f"{alert.name} names no runbook; add the annotation runbook_url", "warn")
        return
    app.copy_to_clipboard(address)
    app.say(f"runbook (copied): {address}", "accent bold")


def copy(app: "OpsdashApp", ids: Ids) -> None:
    """Copy the alerts, a line each, for a chat or a note."""
    alerts = app.alerts_of(ids)
    if not alerts:
        app.say("nothing to copy here", "warn")
        return
    app.copy_to_clipboard("\n".join(one_line(alert) for alert in alerts))
    app.say(f"copied {_named([a.id for a in alerts], {a.id: a.name for a in alerts})}")


def one_line(alert: Alert) -> str:
    """Return an alert in one line of plain text, its times in UTC."""
    since = (alert.fired_at or alert.active_at).strftime("%Y-%m-%d %H:%M:%SZ")
    parts = [
        f"[{alert.severity.value.upper()}] {alert.name}",
        where(alert.labels),
        summary(alert),
        f"{alert.state.value} since {since}",
        f"acknowledged by {alert.acknowledgement.by}" if alert.acknowledgement else "",
        alert.incident or "",
        alert.generator_url,
    ]
    return ", ".join(part for part in parts if part)


def _levels(app: "OpsdashApp", ids: Ids) -> dict[str, int]:
    return {alert.id: alert.level for alert in app.alerts_of(ids)}


ACTS: dict[str, Callable[["OpsdashApp", Ids], None]] = {
    "acknowledge": acknowledge,
    "acknowledge_with": acknowledge_with,
    "unacknowledge": unacknowledge,
    "escalate": escalate,
    "escalate_to": escalate_to,
    "silence": silencing.silence,
    "extend": silencing.extend,
    "expire": silencing.expire,
    "take": owning.take,
    "reassign": owning.reassign,
    "snooze": owning.snooze,
    "reapply": owning.reapply,
    "note": inquiring.note_nothing,
    "reported": reporting.reported,
    "undo": undo,
    "incident": incident,
    "runbook": runbook,
    "copy": copy,
}
"""What each action does to the alerts it is given."""
