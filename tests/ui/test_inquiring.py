"""Failures that a tile counts: how far people are, the keys on it, its detail; at every size."""

from dataclasses import replace

import pytest

from opsdash.domain.failures import BatchState, FailureBatch
from opsdash.domain.indicator import Reading
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.snapshot import Snapshot
from opsdash.ui.ports import Detail
from opsdash.ui.preferences import Preferences
from tests.ui.driving import Driven, driven
from tests.ui.pictures import ago, busy

NEW = FailureBatch(2, "failed", BatchState.NEW, 2, ago(minutes=9), ago(minutes=4))
SARAHS = replace(NEW, state=BatchState.INVESTIGATING, by=SafeText("sarah"), at=ago(minutes=3))
DONE = replace(
    SARAHS, state=BatchState.INVESTIGATED, note=SafeText("issuer down"), at=ago(minutes=1)
)


def failing(batch: FailureBatch | None, **changes: object) -> Snapshot:
    """Return the evening with failures that are that far."""
    snapshot = busy()

    def changed(reading: Reading) -> Reading:
        if reading.indicator.id != "failed":
            return reading
        return replace(reading, batch=batch, **changes)  # type: ignore[arg-type]

    panes = tuple(
        replace(pane, readings=tuple(map(changed, pane.readings))) for pane in snapshot.panes
    )
    return replace(snapshot, panes=panes)


async def to_tile(board: Driven) -> None:
    """Put the cursor on the tile."""
    await board.press("3", "j")
    await board.until(
        lambda: (r := board.app.dashboard.reading) is not None and r.indicator.id == "failed"
    )


def tile_row(board: Driven, word: str = "Failed 24h") -> str:
    """Return the tile's own part of its line."""
    line = next(line for line in board.lines() if word in line)
    return line[line.index(word) :].split("│")[0].rstrip()


@pytest.mark.parametrize(
    ("batch", "figure"),
    [
        (NEW, "2 (new) "),
        (SARAHS, "2 (investigating, sarah) "),
        (DONE, "2 (investigated) "),
    ],
)
async def test_the_tile_says_how_far_people_are(batch: FailureBatch, figure: str) -> None:
    """As the guide's figure has it, and its level stays in words."""
    async with driven(failing(batch)) as board:
        row = tile_row(board)
        assert figure in row
        assert row.endswith("ok")
        assert f"✔ {row}" in board.text()


async def test_a_column_stays_a_column() -> None:
    """Figures stand under each other, bars end where they ended."""
    async with driven(failing(NEW)) as board, driven(failing(None)) as before:
        with_, without = tile_row(board), tile_row(before)
        assert with_.index(" 2 ") == without.index(" 2 ")
        assert len(with_) == len(without)
        assert with_[-4:] == without[-4:] == "▆ ok"
        assert tile_row(board, "Success 24h") == tile_row(before, "Success 24h")


@pytest.mark.parametrize("size", [(200, 60), (160, 45), (120, 35), (100, 28)])
@pytest.mark.parametrize(
    ("batch", "words"),
    [
        (NEW, {"(new)"}),
        (SARAHS, {"(investigating, sarah)", "(sarah)"}),
        (DONE, {"(investigated)", "(done)"}),
    ],
)
async def test_at_every_size_of_tiles_it_is_said(
    size: tuple[int, int], batch: FailureBatch, words: set[str]
) -> None:
    """In full or short, with figure, level and frame whole."""
    async with driven(failing(batch), size) as board:
        line = next(line for line in board.lines() if "Failed" in line)
        row = line[line.index("Failed") :]
        assert any(f"2 {word}" in row for word in words), row
        assert " ok" in row
        assert row.endswith("│")
        assert len(line) == size[0]


