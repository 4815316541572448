"""PagerDuty's Events API: what is sent, what its answers mean, and that its key shows nowhere."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsdash.domain.alert import Severity
from opsdash.domain.deployment import Commit, Deployment
from opsdash.domain.page import Link, PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.pagerduty import (
    EVENT_LIMIT,
    PagerDuty,
    change_event,
    dedup_key,
    severity_of,
)
from opsdash.notifiers.pagerduty_rest import PagerDutyRest
from tests.kit.process import free_port
from tests.notifiers.conftest import Keep, at
from tests.notifiers.pages import AT, BAD_LINKS, HOSTILE, KEY, any_kind, any_text, hostile, page
from tests.notifiers.receivers import PagerDutyServer
from tests.notifiers.shapes import faults_of, published_faults


@asynccontextmanager
async def opened(
    server: PagerDutyServer, keep: Keep, rest: bool = False, timeout: float = 60.0
) -> AsyncIterator[PagerDuty]:
    settings = at(f"{server.url}/v2", timeout)
    api = PagerDutyRest(at(server.url, timeout), keep(server.token), server.user) if rest else None
    notifier = PagerDuty("pd", settings, keep(server.routing_key), api, "https://ops.example.com")
    try:
        yield notifier
    finally:
        await notifier.close()


async def refusal(server: PagerDutyServer, keep: Keep, timeout: float = 60.0) -> NotifierError:
    """Return the error of one page, fit for a screen and without the key."""
    async with opened(server, keep, timeout=timeout) as notifier:
        with pytest.raises(NotifierError) as caught:
            await notifier.send(page(), "", "")
    error = caught.value
    assert error.reason == clean(error.reason)
    assert server.routing_key not in str(error)
    return error


async def test_what_must_wake_nobody_is_left_out(keep: Keep) -> None:
    """PagerDuty opens an incident for whatever it is told of no alert: a change of shift is not told."""
    nobody = PagerDuty("pd", at(f"http://127.0.0.1:{free_port()}"), keep("k" * 32))
    receipt = await nobody.send(page(kind=PageKind.NOTE, quiet=True, alert=None), "", "")
    assert "left out" in receipt.answer
    await nobody.close()


async def test_a_page_opens_one_incident_and_resolves_it(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Trigger, acknowledgement and resolve carry one dedup key; sending twice opens nothing new."""
    async with opened(pagerduty_server, keep) as notifier:
        receipt = await notifier.send(page(), "", "")
        await notifier.send(page(), "", "")
        assert receipt.answer == "accepted: Event processed"
        (incident,) = pagerduty_server.incidents
        assert incident["key"] == f"opsdash:{KEY}"
        await notifier.send(page(PageKind.ACKNOWLEDGE, by=SafeText("John")), "", "")
        assert incident["status"] == "acknowledged"
        await notifier.send(page(PageKind.RESOLVE), "", "")
        assert incident["status"] == "resolved"


