"""The NEXT field and the clock of a page: what happens next to an alert, to whom, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.alert import Acknowledgement, Alert, Severity
from opsdash.domain.climb import Snooze
from opsdash.domain.escalation import DEFAULT_POLICY, EscalationPolicy
from opsdash.domain.shift_change import ShiftChange
from opsdash.domain.text import SafeText
from opsdash.domain.wholeness import exhausted_problems
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import UTF8
from opsdash.ui.lines import text_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.alerts import next_cell, owner_cell
from opsdash.ui.panes.problems import problem_lines
from opsdash.ui.panes.upcoming import clock_words
from tests.ui.driving import driven
from tests.ui.pictures import NOW, ago, alert, climbing
from tests.ui.rosters import MIGRATION, staffed

TAKEN = Acknowledgement(SafeText("john"), ago(hours=1), SafeText("on it"))
PUT_OFF = Snooze(NOW + timedelta(hours=2), SafeText("john"), SafeText("known"), Severity.CRITICAL)


def one(found: Alert, **changes: object) -> Snapshot:
    """Return the evening with one alert, its climb changed."""
    snapshot = climbing(found)
    climb = replace(snapshot.roster.climbs[found.id], **changes)  # type: ignore[arg-type]
    setup = staffed().setup
    return replace(snapshot, setup=setup, roster=Roster({found.id: climb}))


def one_with(snapshot: Snapshot, policy: EscalationPolicy) -> Snapshot:
    """Return the evening with another policy under its only climb."""
    (climb,) = snapshot.roster.climbs.values()
    return replace(snapshot, roster=Roster({climb.alert: replace(climb, policy=policy)}))


def with_pagers(snapshot: Snapshot) -> Snapshot:
    """Return the evening with a notifier: somebody is paged."""
    paging = replace(snapshot.setup.paging, notifiers=("pager",))
    return replace(snapshot, setup=replace(snapshot.setup, paging=paging))


def next_of(snapshot: Snapshot, narrow: bool = False, later: timedelta = timedelta()) -> str:
    """Return the NEXT field of the only alert."""
    moment = Moment(NOW + later)
    return text_of(next_cell(snapshot.alerts[0], snapshot, narrow, moment, UTF8))


def owner_of(snapshot: Snapshot, narrow: bool = False, later: timedelta = timedelta()) -> str:
    """Return the OWNER field of the only alert."""
    moment = Moment(NOW + later)
    return text_of(owner_cell(snapshot.alerts[0], snapshot, narrow, moment, UTF8))


def test_what_happens_next_is_said_with_when_and_whom() -> None:
    """Escalation, acknowledgement, snooze, a policy that begins anew: wide and narrow."""
    plain, taken = alert("Plain"), alert("Taken", acknowledgement=TAKEN)
    top = alert("Top", level=4)
    again = replace(DEFAULT_POLICY, repeats=1)
    said = {
        "climbs": one(plain),
        "taken": one(taken),
        "put off": one(taken, snooze=PUT_OFF),
        "again": one(top, policy=again),
        "last": one(top),
    }
    assert {name: (next_of(s), next_of(s, True)) for name, s in said.items()} == {
        "climbs": ("2 Tech Lead in 3m48s (Maria)", "L2 Maria in 3m48s"),
        "taken": ("asks again in 3h00m “on it”", "asks in 3h00m “on it”"),
        "put off": ("snoozed, pages in 2h00m (John) “known”", "snoozed, back in 2h00m “known”"),
        "again": ("policy begins anew in 13m (John)", "L1 again in 13m"),
        "last": ("EXHAUSTED in 13m", "EXHAUSTED in 13m"),
    }


def test_a_page_once_more_is_counted_down_to() -> None:
    """Where no step of the policy comes before it; behind EXHAUSTED too."""
    plain = one(alert("Plain", level=1), began_at=ago(minutes=1), paged_at=ago(minutes=18))
    slow = replace(DEFAULT_POLICY, levels=DEFAULT_POLICY.levels[:1], patience=timedelta(hours=1))
    last = one(alert("Last", level=4), exhausted_at=ago(minutes=1), paged_at=ago(minutes=18))
    waiting = [with_pagers(s) for s in (plain, one_with(plain, slow), last)]
    assert [(next_of(s), next_of(s, True)) for s in waiting] == [
        ("2 Tech Lead in 4m00s (Maria)", "L2 Maria in 4m00s"),
        ("pages again in 12m (John)", "again in 12m"),
        ("✖ EXHAUSTED again in 12m", "✖ EXHAUSTED again in 12m"),
    ]


def test_a_shift_that_changed_is_said_for_a_quarter_of_an_hour() -> None:
    """Below what is wrong, and only where there is room; nobody on call is loud."""
    came = ShiftChange("primary", ago(minutes=5), ("john",), ("tech-lead",))
    left = ShiftChange("primary", ago(minutes=1), ("tech-lead",), ())
    snapshot = replace(staffed(), problems=(), roster=Roster(changes=(came, left)))

    def said(room: int, later: timedelta = timedelta()) -> list[str]:
        drawn = problem_lines(snapshot, 120, room, Moment(NOW + later), UTF8)
        return [text for one in drawn if (text := text_of(one).strip()).startswith("→")]

    assert said(9) == [
        "→ 14:05 NOBODY is on call on primary after Maria",
        "→ 14:01 Maria on call on primary now after John",
    ]
    assert said(1) == said(9)[:1]
    assert said(9, timedelta(minutes=11)) == said(9)[:1]
    assert said(9, timedelta(minutes=15)) == []


def test_an_exhausted_policy_is_loud() -> None:
    """In the row, reversed, and in a line under the header of every screen."""
    snapshot = one(alert("Left", level=4), exhausted_at=ago(minutes=1))
    cell = next_cell(snapshot.alerts[0], snapshot, False, Moment(NOW), UTF8)
    assert cell == (("✖ EXHAUSTED: nobody is left to page", "crit reverse bold"),)
    problems = exhausted_problems(snapshot.alerts, snapshot.roster.climbs)
    drawn = problem_lines(replace(snapshot, problems=problems), 160, 4, Moment(NOW), UTF8)
    assert text_of(drawn[0]).strip() == (
        "✖ EXHAUSTED: Left: all of policy default were paged, nobody has it, since 14:05"
    )
    assert drawn[0][0][1] == "crit bold"
    taken = replace(snapshot.alerts[0], acknowledgement=TAKEN)
    assert exhausted_problems((taken,), snapshot.roster.climbs) == ()


def test_maintenance_says_when_it_ends() -> None:
    """What began to fire within the window waits for its end."""
    found = alert("Held", fired_at=ago(minutes=1))
    snapshot = one(found, began_at=None)
    window = replace(MIGRATION, service=SafeText("payments-api"), start=ago(minutes=5))
    roster = replace(snapshot.roster, maintenance=(window,))
    assert next_of(replace(snapshot, roster=roster)) == "maintenance ends in 53m"


@pytest.mark.parametrize(
    ("later", "wide", "narrow", "said"),
    [
        (0, "nobody", "nobody", "3m48s left of 5m"),
        (152, "nobody", "nobody", "1m16s left of 5m"),
        (153, "nobody ▲ 1m15s", "nobody ▲", "AT RISK, 1m15s left of 5m"),
        (227, "nobody ▲ 1s", "nobody ▲", "AT RISK, 1s left of 5m"),
        (228, "nobody ✖ 0s", "nobody ✖", "BREACHED: nobody has it for 5m00s, 5m is the limit"),
        (648, "nobody ✖ 7m", "nobody ✖", "BREACHED: nobody has it for 12m00s, 5m is the limit"),
    ],
)
def test_the_clock_of_a_page_runs_is_at_risk_and_is_breached(
    later: int, wide: str, narrow: str, said: str
) -> None:
    """Five minutes from the page; in its last quarter, at risk, it is shown whatever comes next."""
    snapshot, length = one(alert("Waits")), timedelta(seconds=later)
    assert owner_of(snapshot, False, length) == wide
    assert owner_of(snapshot, True, length) == narrow
    assert clock_words(snapshot.alerts[0], snapshot, Moment(NOW + length)) == said


def test_what_fired_before_anybody_could_be_paged_is_not_late() -> None:
    """The clock runs from the page."""
    old = alert("Old", fired_at=ago(hours=3), level_at=ago(minutes=1))
    assert clock_words(old, one(old), Moment(NOW)) == "4m00s left of 5m"


def test_a_clock_is_not_shown_twice() -> None:
    """Where the next level comes with the clock's end, NEXT counts down; else the owner's field does."""
    later = tuple(
        replace(level, after=3 * level.after) if number == 1 else level
        for number, level in enumerate(DEFAULT_POLICY.levels)
    )
    snapshot = one(alert("Waits", level_at=ago(minutes=1)))
    assert (owner_of(snapshot), next_of(snapshot)) == ("nobody", "2 Tech Lead in 4m00s (Maria)")
    snapshot = one_with(snapshot, replace(DEFAULT_POLICY, levels=later))
    assert owner_of(snapshot) == "nobody 4m00s"
    assert "in 14m" in next_of(snapshot)


def test_the_clock_is_drawn_again_when_it_turns() -> None:
    """The moment of a drawing learns of it, so that a screen on which nothing else moves turns too."""
    snapshot = one(alert("Waits"))
    moment = Moment(NOW)
    owner_cell(snapshot.alerts[0], snapshot, True, moment, UTF8)
    assert moment.changes_at == NOW + timedelta(seconds=153)


def test_an_alert_that_was_given_to_somebody_names_them() -> None:
    """It is theirs though they have not taken it."""
    assert owner_of(one(alert("Given"), owner=SafeText("sarah"))) == "→sarah"
    taken = alert("Given", acknowledgement=TAKEN)
    assert owner_of(one(taken, owner=SafeText("sarah"))) == "sarah 1h ago"


def test_the_page_of_an_alert_says_clock_snooze_and_policy() -> None:
    """And that the policy has been edited since."""
    taken = alert("Taken", acknowledgement=TAKEN)
    edited = replace(DEFAULT_POLICY, repeats=3)
    snapshot = one(taken, snooze=PUT_OFF, policy=edited, version=2)
    lines = alert_page(taken, None, snapshot, 100, Moment(NOW), UTF8)
    text = "\n".join(text_of(each) for each in lines)
    assert "acknowledge    BREACHED: taken only after" not in text
    assert "snoozed        until 16:06 by john: known" in text
    assert "policy         default v2, as it was when this was paged; it has been edited" in text


async def test_a_row_is_drawn_anew_when_only_its_climb_changed() -> None:
    """The alert is the same; what happens next to it is not."""
    found = alert("Waits")
    async with driven(one(found), (120, 35)) as board:
        await board.shows("L2 Maria in 3m48s")
        top = replace(found, level=4)
        board.feed.put(replace(one(top, exhausted_at=ago(seconds=1)), cursor=3))
        await board.shows("✖ EXHAUSTED")
