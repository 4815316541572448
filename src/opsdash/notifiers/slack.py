"""Slack: an incoming webhook, or a bot with one message an occurrence that is edited and answered.

A webhook gives no `ts`, so that nothing it posts can be edited: each page is a message of its own.
A bot's message shows how things stand, and its thread what happened. Slack has no idempotency key
(slackapi/slack-api-specs #10): what may have arrived already says that it is a repetition.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText
from opsdash.http.credentials import Secret
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.courier import UnsureError
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.notifiers.slack_api import GoneError, SlackApi, SlackHook, TooMuchError
from opsdash.notifiers.slack_text import blocks_of, cut_escaped, fallback_of, reply_of

PACE = 1.0
"""Seconds between messages to one channel ("Rate limits": one a second)."""

PATIENCE = 6.0
"""Seconds that a message waits here for its turn; past that the engine is told when it comes."""

_REMEMBERED = 1000
_PLAIN_LIMIT = 1000


class _Turns:
    """Lets messages to one channel go a second apart, and knows which may have arrived already."""

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}
        self._unsure: OrderedDict[str, None] = OrderedDict()

    @asynccontextmanager
    async def take(self, page: Page, channel: str) -> AsyncIterator[Page]:
        """Wait for its turn and yield `page`, as a repetition where it may have arrived before."""
        await self._wait(channel)
        unsure = page.id in self._unsure
        try:
            yield replace(page, repeat=max(page.repeat, 1)) if unsure else page
        except (UnsureError, asyncio.CancelledError):
            self._unsure[page.id] = None
            while len(self._unsure) > _REMEMBERED:
                self._unsure.popitem(last=False)
            raise

    async def _wait(self, channel: str) -> None:
        moment = asyncio.get_running_loop().time()
        turn = max(self._free_at.get(channel, 0.0), moment)
        if turn - moment > PATIENCE:
            text = SafeText("many messages to one channel: waiting for its turn")
            raise NotifierError(text, retry_after=timedelta(seconds=round(turn - moment)))
        self._free_at[channel] = turn + PACE
        await asyncio.sleep(turn - moment)


class SlackWebhook:
    """Posts to the one channel of an incoming webhook, whose address is the secret."""

    kind = "slack"

    def __init__(self, id: str, settings: HttpSettings, webhook: Secret) -> None:
        self.id = id
        self._hook = SlackHook(settings, webhook)
        self._turns = _Turns()

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        """Post one page as a message of its own."""
        async with self._turns.take(page, "") as marked:
            message = {"text": fallback_of(marked), "blocks": blocks_of(marked)}
            try:
                await self._hook.post(message)
            except TooMuchError:
                await self._hook.post(_plain(message))
        return Receipt(SafeText("ok"))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._hook.close()


class SlackBot:
    """Posts as an app with a bot token, to the channel of the address or else to `channel`."""

    kind = "slack"

    def __init__(self, id: str, settings: HttpSettings, token: Secret, channel: str = "") -> None:
        self.id = id
        self._channel = channel
        self._api = SlackApi(settings, token)
        self._turns = _Turns()

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        """Post the message of an occurrence, or edit it and answer in its thread.

        `thread` is `CHANNEL/TS`, as Slack named them. A note leaves the message as it is.
        """
        channel, _, ts = thread.partition("/")
        if ts and page.kind is not PageKind.NOTE:
            ts = ts if await self._edit(page, channel, ts) else ""
        if not ts:
            return await self._post(page, address or channel or self._channel)
        return await self._answer(page, address, channel, ts)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._api.close()

    async def _edit(self, page: Page, channel: str, ts: str) -> bool:
        """Make the message say how things stand now; False where it is gone."""
        try:
            await self._call("chat.update", _message(page) | _at(channel, ts=ts))
        except GoneError:
            return False
        return True

    async def _call(self, method: str, message: dict[str, Any]) -> Mapping[str, Any]:
        """Call a method with a message; what Slack will not show as it is, it gets as one line."""
        try:
            return await self._api.call(method, message)
        except TooMuchError:
            return await self._api.call(method, _plain(message))

    async def _post(self, page: Page, channel: str) -> Receipt:
        if not channel:
            raise NotifierError(SafeText("no channel: add one to the notifier"), permanent=True)
        async with self._turns.take(page, channel) as marked:
            found = await self._call("chat.postMessage", _message(marked) | _at(channel))
        where, ts = found.get("channel"), found.get("ts")
        known = isinstance(where, str) and isinstance(ts, str)
        return Receipt(SafeText("posted"), f"{where}/{ts}" if known else "")

    async def _answer(self, page: Page, address: str, channel: str, ts: str) -> Receipt:
        """Add to the thread; a page again is shown in the channel too, so that somebody sees it."""
        broadcast = {"reply_broadcast": True} if page.kind is PageKind.TRIGGER else {}
        try:
            async with self._turns.take(page, channel) as marked:
                message = {"text": reply_of(marked), "parse": "none"} | broadcast
                await self._call("chat.postMessage", message | _at(channel, thread_ts=ts))
        except GoneError:
            return await self._post(page, address or channel)
        return Receipt(SafeText("added to the thread"))


def _message(page: Page) -> dict[str, Any]:
    return {"text": fallback_of(page), "blocks": blocks_of(page), "parse": "none"}


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message without blocks, its text short enough for any limit."""
    short = {"text": cut_escaped(str(message["text"]), _PLAIN_LIMIT)}
    return {name: value for name, value in message.items() if name != "blocks"} | short


def _at(channel: str, **where: str) -> dict[str, Any]:
    return {"channel": channel, "unfurl_links": False, "unfurl_media": False, **where}
