"""What a validated configuration comes to: the setup, and how to reach the store and the servers.

Plain values without any secret, so that it can be kept in a cache and handed to every process.
"""

from collections.abc import Iterator
from dataclasses import field, fields, is_dataclass
from datetime import time, timedelta

from opsdash.domain.frozen import dataclass
from opsdash.domain.setup import Setup

DEFAULT_JOBS = ("payments-api",)
"""The jobs whose deployments are noticed unless the configuration says otherwise."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as the configuration names it; a relative `path` is looked for beside `folder`."""

    path: str
    folder: str = ""


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is, never the secret itself: in a file, or in an environment variable."""

    file: FileRef | None = None
    env: str = ""


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """HTTP basic authentication; exactly one of `username` and `username_ref` is set."""

    username: str = ""
    username_ref: SecretRef | None = None
    password: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """The `Authorization` header: `TYPE CREDENTIALS`."""

    credentials: SecretRef
    type: str = "Bearer"


@dataclass(frozen=True, slots=True)
class Tls:
    """How TLS is spoken. `min_version` is empty for the default, else `TLS10` … `TLS13`."""

    ca_file: FileRef | None = None
    cert_file: FileRef | None = None
    key_file: FileRef | None = None
    server_name: str = ""
    insecure_skip_verify: bool = False
    min_version: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """One header sent with every request: its plain values and those that are secret."""

    name: str
    values: tuple[str, ...] = ()
    secrets: tuple[SecretRef, ...] = ()


@dataclass(frozen=True, slots=True)
class HttpPlan:
    """How to reach one server. `url` has no slash at its end; `timeout` bounds a whole request."""

    url: str
    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    tls: Tls = field(default_factory=Tls)
    headers: tuple[Header, ...] = ()
    proxy_url: str = ""
    timeout: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """The simulated application: seconds of its clock a second, and the seed of its noise."""

    speed: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """How engines run. `autostart`: a dashboard that finds none starts one as its child."""

    autostart: bool = True


@dataclass(frozen=True, slots=True)
class PagerDutyPlan:
    """A PagerDuty service. `api_url` is empty for the region's; `sender` is the user to act as."""

    routing_key: SecretRef
    region: str = "us"
    token: SecretRef | None = None
    api_url: str = ""
    sender: str = ""
    client_url: str = ""


@dataclass(frozen=True, slots=True)
class SlackPlan:
    """An incoming webhook, or a bot's token and the channel it posts to."""

    webhook: SecretRef | None = None
    token: SecretRef | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True)
class MailPlan:
    """A mail server. `security` is `starttls`, `tls` or `none`; `to` is who gets what names nobody."""

    host: str
    port: int
    sender: str
    security: str = "starttls"
    username: str = ""
    password: SecretRef | None = None
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WebhookPlan:
    """A webhook: its address where that is a secret, and what its requests are signed with."""

    url: SecretRef | None = None
    secret: SecretRef | None = None
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class ApprisePlan:
    """A service of Apprise's, named by a secret URL."""

    url: SecretRef


@dataclass(frozen=True, slots=True)
class NotifierPlan:
    """One notifier: how to reach it, and what only its kind has. `http.url` may be empty."""

    id: str
    kind: str
    http: HttpPlan
    pagerduty: PagerDutyPlan | None = None
    slack: SlackPlan | None = None
    email: MailPlan | None = None
    webhook: WebhookPlan | None = None
    apprise: ApprisePlan | None = None


@dataclass(frozen=True, slots=True)
class HeartbeatPlan:
    """An address that is called after a whole cycle, each `every` at the most."""

    http: HttpPlan
    url: SecretRef | None = None
    every: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RepositoryPlan:
    """The git repository of a service; `path` is absolute."""

    service: str
    path: str


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """How deployments are noticed: the watched jobs, and queries in place of the defaults."""

    jobs: tuple[str, ...] = DEFAULT_JOBS
    version_query: str = ""
    start_query: str = ""
    repositories: tuple[RepositoryPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """Shifts that are kept elsewhere: the calendar at `http.url` or `url`, or `remote` at PagerDuty.

    `key` names it in the store and in the layers that have it; no secret is in it. `notifier` is the
    one whose token reads `remote`. Times without a zone are in `timezone`.
    """

    key: str
    http: HttpPlan
    url: SecretRef | None = None
    notifier: str = ""
    remote: str = ""
    timezone: str = "UTC"
    every: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PublishPlan:
    """Where the team is told each week who is on call: by which notifier, from `at` on a Monday on.

    `notifier` is empty where the engine does not do it by itself; `channel` is empty for the default.
    """

    notifier: str = ""
    channel: str = ""
    at: time = time(9)


@dataclass(frozen=True, slots=True)
class Plan:
    """A validated configuration: `setup` for screens and rules, the rest for the runtime.

    `rule_files` are absolute paths or patterns; the engine and `opsdash check` read them.
    `external_url` is where people reach the Prometheus.
    """

    setup: Setup
    store_path: str
    config_path: str
    prometheus: HttpPlan | None = None
    alertmanager: tuple[HttpPlan, ...] = ()
    simulation: SimulationPlan | None = None
    engine: EnginePlan = field(default_factory=EnginePlan)
    rule_files: tuple[str, ...] = ()
    external_url: str = ""
    deployments: DeploymentPlan = field(default_factory=DeploymentPlan)
    notifiers: tuple[NotifierPlan, ...] = ()
    heartbeat: HeartbeatPlan | None = None
    publish: PublishPlan = field(default_factory=PublishPlan)
    feeds: tuple[FeedPlan, ...] = ()


def unverified_servers(plan: Plan) -> tuple[str, ...]:
    """Return the names of all servers whose certificates the configuration has nobody check."""
    reached = [
        ("prometheus", plan.prometheus),
        *(("alertmanager", one) for one in plan.alertmanager),
    ]
    reached += [(notifier.id, notifier.http) for notifier in plan.notifiers]
    reached.append(("heartbeat", plan.heartbeat.http if plan.heartbeat else None))
    reached += [("oncall", feed.http) for feed in plan.feeds if not feed.remote]
    names = [name for name, http in reached if http is not None and http.tls.insecure_skip_verify]
    return tuple(dict.fromkeys(names))


def secret_refs(part: object) -> Iterator[SecretRef]:
    """Yield every one-line secret that `part` of a plan names, for `opsdash check` to try."""
    if isinstance(part, SecretRef):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from secret_refs(item)
    elif is_dataclass(part):
        for inner in fields(part):
            yield from secret_refs(getattr(part, inner.name))


def key_files(plan: Plan) -> tuple[FileRef, ...]:
    """Return the private keys of client certificates that `plan` names, each once."""
    servers = [plan.prometheus, *plan.alertmanager, *(one.http for one in plan.notifiers)]
    servers += [plan.heartbeat.http] if plan.heartbeat else []
    servers += [feed.http for feed in plan.feeds]
    found = (server.tls.key_file for server in servers if server is not None)
    return tuple(dict.fromkeys(key for key in found if key is not None))
