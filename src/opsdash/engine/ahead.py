"""The first reads of metrics, on their way before the rest of the engine is imported.

That takes as long as answers travel. What they come to is recorded by the lease's holder alone, in
its first beat; `metrics.drop_ahead` ends them where another engine has it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

from opsdash.domain.companion import with_companions
from opsdash.domain.sample import Answer
from opsdash.domain.setup import Setup
from opsdash.engine.poll import Poll
from opsdash.sources.source import MetricSource
from opsdash.store.summary import is_led

LEAVES_WITHIN = 0.05
"""Seconds that a question is given to leave: an import in between would hold it up."""


@runtime_checkable
class Remote(Protocol):
    """A source whose questions travel."""

    @property
    def asked(self) -> asyncio.Event:
        """Set once a question has gone out."""
        ...


class Ahead(NamedTuple):
    """Sources of metrics that are open, and the reads of them that have begun."""

    sources: tuple[MetricSource, ...] = ()
    polls: tuple[Poll[dict[str, Answer]], ...] = ()


def poll(source: MetricSource, setup: Setup) -> Poll[dict[str, Answer]]:
    """Return the poll that reads every indicator of `setup`, and what goes with it, from `source`."""
    asked = with_companions(setup.indicators)

    async def read(now: datetime) -> dict[str, Answer]:
        return dict(await source.read(asked, now))

    return Poll(source.id, source.kind, setup.refresh, read)


async def read_ahead(
    sources: Sequence[MetricSource], setup: Setup, store: Path, now: datetime, moment: float
) -> Ahead:
    """Begin to read where no engine leads the store: who will stand by asks nothing.

    `moment` is in monotonic seconds.
    """
    if not sources or is_led(store, now) is not False:
        return Ahead(tuple(sources))
    polls = tuple(poll(source, setup) for source in sources)
    for source, one in zip(sources, polls, strict=True):
        one.begin(now, moment)
        if isinstance(source, Remote) and one.task is not None:
            await _leave(source, one.task)
    return Ahead(tuple(sources), polls)


async def _leave(source: Remote, reading: asyncio.Future[dict[str, Answer]]) -> None:
    left = asyncio.ensure_future(source.asked.wait())
    waits: set[asyncio.Future[Any]] = {left, reading}
    await asyncio.wait(waits, timeout=LEAVES_WITHIN, return_when=asyncio.FIRST_COMPLETED)
    left.cancel()
