"""A rehearsal in lines: who would be paged when, through what, were an alert to fire at a time."""

from collections.abc import Sequence
from datetime import datetime

from opsdash.domain.rehearsal import Rung
from opsdash.domain.span import format_span
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line, pad
from opsdash.ui.moment import Moment


def rung_lines(rungs: Sequence[Rung], at: datetime, moment: Moment, glyphs: Glyphs) -> list[Line]:
    """Return a line for each page, and beneath it what a person should know of it."""
    lines: list[Line] = []
    for rung in rungs:
        lines.append(_rung(rung, at, moment, glyphs))
        lines += [line((f"{'':<27}{remark}", "warn")) for remark in rung.remarks]
    return lines


def _rung(rung: Rung, at: datetime, moment: Moment, glyphs: Glyphs) -> Line:
    stamp = rung.at.astimezone(moment.zone).strftime("%a %H:%M")
    after = format_span(rung.at - at) if rung.at > at else "at once"
    head = ((f"{stamp}  ", "muted"), (f"{after:>8}  ", "accent"))
    if not rung.level:
        words = f"{glyphs.crit} EXHAUSTED: nobody is left to page"
        return line(*head, (words, "crit reverse bold"))
    who = ", ".join(rung.who) or "NOBODY"
    through = ", ".join(
        dict.fromkeys(
            f"{d.notifier} after {format_span(d.after)}" if d.after else d.notifier
            for d in rung.through
        )
    )
    return line(
        *head,
        (f"{rung.level} {pad(rung.name, 18)} ", ""),
        (who, "bold" if rung.who else "crit bold"),
        (f"  through {through}" if through else "", "muted"),
    )
