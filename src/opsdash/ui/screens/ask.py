"""A question with one line to answer."""

from collections.abc import Sequence

from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.screens.sheet import Sheet


class Ask(Sheet[str | None]):
    """A question with one line to answer; escape answers nothing at all."""

    hint = "enter does it, esc leaves all as it is"

    def __init__(self, title: str, words: Sequence[Line], prompt: str, needed: str = "") -> None:
        super().__init__()
        self.title_words = title
        self._words = list(words)
        self.prompt = prompt
        self._needed = needed
        self._missing = False

    def space(self) -> tuple[int, int]:
        """Return a width that is easy to read, and one line less for the entry."""
        width, height = super().space()
        return min(width, 76), height - 1

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return what is asked; what must not be left empty is said when it is."""
        words = self._words[: max(1, height - 1)]
        return [*words, line((self._needed, "warn bold")) if self._missing else EMPTY]

    def submitted(self, text: str) -> None:
        """Answer, unless an answer is needed and there is none."""
        if self._needed and not text.strip():
            self._missing = True
            self.redraw()
            return
        self.dismiss(text.strip())
