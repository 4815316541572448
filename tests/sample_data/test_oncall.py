"""The guide's week as it ships: Monday and Tuesday John, Wednesday and Thursday Sarah, Friday to Sunday Alex."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsdash.config import load
from opsdash.domain.coverage import gaps_ahead
from opsdash.domain.rehearsal import rehearse
from opsdash.domain.schedule import shifts, who

SAMPLE = Path(__file__).parents[2] / "sample_data" / "opsdash.toml"
MONDAY = datetime(2025, 12, 22, 12, tzinfo=UTC)


def test_the_guides_week_is_in_the_sample() -> None:
    """Who is on call at noon of each day, by name; three shifts a week and no gap."""
    setup = load(SAMPLE).setup()
    schedule = setup.schedules[0]
    names = {person.id: str(person.name) for person in setup.people}
    noons = [who(schedule, MONDAY + timedelta(days=n)) for n in range(7)]
    assert [names[shift.person] for shift in noons if shift is not None] == [
        "John", "John", "Sarah", "Sarah", "Alex", "Alex", "Alex",
    ]  # fmt: skip
    assert len(shifts(schedule, MONDAY, MONDAY + timedelta(days=6))) == 3
    assert gaps_ahead(schedule, MONDAY) == ()


def test_the_samples_policy_is_the_guides() -> None:
    """A critical alert reaches four levels in half an hour, a warning three."""
    setup = load(SAMPLE).setup()
    critical = rehearse(setup, setup.policy, MONDAY, {})
    assert [(r.level, (r.at - MONDAY) // timedelta(minutes=1)) for r in critical[:-1]] == [
        (1, 0), (2, 5), (3, 15), (4, 30),
    ]  # fmt: skip
    warning = rehearse(setup, setup.policy, MONDAY, {"severity": "warning"})
    assert [r.level for r in warning] == [1, 2, 3, 0]
