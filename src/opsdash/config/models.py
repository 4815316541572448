"""opsdash.toml as models: the whole of it, and the tables that are of no other subject."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from opsdash.config.escalation import PolicyTable
from opsdash.config.fields import (
    Duration,
    FileName,
    Query,
    Runbook,
    Table,
    Text,
    Threshold,
    Zone,
    between,
)
from opsdash.config.http import AlertmanagerTable, PrometheusTable
from opsdash.config.notify import HeartbeatTable, NotifierTable, PagingTable, WatchdogTable
from opsdash.config.oncall import OnCallTable
from opsdash.config.panes import HeaderTables, PaneTables
from opsdash.config.rota import PersonTable, ScheduleTable
from opsdash.domain.setup import Setup
from opsdash.plan import DEFAULT_JOBS

_REFRESH = between(timedelta(seconds=1), timedelta(hours=1), "from 1s to 1h")


class StoreTable(Table):
    """The store."""

    url: Annotated[str, Field(max_length=4096)] | None = None
    """Its address: `sqlite:///` and a path."""


class EngineTable(Table):
    """The engine."""

    autostart: bool = True
    """Whether a dashboard that finds no live engine starts one as its child."""


class SimulationTable(Table):
    """A simulated application in place of servers."""

    speed: Annotated[Threshold, Field(gt=0, le=10_000)] = 1.0
    """Seconds of its clock that pass in one second."""
    seed: Annotated[int, Field(ge=-(2**31), le=2**31 - 1)] = 1
    """Where its noise starts; the same seed tells the same story."""


class DeploymentsTable(Table):
    """How deployments and restarts are noticed in the metrics."""

    jobs: list[Text] = Field(default_factory=lambda: list(DEFAULT_JOBS))
    """The jobs whose versions and restarts are watched; none where empty."""
    version_query: Query | None = None
    """PromQL in place of the default: what runs, with the labels `job`, `instance` and `version`."""
    start_query: Query | None = None
    """PromQL in place of the default: when processes started, with the labels `job` and `instance`."""


class RepositoryTable(Table):
    """The git repository of a service, for the commits that a deployment brought."""

    service: Text
    """The service, as deployments name it."""
    path: FileName
    """The folder of a clone or bare repository on this host."""


class TerminalTable(Table):
    """How a dashboard calls the person before it."""

    bell: bool = True
    """Whether the bell rings when they are paged, or something critical begins to fire."""
    title: bool = True
    """Whether the terminal's title names it then."""
    osc9: bool = False
    """Whether the terminal is asked for a desktop notification (OSC 9)."""
    tmux: bool = False
    """Whether the tmux around it shows a message."""


class Config(Table):
    """The whole of opsdash.toml."""

    title: Text = "Payment App Production"
    """What the screen is headed with."""
    refresh: Annotated[Duration, _REFRESH] = timedelta(seconds=5)
    """How often the servers are asked."""
    timezone: Zone = "UTC"
    """The zone of the times on screen."""
    theme: Text = "night-shift"
    """The colours: a theme that ships, or the name of a file in `themes/` beside this one."""
    default_indicators: bool = True
    """Whether panes begin with the default indicators."""
    runbook: Runbook = ""
    """Where the runbooks are of alerts that name none, with `{alertname}` in its place."""
    rule_files: list[FileName] = Field(default_factory=list)
    """Prometheus rule files that opsdash evaluates: paths, or patterns as `rules/*.yml`."""
    store: StoreTable = Field(default_factory=StoreTable)
    """The store."""
    engine: EngineTable = Field(default_factory=EngineTable)
    """The engine."""
    prometheus: PrometheusTable | None = None
    """The Prometheus that indicators are read from."""
    alertmanager: AlertmanagerTable | None = None
    """The Alertmanagers that alerts are read from."""
    simulation: SimulationTable | None = None
    """A simulated application in place of both."""
    deployments: DeploymentsTable = Field(default_factory=DeploymentsTable)
    """How deployments and restarts are noticed."""
    repository: list[RepositoryTable] = Field(default_factory=list)
    """The git repositories of services."""
    header: HeaderTables = Field(default_factory=HeaderTables)
    """The header's figures."""
    pane: PaneTables = Field(default_factory=PaneTables)
    """The metric panes."""
    person: list[PersonTable] = Field(default_factory=list)
    """People."""
    schedule: list[ScheduleTable] = Field(default_factory=list)
    """On-call rotations."""
    oncall: OnCallTable = Field(default_factory=OnCallTable)
    """What the team is told of its rota."""
    escalation_policy: list[PolicyTable] = Field(default_factory=list)
    """Escalation policies; alerts follow the first."""
    notifier: list[NotifierTable] = Field(default_factory=list)
    """What pages are sent by."""
    paging: PagingTable = Field(default_factory=PagingTable)
    """When pages are sent, together, again, and by another way."""
    watchdog: WatchdogTable | None = None
    """The alert that must always fire."""
    heartbeat: HeartbeatTable | None = None
    """An address that is called after every whole cycle."""
    terminal: TerminalTable = Field(default_factory=TerminalTable)
    """How dashboards call the person before them."""
    keys: dict[str, str] = Field(default_factory=dict)
    """Keys by action."""

    def setup(self) -> Setup:
        """Return the configuration in the field's nouns."""
        from opsdash.config.build import setup_of

        return setup_of(self)
