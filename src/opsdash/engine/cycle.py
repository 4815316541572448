"""The loop: the engine beats once a second, or as soon as a read ends, and does what is due.

No step sleeps, so nothing is lost when the process is stopped, killed or superseded: all that is
pending is a row in the store, compared with the clock at the next beat, here or elsewhere.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta

from opsdash.domain.span import format_span
from opsdash.engine import (
    audit,
    calendars,
    change_events,
    climb,
    deployments,
    feeds,
    foreign,
    handoffs,
    heartbeat,
    metrics,
    mirror,
    own_rules,
    publish,
    relay,
    sightings,
    silences,
    stopgap,
    story,
    systemd,
    tend,
    waking,
    watch,
)
from opsdash.engine.engine import Engine
from opsdash.store import changes, engine, lease, outbox, readings
from opsdash.store.errors import StoreError, StoreReplaced

log = logging.getLogger("opsdash.engine")

BEAT = 1.0
"""Seconds between beats at the most."""

PAUSE = timedelta(seconds=15)
"""A gap between two beats after which what was asked before it is asked again: a stopped process, a
suspended host."""

_CLOSE_PATIENCE = 2.0

STEPS: tuple[Callable[[Engine], Awaitable[None]], ...] = (
    tend.renew_lease,
    waking.tell_sleep,
    stopgap.catch_up,
    tend.take_requests,
    calendars.read_calendars,
    feeds.read_feeds,
    metrics.read_metrics,
    deployments.notice_deployments,
    own_rules.evaluate_rules,
    silences.keep_silences,
    watch.read_alerts,
    sightings.note_sightings,
    foreign.mirror_rules,
    story.tell_story,
    mirror.mirror,
    climb.climb,
    relay.relay,
    relay.repeat,
    tend.keep_on_call,
    handoffs.tell_handoffs,
    publish.publish_week,
    tend.renew_lease,
    metrics.fill_series,
    metrics.read_compared,
    deployments.read_commits,
    change_events.tell_deployments,
    audit.audit,
    heartbeat.send_heartbeat,
    systemd.feed_watchdog,
    tend.prune,
    tend.checkpoint,
)
"""The engine's work at each beat, in order."""


async def run(engine_: Engine, stop: asyncio.Event) -> None:
    """Beat until `stop` is set, then give the lease back.

    A store that cannot be used is waited for. Raises StoreReplaced when its file is taken away:
    what is written then is lost, and only a new process can open the new one.
    """
    try:
        while not stop.is_set():
            healthy = await beat(engine_)
            if engine_.epoch is None:
                await metrics.drop_ahead(engine_)
            await _rest(engine_, stop, healthy)
    finally:
        await _stand_down(engine_)
        for source in engine_.sources:
            # A source that hangs or fails at its end must not keep the others from theirs.
            with contextlib.suppress(Exception):
                await asyncio.wait_for(source.close(), _CLOSE_PATIENCE)
        heart, told = engine_.heartbeat, engine_.publishing
        closing = [notifier.close for notifier in engine_.notifiers.values()]
        closing += [told.board.close] if told else []
        closing += [feed.reader.close for feed in engine_.feeds]
        for close in (*closing, heart.close if heart else None):
            with contextlib.suppress(Exception):
                if close is not None:
                    await asyncio.wait_for(close(), _CLOSE_PATIENCE)


async def beat(engine_: Engine) -> bool:
    """Do once what is due; return whether the store took it. Raises StoreReplaced alone."""
    moment = engine_.beaten = engine_.clock.monotonic()
    waking.notice(engine_)
    try:
        # A standby only reads, and would read an orphaned file for ever.
        engine_.counters = await engine_.store.look(changes.counters)
        if engine_.epoch is not None or await _take_lease(engine_):
            await _notice_pause(engine_)
            _join_refresh(engine_, moment)
            for step in STEPS:
                await _do(engine_, step)
    except lease.LeaseLost:
        log.warning("another engine took the lease: standing by")
        await _stand_down(engine_)
    except StoreReplaced:
        raise
    except StoreError as error:
        # Whether the write that failed is in the store is unknown until it is looked at again.
        engine_.mirror_whole = False
        engine_.complaints.say("store", str(error), moment)
        await _carry_on(engine_, error)
        return False
    engine_.complaints.over("store", moment)
    return True


async def _do(engine_: Engine, step: Callable[[Engine], Awaitable[None]]) -> None:
    """Do one step; a bug in it must not keep the others from theirs."""
    try:
        await step(engine_)
    except (lease.LeaseLost, StoreError):
        raise
    except Exception as error:
        engine_.mirror_whole = False
        text = f"a bug: {type(error).__name__}"
        engine_.complaints.say(step.__name__, text, engine_.clock.monotonic(), trace=True)
    else:
        engine_.complaints.over(step.__name__, engine_.clock.monotonic())


