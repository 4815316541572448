"""Brings requests to a receiver over HTTP, and turns what comes back into a receipt or a NotifierError.

No error holds an address beyond its origin, a key, a token, or anything else that was read as a
secret, even where the receiver sends it back.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from opsdash.domain.duration import format_duration
from opsdash.domain.text import SafeText, clean
from opsdash.http.client import HttpClient
from opsdash.http.credentials import Secret
from opsdash.http.errors import RemoteError, UnsentError
from opsdash.http.reply import Reply
from opsdash.http.request import Content
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.notifier import NotifierError
from opsdash.secret import redact, remember, remember_address

LONGEST_WAIT = timedelta(seconds=300)
"""The longest that a receiver may ask to be left alone; pages go on by another way meanwhile."""

FIRST_REST = 5.0
LONGEST_REST = 60.0
"""Seconds that a receiver is left alone that answers 429 without saying for how long: doubling."""

ANSWER_CAP = 1 << 20
"""Bytes of a receiver's answer that are read."""

_TRY_AGAIN = (408, 425, 429)
_WORDS = 200


class UnsureError(NotifierError):
    """No answer, or one after which nobody knows whether the message was taken."""

    unsure = True


class Courier:
    """Speaks to one server, whose address may itself be a secret that is read when it is needed.

    A server that answers 429 is left alone for as long as it says (`Retry-After`, else
    `ratelimit-reset`), else ever longer, and so is one that says that it takes no more
    (`ratelimit-remaining: 0`): what is to be sent meanwhile is refused here, and not there.
    """

    def __init__(
        self,
        settings: HttpSettings,
        address: Secret | None = None,
        words: Callable[[Any], str] = lambda found: "",
    ) -> None:
        self._settings = settings
        self._address = address
        self._words = words
        self._client: HttpClient | None = None
        self._held_until = 0.0
        self._crowded = 0

    async def send(self, path: str, content: Content | None = None) -> Reply:
        """Return the answer, whatever its status; raise NotifierError where there is none."""
        left = self._held_until - asyncio.get_running_loop().time()
        if left > 0:
            wait = timedelta(seconds=max(round(left), 1))
            text = f"{self.origin} asked to be left alone for {format_duration(wait)} more"
            raise NotifierError(clean(text), retry_after=wait)
        client = await self._open()
        try:
            reply = await client.send(path, content=content, cap=ANSWER_CAP)
        except RemoteError as error:
            kind = NotifierError if isinstance(error, UnsentError) else UnsureError
            raise kind(told(error.reason), retry_after=error.retry_after) from None
        if reply.status != 429:
            self._crowded = 0
            if reply.remaining == 0 and reply.reset is not None:
                self.hold(min(reply.reset, LONGEST_WAIT))
        return reply

    @property
    def origin(self) -> SafeText:
        """The receiver as people may read it: scheme, host and port."""
        return self._client.origin if self._client else SafeText("the receiver")

    def refusal(self, reply: Reply) -> NotifierError:
        """Return the error that an answer means: temporary for 429 and 5xx, else permanent."""
        said = self.said(reply)
        text = f"{self.origin} answered {reply.status}" + (f": {said}" if said else "")
        if reply.status < 500 and reply.status not in _TRY_AGAIN:
            return NotifierError(told(text), permanent=True)
        # A 503 too: a proxy gives it for a request that its server has had.
        kind = UnsureError if reply.status >= 500 else NotifierError
        if reply.wait is not None:
            wait = min(reply.wait, LONGEST_WAIT)
            asked = format_duration(reply.wait)
            text += f"; asked to wait {asked}, trying again in {format_duration(wait)}"
        elif reply.status == 429:
            wait = self.next_rest()
            text += f"; trying again in {format_duration(wait)}"
        else:
            return kind(told(text))
        self.hold(wait)
        return kind(told(text), retry_after=wait)

    def next_rest(self) -> timedelta:
        """Return how long to leave a receiver alone that says too many and not for how long."""
        wait = timedelta(seconds=min(FIRST_REST * 2**self._crowded, LONGEST_REST))
        self._crowded = min(self._crowded + 1, 10)
        return wait

    def hold(self, wait: timedelta) -> None:
        """Leave the receiver alone for `wait`."""
        moment = asyncio.get_running_loop().time() + wait.total_seconds()
        self._held_until = max(self._held_until, moment)

    def said(self, reply: Reply) -> SafeText:
        """Return the receiver's own words in at most 200 clean characters without any secret."""
        found = read(reply)
        words = self._words(found) if isinstance(found, Mapping) else ""
        if not words and self._client is not None:
            words = self._client.words(reply)
        return told(words, _WORDS)

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _open(self) -> HttpClient:
        """Return the client for the address as it is now: a secret one may have changed."""
        url = self._settings.url if self._address is None else reveal(self._address)
        if self._client is not None and self._client.settings.url != url:
            await self.close()
        if self._client is None:
            if self._address is not None:
                remember_address(url)
            try:
                self._client = HttpClient(replace(self._settings, url=url))
            except RemoteError as error:
                raise NotifierError(told(error.reason)) from None
        return self._client


def content_of(message: object, method: str = "POST", repeatable: bool = True) -> Content:
    """Return `message` as a JSON body; `repeatable` where it does no harm if it arrives twice."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Content(body.encode(errors="replace"), method, repeatable=repeatable)


def read(reply: Reply) -> Any:
    """Return what a JSON answer holds, None where it is no JSON."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def reveal(secret: Secret) -> str:
    """Return a secret, noted as such; raise NotifierError where it cannot be read now."""
    try:
        return remember(secret())
    except Exception as error:
        # The text of an error may quote what it stumbled on; only a reason is made for people.
        why = getattr(error, "reason", None) or f"a secret cannot be read: {type(error).__name__}"
        raise NotifierError(clean(why)) from None


def told(text: str, limit: int = 400) -> SafeText:
    """Return `text` fit for a person: clean, one line, without any secret."""
    return clean(redact(text), limit)
