"""Silences on the screen: the sheet that makes or changes one, and the list of all."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from textual import events

from opsdash.domain.alert import Alert, Severity
from opsdash.domain.duration import format_duration, parse_duration
from opsdash.domain.matchers import Matcher, MatcherError, parse_matchers
from opsdash.domain.silence import USUAL, Silence, SilenceState, refusal
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import EMPTY, Line, cut, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.silences import (
    SILENCE_COLUMNS,
    alert_names,
    preview,
    silence_about,
    silence_counts,
    silence_order,
    silence_row,
)
from opsdash.ui.screens.roll import Roll
from opsdash.ui.screens.sheet import Ask, Sheet
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row

_FIELDS = ("matchers", "for", "comment")
_WORDS = {"matchers": "what", "for": "for", "comment": "why"}
_ASKED = 6
"""Lines in which a question names silences: a terminal of fifteen has room for no more."""


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


class Silences(Roll):
    """All silences: those in force, which ends first first, and those that ended within the hour."""

    title_words = "Silences"
    hint = "newest end last"
    hints = (
        ("silence", "new"),
        ("detail", "change"),
        ("extend", "extend 1h"),
        ("expire", "end now"),
    )
    marked_hints = (("extend", "extend 1h"), ("expire", "end now"))

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Silence] = {}
        self._counts: Mapping[str, int] = {}
        self._counted: tuple[object, object] = (None, None)

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns of silences."""
        return SILENCE_COLUMNS

    def keys(self, snapshot: Snapshot, moment: Moment) -> Sequence[str]:
        """Return the ids, and count anew what each matches where anything has changed."""
        seen = (snapshot.silences, snapshot.alerts)
        if self._counted[0] is not seen[0] or self._counted[1] is not seen[1]:
            self._counted = seen
            self._known = {silence.id: silence for silence in snapshot.silences}
            self._counts = silence_counts(snapshot.silences, snapshot.alerts)
        shown = sorted(snapshot.silences, key=lambda s: silence_order(s, moment))
        self.hint = _summary(shown, moment)
        return [silence.id for silence in shown]

    def row(self, key: str, snapshot: Snapshot, moment: Moment) -> Row:
        """Return the row of a silence."""
        silence = self._known[key]
        return silence_row(silence, self._counts.get(key, 0), snapshot, moment, self.app.glyphs)

    def about(self, key: str, width: int, snapshot: Snapshot, moment: Moment) -> Sequence[Line]:
        """Return everything about a silence."""
        self.app.look_at(key)
        detail = self.app.details.get(key)
        silence = self._known[key]
        return silence_about(silence, detail, snapshot, width, moment, self.app.glyphs)

    def empty(self, snapshot: Snapshot) -> Line:
        """Say that nothing is silenced."""
        return line(("nothing is silenced", "muted"))

    def opened(self, key: str) -> None:
        """Change the silence."""
        from opsdash.ui.silencing import change_silence

        change_silence(self.app, self._known[key])

    def do(self, action: str, key: str | None) -> None:
        """Make a new one, or extend or end the marked ones, else the one under the cursor."""
        from opsdash.ui import acts, silencing

        if action == "silence":
            silencing.new_silence(self.app)
        elif action == "undo":
            acts.undo(self.app, ())
        elif action in ("extend", "expire") and self.marks and not self.chosen():
            self.app.say("nothing is chosen: no marked silence is shown", "warn")
        elif action == "extend":
            silencing.extend_silences(self.app, self.chosen())
        elif action == "expire":
            silencing.expire_silences(self.app, self.chosen())


def _summary(silences: Sequence[Silence], moment: Moment) -> str:
    active = sum(s.state(moment.now) is not SilenceState.EXPIRED for s in silences)
    return "none in force" if not active else f"{active} in force"


def ask_expiry(silences: Sequence[Silence], alerts: Sequence[Alert], whom: str) -> Ask:
    """Return the question before silences are ended: what is shown again, and whom that pages.

    `whom` is empty where nobody can be.
    """
    hit = [
        alert for alert in alerts if alert.open and any(s.id in alert.silenced_by for s in silences)
    ]
    words = [*_named(silences), EMPTY]
    if not hit:
        by = "it" if len(silences) == 1 else "them"
        words.append(line(f"No open alert is hidden by {by}: nobody is paged."))
    else:
        count = "1 alert is" if len(hit) == 1 else f"{len(hit)} alerts are"
        words.append(line((f"{count} shown again: ", "text"), ", ".join(a.name for a in hit[:5])))
        loud = [a for a in hit if a.acknowledgement is None and a.severity is not Severity.INFO]
        if loud and whom:
            words.append(line(("This pages ", "text"), (whom, "warn bold")))
    if len(silences) == 1:
        return Ask(f"End {silences[0].id}", words, "enter ends it: ")
    return Ask(f"End {len(silences)} silences", words, "enter ends them: ")


def ask_extension(silences: Sequence[Silence], alerts: Sequence[Alert]) -> Ask:
    """Return the question before several silences are extended: which, and what stays hidden."""
    hidden = sum(a.open and any(s.id in a.silenced_by for s in silences) for a in alerts)
    count = "1 open alert stays" if hidden == 1 else f"{hidden or 'no'} open alerts stay"
    words = [*_named(silences), EMPTY, line(f"Each lasts an hour longer; {count} hidden by them.")]
    return Ask(f"Extend {len(silences)} silences", words, "enter extends them: ")


def _named(silences: Sequence[Silence]) -> list[Line]:
    """The first few silences by id, matchers and reason, and how many more."""
    shown = silences if len(silences) <= _ASKED else silences[: _ASKED - 1]
    words = [line((f"{s.id}  ", "bold"), s.text, (f"  {s.comment}", "muted")) for s in shown]
    more = len(silences) - len(shown)
    return [*words, line((f"and {more} more", "muted"))] if more else words
