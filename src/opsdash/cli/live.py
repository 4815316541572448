"""`status --live`: one look at the sources themselves, writing nothing that stays."""

import asyncio
import tempfile
from pathlib import Path

from opsdash.plan import Plan
from opsdash.runtime import RealClock, build_engine, now
from opsdash.snapshot import Snapshot, take_snapshot

PATIENCE = 6.0
"""Seconds to wait for all sources: their own deadline and a little."""


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
        running = asyncio.ensure_future(run(engine, stop))
        deadline = clock.monotonic() + PATIENCE
        try:
            while clock.monotonic() < deadline and not running.done():
                polls = engine.refresh_polls
                if polls and all(poll.ended_at is not None for poll in polls):
                    break
                await asyncio.sleep(0.05)
            return await store.read(take_snapshot, now())
        finally:
            stop.set()
            await running
            await store.close()
