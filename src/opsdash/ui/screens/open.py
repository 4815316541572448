"""The sheets that keys open: detail, help, commands, themes, who is on call."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from opsdash.ui.chosen import own_names
from opsdash.ui.keys import ACTIONS, Action, first_key, shown_key
from opsdash.ui.layout import LIST_PANE, TICKET_PANE
from opsdash.ui.lines import EMPTY, Line, beside, crop, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.footer import Keys
from opsdash.ui.panes.indicator_page import indicator_page
from opsdash.ui.panes.offers import alert_offers, batch_offers, offered
from opsdash.ui.panes.pages import incident_page, ticket_page
from opsdash.ui.screens.choose import Choose
from opsdash.ui.screens.page import Page

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


def open_detail(app: "OpsdashApp") -> None:
    """Open everything about the row or tile under the cursor."""
    board = app.dashboard
    if board.pane == LIST_PANE:
        open_row(app, board.list_id)
    elif board.pane == TICKET_PANE:
        ticket = board.ticket
        if ticket is not None:
            app.open_sheet(
                Page(f"Ticket #{ticket.number}", lambda w, m: ticket_page(ticket, w, m, app.glyphs))
            )
    elif board.reading is not None:
        _open_tile(app, board.reading.indicator.id)


def open_row(app: "OpsdashApp", id: str | None) -> None:
    """Open everything about an alert or an incident, by its id."""
    if id is None or app.snapshot is None:
        return
    app.look_at(id)
    if any(incident.id == id for incident in app.snapshot.incidents):
        page = Page(id, lambda w, m: _incident_lines(app, id, w, m), about=id)
        page.offers = lambda: _report_offer(app, id)
        page.only = {"reported", "undo"}
        app.open_sheet(page)
        return
    page = Page("Alert", lambda w, m: _alert_lines(app, id, w, m), about=id)
    page.offers = lambda: _alert_offers(app, id)
    app.open_sheet(page)


def _report_offer(app: "OpsdashApp", id: str) -> str:
    """What can be said of an incident once it is over."""
    found = app.snapshot.incidents if app.snapshot else ()
    over = any(incident.id == id and not incident.open for incident in found)
    return offered([("reported", "report written")], app.keys) if over else ""


def _alert_offers(app: "OpsdashApp", id: str) -> str:
    if app.snapshot is None:
        return ""
    found = alert_offers(app.dashboard.alert_of(id), app.snapshot, own_names(app))
    return offered(found, app.keys)


def _alert_lines(app: "OpsdashApp", id: str, width: int, moment: Moment) -> Sequence[Line]:
    snapshot = app.snapshot
    alert = app.dashboard.alert_of(id)
    if snapshot is None or alert is None:
        return [line(("this alert has left the list: it resolved over an hour ago", "muted"))]
    return alert_page(alert, app.details.get(id), snapshot, width, moment, app.glyphs)


def _incident_lines(app: "OpsdashApp", id: str, width: int, moment: Moment) -> Sequence[Line]:
    snapshot = app.snapshot
    found = next((i for i in snapshot.incidents if i.id == id), None) if snapshot else None
    if snapshot is None or found is None:
        return [line(("this incident has left the list", "muted"))]
    return incident_page(found, app.details.get(id), snapshot, width, moment, app.glyphs)


def _open_tile(app: "OpsdashApp", id: str) -> None:
    app.look_at(id)

    def lines(width: int, moment: Moment) -> Sequence[Line]:
        snapshot = app.snapshot
        readings = (r for pane in snapshot.panes for r in pane.readings) if snapshot else ()
        found = next((r for r in readings if r.indicator.id == id), None)
        if snapshot is None or found is None:
            return [line(("this indicator is configured no more", "muted"))]
        return indicator_page(found, app.details.get(id), snapshot, width, moment, app.glyphs)

    tile = app.dashboard.tile_of(id)
    if tile is None or not tile.indicator.investigate:
        app.open_sheet(Page("Indicator", lines))
        return
    page = Page("Indicator", lines, about=id)
    page.offers = lambda: _batch_offers(app, id)
    app.open_sheet(page)


def _batch_offers(app: "OpsdashApp", id: str) -> str:
    tile = app.dashboard.tile_of(id)
    return offered(batch_offers(tile.batch if tile else None, own_names(app)), app.keys)


def open_help(app: "OpsdashApp") -> None:
    """List every key, as it is bound now."""
    app.open_sheet(Page("Keys", lambda width, _moment: help_lines(app.keys, width)))


def help_lines(keys: Keys, width: int) -> list[Line]:
    """Return the help: the registry's actions by group, with the keys that they have now."""
    blocks = {
        group: [line((group, "accent bold")), *(_help_line(action, keys) for action in actions)]
        for group, actions in groupby(ACTIONS, key=lambda action: action.group)
    }
    if width < 100:
        return _stacked(list(blocks.values()))
    halves = [
        _stacked([blocks[g] for g in pair]) for pair in (("Respond", "Look"), ("Move", "Screen"))
    ]
    longest = max(map(len, halves))
    columns = [[crop(one, 58) for one in half + [EMPTY] * (longest - len(half))] for half in halves]
    return beside(columns)


