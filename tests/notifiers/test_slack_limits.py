"""Slack's errors and limits, each of those that its documentation names: what becomes of a page then."""

from datetime import timedelta

import pytest

from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.slack_text import blocks_of, cut_escaped, fallback_of
from tests.notifiers.conftest import Keep
from tests.notifiers.pages import page
from tests.notifiers.receivers import SlackServer
from tests.notifiers.test_slack import bot, webhook

TOO_MUCH = ["msg_too_long", "msg_blocks_too_long", "invalid_blocks"]


@pytest.mark.parametrize("error", TOO_MUCH)
async def test_what_slack_will_not_show_is_said_in_one_line(
    slack_server: SlackServer, keep: Keep, error: str
) -> None:
    """A page is not lost for its looks: the same is posted, edited and answered without blocks."""
    slack_server.too_much = error
    async with bot(slack_server, keep) as notifier:
        thread = (await notifier.send(page(), "", "")).thread
        taken = page(PageKind.ACKNOWLEDGE, by=SafeText("John"))
        await notifier.send(taken, "", thread)
    first = slack_server.messages[thread.partition("/")[2]]
    assert "blocks" not in slack_server.posted[0]
    assert slack_server.posted[0]["text"].startswith("CRITICAL · High error rate detected")
    assert first["text"].startswith("ACKNOWLEDGED by John · High error")
    assert len(slack_server.posted) == 2


@pytest.mark.parametrize("error", [*TOO_MUCH, "invalid_payload"])
async def test_a_webhook_says_it_in_one_line_too(
    slack_server: SlackServer, keep: Keep, error: str
) -> None:
    """Its refusal is plain text with status 400."""
    slack_server.too_much = error
    async with webhook(slack_server, keep) as notifier:
        receipt = await notifier.send(page(), "", "")
    assert receipt.answer == "ok"
    (message,) = slack_server.posted
    assert "blocks" not in message
    assert message["text"].startswith("CRITICAL · High error rate detected")


@pytest.mark.parametrize("error", ["rate_limited", "ratelimited"])
async def test_too_many_without_a_status_of_their_own_leave_slack_alone(
    slack_server: SlackServer, keep: Keep, error: str
) -> None:
    """Both spellings, in an answer of 200 and without Retry-After: five seconds for every message."""
    slack_server.error = error
    async with bot(slack_server, keep) as notifier:
        with pytest.raises(NotifierError, match=f"answered {error}") as caught:
            await notifier.send(page(), "", "")
        assert caught.value.retry_after == timedelta(seconds=5)
        assert not caught.value.permanent
        with pytest.raises(NotifierError, match="asked to be left alone"):
            await notifier.send(page(), "#other", "")
    assert len(slack_server.requests) == 1


async def test_too_many_is_the_webhooks_answer_too(slack_server: SlackServer, keep: Keep) -> None:
    """429 with Retry-After holds for the webhook's every message."""
    slack_server.faults = ["429=12"]
    async with webhook(slack_server, keep) as notifier:
        with pytest.raises(NotifierError, match="asked to wait 12s") as caught:
            await notifier.send(page(), "", "")
        with pytest.raises(NotifierError, match="asked to be left alone"):
            await notifier.send(page(), "", "")
    assert caught.value.retry_after == timedelta(seconds=12)
    assert len(slack_server.requests) == 1


@pytest.mark.parametrize(
    ("status", "said", "cure"),
    [
        (403, "action_prohibited", "an administrator of the workspace has forbidden it"),
        (404, "no_service", "make a new one"),
        (404, "channel_not_found", "name a channel that the app can see"),
        (410, "channel_is_archived", "make a webhook for another one"),
        (400, "no_text", ""),
    ],
)
async def test_a_webhooks_refusal_is_for_good_and_says_what_to_do(
    slack_server: SlackServer, keep: Keep, status: int, said: str, cure: str
) -> None:
    """The page goes another way at once; who reads the dead letter reads the cure."""
    slack_server.hook_error = (status, said)
    async with webhook(slack_server, keep) as notifier:
        with pytest.raises(NotifierError) as caught:
            await notifier.send(page(), "", "")
    assert caught.value.permanent
    assert f"answered {status}: {said}" in caught.value.reason
    assert cure in caught.value.reason


def test_a_page_keeps_to_what_slack_shows() -> None:
    """50 blocks, 150 characters of a header, 3000 of a section, ten fields, text short enough."""
    long = SafeText("x&" * 4000)
    many = tuple(SafeText(f"Alert{n} ×{n}") for n in range(500))
    largest = page(
        title=long,
        text=long,
        members=many,
        context=many,
        lines=many,
        labels={f"l{n}": long for n in range(50)},
        annotations={"description": long},
        count=500,
    )
    blocks = blocks_of(largest)
    assert len(blocks) <= 50
    assert len(blocks[0]["text"]["text"]) <= 150
    for block in blocks[1:]:
        assert len(block.get("text", {}).get("text", "")) <= 3000
        assert len(block.get("fields", [])) <= 10
        assert len(block.get("elements", [])) <= 10
    assert len(fallback_of(largest)) <= 3000
    assert len(cut_escaped(fallback_of(largest), 1000)) <= 1000
