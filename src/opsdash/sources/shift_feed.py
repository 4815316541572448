"""An iCalendar at an address, read again and again: whole, capped, under one deadline, or not at all.

The address may be a secret that gives everybody the calendar: no error holds more than its origin.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from opsdash.domain.feed import Attendant, Feed
from opsdash.domain.ical import CalendarError, read_calendar
from opsdash.domain.text import SafeText, clean
from opsdash.http.client import MEBIBYTE, HttpClient
from opsdash.http.credentials import Secret
from opsdash.http.errors import RemoteError
from opsdash.http.reply import Reply
from opsdash.http.request import Content
from opsdash.http.settings import HttpSettings
from opsdash.plan import FeedPlan
from opsdash.secret import redact, remember_address
from opsdash.sources.calendars import AHEAD_READ, PAST_READ

CAP = 2 * MEBIBYTE
"""Bytes of a calendar that are read."""

_ACCEPT = "text/calendar, text/plain;q=0.5"
_UNCHANGED = 304


class FeedReader(Protocol):
    """What the engine asks of shifts that are kept elsewhere."""

    async def read(self, now: datetime) -> Feed:
        """Return the shifts around `now`; raise RemoteError where they cannot be had."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class CalendarFeed:
    """Reads one calendar; times without a zone are in `zone`. A secret address is read when needed."""

    def __init__(self, settings: HttpSettings, zone: str, address: Secret | None = None) -> None:
        self._settings = settings
        self._zone = zone
        self._address = address
        self._client: HttpClient | None = None
        self._text = ""
        self._validators: dict[str, str] = {}

    async def read(self, now: datetime) -> Feed:
        """Return the events around `now` as shifts."""
        try:
            text = await self._fetch()
            return await asyncio.to_thread(_feed, text, self._zone, now)
        except RemoteError as error:
            raise type(error)(clean(redact(error.reason), 400), error.retry_after) from None

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _fetch(self) -> str:
        """Return the calendar's text, the one before where the server says that it has not changed."""
        client = await self._open()
        content = Content(b"", "GET", {"Accept": _ACCEPT, **self._validators})
        reply = await client.send("", content=content, cap=CAP)
        if reply.status == _UNCHANGED and self._text:
            return self._text
        if reply.status != 200:
            raise client.refusal(reply)
        text = reply.body.decode("utf-8-sig", errors="replace")
        if reply.content_type == "text/html" or not text.lstrip().startswith("BEGIN:VCALENDAR"):
            raise client.strange("something that is no calendar", reply)
        if not text.rstrip().endswith("END:VCALENDAR"):
            raise client.strange("a calendar that is cut off", reply)
        self._text, self._validators = text, _validators(reply)
        return text

    async def _open(self) -> HttpClient:
        """Return the client for the address as it is now: a secret one may have changed."""
        url = self._settings.url if self._address is None else _revealed(self._address)
        if self._client is not None and self._client.settings.url != url:
            await self.close()
            self._text, self._validators = "", {}
        if self._client is None:
            self._client = HttpClient(replace(self._settings, url=url))
        return self._client


def _validators(reply: Reply) -> dict[str, str]:
    """The headers that ask whether a later version is there (RFC 9110, 13.1)."""
    if reply.etag:
        return {"If-None-Match": reply.etag}
    return {"If-Modified-Since": reply.modified} if reply.modified else {}


def _feed(text: str, zone: str, now: datetime) -> Feed:
    try:
        turns = read_calendar(text, zone, now - PAST_READ, now + AHEAD_READ)
    except CalendarError as error:
        raise RemoteError(clean(f"the calendar cannot be read: {error}", 400)) from None
    # A whole day: what is said of it stays the same from one read to the next.
    until = (now + AHEAD_READ).replace(hour=0, minute=0, second=0, microsecond=0)
    return Feed(turns, {turn.person: Attendant(clean(turn.person)) for turn in turns}, until)


def _revealed(address: Secret) -> str:
    try:
        url = address().strip()
    except Exception as error:
        why = (
            getattr(error, "reason", None) or f"the address cannot be read: {type(error).__name__}"
        )
        raise RemoteError(clean(why, 400)) from None
    remember_address(url)
    return web_address(url)


def label_of(plan: FeedPlan) -> SafeText:
    """Return what people call a feed; of a calendar's address only what is no secret."""
    if plan.remote:
        return clean(f"PagerDuty schedule {plan.remote}")
    if plan.url is not None:
        place = plan.url.file.path if plan.url.file is not None else plan.url.env
        return clean(f"the calendar whose address is in {place}")
    return clean(f"the calendar at {urlsplit(plan.http.url).hostname}")


def web_address(url: str) -> str:
    """Return the address by which a subscription is fetched: `webcal` is https under another name."""
    return f"https{url[6:]}" if url[:7].lower() == "webcal:" else url
