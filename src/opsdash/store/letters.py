"""The outbox as screens list it: its newest messages without their whole pages, and its troubles."""

import json
import sqlite3
from datetime import datetime
from typing import Any

from opsdash.domain.alert import Severity
from opsdash.domain.letter import REFUSED_SHOWN, Letters, LetterState, LetterView, Queue, Refusal
from opsdash.domain.page import Page, PageKind
from opsdash.domain.record import decode, from_ms, to_ms
from opsdash.domain.text import SafeText, clean

SHOWN = 200
"""Messages that the screen lists."""

_MOST = 1000
_NEWEST = (
    "SELECT id, state, kind, page, notifier, address, target, reached, created_at, due_at,"
    " deadline_at, sent_at, attempts, answer FROM outbox ORDER BY id DESC LIMIT ?"
)
_WAITING = (
    "SELECT notifier, created_at, deadline_at, answer FROM outbox"
    " WHERE state IN ('waiting', 'sending') ORDER BY id LIMIT ?"
)
_DEAD = (
    "SELECT outbox.notifier, outbox.created_at, outbox.answer,"
    " alert.id IS NOT NULL AND alert.resolved_at IS NULL AND alert.acknowledged_at IS NULL"
    " FROM outbox LEFT JOIN alert ON alert.id = outbox.key WHERE outbox.state = 'dead'"
    " AND (outbox.created_at >= ? OR alert.resolved_at IS NULL AND alert.id IS NOT NULL)"
    " ORDER BY outbox.created_at DESC LIMIT ?"
)


def load_letters(connection: sqlite3.Connection, now: datetime) -> Letters:
    """Return what the notifications screen shows."""
    newest = connection.execute(_NEWEST, (SHOWN,)).fetchall()
    pages = json.loads(f"[{','.join(row[3] for row in newest)}]")
    since = to_ms(now - REFUSED_SHOWN)
    return Letters(
        tuple(map(_view, newest, pages)),
        _queues(connection),
        tuple(
            Refusal(clean(notifier), from_ms(at), clean(answer), bool(standing))
            for notifier, at, answer, standing in connection.execute(_DEAD, (since, _MOST))
        ),
    )


def load_page(connection: sqlite3.Connection, id: int) -> Page | None:
    """Return the whole page of one message."""
    row = connection.execute("SELECT page FROM outbox WHERE id = ?", (id,)).fetchone()
    return None if row is None else decode(Page, json.loads(row[0]))


def _queues(connection: sqlite3.Connection) -> tuple[Queue, ...]:
    found: dict[str, list[tuple[int, int, str]]] = {}
    for notifier, created_at, deadline_at, answer in connection.execute(_WAITING, (_MOST,)):
        found.setdefault(notifier, []).append((created_at, deadline_at, answer))
    return tuple(
        Queue(
            clean(notifier),
            len(rows),
            from_ms(rows[0][0]),
            from_ms(min(deadline_at for _, deadline_at, _ in rows)),
            clean(next((answer for _, _, answer in rows if answer), "")),
        )
        for notifier, rows in found.items()
    )


def _view(row: tuple[Any, ...], page: dict[str, Any]) -> LetterView:
    (
        id, state, kind, _, notifier, address, target, reached, created_at, due_at, deadline_at,
        sent_at, attempts, answer,
    ) = row  # fmt: skip
    return LetterView(
        id=id,
        state=LetterState(state),
        kind=PageKind(kind),
        # It was clean when it was written.
        title=SafeText(page.get("title", "")),
        severity=Severity(page.get("severity", "warning")),
        notifier=clean(notifier),
        address=clean(address),
        target=clean(target),
        reached=clean(reached),
        level=page.get("level", 0),
        alert=page.get("alert"),
        created_at=from_ms(created_at),
        due_at=from_ms(due_at),
        deadline_at=from_ms(deadline_at),
        sent_at=None if sent_at is None else from_ms(sent_at),
        attempts=attempts,
        answer=clean(answer),
        test=bool(page.get("test")),
    )
