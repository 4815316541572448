"""The picture that every screen and command draws: the store at one moment, frozen, with ages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.alert import Alert
from opsdash.domain.incident import Incident
from opsdash.domain.indicator import Pane, Reading
from opsdash.domain.setup import Setup
from opsdash.domain.status import Status
from opsdash.domain.text import SafeText
from opsdash.domain.ticket import Ticket
from opsdash.domain.timeline import Entry


class SourceState(StrEnum):
    """Whether a source answered at the last try. `waiting` has not been asked yet."""

    OK = "ok"
    FAILING = "failing"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class SourceView:
    """How a source is: its state, the reason and since when, and its last success."""

    id: str
    kind: str
    state: SourceState
    since: datetime
    last_success: datetime | None = None
    interval: timedelta = timedelta(seconds=5)
    reason: SafeText | None = None


class EngineState(StrEnum):
    """Whether the engine that holds the lease is at work."""

    RUNNING = "running"
    DOWN = "down"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class EngineView:
    """The engine that holds, or last held, the lease."""

    state: EngineState
    holder: SafeText = SafeText("")
    epoch: int = 0
    heartbeat_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps the screen from being whole: what, why, since when."""

    id: str
    text: SafeText
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call on a schedule now, and until when."""

    schedule: str
    name: SafeText
    until: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One frozen picture of the store at `taken_at`.

    `as_of` is when the engine last finished a whole cycle. `alerts` are in the order of urgency,
    resolved ones last; `entries` maps an alert or incident id to its newest timeline entries,
    oldest first. `cursor` is where the next incremental picture starts from.
    """

    taken_at: datetime
    setup: Setup
    status: Status
    engine: EngineView
    panes: tuple[Pane, ...] = ()
    uptime: Reading | None = None
    users: Reading | None = None
    alerts: tuple[Alert, ...] = ()
    incidents: tuple[Incident, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    sources: tuple[SourceView, ...] = ()
    problems: tuple[Problem, ...] = ()
    on_call: tuple[OnCall, ...] = ()
    entries: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    as_of: datetime | None = None
    cursor: int = 0