async def test_an_event_says_all_that_is_known(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Summary verbatim, severity, source, component, group, class, value, level, context, links."""
    async with opened(pagerduty_server, keep) as notifier:
        await notifier.send(page(), "", "")
    event = pagerduty_server.requests[0].message
    payload = event["payload"]
    assert payload["summary"] == "High error rate detected in payments API"
    assert (payload["severity"], payload["source"]) == ("critical", "payments-api")
    assert (payload["component"], payload["group"]) == ("payments-api", "payments")
    assert (payload["class"], payload["timestamp"]) == (
        "HighErrorRate",
        "2025-12-22T14:05:00.000+00:00",
    )
    details = payload["custom_details"]
    assert details["value"] == "0.025"
    assert details["level"] == "1 On-call engineer"
    assert details["incident"] == "INC-001"
    assert details["recent_changes"] == ["v1.4.2 of payments-api deployed 13:58 UTC by alice"]
    assert details["labels"]["namespace"] == "payments"
    assert event["links"] == [
        {"href": "https://runbooks.example.com/HighErrorRate", "text": "Runbook"}
    ]
    assert event["client"].startswith("opsdash ")
    assert event["client_url"] == "https://ops.example.com"


async def test_a_test_says_that_it_is_one(pagerduty_server: PagerDutyServer, keep: Keep) -> None:
    """A drill's summary begins with TEST."""
    async with opened(pagerduty_server, keep) as notifier:
        await notifier.send(page(test=True), "", "")
    payload = pagerduty_server.requests[0].message["payload"]
    assert payload["summary"] == "TEST: High error rate detected in payments API"
    assert payload["custom_details"]["test"] is True


async def test_a_note_without_a_token_is_added_to_the_open_alert(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Events know no notes: it is a trigger of the same key with the words in its details."""
    async with opened(pagerduty_server, keep) as notifier:
        await notifier.send(page(), "", "")
        text = SafeText("MemoryLeakSuspected joined INC-001")
        await notifier.send(page(PageKind.NOTE, by=SafeText("engine"), text=text), "", "")
    (incident,) = pagerduty_server.incidents
    assert len(incident["events"]) == 2
    assert incident["events"][1]["payload"]["custom_details"]["note"] == text


async def test_a_deployment_is_a_change_event(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """It shows beside incidents and opens none; a link that is no web address is left out."""
    deployment = Deployment(
        SafeText("payments-api"),
        AT,
        version=SafeText("v1.4.2"),
        commit=SafeText("0a1b2c3"),
        author=SafeText("alice"),
        url=SafeText("https://ci.example.com/7"),
        commits=(Commit(SafeText("0a1b2c3"), SafeText("alice"), SafeText("retry loop")),),
    )
    async with opened(pagerduty_server, keep) as notifier:
        await notifier.change(deployment)
    (change,) = pagerduty_server.changes
    assert change["payload"]["summary"] == "Deployed payments-api v1.4.2 by alice"
    assert change["payload"]["custom_details"]["commit"] == "0a1b2c3"
    assert change["payload"]["custom_details"]["brought"] == "0a1b2c3 retry loop"
    assert change["links"] == [{"href": "https://ci.example.com/7", "text": "Deployment"}]
    assert pagerduty_server.incidents == []
    bad = Deployment(SafeText("x"), AT, url=SafeText("javascript:alert(1)"))
    assert "links" not in change_event(bad)


@pytest.mark.parametrize(
    ("fault", "permanent", "words"),
    [
        ("400", True, "answered 400: status 400"),
        ("401", True, "answered 401"),
        ("403", True, "answered 403"),
        ("404", True, "answered 404"),
        ("413", True, "answered 413"),
        ("429", False, "answered 429: Requests for this service are arriving too quickly."),
        ("500", False, "answered 500"),
        ("502", False, "answered 502"),
        ("503", False, "answered 503"),
        ("drop", False, "closed the connection without an answer"),
        ("redirect", False, "redirects to http://elsewhere.example: not followed"),
    ],
)
async def test_what_an_answer_means(
    pagerduty_server: PagerDutyServer, keep: Keep, fault: str, permanent: bool, words: str
) -> None:
    """400 and its like are never tried again; 429, 5xx and a broken network are (F28)."""
    pagerduty_server.faults = [fault] * 2
    error = await refusal(pagerduty_server, keep)
    assert words in error.reason
    assert error.permanent is permanent


async def test_a_network_that_fails_is_temporary(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Refused and unanswered say so, within the deadline."""
    pagerduty_server.faults = ["hang"]
    error = await refusal(pagerduty_server, keep, timeout=0.3)
    assert error.reason.startswith("no answer from http://127.0.0.1:")
    assert not error.permanent
    nobody = PagerDuty("pd", at(f"http://127.0.0.1:{free_port()}"), keep("k" * 32))
    with pytest.raises(NotifierError, match="refused the connection") as caught:
        await nobody.send(page(), "", "")
    assert not caught.value.permanent


async def test_a_bad_key_is_told_without_the_key(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """PagerDuty quotes the key that it refuses; the reason does not (R13)."""
    async with opened(pagerduty_server, keep) as notifier:
        pagerduty_server.routing_key = "another"
        with pytest.raises(NotifierError) as caught:
            await notifier.send(page(), "", "")
    assert caught.value.permanent
    assert "Invalid routing key: routing_key [secret] is not valid" in caught.value.reason


async def test_a_broken_connection_is_mended_at_once(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """The dedup key absorbs a repetition, so a kept connection that breaks costs no pause."""
    async with opened(pagerduty_server, keep) as notifier:
        await notifier.send(page(), "", "")
        pagerduty_server.faults = ["drop"]
        await notifier.send(page(), "", "")
    (incident,) = pagerduty_server.incidents
    assert len(incident["events"]) == 3


async def test_retry_after_leaves_the_receiver_alone(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Up to five minutes are obeyed, for the next pages too, which do not reach PagerDuty (F06)."""
    pagerduty_server.faults = ["429=3600"]
    async with opened(pagerduty_server, keep) as notifier:
        with pytest.raises(NotifierError, match="asked to wait 1h, trying again in 5m") as first:
            await notifier.send(page(), "", "")
        assert first.value.retry_after == timedelta(minutes=5)
        with pytest.raises(NotifierError, match="asked to be left alone for") as second:
            await notifier.send(page(), "", "")
    assert second.value.retry_after is not None
    assert second.value.retry_after > timedelta(minutes=4)
    assert not second.value.permanent
    assert len(pagerduty_server.requests) == 1


async def test_a_secret_that_cannot_be_read_is_temporary(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Somebody can mend the file while the page waits."""

    def gone() -> str:
        raise FileNotFoundError("secret stuff")

    notifier = PagerDuty("pd", at(pagerduty_server.url), gone)
    with pytest.raises(NotifierError, match="a secret cannot be read: FileNotFound") as caught:
        await notifier.send(page(), "", "")
    assert not caught.value.permanent
    assert pagerduty_server.requests == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", list(PageKind))
def test_hostile_text_keeps_to_the_schema(text: str, kind: PageKind) -> None:
    """Whatever the labels hold, the event is one that PagerDuty takes (H51 to H53, H62)."""
    for url in BAD_LINKS:
        hold_to_rules(text, kind, url)


@given(any_text, any_kind, st.text(max_size=50) | st.sampled_from(BAD_LINKS))
def test_any_text_keeps_to_the_schema(text: str, kind: PageKind, url: str) -> None:
    """The same for anything."""
    hold_to_rules(text, kind, url)


def hold_to_rules(text: str, kind: PageKind, url: str) -> None:
    notifier = PagerDuty("pd", at("http://127.0.0.1:1"), lambda: "")
    event = {"routing_key": "k" * 32, **notifier.event(hostile(text, kind, url))}
    assert faults_of("pagerduty-event", event) == []
    spec = "pagerduty-events-v2.openapi.json"
    assert published_faults(spec, "/enqueue", "POST", event) == []
    hrefs = [link["href"] for link in event.get("links", ())]
    assert all(href.startswith(("http://", "https://")) for href in hrefs)
    assert not any("@" in href.split("/")[2] for href in hrefs)


@given(st.text(max_size=600) | st.text("ab/", min_size=240, max_size=300))
@example("x" * 247)
@example("x" * 248)
def test_a_dedup_key_fits_and_is_stable(key: str) -> None:
    """255 characters at most; different keys stay different, also beyond the limit."""
    assert len(dedup_key(key)) <= 255
    assert dedup_key(key) == dedup_key(key)
    assert dedup_key(key) != dedup_key(key + "x")


def test_a_huge_page_is_cut_to_fit() -> None:
    """An event of more than 512 KB would be refused: what only helps is cut."""
    many = {f"label_{n}": SafeText("🔥" * 2000) for n in range(400)}
    notifier = PagerDuty("pd", at("http://127.0.0.1:1"), lambda: "")
    links = tuple(Link(SafeText("x"), SafeText("https://x/" + "y" * 1900)) for _ in range(400))
    event = notifier.event(
        page(labels=many, annotations=many, members=(SafeText("x" * 2000),) * 999, links=links)
    )
    assert len(json.dumps(event, ensure_ascii=False).encode()) < EVENT_LIMIT
    assert event["payload"]["summary"] == "High error rate detected in payments API"


@pytest.mark.parametrize(
    ("severity", "label", "word"),
    [
        (Severity.CRITICAL, "critical", "critical"),
        (Severity.CRITICAL, "sev1", "critical"),
        (Severity.WARNING, "high", "error"),
        (Severity.WARNING, "SEV2", "error"),
        (Severity.WARNING, "warning", "warning"),
        (Severity.INFO, "low", "info"),
    ],
)
def test_severities_are_pagerdutys(severity: Severity, label: str, word: str) -> None:
    """Critical, high, medium and low become critical, error, warning and info."""
    labels = {"severity": SafeText(label)}
    assert severity_of(page(severity=severity, labels=labels)) == word
