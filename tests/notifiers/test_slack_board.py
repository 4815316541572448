"""The week as a Slack message: within Slack's limits, and pinging nobody."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.text import SafeText, clean
from opsdash.domain.week import Week
from opsdash.domain.week_rota import DayLine, ScheduleWeek, WeekRota
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.slack_board import SlackChannel, message_of
from tests.notifiers.conftest import Keep, at
from tests.notifiers.pages import HOSTILE, any_text
from tests.notifiers.receivers import SlackServer, pings_of, texts_of
from tests.notifiers.shapes import faults_of

SINCE = datetime(2023, 11, 14, tzinfo=UTC)
"""Before the stand-in's first message."""


def rota(text: str, schedules: int = 1) -> WeekRota:
    """A week in which every word is `text`."""
    word = clean(text)
    one = ScheduleWeek(
        word or SafeText("x"),
        "UTC",
        tuple(DayLine(date(2025, 12, 22), SafeText("Mon 22 Dec"), word) for _ in range(7)),
        word,
        (word,) * 5,
    )
    return WeekRota(Week(2025, 52), word or SafeText("x"), (one,) * schedules)


def hold_to_rules(text: str, schedules: int) -> None:
    message = message_of(rota(text, schedules))
    whole = {"channel": "C", **message}
    assert faults_of("slack-message", whole) == []
    assert faults_of("slack-webhook", {k: message[k] for k in ("text", "blocks")}) == []
    assert pings_of(message) == []
    # Observed: Slack refuses blocks of more than about 13,200 characters (slackapi/bolt-js#2509).
    assert sum(map(len, texts_of(message["blocks"]))) <= 13_000


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_ping_nobody(text: str) -> None:
    """A schedule, a name or a reason that would ping, link or hide is text."""
    hold_to_rules(text, 3)


@given(any_text, st.integers(0, 80))
def test_any_week_fits(text: str, schedules: int) -> None:
    """However much there is to tell, Slack takes it."""
    hold_to_rules(text, schedules)


def test_what_does_not_fit_is_counted() -> None:
    """The message says how many schedules it leaves out, and what shows them."""
    message = message_of(rota("John", 80))
    last = texts_of(message["blocks"])[-1]
    left = 80 - (len(message["blocks"]) - 2)
    assert last == f"… and {left} more; opsdash oncall publish --dry-run has all"


async def test_a_channel_may_be_named_by_its_id(slack_server: SlackServer, keep: Keep) -> None:
    """Then looking needs no listing of channels."""
    board = SlackChannel(at(f"{slack_server.url}/api"), keep(slack_server.token), "C0ONCALL")
    place = await board.post(rota("John"), "n1", False)
    found = await board.find("", "n1", SINCE)
    assert found == place
    assert await board.find("", "n2", SINCE) is None
    await board.close()
    assert not any("conversations.list" in r.path for r in slack_server.requests)


async def test_a_channel_that_the_app_does_not_see_cannot_be_looked_into(
    slack_server: SlackServer, keep: Keep
) -> None:
    """It says so instead of taking it for an empty one."""
    slack_server.scopes.add("groups:read")
    board = SlackChannel(at(f"{slack_server.url}/api"), keep(slack_server.token), "#nowhere")
    with pytest.raises(NotifierError, match="sees no such channel; write its id") as caught:
        await board.find("", "n", SINCE)
    assert caught.value.permanent
    slack_server.members.clear()
    there = SlackChannel(at(f"{slack_server.url}/api"), keep(slack_server.token), "#oncall")
    with pytest.raises(NotifierError, match="not_in_channel"):
        await there.find("", "n", SINCE)
    with pytest.raises(NotifierError, match="not_in_channel; invite the app"):
        await there.post(rota("John"), "n", False)
    await there.close()
    await board.close()


def test_a_correction_is_headed_as_one() -> None:
    """In the notification and in the message."""
    one = replace(rota("x"), heading=SafeText("on call in week 52"))
    message = message_of(one, corrected=True)
    assert message["text"] == "Corrected: on call in week 52"
    assert message["blocks"][0]["text"]["text"] == "Corrected: on call in week 52"
