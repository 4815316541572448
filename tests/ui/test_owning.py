"""Keys about whose an alert is: take, reassign, snooze, extend, de-escalate, reapply, mine."""

from dataclasses import replace
from datetime import timedelta

from opsdash.domain.alert import Acknowledgement, Severity
from opsdash.domain.climb import Snooze
from opsdash.domain.escalation import DEFAULT_POLICY, PolicyLevel
from opsdash.domain.notify_rule import NotifyRule
from opsdash.domain.schedule import Person
from opsdash.domain.text import SafeText
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from opsdash.ui.preferences import Preferences
from tests.ui.driving import Driven, driven
from tests.ui.pictures import NOW, ago, alert, alerts, busy
from tests.ui.rosters import staffed

HIGH, CPU = alert("HighErrorRate").id, alert("CPUSaturated").id
DISK = alert("DiskWillFill").id


def calls(board: Driven) -> list[tuple[object, ...]]:
    """Return what was written."""
    return board.hand.calls


def with_climb(id: str, **changes: object) -> Snapshot:
    """Return the evening with one climb changed."""
    snapshot = staffed()
    climbs = dict(snapshot.roster.climbs)
    climbs[id] = replace(climbs[id], **changes)  # type: ignore[arg-type]
    return replace(snapshot, roster=Roster(climbs))


async def to_row(board: Driven, word: str) -> None:
    """Move the cursor to the alert of this name."""
    await board.press("g")
    for _ in range(10):
        found = board.app.dashboard.alert
        if found is not None and found.name == word:
            return
        await board.press("j")
    raise AssertionError(word)


def paging(snapshot: Snapshot, **notify: tuple[str, ...]) -> Snapshot:
    """Return the picture with a pager and a text service, and what reaches each person."""
    setup = snapshot.setup
    people = tuple(replace(p, notify=notify.get(p.id.replace("-", "_"), ())) for p in setup.people)
    told = replace(setup.paging, notifiers=("pager", "sms"))
    return replace(snapshot, setup=replace(setup, people=people, paging=told))


async def test_taking_says_whose_it_is_and_that_it_wakes_nobody_and_hears_why() -> None:
    """Decided on whose it was when the key was pressed; of two persons the second is refused."""
    async with driven(paging(staffed())) as board:
        await to_row(board, "DiskWillFill")
        await board.press("m")
        await board.shows(
            "I'll take it",
            "You take it over from john.",
            "It wakes nobody; whoever was paged is told that you have it.",
        )
        assert calls(board) == []
        await board.press("escape")
        await board.shows_not("I'll take it")
        await board.press("m", *"I know it", "enter")
        await board.shows("took DiskWillFill")
        assert calls(board) == [("take", (DISK,), {DISK: "john"}, "I know it")]
        board.hand.refuse[HIGH] = "sarah has it now"
        await board.press("g", "m")
        assert "over from" not in await board.shows("I'll take it", "It wakes nobody")
        await board.press("enter")
        await board.shows("HighErrorRate not: sarah has it now")
        assert calls(board)[-1] == ("take", (HIGH,), {HIGH: ""}, "")


async def test_what_changes_hands_while_the_question_stands_is_decided_on_what_was_seen() -> None:
    """The owner that goes with the act is the one that was drawn when the key was pressed."""
    async with driven(staffed()) as board:
        await board.press("m")
        await board.shows("I'll take it")
        board.feed.put(with_climb(HIGH, owner=SafeText("sarah")))
        await board.until(lambda: board.app.snapshot is board.feed.snapshot)
        await board.press("enter")
        await board.until(lambda: calls(board))
        assert calls(board) == [("take", (HIGH,), {HIGH: ""}, "")]


async def test_escalating_says_whom_it_wakes_and_through_what() -> None:
    """Each by name with all that reaches them; who is reached by nothing is said loudly."""
    snapshot = paging(staffed(), tech_lead=("pager", "sms:+4915"))
    async with driven(snapshot) as board:
        await board.press("e")
        await board.shows("This pages 2 Tech Lead: Maria through pager, sms +4915")
        await board.press("escape")
        await board.shows_not("reason:")
        await board.press("E", *"pm", "enter")
        await board.shows("This pages NOBODY at 3 PM: Pat has nothing to be reached by")


