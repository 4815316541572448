"""The on-call screen's figures: calendars, the five minutes, what a shift owes, what pages cost."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from opsdash.domain.alert import Acknowledgement, AlertState, Severity
from opsdash.domain.duty import ClockState, ack_clock, calendar, duties, on_call_view
from opsdash.domain.incident import Incident, IncidentState, Reported, ResponseStatus
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.text import SafeText
from tests.domain.alerts import NOON, after, an_alert
from tests.domain.test_shifts import GUIDE, at
from tests.paging.world import team

SETUP = team()


def test_now_and_next_of_a_schedule() -> None:
    """Who is on call, until when, and who follows."""
    view = on_call_view(SETUP, GUIDE, at("22 14:05"), "UTC")
    assert view.names == ("John",)
    assert view.now[0].end == at("24 09:00")
    assert view.next is not None
    assert (view.next_name, view.next.start) == ("sarah", at("24 09:00"))
    assert len(view.days) == 14
    assert view.gaps == ()


def test_a_day_of_the_calendar_is_the_viewers() -> None:
    """Seen from New York John's shift begins at four in the morning."""
    (day, *_) = calendar(SETUP, GUIDE, at("22 14:05"), "America/New_York", 3)
    assert [
        (c.name, f"{c.start.astimezone(ZoneInfo('America/New_York')):%H:%M}") for c in day.cells
    ] == [
        ("alex", "00:00"),
        ("John", "04:00"),
    ]


def test_covers_and_gaps_are_in_the_calendar() -> None:
    """A cover is marked as one; a day on which somebody is off has its gap."""
    cover = Override("primary", OverrideKind.REPLACE, at("22 12:00"), at("22 14:00"), "pm", id=1)
    off = Override("primary", OverrideKind.REMOVE, at("23 00:00"), at("23 06:00"), "", "john", id=2)
    schedule = replace(GUIDE, overrides=(cover, off))
    first, second = calendar(SETUP, schedule, at("22 09:00"), "UTC", 2)
    assert [(c.name, c.overridden) for c in first.cells] == [
        ("alex", False), ("John", False), ("Priya", True), ("John", False),
    ]  # fmt: skip
    assert [(g.start, g.end) for g in second.gaps] == [(at("23 00:00"), at("23 06:00"))]
    assert on_call_view(SETUP, schedule, at("22 13:00"), "UTC").overrides == (cover, off)


@pytest.mark.parametrize(
    ("seconds", "state"),
    [
        (0, "running"),
        (224, "running"),
        (225, "at_risk"),
        (299, "at_risk"),
        (300, "breached"),
        (900, "breached"),
    ],
)
def test_the_acknowledgements_five_minutes(seconds: float, state: str) -> None:
    """At risk from three quarters on, breached at exactly five minutes."""
    clock = ack_clock(an_alert(level=1), after(seconds))
    assert clock is not None
    assert clock.state == state
    assert clock.left == max(timedelta(minutes=5) - timedelta(seconds=seconds), timedelta())


def test_the_clock_stops_when_somebody_takes_it() -> None:
    """Met within five minutes, breached for good when later; alerts that page nobody have no clock."""
    alert = replace(an_alert(level=1), acknowledgement=Acknowledgement(SafeText("john"), after(60)))
    met = ack_clock(alert, after(9000))
    assert met is not None
    assert (met.state, met.elapsed) == (ClockState.MET, timedelta(minutes=1))
    late = replace(alert, acknowledgement=Acknowledgement(SafeText("john"), after(300)))
    breached = ack_clock(late, after(9000))
    assert breached is not None
    assert breached.state is ClockState.BREACHED
    for none in (
        an_alert(),
        an_alert(level=1, severity="info"),
        an_alert(level=1, silenced_by=("s",)),
    ):
        assert ack_clock(none, after(60)) is None
    assert ack_clock(replace(an_alert(state=AlertState.PENDING), level=1), after(60)) is None


def _incident(state: IncidentState = IncidentState.TRIGGERED) -> Incident:
    return Incident(
        "INC-001", SafeText("t"), Severity.CRITICAL, state, ResponseStatus.INVESTIGATING, NOON, NOON,
        SafeText("engine"), None if state is not IncidentState.RESOLVED else NOON,
    )  # fmt: skip


def test_what_a_shift_still_owes() -> None:
    """Pages nobody took, incidents without an update for twenty minutes, incidents without a report."""
    found = duties([an_alert(level=2)], [_incident()], {}, True, after(1200))
    assert {duty.id: duty.missing for duty in found} == {
        "monitor": ("sources do not answer: see the problems",),
        "respond": ("AA for 20m00s",),
        "communicate": ("INC-001 without an update for 20m00s",),
        "escalate": ("AA at level 2",),
        "document": (),
    }
    assert [duty.done for duty in found] == [False, False, False, False, True]


def test_a_shift_that_owes_nothing() -> None:
    """Taken, updated a minute ago, reported."""
    done = duties(
        [an_alert(level=1, taken_by="john")],
        [_incident(), replace(_incident(IncidentState.RESOLVED), id="INC-002")],
        {"INC-001": after(1140)},
        False,
        after(1200),
    )
    assert all(duty.done for duty in done)


def test_reports_are_owed_for_this_shift_and_for_those_left_over() -> None:
    """The newest first, each with how long it is over; five are named and the rest is counted."""
    over = [
        replace(_incident(IncidentState.RESOLVED), id=f"INC-{n:03d}", resolved_at=after(-3600 * n))
        for n in range(7)
    ]
    owed = duties([], [], {}, False, after(60), over, after(-5400))
    assert owed[-1].missing == (
        "INC-000 t, over for 1m00s",
        "INC-001 t, over for 1h01m",
        "INC-002 t, over for 2h01m, left over",
        "INC-003 t, over for 3h01m, left over",
        "INC-004 t, over for 4h01m, left over",
        "and 2 more: `opsdash incident list --unreported`",
    )


@pytest.mark.parametrize(
    ("written", "response", "owes"),
    [
        (None, ResponseStatus.RESOLVED, True),
        (None, ResponseStatus.CLOSED, False),
        (-1, ResponseStatus.RESOLVED, True),
        (0, ResponseStatus.RESOLVED, False),
        (60, ResponseStatus.RESOLVED, False),
    ],
)
def test_which_incident_owes_a_report(
    written: float | None, response: ResponseStatus, owes: bool
) -> None:
    """One that is over, not closed, and has been reported on before it was over or not at all."""
    reported = None if written is None else Reported(SafeText("sarah"), after(written))
    found = replace(_incident(IncidentState.RESOLVED), response=response, reported=reported)
    assert found.owes_report is owes
    assert not replace(_incident(), reported=reported).owes_report


def test_a_page_is_as_old_as_itself_and_not_as_its_alert() -> None:
    """Fired twenty minutes ago and paged ten seconds ago: ten seconds count, as in the list of alerts."""
    alert = an_alert(level=1)
    owed = duties([alert], [], {}, False, after(1200), paged_at={alert.id: after(1190)})
    assert {duty.id: duty.missing for duty in owed}["respond"] == ("AA for 10s, 4m50s left",)
