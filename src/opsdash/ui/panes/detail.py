"""What is known of one thing: the room beneath the list, and the body of the detail screen."""

from collections.abc import Sequence

from opsdash.domain.alert import Alert, SafeLabels
from opsdash.domain.deployment import Deployment, brought, distance
from opsdash.domain.duration import format_duration
from opsdash.domain.incident import Incident
from opsdash.domain.indicator import Indicator, Level, Reading, Unit
from opsdash.domain.labels import Labels
from opsdash.domain.ticket import Ticket
from opsdash.domain.timeline import Entry
from opsdash.snapshot import Snapshot
from opsdash.ui.chart import HOUR, LEVEL_STYLES, chart
from opsdash.ui.format import figure, threshold, trend, windows
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, beside, crop, cut, line, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alerts import level_cell, next_cell, owner_cell, state_cell, summary, why
from opsdash.ui.panes.failures import batch_facts, earlier_batches
from opsdash.ui.panes.metrics import tile_of
from opsdash.ui.panes.upcoming import clock_words
from opsdash.ui.ports import Detail

_HIDDEN = {"alertname", "severity"}


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
    entries = entries_of(alert, detail)
    foot = labels_line(alert.labels, width, glyphs)
    room = height - 2
    if width < 100 or room < 4:
        changed = deployment_lines(alert, detail, width, 1 if room > 4 else 0, moment, glyphs)
        timeline = timeline_lines(entries, width, max(0, room - len(changed)), moment, glyphs)
        head = line((alert.name, "bold"), "  ", summary(alert))
        body = [crop(head, width), *timeline, *changed]
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
    if why(alert) != summary(alert):
        drawn += [line((piece, "muted")) for piece in wrapped(why(alert), width)[:2]]
    if detail is not None and detail.indicator is not None and detail.hour:
        title = line((f"{detail.indicator.title}, last hour", "muted"))
        height = min(room - len(drawn) - 2, 16)
        bars = chart(detail.hour, width, height, detail.indicator, moment, glyphs)
        return [*drawn, EMPTY, title, *bars] if bars else drawn
    fields = [
        ("condition", f"since {moment.date_clock(alert.active_at)}"),
        ("firing", _since(alert, moment) if alert.fired_at else ""),
        ("seen in", ", ".join(alert.sources)),
        ("runbook", runbook_of(alert, snapshot)),
        ("before", _before(detail, moment)),
    ]
    facts = [one for name, value in fields if value for one in field_lines(name, value, width)]
    return [*drawn, EMPTY, *facts]


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
    entries = entries_of(alert, detail)
    timeline = timeline_lines(entries, width, room - 1 - len(changed), moment, glyphs)
    return [line(("timeline", "muted")), *timeline, *changed]


