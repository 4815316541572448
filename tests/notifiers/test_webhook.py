"""The webhook: Alertmanager's shape, signed, and the same at every try."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from opsdash.domain.page import Link, PageKind
from opsdash.domain.text import SafeText
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.webhook import Webhook, message_of, sign
from tests.kit.waiting import eventually
from tests.notifiers.conftest import Keep, at
from tests.notifiers.pages import BAD_LINKS, HOSTILE, KEY, any_kind, any_text, hostile, page
from tests.notifiers.receivers import Receiver
from tests.notifiers.shapes import faults_of
from tests.servers import AlertmanagerServer

NOW = datetime(2025, 12, 22, 14, 6, tzinfo=UTC)


async def send(url: str, *pages: Any, **settings: Any) -> str:
    notifier = Webhook("hook", at(url), lambda: NOW, **settings)
    answer = ""
    try:
        for one in pages:
            answer = (await notifier.send(one, "", "")).answer
    finally:
        await notifier.close()
    return answer


async def test_a_page_has_alertmanagers_shape(receiver: Receiver) -> None:
    """Version 4, one alert, an episode known by its fingerprint and start."""
    source = Link(SafeText("Source"), SafeText("https://prometheus.example.com/graph?g0=x"))
    await send(receiver.url, page(links=(source,)), page(PageKind.RESOLVE, at=NOW))
    fired, resolved = (request.message for request in receiver.requests)
    assert faults_of("webhook", fired) == faults_of("webhook", resolved) == []
    assert (fired["version"], fired["status"], fired["receiver"]) == ("4", "firing", "hook")
    assert fired["groupKey"] == resolved["groupKey"] == f"opsdash:{KEY}"
    assert fired["notification_reason"] == "first notification"
    (alert,) = fired["alerts"]
    assert alert["labels"]["alertname"] == "HighErrorRate"
    assert alert["annotations"]["summary"] == "High error rate detected in payments API"
    assert (alert["startsAt"], alert["endsAt"]) == (
        "2025-12-22T14:05:00.000Z",
        "0001-01-01T00:00:00Z",
    )
    assert alert["fingerprint"] == "5f2c0123456789ab"
    assert alert["generatorURL"] == "https://prometheus.example.com/graph?g0=x"
    (ended,) = resolved["alerts"]
    assert (ended["status"], ended["endsAt"]) == ("resolved", "2025-12-22T14:06:00.000Z")
    assert (ended["fingerprint"], ended["startsAt"]) == (alert["fingerprint"], alert["startsAt"])
    assert resolved["notification_reason"] == "all alerts resolved"


async def test_what_alertmanager_has_no_word_for_is_beside_it(receiver: Receiver) -> None:
    """Who acknowledged, at which level, in which incident, and whether it is a test."""
    taken = page(PageKind.ACKNOWLEDGE, by=SafeText("John"), text=SafeText("on it"), test=True)
    await send(receiver.url, taken)
    message = receiver.requests[0].message
    assert faults_of("webhook", message) == []
    assert message["status"] == "firing"
    assert "notification_reason" not in message
    more = message["opsdash"]
    assert (more["kind"], more["by"], more["text"]) == ("acknowledge", "John", "on it")
    assert (more["incident"], more["level"], more["test"]) == ("INC-001", 1, True)


async def test_a_test_begins_with_test(receiver: Receiver) -> None:
    """Whatever shows an alert's summary shows that nothing is wrong."""
    await send(receiver.url, page(test=True, labels={}))
    message = receiver.requests[0].message
    assert message["alerts"][0]["annotations"]["summary"].startswith("TEST: High error rate")
    assert message["groupLabels"] == {"alertname": "TEST: High error rate detected in payments API"}


async def test_a_storm_says_how_many(receiver: Receiver) -> None:
    """One message stands for all of them."""
    members = (SafeText("PodDown ×40"), SafeText("HighErrorRate"))
    await send(receiver.url, page(key="storm/7", count=50, members=members, labels={}))
    message = receiver.requests[0].message
    assert faults_of("webhook", message) == []
    assert message["truncatedAlerts"] == 49
    assert message["opsdash"]["members"] == list(members)


