"""Silences in rows and words: what they hide, until when, by whom and why."""

from collections.abc import Iterable, Mapping, Sequence

from opsdash.domain.alert import Alert, AlertState
from opsdash.domain.silence import Matcher, Silence, SilenceState, matches
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_words import where
from opsdash.ui.panes.alerts import state_cell
from opsdash.ui.panes.facts import cut_line, field_lines
from opsdash.ui.panes.timeline import timeline_lines
from opsdash.ui.ports import Detail
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row

SILENCE_COLUMNS = (
    Column("state", "STATE", 9, keep=7),
    Column("left", "ENDS IN", 8, keep=9, align="right"),
    Column("hides", "HIDES", 5, keep=8, align="right"),
    Column("author", "BY", 12, least=8, keep=5),
    Column("matchers", "WHAT", 30, least=24, flex=3, keep=9),
    Column("comment", "WHY", 24, least=12, flex=2, keep=4),
    Column("place", "WHERE", 22, least=12, keep=2),
    Column("id", "ID", 8, keep=1),
)
"""The columns of the list; narrow screens drop those of the lowest `keep`."""

_NAMED = 6


def silence_counts(silences: Iterable[Silence], alerts: Sequence[Alert]) -> Mapping[str, int]:
    """Return how many open alerts each silence matches, by its id."""
    open_ones = [alert for alert in alerts if alert.open]
    return {s.id: sum(matches(s.matchers, a.labels) for a in open_ones) for s in silences}


def silence_order(silence: Silence, moment: Moment) -> tuple[bool, float, str]:
    """Return the sort key: those in force first, then what ended, each by its end."""
    over = silence.state(moment.now) is SilenceState.EXPIRED
    at = silence.until.timestamp()
    return over, -at if over else at, silence.id


def silence_row(
    silence: Silence, hides: int, snapshot: Snapshot, moment: Moment, glyphs: Glyphs
) -> Row:
    """Return the row of a silence, one cell a column."""
    state = silence.state(moment.now)
    moment.expect(silence.until)
    moment.expect(silence.starts_at)
    over = state is SilenceState.EXPIRED
    style = "muted" if over else ""
    soon = not over and (silence.until - moment.now).total_seconds() < 600
    left = "ended" if over else moment.left(silence.until)
    cells = (
        line(
            (f"{glyphs.silenced} " if not over else f"{glyphs.resolved} ", "muted"), (state, style)
        ),
        line((left, "warn bold" if soon else style)),
        line((str(hides) if not over else glyphs.dash, "bold" if hides and not over else "muted")),
        line((silence.author or glyphs.dash, style)),
        line((silence.text, style or "bold")),
        line((silence.comment, style)),
        _place(silence, snapshot, over),
        line((silence.id[:8], "muted")),
    )
    return Row(silence.id, cells)


def _place(silence: Silence, snapshot: Snapshot, over: bool) -> Line:
    """Where a silence counts, and that Alertmanager has yet to hear of it."""
    if not silence.own:
        return line(("made in Alertmanager", "muted"))
    if not has_alertmanager(snapshot):
        return line(("opsdash", "muted"))
    if silence.error is not None:
        return line(("NOT in Alertmanager", "warn bold"))
    if silence.synced < silence.revision:
        return line(("on its way", "muted" if over else "warn"))
    return line(("opsdash, Alertmanager", "muted"))


def has_alertmanager(snapshot: Snapshot) -> bool:
    """Whether silences go to an Alertmanager as well."""
    return any(source.kind == "alertmanager" for source in snapshot.sources)


def silence_about(
    silence: Silence,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return everything about one silence: what it hides, why, since when, and its own timeline."""
    hit = [a for a in snapshot.alerts if a.open and matches(silence.matchers, a.labels)]
    ended = f" by {silence.ended_by}" if silence.ended_by else ""
    over = silence.state(moment.now) is SilenceState.EXPIRED
    fields = [
        ("what", silence.text),
        ("why", f"{silence.comment or 'no reason given'}, {silence.author or 'nobody named'}"),
        ("since", moment.date_clock(silence.starts_at)),
        ("ended" if over else "until", f"{moment.date_clock(silence.until)}{ended}"),
        ("error", str(silence.error or "")),
        ("there", silence.remote or ""),
    ]
    lines = [one for name, value in fields if value for one in field_lines(name, value, width)]
    lines.append(line((f"{'matched' if over else 'hides'} {_counted(len(hit))}", "bold")))
    lines += alert_names(hit, width, glyphs)
    if detail is not None and detail.id == silence.id and detail.entries:
        lines += [EMPTY, *timeline_lines(detail.entries, width, 50, moment, glyphs)]
    return lines


def alert_names(alerts: Sequence[Alert], width: int, glyphs: Glyphs) -> list[Line]:
    """Return the first few of some alerts, a line each with its state and place."""
    lines = [
        cut_line(
            line(
                "  ",
                state_cell(a, False, glyphs),
                "  ",
                (a.name, ""),
                (f"  {where(a.labels)}", "muted"),
            ),
            width,
            glyphs,
        )
        for a in alerts[:_NAMED]
    ]
    if len(alerts) > _NAMED:
        lines.append(line((f"  and {len(alerts) - _NAMED} more", "muted")))
    return lines


def preview(
    matchers: Sequence[Matcher], alerts: Sequence[Alert], chosen: Sequence[str] = ()
) -> tuple[list[Alert], list[Alert]]:
    """Return the open alerts that matchers match, and those that stay; of these what was chosen first."""
    hit: list[Alert] = []
    missed: list[Alert] = []
    for alert in alerts:
        if alert.open:
            (hit if matches(matchers, alert.labels) else missed).append(alert)
    picked = set(chosen)
    missed.sort(key=lambda a: (a.id not in picked, a.state is not AlertState.FIRING))
    return hit, missed


def _counted(count: int) -> str:
    if not count:
        return "no open alert now"
    return "1 open alert" if count == 1 else f"{count} open alerts"