def _stacked(blocks: Sequence[Sequence[Line]]) -> list[Line]:
    return [one for block in blocks for one in (*block, EMPTY)][:-1]


def _help_line(action: Action, keys: Keys) -> Line:
    shown = ", ".join(shown_key(key) for key in keys.get(action.name, ()))
    if shown:
        return line((f"  {shown:<14} ", "bold"), action.words)
    return line((f"  {first_key('commands', keys)} {'command':<12} ", "muted"), action.words)


def open_commands(app: "OpsdashApp") -> None:
    """List every action by its words; enter does it to the row under the cursor."""
    board = app.dashboard
    ids = board.chosen()
    choices = []
    for action in ACTIONS:
        if action.name != "commands" and action.group != "Move":
            key = first_key(action.name, app.keys)
            choices.append((action.name, line(f"{action.words:<44}", (f" {key}", "muted"))))

    def chosen(name: str | None) -> None:
        if name is None:
            return
        from opsdash.ui.acts import ACTS

        if name in ACTS:
            # The rows are those of the moment at which the list was opened.
            app.act_on(name, ids)
        else:
            app.do(name)

    app.open_sheet(Choose("Commands", choices), chosen)


def open_themes(app: "OpsdashApp") -> None:
    """List the themes; the one under the cursor is shown at once, escape brings the old one back."""
    from opsdash.ui.themes import theme_files

    before = app.palette.theme.name
    choices = [(name, line(name)) for name in sorted(theme_files(app.preferences.themes_folder))]

    def chosen(name: str | None) -> None:
        app.wear(name or before)

    app.open_sheet(Choose("Theme", choices, before, on_move=app.wear), chosen)


def open_on_call(app: "OpsdashApp") -> None:
    """List every schedule: now, next, two weeks ahead, overrides and gaps."""
    from opsdash.ui.screens.on_call import OnCallScreen

    app.open_sheet(OnCallScreen())


def open_override(app: "OpsdashApp") -> None:
    """Change the first schedule for a while."""
    from opsdash.ui import rostering

    rostering.override(app)


def open_take_shift(app: "OpsdashApp") -> None:
    """Take the first schedule's shift until its usual end."""
    from opsdash.ui import rostering

    rostering.take_shift(app)


def open_maintenance(app: "OpsdashApp") -> None:
    """Hold a service's pages for a while."""
    from opsdash.ui import rostering

    rostering.maintenance(app)


def open_simulate(app: "OpsdashApp") -> None:
    """Show who would be woken, and when."""
    from opsdash.ui import rostering

    rostering.simulate(app)


def open_handoff(app: "OpsdashApp") -> None:
    """Show the digest of the shift for whoever takes over."""
    from opsdash.ui import rostering

    rostering.handoff(app)


def open_silences(app: "OpsdashApp") -> None:
    """List all silences."""
    from opsdash.ui.screens.silences import Silences

    app.open_sheet(Silences())


def open_rules(app: "OpsdashApp") -> None:
    """List all alert rules."""
    from opsdash.ui.screens.rules import Rules

    app.open_sheet(Rules())


def open_notifications(app: "OpsdashApp") -> None:
    """List what was sent, and what waits."""
    from opsdash.ui.screens.notifications import Notifications

    app.open_sheet(Notifications())


SHEETS: dict[str, Callable[["OpsdashApp"], None]] = {
    "help": open_help,
    "commands": open_commands,
    "theme": open_themes,
    "on_call": open_on_call,
    "silences": open_silences,
    "rules": open_rules,
    "notifications": open_notifications,
    "override": open_override,
    "take_shift": open_take_shift,
    "maintenance": open_maintenance,
    "simulate": open_simulate,
    "handoff": open_handoff,
}
"""The sheets that need no row."""
