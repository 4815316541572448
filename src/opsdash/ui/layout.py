"""Where everything stands at a size: a pure division of the screen's lines."""

from enum import StrEnum
from typing import NamedTuple

TINY_WIDTH, TINY_HEIGHT = 40, 10
"""Below either of them the screen is one line."""

FRAMED_WIDTH, FRAMED_HEIGHT = 70, 20
"""From both of them on several panes are shown at once."""

TILES_WIDTH, TILES_HEIGHT = 100, 28
"""From both of them on the metric panes have a row a tile; below they have a line each."""

LIST_PANE, TICKET_PANE = 4, 5


class Form(StrEnum):
    """How much of the screen there is."""

    TINY = "tiny"
    SINGLE = "single"
    FULL = "full"


class Layout(NamedTuple):
    """Lines for each part. `problems` is room, not need; 0 lines mean that a part is not shown.

    `metrics` is the height of the metric panes side by side, or their number of lines where
    `one_line`. `alerts` and `tickets` are the heights of the lists without their borders, `detail`
    that of the room beneath the list of alerts. `pane` is the pane that has the screen, 0 if none.
    """

    form: Form
    problems: int = 0
    metrics: int = 0
    one_line: bool = False
    alerts: int = 0
    detail: int = 0
    tickets: int = 0
    pane: int = 0


class Heights(NamedTuple):
    """Lines of each part of the screen from its top to its bottom; the entry's own come last."""

    upper: int
    alerts: int
    middle: int
    tickets: int
    lower: int


class Content(NamedTuple):
    """What asks for room: problems, metric panes, tiles of the longest, rows of the two lists."""

    problems: int = 0
    panes: int = 3
    tiles: int = 4
    alerts: int = 0
    tickets: int = 0


def arrange(
    width: int, height: int, content: Content, focus: int = LIST_PANE, zoomed: bool = False
) -> Layout:
    """Return who has which lines. Header and footer always take one each."""
    if width < TINY_WIDTH or height < TINY_HEIGHT:
        return Layout(Form.TINY)
    full = _is_full(width, height)
    problems = min(content.problems, problem_room(width, height))
    room = height - 2 - problems
    if not full or zoomed:
        return _alone(room, problems, content, focus, full)
    return _together(width, height, room, problems, content)


def problem_room(width: int, height: int) -> int:
    """Return how many lines there are for what keeps the view from being whole."""
    if not _is_full(width, height):
        return 2 if height >= 14 else 1
    return 2 if height < 30 else 4


def _is_full(width: int, height: int) -> bool:
    return width >= FRAMED_WIDTH and height >= FRAMED_HEIGHT


def _alone(room: int, problems: int, content: Content, focus: int, framed: bool) -> Layout:
    form = Form.FULL if framed else Form.SINGLE
    inner = room - 2 if framed else room
    if focus < LIST_PANE:
        return Layout(form, problems, metrics=room, pane=focus)
    if focus == TICKET_PANE:
        return Layout(form, problems, tickets=inner, pane=focus)
    alerts, detail = _split(inner, content.alerts) if framed else (inner, 0)
    return Layout(form, problems, alerts=alerts, detail=detail, pane=focus)


def _together(width: int, height: int, room: int, problems: int, content: Content) -> Layout:
    one_line = width < TILES_WIDTH or height < TILES_HEIGHT
    if one_line:
        metrics = content.panes
    else:
        metrics = min(max(content.tiles, 1) + 2, 12) if content.panes else 0
    left = room - metrics - 4
    tickets = max(2 if left < 16 else 4, min(content.tickets + 1, left // 4, 12))
    alerts, detail = _split(left - tickets, content.alerts)
    return Layout(Form.FULL, problems, metrics, one_line, alerts, detail, tickets)


def _split(room: int, rows: int) -> tuple[int, int]:
    """Divide the list's room between its rows and what is known of the row under the cursor.

    Six rows have their place whether they are there or not, so that an alert that comes or goes
    moves nothing; in little room it is four and their heading, and the list goes before the detail.
    """
    wanted = max(rows + 1, 7 if room >= 20 else 5)
    kept = 12 if room >= 24 else 0
    alerts = min(wanted, room - kept)
    return (room, 0) if room - alerts < 5 else (alerts, room - alerts)


def heights(layout: Layout, height: int, typing: bool) -> Heights:
    """Return who has which of `height` lines, borders included; one is the entry's while `typing`."""
    full = layout.form is Form.FULL
    middle = layout.detail + 1 + bool(layout.tickets) if full and layout.alerts else 0
    typed = int(typing)
    lower = 0
    if layout.form is not Form.TINY:
        lower = (1 if full and layout.tickets else 0) + 1 - typed
    below = layout.alerts + middle + layout.tickets + lower + typed
    return Heights(height - below, layout.alerts, middle, layout.tickets, lower)
