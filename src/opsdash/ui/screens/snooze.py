"""The sheet that puts alerts off: until when and why, and who is paged then."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from opsdash.domain.reach import names_of
from opsdash.domain.routing import targets_of
from opsdash.ownership import SNOOZE_LONGEST
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.screens.form import Form
from opsdash.ui.when import parse_when


class Snoozed(NamedTuple):
    """Until when alerts are put off, and why."""

    until: datetime
    reason: str


class SnoozeSheet(Form[Snoozed | None]):
    """Two lines to fill in; it acknowledges what nobody has."""

    title_words = "Put off"
    hint = "enter puts it off, tab goes on, esc leaves"
    fields: ClassVar[tuple[tuple[str, str], ...]] = (("until", "until"), ("why", "why"))
    height = 14

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__({"until": "1h"}, 1)
        self._ids = tuple(ids)

    def note(self, name: str, moment: Moment) -> str:
        """Say when it ends."""
        if name != "until":
            return ""
        try:
            until = self._until(moment)
        except ValueError as error:
            return str(error)
        return f"until {moment.date_clock(until)}, in {moment.left(until)}"

    def effect(self, width: int, room: int, moment: Moment) -> Sequence[Line]:
        """Say who is paged then, of those on call then."""
        snapshot = self.app.snapshot
        if snapshot is None:
            return []
        try:
            until = self._until(moment)
        except ValueError:
            return []
        lines: list[Line] = []
        for alert in self.app.alerts_of(self._ids)[: max(1, room - 3)]:
            policy = snapshot.roster.policy_of(alert, snapshot.setup)
            who = names_of(snapshot.setup, targets_of(alert, policy, 1), until)
            whom = ", ".join(who) or "nobody: no one is on call then"
            style = "warn bold" if who else "crit bold"
            lines.append(line((alert.name, "bold"), "  then pages ", (whom, style)))
        taken = "It acknowledges what nobody has, and ends early when the severity rises."
        return [*lines, EMPTY, line((taken, "muted"))]

    def fault(self, moment: Moment) -> tuple[str, str] | None:
        """Say what is wrong."""
        try:
            until = self._until(moment)
        except ValueError as error:
            return "until", str(error)
        if until <= moment.now:
            return "until", "that time is over already"
        if until - moment.now > SNOOZE_LONGEST:
            return "until", "it can be put off for seven days at most"
        if not self.value("why"):
            return "why", "Why may it wait? A reason is needed."
        return None

    def answer(self, moment: Moment) -> Snoozed:
        """Return until when, and why."""
        return Snoozed(self._until(moment), self.value("why"))

    def _until(self, moment: Moment) -> datetime:
        return parse_when(self.value("until"), moment.now, moment.zone)
