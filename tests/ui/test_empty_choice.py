"""A choice of marked rows of which none is shown is empty: no key falls through to the cursor's row.

Every acting key is pressed on every screen that marks: the list of alerts, by key and from the list of
commands, and the silences. Elsewhere nothing can be marked, and the key is about one row.
"""

from dataclasses import replace

import pytest

from opsdash.domain.actions import DEFAULT_KEYS
from opsdash.domain.incident import IncidentState, ResponseStatus
from opsdash.snapshot import Snapshot
from opsdash.ui.acts import ACTS
from opsdash.ui.keys import ACTIONS
from tests.ui.driving import Driven, driven
from tests.ui.pictures import ago, alert, incident
from tests.ui.registers import listed
from tests.ui.rosters import staffed

HIGH = alert("HighErrorRate")
OVER = replace(
    incident(),
    state=IncidentState.RESOLVED,
    response=ResponseStatus.RESOLVED,
    resolved_at=ago(minutes=20),
)
WORDS = {action.name: action.words for action in ACTIONS}
BY_KEY = sorted(name for name in ACTS if DEFAULT_KEYS[name])


def evening() -> Snapshot:
    """Return an evening on which each key would do something to the row under the cursor."""
    return replace(staffed(), incidents=(OVER,))


async def hide_the_marked(board: Driven) -> None:
    """Mark the first alert and let a filter hide it: the cursor is on another one."""
    await board.press("space", "/", *"disk", "enter")
    await board.shows("1 marked", "DiskWillFill")
    here = board.app.dashboard.alert
    assert here is not None and here.name == "DiskWillFill"
    assert board.app.dashboard.chosen() == ()


async def nothing_was_done(board: Driven) -> None:
    """Wait until the key's answer is there: a word in the last line, no act, no question, no copy."""
    await board.until(lambda: board.app.message)
    assert board.hand.calls == []
    assert board.copied == []
    assert board.app.screen is board.app.dashboard


@pytest.mark.parametrize("name", BY_KEY)
async def test_no_key_acts_on_the_cursors_row_where_the_marked_ones_are_hidden(name: str) -> None:
    """It says that nothing is chosen, and does nothing."""
    async with driven(evening()) as board:
        await hide_the_marked(board)
        await board.press(DEFAULT_KEYS[name].split(",")[0])
        await nothing_was_done(board)


@pytest.mark.parametrize("name", BY_KEY)
async def test_no_key_acts_on_the_cursors_row_where_the_marked_ones_are_gone(name: str) -> None:
    """They left the list while they were marked."""
    async with driven(evening()) as board:
        await board.press("space")
        await board.shows("1 marked")
        rest = tuple(a for a in evening().alerts if a.id != HIGH.id)
        board.feed.put(replace(evening(), alerts=rest))
        await board.shows_not("HighErrorRate")
        assert board.app.dashboard.alert is not None
        await board.press(DEFAULT_KEYS[name].split(",")[0])
        await nothing_was_done(board)


@pytest.mark.parametrize("name", sorted(ACTS))
async def test_no_command_of_the_list_does_either(name: str) -> None:
    """Those that have no key as well."""
    async with driven(evening()) as board:
        await hide_the_marked(board)
        await board.press(":")
        await board.press(*WORDS[name], "enter")
        await nothing_was_done(board)


@pytest.mark.parametrize("name", sorted(set(BY_KEY) - {"silence"}))
async def test_no_key_acts_on_the_silence_under_the_cursor_where_the_marked_ones_are_hidden(
    name: str,
) -> None:
    """On the screen of silences the same; `s` makes a new one there, of nothing that is chosen."""
    async with driven(listed()) as board:
        await board.press("S", "space", "/", *"john", "enter")
        await board.shows("1 marked", "filter john")
        roll = board.app.screen
        await board.press(DEFAULT_KEYS[name].split(",")[0])
        await board.pilot.pause()
        assert board.hand.calls == []
        assert board.copied == []
        assert board.app.screen is roll


async def test_a_form_is_filled_in_from_no_row_that_is_not_chosen() -> None:
    """Maintenance of the row's service, of none where the marked rows are hidden."""
    for hidden, service in ((False, "payments-api"), (True, "")):
        async with driven(evening()) as board:
            if hidden:
                await hide_the_marked(board)
            await board.press("D")
            await board.until(lambda: board.app.screen is not board.app.dashboard)
            texts: dict[str, str] = getattr(board.app.screen, "texts", {})
            assert texts["service"] == service
