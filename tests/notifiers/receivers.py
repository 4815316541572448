"""Receivers to send to: real HTTP servers that hold to the documented rules and note who breaks them.

Each takes a list of `faults` that the next requests meet, in order: `"503"`, `"429=7"` (Retry-After),
`"hang"`, `"drop"` (the request is obeyed, its answer lost), `"swallow"` (it is obeyed and never answered),
`"html"`, `"redirect=URL"`, or "" for none.
"""

import json
import re
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.notifiers.shapes import (
    answer_faults,
    faults_of,
    published_error_faults,
    published_faults,
    published_thing_faults,
)

EVENTS = "pagerduty-events-v2.openapi.json"
REST = "pagerduty-rest.openapi.json"


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it arrived; `message` is its JSON body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    message: Any

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the path."""
        return urllib.parse.parse_qs(self.path.partition("?")[2])


@dataclass(frozen=True, slots=True)
class Answered:
    """What a receiver says."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class Receiver:
    """Listens on a loopback port; `wrong` is what broke a rule."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.faults: list[str] = []
        self.wrong: list[str] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        receiver = self

        class _Exchange(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # one packet an answer

            def log_message(self, format: str, *args: Any) -> None:
                """Print nothing."""

            def do_GET(self) -> None:
                receiver._serve(self)

            def do_POST(self) -> None:
                receiver._serve(self)

            def do_PUT(self) -> None:
                receiver._serve(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Exchange)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, received: Received) -> Answered:
        """Return what this receiver says to a request."""
        return Answered(200, {})

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, exchange: BaseHTTPRequestHandler) -> None:
        body = exchange.rfile.read(int(exchange.headers.get("Content-Length") or 0))
        try:
            message = json.loads(body) if body else None
        except ValueError:
            message = None
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        received = Received(exchange.command, exchange.path, headers, body, message)
        with self._lock:
            self.requests.append(received)
            fault, _, parameter = (self.faults.pop(0) if self.faults else "").partition("=")
            answered = self._faulty(fault, parameter) or self.answer(received)
        if fault in ("hang", "swallow"):
            self.released.wait(600)
        if fault in ("hang", "swallow", "drop"):
            exchange.close_connection = True
            return
        text = answered.body if isinstance(answered.body, str) else json.dumps(answered.body)
        kind = "text/plain" if isinstance(answered.body, str) else "application/json"
        exchange.send_response(answered.status)
        for name, value in {"Content-Type": kind, **answered.headers}.items():
            exchange.send_header(name, value)
        exchange.send_header("Content-Length", str(len(text.encode())))
        exchange.end_headers()
        exchange.wfile.write(text.encode())

    def _faulty(self, fault: str, parameter: str) -> Answered | None:
        match fault:
            case "" | "drop" | "swallow":
                return None
            case "hang":
                return Answered(200, "")
            case "html":
                page = {"Content-Type": "text/html"}
                return Answered(200, "<html><h1>Sign in</h1></html>", page)
            case "redirect":
                to = parameter or "http://elsewhere.example/login"
                return Answered(302, "", {"Location": to})
            case "429":
                return self.too_many(parameter)
        return Answered(int(fault), parameter or f"status {fault}")

    def too_many(self, seconds: str) -> Answered:
        """Return this receiver's 429."""
        headers = {"Retry-After": seconds} if seconds else {}
        return Answered(429, "Too many requests", headers)


LOG_SCHEMAS = {
    "snooze": "SnoozeLogEntry",
    "escalate": "EscalateLogEntry",
    "assign": "AssignLogEntry",
    "delegate": "DelegateLogEntry",
}
"""The published shapes of log entries; of the others what all have in common holds."""


