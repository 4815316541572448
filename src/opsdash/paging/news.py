"""What whoever was paged is told afterwards: somebody has it, gave it back or put it off, or it resolved."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.page import Page, PageKind
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.paging.letters import UNSENT, build_page, tell_paged
from opsdash.store import outbox
from opsdash.store.outbox import Traces


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
        page = taken_page(alert, by, comment, now, until)
        tell_paged(connection, setup, alert.id, page, now)
    return traces.bundles


def taken_page(
    alert: Alert, by: SafeText, comment: SafeText, now: datetime, until: datetime | None
) -> Page:
    """Return the page that says that somebody has an alert; `until` that it is put off till then."""
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
    tell_paged(connection, setup, alert.id, page, now)


def page_left(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, by: SafeText, now: datetime
) -> tuple[str, ...]:
    """Tell whoever was paged that nobody has an alert any more; return the storms that it belongs to."""
    traces = outbox.traces_of(connection, alert.id)
    if traces.left:
        tell_paged(connection, setup, alert.id, left_page(alert, by, now), now)
    return traces.bundles


def left_page(alert: Alert, by: SafeText, now: datetime) -> Page:
    """Return the page that says that nobody has an alert any more."""
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
        outbox.drop_waiting(connection, alert.id, UNSENT, "it resolved before this was sent")
    if traces.left:
        page = build_page(alert, PageKind.RESOLVE, now)
        tell_paged(connection, setup, alert.id, page, now)
    return traces
