"""PagerDuty's REST API v2: what events cannot do, and what people did over there.

Incidents are found by the dedup key of their alerts: an incident that an event opened has no key of
its own (api-schema, `incident_key`).
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from opsdash.domain.text import SafeText, clean
from opsdash.http.credentials import Secret
from opsdash.http.reply import Reply
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.courier import Courier, content_of, read, reveal, told
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.pagerduty_answers import (
    OWN_NOTE,
    Change,
    OnCall,
    change_of,
    code_of,
    on_call_of,
    tables,
    word,
    words_of,
)
from opsdash.notifiers.pagerduty_errors import DONE_ALREADY, Code, RefusedError, refusal

SNOOZE_LIMIT = timedelta(seconds=604_800)
NOTE_LIMIT = 2000
_PAGE = 100
_MOST_PAGES = 20
_LONGEST_PAUSE = 60.0
"""Seconds until an incident that was not found is asked for again, at the most."""

_OPEN = ("triggered", "acknowledged")


class PagerDutyRest:
    """Acts on incidents in the name of `user`, the e-mail address of one of the account's users."""

    def __init__(self, settings: HttpSettings, token: Secret, user: str = "") -> None:
        accept = "application/vnd.pagerduty+json;version=2"
        headers: dict[str, Secret] = {"Accept": lambda: accept}
        if user:
            headers["From"] = lambda: user
        authorized = replace(
            settings,
            headers={**settings.headers, **headers},
            authorization=("Token", lambda: f"token={reveal(token)}"),
        )
        self._courier = Courier(authorized, words=words_of)
        self._known: dict[str, str] = {}
        self._missed: dict[str, tuple[int, float]] = {}

    async def find(self, dedup_key: str, statuses: Iterable[str] = _OPEN) -> str | None:
        """Return the id of the open incident with an alert of this key, None where there is none.

        `statuses` are those in which it is looked for: triggered or acknowledged.
        """
        query = [("incident_key", dedup_key), ("date_range", "all"), ("limit", "1")]
        query += [("statuses[]", status) for status in statuses]
        found = await self._ask(f"/incidents?{urlencode(query)}")
        incident = next(tables(found, "incidents"), {})
        return word(incident, "id") or None

    async def acknowledge(self, incident: str) -> SafeText:
        """Take an incident; one that is taken or resolved already stays so."""
        return await self._put(incident, {"status": "acknowledged"}, "acknowledged")

    async def resolve(self, incident: str, resolution: str = "") -> SafeText:
        """End an incident, with how."""
        change = {"status": "resolved"} | ({"resolution": resolution} if resolution else {})
        return await self._put(incident, change, "resolved")

    async def escalate(self, incident: str, level: int) -> SafeText:
        """Raise an incident to a level of its own policy there."""
        return await self._put(incident, {"escalation_level": level}, f"escalated to level {level}")

    async def escalate_key(self, dedup_key: str, level: int) -> SafeText:
        """Raise the open incident of a key; raise a temporary NotifierError while there is none."""
        incident = await self.find(dedup_key)
        if incident is None:
            # An event is accepted before its incident is there; the next try finds it.
            raise NotifierError(SafeText("accepted, but there is no incident to escalate yet"))
        return await self.escalate(incident, level)

    async def wake_key(self, dedup_key: str, level: int) -> SafeText | None:
        """Page a level anew where the incident of a key counts as somebody's; None where it does not.

        Raises NotifierError.
        """
        incident = await self.find(dedup_key, ("acknowledged",))
        return None if incident is None else await self.escalate(incident, level)

    async def note(self, incident: str, text: str) -> SafeText:
        """Write a note on an incident."""
        body = {"note": {"content": clean(f"{OWN_NOTE}{text}", NOTE_LIMIT)}}
        await self._ask(f"/incidents/{_part(incident)}/notes", body, "POST", incident)
        return SafeText("noted")

    async def note_key(self, dedup_key: str, text: str) -> SafeText:
        """Write a note on the open incident of a key; one that is resolved there has no need of it."""
        incident = await self.find(dedup_key)
        if incident is None:
            return SafeText("no open incident there to note it on")
        return await self.note(incident, text)

    async def snooze(self, incident: str, length: timedelta) -> SafeText:
        """Let an acknowledged incident rest for one second to seven days, then trigger again."""
        seconds = max(1, round(min(length, SNOOZE_LIMIT).total_seconds()))
        path = f"/incidents/{_part(incident)}/snooze"
        await self._ask(path, {"duration": seconds}, "POST", incident)
        return SafeText("snoozed")

    async def snooze_key(self, dedup_key: str, length: timedelta) -> SafeText:
        """Take the open incident of a key and let it rest; only what is acknowledged can be snoozed."""
        incident = await self.find(dedup_key)
        if incident is None:
            return SafeText("no open incident there to snooze")
        await self.acknowledge(incident)
        try:
            return await self.snooze(incident, length)
        except RefusedError as error:
            if error.code != Code.NOT_ACKNOWLEDGED:
                raise
        # It was given back in between: what is decided here is the newer.
        await self.acknowledge(incident)
        return await self.snooze(incident, length)

    async def on_call(
        self, now: datetime, schedules: Iterable[str] = (), policies: Iterable[str] = ()
    ) -> tuple[OnCall, ...]:
        """Return who is on call now, on these schedules or policies (all of them where none is named)."""
        moment = now.astimezone(UTC).isoformat(timespec="seconds")
        query = [("since", moment), ("until", moment), ("time_zone", "UTC"), ("include[]", "users")]
        query += [("schedule_ids[]", id) for id in schedules]
        query += [("escalation_policy_ids[]", id) for id in policies]
        return tuple(
            [on_call_of(entry) async for entry in self._pages("/oncalls", query, "oncalls")]
        )

    async def read(self, path: str) -> Mapping[str, Any]:
        """Return the answer to a GET; raise NotifierError."""
        return await self._ask(path)

    async def changes(self, since: datetime, keys: Mapping[str, str]) -> tuple[Change, ...]:
        """Return what happened since then to the open incidents of `keys`, oldest first.

        `keys` maps a page's key to its dedup key. What opsdash did itself is not among it.
        """
        incidents = await self._incidents(keys)
        if not incidents:
            return ()
        moment = since.astimezone(UTC).isoformat(timespec="seconds")
        query = [("since", moment), ("time_zone", "UTC"), ("include[]", "channels")]
        found = [
            change
            async for entry in self._pages("/log_entries", query, "log_entries")
            if (change := change_of(entry, incidents)) is not None and change.at >= since
        ]
        return tuple(sorted(found, key=lambda change: (change.at, change.id)))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._courier.close()

    async def _incidents(self, keys: Mapping[str, str]) -> dict[str, str]:
        """Return the page key of each incident, asking only for keys whose incident is not known.

        One that is not there is asked for again ever more seldom: what was resolved over there
        before we looked must not cost a request at every refresh.
        """
        self._known = {id: key for id, key in self._known.items() if key in keys}
        self._missed = {key: missed for key, missed in self._missed.items() if key in keys}
        moment = asyncio.get_running_loop().time()
        for key in sorted(set(keys) - set(self._known.values())):
            times, again_at = self._missed.get(key, (0, 0.0))
            if moment < again_at:
                continue
            incident = await self.find(keys[key])
            if incident is not None:
                self._known[incident] = key
            else:
                pause = min(2.0**times, _LONGEST_PAUSE)
                self._missed[key] = (times + 1, moment + pause)
        return self._known

    async def _put(self, incident: str, change: Mapping[str, Any], done: str) -> SafeText:
        body = {"incident": {"type": "incident_reference", **change}}
        content = content_of(body, "PUT")
        reply = await self._courier.send(f"/incidents/{_part(incident)}", content)
        if _code(reply) == Code.CHANGED_MEANWHILE:
            # What is asked for does not depend on what was changed: it is asked once more at once.
            reply = await self._courier.send(f"/incidents/{_part(incident)}", content)
        if reply.status // 100 == 2:
            return clean(done)
        if _code(reply) in DONE_ALREADY:
            return SafeText(f"{done} already")
        raise self._refusal(reply, incident)

    async def _ask(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        method: str = "GET",
        incident: str = "",
    ) -> Mapping[str, Any]:
        content = None if body is None else content_of(body, method, repeatable=False)
        reply = await self._courier.send(path, content)
        if reply.status // 100 != 2:
            raise self._refusal(reply, incident)
        found = read(reply)
        if not isinstance(found, Mapping):
            raise NotifierError(told(f"{self._courier.origin} answered something that is no JSON"))
        return found

    def _refusal(self, reply: Reply, incident: str) -> RefusedError:
        """Return the error of a refusal; an incident that is gone is looked for anew the next time."""
        error = refusal(self._courier, reply)
        if incident and error.code == Code.NOT_FOUND:
            self._known.pop(incident, None)
            error.permanent = False
        return error

    async def _pages(
        self, path: str, query: list[tuple[str, str]], name: str
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the entries of every page of a listing, up to a bound."""
        for number in range(_MOST_PAGES):
            place = [("limit", str(_PAGE)), ("offset", str(number * _PAGE))]
            found = await self._ask(f"{path}?{urlencode([*query, *place])}")
            for entry in tables(found, name):
                yield entry
            if found.get("more") is not True:
                return


def _code(reply: Reply) -> int | None:
    return None if reply.status // 100 == 2 else code_of(read(reply))


def _part(id: str) -> str:
    return quote(id, safe="")
