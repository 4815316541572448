"""The keys that a page offers fit how its alert or its failures stand, also as that changes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.alert import Acknowledgement, AlertState, Severity
from opsdash.domain.climb import Snooze
from opsdash.domain.failures import BatchState, FailureBatch
from opsdash.domain.text import SafeText
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from opsdash.ui.panes.offers import batch_offers
from opsdash.ui.preferences import Preferences
from tests.ui.driving import driven
from tests.ui.pictures import NOW, ago, alert, alerts
from tests.ui.rosters import staffed

HIGH = alert("HighErrorRate")
ME = Preferences(names=("sarah",))


def taken(by: str, **changes: object) -> Snapshot:
    """Return the evening with HighErrorRate acknowledged by somebody, its climb changed so."""
    found = replace(alerts()[0], acknowledgement=Acknowledgement(SafeText(by), ago(seconds=9)))
    climbs = dict(staffed().roster.climbs)
    climbs[HIGH.id] = replace(climbs[HIGH.id], acknowledged=True, **changes)  # type: ignore[arg-type]
    return replace(staffed(), alerts=(found, *alerts()[1:]), roster=Roster(climbs))


async def test_a_page_offers_what_fits_its_alert_and_changes_with_it() -> None:
    """Nobody's is acknowledged, mine is given back, another's is taken over; what is over takes no key."""
    async with driven(staffed(), preferences=ME) as board:
        await board.press("enter")
        await board.shows("Alert  a acknowledge e escalate")
        board.feed.put(taken("sarah"))
        await board.shows("Alert  A give back + extend e escalate")
        board.feed.put(taken("john"))
        assert "acknowledge e" not in await board.shows("Alert  m take it over e escalate")
        put_off = Snooze(
            NOW + timedelta(hours=1), SafeText("john"), SafeText("k"), Severity.WARNING
        )
        board.feed.put(taken("john", snooze=put_off))
        await board.shows("Alert  m take it over x end the snooze e escalate")
        over = replace(HIGH, state=AlertState.RESOLVED, resolved_at=ago(seconds=5))
        board.feed.put(replace(staffed(), alerts=(*alerts()[1:], over)))
        await board.shows("Alert ─")


async def test_the_last_level_offers_no_escalation() -> None:
    """What would be refused is not offered."""
    top = replace(alerts()[0], level=4, level_at=ago(seconds=5))
    async with driven(replace(staffed(), alerts=(top, *alerts()[1:]))) as board:
        await board.press("enter")
        await board.shows("Alert  a acknowledge ─")


@pytest.mark.parametrize(
    ("state", "by", "actions"),
    [
        (BatchState.NEW, "", ["acknowledge", "note"]),
        (BatchState.INVESTIGATING, "sarah", ["note", "unacknowledge"]),
        (BatchState.INVESTIGATING, "john", ["take", "note"]),
        (BatchState.INVESTIGATED, "john", []),
    ],
)
def test_failures_offer_what_fits_them(state: BatchState, by: str, actions: list[str]) -> None:
    """What is investigated takes no key any more; where nothing is counted there is none."""
    batch = FailureBatch(1, "failed", state, 2, NOW, NOW, SafeText(by))
    assert [action for action, _ in batch_offers(batch, {"sarah"})] == actions
    assert batch_offers(None, {"sarah"}) == []