@pytest.mark.parametrize(
    ("batch", "words"), [(NEW, "failed 2 new ✔"), (SARAHS, "failed 2 sar… ✔"), (DONE, "2 done ✔")]
)
async def test_in_a_line_a_pane_it_is_said_in_a_word(batch: FailureBatch, words: str) -> None:
    """At 80x24 all four figures of the pane are there still."""
    async with driven(failing(batch), (80, 24)) as board:
        line = next(line for line in board.lines() if line.startswith("3 "))
        for part in (words, "success ratio 99.98%", "processing 1.2 s", "stripe up", "live"):
            assert part in line


async def test_at_the_smallest_size_the_pane_shows_it() -> None:
    """60x15: the pane has the screen while it is the one in use; its keys are in the last line."""
    async with driven(failing(SARAHS), (60, 15)) as board:
        await to_tile(board)
        text = await board.shows("2 (investigating, sarah)")
        assert "n investigated" in text
        assert all(len(line) <= 60 for line in board.lines())


async def test_beside_a_zero_and_where_nothing_is_known_nothing_is_said() -> None:
    """While the batch has not ended yet; a stale figure keeps it."""
    async with driven(failing(NEW, value=0.0)) as board:
        assert "(new)" not in board.text()
    async with driven(failing(NEW, value=None, reason=SafeText("HTTP 503"))) as board:
        assert "(new)" not in board.text()
        assert "no data" in tile_row(board)
    async with driven(failing(NEW, read_at=ago(seconds=20))) as board:
        assert "2 (new)" in tile_row(board)
        assert "old" in tile_row(board)


async def test_without_utf8_it_is_ascii() -> None:
    """No ellipsis of a long name survives."""
    long = replace(SARAHS, by=SafeText("bartholomew-the-third"))
    async with driven(failing(long), (120, 35), preferences=Preferences(ascii=True)) as board:
        assert tile_row(board, "Failed").isascii()


async def test_the_last_line_shows_what_the_tile_allows() -> None:
    """Nothing of it on a tile that counts no failures."""
    async with driven(failing(NEW)) as board:
        await board.press("3")
        assert "investigate" not in board.lines()[-1]
        await to_tile(board)
        assert " a investigate  n investigated  enter detail" in board.lines()[-1]
        board.feed.put(failing(SARAHS))
        await board.shows("n investigated  A give back")
        assert "a investigate" not in board.lines()[-1]
        board.feed.put(failing(DONE))
        await board.shows("2 (investigated)")
        assert "n investigated" not in board.lines()[-1]


async def test_one_key_looks_into_them_and_another_says_what_they_were() -> None:
    """A note is needed, and what is concluded is what was seen."""
    async with driven(failing(NEW)) as board:
        await to_tile(board)
        await board.press("a")
        await board.shows("you look into 2 failures of Failed 24h; n says what they were")
        board.feed.put(failing(replace(SARAHS, by=SafeText("me"))))
        await board.shows("2 (investigating, me)")
        await board.press("n")
        text = await board.shows(
            "Investigated", "2 failures since 13:57", "me is investigating since"
        )
        assert "Failures that come while you write are a new batch." in text
        await board.press("enter")
        await board.shows("A note is needed.")
        board.feed.put(failing(replace(SARAHS, by=SafeText("me"), count=7)))
        await board.press(*"issuer", "enter")
        await board.shows("investigated: 2 failures of Failed 24h")
        assert board.hand.calls == [("investigate", "F2", False), ("conclude", "F2", 2, "issuer")]


async def test_the_same_key_again_asks_what_it_was() -> None:
    """For one's own; what another has is refused by the store with who and when."""
    me = Preferences(names=("sarah",))
    async with driven(failing(SARAHS), preferences=me) as board:
        await to_tile(board)
        await board.press("a")
        await board.shows("what it was:")
        await board.press("escape")
        await board.shows_not("what it was:")
        assert board.hand.calls == []
    async with driven(failing(SARAHS)) as board:
        await to_tile(board)
        board.hand.refuse["F2"] = "sarah began to look into it 3m ago"
        await board.press("a")
        await board.shows("2 failures of Failed 24h not: sarah began to look into it 3m ago")


