"""How pages are sent: notifiers of each kind, when, and what watches that they are."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from opsdash.config.fields import (
    BaseUrl,
    Duration,
    EnvName,
    FileName,
    HeaderValue,
    Id,
    MailAddress,
    Reach,
    Table,
    Text,
    between,
)
from opsdash.config.http import HttpTable, secret_ref
from opsdash.domain.setup import PagingSetup, WatchdogSetup
from opsdash.domain.shift_change import HandoffNotice
from opsdash.plan import (
    ApprisePlan,
    HeartbeatPlan,
    MailPlan,
    NotifierPlan,
    PagerDutyPlan,
    SecretRef,
    SlackPlan,
    WebhookPlan,
)

_SEND = between(timedelta(milliseconds=100), timedelta(seconds=12), "from 100ms to 12s")
_GROUP_WAIT = between(timedelta(), timedelta(minutes=5), "from 0s to 5m")
_REPEAT = between(timedelta(), timedelta(days=7), "from 0s to 7d")
_DEADLINE = between(timedelta(seconds=5), timedelta(hours=1), "from 5s to 1h")
_FLAP_WINDOW = between(timedelta(minutes=1), timedelta(days=1), "from 1m to 1d")
_FLAP_HOLD = between(timedelta(), timedelta(hours=1), "from 0s to 1h")
_STORM_WINDOW = between(timedelta(seconds=30), timedelta(minutes=10), "from 30s to 10m")
_EVERY = between(timedelta(seconds=5), timedelta(days=1), "from 5s to 1d")
_WITHIN = between(timedelta(seconds=30), timedelta(days=1), "from 30s to 1d")

PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""The usual port of a mail server, by how it is secured."""

Kind = Literal["pagerduty", "slack", "email", "webhook", "apprise"]


class NotifierTable(HttpTable):
    """One way to page: each kind has keys of its own."""

    id: Id
    """The name by which people, schedules and policies know it."""
    kind: Kind
    """`pagerduty`, `slack`, `email`, `webhook` or `apprise`."""
    url: BaseUrl | None = None
    """Where the webhook is; for pagerduty and slack another address of their API."""
    url_file: FileName | None = None
    """A private file that holds the address, for slack an incoming webhook's."""
    url_env: EnvName | None = None
    """The environment variable that holds it."""
    routing_key_file: FileName | None = None
    """A private file that holds the integration key of a PagerDuty service."""
    routing_key_env: EnvName | None = None
    """The environment variable that holds it."""
    region: Literal["us", "eu"] = "us"
    """Where the PagerDuty account is."""
    token_file: FileName | None = None
    """A private file that holds a token of PagerDuty's REST API, or of a Slack bot."""
    token_env: EnvName | None = None
    """The environment variable that holds it."""
    api_url: BaseUrl | None = None
    """Another address of PagerDuty's REST API."""
    client_url: BaseUrl | None = None
    """The address of your dashboard, for pagerduty and webhook to link to."""
    channel: Text | None = None
    """The channel that a Slack bot posts to where a page names none."""
    host: HeaderValue | None = None
    """The mail server's name."""
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """The mail server's port: 587, with `tls` 465, with `none` 25 where none is written."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection to the mail server is secured; without security no password is sent."""
    username: HeaderValue | None = None
    """The user at the mail server."""
    password_file: FileName | None = None
    """A private file that holds the password at the mail server."""
    password_env: EnvName | None = None
    """The environment variable that holds it."""
    sender: MailAddress | None = None
    """The address that mail comes from; for pagerduty the user in whose name its REST API acts."""
    to: list[MailAddress] = Field(default_factory=list)
    """Who gets mail that names nobody."""
    secret_file: FileName | None = None
    """A private file that holds what a webhook's requests are signed with."""
    secret_env: EnvName | None = None
    """The environment variable that holds it."""
    timeout: Annotated[Duration, _SEND] = timedelta(seconds=10)
    """How long one message may take."""

    def notifier_plan(self, folder: str) -> NotifierPlan:
        """Return the same as plain values."""
        return NotifierPlan(
            self.id,
            self.kind,
            self.plan(self.url or "", folder),
            pagerduty=self._pagerduty(folder) if self.kind == "pagerduty" else None,
            slack=self._slack(folder) if self.kind == "slack" else None,
            email=self._email(folder) if self.kind == "email" else None,
            webhook=self._webhook(folder) if self.kind == "webhook" else None,
            apprise=ApprisePlan(self._address(folder) or SecretRef())
            if self.kind == "apprise"
            else None,
        )

    def _address(self, folder: str) -> SecretRef | None:
        return secret_ref(self.url_file, self.url_env, folder)

    def _token(self, folder: str) -> SecretRef | None:
        return secret_ref(self.token_file, self.token_env, folder)

    def _pagerduty(self, folder: str) -> PagerDutyPlan:
        key = secret_ref(self.routing_key_file, self.routing_key_env, folder) or SecretRef()
        return PagerDutyPlan(
            key,
            self.region,
            self._token(folder),
            self.api_url or "",
            self.sender or "",
            self.client_url or "",
        )

    def _slack(self, folder: str) -> SlackPlan:
        return SlackPlan(self._address(folder), self._token(folder), self.channel or "")

    def _email(self, folder: str) -> MailPlan:
        return MailPlan(
            self.host or "",
            self.port or PORTS[self.security],
            self.sender or "",
            self.security,
            self.username or "",
            secret_ref(self.password_file, self.password_env, folder),
            tuple(self.to),
        )

    def _webhook(self, folder: str) -> WebhookPlan:
        secret = secret_ref(self.secret_file, self.secret_env, folder)
        return WebhookPlan(self._address(folder), secret, self.client_url or "")


