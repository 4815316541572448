"""The sheet that makes a silence or changes one, and shows what it would hide."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from textual import events

from opsdash.domain.alert import Alert
from opsdash.domain.duration import format_duration, parse_duration
from opsdash.domain.matchers import Matcher, MatcherError, parse_matchers
from opsdash.domain.silence import USUAL, Silence, refusal
from opsdash.ui.lines import EMPTY, Line, cut, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.silences import (
    alert_names,
    preview,
)
from opsdash.ui.screens.sheet import Sheet

_FIELDS = ("matchers", "for", "comment")
_WORDS = {"matchers": "what", "for": "for", "comment": "why"}


class Wish(NamedTuple):
    """What a person wants silenced. `length` is None where the end of before was left as it is."""

    matchers: tuple[Matcher, ...]
    length: timedelta | None
    comment: str


class SilenceSheet(Sheet[Wish | None]):
    """Three lines to fill in, and below them what the silence would hide and what it would not.

    Enter makes it and asks nothing else; tab and the arrows go from line to line.
    """

    hint = "enter makes it, tab goes on, esc leaves"
    prompt = "why: "

    def __init__(
        self,
        matchers: Sequence[Matcher] = (),
        chosen: Sequence[str] = (),
        changed: Silence | None = None,
        now: datetime | None = None,
    ) -> None:
        super().__init__()
        length = USUAL
        if changed is not None and now is not None:
            left = max(changed.ends_at - now, timedelta(minutes=1))
            length = timedelta(minutes=round(left / timedelta(minutes=1)))
            self.hint = "enter changes it, tab goes on, esc leaves"
        self.title_words = f"Change silence {changed.id}" if changed else "Silence"
        self._length_before = format_duration(length) if changed else ""
        self._changed = changed
        self._chosen = tuple(chosen)
        self._texts = {
            "matchers": ", ".join(map(str, matchers)),
            "for": format_duration(length),
            "comment": str(changed.comment) if changed else "",
        }
        self._at = 2 if matchers else 0
        self._fault = ""
        self._seen: tuple[str, tuple[Alert, ...]] | None = None
        self._found: tuple[list[Alert], list[Alert]] = ([], [])

    def on_mount(self) -> None:
        """Draw at once, the cursor in the first line that has to be filled in."""
        self._go(self._at)
        super().on_mount()

    def on_key(self, event: events.Key) -> None:
        """Go from line to line by tab as well."""
        if event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            self._go((self._at + (1 if event.key == "tab" else -1)) % len(_FIELDS))
            self.redraw()
        else:
            super().on_key(event)

    def space(self) -> tuple[int, int]:
        """Return a width that matchers fit in, and one line less for the entry."""
        width, height = super().space()
        return min(width, 110), min(height - 1, 17)

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return the lines as they are filled in, then what they would do."""
        lines = [self._field(name, width, moment) for name in _FIELDS]
        if height < 6:
            lines = []
        lines.append(line((self._fault, "warn bold")) if self._fault else EMPTY)
        lines += self._effect(width, height - len(lines))
        return [*lines, *[EMPTY] * (height - len(lines))]

    def typed(self, text: str) -> None:
        """Look again at what it would hide."""
        self._texts[_FIELDS[self._at]] = text
        self._fault = ""
        self.redraw()

    def moved(self, rows: int) -> None:
        """Go to the line above or below."""
        self._go(max(0, min(self._at + rows, len(_FIELDS) - 1)))
        self.redraw()

    def submitted(self, text: str) -> None:
        """Take it where nothing is wrong with it, else go to the line that is."""
        for at, fault in self._faults():
            self._fault = fault
            self._go(at)
            self.redraw()
            return
        length = None if self._texts["for"] == self._length_before else self._length()
        self.dismiss(Wish(self._matchers(), length, self._texts["comment"].strip()))

    def _go(self, at: int) -> None:
        self._at = at
        name = _FIELDS[at]
        self.entry.show(f"{_WORDS[name]}: ", self._texts[name])

    def _field(self, name: str, width: int, moment: Moment) -> Line:
        here = _FIELDS[self._at] == name
        mark = self.app.glyphs.cursor if here else " "
        text = cut(
            self._texts[name], width - 30 if name == "for" else width - 8, self.app.glyphs.ellipsis
        )
        until = ""
        if name == "for":
            try:
                until = f"  until {moment.date_clock(moment.now + self._length())}"
            except (ValueError, OverflowError):
                until = "  write it as 30m, 2h or 1d"
        style = "bold" if here else ""
        return line(
            (f"{mark} ", "accent bold"), (f"{_WORDS[name]:<5} ", "muted"), (text, style), until
        )

    def _effect(self, width: int, room: int) -> list[Line]:
        try:
            matchers = self._matchers()
        except MatcherError as error:
            return [line((str(error), "warn"))]
        alerts = self.app.snapshot.alerts if self.app.snapshot else ()
        seen = (self._texts["matchers"], alerts)
        if self._seen is None or self._seen[0] != seen[0] or self._seen[1] is not alerts:
            self._seen, self._found = seen, preview(matchers, alerts, self._chosen)
        hit, missed = self._found
        lines = [_count_line("hides", len(hit), len(hit) + len(missed))]
        lines += alert_names(hit, width, self.app.glyphs)[: max(1, room // 2)]
        if missed:
            lines.append(line((f"leaves {len(missed)} as they are", "bold")))
            lines += alert_names(missed, width, self.app.glyphs)
        return lines[: max(room, 0)]

    def _matchers(self) -> tuple[Matcher, ...]:
        return parse_matchers(self._texts["matchers"])

    def _length(self) -> timedelta:
        return parse_duration(self._texts["for"].strip())

    def _faults(self) -> list[tuple[int, str]]:
        """Return the first thing that is wrong, with the line that it is in."""
        try:
            matchers = self._matchers()
        except MatcherError as error:
            return [(0, str(error))]
        try:
            length = self._length()
        except ValueError as error:
            return [(1, str(error))]
        if not self._texts["comment"].strip():
            return [(2, "Why may it be quiet? A reason is needed.")]
        reason = refusal(matchers, self._texts["comment"], length)
        return [(1 if "last" in reason or "end" in reason else 0, reason)] if reason else []


def _count_line(verb: str, count: int, total: int) -> Line:
    what = (
        f"{verb} {count} of {total} open alerts" if count else f"{verb} none of {total} open alerts"
    )
    return line((what, "bold" if count else "warn bold"))
