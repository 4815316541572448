"""A webhook in the shape of Alertmanager's, version 4, so that what takes those takes ours.

What Alertmanager has no word for (an acknowledgement, a note, a level) is in the object `opsdash`
beside it. With a secret every request is signed: `t=UNIX,v1=HEX` in X-Opsdash-Signature, HMAC-SHA256
over `UNIX.BODY`.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from opsdash.domain.page import Page, PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.http.credentials import Secret
from opsdash.http.request import Content
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.courier import Courier, reveal
from opsdash.notifiers.notifier import Receipt
from opsdash.notifiers.wording import is_web_address

SIGNATURE = "X-Opsdash-Signature"
_NOT_ENDED = "0001-01-01T00:00:00Z"
"""What Alertmanager writes for the end of an alert that fires."""

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


class Webhook:
    """Posts to one address, which may be a secret as a whole."""

    kind = "webhook"

    def __init__(
        self,
        id: str,
        settings: HttpSettings,
        clock: Callable[[], datetime],
        address: Secret | None = None,
        secret: Secret | None = None,
        external_url: str = "",
    ) -> None:
        self.id = id
        self._clock = clock
        self._secret = secret
        self._external_url = external_url
        self._courier = Courier(settings, address)

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        """Post one page; `Idempotency-Key` is the same at every try of it."""
        body = json.dumps(
            message_of(page, self.id, self._external_url), ensure_ascii=False, allow_nan=False
        ).encode(errors="replace")
        headers = {"Content-Type": "application/json"}
        headers["Idempotency-Key"] = hashlib.sha256(page.id.encode(errors="replace")).hexdigest()
        if self._secret is not None:
            headers[SIGNATURE] = sign(body, reveal(self._secret), self._clock())
        reply = await self._courier.send("", Content(body, headers=headers))
        if reply.status // 100 != 2:
            raise self._courier.refusal(reply)
        said = self._courier.said(reply)
        return Receipt(clean(f"{reply.status} {said}".strip(), 200))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._courier.close()


def sign(body: bytes, secret: str, at: datetime) -> str:
    """Return the signature of `body` at `at`, which keeps it from being replayed later."""
    moment = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def message_of(page: Page, receiver: str, external_url: str = "") -> dict[str, Any]:
    """Return the JSON object that says `page`."""
    title = clean(f"TEST: {page.title}") if page.test else page.title
    labels = {"alertname": title, "severity": page.severity.value, **page.labels}
    annotations = {**page.annotations, "summary": title}
    status = "resolved" if page.kind is PageKind.RESOLVE else "firing"
    message: dict[str, Any] = {
        "version": "4",
        "groupKey": f"opsdash:{page.key}",
        "truncatedAlerts": max(page.count - 1, 0),
        "status": status,
        "receiver": receiver,
        "groupLabels": {"alertname": labels["alertname"]},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": external_url,
        "alerts": [_alert(page, status, labels, annotations)],
        "opsdash": _more(page),
    }
    if reason := _reason(page):
        message["notification_reason"] = reason
    return message


def _alert(
    page: Page, status: str, labels: dict[str, Any], annotations: dict[str, Any]
) -> dict[str, Any]:
    source = next((link.url for link in page.links if link.text == "Source"), SafeText(""))
    return {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": _moment(page.since or page.at),
        "endsAt": _moment(page.at) if page.kind is PageKind.RESOLVE else _NOT_ENDED,
        "generatorURL": source if is_web_address(source) else "",
        "fingerprint": _fingerprint(page.key),
    }


def _fingerprint(key: str) -> str:
    """Return the alert's own fingerprint, or a digest of what stands for many of them."""
    first = key.partition("/")[0]
    if _FINGERPRINT.fullmatch(first):
        return first
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()[:16]


def _more(page: Page) -> dict[str, Any]:
    more: dict[str, Any] = {
        "kind": page.kind.value,
        "id": page.id,
        "key": page.key,
        "at": _moment(page.at),
        "began": None if page.began is None else _moment(page.began),
        "until": None if page.until is None else _moment(page.until),
        "title": page.title,
        "source": page.source,
        "incident": page.incident,
        "level": page.level,
        "level_name": page.level_name,
        "reached": list(page.reached),
        "by": page.by,
        "text": page.text,
        "lines": list(page.lines),
        "value": page.value if page.value is not None and abs(page.value) < float("inf") else None,
        "context": list(page.context),
        "links": [{"text": k.text, "url": k.url} for k in page.links if is_web_address(k.url)],
        "count": page.count,
        "members": list(page.members),
        "repeat": page.repeat or int(page.again),
        "test": page.test,
    }
    return more


def _reason(page: Page) -> str:
    """Return Alertmanager's words for why it notifies, empty where it has none."""
    if page.kind is PageKind.TRIGGER:
        return "repeat interval elapsed" if page.repeat or page.again else "first notification"
    return "all alerts resolved" if page.kind is PageKind.RESOLVE else ""


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