async def _carry_on(engine_: Engine, refusal: StoreError) -> None:
    """Page from memory where the store takes no writes, as long as nobody else has the lease."""
    try:
        await stopgap.carry_on(engine_, refusal)
    except lease.LeaseLost:
        log.warning("another engine took the lease: standing by")
        await _stand_down(engine_)
    except StoreReplaced:
        raise
    except Exception as error:
        trace = not isinstance(error, StoreError)
        said = str(error) if isinstance(error, StoreError) else f"a bug: {type(error).__name__}"
        text = f"nobody can be paged: {said}"
        engine_.complaints.say("stopgap", text, engine_.clock.monotonic(), trace=trace)
    else:
        engine_.complaints.over("stopgap", engine_.clock.monotonic())


async def _notice_pause(engine_: Engine) -> None:
    """Ask everything anew after a time asleep: answers from before it are not news (A8)."""
    now, moment = engine_.clock.now(), engine_.clock.monotonic()
    before, engine_.beat_at = engine_.beat_at, (now, moment)
    if before is None:
        return
    wall, steady = now - before[0], timedelta(seconds=moment - before[1])
    if max(abs(wall), steady) <= PAUSE:
        return
    log.warning(
        "nothing was done for %s: asking every source again", format_span(max(wall, steady))
    )
    for poll in engine_.polls:
        await poll.cancel()
        poll.hasten()
    watch.forget(engine_)
    own_rules.forget_clock(engine_)
    engine_.due.clear()
    climb.wait_for_sources(engine_)


def _join_refresh(engine_: Engine, moment: float) -> None:
    """Let all reads of a refresh begin at one beat: what ends together is recorded, and drawn, at once."""
    if any(one.task is None and one.due <= moment for one in engine_.refresh_polls):
        for one in engine_.refresh_polls:
            one.join(moment)


async def _take_lease(engine_: Engine) -> bool:
    """Become the engine that acts, if nobody is; start from what the store holds."""
    if not await engine_.store.read(lease.is_free, engine_.clock.now()):
        return False
    if not await stopgap.may_take_lease(engine_):
        return False
    await feeds.begin(engine_)
    epoch = await engine_.store.write(_begin, engine_)
    if epoch is None:
        return False
    log.info("holding the lease, epoch %d", epoch)
    engine_.due.clear()
    engine_.told_until = None
    engine_.metrics_read_at = None
    engine_.beat_at = None
    engine_.cycle_at = None
    engine_.metric_polls = metrics.polls(engine_)
    engine_.compare_polls = [metrics.compare_poll(s, engine_.setup) for s in engine_.metric_sources]
    engine_.series_polls = [metrics.series_poll(s, engine_) for s in engine_.metric_sources]
    engine_.alert_polls = [watch.poll(s, engine_.setup) for s in engine_.alert_sources]
    engine_.mirror_polls = mirror.polls(engine_)
    await watch.begin(engine_)
    sightings.begin(engine_)
    await silences.begin(engine_)
    await own_rules.begin(engine_, epoch)
    deployments.begin(engine_)
    publish.begin(engine_)
    now = engine_.clock.now()
    engine_.unfilled = await engine_.store.write(metrics.missing, epoch, engine_.setup, now)
    engine_.refreshes_asked = engine_.counters["refresh"]
    climb.begin(engine_)
    engine_.epoch = epoch
    return True


def _begin(connection: sqlite3.Connection, engine_: Engine) -> int | None:
    now = engine_.clock.now()
    epoch = lease.take(connection, engine_.holder, now)
    if epoch is None:
        return None
    engine.save_setup(connection, engine_.setup, now)
    own = [] if engine_.rules is None else [engine_.rules.id]
    engine.forget_other_sources(connection, [*(s.id for s in engine_.sources), *own])
    for source in engine_.sources:
        engine.await_source(connection, source.id, source.kind, now, engine_.setup.refresh)
    readings.forget_others(connection, [i.id for i in engine_.setup.indicators])
    outbox.release_others(connection, epoch)
    return epoch


async def _stand_down(engine_: Engine) -> None:
    held, engine_.epoch = engine_.epoch, None
    for poll in engine_.polls:
        await poll.cancel()
    await relay.cancel(engine_)
    await stopgap.cancel(engine_)
    await silences.cancel(engine_)
    await heartbeat.cancel(engine_)
    if held is not None:
        with contextlib.suppress(StoreError):
            await engine_.store.write(lease.release, held)


async def _rest(engine_: Engine, stop: asyncio.Event, healthy: bool) -> None:
    """Wait for the next thing that is due, a read that ends, or the end.

    After a failure only the time counts: a read that has ended stays uncollected, and must not turn
    the waiting into a spin.
    """
    moment = engine_.clock.monotonic()
    acting = healthy and engine_.epoch is not None
    due = (*engine_.refresh_polls, *engine_.rule_polls) if acting else ()
    idle = [poll.due for poll in due if poll.task is None]
    pause = min(max(min(idle, default=moment + BEAT) - moment, 0.01), BEAT)
    stopped = asyncio.ensure_future(stop.wait())
    waits: set[asyncio.Future[object]] = {stopped}  # type: ignore[arg-type]
    if acting:
        waits.update(engine_.under_way)
    try:
        await asyncio.wait(waits, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopped.cancel()
