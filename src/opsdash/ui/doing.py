"""What each key of the dashboard does: it moves, opens a sheet, or acts on what is chosen."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from opsdash.domain.text import clean

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

SHEETS = {
    *("theme", "commands", "help", "on_call", "silences", "rules", "notifications"),
    *("override", "take_shift", "maintenance", "simulate", "handoff"),
}
"""The actions that open a sheet, which is imported only then."""


def do(app: "OpsdashApp", name: str) -> None:
    """Do what the action `name` of the registry means on the dashboard."""
    dashboard = app.dashboard
    moves: dict[str, Callable[[], object]] = {
        "down": lambda: dashboard.move(1),
        "up": lambda: dashboard.move(-1),
        "first": lambda: dashboard.move_to(0),
        "last": lambda: dashboard.move_to(-1),
        "page_down": lambda: dashboard.turn_page(1),
        "page_up": lambda: dashboard.turn_page(-1),
        "next_pane": lambda: dashboard.turn_pane(1),
        "previous_pane": lambda: dashboard.turn_pane(-1),
        "mark": dashboard.mark,
        "zoom": dashboard.zoom,
        "back": dashboard.go_back,
        "filter": dashboard.ask_filter,
        "mine": dashboard.toggle_mine,
        "detail": lambda: open_detail(app),
        "refresh": lambda: app.run_worker(_ask_refresh(app), exit_on_error=False),
        "pause": app.pause,
        "quit": app.leave,
    }
    if name in moves:
        moves[name]()
    elif name.startswith("pane_"):
        dashboard.show_pane(int(name.removeprefix("pane_")))
    elif name in SHEETS:
        from opsdash.ui.screens import open as sheets

        sheets.SHEETS[name](app)
    else:
        act_on(app, name, dashboard.chosen())


def act_on(app: "OpsdashApp", name: str, ids: Sequence[str]) -> None:
    """Do what an action means for alerts, or for the tile `ids` names; for none it says so."""
    tile = app.dashboard.tile_of(ids[0]) if len(ids) == 1 else None
    if tile is not None:
        from opsdash.ui.inquiring import act_on_tile

        act_on_tile(app, name, tile)
        return
    from opsdash.ui.acts import ACTS

    if name in ACTS:
        ACTS[name](app, tuple(ids))


def open_detail(app: "OpsdashApp") -> None:
    """Open everything about the row or tile under the cursor."""
    from opsdash.ui.screens import open as sheets

    sheets.open_detail(app)


async def _ask_refresh(app: "OpsdashApp") -> None:
    try:
        await app.feed.request_refresh()
    except Exception as error:
        app.say(f"could not ask for a refresh: {clean(error)}", "warn bold")
    else:
        app.say("asked the engine to read every source now")
