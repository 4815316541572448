"""The step of silences: what they hide from this beat on, and Alertmanager brought along.

A silence counts here from the moment it is in the store, whether Alertmanager has heard of it or
not; what keeps it from there is shown beside it and tried again.
"""

import asyncio
import logging
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from opsdash.domain.silence import Muting, Silence
from opsdash.domain.silence_sync import Plan, Task, plan
from opsdash.domain.text import SafeText, clean
from opsdash.engine.engine import Engine
from opsdash.engine.poll import Poll
from opsdash.engine.silencer import Found, Silencer, Silencing
from opsdash.http.errors import RemoteError
from opsdash.store import changes, lease, silences

log = logging.getLogger("opsdash.engine")

REMEMBERED = timedelta(days=1)
"""How long after its end a silence is still known by name to what it hid."""

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 60.0
"""Seconds between tries of what Alertmanager refuses: doubling from the first to the longest."""


async def begin(engine_: Engine) -> None:
    """Start from what the store holds."""
    state = engine_.silencing
    state.found, state.planned_mark, state.settled_at = None, -1, None
    state.pauses.clear()
    if state.silencer is not None:
        load = state.silencer.load
        state.poll = Poll(state.silencer.id, "silences", engine_.setup.refresh, load)
    await _reload(engine_)


async def keep_silences(engine_: Engine) -> None:
    """Follow what people silenced, what begins and ends by the clock, and what Alertmanager has."""
    await follow(engine_, engine_.counters["silence"])
    state = engine_.silencing
    if state.silencer is not None and state.poll is not None:
        await _settle_ended(engine_)
        await _synchronise(engine_, state.silencer, state.poll)


async def follow(engine_: Engine, mark: int) -> None:
    """Look anew at what is silenced where people changed it, or a silence has begun or ended.

    `mark` is the counter of silences in the store.
    """
    state = engine_.silencing
    changes_at = state.muting.changes_at
    if mark != state.mark or (changes_at is not None and engine_.clock.now() >= changes_at):
        await _reload(engine_)
        engine_.unfollowed = True


async def cancel(engine_: Engine) -> None:
    """End what is under way; it is found by its mark, or done again, by the next holder."""
    state = engine_.silencing
    tasks = [future for _, future in state.under_way.values()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    state.under_way.clear()


async def _reload(engine_: Engine) -> None:
    now = engine_.clock.now()
    state = engine_.silencing
    state.mark, state.known = await engine_.store.read(_load, now)
    state.muting = Muting(state.known, now)
    moment = engine_.clock.monotonic()
    waits = [s for s in state.known if s.synced < s.revision and not _paused(state, s, moment)]
    if state.poll is not None and waits:
        state.poll.hasten()


def _load(connection: sqlite3.Connection, now: datetime) -> tuple[int, tuple[Silence, ...]]:
    since = now - REMEMBERED
    return changes.count(connection, "silence"), silences.load_since(connection, since)


def _paused(state: Silencing, silence: Silence, moment: float) -> bool:
    return moment < state.pauses.get((silence.id, silence.revision), (0.0, 0))[0]


async def _synchronise(engine_: Engine, silencer: Silencer, poll: Poll[Found]) -> None:
    """Begin the next read, and do what follows from the one that ended."""
    state, moment = engine_.silencing, engine_.clock.monotonic()
    result = poll.collect(moment)
    poll.begin(engine_.clock.now(), moment)
    if result is None:
        return
    if result.value is None:
        reason = result.reason or SafeText("no answer")
        await _note_pending(engine_, reason)
        return
    if state.settled_at is not None and result.begun_at <= state.settled_at:
        # It was read before the last change was made, and does not know of it.
        return
    waits = any(s.synced < s.revision for s in state.known)
    if result.value is state.found and state.mark == state.planned_mark and not waits:
        return
    now = engine_.clock.now()
    found = await engine_.store.write(_follow, engine_.held, result.value, now)
    state.found, state.planned_mark = result.value, state.mark
    for task in found.tasks:
        key = (task.silence.id, task.remote)
        if key not in state.under_way and not _paused(state, task.silence, moment):
            state.under_way[key] = (task, asyncio.ensure_future(silencer.do(task, now)))


def _follow(connection: sqlite3.Connection, epoch: int, found: Found, now: datetime) -> Plan:
    lease.require(connection, epoch)
    own = silences.load_marked(connection, now - REMEMBERED)
    decided = plan(own, silences.load_mirrored(connection), found, now)
    for silence in decided.save:
        silences.save(connection, silence)
    if decided.forget:
        silences.forget(connection, decided.forget)
    return decided


async def _settle_ended(engine_: Engine) -> None:
    state, now = engine_.silencing, engine_.clock.now()
    for key, (task, future) in list(state.under_way.items()):
        if not future.done():
            continue
        remote, error = _outcome(future)
        place = (task.silence.id, task.silence.revision)
        if error is not None:
            _, tries = state.pauses.get(place, (0.0, 0))
            pause = min(FIRST_PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE)
            state.pauses[place] = (engine_.clock.monotonic() + pause, tries + 1)
            log.warning("silence %s: %s", task.silence.id, error)
        else:
            state.pauses.pop(place, None)
        await engine_.store.write(_settle, engine_.held, task, remote, error, now)
        # Forgotten only once it is written: a locked store must not make it be done twice.
        del state.under_way[key]
        state.settled_at = now
        if state.poll is not None:
            state.poll.hasten()


def _outcome(future: asyncio.Future[str]) -> tuple[str, SafeText | None]:
    try:
        return future.result(), None
    except RemoteError as error:
        return "", error.reason
    except Exception as error:  # a bug in the silencer is not the engine's end
        return "", clean(f"failed unexpectedly: {type(error).__name__}", 200)


def _settle(
    connection: sqlite3.Connection,
    epoch: int,
    task: Task,
    remote: str,
    error: SafeText | None,
    now: datetime,
) -> None:
    lease.require(connection, epoch)
    current = silences.load(connection, task.silence.id)
    if current is None:
        return
    if error is not None:
        _note_error(connection, current, error, now)
        return
    if not task.end:
        current = replace(current, remote=remote)
        synced = max(current.synced, task.silence.revision)
        silences.save(connection, replace(current, synced=synced, error=None, error_since=None))


async def _note_pending(engine_: Engine, reason: SafeText) -> None:
    """Say beside each silence that Alertmanager has yet to hear of why it has not."""
    waits = [s.id for s in engine_.silencing.known if s.synced < s.revision and s.error != reason]
    if waits:
        now = engine_.clock.now()
        await engine_.store.write(_note_all, engine_.held, waits, reason, now)


def _note_all(
    connection: sqlite3.Connection, epoch: int, ids: list[str], reason: SafeText, now: datetime
) -> None:
    lease.require(connection, epoch)
    for id in ids:
        current = silences.load(connection, id)
        if current is not None and current.synced < current.revision:
            _note_error(connection, current, reason, now)


def _note_error(
    connection: sqlite3.Connection, current: Silence, reason: SafeText, now: datetime
) -> None:
    if current.error != reason:
        since = current.error_since or now
        silences.save(connection, replace(current, error=reason, error_since=since))
