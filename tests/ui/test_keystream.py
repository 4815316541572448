"""What is typed, wherever the line cuts it: escape is never swallowed by the key behind it."""

from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from opsdash.ui.keystream import KeyStream
from tests.kit.waiting import wait_until

PASTE = "\x1b[200~{}\x1b[201~"


def keys_of(*pieces: str) -> list[str]:
    """The keys and pastes that pieces come to, once the time of what could go on is over."""
    stream = KeyStream()
    found = [event for piece in pieces for event in stream.feed(piece)]
    while (left := stream.milliseconds_left()) is not None:
        ends = monotonic() + left / 1000
        wait_until(lambda: monotonic() >= ends, pause=0.005)  # noqa: B023
        found += stream.tick()
    return [
        f"paste {event.text}" if isinstance(event, events.Paste) else event.key
        for event in found
        if isinstance(event, events.Key | events.Paste)
    ]


@pytest.mark.parametrize(
    ("pieces", "keys"),
    [
        (["\x1bj"], ["escape", "j"]),
        (["\x1b", "j"], ["escape", "j"]),
        (["\x1bj\x1b"], ["escape", "j", "escape"]),
        (["\x1b\r"], ["escape", "enter"]),
        (["\x1b", "\r"], ["escape", "enter"]),
        (["\x1b\x1b"], ["escape", "escape"]),
        (["\x1bq\x1b[A"], ["escape", "q", "up"]),
        (["\x1b1"], ["escape", "1"]),
        (["e", "\x1b", "a"], ["e", "escape", "a"]),
        (["\x1b"], ["escape"]),
        (["\x1b[", "A"], ["up"]),
        (["\x1b", "[", "A"], ["up"]),
        (["\x1bOA\x1b[5~"], ["up", "pageup"]),
        (["\x1b[27u"], ["escape"]),
        (["\x1b\x7f"], ["ctrl+w"]),
        (["\x1bb\x1bf"], ["ctrl+left", "ctrl+right"]),
        ([PASTE.format("a\x1bj\rb")], ["paste a\x1bj\rb"]),
        (["\x1b[20", "0~a\x1bj", "\x1b[2", "01~", "\x1bj"], ["paste a\x1bj", "escape", "j"]),
    ],
)
def test_each_key_is_a_key(pieces: list[str], keys: list[str]) -> None:
    """In one read or in several, before letters, enter, sequences and itself; in a paste it is text."""
    assert keys_of(*pieces) == keys


TYPED = ("\x1b", "j", "\r", "e", "\x1b[A", "\x1b[6~", "\t", "é", PASTE.format("x\x1by"))
NAMES = ("escape", "j", "enter", "e", "up", "pagedown", "tab", "é", "paste x\x1by")


@given(st.lists(st.integers(0, len(TYPED) - 1), max_size=12), st.data())
def test_where_it_is_cut_does_not_matter(picked: list[int], data: st.DataObject) -> None:
    """Keys that are typed one behind the other are those keys, however the line hands them on."""
    whole = "".join(TYPED[n] for n in picked)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    wanted = [NAMES[n] for n in picked]
    assert [k.replace("latin_small_letter_e_with_acute", "é") for k in keys_of(*pieces)] == wanted
