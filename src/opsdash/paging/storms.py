"""Many first pages at once become one, and what is told of all that it stands for."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.page import Page, PageKind
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.paging.letters import UNSENT, build_page, tell_paged, write_letter
from opsdash.paging.news import left_page, page_left, taken_page
from opsdash.store import outbox
from opsdash.store.outbox import Letter, LetterState


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
    write_letter(connection, setup, first.destination, page, first.step, now, now)
    for letter in letters:
        outbox.bundle(connection, letter.id, key)


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
