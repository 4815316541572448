"""What a configuration names, opened: the store, the sources, the person, the only real clock."""

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from opsdash.domain.text import SafeText
    from opsdash.domain.timeline import Actor
    from opsdash.engine.ahead import Ahead
    from opsdash.engine.deployments import Deployments
    from opsdash.engine.engine import Engine, Heartbeat
    from opsdash.engine.feeds import OpenFeed
    from opsdash.engine.publish import Publishing
    from opsdash.engine.rules import Rules
    from opsdash.engine.silencer import Silencer
    from opsdash.http.settings import HttpSettings
    from opsdash.notifiers.notifier import Notifier
    from opsdash.plan import FileRef, Header, HttpPlan, Plan
    from opsdash.sources.source import AlertSource, MetricSource
    from opsdash.store.session import Store

_CLAIMS = ("SUDO_USER", "OPSDASH_USER", "SSH_CONNECTION")


class RealClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the wall clock's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def since_boot(self) -> tuple[str, timedelta]:
        """Return the name of this boot of the machine, and the time since then, sleep included.

        The name is empty where the system tells neither.
        """
        try:
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            seconds = time.clock_gettime(time.CLOCK_BOOTTIME)
        except (OSError, AttributeError):
            return "", timedelta()
        return boot, timedelta(seconds=seconds)


def now() -> datetime:
    """Return the wall clock's time in UTC, for commands that act once."""
    return datetime.now(UTC)


def who_acts(environment: Mapping[str, str] | None = None) -> "Actor":
    """Return the operating system's user, and what the environment claims of them.

    The user is that of the real uid; `SUDO_USER`, `OPSDASH_USER` and `SSH_CONNECTION` can be set
    by anybody and are recorded as claims.
    """
    import pwd

    from opsdash.domain.text import clean
    from opsdash.domain.timeline import Actor

    env = os.environ if environment is None else environment
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"
    claimed = {name: clean(env[name], 200) for name in _CLAIMS if env.get(name)}
    return Actor(clean(user, 64), claimed)


def engine_holder() -> "SafeText":
    """Return how this process is named as the lease's holder: host and pid."""
    import socket

    from opsdash.domain.text import clean

    return clean(f"engine on {socket.gethostname()}, pid {os.getpid()}")


class Sources(NamedTuple):
    """The opened sources of a plan."""

    metrics: "tuple[MetricSource, ...]" = ()
    alerts: "tuple[AlertSource, ...]" = ()
    silencer: "Silencer | None" = None


def open_metrics(plan: "Plan") -> "tuple[MetricSource, ...]":
    """Open the server of metrics that `plan` names, where it names one."""
    if plan.prometheus is None or plan.simulation is not None:
        return ()
    from opsdash.http.client import HttpClient
    from opsdash.sources.prometheus import PrometheusSource

    return (PrometheusSource(HttpClient(http_settings(plan.prometheus)), "prometheus"),)


def open_sources(plan: "Plan", metrics: "tuple[MetricSource, ...]" = ()) -> Sources:
    """Open what `plan` names, but for `metrics` that are open already.

    The simulation's story begins when its configuration was written: every engine that takes over
    goes on with the same story.
    """
    if plan.simulation is not None:
        from opsdash.sources.simulated import SimulatedSource
        from opsdash.sources.simulation.clock import SimulatedClock

        begun = datetime.fromtimestamp(Path(plan.config_path).stat().st_mtime, UTC)
        clock = SimulatedClock(begun, plan.simulation.speed)
        simulated = SimulatedSource(clock, plan.simulation.seed)
        return Sources((simulated,), (simulated,))
    from opsdash.http.client import HttpClient

    metrics = metrics or open_metrics(plan)
    alerts: tuple[AlertSource, ...] = ()
    if plan.prometheus is not None:
        from opsdash.sources.prometheus_rules import PrometheusRulesSource

        alerts = (PrometheusRulesSource(HttpClient(http_settings(plan.prometheus)), "rules"),)
    if plan.alertmanager:
        from opsdash.sources.alertmanager import AlertmanagerSource
        from opsdash.sources.alertmanager_silences import AlertmanagerSilences

        clients = [HttpClient(http_settings(one)) for one in plan.alertmanager]
        alerts = (*alerts, AlertmanagerSource(clients, "alertmanager"))
        return Sources(metrics, alerts, AlertmanagerSilences(clients))
    return Sources(metrics, alerts)


def open_rules(plan: "Plan", metrics: "tuple[MetricSource, ...]") -> "Rules | None":
    """Return the rules that `plan` names, to be asked of its Prometheus; raise RuleFileError."""
    source = metrics[0] if metrics else None
    if not plan.rule_files or plan.prometheus is None or source is None:
        return None
    from opsdash.engine.rules import Rules
    from opsdash.sources.prometheus import PrometheusSource
    from opsdash.sources.rule_file import load_rule_files

    groups = load_rule_files(plan.rule_files, Path(plan.config_path).parent)
    if not isinstance(source, PrometheusSource):
        return None
    return Rules(groups, source, external_url=plan.external_url or plan.prometheus.url)


