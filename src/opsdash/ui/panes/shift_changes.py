"""What a change of a schedule comes to, a line for each time that reads otherwise."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from opsdash.domain.reach import person_name
from opsdash.domain.setup import Setup
from opsdash.domain.shift import Shift
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.on_call import day_clock


def changed_lines(
    before: Sequence[Shift],
    after: Sequence[Shift],
    start: datetime,
    end: datetime,
    setup: Setup,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return what a change of a schedule from `start` to `end` comes to, a line for each time that
    reads otherwise; one that is left without anybody is loud.
    """
    bounds = (at for shift in (*before, *after) for at in (shift.start, shift.end))
    edges = sorted({start, end, *(at for at in bounds if start < at < end)})
    found: list[tuple[datetime, datetime, str, str]] = []
    for begin, finish in pairwise(edges):
        was, comes = _names_at(before, begin, setup), _names_at(after, begin, setup)
        if was == comes:
            continue
        if found and found[-1][1:] == (begin, was, comes):
            found[-1] = (found[-1][0], finish, was, comes)
        else:
            found.append((begin, finish, was, comes))
    lines = []
    for begin, finish, was, comes in found:
        times = f"{day_clock(moment, begin)} to {day_clock(moment, finish)}  "
        style = "ok bold" if comes else "crit reverse bold"
        arrow = (f" {glyphs.arrow} ", "muted")
        new = (comes or "NOBODY", style)
        lines.append(line((times, "muted"), (was or "nobody", ""), arrow, new))
    return lines


def _names_at(found: Sequence[Shift], at: datetime, setup: Setup) -> str:
    return ", ".join(person_name(setup, shift.person) for shift in found if shift.covers(at))
