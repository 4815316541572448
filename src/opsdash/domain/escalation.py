"""Escalation levels: who is reached at each, and which step is allowed next."""

from datetime import timedelta

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class PolicyLevel:
    """One level: its name, whom it reaches (`schedule:ID` or `person:ID`), and its condition.

    `after` is the time since the page at which it is due unacknowledged. An empty `severity`
    admits every alert.
    """

    name: SafeText
    notify: tuple[str, ...] = ()
    after: timedelta = timedelta()
    severity: tuple[Severity, ...] = ()

    def admits(self, severity: Severity) -> bool:
        """Whether an alert of `severity` may reach this level."""
        return not self.severity or severity in self.severity


@dataclass(frozen=True, slots=True)
class EscalationPolicy:
    """An ordered list of levels, numbered from 1."""

    id: str
    levels: tuple[PolicyLevel, ...]

    def level(self, number: int) -> PolicyLevel | None:
        """Return level `number`, or None where the policy has none of it."""
        return self.levels[number - 1] if 1 <= number <= len(self.levels) else None

    def name(self, number: int) -> SafeText:
        """Return the name of level `number`, empty for level 0."""
        level = self.level(number)
        return level.name if level else SafeText("")


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