def build_engine(
    plan: "Plan", store: "Store", with_rules: bool = True, ahead: "Ahead | None" = None
) -> "Engine":
    """Return an engine over `store` with the sources of `plan`, its rules, and its notifiers.

    `ahead` is what of them is read already. Raises RuleFileError where a rule file is refused.
    """
    from opsdash.engine.engine import Engine
    from opsdash.engine.silencer import Silencing

    sources = open_sources(plan, ahead.sources if ahead else ())
    notifiers = open_notifiers(plan) if with_rules else {}
    engine = Engine(
        store=store,
        setup=plan.setup,
        clock=RealClock(),
        holder=engine_holder(),
        metric_sources=sources.metrics,
        metric_polls=list(ahead.polls) if ahead else [],
        alert_sources=sources.alerts,
        notifiers=notifiers,
        heartbeat=open_heartbeat(plan) if with_rules else None,
        rules=open_rules(plan, sources.metrics) if with_rules else None,
        deployments=open_deployments(plan),
        publishing=open_publishing(plan) if with_rules else None,
        feeds=open_feeds(plan, notifiers) if with_rules else (),
        # A look that writes nothing has no silences to bring anywhere.
        silencing=Silencing(sources.silencer if with_rules else None),
    )
    watchdog = plan.setup.watchdog
    if watchdog is not None and with_rules:
        from opsdash.engine.watchdog import WatchdogSource

        source = WatchdogSource(watchdog.alert, watchdog.within, engine)
        engine.alert_sources = (*engine.alert_sources, source)
    return engine


def open_deployments(plan: "Plan") -> "Deployments":
    """Return what the engine watches to notice deployments, and where their commits are."""
    from opsdash.engine.deployments import Deployments
    from opsdash.sources.instances import watch_jobs

    wanted = plan.deployments
    watch = watch_jobs(wanted.jobs, wanted.version_query, wanted.start_query)
    return Deployments(watch, {one.service: Path(one.path) for one in wanted.repositories})


def open_notifiers(plan: "Plan") -> "dict[str, Notifier]":
    """Return the notifiers that `plan` names, by id, each for the engine to close in the end."""
    from opsdash.notifiers.open import open_notifier

    return {
        one.id: open_notifier(one, http_settings(one.http), RealClock().now)
        for one in plan.notifiers
    }


def open_feeds(plan: "Plan", notifiers: "Mapping[str, Notifier]") -> "tuple[OpenFeed, ...]":
    """Return how each schedule that is kept elsewhere is read; those at PagerDuty by its notifier."""
    if not plan.feeds:
        return ()
    from opsdash.engine.feeds import OpenFeed
    from opsdash.notifiers.pagerduty import PagerDuty
    from opsdash.notifiers.pagerduty_schedule import ScheduleFeed
    from opsdash.secret import Secret
    from opsdash.sources.shift_feed import CalendarFeed, FeedReader, label_of

    found = []
    for one in plan.feeds:
        notifier = notifiers.get(one.notifier)
        reader: FeedReader
        if not one.remote:
            address = Secret(one.url).reveal if one.url is not None else None
            reader = CalendarFeed(http_settings(one.http), one.timezone, address)
        elif isinstance(notifier, PagerDuty) and notifier.rest is not None:
            reader = ScheduleFeed(notifier.rest, one.remote)
        else:
            continue
        found.append(OpenFeed(one.key, label_of(one), reader, one.every))
    return tuple(found)


def open_publishing(plan: "Plan", notifier: str = "", channel: str = "") -> "Publishing | None":
    """Return the channel that is told of the week: the configured one, or another of `notifier`.

    None where neither names a Slack notifier.
    """
    wanted = notifier or plan.publish.notifier
    found = next((one for one in plan.notifiers if one.id == wanted and one.slack), None)
    if found is None:
        return None
    from opsdash.engine.publish import DEFAULT_CHANNEL, Publishing
    from opsdash.notifiers.open import open_board

    named = channel or plan.publish.channel or DEFAULT_CHANNEL
    board = open_board(found, http_settings(found.http), named)
    return Publishing(board, found.id, board.channel, plan.publish.at)


def open_heartbeat(plan: "Plan") -> "Heartbeat | None":
    """Return the call to the outside service that misses a dead engine, where there is one."""
    if plan.heartbeat is None:
        return None
    from opsdash.engine.engine import Heartbeat
    from opsdash.notifiers.pulse import Pulse
    from opsdash.secret import Secret

    url = plan.heartbeat.url
    pulse = Pulse(http_settings(plan.heartbeat.http), Secret(url).reveal if url else None)
    return Heartbeat(pulse.call, plan.heartbeat.every, pulse.close)


def http_settings(plan: "HttpPlan") -> "HttpSettings":
    """Return the client settings of a plan, its secrets as functions that read them anew."""
    from opsdash.http.settings import HttpSettings
    from opsdash.secret import Secret, locate, remember

    def path(ref: "FileRef | None") -> str | None:
        return None if ref is None else str(locate(ref))

    def joined(header: "Header") -> Callable[[], str]:
        secrets = [Secret(ref) for ref in header.secrets]

        def value() -> str:
            whole = ", ".join((*header.values, *(secret.reveal() for secret in secrets)))
            return remember(whole) if secrets else whole

        return value

    basic: tuple[str | Callable[[], str], Callable[[], str]] | None = None
    if plan.basic_auth is not None:
        name, word = plan.basic_auth.username_ref, plan.basic_auth.password
        user = Secret(name).reveal if name is not None else plan.basic_auth.username
        # A user without a password is one whose password is empty (RFC 7617).
        basic = (user, Secret(word, password=True).reveal if word is not None else lambda: "")
    authorization = None
    if plan.authorization is not None:
        authorization = (plan.authorization.type, Secret(plan.authorization.credentials).reveal)
    return HttpSettings(
        url=plan.url,
        headers={header.name: joined(header) for header in plan.headers},
        basic_auth=basic,
        authorization=authorization,
        ca_file=path(plan.tls.ca_file),
        cert_file=path(plan.tls.cert_file),
        key_file=path(plan.tls.key_file),
        server_name=plan.tls.server_name or None,
        insecure_skip_verify=plan.tls.insecure_skip_verify,
        min_version=plan.tls.min_version or None,
        proxy_url=plan.proxy_url or None,
        timeout=plan.timeout.total_seconds(),
    )
