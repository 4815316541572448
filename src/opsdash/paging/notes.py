"""Many notes of the engine's about one thing become one: a receiver that only adds is flooded by them too."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from opsdash.domain.text import clean
from opsdash.store import pacing
from opsdash.store.pacing import Told

_SHOWN = 5
"""How many notes one note repeats word for word."""


def merge_notes(connection: sqlite3.Connection, notes: Sequence[Told], now: datetime) -> None:
    """Tell all notes about one thing that wait for a receiver in the oldest of them, now."""
    by_key: dict[str, list[Told]] = {}
    for note in notes:
        by_key.setdefault(note.key, []).append(note)
    for alike in by_key.values():
        oldest, *others = alike
        said = [str(note.words.get("text") or "") for note in alike]
        left = len(said) - _SHOWN
        more = [f"and {left} more"] if left > 0 else []
        text = clean("; ".join(said[:_SHOWN] + more))
        if pacing.rewrite(connection, oldest.id, replace(oldest.page, text=text), due_at=now):
            pacing.bundle(connection, others, None, now)
