"""Pages about no alert: drills, and the news that a shift changed."""

import sqlite3
from dataclasses import replace
from datetime import datetime

from opsdash.domain.alert import Severity
from opsdash.domain.page import Page, PageKind
from opsdash.domain.record import to_ms
from opsdash.domain.routing import Route, route
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.paging.letters import LEVEL_STEP, UNSENT, send_all, tell_paged
from opsdash.store import outbox


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
    send_all(connection, setup, page, found, LEVEL_STEP, now, now)
    return key


def end_drill(connection: sqlite3.Connection, setup: Setup, key: str, now: datetime) -> None:
    """Resolve a drill at whoever it reached, and drop what has not left."""
    outbox.drop_waiting(connection, key, UNSENT, "the drill ended before this was sent")
    letters = outbox.load_of_key(connection, key)
    if letters:
        page = replace(letters[0].page, kind=PageKind.RESOLVE, at=now)
        tell_paged(connection, setup, key, page, now)


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
    send_all(connection, setup, page, found, place, now, now)
