"""The notifications screen: what was sent to whom, when, with what answer, and what waits."""

from collections.abc import Sequence

from opsdash.domain.letter import LetterView
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.notifications import (
    LETTER_COLUMNS,
    letter_about,
    letter_row,
    letters_summary,
    no_letters,
)
from opsdash.ui.ports import LETTER
from opsdash.ui.screens.page import Page
from opsdash.ui.screens.roll import Roll
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row


class Notifications(Roll):
    """The newest messages, newest first."""

    title_words = "Notifications"
    hints = (("detail", "the whole page"),)

    def __init__(self) -> None:
        super().__init__()
        self._letters: dict[str, LetterView] = {}
        self._seen: tuple[LetterView, ...] | None = None

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns of messages."""
        return LETTER_COLUMNS

    def keys(self, snapshot: Snapshot, moment: Moment) -> Sequence[str]:
        """Return the messages' numbers."""
        if snapshot.letters.newest is not self._seen:
            self._seen = snapshot.letters.newest
            self._letters = {str(letter.id): letter for letter in self._seen}
        self.hint = letters_summary(snapshot, moment)
        return list(self._letters)

    def row(self, key: str, snapshot: Snapshot, moment: Moment) -> Row:
        """Return the row of a message."""
        return letter_row(self._letters[key], moment, self.app.glyphs)

    def about(self, key: str, width: int, snapshot: Snapshot, moment: Moment) -> Sequence[Line]:
        """Return everything about a message."""
        self.app.look_at(LETTER + key)
        return letter_about(self._letters[key], self.app.details.get(LETTER + key), width, moment)

    def empty(self, snapshot: Snapshot) -> Line:
        """Say why there are none."""
        return no_letters(snapshot)

    def opened(self, key: str) -> None:
        """Show the whole page of the message."""
        self.app.look_at(LETTER + key)

        def lines(width: int, moment: Moment) -> Sequence[Line]:
            letter = self._letters.get(key)
            if letter is None:
                return [line(("this message has left the list", "muted"))]
            return letter_about(letter, self.app.details.get(LETTER + key), width, moment)

        self.app.open_sheet(Page("Message", lines))
