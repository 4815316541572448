"""A list to choose one of."""

from collections.abc import Callable, Sequence

from opsdash.ui.lines import EMPTY, Line, crop, line
from opsdash.ui.moment import Moment
from opsdash.ui.screens.sheet import Sheet


class Choose(Sheet[str | None]):
    """A list to choose one of: typed letters narrow it, enter takes the row, escape takes none."""

    hint = "enter takes, esc leaves"
    prompt = "> "

    def __init__(
        self,
        title: str,
        choices: Sequence[tuple[str, Line]],
        chosen: str | None = None,
        on_move: Callable[[str], None] | None = None,
        about: Sequence[Line] = (),
    ) -> None:
        super().__init__()
        self.title_words = title
        self._about = list(about)
        self._choices = list(choices)
        self._shown = self._choices
        self._at = next((i for i, (key, _) in enumerate(self._choices) if key == chosen), 0)
        self._on_move = on_move

    def space(self) -> tuple[int, int]:
        """Return a width that suits the choices, and one line less for the entry."""
        width, height = super().space()
        return min(width, 76), height - 1

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return the choices around the one under the cursor, beneath what they are about."""
        about = self._about if height > len(self._about) + 3 else []
        height -= len(about)
        top = max(0, min(self._at - height // 2, len(self._shown) - height))
        rows = []
        for index, (_, words) in list(enumerate(self._shown))[top : top + height]:
            here = index == self._at
            mark = self.app.glyphs.cursor if here else " "
            row = crop(line((mark, "accent bold"), " ", words), width)
            rows.append(tuple((t, f"{s} on cursor") for t, s in row) if here else row)
        rows = rows or [line(("nothing of that name", "muted"))]
        return [*about, *rows, *[EMPTY] * (min(len(self._choices), height) - len(rows))]

    def typed(self, text: str) -> None:
        """Narrow the list."""
        words = text.lower().split()
        self._shown = [
            (key, words_of)
            for key, words_of in self._choices
            if all(word in "".join(text for text, _ in words_of).lower() for word in words)
        ]
        self._at = 0
        self._moved()

    def moved(self, rows: int) -> None:
        """Move the cursor."""
        self._at = max(0, min(self._at + rows, len(self._shown) - 1))
        self._moved()

    def _moved(self) -> None:
        if self._on_move is not None and self._shown:
            self._on_move(self._shown[self._at][0])
        self.redraw()

    def submitted(self, text: str) -> None:
        """Take the row under the cursor; where there is none, take none."""
        self.dismiss(self._shown[self._at][0] if self._shown else None)
