"""The simulate sheet: who is woken at 03:00 on Sunday, by the same functions that the engine runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.matchers import MatcherError, Op, parse_matchers
from opsdash.domain.rehearsal import rehearse
from opsdash.domain.setup import Setup
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.simulate import rung_lines
from opsdash.ui.screens.form import Form
from opsdash.ui.when import parse_when


class SimulateSheet(Form[None]):
    """Three lines; the answer stands below them as they are typed, and nothing is ever sent."""

    title_words = "Who would be woken"
    hint = "nothing is sent; esc closes"
    fields: ClassVar[tuple[tuple[str, str], ...]] = (
        ("at", "at"),
        ("labels", "labels"),
        ("policy", "policy"),
    )
    height = 24

    def __init__(self, defaults: Mapping[str, str]) -> None:
        super().__init__({"at": "sun 03:00", "labels": 'severity="critical"', **defaults})

    def note(self, name: str, moment: Moment) -> str:
        """Say what a line means."""
        try:
            if name == "at":
                return self._moment_of(moment).astimezone(moment.zone).strftime("%a %d %b %H:%M %Z")
            if name == "policy":
                others = [policy.id for policy in self._setup().policies]
                known = f", of {', '.join(others)}" if len(others) > 1 else ""
                return f"{self._policy().id}{known}"
            self._labels()
        except (ValueError, MatcherError) as error:
            return str(error)
        return ""

    def effect(self, width: int, room: int, moment: Moment) -> Sequence[Line]:
        """Return the pages, level by level."""
        try:
            at, labels, policy = self._moment_of(moment), self._labels(), self._policy()
        except (ValueError, MatcherError) as error:
            return [line((str(error), "warn"))]
        rungs = rehearse(self._setup(), policy, at, labels)
        sends = "" if self._setup().paging.notifiers else "; no notifier: nothing would be sent"
        head = line((f"policy {policy.id}, were nobody to acknowledge{sends}", "muted"))
        return [head, *rung_lines(rungs, at, moment, self.app.glyphs)]

    def submitted(self, text: str) -> None:
        """Close: the answer has been on the screen all along."""
        self.dismiss(None)

    def _setup(self) -> Setup:
        return self.app.snapshot.setup if self.app.snapshot else Setup()

    def _moment_of(self, moment: Moment) -> datetime:
        return parse_when(self.value("at"), moment.now, moment.zone)

    def _labels(self) -> dict[str, str]:
        """Return the labels that are typed as `name="value"`; raise ValueError for anything else."""
        text = self.value("labels")
        found = parse_matchers(text) if text else ()
        if any(matcher.op is not Op.EQUAL for matcher in found):
            raise ValueError('an alert has its labels for certain: write name="value"')
        return {matcher.name: matcher.value for matcher in found}

    def _policy(self) -> EscalationPolicy:
        named = self.value("policy")
        setup = self._setup()
        if not named:
            return setup.policy_for(self._labels())
        found = next((policy for policy in setup.policies if policy.id == named), None)
        if found is None:
            raise ValueError(f"there is no policy {named}")
        return found
