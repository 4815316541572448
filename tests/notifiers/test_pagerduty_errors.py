"""What PagerDuty's REST API refuses and limits, and what a page does then: domain.md's list, one by one."""

from datetime import timedelta

import pytest

from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.pagerduty import PagerDuty
from opsdash.notifiers.pagerduty_rest import PagerDutyRest
from tests.notifiers.conftest import Keep, at
from tests.notifiers.pages import AT, KEY, page
from tests.notifiers.receivers import PagerDutyServer
from tests.notifiers.test_pagerduty import opened
from tests.notifiers.test_pagerduty_rest import api, paged


async def escalating(server: PagerDutyServer, keep: Keep) -> tuple[PagerDuty, str]:
    """Return a notifier that has paged once, and the thread of it."""
    notifier = PagerDuty("pd", at(server.url), keep(server.routing_key), _rest(server, keep))
    thread = (await notifier.send(page(), "", "")).thread
    return notifier, thread


def _rest(server: PagerDutyServer, keep: Keep) -> PagerDutyRest:
    return PagerDutyRest(at(server.url), keep(server.token), server.user)


@pytest.mark.parametrize(
    ("status", "code", "words", "cure"),
    [
        (
            400,
            1006,
            "Incident Cannot Be Escalated",
            "has no such level, or it was given to a person",
        ),
        (400, 1007, "Assignee Cannot Be Found", "there is no such user there"),
        (
            400,
            1008,
            "Requester User Not Found",
            "write the address of a user of the account as sender",
        ),
        (400, 1015, "Escalation Policy Has No On-Call", "nobody is on call at that level there"),
        (401, 2006, "Unauthorized", "the token is not valid"),
        (403, 2010, "Access Denied", "has not the right to it"),
        (402, 2014, "Account Does Not Have The Ability", "the account's plan does not have it"),
    ],
)
async def test_a_climb_that_pagerduty_refuses_is_for_good_and_says_what_to_do(
    pagerduty_server: PagerDutyServer,
    keep: Keep,
    status: int,
    code: int,
    words: str,
    cure: str,
) -> None:
    """The page goes another way at once: its error is permanent, with PagerDuty's words and the cure."""
    notifier, thread = await escalating(pagerduty_server, keep)
    pagerduty_server.refusing = [("/PI1", status, code, words)]
    with pytest.raises(NotifierError) as caught:
        await notifier.send(page(level=2), "", thread)
    await notifier.close()
    assert caught.value.permanent
    assert f"answered {status}: {words}" in caught.value.reason
    assert cure in caught.value.reason
    assert pagerduty_server.refusing == []


