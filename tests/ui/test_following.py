"""What stands around the list follows its cursor, however slow the store is, and is read sparingly."""

import asyncio
from pathlib import Path

from opsdash import response
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.snapshot import Snapshot
from opsdash.store import entries
from opsdash.store.opening import connect
from opsdash.ui.panes.alert_words import summary
from opsdash.ui.ports import Detail
from opsdash.ui.stories import Stories
from tests.domain.alerts import NOON, an_alert
from tests.engine.world import SETUP
from tests.stored import put
from tests.ui.driving import driven
from tests.ui.pictures import busy


async def test_the_room_beneath_follows_the_cursor_though_nothing_is_read() -> None:
    """A store that never answers leaves no other alert's words beneath the row."""
    async with driven(busy()) as board:
        first, second = (f"{one.name}  {summary(one)}" for one in busy().alerts[:2])
        await board.shows(first)

        async def hang(id: str) -> Detail:
            await asyncio.Event().wait()
            raise AssertionError(id)

        board.feed.detail = hang  # type: ignore[method-assign]
        await board.press("j")
        await board.shows(second)
        assert first not in board.text()


def test_a_story_is_read_again_once_something_is_written(tmp_path: Path) -> None:
    """The same entries while none is added; the new one at once; another incident's are its own."""
    store = connect(tmp_path / "opsdash.db")
    made = [an_alert(name, service=name) for name in ("aa", "bb")]
    store.write(put, SETUP, NOON, *made)
    stories = Stories(limit=50)
    first = store.read(stories.newest, 1)
    assert first
    assert store.read(stories.newest, 1) is first
    maria = Actor(SafeText("maria"))
    store.write(response.acknowledge, maria, NOON, [made[0].id])
    told = store.read(stories.newest, 1)
    assert told[: len(first)] == first
    assert told[-1].by == "maria"
    other = store.read(stories.newest, 2)
    assert other == store.read(entries.load_of_incident, 2)
    assert {entry.alert for entry in other} & {made[1].id}
    store.close()


async def test_what_was_written_is_said_though_no_new_picture_is_to_be_had() -> None:
    """The person learns that the alert is theirs while the store does not answer."""
    async with driven(busy()) as board:

        async def hang() -> Snapshot:
            await asyncio.Event().wait()
            raise AssertionError

        board.feed.take = hang  # type: ignore[method-assign]
        await board.press("a")
        await board.shows(f"acknowledged {busy().alerts[0].name}")
