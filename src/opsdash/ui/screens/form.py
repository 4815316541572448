"""A form: a few lines to fill in, and below them what the answer would do, as it is typed."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from textual import events

from opsdash.ui.lines import EMPTY, Line, crop, cut, line
from opsdash.ui.moment import Moment
from opsdash.ui.screens.sheet import Sheet
from opsdash.ui.widgets.lines import LineWidget

T = TypeVar("T")


class Form(Sheet[T]):
    """Lines by name, gone through with tab and the arrows; enter answers where nothing is wrong.

    `fields` are the names in order, each with the word before it. A default counts where nothing is
    typed, so that it need not be wiped out first; `texts` are what is typed already.
    """

    fields: ClassVar[tuple[tuple[str, str], ...]] = ()
    prompt = "> "
    height = 18
    width = 110

    def __init__(
        self,
        defaults: Mapping[str, str],
        first: int = 0,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._defaults = dict(defaults)
        self.texts = {name: (texts or {}).get(name, "") for name, _ in self.fields}
        self._at = first
        self._fault = ""

    def note(self, name: str, moment: Moment) -> str:
        """Return what a line means as it is filled in: a time, a name."""
        return ""

    def effect(self, width: int, room: int, moment: Moment) -> Sequence[Line]:
        """Return what the answer would do."""
        return ()

    def fault(self, moment: Moment) -> tuple[str, str] | None:
        """Return the first line that is wrong, and what is wrong with it."""
        return None

    def answer(self, moment: Moment) -> T:
        """Return the answer; asked for only where there is no fault."""
        raise NotImplementedError

    def value(self, name: str) -> str:
        """Return what a line holds: what is typed, else its default."""
        return self.texts[name].strip() or self._defaults.get(name, "")

    def made_ready(self, parts: Sequence[LineWidget]) -> Sequence[LineWidget]:
        """Return the parts drawn, the cursor in the first line that has to be filled in."""
        self._go(self._at)
        return super().made_ready(parts)

    def on_key(self, event: events.Key) -> None:
        """Go from line to line by tab as well."""
        if event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            self._go((self._at + (1 if event.key == "tab" else -1)) % len(self.fields))
            self.redraw()
        else:
            super().on_key(event)

    def space(self) -> tuple[int, int]:
        """Return a width that is easy to read, and one line less for the entry."""
        width, height = super().space()
        return min(width, self.width), min(height - 1, self.height)

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return the lines as they are filled in, then what they would do."""
        rows = [self._row(number, width, moment) for number in range(len(self.fields))]
        lines = rows if height > len(rows) + 3 else []
        lines.append(line((self._fault, "warn bold")) if self._fault else EMPTY)
        room = height - len(lines)
        lines += [crop(one, width) for one in self.effect(width, room, moment)][: max(room, 0)]
        return [*lines, *[EMPTY] * (height - len(lines))]

    def _row(self, number: int, width: int, moment: Moment) -> Line:
        name, word = self.fields[number]
        here = number == self._at
        mark = self.app.glyphs.cursor if here else " "
        said = self.note(name, moment)
        room = max(8, width - 14 - len(said))
        text = cut(self.value(name), room, self.app.glyphs.ellipsis)
        typed = bool(self.texts[name].strip())
        return line(
            (f"{mark} ", "accent bold"),
            (f"{word:<8} ", "muted"),
            (text, ("bold" if here else "") if typed else "muted"),
            (f"{'  ' if text else ''}{said}" if said else "", "muted"),
        )

    def typed(self, text: str) -> None:
        """Look again at what it would do."""
        self.texts[self.fields[self._at][0]] = text
        self._fault = ""
        self.redraw()

    def moved(self, rows: int) -> None:
        """Go to the line above or below."""
        self._go(max(0, min(self._at + rows, len(self.fields) - 1)))
        self.redraw()

    def submitted(self, text: str) -> None:
        """Answer where nothing is wrong, else go to the line that is."""
        moment = self.app.moment()
        found = self.fault(moment)
        if found is None:
            self.dismiss(self.answer(moment))
            return
        name, self._fault = found
        self._go([known for known, _ in self.fields].index(name))
        self.redraw()

    def _go(self, at: int) -> None:
        self._at = at
        name, word = self.fields[at]
        self.entry.show(f"{word}: ", self.texts[name])