async def test_requests_are_signed(receiver: Receiver, keep: Keep) -> None:
    """HMAC-SHA256 over time and body: neither can be changed, and an old one is seen to be old."""
    await send(receiver.url, page(), secret=keep("shared-secret"))
    request = receiver.requests[0]
    moment, _, signature = request.headers["x-opsdash-signature"].partition(",")
    assert moment == f"t={int(NOW.timestamp())}"
    signed = f"{int(NOW.timestamp())}.".encode() + request.body
    expected = hmac.new(b"shared-secret", signed, hashlib.sha256).hexdigest()
    assert signature == f"v1={expected}"
    assert (
        sign(request.body, "shared-secret", NOW + timedelta(seconds=1)).partition(",")[2]
        != signature
    )


async def test_each_try_of_a_page_is_the_same_request(receiver: Receiver) -> None:
    """The receiver can tell a repetition by its Idempotency-Key."""
    await send(receiver.url, page(), page(), page(PageKind.RESOLVE))
    keys = [request.headers["idempotency-key"] for request in receiver.requests]
    assert keys[0] == keys[1] != keys[2]
    assert receiver.requests[0].body == receiver.requests[1].body


async def test_the_client_settings_hold(receiver: Receiver, keep: Keep) -> None:
    """A bearer token, headers and parameters of the address go with every request."""
    settings = HttpSettings(
        url=f"{receiver.url}/hook?team=payments",
        headers={"X-Api-Key": keep("k3y-of-hook")},
        authorization=("Bearer", keep("t0ken-of-hook")),
    )
    notifier = Webhook("hook", settings, lambda: NOW)
    await notifier.send(page(), "", "")
    await notifier.close()
    (request,) = receiver.requests
    assert request.path == "/hook?team=payments"
    assert request.headers["authorization"] == "Bearer t0ken-of-hook"
    assert request.headers["x-api-key"] == "k3y-of-hook"


async def test_a_secret_address_shows_nowhere(receiver: Receiver, keep: Keep) -> None:
    """Neither its path nor its parameter is in an error that the receiver provokes."""
    receiver.faults = ["403=go away /hook/pa7h-secret?token=t0k3n-secret"]
    secret = keep(f"{receiver.url}/hook/pa7h-secret?token=t0k3n-secret")
    with pytest.raises(NotifierError, match="answered 403: go away") as caught:
        await send("", page(), address=secret)
    assert caught.value.permanent
    assert "pa7h-secret" not in caught.value.reason
    assert "t0k3n-secret" not in caught.value.reason
    for bad in ("ftp://x", "not an address"):
        with pytest.raises(NotifierError, match="the URL must be http"):
            await send("", page(), address=keep(bad))


@pytest.mark.parametrize(
    ("fault", "permanent"), [("400", True), ("410", True), ("429", False), ("503=busy", False)]
)
async def test_what_an_answer_means(receiver: Receiver, fault: str, permanent: bool) -> None:
    """As Alertmanager: 5xx is tried again, 4xx is not."""
    receiver.faults = [fault]
    with pytest.raises(NotifierError, match=f"answered {fault[:3]}") as caught:
        await send(receiver.url, page())
    assert caught.value.permanent is permanent


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", list(PageKind))
def test_hostile_text_keeps_the_shape(text: str, kind: PageKind) -> None:
    """JSON strings hold anything; addresses are web addresses or are left out (H62)."""
    for url in BAD_LINKS:
        message = message_of(hostile(text, kind, url), "hook")
        assert faults_of("webhook", message) == []
        assert all(link["url"].startswith("http") for link in message["opsdash"]["links"])


@given(any_text, any_kind)
def test_any_text_keeps_the_shape(text: str, kind: PageKind) -> None:
    """The same for anything."""
    assert faults_of("webhook", message_of(hostile(text, kind), "hook")) == []


async def test_alertmanager_itself_sends_this_shape(
    receiver: Receiver, alertmanager: AlertmanagerServer
) -> None:
    """What a real Alertmanager posts fits our schema, and ours has every key that it has."""
    alertmanager.config = (
        "route: { receiver: hook, group_wait: 100ms, group_by: [alertname] }\n"
        f"receivers: [ {{ name: hook, webhook_configs: [ {{ url: '{receiver.url}' }} ] }} ]\n"
    )
    alertmanager.reload()
    alertmanager.post_alert({"alertname": "HighErrorRate", "severity": "critical"})
    await eventually(lambda: receiver.requests, what="Alertmanager's webhook")
    theirs = receiver.requests[0].message
    ours = message_of(page(), "hook")
    assert faults_of("webhook", theirs) == []
    assert set(theirs) <= set(ours)
    assert set(theirs["alerts"][0]) == set(ours["alerts"][0])
