"""Alert rules in rows: how each stands, its figure against its threshold, and what keeps it from judging."""

from datetime import timedelta

from opsdash.domain.duration import format_duration
from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import field_lines
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row

RULE_COLUMNS = (
    Column("state", "STATE", 10, keep=9),
    Column("name", "RULE", 30, least=18, flex=2, most=44, keep=10),
    Column("value", "VALUE", 10, least=9, keep=8, align="right"),
    Column("threshold", "THRESHOLD", 14, least=9, flex=1, most=28, keep=7),
    Column("alerts", "ALERTS", 12, least=9, keep=6),
    Column("evaluated", "EVALUATED", 9, keep=5, align="right"),
    Column("took", "TOOK", 7, keep=2, align="right"),
    Column("error", "ERROR", 20, least=14, flex=3, keep=4),
    Column("severity", "SEVERITY", 8, keep=1),
    Column("where", "GROUP", 20, least=12, flex=1, most=30, keep=3),
    Column("source", "BY", 12, least=8, keep=2),
)
"""The columns of the list; narrow screens drop those of the lowest `keep`."""

_LOOKS = {
    RuleState.ERROR: ("crit", "crit bold"),
    RuleState.FIRING: ("crit", "crit bold"),
    RuleState.NO_DATA: ("unknown", "unknown bold"),
    RuleState.PENDING: ("pending", "accent"),
    RuleState.WAITING: ("unknown", "muted"),
    RuleState.INACTIVE: ("ok", "ok"),
}
_LATE = 3
"""Intervals after which an evaluation that has not come is late."""

_MIRRORED = timedelta(minutes=1)
"""How old what is known of another's evaluations may be besides: the engine writes it so often."""


def rule_row(view: RuleView, moment: Moment, glyphs: Glyphs) -> Row:
    """Return the row of a rule, one cell a column."""
    sign, style = _LOOKS[view.state]
    quiet = view.state in (RuleState.INACTIVE, RuleState.WAITING)
    cells = (
        line((f"{getattr(glyphs, sign)} {view.state}", style)),
        line((view.name, "" if quiet else "bold")),
        line(view.figure),
        line((view.threshold, "muted")),
        _alerts(view, glyphs),
        _evaluated(view, moment),
        line((_took(view.duration) or glyphs.dash, "muted")),
        line((view.error or "", "warn")),
        line((view.severity, "muted")),
        line((view.group, "muted")),
        line((view.source or "opsdash", "muted")),
    )
    return Row(view.id, cells)


def _alerts(view: RuleView, glyphs: Glyphs) -> Line:
    parts = []
    if view.firing:
        parts.append((f"{view.firing} firing", "crit"))
    if view.pending:
        parts.append((f"{view.pending} pending", "accent"))
    if not parts:
        return line((glyphs.dash, "muted"))
    return line(parts[0]) if len(parts) == 1 else line((f"{view.firing}+{view.pending}", "crit"))


def _evaluated(view: RuleView, moment: Moment) -> Line:
    if view.evaluated_at is None:
        return line(("never", "muted"))
    late = view.interval * _LATE if view.interval else timedelta.max
    known = _MIRRORED if view.source else timedelta()
    old = moment.now - view.evaluated_at - known > late
    return line((f"{moment.age(view.evaluated_at)} ago", "warn bold" if old else "muted"))


def _took(length: timedelta | None) -> str:
    if length is None:
        return ""
    seconds = length.total_seconds()
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.0f} s"


def rule_about(view: RuleView, width: int, moment: Moment) -> list[Line]:
    """Return everything about one rule."""
    place = f"{view.file}:{view.line}" if view.line else str(view.file)
    since = f", since {moment.date_clock(view.error_since)}" if view.error_since else ""
    last = moment.date_clock(view.evaluated_at) if view.evaluated_at else "never"
    took = _took(view.duration)
    every = format_duration(view.interval) if view.interval else "unknown"
    missed = f", {view.missed} missed" if view.missed else ""
    fields = [
        ("error", f"{view.error}{since}" if view.error else ""),
        ("expression", str(view.expr)),
        ("value", f"{view.figure}  {view.threshold}"),
        ("for", format_duration(view.hold)),
        ("alerts", f"{view.firing} firing, {view.pending} pending"),
        ("evaluated", f"{last}, every {every}{f', took {took}' if took else ''}{missed}"),
        ("severity", str(view.severity)),
        ("in", f"{view.group}, {place}" if place else str(view.group)),
        ("by", str(view.source or "opsdash")),
    ]
    head = line((view.name, "bold"))
    return [
        head,
        *(one for name, value in fields if value for one in field_lines(name, value, width)),
    ]


def rules_summary(snapshot: Snapshot) -> str:
    """Return how the rules stand together."""
    counts = {state: sum(v.state is state for v in snapshot.rules) for state in _LOOKS}
    told = [f"{count} {state}" for state, count in counts.items() if count]
    return ", ".join(told) or "no rules"


def no_rules() -> Line:
    """Say that there are no rules, and where they would come from."""
    return line(("no alert rules: ", "muted"), ("rule_files", "bold"), (" names none", "muted"))
