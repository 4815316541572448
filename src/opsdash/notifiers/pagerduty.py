"""PagerDuty: Events API v2 for what fires, is taken and resolves; REST where a token is given.

The rules are those of developer.pagerduty.com, "Events API v2": 255 characters of a dedup key, 1024
of a summary, 512 KB of an event; 202 is accepted, 429 and 5xx are tried again, all else is not.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from opsdash import __version__
from opsdash.domain.alert import Severity
from opsdash.domain.deployment import Deployment
from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.http.credentials import Secret
from opsdash.http.reply import Reply
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.courier import Courier, content_of, read, reveal, told
from opsdash.notifiers.notifier import NotifierError, Receipt
from opsdash.notifiers.pagerduty_answers import Change
from opsdash.notifiers.pagerduty_rest import PagerDutyRest
from opsdash.notifiers.wording import format_value, is_web_address, links

EVENTS_URL = {
    "us": "https://events.pagerduty.com/v2",
    "eu": "https://events.eu.pagerduty.com/v2",
}
REST_URL = {"us": "https://api.pagerduty.com", "eu": "https://api.eu.pagerduty.com"}

KEY_LIMIT = 255
SUMMARY_LIMIT = 1024
EVENT_LIMIT = 512_000

_HIGH = ("high", "major", "sev2", "p2")
_TEXT_LIMIT = 300


class PagerDuty:
    """Sends to the service or ruleset whose routing key it has."""

    kind = "pagerduty"

    def __init__(
        self,
        id: str,
        settings: HttpSettings,
        routing_key: Secret,
        rest: PagerDutyRest | None = None,
        client_url: str = "",
    ) -> None:
        self.id = id
        self.rest = rest
        self._routing_key = routing_key
        self._client_url = client_url
        self._courier = Courier(settings, words=_words)

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        """Send one page; a later level, a note and a comment go over REST where there is a token.

        `thread` says that this service was paged about the same before: then only climbing wakes
        the next level there.
        """
        if page.quiet:
            return Receipt(
                SafeText("left out: whatever PagerDuty is told of no alert wakes people")
            )
        if page.kind is PageKind.NOTE and self.rest is not None:
            said = await self._add_note(page, self.rest)
            return Receipt(await self._put_off(page, said, self.rest))
        answer = await self._enqueue("/enqueue", self.event(page))
        if self.rest is not None:
            answer = await self._follow_up(page, answer, thread, self.rest)
        return Receipt(answer, dedup_key(page.key))

    async def change(self, deployment: Deployment) -> Receipt:
        """Tell of a deployment: a change event, which pages nobody."""
        return Receipt(await self._enqueue("/change/enqueue", change_event(deployment)))

    async def changes(self, since: datetime, keys: Iterable[str]) -> tuple[Change, ...]:
        """Return what people did at PagerDuty since then to the incidents with these keys.

        Without a token there is nothing to ask. Raises NotifierError.
        """
        if self.rest is None:
            return ()
        return await self.rest.changes(since, {key: dedup_key(key) for key in keys})

    async def close(self) -> None:
        """Let go of the connections."""
        await self._courier.close()
        if self.rest is not None:
            await self.rest.close()

    def event(self, page: Page) -> dict[str, Any]:
        """Return the event that says `page`, without the routing key.

        A note has no event of its own: it is a trigger of the same key, which PagerDuty adds to
        the log of the open alert without paging anybody again.
        """
        key = dedup_key(page.key)
        if page.kind in (PageKind.ACKNOWLEDGE, PageKind.RESOLVE):
            return {"event_action": page.kind.value, "dedup_key": key}
        event: dict[str, Any] = {
            "event_action": "trigger",
            "dedup_key": key,
            "payload": _payload(page),
            "client": f"opsdash {__version__}",
        }
        if self._client_url:
            event["client_url"] = self._client_url
        if shown := links(page):
            event["links"] = [{"href": link.url, "text": link.text or link.url} for link in shown]
        return _fitted(event)

    async def _enqueue(self, path: str, event: Mapping[str, Any]) -> SafeText:
        key = reveal(self._routing_key)
        reply = await self._courier.send(path, content_of({"routing_key": key, **event}))
        if reply.status // 100 != 2:
            raise self._courier.refusal(reply)
        return _accepted(reply)

    async def _follow_up(
        self, page: Page, answer: SafeText, thread: str, rest: PagerDutyRest
    ) -> SafeText:
        """Do what an event cannot: climb to a level, and say who took it with which words."""
        climbs = page.level > 1 and page.repeat == 0 and bool(thread)
        if page.kind is PageKind.TRIGGER and climbs:
            said = await rest.escalate_key(dedup_key(page.key), page.level)
            return clean(f"{answer}; {said}")
        if page.kind is PageKind.TRIGGER and page.repeat and thread:
            # What was given back here is acknowledged there, and absorbs every event of its key.
            woken = await rest.wake_key(dedup_key(page.key), page.level)
            return answer if woken is None else clean(f"{answer}; {woken}")
        if page.kind is PageKind.ACKNOWLEDGE and (page.by or page.text):
            try:
                answer = clean(f"{answer}; {await self._add_note(page, rest)}")
            except NotifierError as error:
                # It is taken, which is what counts: a second try would only say it twice.
                answer = clean(f"{answer}; who took it could not be noted: {error.reason}")
        return await self._put_off(page, answer, rest)

    async def _put_off(self, page: Page, answer: SafeText, rest: PagerDutyRest) -> SafeText:
        """Snooze the incident as long as here, so that PagerDuty's own clock does not page meanwhile."""
        if page.until is None:
            return answer
        try:
            said = await rest.snooze_key(dedup_key(page.key), page.until - page.at)
        except NotifierError as error:
            return clean(f"{answer}; it could not be snoozed there: {error.reason}")
        return clean(f"{answer}; {said}")

    async def _add_note(self, page: Page, rest: PagerDutyRest) -> SafeText:
        by = f"{page.by}" if page.by else "opsdash"
        did = " acknowledged it" if page.kind is PageKind.ACKNOWLEDGE else ""
        text = f": {page.text}" if page.text else ""
        return await rest.note_key(dedup_key(page.key), clean(f"{by}{did}{text}"))


