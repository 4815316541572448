"""The sheet that changes a schedule for a while, and shows what that comes to before it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from opsdash.covering import cover_refusal
from opsdash.domain.coverage import gaps
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.schedule import Schedule, shifts
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.on_call import gap_words
from opsdash.ui.panes.shift_changes import changed_lines
from opsdash.ui.screens.form import Form
from opsdash.ui.when import parse_when

_NEWEST = 2**62
"""The id of an override that is not made yet: it counts after all that are."""


class OverrideSheet(Form[Override | None]):
    """Five lines to fill in; below them who is on call before and after.

    `who` is a person's id or name; `sarah for john` puts one in place of a certain other.
    """

    hint = "enter makes it, tab goes on, esc leaves"
    fields: ClassVar[tuple[tuple[str, str], ...]] = (
        ("do", "do"),
        ("who", "who"),
        ("from", "from"),
        ("until", "until"),
        ("why", "why"),
    )
    height = 16

    def __init__(self, schedule: str, defaults: Mapping[str, str], first: int = 1) -> None:
        super().__init__({"do": "replace", "from": "now", "until": "8h", **defaults}, first)
        self.title_words = f"Override {schedule}"
        self._schedule = schedule

    def note(self, name: str, moment: Moment) -> str:
        """Say what a line means."""
        if name == "do":
            return "add somebody, replace whoever is on call, remove somebody, temporary: one alone"
        try:
            if name == "from":
                return moment.date_clock(self._start(moment))
            if name == "until":
                end = self._end(moment)
                return f"{moment.date_clock(end)}, in {moment.left(end)}"
        except ValueError as error:
            return str(error)
        return self._people() if name == "who" else ""

    def effect(self, width: int, room: int, moment: Moment) -> Sequence[Line]:
        """Say who is on call when, before and after, and the gap that it would leave."""
        schedule, wanted = self._known(), self._wanted(moment)
        if schedule is None or wanted is None:
            return [line(("say who; what it changes is shown here", "muted"))]
        setup = self._setup()
        refusal = cover_refusal(setup, replace(wanted, reason=clean("any")), moment.now)
        if refusal:
            return [line((refusal, "warn"))]
        start, end, made = wanted.start, wanted.end, (replace(wanted, id=_NEWEST),)
        before, after = shifts(schedule, start, end), shifts(schedule, start, end, made)
        lines = changed_lines(before, after, start, end, setup, moment, self.app.glyphs)
        left = [g for g in gaps(schedule, start, end, made) if g not in gaps(schedule, start, end)]
        loud = [
            line((f"{self.app.glyphs.crit} leaves NOBODY on call {gap_words(gap, moment)}", "crit"))
            for gap in left
        ]
        return [*loud, *lines] or [line(("it changes nothing", "warn"))]

    def fault(self, moment: Moment) -> tuple[str, str] | None:
        """Say what is wrong, and where."""
        if self._kind() is None:
            return "do", "write add, replace, remove or temporary"
        for name, read in (("from", self._start), ("until", self._end)):
            try:
                read(moment)
            except ValueError as error:
                return name, str(error)
        if not self.value("why"):
            return "why", "Why is it changed? A reason is needed."
        wanted = self._wanted(moment)
        if wanted is None:
            return "who", f"say who: {self._people()}"
        refusal = cover_refusal(self._setup(), wanted, moment.now)
        if not refusal:
            return None
        about_time = ("ends", "time", "last")
        return "until" if any(word in refusal for word in about_time) else "who", refusal

    def answer(self, moment: Moment) -> Override | None:
        """Return the override."""
        return self._wanted(moment)

    def _wanted(self, moment: Moment) -> Override | None:
        kind = self._kind()
        try:
            start, end = self._start(moment), self._end(moment)
        except ValueError:
            return None
        comes, _, goes = self.value("who").partition(" for ")
        comes, goes = self._person(comes), self._person(goes)
        if kind is None or not comes:
            return None
        if kind is OverrideKind.REMOVE:
            comes, goes = "", comes
        elif kind is not OverrideKind.REPLACE:
            goes = ""
        why = clean(self.value("why"))
        return Override(self._schedule, kind, start, end, comes, goes, reason=why)

    def _kind(self) -> OverrideKind | None:
        typed = self.value("do").lower()
        found = [kind for kind in OverrideKind if typed and kind.value.startswith(typed)]
        return next((k for k in found if k.value == typed), found[0] if len(found) == 1 else None)

    def _person(self, typed: str) -> str:
        """Return the id of the person whose id or name is typed, else what is typed."""
        wanted = typed.strip().casefold()
        people = self._setup().people
        known = (p.id for p in people if wanted in (p.id.casefold(), p.name.casefold()))
        return next(known, typed.strip())

    def _people(self) -> str:
        return ", ".join(person.id for person in self._setup().people)

    def _start(self, moment: Moment) -> datetime:
        found = parse_when(self.value("from"), moment.now, moment.zone)
        # To the second: what is typed as `now` is now, and not a moment that is over.
        return found.replace(microsecond=0)

    def _end(self, moment: Moment) -> datetime:
        return parse_when(self.value("until"), self._start(moment), moment.zone)

    def _setup(self) -> Setup:
        return self.app.snapshot.setup if self.app.snapshot else Setup()

    def _known(self) -> Schedule | None:
        return next((s for s in self._setup().schedules if s.id == self._schedule), None)
