"""What an engine knows of silences, and what it asks of Alertmanager about them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from opsdash.domain.silence import Muting, Silence
from opsdash.domain.silence_sync import Task
from opsdash.engine.poll import Poll

Found = Mapping[str, Silence]


class Silencer(Protocol):
    """Where silences are kept besides the store."""

    id: str

    async def load(self, now: datetime) -> Found:
        """Return every silence there by its id, the same mapping while nothing changes."""
        ...

    async def do(self, task: Task, now: datetime) -> str:
        """Do one thing and return the id that the silence has there; raise RemoteError."""
        ...


@dataclass(slots=True)
class Silencing:
    """What one engine knows of silences. `muting` are those that count at this moment.

    `mark` is the change number of the silences that it was made from, `under_way` what is being
    asked of the silencer, by silence and id there. `pauses` is until when, in monotonic seconds,
    what was refused is not asked again, and how often it was.
    """

    silencer: Silencer | None = None
    muting: Muting = field(default_factory=Muting)
    mark: int = -1
    known: tuple[Silence, ...] = ()
    poll: Poll[Found] | None = None
    found: Found | None = None
    planned_mark: int = -1
    settled_at: datetime | None = None
    under_way: dict[tuple[str, str | None], tuple[Task, asyncio.Future[str]]] = field(
        default_factory=dict
    )
    pauses: dict[tuple[str, int], tuple[float, int]] = field(default_factory=dict)