async def test_they_are_taken_over_given_back_and_undone() -> None:
    """`m`, `A` and `u`, as for an alert."""
    async with driven(failing(SARAHS)) as board:
        await to_tile(board)
        await board.press("m")
        await board.until(lambda: board.hand.calls == [("investigate", "F2", True)])
        await board.press("A")
        await board.shows("gave back 2 failures of Failed 24h")
        await board.press("u")
        await board.shows("enter undoes it:")
        await board.press("enter")
        await board.until(lambda: board.hand.calls[1:] == [("give_back", "F2"), ("undo", "op1")])


async def test_keys_do_nothing_where_there_is_nothing_to_look_into() -> None:
    """On another tile, without failures, on what is investigated, on an alert; each says so."""
    async with driven(failing(None)) as board:
        await board.press("3", "a")
        await board.shows("nothing is chosen: no alert is under the cursor")
        await board.press("n")
        await board.shows("go to the tile that counts them")
        await to_tile(board)
        await board.press("n")
        await board.shows("Failed 24h has no failures to look into")
        for key in ("e", "s", "y"):
            await board.press(key)
        await board.press("4", "n")
        await board.shows("go to the tile that counts them")
        board.feed.put(failing(DONE))
        await board.press("3")
        await board.shows("2 (investigated)")
        await board.press("n")
        await board.shows("investigated by sarah already: issuer down")
        assert board.hand.calls == []


async def test_the_list_of_commands_acts_on_the_tile() -> None:
    """By its words, to the tile under the cursor."""
    async with driven(failing(NEW)) as board:
        await to_tile(board)
        await board.press(":", *"acknowledge: it", "enter")
        await board.until(lambda: board.hand.calls == [("investigate", "F2", False)])


async def test_the_detail_tells_all_and_takes_the_keys() -> None:
    """Count, since, state, by, at, note, timeline, and the batches before."""
    before = replace(DONE, number=1, ended_at=ago(hours=1), opened_at=ago(hours=3), count=5)
    unseen = replace(NEW, number=0, ended_at=ago(hours=4), opened_at=ago(hours=9))
    told = Entry(ago(minutes=9), SafeText("engine"), EntryKind.FAILURES, SafeText("2 failures"))
    details = {"failed": Detail("failed", (told,), batches=(SARAHS, before, unseen))}
    async with driven(failing(SARAHS), details=details) as board:
        await to_tile(board)
        await board.press("enter")
        text = await board.shows(
            "F2, 2 failures since 13:57, the newest 14:02",
            "sarah is investigating since 14:03",
            "failures     2 failures  engine",
            "F1    11:06 – 13:06  5  investigated by sarah  issuer down",
            "F0    05:06 – 10:06  2  never looked into",
        )
        assert "m take them over n investigated" in text
        await board.press("n")
        await board.shows("what it was:")
        await board.press(*"bank", "enter")
        await board.until(lambda: board.hand.calls == [("conclude", "F2", 2, "bank")])
        await board.shows("investigated: 2 failures of Failed 24h")
        await board.press("e", "s")
        await board.shows("sarah is investigating since 14:03")
        assert len(board.hand.calls) == 1


async def test_hostile_names_and_notes_are_text() -> None:
    """Markup, escapes and wide letters break neither tile nor detail."""
    nasty = clean("[red]x[/]\x1b[2J 名前名前名前名前名前")
    batch = replace(DONE, by=nasty, note=clean("[bold]\x1b]0;x\x07" + "長い" * 200))
    looking = replace(SARAHS, by=nasty)
    details = {"failed": Detail("failed", batches=(batch,))}
    for size in ((160, 45), (100, 28), (80, 24), (60, 15)):
        for one in (batch, looking):
            async with driven(failing(one), size, details=details) as board:
                await to_tile(board)
                await board.press("enter")
                await board.shows("failures")
                assert "\x1b" not in board.text()
    async with driven(failing(looking)) as board:
        assert "[red]x[/]" in board.text()
