"""A person's hand on schedules: what a cover does, and what is refused in which words."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash import covering
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.outcome import Outcome
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.schedule import who
from opsdash.domain.text import SafeText
from opsdash.store import maintenance, overrides
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from tests.paging.world import MONDAY, SARAH, team

SETUP = team()
HOUR = timedelta(hours=1)
REPLACE = OverrideKind.REPLACE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Connection]:
    """An empty store."""
    opened = connect(tmp_path / "ops.db")
    yield opened
    opened.close()


def wanted(**changes: object) -> Override:
    """Return a cover of John by Priya for two hours."""
    made = Override(
        "primary", REPLACE, MONDAY, MONDAY + 2 * HOUR, "pm", "john", SARAH.user, SafeText("ill")
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def cover(store: Connection, one: Override) -> Outcome:
    """Make a cover as Sarah."""
    return store.write(covering.cover, SETUP, SARAH, MONDAY, one)


def on_call(store: Connection, after: timedelta) -> str:
    """Return who is on call on primary so long after two o'clock."""
    setup = store.read(overrides.overridden, SETUP)
    shift = who(setup.schedules[0], MONDAY + after)
    return shift.person if shift is not None else ""


def test_a_cover_counts_for_its_time_with_who_and_why(store: Connection) -> None:
    """Priya has the two hours, John the rest; the store knows who made it, when and why."""
    done = cover(store, wanted())
    assert done == Outcome(("1",), said="Priya is on call in place of John, for 2h00m")
    assert [on_call(store, h * HOUR) for h in (-1, 0, 1, 2)] == ["john", "pm", "pm", "john"]
    (kept,) = store.read(overrides.load_current)
    assert (kept.by, kept.reason, kept.made_at) == ("sarah", "ill", MONDAY)


def test_taking_a_shift_ends_at_its_usual_end(store: Connection) -> None:
    """One act: from now until John would have handed off, and not a minute longer."""
    taking = covering.rest_of_shift(SETUP, SARAH, MONDAY, "primary", "pm", "incident")
    assert isinstance(taking, Override)
    assert cover(store, taking).done == ("1",)
    (kept,) = store.read(overrides.load_current)
    usual = who(SETUP.schedules[0], MONDAY)
    assert usual is not None
    assert (kept.start, kept.end, kept.replaces) == (MONDAY, usual.end, "john")
    covered = store.read(overrides.overridden, SETUP)
    again = covering.rest_of_shift(covered, SARAH, MONDAY, "primary", "pm", "incident")
    assert again == "pm is on call already"


def test_a_temporary_schedule_is_taken_over_by_another_and_by_nothing_else(
    store: Connection,
) -> None:
    """Priya alone until four: Maria takes the rest of it; who is added or put in her place is refused."""
    alone = {"kind": OverrideKind.TEMPORARY, "replaces": ""}
    assert cover(store, wanted(**alone)).done == ("1",)
    for changes in (
        {"kind": OverrideKind.ADD, "person": "tech-lead", "replaces": ""},
        {"person": "tech-lead", "replaces": "pm"},
    ):
        ((_, reason),) = cover(store, wanted(**changes)).refused
        assert reason == (
            "it changes nothing: a temporary schedule lies over it; make a temporary one"
        )
    setup, now = store.read(overrides.overridden, SETUP), MONDAY + HOUR
    taken = covering.rest_of_shift(setup, SARAH, now, "primary", "tech-lead", "I know it")
    assert isinstance(taken, Override)
    assert store.write(covering.cover, SETUP, SARAH, now, taken).done == ("2",)
    hours = [on_call(store, h * HOUR) for h in (0.5, 1.5, 2.5)]
    assert hours == ["pm", "tech-lead", "john"]


def test_taking_back_a_cover(store: Connection) -> None:
    """The rotation counts again; a second time there is nothing to take back."""
    cover(store, wanted())
    assert store.write(covering.uncover, SARAH, MONDAY, 1).done == ("1",)
    assert on_call(store, HOUR) == "john"
    assert store.write(covering.uncover, SARAH, MONDAY, 1).refused[0][1].startswith("there is no")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schedule": "night"}, "there is no schedule night"),
        (
            {"person": "zoe"},
            "there is no person zoe; the configuration's [[person]] tables name them",
        ),
        ({"person": ""}, "say who comes on call"),
        ({"kind": OverrideKind.REMOVE, "person": "", "replaces": ""}, "say who goes off"),
        ({"reason": SafeText(" ")}, "a reason is needed"),
        ({"end": MONDAY}, "it ends before it begins"),
        ({"start": MONDAY - 3 * HOUR, "end": MONDAY - HOUR}, "that time is over already"),
        (
            {"end": MONDAY + timedelta(days=93)},
            "it may last 92 days at most; change the schedule instead",
        ),
        ({"replaces": "ceo"}, "it changes nothing: ceo is not on call then"),
    ],
)
def test_a_cover_that_cannot_be(store: Connection, changes: dict[str, object], reason: str) -> None:
    """Each is refused in words that say what to do, and nothing is stored."""
    done = cover(store, wanted(**changes))
    assert [why for _, why in done.refused] == [reason]
    assert store.read(overrides.load_current) == ()


def test_maintenance_is_a_day_at_most_and_needs_a_reason(store: Connection) -> None:
    """What would be forgotten is refused."""
    window = Maintenance(0, MONDAY, MONDAY + HOUR, SARAH.user, SafeText("new database"))
    for changed, reason in (
        ({"reason": SafeText("")}, "a reason is needed: say what the work is"),
        ({"end": MONDAY}, "it would end before it begins"),
        ({"end": MONDAY + 25 * HOUR}, "it lasts 1d00h at most, so that none is forgotten"),
    ):
        bad = replace(window, **changed)
        done = store.write(covering.maintain, SARAH, MONDAY, bad)
        assert [why for _, why in done.refused] == [reason]
    assert store.write(covering.maintain, SARAH, MONDAY, window).done == ("1",)
    (kept,) = store.read(maintenance.load_since, MONDAY)
    assert (kept.by, kept.reason, kept.until) == ("sarah", "new database", MONDAY + HOUR)
    assert store.write(covering.end_maintenance, SARAH, MONDAY, 1).done == ("1",)
    assert store.write(covering.end_maintenance, SARAH, MONDAY, 1).refused