async def test_what_somebody_changes_at_the_same_moment_is_asked_once_more(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Error 1005 costs one more request; a second one in a row is tried again later (temporary)."""
    notifier, thread = await escalating(pagerduty_server, keep)
    conflict = ("/PI1", 400, 1005, "Incident Has Been Updated Since Last Request")
    pagerduty_server.refusing = [conflict]
    receipt = await notifier.send(page(level=2), "", thread)
    assert receipt.answer.endswith("escalated to level 2")
    assert pagerduty_server.incidents[0]["level"] == 2
    pagerduty_server.refusing = [conflict] * 2
    with pytest.raises(NotifierError, match="changed it there at the same moment") as caught:
        await notifier.send(page(level=3), "", thread)
    await notifier.close()
    assert not caught.value.permanent


@pytest.mark.parametrize("code", [1001, 1002])
async def test_what_is_so_already_is_as_good_as_done(
    pagerduty_server: PagerDutyServer, keep: Keep, code: int
) -> None:
    """Resolved or acknowledged already: what was asked for holds."""
    id = await paged(pagerduty_server, keep)
    pagerduty_server.refusing = [("/PI1", 400, code, "Incident Already So")]
    async with api(pagerduty_server, keep) as rest:
        assert await rest.acknowledge(id) == "acknowledged already"


async def test_what_is_given_back_while_it_is_put_off_is_taken_once_more(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Error 1012 between taking and snoozing: both are done again, once."""
    await paged(pagerduty_server, keep)
    pagerduty_server.refusing = [("/snooze", 400, 1012, "Incident Not Acknowledged")]
    async with api(pagerduty_server, keep) as rest:
        assert await rest.snooze_key(f"opsdash:{KEY}", timedelta(hours=1)) == "snoozed"
        assert pagerduty_server.incidents[0]["snoozed"] == 3600
        pagerduty_server.refusing = [("/snooze", 400, 1012, "Incident Not Acknowledged")] * 2
        with pytest.raises(NotifierError, match="somebody gave it back there") as caught:
            await rest.snooze_key(f"opsdash:{KEY}", timedelta(hours=1))
    assert caught.value.permanent


async def test_a_snooze_that_is_refused_does_not_keep_the_acknowledgement(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Error 1013: it is taken, which is what counts, and the answer says what could not be done."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        await notifier.send(page(), "", "")
        pagerduty_server.refusing = [("/snooze", 400, 1013, "Snooze Duration Is Invalid")]
        until = AT + timedelta(hours=1)
        taken = page(PageKind.ACKNOWLEDGE, by=SafeText("sarah"), until=until)
        receipt = await notifier.send(taken, "", "t")
    assert "it could not be snoozed there" in receipt.answer
    assert "from one second to seven days" in receipt.answer
    assert pagerduty_server.incidents[0]["status"] == "acknowledged"


async def test_an_incident_that_is_gone_is_looked_for_anew(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Error 2100 on an incident that was merged away meanwhile is no refusal of the page."""
    notifier, thread = await escalating(pagerduty_server, keep)
    pagerduty_server.refusing = [("/PI1", 404, 2100, "Not Found")]
    with pytest.raises(NotifierError, match="answered 404: Not Found") as caught:
        await notifier.send(page(level=2), "", thread)
    assert not caught.value.permanent
    await notifier.send(page(level=2), "", thread)
    await notifier.close()
    assert pagerduty_server.incidents[0]["level"] == 2


async def test_a_rate_limit_is_kept_as_long_as_its_headers_say(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Error 2020 has no Retry-After: `ratelimit-reset` says for how many seconds nothing is asked."""
    id = await paged(pagerduty_server, keep)
    pagerduty_server.faults = ["429=reset:37"]
    async with api(pagerduty_server, keep) as rest:
        with pytest.raises(NotifierError, match="asked to wait 37s") as caught:
            await rest.acknowledge(id)
        assert caught.value.retry_after == timedelta(seconds=37)
        assert not caught.value.permanent
        asked = len(pagerduty_server.requests)
        with pytest.raises(NotifierError, match="asked to be left alone for"):
            await rest.acknowledge(id)
    assert len(pagerduty_server.requests) == asked


async def test_the_last_request_that_is_allowed_is_the_last(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """`ratelimit-remaining: 0` beside an answer is kept without being refused first."""
    id = await paged(pagerduty_server, keep)
    pagerduty_server.allowance = (1, 20)
    async with api(pagerduty_server, keep) as rest:
        await rest.acknowledge(id)
        await rest.resolve(id)
        asked = len(pagerduty_server.requests)
        with pytest.raises(NotifierError, match="asked to be left alone for") as caught:
            await rest.note(id, "too much")
    assert len(pagerduty_server.requests) == asked
    assert caught.value.retry_after is not None
    assert timedelta(seconds=10) < caught.value.retry_after <= timedelta(seconds=20)


async def test_a_limit_of_the_rest_api_holds_up_no_event(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Pages and notes have limits of their own: what fires is told while the REST API is left alone."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        await notifier.send(page(), "", "")
        pagerduty_server.faults = ["429=reset:60"]
        with pytest.raises(NotifierError):
            await notifier.send(page(PageKind.NOTE, text=SafeText("look")), "", "t")
        receipt = await notifier.send(page(key="other/1", alert="other/1"), "", "")
    assert receipt.answer == "accepted: Event processed"


async def test_events_that_come_too_fast_are_slowed_down_for_all(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """The Events API says 429 without for how long: five seconds, ten the next time, for every page."""
    pagerduty_server.faults = ["429"]
    async with opened(pagerduty_server, keep) as notifier:
        with pytest.raises(NotifierError, match=r"arriving too quickly.*again in 5s") as first:
            await notifier.send(page(), "", "")
        assert first.value.retry_after == timedelta(seconds=5)
        with pytest.raises(NotifierError, match="asked to be left alone for"):
            await notifier.send(page(key="other/1", alert="other/1"), "", "")
    assert len(pagerduty_server.requests) == 1