class PagerDutyServer(Receiver):
    """PagerDuty's Events and REST API over incidents that its events open.

    With a `clock` it logs what is done through the REST API, as PagerDuty does; `people` are those
    of each level of its policy. `refusing` are errors that the next requests of the REST API meet:
    what the path ends with, status, number and words. `allowance` is what its rate limit leaves, and
    for how many seconds.
    """

    def __init__(
        self, routing_key: str = "R0UT1NGKEY0123456789abcdef012345", token: str = "t0k3n-secret"
    ):
        super().__init__()
        self.routing_key = routing_key
        self.token = token
        self.user = "john@example.com"
        self.incidents: list[dict[str, Any]] = []
        self.log: list[dict[str, Any]] = []
        self.notes: list[tuple[str, str]] = []
        self.changes: list[dict[str, Any]] = []
        self.on_calls: list[dict[str, Any]] = []
        self.schedules: dict[str, list[tuple[str, str | None, str]]] = {}
        self.users: dict[str, tuple[str, str]] = {}
        self.may_read_users = True
        self.levels = 4
        self.clock: Callable[[], datetime] | None = None
        self.people: dict[int, str] = {}
        self.slow_to_open = 0
        self.refusing: list[tuple[str, int, int, str]] = []
        self.allowance: tuple[int, int] | None = None

    def answer(self, received: Received) -> Answered:
        """Return PagerDuty's answer."""
        path = received.path.partition("?")[0]
        if path.endswith("/change/enqueue"):
            return self._change(received)
        if path.endswith("/enqueue"):
            return self._event(received)
        answered = self._refused(path) or self._rest(received, path)
        if self.allowance is not None:
            remaining, reset = self.allowance
            self.allowance = (max(remaining - 1, 0), reset)
            answered.headers.update(_limits(remaining, str(reset)))
        return answered

    def _refused(self, path: str) -> Answered | None:
        """Return the error that this request is to meet, in the published shape of errors."""
        if not self.refusing or not path.endswith(self.refusing[0][0]):
            return None
        _, status, code, words = self.refusing.pop(0)
        body = {"error": {"message": words, "code": code, "errors": []}}
        self.wrong += published_error_faults(REST, body)
        return Answered(status, body)

    def too_many(self, seconds: str) -> Answered:
        """Return the documented shape of a 429; `reset:SECONDS` says it as the REST API does."""
        if seconds.startswith("reset:"):
            body = {"error": {"message": "Rate Limit Exceeded", "code": 2020, "errors": []}}
            self.wrong += published_error_faults(REST, body)
            return Answered(429, body, _limits(0, seconds.removeprefix("reset:")))
        answered = super().too_many(seconds)
        said = {
            "status": "throttle exceeded",
            "message": "Requests for this service are arriving too quickly.",
        }
        return Answered(429, said, answered.headers)

    def open(self, key: str) -> dict[str, Any] | None:
        """Return the open incident with an alert of this dedup key."""
        for incident in self.incidents:
            if incident["key"] == key and incident["status"] != "resolved":
                return incident
        return None

    def enter(
        self,
        kind: str,
        incident: str,
        at: str,
        agent: str = "user_reference",
        agent_more: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        """Write a log entry, as something that happened there."""
        entry = {
            "id": f"L{len(self.log):04}",
            "type": f"{kind}_log_entry",
            "created_at": at,
            "agent": {"id": "PU1", "type": agent, "summary": "Jane Doe", **(agent_more or {})},
            "channel": {"type": "website"},
            "incident": {"id": incident, "type": "incident_reference"},
            **more,
        }
        schema = LOG_SCHEMAS.get(kind, "LogEntry")
        # The document says that a channel is exactly one of several shapes that all fit each one.
        plain = {name: value for name, value in entry.items() if name != "channel"}
        self.wrong += published_thing_faults(REST, schema, plain)
        self.log.append(entry)

    def _enter_own(self, kind: str, incident: dict[str, Any], **more: Any) -> None:
        """Log what came through the REST API: by the user in whose name it was done."""
        if self.clock is not None:
            own = {"id": "PU0", "summary": "John Own"}
            self.enter(kind, incident["id"], self.clock().isoformat(), agent_more=own, **more)

    def _event(self, received: Received) -> Answered:
        event = received.message
        if len(received.body) > 512 * 1024 or not isinstance(event, dict):
            return Answered(400, _invalid("Event object is invalid", "JSON parse error"))
        self.wrong += faults_of("pagerduty-event", event)
        self.wrong += published_faults(EVENTS, "/enqueue", "POST", event)
        if event.get("routing_key") != self.routing_key:
            said = f"routing_key {event.get('routing_key')} is not valid"
            return Answered(400, _invalid("Invalid routing key", said))
        key = event["dedup_key"]
        incident = self.open(key)
        if event["event_action"] == "trigger":
            if incident is None:
                number = len(self.incidents) + 1
                incident = {
                    "id": f"PI{number}",
                    "key": key,
                    "status": "triggered",
                    "level": 1,
                    "events": [],
                }
                self.incidents.append(incident)
            incident["events"].append(event)
        elif incident is not None:
            incident["status"] = f"{event['event_action']}d"
        return Answered(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _change(self, received: Received) -> Answered:
        self.wrong += faults_of("pagerduty-change", received.message)
        self.wrong += published_faults(EVENTS, "/change/enqueue", "POST", received.message)
        self.changes.append(received.message)
        return Answered(202, {"status": "success", "message": "Change event processed"})

    def _rest(self, received: Received, path: str) -> Answered:
        self.wrong += published_faults(REST, received.path, received.method, received.message)
        if received.headers.get("authorization") != f"Token token={self.token}":
            return Answered(401, {"error": {"message": "Unauthorized", "code": 2006}})
        if received.headers.get("accept") != "application/vnd.pagerduty+json;version=2":
            self.wrong.append(f"Accept: {received.headers.get('accept')}")
        if received.method != "GET" and received.headers.get("from") != self.user:
            said = {"message": "Requester User Not Found", "code": 1008}
            return Answered(400, {"error": said})
        if received.method == "GET":
            return self._read(received, path)
        incident = next((i for i in self.incidents if i["id"] == path.split("/")[2]), None)
        if incident is None:
            return Answered(404, {"error": {"message": "Not Found", "code": 2100}})
        if path.endswith("/notes"):
            self.wrong += faults_of("pagerduty-note", received.message)
            self.notes.append((incident["id"], received.message["note"]["content"]))
            return Answered(200, {"note": {"id": "PN1", **received.message["note"]}})
        if path.endswith("/snooze"):
            self.wrong += faults_of("pagerduty-snooze", received.message)
            if incident["status"] != "acknowledged":
                return _refused(1012, "Incident Not Acknowledged")
            incident["snoozed"] = received.message["duration"]
            if self.clock is not None:
                until = self.clock() + timedelta(seconds=incident["snoozed"])
                self._enter_own("snooze", incident, changed_actions=back_at(until))
            return Answered(201, {"incident": incident})
        return self._put(received, incident)

    def _put(self, received: Received, incident: dict[str, Any]) -> Answered:
        self.wrong += faults_of("pagerduty-incident", received.message)
        change = received.message["incident"]
        if incident["status"] == "resolved":
            return _refused(1001, "Incident Already Resolved")
        if change.get("status") == incident["status"]:
            return _refused(1002, "Incident Already Acknowledged")
        if change.get("escalation_level", 1) > self.levels:
            return _refused(1006, "Incident Cannot Be Escalated")
        incident["status"] = change.get("status", incident["status"])
        incident["level"] = change.get("escalation_level", incident["level"])
        if "status" in change:
            self._enter_own(change["status"].removesuffix("d"), incident)
        if "escalation_level" in change:
            given = [user(self.people[n])] if (n := incident["level"]) in self.people else []
            self._enter_own("escalate", incident, assignees=given)
        return Answered(200, {"incident": incident})

    def _schedule(self, received: Received, path: str) -> Answered:
        """A schedule: `schedules` has its shifts (start, end, user id), `users` name and address by id."""
        id, _, users = path.removeprefix("/schedules/").partition("/")
        if id not in self.schedules:
            return Answered(404, {"error": {"message": "Not Found", "code": 2100}})
        if users and not self.may_read_users:
            return Answered(403, {"error": {"message": "Access Denied", "code": 2010}})
        since, until = (received.query[name][0] for name in ("since", "until"))
        shifts = [
            (start, end, user)
            for start, end, user in self.schedules[id]
            if (end is None or end > since) and start < until
        ]
        if received.query.get("overflow") != ["true"]:
            shifts = [(max(s, since), min(e or until, until), user) for s, e, user in shifts]
        if users:
            there = {
                user: {"id": user, "type": "user", "name": name, "email": email}
                for user, (name, email) in self.users.items()
                if any(user == one for _, _, one in shifts)
            }
            return self._published(received, {"users": list(there.values())})
        entries = [
            {
                "start": start,
                "end": end,
                "user": {
                    "id": user,
                    "type": "user_reference",
                    "summary": self.users.get(user, ("Somebody", ""))[0],
                },
            }
            for start, end, user in shifts
        ]
        final = {"name": "Final Schedule", "rendered_schedule_entries": entries}
        schedule = {
            "id": id,
            "type": "schedule",
            "summary": "Payments",
            "name": "Payments",
            "time_zone": "UTC",
            "schedule_layers": [],
            "final_schedule": final,
        }
        return self._published(received, {"schedule": schedule})

    def _published(self, received: Received, body: dict[str, Any]) -> Answered:
        # A shift without an end has null there, which the document says in words alone.
        told = json.loads(json.dumps(body).replace('"end": null', '"end": ""'))
        self.wrong += answer_faults(REST, received.path, received.method, 200, told)
        return Answered(200, body)

    def _read(self, received: Received, path: str) -> Answered:
        if path.startswith("/schedules/"):
            return self._schedule(received, path)
        query = received.query
        limit, offset = (int(query.get(name, ["0"])[0]) for name in ("limit", "offset"))
        if limit > 100:
            self.wrong.append(f"limit {limit}")
        if path == "/incidents":
            if self.slow_to_open:
                self.slow_to_open -= 1
                return Answered(200, {"incidents": [], "more": False})
            found = [
                {"id": i["id"], "type": "incident", "status": i["status"], "incident_key": None}
                for i in self.incidents
                if i["key"] in query["incident_key"] and i["status"] in query["statuses[]"]
            ]
            return Answered(200, {"incidents": found[:limit], "more": False})
        name, entries = (
            ("log_entries", self.log) if path == "/log_entries" else ("oncalls", self.on_calls)
        )
        listed = entries[offset : offset + limit]
        more = offset + limit < len(entries)
        return Answered(
            200, {name: listed, "limit": limit, "offset": offset, "more": more, "total": None}
        )


def user(name: str) -> dict[str, str]:
    """Return a reference to a user of PagerDuty."""
    return {"id": f"P{name.upper()[:6]}", "type": "user_reference", "summary": name}


def back_at(until: datetime) -> list[dict[str, str]]:
    """Return the actions that wait for a snoozed incident: it is given back when the snooze ends."""
    return [{"type": "unacknowledge", "at": until.isoformat()}]


class SlackServer(Receiver):
    """Slack's incoming webhook and Web API with three channels.

    `scopes` are what the app may do, `members` the channels that it is in, `private` those that only
    their members see, `epoch` when the first message is posted, in seconds: a second later the next.
    `too_much` is the error that a message with blocks meets.
    """

    def __init__(
        self, token: str = "xoxb-secret-token", hook: str = "/services/T000/B000/s3cr3tPath"
    ):
        super().__init__()
        self.token = token
        self.hook = hook
        self.channels = {"#incidents": "C0INCIDENTS", "#other": "C0OTHER", "#oncall": "C0ONCALL"}
        self.scopes = {"chat:write", "channels:history", "channels:read"}
        self.members = set(self.channels.values())
        self.private: set[str] = set()
        self.epoch = 1_700_000_000
        self.messages: dict[str, dict[str, Any]] = {}
        self.posted: list[dict[str, Any]] = []
        self.error = ""
        self.hook_error: tuple[int, str] | None = None
        self.too_much = ""

    def answer(self, received: Received) -> Answered:
        """Return Slack's answer."""
        method = received.path.partition("?")[0].rpartition("/")[2]
        if method in ("conversations.history", "conversations.list"):
            return self._listing(received, method)
        if method not in ("chat.postMessage", "chat.update"):
            return self._hook(received)
        self.wrong += faults_of("slack-message", received.message)
        if received.headers.get("authorization") != f"Bearer {self.token}":
            return Answered(200, {"ok": False, "error": "invalid_auth"})
        if self.error:
            return Answered(200, {"ok": False, "error": self.error})
        message = received.message
        if self.too_much and "blocks" in message:
            return Answered(200, {"ok": False, "error": self.too_much})
        channel = self.channels.get(message["channel"], message["channel"])
        if channel not in self.channels.values():
            return Answered(200, {"ok": False, "error": "channel_not_found"})
        if channel not in self.members:
            return Answered(200, {"ok": False, "error": "not_in_channel"})
        if method == "chat.update":
            if message["channel"] not in self.channels.values():
                return Answered(200, {"ok": False, "error": "channel_not_found"})
            if message["ts"] not in self.messages:
                return Answered(200, {"ok": False, "error": "message_not_found"})
            self.messages[message["ts"]] = {**self.messages[message["ts"]], **message}
            return Answered(200, {"ok": True, "channel": channel, "ts": message["ts"]})
        if message.get("thread_ts", "") not in {"", *self.messages}:
            return Answered(200, {"ok": False, "error": "thread_not_found"})
        ts = f"{self.epoch + len(self.posted)}.000100"
        self.messages[ts] = message
        self.posted.append(message)
        return Answered(200, {"ok": True, "channel": channel, "ts": ts})

    def too_many(self, seconds: str) -> Answered:
        """Return the documented 429."""
        return Answered(
            429, {"ok": False, "error": "ratelimited"}, super().too_many(seconds).headers
        )

    def _listing(self, received: Received, method: str) -> Answered:
        """Answer what reads (docs.slack.dev, conversations.history and conversations.list)."""
        query = {name: values[0] for name, values in received.query.items()}
        known = {
            "conversations.history": {
                *("channel", "cursor", "include_all_metadata", "inclusive", "latest", "limit"),
                "oldest",
            },
            "conversations.list": {"cursor", "exclude_archived", "limit", "team_id", "types"},
        }[method]
        self.wrong += [f"{name} is no argument of {method}" for name in set(query) - known]
        if received.method != "GET" or int(query.get("limit", "100")) > 999:
            self.wrong.append(f"{received.method} {received.path}")
        if received.headers.get("authorization") != f"Bearer {self.token}":
            return Answered(200, {"ok": False, "error": "invalid_auth"})
        private = query.get("channel") in self.private
        kinds = query.get("types", "public_channel").split(",")
        areas = [f"{'groups' if private else 'channels'}:history"]
        if method == "conversations.list":
            areas = ["groups:read" if "private" in kind else "channels:read" for kind in kinds]
        needed = next((area for area in areas if area not in self.scopes), "")
        if needed:
            refusal = {"ok": False, "error": "missing_scope", "needed": needed}
            return Answered(200, {**refusal, "provided": ",".join(sorted(self.scopes))})
        if method == "conversations.list":
            found = [
                {"id": id, "name": name[1:]}
                for name, id in self.channels.items()
                if ("private_channel" if id in self.private else "public_channel") in kinds
            ]
            return self._paged("channels", found, query)
        if query.get("channel") not in self.channels.values():
            return Answered(200, {"ok": False, "error": "channel_not_found"})
        if query["channel"] not in self.members:
            return Answered(200, {"ok": False, "error": "not_in_channel"})
        newest = [
            {"type": "message", "ts": ts, "text": message["text"]}
            | ({"metadata": message["metadata"]} if "metadata" in message else {})
            for ts, message in reversed(self.messages.items())
            if self.channels.get(message["channel"], message["channel"]) == query["channel"]
            and float(ts) > float(query.get("oldest", 0))
        ]
        if query.get("include_all_metadata") != "true":
            newest = [{k: v for k, v in one.items() if k != "metadata"} for one in newest]
        return self._paged("messages", newest, query)

    def _paged(self, name: str, found: list[dict[str, Any]], query: dict[str, str]) -> Answered:
        begin, size = int(query.get("cursor", "0")), int(query.get("limit", "100"))
        more = str(begin + size) if begin + size < len(found) else ""
        listed = {"ok": True, name: found[begin : begin + size]}
        return Answered(200, {**listed, "response_metadata": {"next_cursor": more}})

    def _hook(self, received: Received) -> Answered:
        if received.path != self.hook:
            return Answered(404, "no_service")
        self.wrong += faults_of("slack-webhook", received.message)
        if self.hook_error:
            return Answered(*self.hook_error)
        if self.too_much and "blocks" in received.message:
            return Answered(400, self.too_much)
        self.posted.append(received.message)
        return Answered(200, "ok")


def pings_of(message: Any) -> list[str]:
    """Return what Slack would take for a mention, a channel or a command in a message's texts."""
    return [
        found
        for text in texts_of(message)
        for found in re.findall(r"<[^>]*>", text)
        if not re.match(r"<https?://", found)
    ]


def texts_of(message: Any) -> list[str]:
    """Return every text that Slack would render."""
    if isinstance(message, dict):
        own = [message["text"]] if isinstance(message.get("text"), str) else []
        return own + [
            t for key, value in message.items() if key != "text" or not own for t in texts_of(value)
        ]
    if isinstance(message, list):
        return [text for item in message for text in texts_of(item)]
    return []


def _invalid(message: str, error: str) -> dict[str, Any]:
    return {"status": "invalid event", "message": message, "errors": [error]}


def _limits(remaining: int, reset: str) -> dict[str, str]:
    """The headers of PagerDuty's REST API rate limit: `reset` is in seconds."""
    limits = {"limit": "960", "remaining": str(remaining), "reset": reset}
    return {f"ratelimit-{name}": value for name, value in limits.items()}


def _refused(code: int, message: str) -> Answered:
    return Answered(400, {"error": {"message": message, "code": code, "errors": []}})
