"""The sheet that makes a silence or changes one, and shows what it would hide."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from opsdash.domain.alert import Alert
from opsdash.domain.duration import format_duration, parse_duration
from opsdash.domain.matchers import Matcher, MatcherError, parse_matchers
from opsdash.domain.silence import USUAL, Silence, refusal
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.silences import alert_names, preview
from opsdash.ui.screens.form import Form


class Wish(NamedTuple):
    """What a person wants silenced. `length` is None where the end of before was left as it is."""

    matchers: tuple[Matcher, ...]
    length: timedelta | None
    comment: str


class SilenceSheet(Form[Wish | None]):
    """Three lines to fill in, and below them what the silence would hide and what it would not."""

    title_words = "Silence"
    hint = "enter makes it, tab goes on, esc leaves"
    fields: ClassVar[tuple[tuple[str, str], ...]] = (
        ("matchers", "what"),
        ("for", "for"),
        ("comment", "why"),
    )
    height = 17

    def __init__(
        self,
        matchers: Sequence[Matcher] = (),
        chosen: Sequence[str] = (),
        changed: Silence | None = None,
        now: datetime | None = None,
    ) -> None:
        length = USUAL
        if changed is not None and now is not None:
            left = max(changed.ends_at - now, timedelta(minutes=1))
            length = timedelta(minutes=round(left / timedelta(minutes=1)))
        span = format_duration(length)
        comment = str(changed.comment) if changed else ""
        filled = {"matchers": ", ".join(map(str, matchers)), "for": span, "comment": comment}
        super().__init__({}, 2 if matchers else 0, filled)
        if changed:
            self.title_words = f"Change silence {changed.id}"
            self.hint = "enter changes it, tab goes on, esc leaves"
        self._length_before = span if changed else ""
        self._chosen = tuple(chosen)
        self._seen: tuple[str, tuple[Alert, ...]] | None = None
        self._found: tuple[list[Alert], list[Alert]] = ([], [])

    def note(self, name: str, moment: Moment) -> str:
        """Say when it ends."""
        if name != "for":
            return ""
        try:
            return f"until {moment.date_clock(moment.now + self._length())}"
        except (ValueError, OverflowError):
            return "write it as 30m, 2h or 1d"

    def effect(self, width: int, room: int, moment: Moment) -> Sequence[Line]:
        """Say what it would hide, and what not."""
        try:
            matchers = self._matchers()
        except MatcherError as error:
            return [line((str(error), "warn"))]
        alerts = self.app.snapshot.alerts if self.app.snapshot else ()
        seen = (self.value("matchers"), alerts)
        if self._seen is None or self._seen[0] != seen[0] or self._seen[1] is not alerts:
            self._seen, self._found = seen, preview(matchers, alerts, self._chosen)
        hit, missed = self._found
        lines = [_count_line("hides", len(hit), len(hit) + len(missed))]
        lines += alert_names(hit, width, self.app.glyphs)[: max(1, room // 2)]
        if missed:
            lines.append(line((f"leaves {len(missed)} as they are", "bold")))
            lines += alert_names(missed, width, self.app.glyphs)
        return lines

    def fault(self, moment: Moment) -> tuple[str, str] | None:
        """Say what is wrong, and where."""
        try:
            matchers = self._matchers()
        except MatcherError as error:
            return "matchers", str(error)
        try:
            length = self._length()
        except ValueError as error:
            return "for", str(error)
        comment = self.value("comment")
        if not comment:
            return "comment", "Why may it be quiet? A reason is needed."
        reason = refusal(matchers, comment, length)
        about_time = "last" in reason or "end" in reason
        return ("for" if about_time else "matchers", reason) if reason else None

    def answer(self, moment: Moment) -> Wish:
        """Return what is wanted."""
        left_alone = self.texts["for"] == self._length_before
        return Wish(self._matchers(), None if left_alone else self._length(), self.value("comment"))

    def _matchers(self) -> tuple[Matcher, ...]:
        return parse_matchers(self.value("matchers"))

    def _length(self) -> timedelta:
        return parse_duration(self.value("for"))


def _count_line(verb: str, count: int, total: int) -> Line:
    what = (
        f"{verb} {count} of {total} open alerts" if count else f"{verb} none of {total} open alerts"
    )
    return line((what, "bold" if count else "warn bold"))
