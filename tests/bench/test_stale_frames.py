"""Which of what a dashboard writes R7 may judge: whole frames, wherever their bytes are cut."""

import pytest
from bench.frames import BEGUN, DONE, Frames


@pytest.mark.parametrize("cut", range(1, len(BEGUN) + 3 + len(DONE)))
def test_a_frame_is_whole_once_its_end_has_come(cut: int) -> None:
    """However a synchronized frame is cut in two, it is judged at its end and never before."""
    frame, frames = BEGUN + b"new" + DONE, Frames()
    begun = cut >= len(BEGUN)
    assert frames.feed(frame[:cut]) is not begun
    assert frames.feed(frame[cut:])


def test_frames_one_behind_the_other() -> None:
    """A small frame has no marks and is whole; behind a whole one the beginning of another is not."""
    frames = Frames()
    assert frames.feed(b"small")
    assert not frames.feed(BEGUN + b"one" + DONE + BEGUN + b"tw")
    assert not frames.feed(b"o, at length")
    assert frames.feed(DONE + b"small")
    assert frames.whole
