"""What a plan names is opened as it says: secrets read late, keys private, notifiers of each kind."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.config.build import plan_of
from opsdash.config.reading import parse
from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.tls import make_context
from opsdash.notifiers.apprise import Apprise
from opsdash.notifiers.email import Email
from opsdash.notifiers.pagerduty import PagerDuty
from opsdash.notifiers.slack import SlackBot, SlackWebhook
from opsdash.notifiers.webhook import Webhook
from opsdash.plan import BasicAuth, FileRef, Header, HttpPlan, Plan, SecretRef, Tls
from opsdash.runtime import http_settings, open_heartbeat, open_notifiers
from opsdash.secret import redact
from tests.faultserver import FaultServer
from tests.kit.certificates import Certificates


def secret(folder: Path, name: str, value: str) -> SecretRef:
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)
    return SecretRef(FileRef(name, str(folder)))


def authorization(server: FaultServer) -> str:
    return server.requests[-1].headers["Authorization"]


async def ask(plan: HttpPlan) -> None:
    client = HttpClient(http_settings(plan))
    try:
        await client.send("/-/ready")
    finally:
        await client.close()


async def test_a_user_without_a_password_is_sent(fault_server: FaultServer) -> None:
    """The password is empty then, and not the whole login left out."""
    await ask(HttpPlan(fault_server.url, BasicAuth("tenant")))
    assert authorization(fault_server) == "Basic dGVuYW50Og=="


async def test_a_user_from_a_file_is_read_for_each_request(
    fault_server: FaultServer, tmp_path: Path
) -> None:
    """Opening reads no secret, and a file that changes is obeyed."""
    name = SecretRef(FileRef("user", str(tmp_path)))
    plan = HttpPlan(
        fault_server.url,
        BasicAuth(username_ref=name, password=secret(tmp_path, "word", "pass-w0rd")),
    )
    client = HttpClient(http_settings(plan))
    with pytest.raises(RemoteError, match="cannot read secret file"):
        await client.send("/-/ready")
    for user, encoded in (
        ("tenant-1", "dGVuYW50LTE6cGFzcy13MHJk"),
        ("tenant-2", "dGVuYW50LTI6cGFzcy13MHJk"),
    ):
        secret(tmp_path, "user", user)
        await client.send("/-/ready")
        assert authorization(fault_server) == f"Basic {encoded}"
    await client.close()


async def test_what_is_made_of_secrets_is_one(fault_server: FaultServer, tmp_path: Path) -> None:
    """A joined header and the encoded login are struck out of whatever is shown."""
    parts = (secret(tmp_path, "a", "first-half"), secret(tmp_path, "b", "second-half"))
    plan = HttpPlan(
        fault_server.url,
        BasicAuth("user", password=secret(tmp_path, "c", "pass-word")),
        headers=(Header("X-Key", ("plain",), parts),),
    )
    await ask(plan)
    sent = fault_server.requests[-1].headers
    assert sent["X-Key"] == "plain, first-half, second-half"
    for value in (sent["X-Key"], sent["Authorization"].removeprefix("Basic ")):
        assert redact(f"<{value}>") == "<[secret]>"


def test_a_key_that_others_may_read_is_refused(certificates: Certificates, tmp_path: Path) -> None:
    """As any secret file: the reason names it and says what to run."""
    key = tmp_path / "client.key"
    key.write_bytes(certificates.client.key.read_bytes())
    key.chmod(0o644)
    plan = HttpPlan(
        "https://127.0.0.1",
        tls=Tls(
            cert_file=FileRef(str(certificates.client.certificate)), key_file=FileRef(str(key))
        ),
    )
    with pytest.raises(RemoteError, match=f"chmod 600 {key}"):
        make_context(http_settings(plan), True)
    key.chmod(0o600)
    assert make_context(http_settings(plan), True)


def test_the_oldest_tls_is_the_configured_one() -> None:
    """`min_version` is obeyed."""
    plan = HttpPlan("https://127.0.0.1", tls=Tls(min_version="TLS13"))
    assert make_context(http_settings(plan), True).minimum_version is ssl.TLSVersion.TLSv1_3


def planned(text: str, folder: Path) -> Plan:
    document = '[prometheus]\nurl = "http://127.0.0.1:9090"\n' + text
    path = folder / "opsdash.toml"
    return plan_of(parse(document.encode(), path), path)


async def test_each_kind_is_opened(tmp_path: Path) -> None:
    """By its id, without reading a secret or a server: that is for the first page."""
    plan = planned(
        '[[notifier]]\nid = "pd"\nkind = "pagerduty"\nregion = "eu"\nrouting_key_env = "A"\n'
        'token_env = "B"\nsender = "a@example.com"\n'
        '[[notifier]]\nid = "hook"\nkind = "slack"\nurl_env = "C"\n'
        '[[notifier]]\nid = "bot"\nkind = "slack"\ntoken_env = "D"\n'
        '[[notifier]]\nid = "mail"\nkind = "email"\nhost = "h"\nsender = "a@example.com"\n'
        '[[notifier]]\nid = "web"\nkind = "webhook"\nurl = "http://127.0.0.1:1"\n'
        '[[notifier]]\nid = "any"\nkind = "apprise"\nurl_env = "E"\n',
        tmp_path,
    )
    opened = open_notifiers(plan)
    assert {id: type(one) for id, one in opened.items()} == {
        "pd": PagerDuty,
        "hook": SlackWebhook,
        "bot": SlackBot,
        "mail": Email,
        "web": Webhook,
        "any": Apprise,
    }
    assert [one.id for one in opened.values()] == list(opened)
    assert {one.kind for one in opened.values()} == {one.kind for one in plan.notifiers}
    pagerduty = opened["pd"]
    assert isinstance(pagerduty, PagerDuty)
    assert pagerduty.rest is not None
    await asyncio.gather(*(one.close() for one in opened.values()))


async def test_a_heartbeat_calls_its_address(fault_server: FaultServer, tmp_path: Path) -> None:
    """Once a call, at an address that is a secret; what fails is told without it."""
    assert open_heartbeat(planned("", tmp_path)) is None
    secret(tmp_path, "beat.url", f"{fault_server.url}/503/beat-t0ken")
    heart = open_heartbeat(planned('[heartbeat]\nurl_file = "beat.url"\nevery = "30s"\n', tmp_path))
    assert heart is not None
    assert heart.every == timedelta(seconds=30)
    with pytest.raises(RemoteError, match="answered 503") as caught:
        await heart.call()
    assert "beat-t0ken" not in caught.value.reason
    fault_server.answer("/ok/beat-t0ken", "OK")
    secret(tmp_path, "beat.url", f"{fault_server.url}/ok/beat-t0ken")
    await heart.call()
    assert fault_server.requests[-1].path == "/ok/beat-t0ken"
