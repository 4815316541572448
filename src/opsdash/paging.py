"""Pages written to the outbox in the transaction of what caused them.

Every function runs inside a write transaction. What cannot be paged is told on the alert's timeline
with the reason: an alert that should page has a message in the outbox or such an entry, never
neither.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.deployment import services_of
from opsdash.domain.incident import incident_number
from opsdash.domain.opening import service_of
from opsdash.domain.page import Link, Page, PageKind
from opsdash.domain.reach import is_staffed, names_of
from opsdash.domain.record import to_ms
from opsdash.domain.routing import Destination, Route, route, targets_of
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.store import alerts, climbs, deployments, entries, outbox, overrides
from opsdash.store.outbox import Letter, LetterState, Traces

_ENGINE = SafeText("engine")
_UNSENT = (PageKind.TRIGGER, PageKind.NOTE, PageKind.ACKNOWLEDGE)
_LEVEL_STEP = 1000
"""Steps of a level begin at its number times this: repeats count up from there."""

_FALLBACK_STEP = 500
"""Where the steps of a level's fallback begin, within the level's own."""


def pages(alert: Alert) -> bool:
    """Whether an alert is one that people are paged for: it fires, nothing mutes it, and it matters."""
    return (
        alert.state is AlertState.FIRING and not alert.muted and alert.severity is not Severity.INFO
    )


def page_firing(connection: sqlite3.Connection, setup: Setup, alert: Alert, now: datetime) -> None:
    """Page level 1 of an alert that fires, unless it is part of what was paged already.

    A warning that joins an incident whose alert was paged is a note there. A flapping alert is held
    for a while and paged only if it still fires then. What is paged climbs its policy from then on.
    """
    if not pages(alert):
        return
    policy = setup.policy_for(alert.labels)
    # Without a notifier nobody was ever paged, and ten thousand alerts need not be asked.
    leader = _leader(connection, alert) if setup.paging.notifiers else None
    if leader is not None:
        climbs.begin(connection, alert, policy, None, due_at=None)
        _note_joined(connection, setup, alert, leader, now)
        return
    _page_first(connection, setup, alert, now)


def _page_first(connection: sqlite3.Connection, setup: Setup, alert: Alert, now: datetime) -> None:
    policy = setup.policy_for(alert.labels)
    if is_staffed(setup, policy):
        climbs.begin(connection, alert, policy, now)
    page_level(connection, setup, alert, 1, now)


def page_level(
    connection: sqlite3.Connection,
    setup: Setup,
    alert: Alert,
    level: int,
    now: datetime,
    by: SafeText = SafeText(""),
    text: SafeText = SafeText(""),
    repeat: int = 0,
    also: tuple[str, ...] = (),
) -> int:
    """Page the targets of one level of an alert, and `also` these; return how many messages that makes.

    Where nobody is reached the timeline says so, and why; where there is no notifier at all, the
    screen does.
    """
    if not setup.paging.notifiers:
        return 0
    setup = overrides.overridden(connection, setup, now)
    policy = climbs.policy_of(connection, setup, alert)
    found = route(setup, (*targets_of(alert, policy, level), *also), now)
    for remark in found.remarks:
        _tell(connection, alert, now, EntryKind.PAGE, remark)
    if not found.destinations:
        nobody = f"level {level} {policy.name(level)}: nobody could be paged"
        _tell(connection, alert, now, EntryKind.PAGE, nobody)
        return 0
    due = now + setup.paging.group_wait
    flaps = _flaps(connection, setup, alert, now)
    if flaps and repeat == 0 and level == 1:
        due = now + setup.paging.flap_hold
        hold = format_span(setup.paging.flap_hold)
        words = f"flapping: fired {flaps} times lately, so paged only if it still fires in {hold}"
        _tell(connection, alert, now, EntryKind.PAGE, words)
    page = replace(
        build_page(alert, PageKind.TRIGGER, now),
        level=level,
        level_name=policy.name(level),
        by=by,
        text=text,
        repeat=repeat,
        context=_context(connection, alert, now),
    )
    written = _send_all(connection, setup, page, found, level * _LEVEL_STEP + repeat, now, due)
    if written:
        if level == 1 and not repeat:
            for change in reversed(page.context):
                _tell(connection, alert, now, EntryKind.OBSERVATION, f"changed lately: {change}")
        names = _names(found)
        again = f", for the {repeat + 1}. time" if repeat else ""
        _tell(connection, alert, now, EntryKind.PAGE, f"paging {names}{again}")
        if level > 1:
            said = clean(f"level {level} {policy.name(level)}: paging {names}{again}")
            _tell_channels(connection, setup, alert, replace(page, text=said), found, now)
    return written


def page_person(
    connection: sqlite3.Connection,
    setup: Setup,
    alert: Alert,
    person: str,
    now: datetime,
    by: SafeText,
    text: SafeText,
) -> int:
    """Page one person about an alert that was given to them, whatever level it is at."""
    if not setup.paging.notifiers:
        return 0
    found = route(setup, (f"person:{person}",), now)
    for remark in found.remarks:
        _tell(connection, alert, now, EntryKind.PAGE, remark)
    page = replace(
        build_page(alert, PageKind.TRIGGER, now),
        level=alert.level,
        by=by,
        text=text,
        context=_context(connection, alert, now),
    )
    again = 1 + outbox.repeats(connection, alert.id)
    step = alert.level * _LEVEL_STEP + again
    page = replace(page, repeat=again)
    written = _send_all(connection, setup, page, found, step, now, now + setup.paging.group_wait)
    if written:
        _tell(connection, alert, now, EntryKind.PAGE, f"paging {_names(found)}")
    return written


def _context(connection: sqlite3.Connection, alert: Alert, now: datetime) -> tuple[SafeText, ...]:
    """Return what changed lately of the services that an alert names."""
    services = services_of(alert)
    return deployments.recent_changes(connection, services, now, alert_at=alert.fired_at)


def repeat_of_climb(connection: sqlite3.Connection, alert: Alert, level: int) -> int:
    """Return the `repeat` of a page for a level that is reached by the clock for the first time.

    Whoever was paged there already, in place of the level below, is not paged twice for one thing;
    a level that was left since, or whose page was dropped before it left, is paged anew.
    """
    told = [
        letter
        for letter in outbox.load_of_key(connection, alert.id)
        if letter.page.kind is PageKind.TRIGGER and letter.page.level == level
    ]
    left = [letter for letter in told if letter.state is not LetterState.DROPPED]
    in_place = bool(left) and not any(letter.page.by for letter in left)
    return 0 if in_place else next_repeat(connection, alert, level)


def next_repeat(connection: sqlite3.Connection, alert: Alert, level: int) -> int:
    """Return how often a level was paged for an alert already: the `repeat` of paging it once more."""
    told = [
        letter.page.repeat
        for letter in outbox.load_of_key(connection, alert.id)
        if letter.page.kind is PageKind.TRIGGER and letter.page.level == level
    ]
    return 1 + max(told) if told else 0


def is_answered(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, level: int, now: datetime
) -> bool:
    """Whether anybody is behind a level at `now`: somebody to page, or to be named where nothing pages."""
    setup = overrides.overridden(connection, setup, now)
    targets = targets_of(alert, climbs.policy_of(connection, setup, alert), level)
    if not setup.paging.notifiers:
        return bool(names_of(setup, targets, now))
    return route(setup, targets, now).answered


def page_fallback(
    connection: sqlite3.Connection,
    setup: Setup,
    missed: Page,
    text: SafeText,
    now: datetime,
) -> str:
    """Page the fallback targets in place of a page that did not arrive; return whom, empty if nobody."""
    setup = overrides.overridden(connection, setup, now)
    found = route(setup, setup.paging.fallback, now)
    page = replace(missed, text=text)
    step = missed.level * _LEVEL_STEP + _FALLBACK_STEP + missed.repeat
    written = _send_all(connection, setup, page, found, step, now, now)
    return _names(found) if written else ""


def _send_all(
    connection: sqlite3.Connection,
    setup: Setup,
    page: Page,
    found: Route,
    step: int,
    now: datetime,
    due: datetime,
) -> int:
    reached = tuple(dict.fromkeys(d.reached for d in found.destinations if d.reached))
    page = replace(page, reached=reached)
    written = sum(_write(connection, setup, d, page, step, now, due) for d in found.destinations)
    if written and page.kind is PageKind.TRIGGER and page.alert is not None:
        climbs.note_paged(connection, page.alert, now)
    return written


def _names(found: Route) -> str:
    reached = [str(d.reached) for d in found.destinations if d.reached]
    return ", ".join(dict.fromkeys(reached or [d.notifier for d in found.destinations]))


def page_acknowledged(
    connection: sqlite3.Connection,
    setup: Setup,
    alert: Alert,
    by: SafeText,
    comment: SafeText,
    now: datetime,
    until: datetime | None = None,
) -> tuple[str, ...]:
    """Stop what has not left for an alert, and tell whoever was paged that somebody has it.

    `until` says that it is put off till then. Returns the storms that it belongs to, which may be
    taken as a whole now: see `page_storm_taken`.
    """
    traces = outbox.traces_of(connection, alert.id)
    if traces.waits:
        reason = f"{by} acknowledged it first"
        outbox.drop_waiting(connection, alert.id, (PageKind.TRIGGER, PageKind.NOTE), reason)
    if traces.left:
        page = _page_taken(alert, by, comment, now, until)
        _tell_paged(connection, setup, alert.id, page, now)
    return traces.bundles


def page_storm_taken(
    connection: sqlite3.Connection,
    setup: Setup,
    key: str,
    last: Alert,
    by: SafeText,
    comment: SafeText,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Tell whoever got the one page of a storm that somebody has all of it, now that `last` is taken."""
    if not outbox.has_member(connection, key, untaken=True):
        kinds = (PageKind.TRIGGER, PageKind.NOTE)
        outbox.drop_waiting(connection, key, kinds, "all of it was acknowledged first")
        page = _page_taken(last, by, comment, now, until)
        _tell_storm(connection, setup, key, page, "somebody has all alerts of this storm", now)