async def test_on_the_smallest_screen_nothing_of_it_is_cut() -> None:
    """At 60x15 the question is wrapped: whom it wakes and through what is there whole."""
    snapshot = paging(staffed(), tech_lead=("pager", "sms:+49 151 0000000", "pager:second"))
    async with driven(snapshot, (60, 15)) as board:
        await board.press("e")
        text = await board.shows("This pages 2 Tech Lead: Maria through", "pager second")
        assert "sms +49 151 0000000" in " ".join(text.replace("│", " ").split())
        await board.press("escape", "m")
        text = await board.shows("I'll take it", "It wakes nobody")
        assert "whoever was paged is told that you have it." in " ".join(
            text.replace("│", " ").split()
        )


async def test_several_at_once_name_each_level_once() -> None:
    """Two alerts that go to the same level wake its people once in the question."""
    snapshot = paging(staffed(), tech_lead=("pager",))
    async with driven(snapshot) as board:
        await board.press("space", "space", "e")
        text = await board.shows("This pages 2 Tech Lead: Maria through pager")
        assert text.count("This pages") == 1


async def test_whom_the_policy_keeps_for_critical_alerts_is_said_before_they_are_given_it() -> None:
    """The CEO, for a warning: it stays, and why."""
    async with driven(paging(staffed(), ceo=("pager",))) as board:
        await to_row(board, "CPUSaturated")
        await board.press("h", *"chris", "enter")
        text = await board.shows(
            "CPUSaturated stays: ceo is reached for critical alerts, this one is warning"
        )
        assert "This pages" not in text


async def test_giving_goes_by_the_persons_own_rules() -> None:
    """Alex hears of warnings by text alone: that is what is said, for what is critical the pager."""
    snapshot = paging(staffed(), alex=("pager",))
    rule = NotifyRule(("sms:+4915",), severity=(Severity.WARNING,))
    people = tuple(
        replace(p, rules=(rule,)) if p.id == "alex" else p for p in snapshot.setup.people
    )
    snapshot = replace(snapshot, setup=replace(snapshot.setup, people=people))
    async with driven(snapshot) as board:
        await to_row(board, "CPUSaturated")
        await board.press("h", *"alex", "enter")
        await board.shows("This pages Alex through sms +4915")
        await board.press("escape")
        await to_row(board, "HighErrorRate")
        await board.press("h", *"alex", "enter")
        await board.shows("This pages Alex through pager")


async def test_it_is_given_to_a_person_with_a_reason_and_says_whom_that_pages() -> None:
    """Without a reason nothing is done."""
    setup = staffed().setup
    people = (*setup.people[:-1], Person("alex", SafeText("Alex"), notify=("pager",)))
    paging = replace(setup.paging, notifiers=("pager",))
    snapshot = replace(staffed(), setup=replace(setup, people=people, paging=paging))
    async with driven(snapshot) as board:
        await board.press("h", *"alex", "enter")
        await board.shows(
            "Give to Alex", "This pages Alex through pager", "It is no acknowledgement"
        )
        await board.press("enter")
        await board.shows("A reason is needed.")
        await board.press(*"your service", "enter")
        await board.shows("gave to Alex HighErrorRate")
        assert calls(board) == [("reassign", (HIGH,), {HIGH: ""}, "alex", "your service")]


async def test_it_is_put_off_until_a_time_and_says_who_is_paged_then() -> None:
    """Whoever is on call by then; a reason is needed, and seven days are the most."""
    async with driven(staffed()) as board:
        await board.press("Z")
        await board.shows("until 15:06, in 1h00m", "HighErrorRate  then pages John")
        await board.press("enter")
        await board.shows("Why may it wait? A reason is needed.")
        await board.press(*"known", "up", "ctrl+u", *"8d", "enter")
        await board.shows("seven days at most")
        await board.press("ctrl+u", *"wed 12:00")
        await board.shows("then pages Sarah")
        await board.press("enter")
        await board.until(lambda: calls(board))
        until = NOW.replace(day=24, hour=12, minute=0, second=0)
        assert calls(board) == [("snooze", (HIGH,), until, "known")]


