"""Slack: messages that are edited and answered, that ping nobody by accident, and every refusal."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsdash.domain.page import Link, PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.notifiers import slack
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.slack import SlackBot, SlackWebhook
from opsdash.notifiers.slack_text import blocks_of, escape, fallback_of, link_of, reply_of
from tests.kit.process import free_port
from tests.notifiers.conftest import Keep, at
from tests.notifiers.pages import BAD_LINKS, HOSTILE, any_kind, any_text, hostile, page
from tests.notifiers.receivers import SlackServer, pings_of, texts_of
from tests.notifiers.shapes import faults_of


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages follow at once, except where the pace itself is looked at."""
    monkeypatch.setattr(slack, "PACE", 0.0)


@asynccontextmanager
async def bot(server: SlackServer, keep: Keep, timeout: float = 60.0) -> AsyncIterator[SlackBot]:
    notifier = SlackBot("slack", at(f"{server.url}/api", timeout), keep(server.token), "#incidents")
    try:
        yield notifier
    finally:
        await notifier.close()


@asynccontextmanager
async def webhook(
    server: SlackServer, keep: Keep, timeout: float = 60.0
) -> AsyncIterator[SlackWebhook]:
    address = keep(f"{server.url}{server.hook}")
    notifier = SlackWebhook("slack", at("", timeout), address)
    try:
        yield notifier
    finally:
        await notifier.close()


async def test_one_message_an_occurrence_is_edited_and_answered(
    slack_server: SlackServer, keep: Keep
) -> None:
    """The message shows how things stand, its thread what happened."""
    async with bot(slack_server, keep) as notifier:
        receipt = await notifier.send(page(), "", "")
        thread = receipt.thread
        assert thread.startswith("C0INCIDENTS/")
        ts = thread.partition("/")[2]
        await notifier.send(
            page(PageKind.NOTE, by=SafeText("Sarah"), text=SafeText("hello")), "", thread
        )
        assert slack_server.messages[ts]["text"].startswith("CRITICAL · High error rate")
        taken = page(PageKind.ACKNOWLEDGE, by=SafeText("John"), text=SafeText("on it"))
        await notifier.send(taken, "", thread)
        assert slack_server.messages[ts]["text"].startswith("ACKNOWLEDGED by John · High error")
        await notifier.send(page(PageKind.RESOLVE), "", thread)
        assert slack_server.messages[ts]["text"].startswith("RESOLVED · High error rate")
    first, *replies = slack_server.posted
    assert "thread_ts" not in first
    assert [reply["text"] for reply in replies] == [
        "NOTE by Sarah · High error rate detected in payments API (INC-001): hello",
        "ACKNOWLEDGED by John · High error rate detected in payments API (INC-001): on it",
        "RESOLVED · High error rate detected in payments API (INC-001)",
    ]
    assert all(reply["thread_ts"] == ts for reply in replies)
    assert not any(reply.get("reply_broadcast") for reply in replies)


async def test_a_message_shows_what_is_known(slack_server: SlackServer, keep: Keep) -> None:
    """Title, description, facts, recent changes, labels and the runbook."""
    async with bot(slack_server, keep) as notifier:
        await notifier.send(page(), "", "")
    shown = "\n".join(texts_of(slack_server.posted[0]["blocks"]))
    for words in (
        "CRITICAL · High error rate detected in payments API (INC-001)",
        "2.5% of requests fail; the limit is 1%.",
        "*Level*\n1 On-call engineer",
        "*For*\nJohn",
        "*When*\n2025-12-22 14:05:00 UTC",
        "• v1.4.2 of payments-api deployed 13:58 UTC by alice",
        "namespace=payments",
        "<https://runbooks.example.com/HighErrorRate|Runbook>",
    ):
        assert words in shown