def _notice(value: Any) -> Any:
    try:
        return HandoffNotice(value)
    except ValueError:
        raise ValueError(
            "write one of " + ", ".join(name.value for name in HandoffNotice)
        ) from None


class PagingTable(Table):
    """When pages are sent, together, again, and by another way."""

    group_wait: Annotated[Duration, _GROUP_WAIT] = timedelta(seconds=2)
    """How long a page waits for others to join it."""
    storm: Annotated[int, Field(ge=1, le=10_000)] = 10
    """More alerts for one receiver within the window than this become one page that says how many."""
    storm_window: Annotated[Duration, _STORM_WINDOW] = timedelta(minutes=1)
    """The window in which that is counted."""
    repeat: Annotated[Duration, _REPEAT] = timedelta(minutes=30)
    """How often what nobody has taken is paged again; `0s`: never."""
    deadline: Annotated[Duration, _DEADLINE] = timedelta(minutes=1)
    """How long a receiver may fail to accept a page before another way is tried."""
    fallback: list[Reach] = Field(default_factory=list)
    """Whom to page then: targets as in a policy; the next level where empty."""
    flaps: Annotated[int, Field(ge=2, le=1000)] = 4
    """How often an alert fires within the window to be flapping."""
    flap_window: Annotated[Duration, _FLAP_WINDOW] = timedelta(minutes=15)
    """The window in which that is counted."""
    flap_hold: Annotated[Duration, _FLAP_HOLD] = timedelta(minutes=2)
    """How long a flapping alert is held; it is paged only if it still fires then."""
    handoff: Annotated[HandoffNotice, BeforeValidator(_notice)] = HandoffNotice.BOTH
    """Who gets the digest when a shift changes: `both`, `incoming` or `none`. It wakes nobody."""

    def setup(self, notifiers: tuple[str, ...]) -> PagingSetup:
        """Return the same in the field's nouns."""
        return PagingSetup(
            notifiers,
            self.group_wait,
            self.storm,
            self.repeat,
            self.deadline,
            tuple(self.fallback),
            self.flaps,
            self.flap_window,
            self.flap_hold,
            self.handoff,
            self.storm_window,
        )


class WatchdogTable(Table):
    """The alert that must always fire."""

    alert: Text = "Watchdog"
    """Its name, the label `alertname`."""
    within: Annotated[Duration, _WITHIN] = timedelta(minutes=5)
    """How long it may be missing before that is an alert itself."""

    def setup(self) -> WatchdogSetup:
        """Return the same in the field's nouns."""
        return WatchdogSetup(self.alert, self.within)


class HeartbeatTable(HttpTable):
    """An address that is called after every whole cycle."""

    url: BaseUrl | None = None
    """The address."""
    url_file: FileName | None = None
    """A private file that holds it, where who knows it can keep the alarm quiet."""
    url_env: EnvName | None = None
    """The environment variable that holds it."""
    every: Annotated[Duration, _EVERY] = timedelta(minutes=1)
    """How often it is called."""

    def heartbeat_plan(self, folder: str) -> HeartbeatPlan:
        """Return the same as plain values."""
        http = self.plan(self.url or "", folder)
        return HeartbeatPlan(http, secret_ref(self.url_file, self.url_env, folder), self.every)
