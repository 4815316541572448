"""R16 at a small size: nothing is missed, doubled or skipped by clocks; and its judge is not blind."""

import pytest

from bench import time as clocks

PASSED = [float(second) for second in range(0, 2640, 10)]
WHOLE = [clocks.Rung(n, pager, due) for n, (pager, due) in enumerate(clocks.LEVELS, start=1)]


def test_one_person_is_on_call_around_every_change_of_the_clock() -> None:
    """Berlin, New York, Lord Howe and others; handoffs within the hour that is skipped or comes twice."""
    cases, faults = clocks.rotas(range(2025, 2026), every=30)
    assert cases >= 40
    assert faults == []


def test_levels_are_paged_once_and_in_order_through_jumps_sleep_and_kills() -> None:
    """By the time that truly passed, whatever the wall clock says."""
    verdict = clocks.climbs(2)
    assert verdict.trials == 2
    assert verdict.pages > 4
    assert verdict.faults == []


def test_the_alerts_of_a_month_reach_whoever_is_on_call() -> None:
    """Over the end of summer time in Berlin, on a clock that is turned by hand."""
    verdict = clocks.month(2)
    assert verdict.trials == 2
    assert verdict.faults == []


@pytest.mark.parametrize(
    ("rungs", "found"),
    [
        (WHOLE, ""),
        (WHOLE[:2] + WHOLE[3:], "missed"),
        ([*WHOLE, WHOLE[1]], "doubled"),
        ([WHOLE[0], WHOLE[2], WHOLE[1], WHOLE[3]], "skipped"),
        ([*WHOLE[:3], clocks.Rung(4, "chen", 2100.0)], "late"),
        ([*WHOLE[:3], clocks.Rung(4, "chen", 1200.0)], "late"),
        ([*WHOLE[:3], clocks.Rung(4, "maria", 1800.0)], "wrong"),
    ],
)
def test_the_judge_finds(rungs: list[clocks.Rung], found: str) -> None:
    """Each kind of fault in what was paged is found, an honest story has none."""
    verdict = clocks.Verdict()
    clocks.judge("story", rungs, PASSED, verdict)
    named = [n for n in ("missed", "doubled", "skipped", "late", "wrong") if getattr(verdict, n)]
    assert (found in named) if found else named == []
