"""Slack's Web API with a bot's token: a call, its answer, and what a refusal in it means.

An answer of 200 counts only if it says `ok`. docs.slack.dev, "Web API": errors are words.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from opsdash.http.credentials import Secret
from opsdash.http.reply import Reply
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.courier import (
    LONGEST_WAIT,
    Courier,
    UnsureError,
    content_of,
    read,
    reveal,
    told,
)
from opsdash.notifiers.notifier import NotifierError

API_URL = "https://slack.com/api"

_TOO_MANY = ("ratelimited", "rate_limited")
_TRY_AGAIN = (*_TOO_MANY, "service_unavailable", "team_added_to_org", "rollup_error")
_UNSURE = ("internal_error", "fatal_error", "request_timeout")
"""After these "some aspect of the operation" may have succeeded (docs.slack.dev, chat.postMessage)."""

_GONE = ("message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found")
"""Why a message cannot be edited or answered any more: then a new one says it."""

_TOO_MUCH = (
    *("msg_too_long", "msg_blocks_too_long"),
    *("invalid_blocks", "invalid_blocks_format", "invalid_payload"),
)
"""What Slack will not show as it is: the same in one plain line is shown."""

_CURES = {
    "not_in_channel": "invite the app to the channel",
    "channel_not_found": "name a channel that the app can see",
    "invalid_auth": "the token is not valid",
    "missing_scope": "give the app the scope chat:write",
    "no_service": "the webhook was removed; make a new one",
    "is_archived": "the channel is archived; name another one",
    "channel_is_archived": "the channel is archived; make a webhook for another one",
    "action_prohibited": "an administrator of the workspace has forbidden it",
}


class GoneError(NotifierError):
    """The message to be edited or answered is not there any more."""


class TooMuchError(NotifierError):
    """The message is longer, or has other blocks, than Slack shows."""


class ScopeError(NotifierError):
    """The app was not given the right to what was asked."""


class SlackApi:
    """Calls methods of the Web API as an app; everything that is refused is a NotifierError."""

    def __init__(self, settings: HttpSettings, token: Secret) -> None:
        authorized = replace(settings, authorization=("Bearer", lambda: reveal(token)))
        self.courier = Courier(authorized)

    async def call(self, method: str, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer to a method that writes; raise UnsureError where it may have been done."""
        again = method == "chat.update"
        reply = await self.courier.send(f"/{method}", content_of(message, repeatable=again))
        return self._answer(reply)

    async def ask(self, method: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the answer to a method that only reads."""
        return self._answer(await self.courier.send(f"/{method}?{urlencode(parameters)}"))

    async def close(self) -> None:
        """Let go of the connections."""
        await self.courier.close()

    def _answer(self, reply: Reply) -> Mapping[str, Any]:
        if reply.status != 200:
            raise self.courier.refusal(reply)
        found = read(reply)
        if not isinstance(found, Mapping) or "ok" not in found:
            raise UnsureError(told(f"{self.courier.origin} answered something that is not its API"))
        if found["ok"] is not True:
            raise self._refusal(found, reply)
        return found

    def _refusal(self, found: Mapping[str, Any], reply: Reply) -> NotifierError:
        """Return the error that an answer of status 200 means whose `ok` is false."""
        name = str(found.get("error"))
        if name == "missing_scope" and isinstance(found.get("needed"), str):
            words = f"{name}; give the app the scope {found['needed']}"
        else:
            words = f"{name}{cure(name)}"
        reason = told(f"{self.courier.origin} answered {words}")
        if name in _GONE:
            return GoneError(reason, permanent=True)
        if name in _TOO_MUCH:
            return TooMuchError(reason, permanent=True)
        if name == "missing_scope":
            return ScopeError(reason, permanent=True)
        if name in _UNSURE:
            return UnsureError(reason, retry_after=reply.retry_after)
        if name not in _TRY_AGAIN:
            return NotifierError(reason, permanent=True)
        wait = reply.retry_after
        if wait is None and name in _TOO_MANY:
            wait = self.courier.next_rest()
        if wait is not None:
            wait = min(wait, LONGEST_WAIT)
            self.courier.hold(wait)
        return NotifierError(reason, retry_after=wait)


class SlackHook:
    """Posts through an incoming webhook, whose address is the secret."""

    def __init__(self, settings: HttpSettings, webhook: Secret) -> None:
        self.courier = Courier(settings, webhook)

    async def post(self, message: Mapping[str, Any]) -> None:
        """Post a message; raise UnsureError where it may have arrived although that was not said."""
        reply = await self.courier.send("", content_of(message, repeatable=False))
        said = reply.body[:100].decode(errors="replace").strip()
        if reply.status != 200:
            error = self.courier.refusal(reply)
            reason = told(f"{error.reason}{cure(said)}")
            kind = TooMuchError if said in _TOO_MUCH else type(error)
            raise kind(reason, error.permanent, error.retry_after)
        if said != "ok":
            raise UnsureError(told(f"{self.courier.origin} answered something else than ok"))

    async def close(self) -> None:
        """Let go of the connections."""
        await self.courier.close()


def cure(error: str) -> str:
    """Return what to do about an error of Slack's, to be put behind its name."""
    return f"; {_CURES[error]}" if error in _CURES else ""
