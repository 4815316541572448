"""Apprise: run for real in its own process, against a service that it speaks to."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.page import PageKind
from opsdash.notifiers import apprise
from opsdash.notifiers.apprise import Apprise, neutral
from opsdash.notifiers.notifier import NotifierError
from tests.notifiers.conftest import Keep
from tests.notifiers.pages import HOSTILE, hostile, page
from tests.notifiers.receivers import Receiver


def service(receiver: Receiver) -> str:
    """Apprise's own JSON service at the receiver."""
    return f"json://{receiver.url.removeprefix('http://')}/t0pic-secret"


async def test_a_page_arrives_through_apprise(receiver: Receiver, keep: Keep) -> None:
    """Title and text, and how bad it is in Apprise's words."""
    notifier = Apprise("ntfy", keep(service(receiver)), 120.0)
    assert (await notifier.send(page(), "", "")).answer == "sent"
    await notifier.send(page(PageKind.RESOLVE), "", "")
    first, second = (request.message for request in receiver.requests)
    assert first["title"] == "CRITICAL · High error rate detected in payments API (INC-001)"
    assert "Level: 1 On-call engineer" in first["message"]
    assert (first["type"], second["type"]) == ("failure", "success")


async def test_the_address_has_its_place_in_the_url(receiver: Receiver, keep: Keep) -> None:
    """One service, many people: the address is quoted, so that it stays one part of the URL."""
    url = f"{service(receiver)}/{{address}}"
    notifier = Apprise("sms", keep(url), 120.0)
    await notifier.send(page(), "+15550100/../x?y", "")
    assert receiver.requests[0].path == "/t0pic-secret/+15550100%2F..%2Fx%3Fy"
    with pytest.raises(NotifierError, match="the URL of sms asks for one") as caught:
        await notifier.send(page(), "", "")
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("fault", "permanent"), [("401", True), ("404", True), ("429", False), ("500", False)]
)
async def test_a_refusal_is_told_without_the_url(
    receiver: Receiver, keep: Keep, fault: str, permanent: bool
) -> None:
    """Apprise says no more than that it failed and with which status; that is enough."""
    receiver.faults = [f"{fault}=t0pic-secret"]
    notifier = Apprise("ntfy", keep(service(receiver)), 120.0)
    with pytest.raises(NotifierError, match=f"error={fault}") as caught:
        await notifier.send(page(), "", "")
    assert caught.value.permanent is permanent
    assert "t0pic-secret" not in caught.value.reason


async def test_a_redirect_is_not_followed(receiver: Receiver, keep: Keep) -> None:
    """A page goes nowhere that the configuration does not name."""
    receiver.faults = [f"redirect={receiver.url}/elsewhere"]
    notifier = Apprise("ntfy", keep(service(receiver)), 120.0)
    with pytest.raises(NotifierError):
        await notifier.send(page(), "", "")
    assert len(receiver.requests) == 1


async def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that nobody configured here never sees a page."""
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    await Apprise("ntfy", keep(service(receiver)), 120.0).send(page(), "", "")
    assert len(receiver.requests) == 1


async def test_a_service_that_hangs_is_cut(receiver: Receiver, keep: Keep) -> None:
    """The process is killed at the deadline, and the message may have arrived."""
    receiver.faults = ["hang"]
    with pytest.raises(NotifierError, match="no answer within") as caught:
        await Apprise("ntfy", keep(service(receiver)), 1.5).send(page(), "", "")
    assert not caught.value.permanent


async def test_an_unknown_url_is_permanent_and_not_shown(keep: Keep) -> None:
    """Trying again cannot help."""
    notifier = Apprise("ntfy", keep("nosuch://t0pic-secret/x"), 120.0)
    with pytest.raises(NotifierError, match="Apprise does not know such a URL") as caught:
        await notifier.send(page(), "", "")
    assert caught.value.permanent


async def test_without_apprise_the_cure_is_named(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra that not everybody installs."""
    monkeypatch.setattr(apprise, "find_spec", lambda name: None)
    with pytest.raises(NotifierError, match=r"pip install 'opsdash\[apprise\]'") as caught:
        await Apprise("ntfy", keep("json://x"), 1.0).send(page(), "", "")
    assert caught.value.permanent


async def test_nothing_is_run_from_the_working_directory(
    receiver: Receiver, keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that happens to lie there is no module of ours."""
    (tmp_path / "json.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "apprise.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    await Apprise("ntfy", keep(service(receiver)), 120.0).send(page(), "", "")
    assert len(receiver.requests) == 1


async def test_hostile_text_arrives_as_text(receiver: Receiver, keep: Keep) -> None:
    """Every hostile string at once, through Apprise, one line each and nothing lost."""
    notifier = Apprise("ntfy", keep(service(receiver)), 120.0)
    await notifier.send(hostile(" ".join(text[:300] for text in HOSTILE)), "", "")
    message = json.dumps(receiver.requests[0].message, ensure_ascii=False)
    assert "‹!channel›" in message
    assert "<" not in message
    assert "DROP TABLE" in message


@given(st.text(max_size=80) | st.sampled_from(HOSTILE))
def test_nothing_stays_that_a_service_may_obey(text: str) -> None:
    """Mentions, tags and links of every service that Apprise knows begin with these."""
    safe = neutral(text).lower()
    assert not set(safe) & set("<>")
    assert "](" not in safe
    for mention in ("@everyone", "@here", "@channel", "@all ", "@room"):
        assert mention not in safe
