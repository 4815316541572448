"""The cursor holds on to a key, and a key press means the row that was drawn."""

from hypothesis import given
from hypothesis import strategies as st

from opsdash.ui.widgets.rowcursor import RowCursor

KEYS = list("abcdefgh")


def cursor_on(key: str, keys: list[str]) -> RowCursor:
    cursor = RowCursor()
    cursor.move(keys, keys.index(key))
    return cursor


@given(st.permutations(KEYS), st.permutations(KEYS), st.sampled_from(KEYS))
def test_it_stays_on_its_row_wherever_the_row_goes(a: list[str], b: list[str], key: str) -> None:
    """Rows change places; the cursor is on the same key."""
    cursor = cursor_on(key, a)
    cursor.follow(a, b)
    assert (cursor.key, b[cursor.index]) == (key, key)


@given(st.sets(st.sampled_from(KEYS)), st.sampled_from(KEYS))
def test_if_the_row_goes_it_takes_the_nearest_that_stays(gone: set[str], key: str) -> None:
    """Never the first row by default: the nearest neighbour, the one below before the one above."""
    left = [k for k in KEYS if k not in gone]
    cursor = cursor_on(key, KEYS)
    cursor.follow(KEYS, left)
    if not left:
        assert cursor.key is None
    else:
        here = KEYS.index(key)
        assert cursor.key == min(left, key=lambda k: (abs(KEYS.index(k) - here), k < key))


def test_a_key_press_means_the_row_that_was_drawn() -> None:
    """The row vanished after the key was pressed: the action is about it, not its neighbour."""
    cursor = cursor_on("c", KEYS)
    cursor.follow(KEYS, [k for k in KEYS if k != "c"])
    assert cursor.key == "d"
    assert cursor.key_drawn(pressed_at=10.0, now=10.1) == "c"
    cursor.painted(11.0)
    assert cursor.key_drawn(pressed_at=10.9, now=11.1) == "c"
    assert cursor.key_drawn(pressed_at=11.05, now=11.1) == "d"
    assert cursor.key_drawn(pressed_at=10.9, now=99.0) == "d"


def test_two_rows_that_vanish_in_turn_are_told_apart() -> None:
    """The row meant is the one that was drawn at the moment of the press."""
    cursor = cursor_on("c", KEYS)
    without_c = [k for k in KEYS if k != "c"]
    cursor.follow(KEYS, without_c)
    cursor.painted(10.0)
    cursor.follow(without_c, [k for k in without_c if k != "d"])
    cursor.painted(10.5)
    assert cursor.key_drawn(9.9, 10.6) == "c"
    assert cursor.key_drawn(10.2, 10.6) == "d"
    assert cursor.key_drawn(10.55, 10.6) == "e"


def test_moving_by_hand_settles_it() -> None:
    """Keys typed ahead act on where the hand moved to, drawn or not."""
    cursor = cursor_on("c", KEYS)
    cursor.follow(KEYS, [k for k in KEYS if k != "c"])
    cursor.move([k for k in KEYS if k != "c"], cursor.index + 1)
    assert cursor.key_drawn(pressed_at=0.0, now=1.0) == "e"


def test_a_table_that_fills_up_starts_at_the_top() -> None:
    """From no row at all the cursor goes to the first."""
    cursor = RowCursor()
    cursor.follow([], KEYS)
    assert (cursor.key, cursor.index) == ("a", 0)
    cursor.follow(KEYS, [])
    assert cursor.key is None
    cursor.follow([], ["x"])
    assert cursor.key == "x"
