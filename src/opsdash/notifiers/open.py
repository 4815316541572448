"""From a plan to a notifier: one function a kind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from opsdash.http.settings import HttpSettings
from opsdash.notifiers.board import Board
from opsdash.notifiers.notifier import Notifier
from opsdash.plan import NotifierPlan, SecretRef
from opsdash.secret import Secret

Clock = Callable[[], datetime]

T = TypeVar("T")


def open_notifier(plan: NotifierPlan, settings: HttpSettings, clock: Clock) -> Notifier:
    """Return the notifier that `plan` names; `settings` are those of `plan.http`."""
    return _KINDS[plan.kind](plan, settings, clock)


def _pagerduty(plan: NotifierPlan, settings: HttpSettings, clock: Clock) -> Notifier:
    from opsdash.notifiers.pagerduty import EVENTS_URL, REST_URL, PagerDuty
    from opsdash.notifiers.pagerduty_rest import PagerDutyRest

    own = _has(plan.pagerduty)
    rest = None
    if own.token is not None:
        place = replace(settings, url=own.api_url or REST_URL[own.region])
        rest = PagerDutyRest(place, Secret(own.token).reveal, own.sender)
    events = replace(settings, url=settings.url or EVENTS_URL[own.region])
    return PagerDuty(plan.id, events, Secret(own.routing_key).reveal, rest, own.client_url)


def _slack(plan: NotifierPlan, settings: HttpSettings, clock: Clock) -> Notifier:
    from opsdash.notifiers.slack import SlackBot, SlackWebhook
    from opsdash.notifiers.slack_api import API_URL

    own = _has(plan.slack)
    if own.webhook is not None:
        return SlackWebhook(plan.id, settings, Secret(own.webhook).reveal)
    api = replace(settings, url=settings.url or API_URL)
    return SlackBot(plan.id, api, Secret(_has(own.token)).reveal, own.channel)


def open_board(plan: NotifierPlan, settings: HttpSettings, channel: str) -> Board:
    """Return the channel that a Slack notifier can tell of the week."""
    from opsdash.notifiers.slack_api import API_URL
    from opsdash.notifiers.slack_board import SlackChannel, SlackHookChannel

    own = _has(plan.slack)
    if own.webhook is not None:
        return SlackHookChannel(settings, Secret(own.webhook).reveal)
    api = replace(settings, url=settings.url or API_URL)
    return SlackChannel(api, Secret(_has(own.token)).reveal, channel)


def _email(plan: NotifierPlan, settings: HttpSettings, clock: Clock) -> Notifier:
    from opsdash.notifiers.email import Email, MailServer

    own = _has(plan.email)
    server = MailServer(
        own.host,
        own.port,
        own.security,
        own.username,
        _reveal(own.password, password=True),
        ca_file=settings.ca_file,
        cert_file=settings.cert_file,
        key_file=settings.key_file,
        insecure_skip_verify=settings.insecure_skip_verify,
        min_version=settings.min_version,
        timeout=settings.timeout,
    )
    return Email(plan.id, server, own.sender, own.to, clock)


def _webhook(plan: NotifierPlan, settings: HttpSettings, clock: Clock) -> Notifier:
    from opsdash.notifiers.webhook import Webhook

    own = _has(plan.webhook)
    secret = _reveal(own.secret)
    return Webhook(plan.id, settings, clock, _reveal(own.url), secret, own.external_url)


def _apprise(plan: NotifierPlan, settings: HttpSettings, clock: Clock) -> Notifier:
    from opsdash.notifiers.apprise import Apprise

    return Apprise(plan.id, Secret(_has(plan.apprise).url).reveal, settings.timeout)


_KINDS: dict[str, Callable[[NotifierPlan, HttpSettings, Clock], Notifier]] = {
    "pagerduty": _pagerduty,
    "slack": _slack,
    "email": _email,
    "webhook": _webhook,
    "apprise": _apprise,
}


def _reveal(ref: SecretRef | None, password: bool = False) -> Callable[[], str] | None:
    return None if ref is None else Secret(ref, password).reveal


def _has(part: T | None) -> T:
    """Return what a validated plan has for its kind."""
    if part is None:
        raise ValueError("a plan without the part of its own kind")
    return part
