"""From the validated tables to the field's nouns: defaults filled in, indicators merged."""

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

from opsdash import presets
from opsdash.config.escalation import LevelTable, PolicyTable, due_times
from opsdash.config.models import Config
from opsdash.config.panes import Adjustments, IndicatorTable
from opsdash.config.rota import LayerTable, ScheduleTable, WeekTable
from opsdash.domain.escalation import DEFAULT_POLICY, EscalationPolicy, PolicyLevel
from opsdash.domain.indicator import Indicator, Unit
from opsdash.domain.schedule import WEEKDAYS, Layer, Person, Schedule
from opsdash.domain.setup import PaneSetup, Setup, TerminalSetup
from opsdash.domain.text import clean
from opsdash.plan import (
    DeploymentPlan,
    EnginePlan,
    FeedPlan,
    Plan,
    RepositoryPlan,
    SimulationPlan,
    unverified_servers,
)


def plan_of(config: Config, path: Path) -> Plan:
    """Return the plan that `config`, read from `path`, comes to; its store path may be empty."""
    folder = str(path.parent)
    prometheus = config.prometheus
    alertmanager = config.alertmanager
    simulation = config.simulation
    plan = Plan(
        setup=_located(setup_of(config), path.parent),
        store_path=_store_path(config.store.url, path.parent),
        config_path=str(path),
        prometheus=prometheus.plan(prometheus.url, folder) if prometheus else None,
        external_url=(prometheus.external_url or prometheus.url) if prometheus else "",
        alertmanager=tuple(alertmanager.plan(url, folder) for url in alertmanager.urls)
        if alertmanager
        else (),
        simulation=SimulationPlan(simulation.speed, simulation.seed) if simulation else None,
        engine=EnginePlan(config.engine.autostart),
        rule_files=tuple(str(path.parent / pattern) for pattern in config.rule_files),
        deployments=_deployments(config, path.parent),
        notifiers=tuple(table.notifier_plan(folder) for table in config.notifier),
        heartbeat=config.heartbeat.heartbeat_plan(folder) if config.heartbeat else None,
        publish=config.oncall.publish_plan(),
        feeds=_feeds(config, folder),
    )
    return replace(plan, setup=replace(plan.setup, unverified=unverified_servers(plan)))


def _deployments(config: Config, folder: Path) -> DeploymentPlan:
    table = config.deployments
    return DeploymentPlan(
        jobs=tuple(table.jobs),
        version_query=table.version_query or "",
        start_query=table.start_query or "",
        repositories=tuple(
            RepositoryPlan(one.service, str(folder / os.path.expanduser(one.path)))
            for one in config.repository
        ),
    )


def _feeds(config: Config, folder: str) -> tuple[FeedPlan, ...]:
    """Return what is kept elsewhere, each once however many schedules have it."""
    readers = _readers(config)
    found = (
        table.feed_plan(schedule.timezone, readers, folder, config.oncall)
        for schedule in config.schedule
        for table in (schedule, *schedule.layers)
    )
    return tuple({plan.key: plan for plan in found if plan is not None}.values())


def _readers(config: Config) -> list[str]:
    """Return the notifiers that can read schedules at PagerDuty."""
    return [
        one.id
        for one in config.notifier
        if one.kind == "pagerduty" and (one.token_file or one.token_env)
    ]


def setup_of(config: Config) -> Setup:
    """Return the setup; without anything to read metrics from its panes start empty."""
    defaults = config.default_indicators and bool(config.prometheus or config.simulation)
    listed = (config.pane.performance, config.pane.infrastructure, config.pane.payments)
    return Setup(
        title=clean(config.title),
        refresh=config.refresh,
        timezone=config.timezone,
        theme=config.theme,
        simulated=config.simulation is not None,
        panes=tuple(
            _pane(pane, tables, defaults)
            for pane, tables in zip(presets.DEFAULT_PANES, listed, strict=True)
        ),
        uptime=_header(presets.UPTIME, config.header.uptime, defaults),
        users=_header(presets.USERS, config.header.users, defaults),
        people=tuple(
            Person(
                person.id,
                clean(person.name),
                tuple(clean(word) for word in person.expertise),
                tuple(person.notify),
                person.email or "",
                person.pagerduty or "",
                tuple(table.rule() for table in person.rules),
            )
            for person in config.person
        ),
        schedules=tuple(_schedule(table, _readers(config)) for table in config.schedule),
        policies=tuple(_policy(table) for table in config.escalation_policy) or (DEFAULT_POLICY,),
        keys={action: ",".join(_keys(keys)) for action, keys in config.keys.items()},
        runbook=config.runbook,
        terminal=TerminalSetup(**config.terminal.model_dump()),
        paging=config.paging.setup(tuple(table.id for table in config.notifier)),
        watchdog=config.watchdog.setup() if config.watchdog else None,
    )


