"""The reads of a refresh begin together: what ends together is recorded, and drawn, at once."""

import asyncio
from datetime import timedelta

from opsdash.domain.text import clean
from opsdash.engine.poll import Poll
from opsdash.http.errors import RemoteError
from tests.engine.world import START

EVERY = timedelta(seconds=4)


async def _ok(_: object) -> int:
    return 1


async def _fail(_: object) -> int:
    raise RemoteError(clean("refused"))


async def _read(poll: Poll[int], moment: float) -> None:
    poll.begin(START, moment)
    assert poll.task is not None
    await asyncio.wait({poll.task})
    poll.collect(moment)


async def test_a_read_that_is_nearly_due_goes_along() -> None:
    """Half an interval early at the most, so that no source is asked twice as often."""
    near, far = Poll("near", "k", EVERY, _ok), Poll("far", "k", EVERY, _ok)
    await _read(near, 10.0)
    await _read(far, 11.0)
    near.join(12.0)
    far.join(12.0)
    assert (near.due, far.due) == (12.0, 15.0)


async def test_a_source_that_fails_keeps_its_pause() -> None:
    """What backs off is left alone, whoever else is asked."""
    poll = Poll("failing", "k", EVERY, _fail)
    await _read(poll, 10.0)
    pause = poll.due
    poll.join(pause - 1.0)
    assert poll.due == pause


async def test_a_read_under_way_is_not_followed_at_once_by_another() -> None:
    """A slow server is asked no sooner because others are due while it answers."""
    ended = asyncio.Event()

    async def slow(_: object) -> int:
        await ended.wait()
        return 1

    poll = Poll("slow", "k", EVERY, slow)
    poll.begin(START, 10.0)
    poll.join(13.0)
    assert poll.due == 14.0
    await poll.cancel()
