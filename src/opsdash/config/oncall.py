"""What rotas are made of beside people: hours that come again, shifts kept elsewhere; and who is told."""

from dataclasses import replace
from datetime import time, timedelta
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from opsdash.config.fields import (
    BaseUrl,
    CalendarUrl,
    ClockTime,
    Duration,
    EnvName,
    FileName,
    Id,
    RemoteId,
    Table,
    Text,
    between,
)
from opsdash.config.http import TlsTable, secret_ref
from opsdash.domain.rotation import WEEKDAYS, Window
from opsdash.plan import FeedPlan, HttpPlan, PublishPlan

_REFRESH = between(timedelta(minutes=1), timedelta(days=1), "from 1m to 1d")
_FETCH = timedelta(seconds=15)


def _day(value: Any) -> Any:
    if value not in WEEKDAYS:
        raise ValueError(f"write one of {', '.join(WEEKDAYS)}")
    return value


DayName = Annotated[str, BeforeValidator(_day)]


class FeedTable(Table):
    """Shifts that are kept elsewhere and lie over what is written beside them."""

    pagerduty: RemoteId | None = None
    """The id of a schedule at PagerDuty that has the shifts."""
    pagerduty_notifier: Id | None = None
    """The notifier whose token reads it; the only one with a token where not given."""
    ical: CalendarUrl | None = None
    """The address of an iCalendar that has the shifts, where it is no secret."""
    ical_url_file: FileName | None = None
    """A private file that holds that address."""
    ical_url_env: EnvName | None = None
    """The environment variable that holds it."""

    def feed(self, timezone: str, readers: list[str]) -> FeedPlan | None:
        """Return what to read, None where nothing is kept elsewhere; `readers` are notifiers with a token."""
        if self.pagerduty:
            reader = self.pagerduty_notifier or next(iter(readers), "")
            key = f"pagerduty:{reader}:{self.pagerduty}"
            return FeedPlan(key, HttpPlan(""), notifier=reader, remote=self.pagerduty)
        place = self.ical or self.ical_url_file or self.ical_url_env
        if place is None:
            return None
        kind = "url" if self.ical else "file" if self.ical_url_file else "env"
        mark = sha256(f"{kind} {place} {timezone}".encode()).hexdigest()[:16]
        return FeedPlan(
            f"ical:{mark}", HttpPlan(self.ical or "", timeout=_FETCH), timezone=timezone
        )

    def feed_plan(
        self, timezone: str, readers: list[str], folder: str, oncall: "OnCallTable"
    ) -> FeedPlan | None:
        """Return the same, with where a secret address is, how to reach it and how often."""
        plan = self.feed(timezone, readers)
        if plan is None:
            return None
        url = secret_ref(self.ical_url_file, self.ical_url_env, folder)
        proxy = oncall.proxy_url or ""
        http = replace(plan.http, tls=oncall.tls_config.plan(folder), proxy_url=proxy)
        return replace(plan, http=http, url=url, every=oncall.refresh)


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


class OnCallTable(Table):
    """What the team is told of its rota."""

    publish: Id | None = None
    """The Slack notifier by which the engine tells each week; it does not without one."""
    channel: Text | None = None
    """The channel that is told, by a bot; a webhook has its own."""
    at: ClockTime = time(9)
    """The hour of Monday from which on the week is told."""
    refresh: Annotated[Duration, _REFRESH] = timedelta(minutes=5)
    """How often schedules at PagerDuty and calendars at an address are read."""
    proxy_url: BaseUrl | None = None
    """The proxy to calendars at an address; the environment's proxies are not used."""
    tls_config: TlsTable = Field(default_factory=TlsTable)
    """Certificates and versions of calendars at an address."""

    def publish_plan(self) -> PublishPlan:
        """Return the same as plain values."""
        return PublishPlan(self.publish or "", self.channel or "", self.at)
