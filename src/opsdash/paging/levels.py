"""Who is paged for an alert: a level, or a person."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.deployment import services_of
from opsdash.domain.page import Page, PageKind
from opsdash.domain.reach import names_of
from opsdash.domain.routing import Route, route, targets_of
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import EntryKind
from opsdash.paging.letters import (
    ENGINE,
    LEVEL_STEP,
    build_page,
    names_of_route,
    send_all,
    tell,
    write_letter,
)
from opsdash.store import alerts, climbs, deployments, outbox, overrides
from opsdash.store.outbox import LetterState


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
    found = route(setup, (*targets_of(alert, policy, level), *also), now, alert.severity, level)
    for remark in found.remarks:
        tell(connection, alert, now, EntryKind.PAGE, remark)
    if not found.destinations:
        nobody = f"level {level} {policy.name(level)}: nobody could be paged"
        tell(connection, alert, now, EntryKind.PAGE, nobody)
        return 0
    due = now + setup.paging.group_wait
    flaps = _flaps(connection, setup, alert, now)
    if flaps and repeat == 0 and level == 1:
        due = now + setup.paging.flap_hold
        hold = format_span(setup.paging.flap_hold)
        words = f"flapping: fired {flaps} times lately, so paged only if it still fires in {hold}"
        tell(connection, alert, now, EntryKind.PAGE, words)
    page = replace(
        build_page(alert, PageKind.TRIGGER, now),
        level=level,
        level_name=policy.name(level),
        by=by,
        text=text,
        repeat=repeat,
        context=_context(connection, alert, now),
    )
    written = send_all(connection, setup, page, found, level * LEVEL_STEP + repeat, now, due)
    if written:
        if level == 1 and not repeat:
            for change in reversed(page.context):
                tell(connection, alert, now, EntryKind.OBSERVATION, f"changed lately: {change}")
        names = names_of_route(found)
        again = f", for the {repeat + 1}. time" if repeat else ""
        tell(connection, alert, now, EntryKind.PAGE, f"paging {names}{again}")
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
    found = route(setup, (f"person:{person}",), now, alert.severity, alert.level)
    return page_once_more(connection, setup, alert, found, now, by, text)


def page_once_more(
    connection: sqlite3.Connection,
    setup: Setup,
    alert: Alert,
    found: Route,
    now: datetime,
    by: SafeText,
    text: SafeText,
    level_name: SafeText = SafeText(""),
) -> int:
    """Page the destinations of `found` about an alert at its level, after what was said of it before."""
    for remark in found.remarks:
        tell(connection, alert, now, EntryKind.PAGE, remark)
    page = replace(
        build_page(alert, PageKind.TRIGGER, now),
        level=alert.level,
        level_name=level_name,
        by=by,
        text=text,
        context=_context(connection, alert, now),
    )
    again = 1 + outbox.repeats(connection, alert.id)
    step = alert.level * LEVEL_STEP + again
    page = replace(page, repeat=again)
    written = send_all(connection, setup, page, found, step, now, now + setup.paging.group_wait)
    if written:
        tell(connection, alert, now, EntryKind.PAGE, f"paging {names_of_route(found)}")
    return written


def is_answered(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, level: int, now: datetime
) -> bool:
    """Whether anybody is behind a level at `now`: somebody to page, or to be named where nothing pages."""
    setup = overrides.overridden(connection, setup, now)
    targets = targets_of(alert, climbs.policy_of(connection, setup, alert), level)
    if not setup.paging.notifiers:
        return bool(names_of(setup, targets, now))
    return route(setup, targets, now, alert.severity, level).answered


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


def _context(connection: sqlite3.Connection, alert: Alert, now: datetime) -> tuple[SafeText, ...]:
    """Return what changed lately of the services that an alert names, as far as its rule asks for it."""
    services, said = services_of(alert), alert.annotations
    return deployments.recent_changes(
        connection, services, now, alert_at=alert.fired_at, annotations=said
    )


def _flaps(connection: sqlite3.Connection, setup: Setup, alert: Alert, now: datetime) -> int:
    """How often an alert fired within the flap window, 0 where that is not flapping."""
    since = now - setup.paging.flap_window
    earlier = alerts.load_earlier(connection, alert, setup.paging.flaps + 20)
    fired = 1 + sum(1 for one in earlier if one.fired_at is not None and one.fired_at >= since)
    return fired if fired >= setup.paging.flaps else 0


def _tell_channels(
    connection: sqlite3.Connection,
    setup: Setup,
    alert: Alert,
    page: Page,
    found: Route,
    now: datetime,
) -> None:
    """Note in the channels that were paged before that a later level is: a person is not woken for it."""
    note = replace(page, kind=PageKind.NOTE, by=page.by or ENGINE, at=now)
    step = outbox.count_of_key(connection, alert.id)
    paged = {(one.notifier, one.address) for one in found.destinations}
    for destination in outbox.left_for(connection, alert.id):
        place = (destination.notifier, destination.address)
        if not destination.reached and place not in paged:
            write_letter(connection, setup, destination, note, step, now, now)
