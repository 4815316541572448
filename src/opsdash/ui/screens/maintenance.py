"""The sheet that holds the pages of a service for a while, and shows which alerts it would concern."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from opsdash.domain.maintenance import LONGEST, Maintenance
from opsdash.domain.matchers import MatcherError, parse_matchers
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.silences import alert_names
from opsdash.ui.screens.form import Form
from opsdash.ui.when import parse_when


class MaintenanceSheet(Form[Maintenance | None]):
    """Four lines to fill in; new alerts of what it names are shown and page nobody until it ends."""

    title_words = "Maintenance"
    hint = "enter begins it, tab goes on, esc leaves"
    fields: ClassVar[tuple[tuple[str, str], ...]] = (
        ("service", "service"),
        ("matchers", "labels"),
        ("until", "until"),
        ("why", "why"),
    )

    def __init__(self, texts: Mapping[str, str], first: int = 0) -> None:
        super().__init__({"until": "1h"}, first, texts)

    def note(self, name: str, moment: Moment) -> str:
        """Say what a line means."""
        if name == "service":
            return "empty: every service"
        if name == "matchers":
            return 'empty: every alert; else instance="db-2"'
        if name != "until":
            return ""
        try:
            end = self._end(moment)
        except ValueError as error:
            return str(error)
        return f"{moment.date_clock(end)}, in {moment.left(end)}"

    def effect(self, width: int, room: int, moment: Moment) -> Sequence[Line]:
        """Say which open alerts it is about; what fires already goes on as it was."""
        window, snapshot = self._window(moment), self.app.snapshot
        if window is None or snapshot is None:
            return []
        found = [a for a in snapshot.alerts if a.open and window.concerns(a)]
        every = "" if window.service or window.matching else "EVERY alert, "
        count = "1 open alert" if len(found) == 1 else f"{len(found) or 'no'} open alerts"
        head = line((f"concerns {every}{count} now; what fires already goes on as it was", "bold"))
        names = alert_names(found, width, self.app.glyphs)[: max(1, room - 3)]
        ends = "It ends by itself; what it held and still fires is paged then."
        return [head, *names, EMPTY, line((ends, "muted"))]

    def fault(self, moment: Moment) -> tuple[str, str] | None:
        """Say what is wrong, and where."""
        try:
            end = self._end(moment)
        except ValueError as error:
            return "until", str(error)
        if end <= moment.now:
            return "until", "that time is over already"
        if end - moment.now > LONGEST + timedelta(seconds=1):
            return "until", f"it lasts {format_span(LONGEST)} at most, so that none is forgotten"
        try:
            self._matching()
        except MatcherError as error:
            return "matchers", str(error)
        if not self.value("why"):
            return "why", "What is the work? A reason is needed."
        return None

    def answer(self, moment: Moment) -> Maintenance | None:
        """Return the window; who makes it is added where it is stored."""
        return self._window(moment)

    def _window(self, moment: Moment) -> Maintenance | None:
        try:
            end, matching = self._end(moment), self._matching()
        except (ValueError, MatcherError):
            return None
        why, service = clean(self.value("why")), clean(self.value("service"))
        return Maintenance(0, moment.now, end, SafeText(""), why, service, matching)

    def _matching(self) -> tuple[str, ...]:
        text = self.value("matchers")
        return tuple(str(matcher) for matcher in parse_matchers(text)) if text else ()

    def _end(self, moment: Moment) -> datetime:
        return parse_when(self.value("until"), moment.now, moment.zone)
