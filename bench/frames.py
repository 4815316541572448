"""Where frames end in what a dashboard writes: a terminal shows a large one once all of it is there."""

from tests.terminal import Terminal

ASKED, KNOWN = b"\x1b[?2026$p", "\x1b[?2026;2$y"
"""What a program asks a terminal, and the answer of one that knows synchronized output."""

BEGUN, DONE = b"\x1b[?2026h", b"\x1b[?2026l"
"""The marks that it then puts around a frame."""


def answer(terminal: Terminal, timeout: float = 60.0) -> None:
    """Answer as most terminals do, once the program has asked."""
    terminal.wait_until(lambda: ASKED in terminal.raw, timeout, "asked what it knows")
    terminal.send(KNOWN)


class Frames:
    """What came so far, chunk by chunk: on a busy machine the rest of a frame may be long in coming."""

    def __init__(self) -> None:
        self.whole = True
        self._tail = b""

    def feed(self, chunk: bytes) -> bool:
        """Take a chunk; return whether the frame that it belongs to is whole. Its marks may be cut in two."""
        seen = self._tail + chunk
        begun, done = seen.rfind(BEGUN), seen.rfind(DONE)
        if begun != done:
            self.whole = done > begun
        self._tail = seen[-len(BEGUN) + 1 :]
        return self.whole
