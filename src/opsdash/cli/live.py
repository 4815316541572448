"""`status --live`: one look at the sources themselves and one evaluation of the rules, writing nothing that stays."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from opsdash.plan import Plan
from opsdash.runtime import RealClock, build_engine, now, open_rules
from opsdash.snapshot import Snapshot, take_snapshot

if TYPE_CHECKING:
    from opsdash.domain.rules.rule import RuleGroup
    from opsdash.engine.engine import Engine
    from opsdash.store.session import Store

PATIENCE = 6.0
"""Seconds to wait for all sources and rules: their own deadline and a little."""


def look(plan: Plan) -> Snapshot:
    """Return a snapshot made from the sources now; acknowledgements of the shared store are not in it."""
    return asyncio.run(_look(plan))


async def _look(plan: Plan) -> Snapshot:
    from opsdash.engine.cycle import run
    from opsdash.store.session import open_store

    clock = RealClock()
    with tempfile.TemporaryDirectory(prefix="opsdash-live-") as folder:
        store = await open_store(Path(folder) / "live.db", checkpoints=True)
        stop = asyncio.Event()
        engine = build_engine(plan, store, with_rules=False)
        trouble = await _add_rules(engine, plan)
        running = asyncio.ensure_future(run(engine, stop))
        deadline = clock.monotonic() + PATIENCE
        try:
            while clock.monotonic() < deadline and not running.done():
                if _is_whole(engine):
                    break
                await asyncio.sleep(0.05)
            await _warn(store, [trouble] if trouble else _unjudged(engine))
            return await store.read(take_snapshot, now())
        finally:
            stop.set()
            await running
            await store.close()


def _is_whole(engine: "Engine") -> bool:
    """Whether every source was read and every rule judged, and the picture has all of it."""
    read = [poll.ended_at is not None for poll in engine.refresh_polls]
    judged = [poll.evaluated for poll in engine.rule_polls]
    known = engine.rules is None or len(judged) == len(engine.rules.groups)
    return bool(read) and all(read) and all(judged) and known and not engine.behind


async def _add_rules(engine: "Engine", plan: Plan) -> str:
    """Give the engine its rules, and memories with which it asks for their past; say why it has none."""
    from opsdash.sources.rule_problem import RuleFileError

    try:
        engine.rules = open_rules(plan, tuple(engine.metric_sources))
    except RuleFileError as error:
        return f"no rule is judged: {error}"
    if engine.rules is not None:
        await engine.store.write(_seed, engine.rules.groups, now())
    return ""


def _seed(connection: sqlite3.Connection, groups: "Sequence[RuleGroup]", at: datetime) -> None:
    """Let each rule have been evaluated last before its `for` began: what lies between is asked for.

    One evaluation alone would show everything that fires as pending.
    """
    from opsdash.domain.rules.evaluate import OUTAGE_TOLERATED, Memory
    from opsdash.store import rules

    rules.keep_only(connection, groups, {})
    for group in groups:
        for rule in group.rules:
            back = rule.hold + rule.keep_firing_for + 3 * group.interval
            last = at - min(back, OUTAGE_TOLERATED - group.interval)
            rules.save(connection, rule.id, Memory(), Memory(at=last), timedelta(), 0)


def _unjudged(engine: "Engine") -> list[str]:
    """Name the groups of rules that have not answered in time."""
    late = [poll.group.name for poll in engine.rule_polls if not poll.evaluated]
    if not late:
        return []
    shown = ", ".join(late[:3]) + (f" and {len(late) - 3} more" if len(late) > 3 else "")
    return [f"not judged within {PATIENCE:g} s: {shown}"]


async def _warn(store: "Store", texts: Sequence[str]) -> None:
    from opsdash.store.engine import record_warnings

    if texts:
        await store.write(record_warnings, "live", texts, now())