def deployment_lines(
    alert: Alert, detail: Detail | None, width: int, room: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return the newest deployments of an alert's service in `room` lines, the newest first."""
    if detail is None or detail.id != alert.id or room <= 0:
        return []
    return [
        cut_line(_deployment(one, alert, moment), width, glyphs)
        for one in detail.deployments[:room]
    ]


def _deployment(deployment: Deployment, alert: Alert, moment: Moment) -> Line:
    by = f"by {deployment.by}, " if deployment.by else ""
    return line(
        (moment.date_clock(deployment.at), "muted"),
        (f"  {deployment.named}", ""),
        (f"  {by}{distance(deployment, alert.fired_at or alert.active_at)}", "muted"),
        brought(deployment),
    )


def _deployments(
    alert: Alert, detail: Detail | None, width: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return every deployment with what it brought, one commit a line."""
    if detail is None or detail.id != alert.id or not detail.deployments:
        return []
    lines = section("deployments")
    for one in detail.deployments:
        lines.append(cut_line(_deployment(one, alert, moment), width, glyphs))
        found = [
            line((f"  {c.id}", "muted"), f"  {c.subject}", (f"  {c.author}", "muted"))
            for c in one.commits
        ]
        more = one.commit_count - len(one.commits)
        if one.commits and more > 0:
            found.append(line((f"  and {more} more", "muted")))
        if one.note and one.subject:
            found.append(line((f"  {one.note}", "muted")))
        if one.url:
            found.append(line((f"  {one.url}", "muted")))
        lines += [cut_line(each, width, glyphs) for each in found]
    return lines


def entries_of(thing: Alert | Incident, detail: Detail | None) -> tuple[Entry, ...] | None:
    """Return the timeline of an alert or incident, None while it has not been read."""
    return detail.entries if detail is not None and detail.id == thing.id else None


def timeline_lines(
    entries: Sequence[Entry] | None, width: int, room: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return the newest entries in `room` lines, the newest last."""
    if room <= 0:
        return []
    if not entries:
        return [line(("nothing recorded yet" if entries is not None else "", "muted"))]
    return [cut_line(entry_line(entry, moment), width, glyphs) for entry in entries[-room:]]


def entry_line(entry: Entry, moment: Moment) -> Line:
    """Return a timeline entry in one line: when, what, by whom, in words."""
    local, today = entry.at.astimezone(moment.zone), moment.now.astimezone(moment.zone)
    stamp = local.strftime("%H:%M:%S" if local.date() == today.date() else "%m-%d %H:%M")
    claimed = entry.claimed.get("OPSDASH_USER") or entry.claimed.get("SUDO_USER")
    by = f"{entry.by} (says {claimed})" if claimed and claimed != entry.by else entry.by
    kind = entry.kind.value.replace("_", " ")
    return line((stamp, "muted"), (f"  {kind:<12} ", "accent"), entry.text, (f"  {by}", "muted"))


def cut_line(drawn: Line, width: int, glyphs: Glyphs) -> Line:
    """Return the line in at most `width` cells with an ellipsis where it was longer."""
    if width_of(drawn) <= width:
        return drawn
    return line(crop(drawn, width - 1), (glyphs.ellipsis, "muted"))


def labels_line(labels: SafeLabels, width: int, glyphs: Glyphs) -> Line:
    """Return the labels in one line, names muted, the two that the row shows left out."""
    drawn: Line = EMPTY
    for name, value in labels.items():
        if name not in _HIDDEN:
            gap = "   " if drawn else ""
            drawn = line(drawn, gap, (f"{name} ", "muted"), str(value))
    return cut_line(drawn, width, glyphs)


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` in lines of at most `width` cells, broken at spaces where there are any."""
    lines: list[str] = []
    rest = text
    while rest and width > 0:
        piece = cut(rest, width, "")
        if len(piece) < len(rest):
            at = piece.rfind(" ")
            if at > 0 and rest[len(piece)] != " ":
                piece = piece[:at]
        piece = piece or rest[0]
        lines.append(piece)
        rest = rest[len(piece) :].lstrip()
    return lines or [""]


def field_lines(name: str, value: str | Line, width: int) -> list[Line]:
    """Return a named fact, wrapped where it is long."""
    head = f"{name:<14} "
    if isinstance(value, tuple):
        return [line((head, "muted"), value)]
    room = max(10, width - len(head))
    return [
        line((head if i == 0 else " " * len(head), "muted"), piece)
        for i, piece in enumerate(wrapped(value, room))
    ]


def section(name: str) -> list[Line]:
    """Return a heading with a blank line before it."""
    return [EMPTY, line((name, "accent bold"))]


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
        *field_lines("firing", _since(alert, moment) if alert.fired_at else glyphs.dash, width),
        *field_lines("incident", alert.incident or glyphs.dash, width),
        *field_lines("value", glyphs.dash if alert.value is None else f"{alert.value:,.6g}", width),
        *field_lines("seen in", ", ".join(alert.sources) or glyphs.dash, width),
        *field_lines("id", alert.id, width),
    ]
    if alert.acknowledgement is not None and alert.acknowledgement.comment:
        lines += field_lines("comment", alert.acknowledgement.comment, width)
    lines += _links(alert, snapshot, width)
    if detail is not None and detail.indicator is not None and detail.hour:
        lines += section(f"{detail.indicator.title}, last hour")
        lines += chart(detail.hour, min(width, 120), 9, detail.indicator, moment, glyphs)
    lines += section("timeline")
    entries = entries_of(alert, detail)
    lines += timeline_lines(entries, width, len(entries or ()) + 1, moment, glyphs)
    lines += _deployments(alert, detail, width, moment, glyphs)
    lines += _pairs("labels", alert.labels, width)
    lines += _pairs("annotations", alert.annotations, width)
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
    if climb is None:
        return lines
    if climb.snooze is not None:
        put_off = f"until {moment.date_clock(climb.snooze.until)} by {climb.snooze.by}"
        lines += field_lines("snoozed", f"{put_off}: {climb.snooze.reason}", width)
    followed = f"{climb.policy.id} v{climb.version}"
    if alert.open and climb.policy != snapshot.setup.policy_for(alert.labels):
        followed += ", as it was when this was paged; it has been edited since"
    return lines + field_lines("policy", followed, width)


def _since(alert: Alert, moment: Moment) -> str:
    started = alert.fired_at or alert.active_at
    if alert.resolved_at is not None:
        return f"{moment.date_clock(started)} to {moment.date_clock(alert.resolved_at)}"
    return f"since {moment.date_clock(started)}, {moment.age(started)}"


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


def _pairs(name: str, pairs: SafeLabels, width: int) -> list[Line]:
    if not pairs:
        return []
    found = [one for key, value in pairs.items() for one in field_lines(key, str(value), width)]
    return [*section(name), *found]


def _earlier(alert: Alert, moment: Moment, glyphs: Glyphs) -> Line:
    started = alert.fired_at or alert.active_at
    ended = moment.date_clock(alert.resolved_at) if alert.resolved_at else glyphs.ellipsis
    taken = f"  {alert.acknowledgement.by}" if alert.acknowledgement else ""
    return line((f"{moment.date_clock(started)} {glyphs.dash} {ended}", ""), (taken, "muted"))


def incident_page(
    incident: Incident,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return all that is known of an incident."""
    lines = [
        line((f"{incident.id} ", "accent bold"), (incident.title, "bold")),
        EMPTY,
        *field_lines("severity", incident.severity.value, width),
        *field_lines("state", f"{incident.state.value}, {incident.response.value}", width),
        *field_lines(
            "opened", f"{moment.date_clock(incident.opened_at)} by {incident.opened_by}", width
        ),
        *field_lines("impact since", moment.date_clock(incident.impact_at), width),
        *field_lines("alerts", str(len(incident.alerts)), width),
        *section("timeline"),
    ]
    entries = entries_of(incident, detail)
    return [*lines, *timeline_lines(entries, width, len(entries or ()) + 1, moment, glyphs)]


def ticket_page(ticket: Ticket, width: int, moment: Moment, glyphs: Glyphs) -> list[Line]:
    """Return all that is known of a ticket."""
    reason = f" ({ticket.priority_reason})" if ticket.priority_reason else ""
    lines = [
        line((f"#{ticket.number} ", "accent bold"), (ticket.subject, "bold")),
        EMPTY,
        *field_lines("customer", ticket.customer, width),
        *field_lines("priority", f"{ticket.priority.value}{reason}", width),
        *field_lines("status", ticket.status.value, width),
        *field_lines("category", ticket.category or glyphs.dash, width),
        *field_lines("created", moment.date_clock(ticket.created_at), width),
    ]
    for name, text, at in (
        ("description", ticket.description, None),
        ("response", ticket.response, ticket.responded_at),
        ("resolution", ticket.resolution, ticket.resolved_at),
        ("confirmation", ticket.confirmation, None),
    ):
        if text or at:
            lines += section(f"{name}{f' {moment.date_clock(at)}' if at else ''}")
            lines += [line(piece) for piece in wrapped(text, width)]
    return lines


def indicator_page(
    reading: Reading,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return all that is known of an indicator: query, thresholds, last error, larger charts."""
    indicator = reading.indicator
    tile = tile_of(reading, snapshot.setup.refresh, moment)
    level = line((f"{glyphs.level(tile.level)} {tile.level.value}", LEVEL_STYLES[tile.level]))
    hour = detail.hour if detail is not None and detail.hour else reading.history
    lines = [
        line(
            (indicator.title, "bold"), "  ", (str(tile.figure), f"{tile.style} bold"), "  ", level
        ),
        *_failures(reading, detail, width, moment, glyphs),
        EMPTY,
        *field_lines("query", indicator.query, width),
        *field_lines("window", ", ".join(windows(indicator)) or glyphs.dash, width),
        *field_lines("thresholds", _thresholds(indicator) or "none", width),
        *field_lines("compared", _compared(reading, glyphs), width),
        *field_lines("read", _read(reading, snapshot, moment, glyphs), width),
        *field_lines("last error", _error(reading, moment), width),
        *_pairs("labels", _safe(reading.labels), width),
        *section("last hour"),
        *chart(hour, min(width, 120), 10, indicator, moment, glyphs),
    ]
    day = detail.day if detail is not None and detail.day else reading.history
    lines += section("last day")
    return lines + chart(day, min(width, 120), 8, indicator, moment, glyphs, 24 * HOUR)


def _failures(
    reading: Reading, detail: Detail | None, width: int, moment: Moment, glyphs: Glyphs
) -> list[Line]:
    """Return the failures that a tile counts: the open batch, what was done to it, those before."""
    if not reading.indicator.investigate:
        return []
    batch = reading.batch
    lines = section("failures")
    for name, text in batch_facts(batch, moment):
        lines += field_lines(name, text, width)
    known = detail if detail is not None and detail.id == reading.indicator.id else None
    if batch is not None and known is not None and known.entries:
        entries = known.entries
        lines += timeline_lines(entries, width, len(entries), moment, glyphs)
    before = earlier_batches(known.batches, batch, moment, glyphs) if known else []
    if before:
        lines += [*section("failures before"), *(cut_line(one, width, glyphs) for one in before)]
    return lines


def _safe(labels: Labels) -> SafeLabels:
    from opsdash.domain.text import clean

    return {name: clean(value) for name, value in labels.items()}


def _thresholds(indicator: Indicator) -> str:
    if indicator.unit is Unit.UP:
        return "critical when down"
    parts = [
        f"{level.value} {threshold(indicator, limit)}"
        for level, limit in ((Level.WARN, indicator.warn), (Level.CRIT, indicator.crit))
        if limit is not None
    ]
    return ", ".join(parts)


def _compared(reading: Reading, glyphs: Glyphs) -> str:
    indicator = reading.indicator
    if indicator.compare is None:
        return glyphs.dash
    then = figure(reading.compared, indicator)
    change = trend(reading.value, reading.compared, glyphs)
    return f"{change} against {then} {format_duration(indicator.compare)} ago"


def _read(reading: Reading, snapshot: Snapshot, moment: Moment, glyphs: Glyphs) -> str:
    if reading.read_at is None:
        return "never"
    sampled = ""
    if reading.sampled_at is not None:
        sampled = f", newest sample {moment.clock(reading.sampled_at, seconds=True)}"
    every = format_duration(snapshot.setup.refresh)
    return f"{moment.clock(reading.read_at, seconds=True)}, each {every}{sampled}"


def _error(reading: Reading, moment: Moment) -> str:
    if not reading.reason:
        return "none"
    at = f"{moment.date_clock(reading.failed_at)}: " if reading.failed_at else ""
    return f"{at}{reading.reason}"
