"""Escalation policies: who is reached at each level, when, on which conditions, and which step is allowed next."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass
from opsdash.domain.rotation import Window, is_within
from opsdash.domain.text import SafeText, clean

if TYPE_CHECKING:
    from opsdash.domain.matchers import Matcher


class Condition(StrEnum):
    """What must still be so for a level to be due, in Opsgenie's terms."""

    NOT_ACKNOWLEDGED = "not_acknowledged"
    NOT_RESOLVED = "not_resolved"


@dataclass(frozen=True, slots=True)
class PolicyLevel:
    """One level: its name, whom it reaches (`schedule:ID`, `person:ID`, `notifier:ID`), its conditions.

    `after` is the time since the page at which it is due. An empty `severity` admits every alert,
    `matching` are matchers on its labels that must all hold, `hours` when it may be reached at all.
    `condition` says whether an acknowledgement keeps it from being due.
    """

    name: SafeText
    notify: tuple[str, ...] = ()
    after: timedelta = timedelta()
    severity: tuple[Severity, ...] = ()
    matching: tuple[str, ...] = ()
    hours: tuple[Window, ...] = ()
    condition: Condition = Condition.NOT_ACKNOWLEDGED

    def admits(self, severity: Severity) -> bool:
        """Whether an alert of `severity` may reach this level."""
        return not self.severity or severity in self.severity


ACKNOWLEDGED_FOR: Mapping[str, timedelta] = {
    Severity.CRITICAL.value: timedelta(hours=4),
    Severity.WARNING.value: timedelta(hours=24),
}
"""How long an acknowledgement holds without anything being done, by severity."""


LEVEL_HAS = timedelta(minutes=5)
"""How long a level has before the next one is due, where a policy does not say."""


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """An ordered list of levels, numbered from 1, climbed as time passes.

    After the last level it waits `patience`, then begins anew as often as `repeats` says, and then is
    exhausted. An acknowledgement without activity ends after `acknowledged_for` of the severity (none
    or zero: never). `timezone` is that of its levels' hours. `matching` are matchers on the labels of
    the alerts that follow it; of several policies the first that matches counts, else the first without. Alerts of the severities
    `auto_acknowledge` are acknowledged for whoever is on call when they are paged.
    """

    id: str
    levels: tuple[PolicyLevel, ...]
    repeats: int = 0
    patience: timedelta = timedelta(minutes=15)
    acknowledged_for: Mapping[str, timedelta] = field(default_factory=lambda: ACKNOWLEDGED_FOR)
    timezone: str = "UTC"
    matching: tuple[str, ...] = ()
    auto_acknowledge: tuple[Severity, ...] = ()

    def level(self, number: int) -> PolicyLevel | None:
        """Return level `number`, or None where the policy has none of it."""
        return self.levels[number - 1] if 1 <= number <= len(self.levels) else None

    def name(self, number: int) -> SafeText:
        """Return the name of level `number`, empty for level 0."""
        level = self.level(number)
        return level.name if level else SafeText("")

    def after(self, number: int) -> timedelta:
        """Return the time since the page at which level `number` is due, zero for one it has not."""
        level = self.level(number)
        return level.after if level else timedelta()

    def bars(self, person: str, severity: Severity) -> SafeText:
        """Say why a person is not to have an alert of `severity`; empty where they may.

        They may where they stand on no level by name, or on one that admits it.
        """
        levels = [level for level in self.levels if f"person:{person}" in level.notify]
        if not levels or any(level.admits(severity) for level in levels):
            return SafeText("")
        wanted = dict.fromkeys(str(s) for level in levels for s in level.severity)
        return clean(f"{person} is reached for {', '.join(wanted)} alerts, this one is {severity}")

    def objection(
        self, number: int, severity: Severity, labels: Mapping[str, str], at: datetime
    ) -> SafeText:
        """Say why an alert does not reach level `number` by itself at `at`; empty where it does."""
        level = self.levels[number - 1]
        if not level.admits(severity):
            return clean(f"it is for {', '.join(level.severity)} alerts, this one is {severity}")
        wrong = next((text for text in level.matching if not matches_all((text,), labels)), None)
        if wrong is not None:
            return clean(f"it is for alerts with {wrong}")
        if not is_within(level.hours, self.timezone, at):
            return SafeText("it is not reached at this hour")
        return SafeText("")


def matches_all(texts: tuple[str, ...], labels: Mapping[str, str]) -> bool:
    """Whether every matcher of `texts` holds for `labels`, where an absent label is an empty one."""
    if not texts:
        return True
    # Start-up is a budget: a policy without matchers needs none of what they are made of.
    from opsdash.domain.silence import matches

    return all(matches(_parsed(text), labels) for text in texts)


@lru_cache(maxsize=256)
def _parsed(text: str) -> "tuple[Matcher, ...]":
    from opsdash.domain.matchers import parse_matchers

    return parse_matchers(text)


DEFAULT_POLICY = EscalationPolicy(
    id="default",
    levels=(
        PolicyLevel(SafeText("On-call engineer"), ("schedule:primary",)),
        PolicyLevel(SafeText("Tech Lead"), ("person:tech-lead",), timedelta(minutes=5)),
        PolicyLevel(SafeText("PM"), ("person:pm",), timedelta(minutes=15)),
        PolicyLevel(SafeText("CEO"), ("person:ceo",), timedelta(minutes=30), (Severity.CRITICAL,)),
    ),
)
"""The guide's four levels; the CEO is reached for critical alerts only."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A step that is not allowed, and the reason in words for a person."""

    reason: SafeText


def next_level(
    policy: EscalationPolicy, current: int, severity: Severity, to: int | None = None
) -> int | Refused:
    """Return the level to go to from `current`, or why there is none.

    Without `to` it is the next level that admits `severity`; a level that does not is skipped.
    """
    if to is not None:
        target = policy.level(to)
        if target is None:
            return Refused(
                SafeText(
                    f"there is no level {to}; policy {policy.id} has 1 to {len(policy.levels)}"
                )
            )
        if to == current:
            return Refused(SafeText(f"it is at level {to} {target.name} already"))
        if not target.admits(severity):
            allowed = ", ".join(target.severity)
            return Refused(
                SafeText(
                    f"level {to} {target.name} is for {allowed} alerts, this one is {severity}"
                )
            )
        return to
    for number in range(current + 1, len(policy.levels) + 1):
        if policy.levels[number - 1].admits(severity):
            return number
    top = f"level {current} {policy.name(current)}".rstrip()
    return Refused(SafeText(f"{top} is the last one that a {severity} alert reaches"))
