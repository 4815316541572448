"""The days of a schedule as bars: a line a person, and one for nobody."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from opsdash.domain.duty import Day, OnCallView
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, crop, line
from opsdash.ui.moment import Moment
from opsdash.ui.widgets.spans import fit_line


def calendar_lines(view: OnCallView, width: int, moment: Moment, glyphs: Glyphs) -> list[Line]:
    """Return the days as bars, a line a person and one for nobody, in the viewer's zone."""
    people = {cell.person: str(cell.name) for day in view.days for cell in day.cells}
    label = min(14, max([len(name) for name in people.values()] + [6]) + 1)
    room = (width - label) // max(1, len(view.days))
    if room < 1:
        return []
    room = min(room, 10)
    spans = [_day_span(day, moment) for day in view.days]
    rows: list[tuple[str | None, Line]] = [(id, line(name)) for id, name in people.items()]
    if any(day.gaps for day in view.days):
        rows.append((None, line(("NOBODY", "crit bold"))))
    lines = [_heading(view.days, label, room, moment)]
    for person, name_line in rows:
        head = fit_line(name_line, label - 1, ellipsis=glyphs.ellipsis)
        days = zip(view.days, spans, strict=True)
        bars = [_bar(day, person, *span, room, glyphs) for day, span in days]
        lines.append(line(head, " ", *(cell for bar in bars for cell in bar)))
    start, end = spans[0]
    at = label + int(room * ((moment.now - start) / (end - start)))
    moment.expect(moment.now + (end - start) / room)
    return [crop(one, width) for one in (*lines, line(" " * at, (f"{glyphs.up} now", "muted")))]


def _day_span(day: Day, moment: Moment) -> tuple[datetime, datetime]:
    first, after = day.date, day.date + timedelta(days=1)
    zone = moment.zone
    start = datetime.combine(first, time(), tzinfo=zone).astimezone(UTC)
    return start, datetime.combine(after, time(), tzinfo=zone).astimezone(UTC)


def _heading(days: Sequence[Day], label: int, room: int, moment: Moment) -> Line:
    today = moment.now.astimezone(moment.zone).date()
    form = "%a %d" if room >= 7 else "%d" if room >= 3 else "%a"
    short = room if room >= 3 else 1
    names = [(f"{day.date.strftime(form)[:short]:<{room}}", day) for day in days]
    styled = [
        (text, "bold" if day.date == today else "warn" if day.date.weekday() >= 5 else "muted")
        for text, day in names
    ]
    return line((" " * label, ""), *styled)


def _bar(
    day: Day, person: str | None, start: datetime, end: datetime, room: int, glyphs: Glyphs
) -> list[tuple[str, str]]:
    """Return one day of one person, or of nobody for None, in `room` cells."""
    cells = []
    for place in range(room):
        at = start + (end - start) * ((place + 0.5) / room)
        if person is None:
            gap = any(g.start <= at < g.end for g in day.gaps)
            cells.append((glyphs.crit if gap else glyphs.dot, "crit bold" if gap else "border"))
            continue
        found = [c for c in day.cells if c.person == person and c.start <= at < c.end]
        if not found:
            cells.append((glyphs.dot, "border"))
        elif all(c.overridden for c in found):
            cells.append((glyphs.spark[4], "accent bold"))
        else:
            cells.append((glyphs.spark[-1], "accent"))
    return cells
