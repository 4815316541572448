"""The step that mirrors how the rules of sources stand, for the rules screen."""

import sqlite3
from dataclasses import replace
from typing import Protocol, runtime_checkable

from opsdash.domain.rules.view import RuleView
from opsdash.engine.engine import Engine
from opsdash.store import foreign_rules, lease

LOOK_EVERY = 5.0
"""Seconds between looks at whether a rule stands otherwise."""

WRITE_EVERY = 60.0
"""Seconds after which moments of evaluation are written though nothing else has changed."""


@runtime_checkable
class Ruled(Protocol):
    """A source that evaluates rules itself."""

    id: str
    rules: tuple[RuleView, ...]


async def mirror_rules(engine_: Engine) -> None:
    """Write how the rules of each source stand, where that is news or has not been for a while."""
    if not engine_.is_due("foreign rules", LOOK_EVERY):
        return
    # One that has not answered yet has none to tell of: what the store holds of it stays.
    sources = [
        source
        for source in engine_.alert_sources
        if isinstance(source, Ruled) and engine_.sights.get(source.id) is not None
    ]
    again = engine_.is_due("foreign rules written", WRITE_EVERY)
    for source in sources:
        seen = tuple(_essence(view) for view in source.rules)
        if again or engine_.rules_seen.get(source.id) != seen:
            await engine_.store.write(_save, engine_.held, source.id, source.rules)
            engine_.rules_seen[source.id] = seen
    if again:
        known = tuple(source.id for source in engine_.alert_sources)
        await engine_.store.write(_keep, engine_.held, known)


def _essence(view: RuleView) -> RuleView:
    """A rule without what changes at each evaluation."""
    return replace(view, evaluated_at=None, duration=None, value=None)


def _save(
    connection: sqlite3.Connection, epoch: int, source: str, views: tuple[RuleView, ...]
) -> None:
    lease.require(connection, epoch)
    foreign_rules.save(connection, source, views)


def _keep(connection: sqlite3.Connection, epoch: int, sources: tuple[str, ...]) -> None:
    lease.require(connection, epoch)
    foreign_rules.keep_only(connection, sources)