def dedup_key(key: str) -> str:
    """Return what PagerDuty knows an occurrence by: its key, or a digest of one that is too long."""
    full = f"opsdash:{key}"
    if len(full) <= KEY_LIMIT and full.isascii():
        return full
    return f"opsdash:sha256:{hashlib.sha256(full.encode(errors='replace')).hexdigest()}"


def severity_of(page: Page) -> str:
    """Return PagerDuty's word: `error` for what a rule calls high, which is a warning here."""
    if page.severity is Severity.WARNING and page.labels.get("severity", "").lower() in _HIGH:
        return "error"
    return page.severity.value


def change_event(deployment: Deployment) -> dict[str, Any]:
    """Return the change event that says `deployment`, without the routing key."""
    what = " ".join(filter(None, (deployment.service, deployment.version)))
    by = f" by {deployment.by}" if deployment.by else ""
    details: dict[str, str] = {"version": deployment.version, "author": deployment.by}
    details |= {
        "commit": deployment.commit,
        "brought": "\n".join(f"{commit.id} {commit.subject}" for commit in deployment.commits),
    }
    event: dict[str, Any] = {
        "payload": {
            "summary": clean(f"Deployed {what}{by}", SUMMARY_LIMIT),
            "timestamp": _moment(deployment.at),
            "source": deployment.service or "opsdash",
            "custom_details": {name: value for name, value in details.items() if value},
        }
    }
    if is_web_address(deployment.url):
        event["links"] = [{"href": deployment.url, "text": "Deployment"}]
    return event


def _payload(page: Page) -> dict[str, Any]:
    label = page.labels.get
    payload = {
        "summary": clean(f"{'TEST: ' if page.test else ''}{page.title or page.key}", SUMMARY_LIMIT),
        "source": page.source or label("instance") or "opsdash",
        "severity": severity_of(page),
        "timestamp": _moment(page.at),
        "component": label("component") or label("service") or label("job") or "",
        "group": label("namespace") or label("cluster") or label("job") or "",
        "class": label("alertname") or "",
        "custom_details": _details(page),
    }
    return {name: value for name, value in payload.items() if value}


def _details(page: Page) -> dict[str, Any]:
    details: dict[str, Any] = {
        "value": format_value(page.value),
        "bad_since": _moment(page.began) if page.began is not None else None,
        "level": f"{page.level} {page.level_name}".strip(),
        "incident": page.incident,
        "reached": clean(", ".join(page.reached)),
        "labels": dict(page.labels),
        "annotations": dict(page.annotations),
        "recent_changes": list(page.context),
        "alerts": page.count if page.count > 1 else None,
        "members": list(page.members),
        "note": page.text,
        "by": page.by,
        "paged_before": page.repeat or None,
        "test": page.test or None,
    }
    return {name: value for name, value in details.items() if value}


def _fitted(event: dict[str, Any]) -> dict[str, Any]:
    """Return `event` within PagerDuty's limit: what is long is cut, then what only helps is left out."""
    details = event["payload"].get("custom_details", {})
    for name in ("annotations", "labels", "recent_changes", "members"):
        if len(json.dumps(event, ensure_ascii=False).encode(errors="replace")) < EVENT_LIMIT:
            return event
        found = details.get(name)
        if isinstance(found, Mapping):
            found = {clean(k, 100): clean(v, _TEXT_LIMIT) for k, v in list(found.items())[:50]}
        elif found:
            found = [clean(value, _TEXT_LIMIT) for value in found[:50]]
        details[name] = found
    event["links"] = event.get("links", [])[:10]
    return event


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _accepted(reply: Reply) -> SafeText:
    found = read(reply)
    message = found.get("message") if isinstance(found, Mapping) else None
    return told(f"accepted: {message}" if message else f"accepted ({reply.status})", 200)


def _words(found: Mapping[str, Any]) -> str:
    """Return what the Events API says of an event that it refuses."""
    errors = found.get("errors")
    listed = ", ".join(map(str, errors)) if isinstance(errors, list) else ""
    return ": ".join(filter(None, (str(found.get("message") or ""), listed)))
