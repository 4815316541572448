"""Schedules in rows and as a calendar: who is on call, until when, who is next, and when nobody is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from opsdash.domain.coverage import LOOKED_AHEAD, Gap
from opsdash.domain.duration import format_duration
from opsdash.domain.duty import OnCallView
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.reach import names_reached, person_name
from opsdash.domain.schedule import Schedule, shifts
from opsdash.domain.setup import Setup
from opsdash.domain.shift import Shift
from opsdash.domain.span import format_span
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line, pad
from opsdash.ui.moment import Moment
from opsdash.ui.panes.calendar import calendar_lines
from opsdash.ui.panes.facts import field_lines, section
from opsdash.ui.panes.maintenance import maintained
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row

ON_CALL_COLUMNS = (
    Column("what", "SCHEDULE", 18, least=14, flex=1, most=28, keep=9),
    Column("now", "NOW", 22, least=14, flex=2, most=40, keep=10),
    Column("until", "UNTIL", 17, least=15, keep=8),
    Column("next", "NEXT", 26, least=18, flex=2, most=40, keep=6),
    Column("gaps", "GAPS", 26, least=8, flex=2, keep=7),
    Column("zone", "ZONE", 18, least=14, keep=1),
)
"""The columns of the list; an override or a maintenance window says its reason under GAPS."""

_SHIFTS = 14
"""Shifts that are listed beneath the calendar."""


def schedule_row(view: OnCallView, moment: Moment, glyphs: Glyphs) -> Row:
    """Return the row of a schedule, one cell a column."""
    until = min((shift.end for shift in view.now), default=None)
    if view.now:
        now = line((", ".join(view.names), "bold"))
        if any(shift.override is not None for shift in view.now):
            now = line(now, (" override", "accent"))
    else:
        now = line((f"{glyphs.crit} NOBODY", "crit reverse bold"))
    following = EMPTY
    if view.next is not None:
        following = line(view.next_name, (f" from {day_clock(moment, view.next.start)}", "muted"))
    if until is not None:
        moment.expect(until)
    ends = line(day_clock(moment, until), (f" {moment.left(until)}", "muted")) if until else EMPTY
    cells = (
        line((view.schedule, "bold")),
        now,
        ends,
        following,
        gap_cell(view.gaps, moment, glyphs, view.known_until),
        line((view.timezone, "muted")),
    )
    return Row(f"schedule/{view.schedule}", cells)


def gap_cell(
    gaps: Sequence[Gap], moment: Moment, glyphs: Glyphs, known_until: datetime | None = None
) -> Line:
    """Return how many gaps are ahead and when the next is, loudly; or until when shifts are known."""
    if not gaps and known_until is not None and known_until <= moment.now + LOOKED_AHEAD:
        moment.expect(known_until)
        over = known_until <= moment.now
        style = "crit bold" if over else "unknown bold"
        words = f"{glyphs.unknown} not known after {day_clock(moment, known_until)}"
        return line((words, style))
    if not gaps:
        return line((f"{glyphs.ok} none", "ok"))
    first, count = gaps[0], "1 gap" if len(gaps) == 1 else f"{len(gaps)} gaps"
    when = "now" if first.start <= moment.now else day_clock(moment, first.start)
    words = f"{glyphs.crit} {count}, {when} for {format_span(first.length)}"
    return line((words, "crit bold"))


def override_row(override: Override, setup: Setup, moment: Moment, glyphs: Glyphs) -> Row:
    """Return the row of an override beneath its schedule."""
    moment.expect(override.start)
    moment.expect(override.end)
    begun = override.start <= moment.now
    cells = (
        line((f"  override {override.id}", "accent")),
        line(override_words(override, setup)),
        line(day_clock(moment, override.end), (f" {moment.left(override.end)}", "muted")),
        line((f"{'since' if begun else 'from'} {day_clock(moment, override.start)}", "muted")),
        line((said(override.reason, override.by, glyphs), "muted")),
        EMPTY,
    )
    return Row(f"override/{override.id}", cells)


def override_words(override: Override, setup: Setup) -> str:
    """Say what an override does in a few words: `Sarah for John`, `Sarah beside`, `John off`."""
    who, off = person_name(setup, override.person), person_name(setup, override.replaces)
    if override.kind is OverrideKind.ADD:
        return f"{who} beside the others"
    if override.kind is OverrideKind.REMOVE:
        return f"{off} off call"
    if override.kind is OverrideKind.TEMPORARY:
        return f"{who} alone"
    return f"{who} for {off or 'whoever is'}"


def said(reason: str, by: str, glyphs: Glyphs) -> str:
    """Return why and by whom something was done."""
    quoted = f"{glyphs.quotes[0]}{reason}{glyphs.quotes[1]}" if reason else "no reason given"
    return f"{quoted} by {by or 'nobody named'}"


def maintenance_row(window: Maintenance, holds: int, moment: Moment, glyphs: Glyphs) -> Row:
    """Return the row of a maintenance window; `holds` is how many alerts it keeps from paging now."""
    moment.expect(window.start)
    moment.expect(window.until)
    begun = window.start <= moment.now
    count = f", holds {holds}" if holds else ""
    cells = (
        line((f"maintenance {window.id}", "warn bold" if begun else "warn")),
        line((maintained(window), "bold"), (count, "warn")),
        line(day_clock(moment, window.until), (f" {moment.left(window.until)}", "muted")),
        line((f"{'since' if begun else 'from'} {day_clock(moment, window.start)}", "muted")),
        line((said(window.reason, window.by, glyphs), "muted")),
        EMPTY,
    )
    return Row(f"maintenance/{window.id}", cells)


def schedule_about(
    schedule: Schedule, view: OnCallView, setup: Setup, width: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return everything about a schedule: calendar, gaps, the shifts ahead, whom each level reaches."""
    lines = calendar_lines(view, width, moment, glyphs)
    for gap in view.gaps[:4]:
        words = f"{glyphs.crit} NOBODY is on call {gap_words(gap, moment)}"
        lines.append(line((words, "crit bold")))
    if len(view.gaps) > 4:
        lines.append(line((f"  and {len(view.gaps) - 4} more gaps", "crit")))
    if view.known_until is not None:
        until = day_clock(moment, view.known_until)
        words = f"its shifts are known until {until}; nothing is known of what comes after"
        lines.append(line((words, "muted")))
    lines += section(f"shifts ahead, in {zone_name(moment)}")
    ahead = shifts(schedule, moment.now, moment.now + timedelta(days=14))
    lines += [_shift_line(shift, setup, moment) for shift in ahead[:_SHIFTS]]
    return [*lines, *level_lines(setup, moment)]


