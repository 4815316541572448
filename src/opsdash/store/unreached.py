"""Whom the pages of a level have not reached: they were dropped before they left, and none came since."""

import sqlite3
from collections.abc import Iterable
from typing import Any

from opsdash.domain.frozen import dataclass

FROM_THERE = "it came from there"
"""The answer of what was dropped because its receiver knows it already: it was done there."""

_TRIGGERS = (
    "SELECT notifier, address, target, step, state, answer, bundle, created_at,"
    " sent_at FROM outbox WHERE key = ? AND kind = 'trigger' ORDER BY id"
)

_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """The receivers of a level's pages: those that know of it, and the targets behind the others."""

    known: frozenset[_Place]
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Trigger:
    notifier: str
    address: str
    target: str
    step: int
    state: str
    answer: str
    bundle: str | None
    created_at: int
    sent_at: int | None

    @property
    def place(self) -> _Place:
        return self.notifier, self.address


def reach_of(connection: sqlite3.Connection, key: str, steps: range) -> Reach:
    """Return whom the pages about `key` with these steps have reached or will, and whom they have not.

    What may have arrived, and was dropped since, counts as missed: twice is better than never.
    """
    told = [one for one in _triggers(connection, key) if one.step in steps]
    storms = {one.bundle: _triggers(connection, one.bundle) for one in told if one.bundle}
    known = frozenset(one.place for one in told if _reaches(one, storms.get(one.bundle or "", [])))
    missed = dict.fromkeys(one.target for one in told if one.place not in known)
    return Reach(known, tuple(missed))


def _reaches(one: _Trigger, storm: Iterable[_Trigger]) -> bool:
    """Whether a page has reached its receiver or will, by itself or by the one that stands for many."""
    if one.state == "bundled":
        # A storm's page that was accepted before this one was written told of others.
        return any(
            _reaches(other, ()) and (other.sent_at is None or other.sent_at >= one.created_at)
            for other in storm
            if other.place == one.place
        )
    return one.state != "dropped" or one.answer == FROM_THERE


def _triggers(connection: sqlite3.Connection, key: str) -> list[_Trigger]:
    rows: list[tuple[Any, ...]] = connection.execute(_TRIGGERS, (key,)).fetchall()
    return [_Trigger(*row) for row in rows]
