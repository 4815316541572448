"""Notifiers, paging, watchdog and heartbeat: keys that belong together, secrets that stay files."""

from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.config.build import plan_of
from opsdash.config.check_notify import KEYS
from opsdash.config.notify import NotifierTable
from opsdash.domain.record import decode, encode
from opsdash.domain.setup import PagingSetup, WatchdogSetup
from opsdash.plan import (
    ApprisePlan,
    FileRef,
    HeartbeatPlan,
    HttpPlan,
    MailPlan,
    PagerDutyPlan,
    Plan,
    SecretRef,
    SlackPlan,
    Tls,
    WebhookPlan,
    key_files,
    secret_refs,
)
from tests.config.conftest import MINIMAL, Read, Refuse

SECRET = "hunter2-do-not-show"

PAGERDUTY = '[[notifier]]\nid = "pd"\nkind = "pagerduty"\nrouting_key_file = "pd.key"\n'
BOT = '[[notifier]]\nid = "chat"\nkind = "slack"\ntoken_file = "slack.token"\n'
HOOK = '[[notifier]]\nid = "chat"\nkind = "slack"\nurl_file = "slack.url"\n'
MAIL = (
    '[[notifier]]\nid = "mail"\nkind = "email"\nhost = "smtp.example.com"\n'
    'sender = "opsdash@example.com"\n'
)
WEBHOOK = '[[notifier]]\nid = "hook"\nkind = "webhook"\nurl = "https://hooks.example.com/x"\n'
APPRISE = '[[notifier]]\nid = "ntfy"\nkind = "apprise"\nurl_env = "NTFY"\n'

ALL = (
    PAGERDUTY
    + 'region = "eu"\ntoken_file = "pd.token"\nsender = "ops@example.com"\n'
    + BOT
    + 'channel = "#incidents"\n'
    + MAIL
    + 'username = "opsdash"\npassword_env = "SMTP"\nto = ["ops@example.com"]\n'
    + WEBHOOK
    + 'secret_file = "hook.key"\ntls_config = { cert_file = "c.pem", key_file = "k.pem" }\n'
    + APPRISE
)
"""A notifier of each kind."""


def test_a_plan_says_how_to_page(read: Read, file: Path) -> None:
    """Each kind with its own keys, secrets as places, beside the configuration."""
    plan = plan_of(read(MINIMAL + ALL), file)
    folder = str(file.parent)

    def kept(name: str) -> SecretRef:
        return SecretRef(FileRef(name, folder))

    pd, chat, mail, hook, ntfy = plan.notifiers
    assert pd.pagerduty == PagerDutyPlan(
        kept("pd.key"), "eu", kept("pd.token"), sender="ops@example.com"
    )
    assert pd.http == HttpPlan("", timeout=timedelta(seconds=10))
    assert chat.slack == SlackPlan(None, kept("slack.token"), "#incidents")
    assert mail.email == MailPlan(
        "smtp.example.com",
        587,
        "opsdash@example.com",
        username="opsdash",
        password=SecretRef(env="SMTP"),
        to=("ops@example.com",),
    )
    assert hook.webhook == WebhookPlan(secret=kept("hook.key"))
    assert hook.http.url == "https://hooks.example.com/x"
    assert hook.http.tls == Tls(
        cert_file=FileRef("c.pem", folder), key_file=FileRef("k.pem", folder)
    )
    assert ntfy.apprise == ApprisePlan(SecretRef(env="NTFY"))
    assert plan.setup.paging == PagingSetup(("pd", "chat", "mail", "hook", "ntfy"))
    assert key_files(plan) == (FileRef("k.pem", folder),)
    assert len(list(secret_refs(plan))) == 6
    assert decode(Plan, encode(plan)) == plan


def test_paging_watchdog_and_heartbeat(read: Read, file: Path) -> None:
    """When pages are sent, what must always fire, and who is told that the engine lives."""
    text = (
        '[paging]\ngroup_wait = "5s"\nstorm = 50\nstorm_window = "2m"\nrepeat = "0s"\ndeadline = "2m"\n'
        'fallback = ["notifier:mail:ops@example.com"]\nflaps = 3\nflap_window = "20m"\n'
        'flap_hold = "3m"\n[watchdog]\nwithin = "10m"\n'
        '[heartbeat]\nurl_file = "beat.url"\nevery = "30s"\n'
    )
    plan = plan_of(read(MINIMAL + MAIL + text), file)
    assert plan.setup.paging == PagingSetup(
        ("mail",),
        timedelta(seconds=5),
        50,
        timedelta(),
        timedelta(minutes=2),
        ("notifier:mail:ops@example.com",),
        3,
        timedelta(minutes=20),
        timedelta(minutes=3),
        storm_window=timedelta(minutes=2),
    )
    assert plan.setup.watchdog == WatchdogSetup("Watchdog", timedelta(minutes=10))
    beat = SecretRef(FileRef("beat.url", str(file.parent)))
    assert plan.heartbeat == HeartbeatPlan(HttpPlan(""), beat, timedelta(seconds=30))