async def test_the_next_level_is_seen_in_the_channel(slack_server: SlackServer, keep: Keep) -> None:
    """A page again is answered in the thread and shown outside of it, and names whom it calls."""
    async with bot(slack_server, keep) as notifier:
        thread = (await notifier.send(page(), "", "")).thread
        later = page(level=2, level_name=SafeText("Tech Lead"), reached=(SafeText("Ada"),))
        await notifier.send(later, "", thread)
    reply = slack_server.posted[1]
    assert reply["reply_broadcast"] is True
    assert "paging level 2 Tech Lead for Ada" in reply["text"]


async def test_a_page_goes_to_the_channel_of_its_address(
    slack_server: SlackServer, keep: Keep
) -> None:
    """A person or schedule may name a channel of its own."""
    async with bot(slack_server, keep) as notifier:
        receipt = await notifier.send(page(), "#other", "")
        assert receipt.thread.startswith("C0OTHER/")
        nowhere = SlackBot("slack", at(slack_server.url), keep("another-token"))
        with pytest.raises(NotifierError, match="no channel: add one") as caught:
            await nowhere.send(page(), "", "")
    assert caught.value.permanent


async def test_a_message_that_was_deleted_is_posted_anew(
    slack_server: SlackServer, keep: Keep
) -> None:
    """Somebody tidied up: the news is still told, and the new message is the thread from then on."""
    async with bot(slack_server, keep) as notifier:
        thread = (await notifier.send(page(), "", "")).thread
        slack_server.messages.clear()
        receipt = await notifier.send(page(PageKind.RESOLVE), "", thread)
        assert receipt.thread not in ("", thread)
        slack_server.messages.clear()
        await notifier.send(page(PageKind.NOTE, text=SafeText("late")), "", thread)
    assert [message["text"].partition(" ·")[0] for message in slack_server.posted] == [
        "CRITICAL",
        "RESOLVED",
        "NOTE",
    ]


async def test_a_webhook_posts_each_page_by_itself(slack_server: SlackServer, keep: Keep) -> None:
    """It gives no name by which a message could be edited."""
    async with webhook(slack_server, keep) as notifier:
        receipt = await notifier.send(page(), "", "")
        await notifier.send(page(PageKind.RESOLVE), "", "")
    assert (receipt.answer, receipt.thread) == ("ok", "")
    assert [message["text"].partition(" ·")[0] for message in slack_server.posted] == [
        "CRITICAL",
        "RESOLVED",
    ]


async def test_a_test_is_marked(slack_server: SlackServer, keep: Keep) -> None:
    """A drill says TEST in the notification and in the message."""
    async with webhook(slack_server, keep) as notifier:
        await notifier.send(page(test=True), "", "")
    message = slack_server.posted[0]
    assert message["text"].startswith("TEST · CRITICAL · ")
    assert "This is a *test*" in "\n".join(texts_of(message["blocks"]))


@pytest.mark.parametrize("fault", ["drop", "hang", "500"])
async def test_what_may_have_arrived_says_that_it_is_a_repetition(
    slack_server: SlackServer, keep: Keep, fault: str
) -> None:
    """Slack cannot know a message sent twice (A5): its second try says so, a later page does not."""
    slack_server.faults = [fault]
    hasty = webhook(slack_server, keep, timeout=1.5 if fault == "hang" else 60.0)
    async with hasty as first, webhook(slack_server, keep) as notifier:
        notifier._turns = first._turns
        with pytest.raises(NotifierError) as caught:
            await first.send(page(), "", "")
        assert not caught.value.permanent
        assert len(slack_server.requests) == 1
        await notifier.send(page(), "", "")
        await notifier.send(page(id="another"), "", "")
    texts = [message["text"] for message in slack_server.posted[-2:]]
    assert texts[0].endswith("(INC-001) (repeat)")
    assert texts[1].endswith("(INC-001)")


async def test_a_broken_connection_posts_nothing_twice_unmarked(
    slack_server: SlackServer, keep: Keep
) -> None:
    """A kept connection that breaks after the message is no reason to send it again unmarked."""
    async with bot(slack_server, keep) as notifier:
        await notifier.send(page(id="first"), "", "")
        slack_server.faults = ["drop"]
        with pytest.raises(NotifierError, match=r"without an answer|broke|reset"):
            await notifier.send(page(), "", "")
        assert len(slack_server.posted) == 2
        await notifier.send(page(), "", "")
    assert slack_server.posted[2]["text"].endswith("(repeat)")


