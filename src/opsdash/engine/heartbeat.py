"""The outgoing heartbeat: an outside service is called after each whole cycle, and misses us otherwise.

It is only sent by an engine that could page: its cycle is whole and fresh, the store takes writes,
and nothing in the outbox is past its deadline.
"""

import asyncio
from datetime import timedelta

from opsdash.engine.engine import Engine, Heartbeat
from opsdash.http.errors import RemoteError
from opsdash.store import outbox


async def send_heartbeat(engine_: Engine) -> None:
    """Call the outside service if it is time and this engine can page."""
    heart = engine_.heartbeat
    if heart is None:
        return
    _note_outcome(engine_, heart)
    free = heart.task is None and await _can_page(engine_)
    if free and engine_.is_due("heartbeat", heart.every.total_seconds()):
        heart.task = asyncio.ensure_future(heart.call())


async def cancel(engine_: Engine) -> None:
    """End a call under way: who does not act says nothing to the outside."""
    heart = engine_.heartbeat
    if heart is None or heart.task is None:
        return
    heart.task.cancel()
    await asyncio.gather(heart.task, return_exceptions=True)
    heart.task = None


def _note_outcome(engine_: Engine, heart: Heartbeat) -> None:
    task = heart.task
    if task is None or not task.done():
        return
    heart.task = None
    moment = engine_.clock.monotonic()
    try:
        task.result()
    except RemoteError as error:
        engine_.complaints.say("heartbeat", f"heartbeat: {error.reason}", moment)
    except Exception as error:  # whatever it is, the outside service now misses us, as it should
        engine_.complaints.say("heartbeat", f"heartbeat: {type(error).__name__}", moment)
    else:
        engine_.complaints.over("heartbeat", moment)


async def _can_page(engine_: Engine) -> bool:
    whole, now = engine_.cycle_at, engine_.clock.now()
    if whole is None or now - whole > max(4 * engine_.setup.refresh, timedelta(seconds=30)):
        return False
    waiting = await engine_.store.read(outbox.load_waiting)
    return not any(now >= letter.deadline_at for letter in waiting)
