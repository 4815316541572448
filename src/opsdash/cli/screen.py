"""The screen's process: its two connections to the store, the app, and the child engine it may need."""

import asyncio
import contextlib
from pathlib import Path

from opsdash.cli.child import ChildEngine
from opsdash.domain.timeline import Actor
from opsdash.plan import Plan
from opsdash.runtime import now
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.store import lease
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError
from opsdash.store.session import Store, open_store
from opsdash.ui.app import OpsdashApp
from opsdash.ui.live import StoreFeed, StoreHand
from opsdash.ui.preferences import preferences_of

LOOK_EVERY = 5.0
"""Seconds between looks at whether an engine is alive."""


def run_screen(plan: Plan, connection: Connection, child: ChildEngine, actor: Actor) -> int:
    """Run the dashboard until the person quits; return the exit status."""
    # The last known state is on the first frame, before anything is awaited.
    first = connection.read(take_snapshot, now())
    connection.close()
    return asyncio.run(_run(plan, first, child, actor))


async def _run(plan: Plan, first: Snapshot, child: ChildEngine, actor: Actor) -> int:
    path = Path(plan.store_path)
    # A connection never sees its own commits as a change: what the hand writes, the feed must notice.
    reading, acting = await open_store(path), await open_store(path)
    app = OpsdashApp(
        StoreFeed(reading, now),
        StoreHand(acting, actor, now),
        preferences_of(plan.setup, Path(plan.config_path).parent / "themes"),
        clock=now,
        first=first,
    )
    keeping = asyncio.ensure_future(_keep_engine(plan, reading, child))
    try:
        await app.run_async()
    finally:
        keeping.cancel()
        for store in (reading, acting):
            with contextlib.suppress(StoreError):
                await store.close()
    return app.return_code or 0


async def _keep_engine(plan: Plan, store: Store, child: ChildEngine) -> None:
    """Start an engine of our own when the one that acted is gone and nobody else's took over."""
    while plan.engine.autostart:
        await asyncio.sleep(LOOK_EVERY)
        with contextlib.suppress(StoreError):
            held = await store.read(lease.find)
            if (held is None or held.expires_at <= now()) and not child.alive():
                child.start()
