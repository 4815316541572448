"""opsdash.toml as models: what each table may hold."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from opsdash.config.fields import (
    ClockTime,
    Duration,
    FileName,
    Id,
    MailAddress,
    Monday,
    Query,
    Reach,
    RemoteId,
    Runbook,
    SeverityName,
    Table,
    Text,
    Threshold,
    UnitName,
    Zone,
    between,
)
from opsdash.config.http import AlertmanagerTable, PrometheusTable
from opsdash.config.notify import HeartbeatTable, NotifierTable, PagingTable, WatchdogTable
from opsdash.config.oncall import (
    AcknowledgedTable,
    ConditionName,
    FeedTable,
    MatcherText,
    OnCallTable,
    WindowTable,
)
from opsdash.domain.escalation import Condition
from opsdash.domain.setup import Setup
from opsdash.plan import DEFAULT_JOBS

_REFRESH = between(timedelta(seconds=1), timedelta(hours=1), "from 1s to 1h")
_COMPARE = between(timedelta(minutes=1), timedelta(days=365), "from 1m to 365d")
_AFTER = between(timedelta(), timedelta(days=7), "from 0s to 7d")


class Adjustments(Table):
    """What a figure of a default may be given instead."""

    title: Text | None = None
    """What the screen calls it, short."""
    query: Query | None = None
    """PromQL whose first sample is the value."""
    warn: Threshold | None = None
    """The value beyond which it is a warning, in the unit."""
    crit: Threshold | None = None
    """The value beyond which it is critical, in the unit."""
    below: bool | None = None
    """Whether beyond means less; implied where `crit` is less than `warn`."""
    compare: Annotated[Duration, _COMPARE] | None = None
    """How long ago the value is compared with."""
    note: Annotated[str, Field(max_length=200)] | None = None
    """A remark for its detail."""
    alerts: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = None
    """The names of the alerts that its chart is shown with."""
    remove: bool = False
    """Whether to leave the default of this id out."""


class IndicatorTable(Adjustments):
    """One figure of a pane."""

    id: Id
    """Its name for the store and for commands, unique among all indicators."""
    unit: UnitName | None = None
    """The unit of the value."""
    investigate: bool | None = None
    """Whether it counts failures that people look into: its tile says how far they are."""


class PaneTables(Table):
    """The metric panes."""

    performance: list[IndicatorTable] = Field(default_factory=list)
    """Indicators of the performance pane."""
    infrastructure: list[IndicatorTable] = Field(default_factory=list)
    """Indicators of the infrastructure pane."""
    payments: list[IndicatorTable] = Field(default_factory=list)
    """Indicators of the payments pane."""


class HeaderTables(Table):
    """The header's figures."""

    uptime: Adjustments = Field(default_factory=Adjustments)
    """The uptime, a ratio."""
    users: Adjustments = Field(default_factory=Adjustments)
    """The active users, a count."""


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


class PersonTable(Table):
    """Someone who can be on call."""

    id: Id
    """The name by which schedules and policies know them."""
    name: Text
    """What the screen calls them."""
    expertise: list[Text] = Field(default_factory=list)
    """What to ask them about."""
    notify: list[Reach] = Field(default_factory=list)
    """What reaches them: notifiers, each with an address where it serves several."""
    email: MailAddress | None = None
    """Their address at PagerDuty, by which its schedules know them."""
    pagerduty: RemoteId | None = None
    """Their user id at PagerDuty, which counts in place of the address."""


class WeekTable(Table):
    """Who takes over on which day of one week; a day left out goes on with the shift before it."""

    mon: Id | None = None
    """Whose shift begins on Monday."""
    tue: Id | None = None
    """Whose shift begins on Tuesday."""
    wed: Id | None = None
    """Whose shift begins on Wednesday."""
    thu: Id | None = None
    """Whose shift begins on Thursday."""
    fri: Id | None = None
    """Whose shift begins on Friday."""
    sat: Id | None = None
    """Whose shift begins on Saturday."""
    sun: Id | None = None
    """Whose shift begins on Sunday."""


class LayerTable(FeedTable):
    """A rotation, a calendar, or shifts kept elsewhere, that lie over the rotation below them."""

    calendar: FileName | None = None
    """An iCalendar file whose events are its shifts, in place of weeks."""
    weeks: list[WeekTable] = Field(default_factory=list)
    """The weeks of the rotation, in order."""
    handoff: ClockTime | None = None
    """When its shifts begin; as those of the schedule where not given."""
    anchor: Monday = date(2024, 1, 1)
    """The Monday on which a first week began."""
    within: list[WindowTable] = Field(default_factory=list)
    """The hours that it has; all of them where empty."""


class ScheduleTable(FeedTable):
    """A rotation of one or more weeks, or shifts that are kept elsewhere."""

    id: Id
    """The name by which policies know it."""
    timezone: Zone = "UTC"
    """The zone of its handoff."""
    handoff: ClockTime | None = None
    """When the rotation's shifts begin, on the clock of its zone."""
    weeks: list[WeekTable] = Field(default_factory=list, min_length=1)
    """The weeks of the rotation, in order; what is kept elsewhere lies over it."""
    anchor: Monday = date(2024, 1, 1)
    """The Monday on which a first week began."""
    notify: list[Reach] = Field(default_factory=list)
    """What is told beside whoever is on call: a service's pager, a channel."""
    within: list[WindowTable] = Field(default_factory=list)
    """The hours that the rotation has; all of them where empty."""
    layers: list[LayerTable] = Field(default_factory=list)
    """Rotations that lie over it, later ones over earlier ones."""
    gaps_allowed: bool = False
    """Whether nobody being on call is meant, and no problem."""


class LevelTable(Table):
    """One escalation level."""

    name: Text
    """What the screen calls it."""
    notify: list[Reach] = Field(min_length=1)
    """Whom it reaches: `schedule:ID`, `person:ID` or `notifier:ID`."""
    after: Annotated[Duration, _AFTER] = timedelta()
    """The time since the page at which it is due."""
    severity: list[SeverityName] = Field(default_factory=list)
    """The severities that may reach it; all of them where empty."""
    matching: list[MatcherText] = Field(default_factory=list)
    """Matchers on the alert's labels that must all hold."""
    hours: list[WindowTable] = Field(default_factory=list)
    """When it may be reached by itself; always where empty."""
    condition: ConditionName = Condition.NOT_ACKNOWLEDGED
    """What must still be so when it is due."""


class PolicyTable(Table):
    """An escalation policy."""

    id: Id
    """Its name."""
    levels: list[LevelTable] = Field(min_length=1)
    """Its levels, from the first to the last."""
    matching: list[MatcherText] = Field(default_factory=list)
    """Matchers on the labels of the alerts that follow it; of all the others where empty."""
    repeats: Annotated[int, Field(ge=0, le=9)] = 0
    """How often it begins anew after its last level."""
    patience: Annotated[Duration, _AFTER] = timedelta(minutes=15)
    """How long the last level has before it begins anew or is exhausted."""
    acknowledged_for: AcknowledgedTable = Field(default_factory=AcknowledgedTable)
    """How long an acknowledgement holds."""
    auto_acknowledge: list[SeverityName] = Field(default_factory=list)
    """Severities that are acknowledged for whoever is on call when they are paged."""
    timezone: Zone = "UTC"
    """The zone of its levels' hours."""


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
