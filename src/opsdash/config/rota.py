"""People, and the schedules that they are on, as models."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from opsdash.config.fields import (
    ClockTime,
    Duration,
    FileName,
    Id,
    MailAddress,
    Monday,
    Reach,
    RemoteId,
    SeverityName,
    Table,
    Text,
    Zone,
    between,
)
from opsdash.config.oncall import FeedTable, WindowTable
from opsdash.domain.notify_rule import NotifyRule


class NotifyRuleTable(Table):
    """What reaches a person for pages of some severities or levels, or later."""

    notify: list[Reach] = Field(min_length=1)
    """What reaches them then."""
    severity: list[SeverityName] = Field(default_factory=list)
    """The severities that it is for; all of them where empty."""
    level: list[Annotated[int, Field(ge=1, le=99)]] = Field(default_factory=list)
    """The numbers of the levels at which it is for them; all of them where empty."""
    after: Annotated[Duration, between(timedelta(), timedelta(days=7), "from 0s to 7d")] = (
        timedelta()
    )
    """How long after the page, unless somebody has acknowledged it by then."""

    def rule(self) -> NotifyRule:
        """Return it as a noun of the domain."""
        return NotifyRule(tuple(self.notify), tuple(self.severity), tuple(self.level), self.after)


class PersonTable(Table):
    """Someone who can be on call."""

    id: Id
    """The name by which schedules and policies know them."""
    name: Text
    """What the screen calls them."""
    expertise: list[Text] = Field(default_factory=list)
    """What to ask them about."""
    notify: list[Reach] = Field(default_factory=list)
    """What reaches them: notifiers, each with an address where it serves several."""
    email: MailAddress | None = None
    """Their address at PagerDuty, by which its schedules know them."""
    pagerduty: RemoteId | None = None
    """Their user id at PagerDuty, which counts in place of the address."""
    rules: list[NotifyRuleTable] = Field(default_factory=list)
    """What reaches them for some pages, in place of `notify`."""


class WeekTable(Table):
    """Who takes over on which day of one week; a day left out goes on with the shift before it."""

    mon: Id | None = None
    """Whose shift begins on Monday."""
    tue: Id | None = None
    """Whose shift begins on Tuesday."""
    wed: Id | None = None
    """Whose shift begins on Wednesday."""
    thu: Id | None = None
    """Whose shift begins on Thursday."""
    fri: Id | None = None
    """Whose shift begins on Friday."""
    sat: Id | None = None
    """Whose shift begins on Saturday."""
    sun: Id | None = None
    """Whose shift begins on Sunday."""


class LayerTable(FeedTable):
    """A rotation, a calendar, or shifts kept elsewhere, that lie over the rotation below them."""

    calendar: FileName | None = None
    """An iCalendar file whose events are its shifts, in place of weeks."""
    weeks: list[WeekTable] = Field(default_factory=list)
    """The weeks of the rotation, in order."""
    handoff: ClockTime | None = None
    """When its shifts begin; as those of the schedule where not given."""
    anchor: Monday = date(2024, 1, 1)
    """The Monday on which a first week began."""
    within: list[WindowTable] = Field(default_factory=list)
    """The hours that it has; all of them where empty."""


class ScheduleTable(FeedTable):
    """A rotation of one or more weeks, or shifts that are kept elsewhere."""

    id: Id
    """The name by which policies know it."""
    timezone: Zone = "UTC"
    """The zone of its handoff."""
    handoff: ClockTime | None = None
    """When the rotation's shifts begin, on the clock of its zone."""
    weeks: list[WeekTable] = Field(default_factory=list, min_length=1)
    """The weeks of the rotation, in order; what is kept elsewhere lies over it."""
    anchor: Monday = date(2024, 1, 1)
    """The Monday on which a first week began."""
    notify: list[Reach] = Field(default_factory=list)
    """What is told beside whoever is on call: a service's pager, a channel."""
    within: list[WindowTable] = Field(default_factory=list)
    """The hours that the rotation has; all of them where empty."""
    layers: list[LayerTable] = Field(default_factory=list)
    """Rotations that lie over it, later ones over earlier ones."""
    gaps_allowed: bool = False
    """Whether nobody being on call is meant, and no problem."""
