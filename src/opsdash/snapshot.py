"""The picture that every screen and command draws: the store at one moment, frozen, with ages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from opsdash.domain.alert import Alert
from opsdash.domain.incident import Incident
from opsdash.domain.indicator import Pane, Reading
from opsdash.domain.on_call import OnCall
from opsdash.domain.problem import Problem
from opsdash.domain.setup import Setup
from opsdash.domain.source import EngineState, EngineView, SourceState, SourceView
from opsdash.domain.status import Status
from opsdash.domain.ticket import Ticket
from opsdash.domain.timeline import Entry

__all__ = [
    "EngineState",
    "EngineView",
    "OnCall",
    "Problem",
    "Snapshot",
    "SourceState",
    "SourceView",
]


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
