"""What is told of all the alerts that one page stands for."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.page import Page, PageKind
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.paging.letters import UNSENT, build_page, tell_paged
from opsdash.paging.news import left_page, page_left, taken_page
from opsdash.store import outbox


def page_given_back(
    connection: sqlite3.Connection, setup: Setup, alert: Alert, by: SafeText, now: datetime
) -> None:
    """Tell whoever was paged that nobody has an alert any more, and those of its storm."""
    for key in page_left(connection, setup, alert, by, now):
        page_storm_left(connection, setup, key, (alert,), by, now)


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
        page = taken_page(last, by, comment, now, until)
        _tell_storm(connection, setup, key, page, "somebody has all alerts of this storm", now)


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
        page = left_page(given_back[0], by, now)
        _tell_storm(connection, setup, key, page, "nobody has one of this storm", now)


def page_storm_resolved(
    connection: sqlite3.Connection, setup: Setup, key: str, last: Alert, now: datetime
) -> None:
    """Tell whoever got the one page of a storm that all of it has resolved, `last` as the last one."""
    if not outbox.has_member(connection, key):
        outbox.drop_waiting(connection, key, UNSENT, "all of it resolved before this was sent")
        page = build_page(last, PageKind.RESOLVE, now)
        _tell_storm(connection, setup, key, page, "all alerts of this storm have resolved", now)


def _tell_storm(
    connection: sqlite3.Connection, setup: Setup, key: str, page: Page, title: str, now: datetime
) -> None:
    """Tell whoever got the one page of a storm what became of all that it stands for."""
    storm = replace(page, key=key, title=clean(title), alert=None, incident=None)
    tell_paged(connection, setup, key, storm, now)
