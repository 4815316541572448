"""Who is paged in place of whom a message did not reach: the fallback, else the next level.

A fallback is no way round a policy: whoever it reaches only for some severities is left out for the
others, as at a level. A level's hours and matchers say when it climbs, and keep nobody from standing in.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.escalation import EscalationPolicy, Refused, next_level
from opsdash.domain.page import Page
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.standing_in import stand_ins
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import EntryKind
from opsdash.paging.leaving import storm_as_it_is, wanted_members
from opsdash.paging.letters import LEVEL_STEP, names_of_route, send_all, tell
from opsdash.paging.levels import page_level
from opsdash.store import alerts, climbs, overrides
from opsdash.store.outbox import Letter

_FALLBACK_STEP = 500
"""Where the steps of a level's fallback begin, within the level's own."""

MOST = 500
"""Alerts of one storm that are brought to the next level in one transaction, the worst first: the others
climb there in their time, to people who are awake by then."""


def page_in_place(
    connection: sqlite3.Connection, setup: Setup, letter: Letter, now: datetime
) -> SafeText:
    """Page somebody in place of whom `letter` did not reach; return what to say of it, empty if nobody.

    A page that stands for many alerts goes on for those that still need a person.
    """
    about = _about(connection, letter)
    if not about:
        return SafeText("")
    waited = format_span(now - _first_due(setup, letter, now))
    text = clean(f"{letter.destination.notifier} has not accepted the page for {waited}")
    policy = climbs.policy_of(connection, setup, about[0])
    # What the fallback itself does not take goes on to the next level.
    if letter.step % LEVEL_STEP < _FALLBACK_STEP:
        page = letter.page if letter.page.alert else storm_as_it_is(connection, letter)
        instead = _page_fallback(connection, setup, page, about[0], policy, text, now)
        if instead:
            return clean(f"{text}: paging {instead} in its place")
    levels = set()
    if len(about) > MOST:
        text = clean(f"{text}: the worst {MOST} of {len(about)} alerts")
    for alert in about[:MOST]:
        followed = climbs.policy_of(connection, setup, alert)
        target = next_level(followed, letter.page.level, alert.severity)
        if not isinstance(target, Refused) and page_level(
            connection, setup, alert, target, now, text=text
        ):
            levels.add(target)
    named = " and ".join(map(str, sorted(levels)))
    return clean(f"{text}: paging level {named} in its place") if levels else SafeText("")


def _first_due(setup: Setup, letter: Letter, now: datetime) -> datetime:
    """Return when a message was to leave first: not when it was written, where a rule tells it later.

    A deadline that was configured anew since makes it no earlier than it was written.
    """
    return min(max(letter.deadline_at - setup.paging.deadline, letter.created_at), now)


def _about(connection: sqlite3.Connection, letter: Letter) -> Sequence[Alert]:
    """Return the alerts of a message that still need a person, the worst first."""
    one = letter.page.alert
    ids = (one,) if one is not None else wanted_members(connection, letter)
    found: list[Alert] = []
    for begun in range(0, len(ids), MOST):
        found += alerts.load_many(connection, ids[begun : begun + MOST]).values()
    needing = (alert for alert in found if alert.needs_person)
    return sorted(needing, key=lambda alert: (alert.severity is not Severity.CRITICAL, alert.id))


def _page_fallback(
    connection: sqlite3.Connection,
    setup: Setup,
    missed: Page,
    alert: Alert,
    policy: EscalationPolicy,
    text: SafeText,
    now: datetime,
) -> str:
    """Page the fallback with what did not arrive; return whom, empty if nobody."""
    setup = overrides.overridden(connection, setup, now)
    standing = stand_ins(setup, policy, now, alert.severity, missed.level)
    found = standing.route
    for remark in found.remarks:
        tell(connection, alert, now, EntryKind.PAGE, f"fallback: {remark}")
    for whom, why in standing.left_out:
        tell(connection, alert, now, EntryKind.PAGE, f"fallback {whom} is left out: {why}")
    step = missed.level * LEVEL_STEP + _FALLBACK_STEP + missed.repeat
    send_all(connection, setup, replace(missed, text=text), found, step, now, now)
    # It may have been paged already, in place of another receiver of the same page.
    return names_of_route(found) if found.destinations else ""
