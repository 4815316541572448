"""What schedules and policies hold beside people and levels: hours, matchers, how long it is anybody's."""

from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from opsdash.config.fields import ClockTime, Duration, Id, Table, Text, between
from opsdash.domain.escalation import ACKNOWLEDGED_FOR, Condition
from opsdash.domain.rotation import WEEKDAYS, Window
from opsdash.plan import PublishPlan

_HOLDS = between(timedelta(), timedelta(days=7), "from 0s (for ever) to 7d")


def _day(value: Any) -> Any:
    if value not in WEEKDAYS:
        raise ValueError(f"write one of {', '.join(WEEKDAYS)}")
    return value


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


DayName = Annotated[str, BeforeValidator(_day)]
ConditionName = Annotated[Condition, BeforeValidator(_condition)]
MatcherText = Annotated[str, Field(max_length=1000), AfterValidator(_matcher)]


class WindowTable(Table):
    """Hours of the day that come again."""

    start: ClockTime
    """When they begin."""
    end: ClockTime
    """When they end; on the next day where that is not after the start."""
    days: list[DayName] = Field(default_factory=list)
    """The weekdays on which they begin; each where empty."""
    end_day: DayName | None = None
    """The weekday on which they end, up to a week later."""

    def window(self) -> Window:
        """Return the hours as a noun of the domain."""
        return Window(self.start, self.end, tuple(self.days), self.end_day or "")


class AcknowledgedTable(Table):
    """How long an acknowledgement holds without anything being done."""

    critical: Annotated[Duration, _HOLDS] = ACKNOWLEDGED_FOR["critical"]
    """For critical alerts; 0s is for ever."""
    warning: Annotated[Duration, _HOLDS] = ACKNOWLEDGED_FOR["warning"]
    """For warnings."""


class OnCallTable(Table):
    """What the team is told of its rota."""

    publish: Id | None = None
    """The Slack notifier by which the engine tells each week; it does not without one."""
    channel: Text | None = None
    """The channel that is told, by a bot; a webhook has its own."""
    at: ClockTime = time(9)
    """The hour of Monday from which on the week is told."""

    def publish_plan(self) -> PublishPlan:
        """Return the same as plain values."""
        return PublishPlan(self.publish or "", self.channel or "", self.at)