async def test_one_key_extends_an_acknowledgement_and_another_ends_a_snooze() -> None:
    """The same keys as for the silence that hides a row."""
    put_off = Snooze(
        NOW + timedelta(hours=1), SafeText("john"), SafeText("known"), Severity.WARNING
    )
    async with driven(with_climb(DISK, snooze=put_off)) as board:
        await to_row(board, "DiskWillFill")
        await board.press("plus")
        await board.until(lambda: calls(board) == [("extend", (DISK,))])
        await board.press("x")
        await board.until(lambda: calls(board)[-1] == ("unsnooze", (DISK,)))
        await board.press("g", "plus")
        await board.shows("neither a silence nor an acknowledgement to extend")


async def test_a_lower_level_is_chosen_and_pages_nobody() -> None:
    """`E` goes down as well, with a reason."""
    up = alert("HighErrorRate", level=3, level_at=ago(minutes=1))
    snapshot = replace(staffed(), alerts=(up, *busy().alerts[1:]))
    async with driven(snapshot) as board:
        await board.press("E", *"On-call", "enter")
        await board.shows("De-escalate", "level 3 → level 1", "This goes down: nobody is paged")
        await board.press(*"false alarm", "enter")
        await board.shows("de-escalated HighErrorRate")
        assert calls(board) == [("escalate", (HIGH,), {HIGH: 3}, "false alarm", 1)]


async def test_levels_are_those_of_the_policy_that_the_alert_follows() -> None:
    """Not those of the policy as it is now, or of another."""
    own = replace(
        DEFAULT_POLICY,
        id="database",
        levels=(
            PolicyLevel(SafeText("DBA"), ("person:alex",)),
            PolicyLevel(SafeText("DBA lead"), ("person:pm",), timedelta(minutes=7)),
        ),
    )
    async with driven(with_climb(HIGH, policy=own)) as board:
        await board.shows("e escalate → 2 DBA lead", "2 DBA lead in 5m48s (Pat)")
        await board.press("e")
        await board.shows("2 DBA lead (Pat): nobody is paged, no notifier is configured")


async def test_the_policy_as_it_is_now_is_applied_after_it_was_shown_what_follows() -> None:
    """Where it has not been edited it says so."""
    old = replace(DEFAULT_POLICY, levels=DEFAULT_POLICY.levels[:2])
    async with driven(with_climb(HIGH, policy=old)) as board:
        await board.press("P")
        await board.shows("default v1 gives way to default", "escalates to level 2 Tech Lead")
        await board.press("enter")
        await board.until(lambda: calls(board) == [("reapply", (HIGH,))])
        await board.press("j", "P")
        await board.shows("it follows its policy as it is configured already")


async def test_only_what_is_mine_is_shown_until_all_is_again() -> None:
    """What I took and what was given to me, by my name or my id; the last line says so."""
    mine = Preferences(names=("john",))
    async with driven(with_climb(CPU, owner=SafeText("john")), preferences=mine) as board:
        await board.press("M")
        text = await board.shows("filter mine")
        assert "DiskWillFill" in text and "CPUSaturated" in text
        assert list(board.app.dashboard.alerts.keys) == [CPU, DISK]
        await board.press("escape")
        await board.shows_not("filter mine")
        assert len(board.app.dashboard.alerts.keys) == len(alerts())
    async with driven(staffed(), preferences=Preferences(names=("alex",))) as board:
        await board.press("M")
        await board.shows("nothing here is yours")
        for key in ("m", "Z", "h"):
            await board.press(key)
            await board.shows("nothing")
        assert calls(board) == []


async def test_an_acknowledgement_of_mine_under_another_name_is_mine() -> None:
    """The system calls me alex.s, the configuration Alex."""
    taken = Acknowledgement(SafeText("Alex"), ago(minutes=1))
    found = replace(alerts()[0], acknowledgement=taken)
    snapshot = replace(staffed(), alerts=(found,))
    async with driven(snapshot, preferences=Preferences(names=("root", "alex"))) as board:
        await board.press("M")
        await board.shows("filter mine", "HighErrorRate")
