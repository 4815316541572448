"""All that is known of an alert: the body of its detail screen."""

from collections.abc import Sequence
from datetime import timedelta

from opsdash.domain.alert import Alert
from opsdash.domain.freshness import Freshness
from opsdash.domain.indicator import Indicator
from opsdash.domain.sample import Point
from opsdash.domain.source import SourceView
from opsdash.snapshot import Snapshot
from opsdash.ui.chart import DAY, HOUR, chart
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_words import summary
from opsdash.ui.panes.alerts import level_cell, next_cell, owner_cell, state_cell
from opsdash.ui.panes.deployments import every_deployment
from opsdash.ui.panes.episode import episode_lines
from opsdash.ui.panes.facts import field_lines, pair_lines, section, wrapped
from opsdash.ui.panes.suggestion import suggestion
from opsdash.ui.panes.timeline import entries_of, timeline_lines
from opsdash.ui.panes.upcoming import clock_words
from opsdash.ui.ports import Detail

_HOUR_SHOWS = timedelta(minutes=50)
"""How long ago a condition may have begun for the last hour's chart to show it begin."""


def alert_page(
    alert: Alert,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return all that is known of an alert, in as many lines as it takes."""
    started = alert.fired_at or alert.active_at
    lines = [
        line(state_cell(alert, False, glyphs), "  ", (alert.name, "bold")),
        *(line(piece) for piece in wrapped(summary(alert), width)),
        EMPTY,
        *field_lines("owner", owner_cell(alert, snapshot, False, moment, glyphs), width),
        *field_lines("level", level_cell(alert, snapshot) or "none reached yet", width),
        *field_lines(
            "next", next_cell(alert, snapshot, False, moment, glyphs) or glyphs.dash, width
        ),
        *_climbing(alert, snapshot, width, moment),
        *field_lines("condition", f"since {moment.date_clock(alert.active_at)}", width),
        *field_lines(
            "firing", firing_words(alert, moment) if alert.fired_at else glyphs.dash, width
        ),
        *field_lines("incident", alert.incident or glyphs.dash, width),
        *field_lines("value", glyphs.dash if alert.value is None else f"{alert.value:,.6g}", width),
        *field_lines("seen in", seen_words(alert, snapshot, moment) or glyphs.dash, width),
        *episode_lines(alert, detail, snapshot, width, moment),
        *field_lines("id", alert.id, width),
    ]
    if alert.acknowledgement is not None and alert.acknowledgement.comment:
        lines += field_lines("comment", alert.acknowledgement.comment, width)
    lines += _links(alert, snapshot, width)
    if detail is not None and detail.indicator is not None and detail.hour:
        title, points, span = explaining(alert, detail, detail.indicator, moment)
        lines += section(title)
        lines += chart(points, min(width, 120), 9, detail.indicator, moment, glyphs, span)
    lines += section("timeline")
    entries = entries_of(alert, detail)
    lines += timeline_lines(entries, width, len(entries or ()) + 1, moment, glyphs)
    lines += every_deployment(alert, detail, width, moment, glyphs)
    lines += pair_lines("labels", alert.labels, width)
    lines += pair_lines("annotations", alert.annotations, width)
    if detail is not None and detail.earlier:
        lines += section("earlier occurrences")
        lines += [_earlier(other, moment, glyphs) for other in detail.earlier]
    lines += [EMPTY, line((f"first seen {moment.date_clock(started)}", "muted"))]
    return lines


def _climbing(alert: Alert, snapshot: Snapshot, width: int, moment: Moment) -> list[Line]:
    """Return the clock of a page, why the alert was put off, and which policy it follows."""
    climb = snapshot.roster.climbs.get(alert.id)
    clock = clock_words(alert, snapshot, moment)
    lines = field_lines("acknowledge", clock, width) if clock else []
    advice = suggestion(alert, snapshot, moment)
    if advice:
        lines += field_lines("suggested", line((advice, "warn bold")), width)
    if climb is None:
        return lines
    if climb.snooze is not None:
        put_off = f"until {moment.date_clock(climb.snooze.until)} by {climb.snooze.by}"
        lines += field_lines("snoozed", f"{put_off}: {climb.snooze.reason}", width)
    followed = f"{climb.policy.id} v{climb.version}"
    if alert.open and climb.policy != snapshot.setup.policy_for(alert.labels):
        followed += ", as it was when this was paged; it has been edited since"
    return lines + field_lines("policy", followed, width)


def explaining(
    alert: Alert, detail: Detail, indicator: Indicator, moment: Moment
) -> tuple[str, Sequence[Point], timedelta]:
    """Return what to chart of the figure behind an alert: a heading, its points, over how long.

    It is the last hour, or the last day where the hour would not show how the condition began.
    """
    if detail.day and moment.now - alert.active_at > _HOUR_SHOWS:
        return f"{indicator.title}, last day", detail.day, DAY
    return f"{indicator.title}, last hour", detail.hour, HOUR


def firing_words(alert: Alert, moment: Moment) -> str:
    """Return from when to when an alert fired, or for how long it does."""
    started = alert.fired_at or alert.active_at
    if alert.resolved_at is not None:
        by = f", resolved by source {', '.join(alert.sources)}" if alert.sources else ""
        return f"{moment.date_clock(started)} to {moment.date_clock(alert.resolved_at)}{by}"
    return f"since {moment.date_clock(started)}, {moment.age(started)}"


def seen_words(alert: Alert, snapshot: Snapshot, moment: Moment) -> str:
    """Return which sources show an alert, those that answer no more with how long they do not."""
    known = {source.id: source for source in snapshot.sources}
    return ", ".join(_seen_in(id, known.get(id), alert, moment) for id in alert.sources)


def _seen_in(id: str, source: SourceView | None, alert: Alert, moment: Moment) -> str:
    last = source.last_success if source is not None and alert.open else None
    if source is None or last is None:
        return id
    if moment.freshness_of(last, source.interval) is Freshness.LIVE:
        return id
    return f"{id} (not heard for {moment.age(last)})"


def _links(alert: Alert, snapshot: Snapshot, width: int) -> list[Line]:
    found = [("runbook", runbook_of(alert, snapshot)), ("source", alert.generator_url)]
    found += [
        (name, value)
        for name, value in alert.annotations.items()
        if name.endswith("url") and name != "runbook_url"
    ]
    return [one for name, url in found if url for one in field_lines(name, url, width)]


def runbook_of(alert: Alert, snapshot: Snapshot) -> str:
    """Return where an alert's runbook is: its own annotation, else the configured place."""
    own = alert.annotations.get("runbook_url") or alert.annotations.get("runbook")
    if own:
        return own
    return snapshot.setup.runbook.replace("{alertname}", alert.name)


def _earlier(alert: Alert, moment: Moment, glyphs: Glyphs) -> Line:
    started = alert.fired_at or alert.active_at
    ended = moment.date_clock(alert.resolved_at) if alert.resolved_at else glyphs.ellipsis
    taken = f"  {alert.acknowledgement.by}" if alert.acknowledgement else ""
    return line((f"{moment.date_clock(started)} {glyphs.dash} {ended}", ""), (taken, "muted"))