def test_without_any_of_it_nothing_is_sent(read: Read, file: Path) -> None:
    """No notifier, no watchdog, no heartbeat."""
    plan = plan_of(read(MINIMAL), file)
    assert (plan.notifiers, plan.heartbeat, plan.setup.watchdog) == ((), None, None)
    assert plan.setup.paging == PagingSetup()


def test_people_and_schedules_say_what_reaches_them(read: Read) -> None:
    """Notifiers with and without an address, and a level that reaches one directly."""
    text = (
        f"{PAGERDUTY}{MAIL}"
        '[[person]]\nid = "john"\nname = "John"\nnotify = ["mail:john@example.com", "pd"]\n'
        '[[schedule]]\nid = "primary"\nhandoff = "09:00"\nweeks = [{ mon = "john" }]\n'
        'notify = ["pd"]\n'
        '[[escalation_policy]]\nid = "p"\nlevels = [{ name = "A", notify = ["notifier:pd"] }]\n'
    )
    setup = read(MINIMAL + text).setup()
    assert setup.people[0].notify == ("mail:john@example.com", "pd")
    assert setup.schedules[0].notify == ("pd",)
    assert setup.policy.levels[0].notify == ("notifier:pd",)


def test_a_runbook_has_the_alerts_name_in_it(read: Read, refuse: Refuse) -> None:
    """One place for all runbooks; only the name of the alert may be put in."""
    place = "https://runbooks.example.com/{alertname}.md"
    assert read(f'runbook = "{place}"\n{MINIMAL}').setup().runbook == place
    for wrong, cure in (
        ("https://x/{severity}", "write {alertname} where the alert's name belongs"),
        ("file:///etc/passwd", 'write an address as "http://HOST:PORT/PATH"'),
        ("{alertname}", 'write an address as "http://HOST:PORT/PATH"'),
    ):
        (problem,) = refuse(f'runbook = "{wrong}"\n{MINIMAL}')
        assert cure in problem


