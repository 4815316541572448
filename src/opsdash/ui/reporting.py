"""What a key means for incidents that are over: say that their report is written, and where."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsdash.domain.incident import Incident
from opsdash.domain.text import clean
from opsdash.reporting import split_reference
from opsdash.ui.chosen import question_width
from opsdash.ui.lines import line
from opsdash.ui.panes.facts import wrapped

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

_NAMED = 5


def reported(app: "OpsdashApp", ids: Sequence[str]) -> None:
    """Ask where the report is of the incidents that the rows are or belong to."""
    snapshot = app.snapshot
    if snapshot is None:
        return
    wanted = {alert.incident for alert in app.alerts_of(ids)} | set(ids)
    found = [incident for incident in snapshot.incidents if incident.id in wanted]
    if not found:
        app.say("nothing is chosen that has or is an incident: no report is due", "warn")
        return
    ask(app, found)


def choose(app: "OpsdashApp", owing: Sequence[Incident]) -> None:
    """Let the person choose one of those that owe a report, then ask where it is."""
    from opsdash.ui.screens.choose import Choose

    if not owing:
        app.say("every incident has its report", "ok bold")
        return
    by_id = {incident.id: incident for incident in owing}
    choices = [(i.id, line((f"{i.id} ", "accent bold"), i.title)) for i in owing]

    def chosen(id: str | None) -> None:
        if id is not None:
            ask(app, [by_id[id]])

    app.open_sheet(Choose("Whose report is written?", choices), chosen)


def ask(app: "OpsdashApp", found: Sequence[Incident]) -> None:
    """Ask where the report on these incidents is; nobody is paged or told."""
    from opsdash.ui.screens.ask import Ask

    ready = [incident for incident in found if incident.owes_report]
    if not ready:
        app.say(f"{found[0].id} {_not_owing(found[0])}", "warn")
        return
    ids = tuple(incident.id for incident in ready)

    def answer(said: str | None) -> None:
        if said:
            url, note = split_reference(said)
            called = {id: f"the report on {id}" for id in ids}
            app.act("written:", ids, lambda: app.hand.report(ids, url, note), called)

    words = [line((f"{i.id} ", "accent bold"), (i.title, "bold")) for i in ready[:_NAMED]]
    if len(ready) > _NAMED:
        words.append(line((f"and {len(ready) - _NAMED} more", "muted")))
    told = "A web address, another place, or why none is needed. Nobody is told."
    words += [line((part, "muted")) for part in wrapped(clean(told), question_width(app))]
    needed = "Say where it is, or why none is needed."
    app.open_sheet(Ask("The report is written", words, "where: ", needed), answer)


def _not_owing(incident: Incident) -> str:
    if incident.open:
        return "is open: its report is written when it is over"
    if incident.reported is None:
        return "was closed without a report"
    return f"has its report, says {incident.reported.by}"
