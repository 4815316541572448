"""The step that notes when a source begins and when it ceases to show an alert."""

import sqlite3
from collections.abc import Sequence, Set

from opsdash.engine import tend
from opsdash.engine.engine import Engine
from opsdash.store import lease, sightings

AT_ONCE = 1000
"""Sightings written in one transaction."""


async def note_sightings(engine_: Engine) -> None:
    """Write what each source shows that it did not before, and what it shows no more.

    A read that shows the same changes nothing, and costs nothing.
    """
    for id, sight in engine_.sights.items():
        if sight is None or sight.observations is engine_.sighted.get(id):
            continue
        seen = engine_.sighted.get(id)
        known: Set[str] = (
            await engine_.store.read(sightings.showing, id) if seen is None else seen.keys()
        )
        begun = [name for name in sight.observations if name not in known]
        ended = [name for name in known if name not in sight.observations]
        for part in _parts(begun, ended):
            await engine_.store.write(_note, engine_.held, id, *part)
            if len(begun) + len(ended) > AT_ONCE:
                await tend.renew_lease(engine_)
        engine_.sighted[id] = sight.observations


def begin(engine_: Engine) -> None:
    """Start from what the store holds, as the lease's new holder."""
    engine_.sighted = {}


def _parts(begun: Sequence[str], ended: Sequence[str]) -> list[tuple[Sequence[str], Sequence[str]]]:
    found: list[tuple[Sequence[str], Sequence[str]]] = []
    for start in range(0, max(len(begun), len(ended)), AT_ONCE):
        end = start + AT_ONCE
        found.append((begun[start:end], ended[start:end]))
    return found


def _note(
    connection: sqlite3.Connection,
    epoch: int,
    source: str,
    begun: Sequence[str],
    ended: Sequence[str],
) -> None:
    lease.require(connection, epoch)
    sightings.note(connection, source, begun, ended)
