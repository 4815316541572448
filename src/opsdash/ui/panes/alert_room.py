"""The room beneath the list: the alert under the cursor, its chart, timeline and labels."""

from collections.abc import Sequence
from dataclasses import replace

from opsdash.domain.alert import Alert
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.snapshot import Snapshot
from opsdash.ui.chart import chart
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, beside, crop, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import explaining, firing_words, runbook_of
from opsdash.ui.panes.alert_words import summary, why
from opsdash.ui.panes.deployments import deployment_lines
from opsdash.ui.panes.facts import cut_line, field_lines, labels_line, wrapped
from opsdash.ui.panes.suggestion import suggestion
from opsdash.ui.panes.timeline import entries_of, timeline_lines
from opsdash.ui.ports import Detail


def alert_area(
    alert: Alert,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    height: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return the room beneath the list: the alert's words and chart, its timeline, its labels."""
    entries = _beside_summary(alert, detail)
    foot = labels_line(alert.labels, width, glyphs)
    room = height - 2
    if width < 100 or room < 4:
        changed = deployment_lines(alert, detail, width, 1 if room > 4 else 0, moment, glyphs)
        timeline = timeline_lines(entries, width, max(0, room - len(changed)), moment, glyphs)
        head = line((alert.name, "bold"), "  ", summary(alert))
        body = [crop(head, width), *_late(alert, snapshot, moment), *timeline, *changed]
    else:
        left = max(40, width // 2 - 1)
        body = beside(
            [
                _column(_left(alert, detail, snapshot, left, room, moment, glyphs), left, room),
                [line("  ")] * room,
                _column(
                    _right(alert, detail, width - left - 2, room, moment, glyphs),
                    width - left - 2,
                    room,
                ),
            ]
        )
    body = [crop(one, width) for one in body[: height - 1]]
    body += [crop(EMPTY, width)] * (height - 1 - len(body))
    return [*body, crop(foot, width)][:height]


def _beside_summary(alert: Alert, detail: Detail | None) -> Sequence[Entry] | None:
    """The timeline without the summary at an entry's end: it stands above, and would be cut here."""
    entries, said = entries_of(alert, detail), f": {summary(alert)}"
    if entries is None:
        return None
    return [
        replace(entry, text=SafeText(entry.text.removesuffix(said)))
        if entry.kind is EntryKind.FIRING and entry.text.endswith(said)
        else entry
        for entry in entries
    ]


def _column(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    shown = [crop(one, width) for one in lines[:height]]
    return shown + [crop(EMPTY, width)] * (height - len(shown))


def _left(
    alert: Alert,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    room: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    drawn = [cut_line(line((alert.name, "bold"), "  ", summary(alert)), width, glyphs)]
    drawn += _late(alert, snapshot, moment)
    if why(alert) != summary(alert):
        drawn += [line((piece, "muted")) for piece in wrapped(why(alert), width)[:2]]
    if detail is not None and detail.indicator is not None and detail.hour:
        title, points, span = explaining(alert, detail, detail.indicator, moment)
        height = min(room - len(drawn) - 2, 16)
        bars = chart(points, width, height, detail.indicator, moment, glyphs, span)
        return [*drawn, EMPTY, line((title, "muted")), *bars] if bars else drawn
    fields = [
        ("condition", f"since {moment.date_clock(alert.active_at)}"),
        ("firing", firing_words(alert, moment) if alert.fired_at else ""),
        ("seen in", ", ".join(alert.sources)),
        ("runbook", runbook_of(alert, snapshot)),
        ("before", _before(detail, moment)),
    ]
    facts = [one for name, value in fields if value for one in field_lines(name, value, width)]
    return [*drawn, EMPTY, *facts]


def _late(alert: Alert, snapshot: Snapshot, moment: Moment) -> list[Line]:
    """What a page that nobody took in time suggests."""
    advice = suggestion(alert, snapshot, moment)
    return [line((f"late: {advice}", "warn bold"))] if advice else []


def _before(detail: Detail | None, moment: Moment) -> str:
    """How often the same alert fired before, and when last."""
    if detail is None or not detail.earlier:
        return ""
    last = detail.earlier[0]
    times = "once" if len(detail.earlier) == 1 else f"{len(detail.earlier)} times"
    return f"fired {times}, last {moment.date_clock(last.fired_at or last.active_at)}"


def _right(
    alert: Alert, detail: Detail | None, width: int, room: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    changed = deployment_lines(alert, detail, width, (room - 2) // 4, moment, glyphs)
    if changed:
        changed = [EMPTY, line(("deployments", "muted")), *changed]
    entries = _beside_summary(alert, detail)
    timeline = timeline_lines(entries, width, room - 1 - len(changed), moment, glyphs)
    return [line(("timeline", "muted")), *timeline, *changed]
