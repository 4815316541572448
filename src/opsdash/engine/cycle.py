"""The loop: the engine beats once a second, or as soon as a read ends, and does what is due.

No step sleeps, so nothing is lost when the process is stopped, killed or superseded: all that is
pending is a row in the store, compared with the clock at the next beat, here or elsewhere.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable

from opsdash.engine import metrics, tend, watch
from opsdash.engine.engine import Engine
from opsdash.store import alerts, engine, lease, readings
from opsdash.store.errors import StoreError, StoreReplaced

log = logging.getLogger("opsdash.engine")

BEAT = 1.0
"""Seconds between beats at the most."""

STEPS: tuple[Callable[[Engine], Awaitable[None]], ...] = (
    tend.renew_lease,
    tend.take_requests,
    metrics.read_metrics,
    watch.read_alerts,
    watch.tell_story,
    tend.keep_on_call,
    tend.renew_lease,
    metrics.fill_series,
    metrics.read_compared,
    tend.prune,
    tend.checkpoint,
)
"""The engine's work at each beat, in order."""


async def run(engine_: Engine, stop: asyncio.Event) -> None:
    """Beat until `stop` is set, then give the lease back.

    Raises StoreReplaced when the store's file is taken away: what is written then is lost.
    """
    try:
        while not stop.is_set():
            try:
                await _beat(engine_)
            except lease.LeaseLost:
                log.warning("another engine took the lease: standing by")
                await _stand_down(engine_)
            except StoreReplaced:
                raise
            except StoreError as error:
                log.error("%s", error)
            await _rest(engine_, stop)
    finally:
        await _stand_down(engine_)
        for source in engine_.sources:
            await source.close()


async def _beat(engine_: Engine) -> None:
    if engine_.epoch is None and not await _take_lease(engine_):
        return
    for step in STEPS:
        await step(engine_)


async def _take_lease(engine_: Engine) -> bool:
    """Become the engine that acts, if nobody is; start from what the store holds."""
    epoch = await engine_.store.write(_begin, engine_)
    if epoch is None:
        return False
    log.info("holding the lease, epoch %d", epoch)
    engine_.due.clear()
    engine_.told_until = None
    engine_.sights = {source.id: None for source in engine_.alert_sources}
    engine_.metric_polls = [metrics.poll(s, engine_.setup) for s in engine_.metric_sources]
    engine_.compare_polls = [metrics.compare_poll(s, engine_.setup) for s in engine_.metric_sources]
    engine_.series_polls = [metrics.series_poll(s, engine_) for s in engine_.metric_sources]
    engine_.alert_polls = [watch.poll(s, engine_.setup) for s in engine_.alert_sources]
    engine_.open_alerts = await engine_.store.read(alerts.load_open)
    now = engine_.clock.now()
    engine_.unfilled = await engine_.store.read(metrics.missing_since, engine_.setup, now)
    engine_.epoch = epoch
    return True


def _begin(connection: sqlite3.Connection, engine_: Engine) -> int | None:
    now = engine_.clock.now()
    epoch = lease.take(connection, engine_.holder, now)
    if epoch is None:
        return None
    engine.save_setup(connection, engine_.setup, now)
    engine.forget_other_sources(connection, [source.id for source in engine_.sources])
    readings.forget_others(connection, [i.id for i in engine_.setup.indicators])
    return epoch


async def _stand_down(engine_: Engine) -> None:
    for poll in engine_.polls:
        await poll.cancel()
    held, engine_.epoch = engine_.epoch, None
    if held is not None:
        with contextlib.suppress(StoreError):
            await engine_.store.write(lease.release, held)


async def _rest(engine_: Engine, stop: asyncio.Event) -> None:
    """Wait for the next thing that is due, a read that ends, or the end."""
    moment = engine_.clock.monotonic()
    polls = engine_.refresh_polls if engine_.epoch is not None else ()
    idle = [poll.due for poll in polls if poll.task is None]
    pause = min(max(min(idle, default=moment + BEAT) - moment, 0.01), BEAT)
    stopped = asyncio.ensure_future(stop.wait())
    waits: set[asyncio.Future[object]] = {stopped}  # type: ignore[arg-type]
    waits.update(poll.task for poll in engine_.polls if poll.task is not None)
    try:
        await asyncio.wait(waits, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
