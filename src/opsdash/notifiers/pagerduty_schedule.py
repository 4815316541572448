"""A schedule that is kept at PagerDuty, as shifts: its final schedule, overrides there included.

REST API v2: `GET /schedules/{id}` has the entries, whose users are references without an address;
`GET /schedules/{id}/users` has the addresses, for which a token may lack the right.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from opsdash.domain.feed import Attendant, Feed
from opsdash.domain.rotation import Turn
from opsdash.domain.text import clean
from opsdash.http.errors import RemoteError
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.pagerduty_answers import moment, table, tables, word
from opsdash.notifiers.pagerduty_rest import PagerDutyRest

PAST_READ = timedelta(days=35)
AHEAD_READ = timedelta(days=50)
"""How far before and after now shifts are read: for digests and figures, and for what is shown."""

_MOST_ENTRIES = 20_000


class ScheduleFeed:
    """Reads one schedule through a notifier's token."""

    def __init__(self, rest: PagerDutyRest, schedule: str) -> None:
        self._rest = rest
        self._path = f"/schedules/{quote(schedule, safe='')}"
        self._emails: dict[str, str] = {}

    async def read(self, now: datetime) -> Feed:
        """Return the shifts around `now`; raise RemoteError where they cannot be had."""
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        since, until = today - PAST_READ, today + AHEAD_READ
        span = {"since": since.isoformat(), "until": until.isoformat()}
        # Without overflow the shifts at both ends are cut, and would seem to end there.
        query = {**span, "time_zone": "UTC", "overflow": "true"}
        try:
            found = await self._rest.read(f"{self._path}?{urlencode(query)}")
            await self._learn_emails(f"{self._path}/users?{urlencode(span)}")
        except NotifierError as error:
            raise RemoteError(error.reason, error.retry_after) from None
        return _feed(found, self._emails, until)

    async def close(self) -> None:
        """Let go of nothing: the connections are the notifier's."""

    async def _learn_emails(self, path: str) -> None:
        """Ask whose address is whose; a token that may not know it leaves the ids to go by."""
        try:
            found = await self._rest.read(path)
        except NotifierError as error:
            if error.permanent:
                return
            raise
        users = ((word(user, "id"), word(user, "email")) for user in tables(found, "users"))
        self._emails |= {id: email for id, email in users if id and email}


def _feed(found: Mapping[str, Any], emails: Mapping[str, str], until: datetime) -> Feed:
    final = table(table(found, "schedule"), "final_schedule")
    if not isinstance(final.get("rendered_schedule_entries"), list):
        raise RemoteError(clean("the answer has no final schedule: it may not be read whole"))
    turns: list[Turn] = []
    people: dict[str, Attendant] = {}
    for entry in tables(final, "rendered_schedule_entries"):
        user = table(entry, "user")
        id, start = word(user, "id"), moment(entry, "start")
        # One without an end goes on for good (`end` is null).
        end = moment(entry, "end") or until
        if not id or start is None or end <= start or len(turns) >= _MOST_ENTRIES:
            continue
        turns.append(Turn(id, start, end))
        name = clean(word(user, "summary") or word(user, "name") or id, 200)
        people[id] = Attendant(name, id, str(clean(emails.get(id, ""), 200)))
    return Feed(tuple(sorted(turns, key=lambda turn: (turn.start, turn.end))), people, until)
