"""What an alert that fires is: a page of its own, or a note beside what was paged already."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.incident import incident_number
from opsdash.domain.page import PageKind
from opsdash.domain.reach import is_staffed
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean
from opsdash.domain.timeline import EntryKind
from opsdash.paging.letters import ENGINE, build_page, tell, tell_paged
from opsdash.paging.levels import page_level
from opsdash.store import alerts, climbs, outbox


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
    page = replace(build_page(leader, PageKind.NOTE, now), by=ENGINE, text=text)
    # A receiver that was told of the leader in a storm knows it by the storm's key.
    for key in (leader.id, *outbox.traces_of(connection, leader.id).bundles):
        tell_paged(connection, setup, key, replace(page, key=key), now)
    tell(connection, alert, now, EntryKind.PAGE, f"told with {leader.name}, which was paged")


def page_left_behind(
    connection: sqlite3.Connection, setup: Setup, incident: int, now: datetime
) -> None:
    """Page what only joined an incident, now that an alert that was paged for it has resolved."""
    for alert in alerts.load_unpaged_members(connection, incident):
        left = alert.needs_person and pages(alert)
        if left and _leader(connection, alert) is None:
            _page_first(connection, setup, alert, now)
