"""PagerDuty's REST API: acting on incidents there, and seeing what people did there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.pagerduty_answers import Change, ChangeKind, OnCall
from opsdash.notifiers.pagerduty_rest import PagerDutyRest
from tests.notifiers.conftest import Keep, at
from tests.notifiers.pages import AT, KEY, page
from tests.notifiers.receivers import PagerDutyServer
from tests.notifiers.test_pagerduty import opened


@asynccontextmanager
async def api(server: PagerDutyServer, keep: Keep, user: str = "") -> AsyncIterator[PagerDutyRest]:
    rest = PagerDutyRest(at(server.url), keep(server.token), user or server.user)
    try:
        yield rest
    finally:
        await rest.close()


async def paged(server: PagerDutyServer, keep: Keep) -> str:
    """Page once and return the incident's id."""
    async with opened(server, keep) as notifier:
        await notifier.send(page(), "", "")
    return str(server.incidents[-1]["id"])


async def test_an_incident_is_found_by_its_alerts_key(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """An open one is found, a resolved one is not."""
    id = await paged(pagerduty_server, keep)
    async with api(pagerduty_server, keep) as rest:
        assert await rest.find(f"opsdash:{KEY}") == id
        assert await rest.find("opsdash:another") is None
        assert await rest.resolve(id, "rolled back") == "resolved"
        assert await rest.find(f"opsdash:{KEY}") is None


async def test_an_incident_is_acknowledged_once(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Taken already, or resolved already, is as good as taken (errors 1001 and 1002)."""
    id = await paged(pagerduty_server, keep)
    async with api(pagerduty_server, keep) as rest:
        assert await rest.acknowledge(id) == "acknowledged"
        assert pagerduty_server.incidents[0]["status"] == "acknowledged"
        assert await rest.acknowledge(id) == "acknowledged already"
        assert await rest.resolve(id) == "resolved"
        assert await rest.acknowledge(id) == "acknowledged already"


async def test_a_snooze_lasts_seven_days_at_most(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Only what is acknowledged can rest (1012); its length stays within what PagerDuty takes."""
    id = await paged(pagerduty_server, keep)
    async with api(pagerduty_server, keep) as rest:
        with pytest.raises(NotifierError, match="Incident Not Acknowledged") as caught:
            await rest.snooze(id, timedelta(hours=1))
        assert caught.value.permanent
        await rest.acknowledge(id)
        await rest.snooze(id, timedelta(hours=1))
        assert pagerduty_server.incidents[0]["snoozed"] == 3600
        await rest.snooze(id, timedelta(days=30))
        assert pagerduty_server.incidents[0]["snoozed"] == 604_800


async def test_a_later_level_climbs_there_too(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """An event of the same key wakes nobody: with a token the incident is escalated."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        thread = (await notifier.send(page(), "", "")).thread
        assert pagerduty_server.incidents[0]["level"] == 1
        later = page(level=3, level_name=SafeText("PM"))
        receipt = await notifier.send(later, "", thread)
        assert receipt.answer == "accepted: Event processed; escalated to level 3"
        assert pagerduty_server.incidents[0]["level"] == 3
        with pytest.raises(NotifierError, match="Cannot Be Escalated") as caught:
            await notifier.send(page(level=9), "", thread)
        assert caught.value.permanent


async def test_a_level_whose_sender_was_killed_half_way_is_escalated_by_the_next(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Its event arrived and the escalation did not: what may have arrived is done whole once more."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        thread = (await notifier.send(page(), "", "")).thread
        await notifier.send(page(level=2, again=True), "", thread)
    assert pagerduty_server.incidents[0]["level"] == 2


async def test_a_service_that_only_later_levels_have_is_paged_from_its_start(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """The first page to a service opens its incident at its own first level; a repetition stays."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        thread = (await notifier.send(page(level=2), "", "")).thread
        await notifier.send(page(level=2, repeat=1), "", thread)
    assert pagerduty_server.incidents[0]["level"] == 1


async def test_what_was_given_back_wakes_people_again(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """PagerDuty absorbs events of what is acknowledged there: the page after it escalates the incident."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        thread = (await notifier.send(page(), "", "")).thread
        again = await notifier.send(page(repeat=1), "", thread)
        assert "escalated" not in str(again.answer)
        await notifier.send(page(PageKind.ACKNOWLEDGE), "", thread)
        assert pagerduty_server.incidents[0]["status"] == "acknowledged"
        receipt = await notifier.send(page(level=2, repeat=1), "", thread)
        assert receipt.answer == "accepted: Event processed; escalated to level 2"
    assert pagerduty_server.incidents[0]["level"] == 2


async def test_an_incident_that_is_not_there_yet_is_waited_for(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """An accepted event opens its incident later: climbing is tried again, the event absorbed."""
    pagerduty_server.slow_to_open = 1
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        with pytest.raises(NotifierError, match="no incident to escalate yet") as caught:
            await notifier.send(page(level=2), "", "known")
        assert not caught.value.permanent
        await notifier.send(page(level=2), "", "known")
    (incident,) = pagerduty_server.incidents
    assert incident["level"] == 2


async def test_notes_are_notes(pagerduty_server: PagerDutyServer, keep: Keep) -> None:
    """With a token a note, and who took it with which words, stand on the incident."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        await notifier.send(page(), "", "")
        words = SafeText("rolling back")
        note = page(PageKind.NOTE, by=SafeText("Sarah"), text=words)
        assert (await notifier.send(note, "", "")).answer == "noted"
        taken = page(PageKind.ACKNOWLEDGE, by=SafeText("John"), text=SafeText("on it"))
        await notifier.send(taken, "", "")
        await notifier.send(page(PageKind.RESOLVE), "", "")
        late = await notifier.send(note, "", "")
    assert late.answer == "no open incident there to note it on"
    assert [text for _, text in pagerduty_server.notes] == [
        "opsdash: Sarah: rolling back",
        "opsdash: John acknowledged it: on it",
    ]
    assert len(pagerduty_server.incidents) == 1


async def test_an_acknowledgement_counts_although_its_note_fails(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """It is accepted, and the answer says what was left out."""
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        await notifier.send(page(), "", "")
        pagerduty_server.user = "nobody@example.com"
        receipt = await notifier.send(page(PageKind.ACKNOWLEDGE, by=SafeText("John")), "", "")
    assert pagerduty_server.incidents[0]["status"] == "acknowledged"
    assert receipt.answer.startswith("accepted: Event processed; who took it could not be noted:")
    assert "Requester User Not Found" in receipt.answer


async def test_changes_made_there_are_seen_once_each(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """What people did to our incidents, oldest first; not our own doing, nor others' incidents."""
    id = await paged(pagerduty_server, keep)
    enter = pagerduty_server.enter
    enter("trigger", id, "2025-12-22T14:05:01Z", "service_reference")
    enter("notify", id, "2025-12-22T14:05:02Z")
    enter("resolve", id, "2025-12-22T16:00:00+01:00")
    enter("acknowledge", id, "2025-12-22T14:06:00Z")
    enter("acknowledge", id, "2025-12-22T14:06:10Z", "service_reference")
    enter(
        "annotate", id, "2025-12-22T14:07:00Z", channel={"type": "note", "content": "rolling back"}
    )
    enter("annotate", id, "2025-12-22T14:07:30Z", channel={"content": "opsdash: Sarah: hello"})
    enter("escalate", id, "2025-12-22T14:08:00Z", "service_reference", channel={"type": "timeout"})
    enter("unacknowledge", id, "2025-12-22T14:09:00Z", "service_reference")
    enter("snooze", id, "2025-12-22T14:10:00Z")
    enter("acknowledge", "PI999", "2025-12-22T14:06:00Z")
    enter("acknowledge", id, "2025-12-22T13:00:00Z")
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        found = await notifier.changes(AT, [KEY, "never/1"])
        again = await notifier.changes(AT, [KEY])
    assert [(change.kind, change.by) for change in found] == [
        (ChangeKind.ACKNOWLEDGED, "Jane Doe"),
        (ChangeKind.NOTED, "Jane Doe"),
        (ChangeKind.ESCALATED, ""),
        (ChangeKind.UNACKNOWLEDGED, ""),
        (ChangeKind.SNOOZED, "Jane Doe"),
        (ChangeKind.RESOLVED, "Jane Doe"),
    ]
    assert found[1].text == "rolling back"
    assert found[0] == Change(
        "L0003",
        ChangeKind.ACKNOWLEDGED,
        KEY,
        datetime(2025, 12, 22, 14, 6, tzinfo=UTC),
        SafeText("Jane Doe"),
        found[0].text,
    )
    assert again == found


async def test_an_incident_is_looked_up_once(pagerduty_server: PagerDutyServer, keep: Keep) -> None:
    """Reading changes each refresh costs one request, not one more for every page."""
    await paged(pagerduty_server, keep)
    async with opened(pagerduty_server, keep, rest=True) as notifier:
        for _ in range(3):
            await notifier.changes(AT, [KEY])
        assert await notifier.changes(AT, []) == ()
    paths = [r.path.partition("?")[0] for r in pagerduty_server.requests if r.method == "GET"]
    assert paths == ["/incidents", "/log_entries", "/log_entries", "/log_entries"]


async def test_an_incident_that_is_gone_is_asked_for_seldom(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Pages resolved over there do not cost a request each at every refresh."""
    keys = {f"{KEY}{n}": f"opsdash:{KEY}{n}" for n in range(3)}
    async with api(pagerduty_server, keep) as rest:
        for _ in range(50):
            assert await rest.changes(AT, keys) == ()
    assert 3 <= len(pagerduty_server.requests) < 50


async def test_many_changes_are_read_page_by_page(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """A listing comes a hundred at a time."""
    id = await paged(pagerduty_server, keep)
    for second in range(250):
        pagerduty_server.enter("annotate", id, (AT + timedelta(seconds=second)).isoformat())
    async with api(pagerduty_server, keep) as rest:
        assert len(await rest.changes(AT, {KEY: f"opsdash:{KEY}"})) == 250


async def test_without_a_token_there_are_no_changes(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Nothing is asked."""
    async with opened(pagerduty_server, keep) as notifier:
        assert await notifier.changes(AT, [KEY]) == ()
    assert pagerduty_server.requests == []


async def test_who_is_on_call_there(pagerduty_server: PagerDutyServer, keep: Keep) -> None:
    """Person, level, policy, schedule and until when; no end is for good."""
    entry = {
        "user": {"id": "P1", "summary": "Tim Wright"},
        "schedule": {"summary": "Primary"},
        "escalation_policy": {"summary": "Payments"},
        "escalation_level": 2,
        "start": "2025-12-22T09:00:00+01:00",
        "end": "2025-12-23T09:00:00+01:00",
    }
    forever = {"user": {"summary": "The CEO"}, "escalation_level": 4, "start": None, "end": None}
    pagerduty_server.on_calls = [entry, {**forever, "schedule": None, "escalation_policy": {}}]
    async with api(pagerduty_server, keep) as rest:
        first, second = await rest.on_call(AT, schedules=["PS1"], policies=["PE1"])
    assert first == OnCall(
        SafeText("Tim Wright"),
        2,
        SafeText("Payments"),
        SafeText("Primary"),
        datetime(2025, 12, 22, 8, tzinfo=UTC),
        datetime(2025, 12, 23, 8, tzinfo=UTC),
    )
    assert (second.person, second.level, second.end) == ("The CEO", 4, None)
    query = pagerduty_server.requests[-1].query
    assert (query["schedule_ids[]"], query["escalation_policy_ids[]"]) == (["PS1"], ["PE1"])


@pytest.mark.parametrize(
    ("fault", "permanent", "words"),
    [
        ("401", True, "answered 401"),
        ("402", True, "answered 402"),
        ("404", True, "answered 404"),
        ("429=7", False, "asked to wait 7s"),
        ("500", False, "answered 500"),
        ("html", False, "answered something that is no JSON"),
    ],
)
async def test_refusals(
    pagerduty_server: PagerDutyServer, keep: Keep, fault: str, permanent: bool, words: str
) -> None:
    """Each is one line with its reason, and whether it helps to try again."""
    pagerduty_server.faults = [fault]
    async with api(pagerduty_server, keep) as rest:
        with pytest.raises(NotifierError, match=words) as caught:
            await rest.find("k")
    assert caught.value.permanent is permanent


async def test_a_wrong_token_is_told_without_the_token(
    pagerduty_server: PagerDutyServer, keep: Keep
) -> None:
    """Its number and words are PagerDuty's (2006)."""
    wrong = PagerDutyRest(at(pagerduty_server.url), keep("wr0ng-t0ken"), "a@example.com")
    with pytest.raises(NotifierError, match="answered 401: Unauthorized") as caught:
        await wrong.find("k")
    await wrong.close()
    assert caught.value.permanent
    assert "wr0ng-t0ken" not in caught.value.reason
