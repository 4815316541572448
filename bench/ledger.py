"""What a store says happened, replayed: every change once, in an order that can have been."""

import json
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

_BACK_TO = re.compile(r"back to level (\d+)")
_WATCHED = (
    "acknowledge",
    "unacknowledge",
    "escalate",
    "deescalate",
    "pending",
    "firing",
    "resolved",
)


@dataclass(slots=True)
class _Occurrence:
    owner: str | None = None
    owner_before: str | None = None
    level: int = 0
    kinds: list[str] = field(default_factory=list)


def contradictions(path: Path) -> list[str]:
    """Return what cannot have happened: two winners, lost or doubled changes, torn transactions."""
    store = sqlite3.connect(path)
    try:
        wrong = [f"integrity: {row[0]}" for row in store.execute("PRAGMA integrity_check")]
        wrong = [] if wrong == ["integrity: ok"] else wrong
        wrong += [f"foreign key: {row}" for row in store.execute("PRAGMA foreign_key_check")]
        replayed = _replay(store, wrong)
        rows = store.execute(
            "SELECT id, acknowledged_by, level, fingerprint, occurrence, resolved_at FROM alert"
        ).fetchall()
        for id, owner, level, *_ in rows:
            seen = replayed.get(id, _Occurrence())
            if (seen.owner, seen.level) != (owner, level):
                wrong.append(f"{id}: told {seen.owner}, {seen.level}; stored {owner}, {level}")
            for kind in ("firing", "resolved"):
                if seen.kinds.count(kind) > 1:
                    wrong.append(f"{id}: {kind} told {seen.kinds.count(kind)} times")
        open_ones = [row[3] for row in rows if row[5] is None]
        if len(open_ones) != len(set(open_ones)):
            wrong.append("an alert is open twice")
        wrong += _numbering(store)
        return wrong
    finally:
        store.close()


def texts(path: Path) -> list[str]:
    """Return the text of every timeline entry."""
    store = sqlite3.connect(path)
    try:
        return [text for (text,) in store.execute("SELECT text FROM entry")]
    finally:
        store.close()


def steps_by_operation(path: Path) -> dict[str, int]:
    """Return how many changes each operation of a person made."""
    store = sqlite3.connect(path)
    try:
        return dict(
            store.execute(
                "SELECT operation, count(*) FROM entry WHERE before IS NOT NULL GROUP BY operation"
            ).fetchall()
        )
    finally:
        store.close()


def _replay(store: sqlite3.Connection, wrong: list[str]) -> dict[str, _Occurrence]:
    found: dict[str, _Occurrence] = {}
    for id, author, kind, text, before in store.execute(
        "SELECT alert, author, kind, text, before FROM entry WHERE alert IS NOT NULL ORDER BY id"
    ):
        if kind not in _WATCHED:
            continue
        seen = found.setdefault(id, _Occurrence())
        seen.kinds.append(kind)
        undid = text.startswith("undid: ")
        if kind == "acknowledge":
            if seen.owner is not None:
                wrong.append(f"{id}: {author} took what {seen.owner} had")
            seen.owner = seen.owner_before if undid else author
        elif kind == "unacknowledge":
            if seen.owner is None:
                wrong.append(f"{id}: {author} gave back what nobody had")
            seen.owner_before, seen.owner = seen.owner, None
        elif kind in ("escalate", "deescalate"):
            _move(id, author, text, json.loads(before) if before else None, seen, wrong)
    return found


def _move(
    id: str,
    author: str,
    text: str,
    before: dict[str, int] | None,
    seen: _Occurrence,
    wrong: list[str],
) -> None:
    back = _BACK_TO.search(text)
    if before is not None:
        if before["level"] != seen.level:
            wrong.append(f"{id}: {author} moved from {before['level']}, it was at {seen.level}")
        seen.level = before["to"]
    elif back is not None:
        seen.level = int(back[1])
    else:
        if seen.level != 0:
            wrong.append(f"{id}: paged a second time")
        seen.level = 1


def _numbering(store: sqlite3.Connection) -> list[str]:
    wrong = []
    for fingerprint, count, last in store.execute(
        "SELECT fingerprint, count(*), max(occurrence) FROM alert GROUP BY fingerprint"
    ):
        if count != last:
            wrong.append(f"{fingerprint}: {count} occurrences, numbered up to {last}")
    count, last = store.execute(
        "SELECT count(*), coalesce(max(number), 0) FROM incident"
    ).fetchone()
    if count != last:
        wrong.append(f"{count} incidents, numbered up to {last}")
    return wrong