def _page_taken(
    alert: Alert, by: SafeText, comment: SafeText, now: datetime, until: datetime | None
) -> Page:
    page = build_page(alert, PageKind.ACKNOWLEDGE, now)
    return replace(page, by=by, text=comment, until=until)


def page_note(
    connection: sqlite3.Connection,
    setup: Setup,
    alert: Alert,
    by: SafeText,
    text: SafeText,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Tell whoever was paged what somebody did about an alert; `until` says that it is put off till then."""
    page = replace(build_page(alert, PageKind.NOTE, now), by=by, text=text, until=until)
    _tell_paged(connection, setup, alert.id, page, now)


def page_given_back(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, by: SafeText, now: datetime
) -> None:
    """Tell whoever was paged that nobody has an alert any more, and those of its storm."""
    for key in page_left(connection, setup, alert, by, now):
        page_storm_left(connection, setup, key, (alert,), by, now)


def page_left(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, by: SafeText, now: datetime
) -> tuple[str, ...]:
    """Tell whoever was paged that nobody has an alert any more; return the storms that it belongs to."""
    traces = outbox.traces_of(connection, alert.id)
    if traces.left:
        _tell_paged(connection, setup, alert.id, _page_left(alert, by, now), now)
    return traces.bundles


def page_storm_left(
    connection: sqlite3.Connection,
    setup: Setup,
    key: str,
    given_back: Sequence[Alert],
    by: SafeText,
    now: datetime,
) -> None:
    """Tell whoever got the one page of a storm that nobody has what was given back, if all was taken."""
    ids = {alert.id for alert in given_back}
    if not outbox.has_member(connection, key, besides=ids, untaken=True):
        page = _page_left(given_back[0], by, now)
        _tell_storm(connection, setup, key, page, "nobody has one of this storm", now)


def _page_left(alert: Alert, by: SafeText, now: datetime) -> Page:
    text = clean(f"{by} gave it back: nobody has it")
    return replace(build_page(alert, PageKind.NOTE, now), by=by, text=text)


def page_resolved(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, now: datetime
) -> Traces:
    """Drop what has not left for an alert that resolved, and tell whoever was paged.

    A message that comes late, after its resolve, would open it again at the receiver. Returns what
    there was about it: its storms may be over now (`page_storm_resolved`), and what joined an alert
    that led may have to be paged itself (`page_left_behind`).
    """
    traces = outbox.traces_of(connection, alert.id)
    if traces.waits:
        outbox.drop_waiting(connection, alert.id, _UNSENT, "it resolved before this was sent")
    if traces.left:
        page = build_page(alert, PageKind.RESOLVE, now)
        _tell_paged(connection, setup, alert.id, page, now)
    return traces


def page_storm_resolved(
    connection: sqlite3.Connection, setup: Setup, key: str, last: Alert, now: datetime
) -> None:
    """Tell whoever got the one page of a storm that all of it has resolved, `last` as the last one."""
    if not outbox.has_member(connection, key):
        outbox.drop_waiting(connection, key, _UNSENT, "all of it resolved before this was sent")
        page = build_page(last, PageKind.RESOLVE, now)
        _tell_storm(connection, setup, key, page, "all alerts of this storm have resolved", now)


def _tell_storm(
    connection: sqlite3.Connection, setup: Setup, key: str, page: Page, title: str, now: datetime
) -> None:
    """Tell whoever got the one page of a storm what became of all that it stands for."""
    storm = replace(page, key=key, title=clean(title), alert=None, incident=None)
    _tell_paged(connection, setup, key, storm, now)


def build_page(alert: Alert, kind: PageKind, now: datetime) -> Page:
    """Return the page that says what an alert is, without whom it goes to."""
    at = {
        PageKind.TRIGGER: alert.fired_at or now,
        PageKind.RESOLVE: alert.resolved_at or now,
    }.get(kind, now)
    return Page(
        id="",
        key=alert.id,
        kind=kind,
        title=SafeText(alert.annotations.get("summary") or alert.name),
        severity=alert.severity,
        source=clean(service_of(alert)),
        at=at,
        since=alert.fired_at or alert.active_at,
        began=alert.active_at,
        alert=alert.id,
        incident=alert.incident,
        value=alert.value,
        labels=alert.labels,
        annotations=alert.annotations,
        links=tuple(_links(alert)),
    )


def page_drill(
    connection: sqlite3.Connection, setup: Setup, found: Route, by: SafeText, now: datetime
) -> str:
    """Page the destinations of `found` with a test; return the key of its messages."""
    key = f"drill/{to_ms(now)}"
    page = Page(
        id="",
        key=key,
        kind=PageKind.TRIGGER,
        title=clean(f"A drill by {by}: nothing is wrong"),
        severity=Severity.CRITICAL,
        source=SafeText("opsdash"),
        at=now,
        by=by,
        text=SafeText("This page proves that pages arrive. It resolves by itself."),
        test=True,
    )
    _send_all(connection, setup, page, found, _LEVEL_STEP, now, now)
    return key


def page_handoff(
    connection: sqlite3.Connection,
    setup: Setup,
    number: str,
    place: int,
    person: str,
    title: SafeText,
    text: SafeText,
    lines: tuple[SafeText, ...],
    now: datetime,
) -> None:
    """Tell a person through their notifiers that a shift changed, as what wakes nobody.

    `number` names the change, `place` the person among those who are told of it.
    """
    page = Page(
        id="",
        key=f"handoff/{number}",
        kind=PageKind.NOTE,
        title=title,
        severity=Severity.INFO,
        source=SafeText("opsdash"),
        at=now,
        text=text,
        level=0,
        lines=lines,
        quiet=True,
    )
    found = route(setup, (f"person:{person}",), now)
    _send_all(connection, setup, page, found, place, now, now)


def end_drill(connection: sqlite3.Connection, setup: Setup, key: str, now: datetime) -> None:
    """Resolve a drill at whoever it reached, and drop what has not left."""
    outbox.drop_waiting(connection, key, _UNSENT, "the drill ended before this was sent")
    letters = outbox.load_of_key(connection, key)
    if letters:
        page = replace(letters[0].page, kind=PageKind.RESOLVE, at=now)
        _tell_paged(connection, setup, key, page, now)


def bundle_storms(connection: sqlite3.Connection, setup: Setup, now: datetime) -> int:
    """Turn the waiting first pages of a destination into one, where they are more than a storm.

    Returns how many messages were bundled. The page says how many, and names the first of them.
    """
    waiting: dict[tuple[str, str], list[Letter]] = {}
    for letter in outbox.load_waiting(connection):
        first = letter.page.kind is PageKind.TRIGGER and letter.page.count == 1
        if letter.state is LetterState.WAITING and first and letter.due_at <= now:
            place = (letter.destination.notifier, letter.destination.address)
            waiting.setdefault(place, []).append(letter)
    bundled = 0
    for letters in waiting.values():
        if len(letters) > setup.paging.storm:
            _bundle(connection, setup, letters, now)
            bundled += len(letters)
    return bundled


def _bundle(
    connection: sqlite3.Connection, setup: Setup, letters: Sequence[Letter], now: datetime
) -> None:
    first = min(letters, key=lambda letter: (letter.page.severity != Severity.CRITICAL, letter.id))
    names: dict[str, int] = {}
    for letter in letters:
        name = letter.page.labels.get("alertname", letter.page.title)
        names[name] = names.get(name, 0) + 1
    members = tuple(
        clean(f"{name} ×{count}" if count > 1 else name)
        for name, count in sorted(names.items(), key=lambda item: -item[1])[:20]
    )
    key = f"storm/{first.id}"
    page = replace(
        first.page,
        key=key,
        title=clean(f"{len(letters)} alerts at once: {', '.join(members[:5])}"),
        alert=None,
        incident=None,
        value=None,
        count=len(letters),
        members=members,
        labels={},
        annotations={},
        links=(),
    )
    _write(connection, setup, first.destination, page, first.step, now, now)
    for letter in letters:
        outbox.bundle(connection, letter.id, key)


def _leader(connection: sqlite3.Connection, alert: Alert) -> Alert | None:
    """The alert of the same incident that was paged and still fires, if `alert` only joins it."""
    if alert.incident is None or alert.severity is Severity.CRITICAL:
        return None
    return alerts.load_paged_member(connection, incident_number(alert.incident) or 0, alert.id)


def _note_joined(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, leader: Alert, now: datetime
) -> None:
    summary = alert.annotations.get("summary") or alert.name
    text = clean(f"{alert.name} joined {alert.incident}: {summary}")
    page = replace(build_page(leader, PageKind.NOTE, now), by=_ENGINE, text=text)
    _tell_paged(connection, setup, leader.id, page, now)
    _tell(connection, alert, now, EntryKind.PAGE, f"told with {leader.name}, which was paged")


def page_left_behind(
    connection: sqlite3.Connection, setup: Setup, incident: int, now: datetime
) -> None:
    """Page what only joined an incident, now that an alert that was paged for it has resolved."""
    for alert in alerts.load_unpaged_members(connection, incident):
        left = alert.needs_person and pages(alert)
        if left and _leader(connection, alert) is None:
            _page_first(connection, setup, alert, now)


def _tell_channels(
    connection: sqlite3.Connection,
    setup: Setup,
    alert: Alert,
    page: Page,
    found: Route,
    now: datetime,
) -> None:
    """Note in the channels that were paged before that a later level is: a person is not woken for it."""
    note = replace(page, kind=PageKind.NOTE, by=page.by or _ENGINE, at=now)
    step = outbox.count_of_key(connection, alert.id)
    paged = {(one.notifier, one.address) for one in found.destinations}
    for destination in outbox.left_for(connection, alert.id):
        place = (destination.notifier, destination.address)
        if not destination.reached and place not in paged:
            _write(connection, setup, destination, note, step, now, now)


def _tell_paged(
    connection: sqlite3.Connection, setup: Setup, key: str, page: Page, now: datetime
) -> None:
    """Send `page` to every destination that a trigger of `key` has left for, or may have."""
    step = outbox.count_of_key(connection, key)
    for destination in outbox.left_for(connection, key):
        _write(connection, setup, destination, page, step, now, now)


def _flaps(connection: sqlite3.Connection, setup: Setup, alert: Alert, now: datetime) -> int:
    """How often an alert fired within the flap window, 0 where that is not flapping."""
    since = now - setup.paging.flap_window
    earlier = alerts.load_earlier(connection, alert, setup.paging.flaps + 20)
    fired = 1 + sum(1 for one in earlier if one.fired_at is not None and one.fired_at >= since)
    return fired if fired >= setup.paging.flaps else 0


def _write(
    connection: sqlite3.Connection,
    setup: Setup,
    destination: Destination,
    page: Page,
    step: int,
    now: datetime,
    due: datetime,
) -> bool:
    named = f"{page.key}/{page.kind}/{step}/{destination.notifier}/{destination.address}"
    deadline = due + setup.paging.deadline
    page = replace(page, id=named)
    return outbox.add(connection, destination, page, step, now, due, deadline) is not None


def _tell(
    connection: sqlite3.Connection, alert: Alert, now: datetime, kind: EntryKind, text: str
) -> None:
    number = None if alert.incident is None else incident_number(alert.incident)
    entries.add(connection, Entry(now, _ENGINE, kind, clean(text), alert=alert.id), number)


def _links(alert: Alert) -> list[Link]:
    found = [
        ("Runbook", alert.annotations.get("runbook_url", "")),
        ("Dashboard", alert.annotations.get("dashboard_url", "")),
        ("Source", alert.generator_url),
    ]
    return [
        Link(SafeText(text), SafeText(url))
        for text, url in found
        if url.startswith(("http://", "https://"))
    ]
