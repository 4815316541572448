"""A Slack channel that has one message a week: posted, edited, and found again after a crash.

Slack takes a message twice that is sent twice (slackapi/slack-api-specs #10). What may have arrived is
therefore looked for, by a nonce in its metadata (docs.slack.dev, "Using message metadata"), which
wants the scope `channels:history`; the channel's id wants `channels:read` until it is known.
"""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from opsdash.domain.text import SafeText
from opsdash.domain.week_rota import ScheduleWeek, WeekRota, remarks
from opsdash.http.credentials import Secret
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.board import Place
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.slack_api import GoneError, SlackApi, SlackHook
from opsdash.notifiers.slack_text import HEADER_LIMIT, SECTION_LIMIT, escape

EVENT = "opsdash_week"
"""What the metadata of our messages is called."""

TEXT_BUDGET = 11_000
"""Characters of all sections: Slack refuses somewhat more than 13,000 (slackapi/bolt-js #2509)."""

_BLOCKS = 46
_PAGE = "200"
_MOST_PAGES = 10
_ID = re.compile(r"[CG][A-Z0-9]{6,}")


class SlackChannel:
    """The channel that an app with a bot token posts to."""

    editable = True

    def __init__(self, settings: HttpSettings, token: Secret, channel: str) -> None:
        self.channel = channel
        self._api = SlackApi(settings, token)

    async def post(self, rota: WeekRota, nonce: str, corrected: bool) -> Place:
        """Post a week."""
        message = _with_nonce(message_of(rota, corrected), rota, nonce)
        found = await self._api.call("chat.postMessage", {"channel": self.channel, **message})
        where, ts = found.get("channel"), found.get("ts")
        known = isinstance(where, str) and isinstance(ts, str)
        return Place(str(where), str(ts)) if known else Place()

    async def edit(self, place: Place, rota: WeekRota, nonce: str) -> bool:
        """Make a message say a week; False where it is gone."""
        message = _with_nonce(message_of(rota), rota, nonce)
        try:
            await self._api.call(
                "chat.update", {"channel": place.channel, "ts": place.ts, **message}
            )
        except GoneError:
            return False
        return True

    async def find(self, channel: str, nonce: str, since: datetime) -> Place | None:
        """Look through what was posted since then for the nonce."""
        place = channel or await self._id()
        query = {
            "channel": place,
            "oldest": f"{since.timestamp():.6f}",
            "include_all_metadata": "true",
            "limit": _PAGE,
        }
        async for entry in self._pages("conversations.history", query, "messages"):
            metadata, ts = entry.get("metadata"), entry.get("ts")
            if not isinstance(metadata, Mapping) or metadata.get("event_type") != EVENT:
                continue
            payload = metadata.get("event_payload")
            if isinstance(payload, Mapping) and payload.get("id") == nonce and isinstance(ts, str):
                return Place(place, ts)
        return None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._api.close()

    async def _id(self) -> str:
        """Return the channel's id, which history is asked by."""
        if _ID.fullmatch(self.channel):
            return self.channel
        name = self.channel.removeprefix("#")
        # Each kind wants a scope of its own, and asked for together both are refused without one.
        for kind in ("public_channel", "private_channel"):
            query = {"exclude_archived": "true", "types": kind, "limit": _PAGE}
            async for entry in self._pages("conversations.list", query, "channels"):
                if entry.get("name") == name and isinstance(entry.get("id"), str):
                    return str(entry["id"])
        raise NotifierError(
            SafeText("the app sees no such channel; write its id as channel"), permanent=True
        )

    async def _pages(
        self, method: str, query: Mapping[str, str], name: str
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the entries of a listing page by page; raise NotifierError where it is too long."""
        cursor = ""
        for _ in range(_MOST_PAGES):
            found = await self._api.ask(method, {**query, **({"cursor": cursor} if cursor else {})})
            entries = found.get(name)
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, Mapping):
                    yield entry
            more = found.get("response_metadata")
            cursor = str(more.get("next_cursor") or "") if isinstance(more, Mapping) else ""
            if not cursor:
                return
        raise NotifierError(SafeText("too much was said there to find the message"), permanent=True)


class SlackHookChannel:
    """The one channel of an incoming webhook, which gives no name by which a message could be edited."""

    editable = False

    def __init__(self, settings: HttpSettings, webhook: Secret) -> None:
        self.channel = "the webhook's channel"
        self._hook = SlackHook(settings, webhook)

    async def post(self, rota: WeekRota, nonce: str, corrected: bool) -> Place:
        """Post a week as a message of its own."""
        message = message_of(rota, corrected)
        await self._hook.post({"text": message["text"], "blocks": message["blocks"]})
        return Place()

    async def edit(self, place: Place, rota: WeekRota, nonce: str) -> bool:
        """Refuse: nothing that a webhook posts can be edited."""
        raise NotifierError(SafeText("a webhook cannot edit"), permanent=True)

    async def find(self, channel: str, nonce: str, since: datetime) -> Place | None:
        """Refuse: a webhook sees nothing."""
        raise NotifierError(SafeText("a webhook cannot look"), permanent=True)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._hook.close()


def message_of(rota: WeekRota, corrected: bool = False) -> dict[str, Any]:
    """Return the message that says a week, all of it escaped and within Slack's limits."""
    heading = SafeText(f"Corrected: {rota.heading}") if corrected else rota.heading
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": escape(heading, HEADER_LIMIT), "emoji": False},
        }
    ]
    room = TEXT_BUDGET
    for number, schedule in enumerate(rota.schedules):
        text = _section_text(schedule)
        if len(text) > room or number == _BLOCKS:
            left = len(rota.schedules) - number
            blocks.append(_section(f"… and {left} more; opsdash oncall publish --dry-run has all"))
            break
        room -= len(text)
        blocks.append(_section(text))
    if not rota.schedules:
        blocks.append(_section("no schedules are configured"))
    return {
        "text": escape(heading),
        "blocks": blocks,
        "parse": "none",
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _with_nonce(message: dict[str, Any], rota: WeekRota, nonce: str) -> dict[str, Any]:
    payload = {"id": nonce, "week": str(rota.week)}
    return {**message, "metadata": {"event_type": EVENT, "event_payload": payload}}


def _section_text(schedule: ScheduleWeek) -> str:
    lines = [f"*{escape(SafeText(f'{schedule.schedule} ({schedule.timezone})'), 200)}*"]
    lines += [f"{escape(line.day)}: {escape(line.who, 300)}" for line in schedule.days]
    lines += [f"• {escape(remark, 400)}" for remark in remarks(schedule)]
    text = "\n".join(lines)
    if len(text) <= SECTION_LIMIT:
        return text
    cut = text[: SECTION_LIMIT - 2]
    return f"{cut[: cut.rfind(chr(10))]}\n…"


def _section(text: str) -> dict[str, Any]:
    # Verbatim: a word that looks like a channel, a person or an address stays a word.
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