def person(*notify: str) -> str:
    listed = ", ".join(f'"{one}"' for one in notify)
    return f'[[person]]\nid = "john"\nname = "John"\nnotify = [{listed}]\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            PAGERDUTY + person("pdd"),
            "notify[0]: no [[notifier]] has the id 'pdd'; did you mean \"pd\"?",
        ),
        (person("pd"), "notify[0]: no [[notifier]] has the id 'pd'; add the notifier"),
        (PAGERDUTY + person("pd:x"), "'pd:x': pd takes no address; write \"pd\""),
        (HOOK + person("chat:#x"), "'chat:#x': chat takes no address"),
        (PAGERDUTY + person("pd", "pd"), "notify[1]: 'pd' twice; take one out"),
        (MAIL + person("mail"), 'mail has no `to`; write an address, as "mail:john@example.com"'),
        (MAIL + person("mail:john"), "'john' is no mail address"),
        (BOT + person("chat"), 'chat has no channel; write one, as "chat:#incidents"'),
        (PAGERDUTY + PAGERDUTY, "notifier[1].id: 'pd' is the id of notifier[0] already"),
        (
            '[paging]\nfallback = ["john"]\n',
            'paging.fallback[0]: found \'john\'; write "schedule:ID", "person:ID" or',
        ),
        (
            '[paging]\nfallback = ["notifier:pd"]\n',
            "paging.fallback[0]: no [[notifier]] has the id 'pd'",
        ),
        ('[paging]\nrepeat = "8d"\n', "paging.repeat: found '8d'; write a duration from 0s to 7d"),
        ("[paging]\nflaps = 1\n", "paging.flaps: found 1; write a number of 2 or more"),
        ('[watchdog]\nwithin = "1s"\n', "watchdog.within: found '1s'; write a duration from 30s"),
        ("[heartbeat]\n", "heartbeat.url: missing; add url or url_file or url_env"),
        (
            '[heartbeat]\nurl = "http://x"\nurl_env = "X"\n',
            "heartbeat.url_env: url_env beside url; take one of the two out",
        ),
        ('[[notifier]]\nid = "x"\n', "notifier[0].kind: missing; add it: `pagerduty`, `slack`,"),
        (
            '[[notifier]]\nid = "x"\nkind = "sms"\n',
            "notifier[0].kind: found 'sms'; write one of 'pagerduty', 'slack',",
        ),
        (
            '[[notifier]]\nid = "x"\nkind = "pagerduty"\n',
            "routing_key_file: missing; add routing_key_file or routing_key_env",
        ),
        (
            PAGERDUTY + 'routing_key_env = "PD"\n',
            "routing_key_env beside routing_key_file; take one of the two out",
        ),
        (
            PAGERDUTY + 'token_file = "t"\n',
            "sender: missing; add the mail address of the PagerDuty",
        ),
        (PAGERDUTY + 'sender = "a@example.com"\n', "sender without a token; add token_file or"),
        (
            PAGERDUTY + 'channel = "#x"\n',
            "channel: no key of kind pagerduty; take it out; pagerduty",
        ),
        (PAGERDUTY + 'region = "mars"\n', "region: found 'mars'; write one of 'us' or 'eu'"),
        (PAGERDUTY + 'timeout = "1m"\n', "timeout: found '1m'; write a duration from 100ms to 12s"),
        (
            '[[notifier]]\nid = "x"\nkind = "slack"\n',
            "url_file: missing; add url_file with an incoming webhook's address, or token_file",
        ),
        (
            HOOK + 'token_file = "t"\n',
            "token_file: a token beside a webhook; take one of the two out",
        ),
        (HOOK + 'channel = "#x"\n', "channel: a webhook has its own channel; take it out"),
        (
            '[[notifier]]\nid = "x"\nkind = "email"\nsender = "a@b.c"\n',
            "host: missing; add the mail",
        ),
        (MAIL + 'username = "u"\n', "password_file: missing; add password_file or password_env"),
        (MAIL + 'password_env = "P"\n', "username: missing; add the user whose password it is"),
        (
            MAIL + 'username = "u"\npassword_env = "P"\nsecurity = "none"\n',
            'security: a password would go in the clear; write "starttls" or "tls"',
        ),
        (MAIL + 'to = ["a b"]\n', "to[0]: not what belongs here; write a mail address as"),
        (MAIL + 'tls_config = { server_name = "x" }\n', "server_name: not for mail servers"),
        (MAIL + "port = 0\n", "port: found 0; write a number of 1 or more"),
        (WEBHOOK + 'url_file = "x"\n', "url_file: url_file beside url; take one of the two out"),
        (
            WEBHOOK + "basic_auth = {}\n",
            "notifier[0].basic_auth.username: missing; add username or",
        ),
        ('[[notifier]]\nid = "x"\nkind = "webhook"\n', "url: missing; add url or url_file or"),
        (
            '[[notifier]]\nid = "x"\nkind = "apprise"\n',
            "url_file: missing; add url_file or url_env",
        ),
        (APPRISE + 'basic_auth = { username = "u" }\n', "basic_auth: no key of kind apprise"),
    ],
)
def test_what_does_not_hold_is_refused(refuse: Refuse, text: str, problem: str) -> None:
    """A key of another kind, a missing secret, a receiver that nobody has: each with its cure."""
    found = refuse(MINIMAL + text)
    assert any(problem in line for line in found), found
    assert len(found) == 1, found


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        (
            '[[notifier]]\nid = "x"\nkind = "slack"\nurl = "https://hooks.slack.com/services/SECRET"\n',
            "notifier[0].url: what may be a secret, in the open; put the address into a private file",
        ),
        (APPRISE + 'url = "https://ntfy.sh/SECRET"\n', "notifier[0].url: what may be a secret"),
        (
            PAGERDUTY + 'routing_key = "SECRET"\n',
            "routing_key: unknown key; put the secret into a private file and use "
            "routing_key_file or routing_key_env",
        ),
        (PAGERDUTY + 'token = "SECRET"\n', "use token_file or token_env"),
        (MAIL + 'password = "SECRET"\n', "use password_file or password_env"),
        (WEBHOOK + 'secret = "SECRET"\n', "use secret_file or secret_env"),
        (WEBHOOK.replace("/x", "/x?token=SECRET"), "notifier[0].url: not what belongs here"),
        (BOT + 'token_env = ["SECRET"]\n', "notifier[0].token_env: not what belongs here"),
        ('[heartbeat]\nurl = "https://u:SECRET@x"\n', "heartbeat.url: not what belongs here"),
    ],
)
def test_a_secret_in_the_open_is_refused_and_not_shown(
    refuse: Refuse, text: str, cure: str
) -> None:
    """The cure names the key for a file, and the secret is nowhere in the message."""
    found = refuse(MINIMAL + text.replace("SECRET", SECRET))
    assert any(cure in line for line in found), found
    assert not any(SECRET in line for line in found)


def test_every_key_of_the_table_belongs_to_a_kind() -> None:
    """No key is allowed that nothing reads, and none is known that the table has not."""
    keys = set.union(*KEYS.values(), {"id", "kind", "timeout"})
    assert keys == set(NotifierTable.model_fields)
