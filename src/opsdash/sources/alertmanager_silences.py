"""Silences in Alertmanager's API v2: read from all URLs, written through the first that answers."""

import asyncio
import json
import urllib.parse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from opsdash.domain.matchers import Matcher, Op
from opsdash.domain.silence import Silence
from opsdash.domain.silence_sync import Task, marked_comment, split_mark
from opsdash.domain.text import SafeText, clean
from opsdash.http.client import MEBIBYTE, HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.json_body import MalformedError, read_json
from opsdash.http.reply import Reply
from opsdash.http.request import Content
from opsdash.sources.wire import read_time

BODY_CAP = 32 * MEBIBYTE
"""Bytes of one list of silences that are read."""

_Seen = tuple[str, Silence]
"""When a silence was updated, as Alertmanager writes it, and the silence."""


class AlertmanagerSilences:
    """Reads and writes the silences of one Alertmanager or a cluster of them.

    The clients belong to the source of its alerts, which closes them.
    """

    def __init__(self, clients: Sequence[HttpClient], id: str = "alertmanager silences") -> None:
        self.id = id
        self._clients = list(clients)
        self._bodies = [b""] * len(self._clients)
        self._lists: list[list[_Seen]] = [[] for _ in self._clients]
        self._found: Mapping[str, Silence] = {}

    async def load(self, now: datetime) -> Mapping[str, Silence]:
        """Return every silence, expired ones included, by its id; raise when no URL answers.

        It is the very mapping of before where nothing has changed. A URL that does not answer has
        what it had.
        """
        replies = await asyncio.gather(*map(self._fetch, range(len(self._clients))))
        errors = [reply for reply in replies if isinstance(reply, RemoteError)]
        if len(errors) == len(replies):
            raise errors[0] if errors else RemoteError(SafeText("no Alertmanager is configured"))
        changed = False
        for number, reply in enumerate(replies):
            if isinstance(reply, Reply) and reply.body is not self._bodies[number]:
                self._lists[number] = _read(self._clients[number], reply)
                self._bodies[number] = reply.body
                changed = True
        if changed:
            self._found = _union(self._lists)
        return self._found

    async def do(self, task: Task, now: datetime) -> str:
        """Do what `task` asks and return the id that the silence has now; raise RemoteError."""
        if task.end and task.remote is not None:
            await self._send(f"/api/v2/silence/{urllib.parse.quote(task.remote)}", None, "DELETE")
            return task.remote
        body = _body(task, now, self._found.get(task.remote or ""))
        client, reply = await self._send("/api/v2/silences", json.dumps(body).encode(), "POST")
        try:
            found = read_json(reply.body)
            return str(clean(found["silenceID"], 200))
        except (MalformedError, KeyError, TypeError):
            raise client.strange("JSON that names no silence", reply) from None

    async def _fetch(self, number: int) -> Reply | RemoteError:
        try:
            return await self._clients[number].fetch(
                "/api/v2/silences", cap=BODY_CAP, known=self._bodies[number]
            )
        except RemoteError as error:
            return error

    async def _send(self, path: str, body: bytes | None, method: str) -> tuple[HttpClient, Reply]:
        """Send to the first URL that takes it: peers tell each other."""
        first: RemoteError | None = None
        for client in self._clients:
            try:
                reply = await client.send(path, content=Content(body or b"", method))
            except RemoteError as error:
                first = first or error
                continue
            if reply.status == 200:
                return client, reply
            if first is None or reply.status < 500:
                first = client.refusal(reply)
            if reply.status < 500:
                break
        raise first or RemoteError(SafeText("no Alertmanager is configured"))


def _body(task: Task, now: datetime, known: Silence | None) -> dict[str, Any]:
    silence = task.silence
    starts_at = known.starts_at if known is not None else max(silence.starts_at, now)
    body: dict[str, Any] = {
        "matchers": [
            {
                "name": matcher.name,
                "value": matcher.value,
                "isRegex": matcher.op.is_regex,
                "isEqual": matcher.op.is_equal,
            }
            for matcher in silence.matchers
        ],
        "startsAt": _rfc3339(starts_at),
        "endsAt": _rfc3339(silence.ends_at),
        "createdBy": silence.author,
        "comment": marked_comment(silence),
    }
    if task.remote is not None:
        body["id"] = task.remote
    return body


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _union(lists: Sequence[list[_Seen]]) -> dict[str, Silence]:
    """Return each silence as the peer with its newest update has it."""
    newest: dict[str, _Seen] = {}
    for seen in (each for one in lists for each in one):
        known = newest.get(seen[1].id)
        if known is None or known[0] < seen[0]:
            newest[seen[1].id] = seen
    return {id: silence for id, (_, silence) in newest.items()}


def _read(client: HttpClient, reply: Reply) -> list[_Seen]:
    try:
        found = read_json(reply.body)
        if not isinstance(found, list):
            raise MalformedError("JSON that is not Alertmanager's list of silences")
    except MalformedError as error:
        raise client.strange(str(error), reply) from None
    read = (_silence(raw) for raw in found)
    return [silence for silence in read if silence is not None]


def _silence(raw: Any) -> _Seen | None:
    """Return one silence and when it was updated; None for one that cannot be understood."""
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str):
        return None
    starts_at, ends_at = read_time(raw.get("startsAt")), read_time(raw.get("endsAt"))
    matchers = _matchers(raw.get("matchers"))
    if starts_at is None or ends_at is None or not matchers:
        return None
    comment, token = split_mark(str(raw.get("comment") or ""))
    id = clean(raw["id"], 200)
    silence = Silence(
        id=id,
        matchers=matchers,
        starts_at=starts_at,
        ends_at=ends_at,
        author=clean(raw.get("createdBy") or "", 200),
        comment=comment,
        own=False,
        synced=1,
        remote=id,
        token=token,
    )
    return str(raw.get("updatedAt") or ""), silence


def _matchers(found: object) -> tuple[Matcher, ...]:
    if not isinstance(found, list):
        return ()
    matchers = []
    for raw in found:
        if not isinstance(raw, dict):
            return ()
        regex, equal = bool(raw.get("isRegex")), raw.get("isEqual") is not False
        op = (Op.MATCHES if equal else Op.NOT_MATCHES) if regex else None
        if op is None:
            op = Op.EQUAL if equal else Op.NOT_EQUAL
        matchers.append(Matcher(clean(raw.get("name") or ""), op, clean(raw.get("value") or "")))
    return tuple(matchers)
