"""The maintenance windows that are open now: what they hold, until when, by whom, on every screen."""

from collections.abc import Iterable

from opsdash.domain.maintenance import Maintenance
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment


def maintained(window: Maintenance) -> str:
    """Return what a maintenance window is about."""
    return ", ".join(filter(None, (window.service, *window.matching))) or "everything"


def active(windows: Iterable[Maintenance], moment: Moment) -> list[Maintenance]:
    """Return the windows that are open at this moment, the one that ends first before the others."""
    found = []
    for window in windows:
        moment.expect(window.start)
        moment.expect(window.until)
        if window.start <= moment.now < window.until:
            found.append(window)
    return sorted(found, key=lambda window: window.until)


def maintenance_lines(
    snapshot: Snapshot, width: int, room: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return a line a window in at most `room` lines; those without a line are counted."""
    found = active(snapshot.roster.maintenance, moment)
    shown = found[: max(room, 0)]
    lines = []
    for window in shown:
        more = len(found) - len(shown) if window is shown[-1] else 0
        lines.append(_line(window, more, width, moment, glyphs))
    return lines


def _line(window: Maintenance, more: int, width: int, moment: Moment, glyphs: Glyphs) -> Line:
    others = f" and {more} more" if more else ""
    what = f" {glyphs.silenced} maintenance of {maintained(window)}"
    left = f", {moment.left(window.until)} left" if width >= 100 else ""
    rest = f" until {moment.date_clock(window.until)}{left} by {window.by}{others}: {window.reason}"
    wakes = "; new alerts of it page nobody" if width >= 120 else ""
    return line((what, "warn bold"), (f"{rest}{wakes}", "warn"))
