"""Escalation policies as models: their levels, whom each may reach, how long an acknowledgement holds."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from opsdash.config.fields import Duration, Id, Reach, SeverityName, Table, Text, Zone, between
from opsdash.config.oncall import WindowTable
from opsdash.domain.escalation import ACKNOWLEDGED_FOR, LEVEL_HAS, Condition

_AFTER = between(timedelta(), timedelta(days=7), "from 0s to 7d")
_HOLDS = between(timedelta(), timedelta(days=7), "from 0s (for ever) to 7d")


def _condition(value: Any) -> Any:
    try:
        return Condition(value)
    except ValueError:
        raise ValueError("write one of " + ", ".join(name.value for name in Condition)) from None


def _matcher(value: str) -> str:
    from opsdash.domain.matchers import MatcherError, parse_matchers

    try:
        parse_matchers(value)
    except MatcherError as error:
        raise ValueError(f"no matcher: {error}") from None
    return value


ConditionName = Annotated[Condition, BeforeValidator(_condition)]
MatcherText = Annotated[str, Field(max_length=1000), AfterValidator(_matcher)]


class AcknowledgedTable(Table):
    """How long an acknowledgement holds without anything being done."""

    critical: Annotated[Duration, _HOLDS] = ACKNOWLEDGED_FOR["critical"]
    """For critical alerts; 0s is for ever."""
    warning: Annotated[Duration, _HOLDS] = ACKNOWLEDGED_FOR["warning"]
    """For warnings."""


class LevelTable(Table):
    """One escalation level."""

    name: Text
    """What the screen calls it."""
    notify: list[Reach] = Field(min_length=1)
    """Whom it reaches: `schedule:ID`, `person:ID` or `notifier:ID`."""
    after: Annotated[Duration, _AFTER] | None = None
    """The time since the page at which it is due; five minutes after the level before where not given."""
    severity: list[SeverityName] = Field(default_factory=list)
    """The severities that may reach it; all of them where empty."""
    matching: list[MatcherText] = Field(default_factory=list)
    """Matchers on the alert's labels that must all hold."""
    hours: list[WindowTable] = Field(default_factory=list)
    """When it may be reached by itself; always where empty."""
    condition: ConditionName = Condition.NOT_ACKNOWLEDGED
    """What must still be so when it is due."""


def due_times(levels: Iterable[LevelTable]) -> list[timedelta]:
    """Return when each level is due: as written, the first at once, others five minutes after the last."""
    found: list[timedelta] = []
    for level in levels:
        usual = found[-1] + LEVEL_HAS if found else timedelta()
        found.append(usual if level.after is None else level.after)
    return found


class PolicyTable(Table):
    """An escalation policy."""

    id: Id
    """Its name."""
    levels: list[LevelTable] = Field(min_length=1)
    """Its levels, from the first to the last."""
    matching: list[MatcherText] = Field(default_factory=list)
    """Matchers on the labels of the alerts that follow it; of all the others where empty."""
    repeats: Annotated[int, Field(ge=0, le=9)] = 0
    """How often it begins anew after its last level."""
    patience: Annotated[Duration, _AFTER] = timedelta(minutes=15)
    """How long the last level has before it begins anew or is exhausted."""
    acknowledged_for: AcknowledgedTable = Field(default_factory=AcknowledgedTable)
    """How long an acknowledgement holds."""
    auto_acknowledge: list[SeverityName] = Field(default_factory=list)
    """Severities that are acknowledged for whoever is on call when they are paged."""
    timezone: Zone = "UTC"
    """The zone of its levels' hours."""