def gap_words(gap: Gap, moment: Moment) -> str:
    """Say when nobody is on call, in the viewer's zone."""
    start = day_clock(moment, gap.start)
    return f"{start} to {day_clock(moment, gap.end)} ({format_span(gap.length)})"


def _shift_line(shift: Shift, setup: Setup, moment: Moment) -> Line:
    local = shift.start.astimezone(moment.zone).strftime("%a %d %b %H:%M")
    how = f"override {shift.override}" if shift.override is not None else ""
    beside = ", beside" if shift.beside else ""
    return line(
        (f"  {local}  ", "muted"),
        (pad(person_name(setup, shift.person), 16), "bold"),
        (f" until {day_clock(moment, shift.end)}  {format_span(shift.end - shift.start)}", "muted"),
        (f"  {how}{beside}", "accent"),
    )


def day_clock(moment: Moment, at: datetime) -> str:
    """Return a time of day in the viewer's zone, with its weekday, and its date where it is far."""
    local, today = at.astimezone(moment.zone), moment.now.astimezone(moment.zone)
    near = abs(local.date() - today.date()) < timedelta(days=7)
    return moment.date_clock(at) if near else local.strftime("%a %d %b %H:%M")


def zone_name(moment: Moment) -> str:
    """Return how the viewer's zone is called now."""
    return moment.now.astimezone(moment.zone).strftime("%Z")


def level_lines(setup: Setup, moment: Moment) -> list[Line]:
    """Return each policy's levels: whom they reach now, and after how long."""
    lines: list[Line] = []
    for policy in setup.policies:
        lines += section(f"escalation policy {policy.id}")
        for number, level in enumerate(policy.levels, 1):
            reached = names_reached(setup, level, moment.now)
            due = f"due after {format_duration(level.after)}" if level.after else "at once"
            only = f", {' and '.join(level.severity)} only" if level.severity else ""
            whom = f" ({reached})" if reached else ""
            lines.append(line(f"  {number} {level.name}{whom}", (f"  {due}{only}", "muted")))
        again = f"begins anew {policy.repeats} times, " if policy.repeats else ""
        lines.append(line((f"  {again}then nobody is left: EXHAUSTED", "muted")))
    return lines


def override_about(
    override: Override, setup: Setup, width: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return everything about an override."""
    made = day_clock(moment, override.made_at) if override.made_at else glyphs.dash
    fields = [
        ("what", override_words(override, setup)),
        ("schedule", override.schedule),
        ("from", day_clock(moment, override.start)),
        ("until", day_clock(moment, override.end)),
        ("why", str(override.reason)),
        ("made", f"{made} by {override.by}"),
    ]
    return [one for name, value in fields for one in field_lines(name, value, width)]


def maintenance_about(
    window: Maintenance, held: Sequence[str], width: int, moment: Moment
) -> list[Line]:
    """Return everything about a maintenance window, and the alerts that it keeps from paging."""
    fields = [
        ("what", maintained(window)),
        ("from", day_clock(moment, window.start)),
        ("until", f"{day_clock(moment, window.until)}, by itself"),
        ("why", f"{window.reason} by {window.by}"),
        ("holds", ", ".join(held) or "no alert now"),
    ]
    return [one for name, value in fields for one in field_lines(name, value, width)]


def gaps_summary(views: Mapping[str, OnCallView]) -> str:
    """Return what the border says of all schedules together."""
    count = sum(len(view.gaps) for view in views.values())
    if not views:
        return "no schedule"
    return f"{count} gaps ahead" if count > 1 else "1 gap ahead" if count else "no gap ahead"
