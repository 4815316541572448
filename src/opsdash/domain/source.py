"""How the sources and the engine are: what tells quiet from blind."""

from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


class SourceState(StrEnum):
    """Whether a source answered at the last try. `waiting` has not been asked yet."""

    OK = "ok"
    FAILING = "failing"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class SourceView:
    """How a source is: its state, the reason and since when, its last success, how many reads had one."""

    id: str
    kind: str
    state: SourceState
    since: datetime
    last_success: datetime | None = None
    interval: timedelta = timedelta(seconds=5)
    reason: SafeText | None = None
    reads: int = 0


class EngineState(StrEnum):
    """Whether the engine that holds the lease is at work."""

    RUNNING = "running"
    DOWN = "down"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class EngineView:
    """The engine that holds, or last held, the lease.

    `starting_until` is up to when another, just started, may still need to begin its work.
    """

    state: EngineState
    holder: SafeText = SafeText("")
    epoch: int = 0
    heartbeat_at: datetime | None = None
    starting_until: datetime | None = None
