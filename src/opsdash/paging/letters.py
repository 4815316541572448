"""Letters into the outbox: a page to each destination, and what the timeline says of it."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.incident import incident_number
from opsdash.domain.opening import service_of
from opsdash.domain.page import Link, Page, PageKind
from opsdash.domain.routing import Destination, Route
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.store import climbs, entries, outbox

ENGINE = SafeText("engine")
"""Who the timeline says it was, where nobody did it."""

UNSENT = (PageKind.TRIGGER, PageKind.NOTE, PageKind.ACKNOWLEDGE)
"""What is dropped where it has not left before what it is about is over."""

LEVEL_STEP = 1000
"""Steps of a level begin at its number times this: repeats count up from there."""


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


def send_all(
    connection: sqlite3.Connection,
    setup: Setup,
    page: Page,
    found: Route,
    step: int,
    now: datetime,
    due: datetime,
) -> int:
    """Write `page` to each destination of `found`, due at `due` or later by a rule; return how many that makes."""
    reached = tuple(dict.fromkeys(d.reached for d in found.destinations if d.reached))
    page = replace(page, reached=reached)
    written = sum(
        write_letter(connection, setup, d, page, step, now, due + d.after)
        for d in found.destinations
    )
    if written and page.kind is PageKind.TRIGGER and page.alert is not None:
        climbs.note_paged(connection, page.alert, now)
    return written


def write_letter(
    connection: sqlite3.Connection,
    setup: Setup,
    destination: Destination,
    page: Page,
    step: int,
    now: datetime,
    due: datetime,
) -> bool:
    """Write `page` to one destination, once for each `step` of what it is about."""
    named = f"{page.key}/{page.kind}/{step}/{destination.notifier}/{destination.address}"
    deadline = due + setup.paging.deadline
    page = replace(page, id=named)
    return outbox.add(connection, destination, page, step, now, due, deadline) is not None


def tell_paged(
    connection: sqlite3.Connection, setup: Setup, key: str, page: Page, now: datetime
) -> None:
    """Send `page` to every destination that a trigger of `key` has left for, or may have."""
    step = outbox.count_of_key(connection, key)
    for destination in outbox.left_for(connection, key):
        write_letter(connection, setup, destination, page, step, now, now)


def tell(
    connection: sqlite3.Connection, alert: Alert, now: datetime, kind: EntryKind, text: str
) -> None:
    """Say on the timeline of an alert, and of its incident, what the engine did."""
    number = incident_number(alert.incident)
    entries.add(connection, Entry(now, ENGINE, kind, clean(text), alert=alert.id), number)


def names_of_route(found: Route) -> str:
    """Return the names of whoever is reached, else of the notifiers, joined by commas."""
    reached = [str(d.reached) for d in found.destinations if d.reached]
    return ", ".join(dict.fromkeys(reached or [d.notifier for d in found.destinations]))