def _pane(pane: PaneSetup, tables: Iterable[IndicatorTable], defaults: bool) -> PaneSetup:
    indicators = {i.id: i for i in pane.indicators} if defaults else {}
    for table in tables:
        if table.remove:
            indicators.pop(table.id, None)
        elif table.query is None:
            indicators[table.id] = _investigated(_adjusted(indicators[table.id], table), table)
        else:
            plain = Indicator(table.id, clean(table.title), "", table.unit or Unit.COUNT)
            indicators[table.id] = _investigated(_adjusted(plain, table), table)
    return replace(pane, indicators=tuple(indicators.values()))


def _header(default: Indicator, table: Adjustments, defaults: bool) -> Indicator | None:
    if table.remove or not (defaults or table.query):
        return None
    return _adjusted(default, table)


def _adjusted(base: Indicator, table: Adjustments) -> Indicator:
    warn = base.warn if table.warn is None else table.warn
    crit = base.crit if table.crit is None else table.crit
    below = base.below if table.below is None else table.below
    if table.below is None and table.warn is not None and table.crit is not None:
        below = table.crit < table.warn or (below and table.crit == table.warn)
    return replace(
        base,
        title=base.title if table.title is None else clean(table.title),
        query=base.query if table.query is None else table.query,
        warn=warn,
        crit=crit,
        below=below,
        compare=base.compare if table.compare is None else table.compare,
        note=base.note if table.note is None else clean(table.note),
        alerts=base.alerts if table.alerts is None else tuple(map(clean, table.alerts)),
        numerator=table.numerator or ("" if table.query else base.numerator),
        denominator=table.denominator or ("" if table.query else base.denominator),
    )


def _investigated(base: Indicator, table: IndicatorTable) -> Indicator:
    return base if table.investigate is None else replace(base, investigate=table.investigate)


def _schedule(table: ScheduleTable, readers: list[str]) -> Schedule:
    feed = table.feed(table.timezone, readers)
    # What is kept elsewhere lies over the rotation, and below the layers that are written here.
    own = (Layer(feed=feed.key),) if feed is not None else ()
    return Schedule(
        table.id,
        table.timezone,
        table.handoff or time(9),
        _weeks(table.weeks),
        table.anchor,
        tuple(table.notify),
        tuple(window.window() for window in table.within),
        (*own, *(_layer(layer, table, readers) for layer in table.layers)),
        table.gaps_allowed,
    )


def _layer(table: LayerTable, schedule: ScheduleTable, readers: list[str]) -> Layer:
    feed = table.feed(schedule.timezone, readers)
    return Layer(
        _weeks(table.weeks),
        table.handoff or schedule.handoff or time(9),
        table.anchor,
        tuple(window.window() for window in table.within),
        calendar=table.calendar or "",
        feed=feed.key if feed is not None else "",
    )


def _located(setup: Setup, folder: Path) -> Setup:
    """Return the setup with the paths of its calendars as they are from anywhere."""
    if not any(layer.calendar for schedule in setup.schedules for layer in schedule.layers):
        return setup

    def located(layer: Layer) -> Layer:
        return replace(layer, calendar=str(folder / layer.calendar)) if layer.calendar else layer

    schedules = tuple(
        replace(schedule, layers=tuple(located(layer) for layer in schedule.layers))
        for schedule in setup.schedules
    )
    return replace(setup, schedules=schedules)


def _weeks(tables: Iterable[WeekTable]) -> tuple[dict[str, str], ...]:
    return tuple(
        {day: person for day in WEEKDAYS if (person := getattr(week, day)) is not None}
        for week in tables
    )


def _policy(table: PolicyTable) -> EscalationPolicy:
    return EscalationPolicy(
        table.id,
        tuple(
            _level(level, after)
            for level, after in zip(table.levels, due_times(table.levels), strict=True)
        ),
        table.repeats,
        table.patience,
        dict(table.acknowledged_for),
        table.timezone,
        tuple(table.matching),
        tuple(table.auto_acknowledge),
    )


def _level(table: LevelTable, after: timedelta) -> PolicyLevel:
    return PolicyLevel(
        clean(table.name),
        tuple(table.notify),
        after,
        tuple(table.severity),
        tuple(table.matching),
        tuple(window.window() for window in table.hours),
        table.condition,
    )


def _keys(keys: str) -> list[str]:
    return [key.strip() for key in keys.split(",")]


def _store_path(url: str | None, folder: Path) -> str:
    if url is None:
        return ""
    return str(folder / url.removeprefix("sqlite:///"))
