"""ISO weeks (ISO 8601): seven days from a Monday, named by year and number."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsdash.domain.frozen import dataclass
from opsdash.domain.rotation import instant


@dataclass(frozen=True, slots=True)
class Week:
    """One week; `year` is that of its Thursday, which may not be its Monday's."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    def span(self, zone: str) -> tuple[datetime, datetime]:
        """Return when it begins and ends on the clock of `zone`, in UTC: 167 to 169 hours."""
        clock = ZoneInfo(zone)
        return (
            instant(self.monday, time(), clock),
            instant(self.monday + timedelta(days=7), time(), clock),
        )

    def begins(self, at: time, zone: str) -> datetime:
        """Return the moment of `at` on its Monday in `zone`, in UTC."""
        return instant(self.monday, at, ZoneInfo(zone))


def week_at(moment: datetime, zone: str) -> Week:
    """Return the week that it is in `zone`."""
    year, number, _ = moment.astimezone(ZoneInfo(zone)).date().isocalendar()
    return Week(year, number)


def parse_week(text: str) -> Week:
    """Return the week that `2025-W52` names; raise ValueError where there is none."""
    match = re.fullmatch(r"(\d{4})-?[Ww](\d{2})", text.strip(), re.ASCII)
    if match is None:
        raise ValueError("write a week as 2025-W52")
    week = Week(int(match[1]), int(match[2]))
    try:
        # A year of 52 weeks has no 53rd, and the calendar ends with the year 9999.
        _ = week.monday, week.sunday
        week.span("UTC")
        datetime.combine(week.sunday, time(), UTC) + timedelta(days=2)
    except (ValueError, OverflowError):
        raise ValueError(f"{match[1]} has no week {match[2]}") from None
    return week