@pytest.mark.parametrize("fault", ["429", "refused"])
async def test_what_cannot_have_arrived_does_not_say_so(
    slack_server: SlackServer, keep: Keep, fault: str
) -> None:
    """A refused connection or a rate limit is no doubt."""
    async with bot(slack_server, keep) as notifier:
        slack_server.faults = ["429=0"]
        with pytest.raises(NotifierError):
            if fault == "429":
                await notifier.send(page(), "", "")
            else:
                turned = SlackBot(
                    "s", at(f"http://127.0.0.1:{free_port()}"), keep("another-token"), "#incidents"
                )
                turned._turns = notifier._turns
                await turned.send(page(), "", "")
        slack_server.faults = []
        await notifier.send(page(), "", "")
    assert "(repeat)" not in slack_server.posted[0]["text"]


async def test_a_page_said_before_says_so(slack_server: SlackServer, keep: Keep) -> None:
    """What the engine pages again is marked as well."""
    async with webhook(slack_server, keep) as notifier:
        await notifier.send(page(repeat=2), "", "")
    assert slack_server.posted[0]["text"].endswith("(repeat)")


async def test_messages_to_one_channel_keep_slacks_pace(
    slack_server: SlackServer, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One a second: none is sent before its turn, however fast those before it were taken."""
    monkeypatch.setattr(slack, "PACE", 0.25)
    async with bot(slack_server, keep) as notifier:
        began = time.monotonic()
        for number in range(4):
            await notifier.send(page(id=str(number)), "", "")
            assert time.monotonic() - began > number * 0.24
    assert len(slack_server.posted) == 4


async def test_a_long_queue_is_told_to_the_engine(
    slack_server: SlackServer, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message whose turn is far off goes back with the time when it comes."""
    monkeypatch.setattr(slack, "PACE", 60.0)
    async with bot(slack_server, keep) as notifier:
        await notifier.send(page(), "", "")
        with pytest.raises(NotifierError, match="waiting for its turn") as caught:
            await notifier.send(page(), "", "")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > timedelta(seconds=30)


@pytest.mark.parametrize(
    ("error", "permanent", "words"),
    [
        ("not_in_channel", True, "answered not_in_channel; invite the app to the channel"),
        ("channel_not_found", True, "name a channel that the app can see"),
        ("is_archived", True, "answered is_archived"),
        ("invalid_auth", True, "the token is not valid"),
        ("msg_too_long", True, "answered msg_too_long"),
        ("invalid_blocks", True, "answered invalid_blocks"),
        ("missing_scope", True, "give the app the scope chat:write"),
        ("ratelimited", False, "answered ratelimited"),
        ("internal_error", False, "answered internal_error"),
        ("service_unavailable", False, "answered service_unavailable"),
    ],
)
async def test_an_answer_of_200_may_be_a_refusal(
    slack_server: SlackServer, keep: Keep, error: str, permanent: bool, words: str
) -> None:
    """`ok` counts and not the status; the reason comes with its cure."""
    slack_server.error = error
    async with bot(slack_server, keep) as notifier:
        with pytest.raises(NotifierError) as caught:
            await notifier.send(page(), "", "")
    assert words in caught.value.reason
    assert caught.value.permanent is permanent


@pytest.mark.parametrize(
    ("status", "said", "permanent"),
    [
        (400, "invalid_payload", True),
        (403, "action_prohibited", True),
        (404, "channel_not_found", True),
        (410, "channel_is_archived", True),
        (500, "rollup_error", False),
        (200, "not ok at all", False),
    ],
)
async def test_a_webhooks_refusals(
    slack_server: SlackServer, keep: Keep, status: int, said: str, permanent: bool
) -> None:
    """Plain text with a status, or no `ok`."""
    slack_server.hook_error = (status, said)
    async with webhook(slack_server, keep) as notifier:
        with pytest.raises(NotifierError) as caught:
            await notifier.send(page(), "", "")
    assert caught.value.permanent is permanent
    assert (said if status != 200 else "something else than ok") in caught.value.reason


@pytest.mark.parametrize("fault", ["404", "500", "html", "redirect", "drop", "429=5"])
async def test_the_webhooks_address_shows_nowhere(
    slack_server: SlackServer, keep: Keep, fault: str
) -> None:
    """Its path is the secret: no error holds it, even where the server sends it back."""
    parameter = f"={slack_server.hook}" if fault in ("404", "500") else ""
    slack_server.faults = [f"{fault}{parameter}"] * 2
    async with webhook(slack_server, keep) as notifier:
        with pytest.raises(NotifierError) as caught:
            await notifier.send(page(), "", "")
    assert caught.value.reason.count("127.0.0.1") == 1
    for part in (slack_server.hook, "s3cr3tPath"):
        assert part not in caught.value.reason


async def test_a_rate_limit_leaves_slack_alone(slack_server: SlackServer, keep: Keep) -> None:
    """Retry-After holds for every message to it."""
    slack_server.faults = ["429=30"]
    async with bot(slack_server, keep) as notifier:
        with pytest.raises(NotifierError, match="asked to wait 30s") as caught:
            await notifier.send(page(), "", "")
        assert caught.value.retry_after == timedelta(seconds=30)
        with pytest.raises(NotifierError, match="asked to be left alone"):
            await notifier.send(page(), "", "")
    assert len(slack_server.requests) == 1


async def test_a_changed_webhook_is_obeyed(slack_server: SlackServer, keep: Keep) -> None:
    """The address is read anew for each message: rotating it needs no restart."""
    places = iter([f"{slack_server.url}/services/gone", f"{slack_server.url}{slack_server.hook}"])
    notifier = SlackWebhook("slack", at(""), lambda: next(places))
    with pytest.raises(NotifierError, match="no_service; the webhook was removed"):
        await notifier.send(page(), "", "")
    await notifier.send(page(), "", "")
    await notifier.close()
    assert len(slack_server.posted) == 1


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("kind", list(PageKind))
def test_hostile_text_pings_nobody(text: str, kind: PageKind) -> None:
    """No label pings a channel, names a person or hides a link, and every limit is kept (H53)."""
    for url in BAD_LINKS:
        hold_to_rules(text, kind, url)


@given(any_text, any_kind, st.text(max_size=50) | st.sampled_from(BAD_LINKS))
def test_any_text_pings_nobody(text: str, kind: PageKind, url: str) -> None:
    """The same for anything."""
    hold_to_rules(text, kind, url)


def hold_to_rules(text: str, kind: PageKind, url: str) -> None:
    told = hostile(text, kind, url)
    message = {"text": fallback_of(told), "blocks": blocks_of(told)}
    reply = {"channel": "C", "text": reply_of(told)}
    assert faults_of("slack-webhook", message) == []
    assert faults_of("slack-message", reply) == []
    assert pings_of(message) + pings_of(reply) == []
    # Observed: Slack refuses blocks of more than about 13,200 characters (slackapi/bolt-js#2509).
    assert sum(map(len, texts_of(message["blocks"]))) <= 13_000
    assert json.dumps(message)


@given(st.text("ab&<>;", max_size=200) | st.text(max_size=200), st.integers(1, 120))
@example("a&b", 4)
@example("<<<<", 7)
def test_escaping_is_undone_to_the_same_text(text: str, limit: int) -> None:
    """What Slack shows is what was there; an escape is never cut in two."""
    whole = escape(text, 5000)
    back = whole.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert back == text
    cut = escape(text, limit)
    assert len(cut) <= limit
    shown = cut.removesuffix("…").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert text.startswith(shown)


def test_a_links_text_is_text() -> None:
    """A link's words cannot close it."""
    link = Link(clean("a|b> <!channel>"), SafeText("https://x/?a=1&b=2"))
    assert link_of(link) == "<https://x/?a=1&amp;b=2|a|b&gt; &lt;!channel&gt;>"
