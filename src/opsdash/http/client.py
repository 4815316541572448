"""One kept-alive HTTP client a server: pinned to its origin, capped, under one total deadline.

Nothing but RemoteError (and cancellation) leaves it, and no message holds a credential: not those
of the URL, not a header, not a query parameter, even where the server sends them back.
"""

import asyncio
import re
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from opsdash import __version__
from opsdash.domain.duration import format_duration
from opsdash.domain.text import SafeText, clean
from opsdash.http import credentials, tls
from opsdash.http.connections import CONNECTIONS, Arriving, Connections, Outgoing
from opsdash.http.credentials import Credentials, scrub
from opsdash.http.errors import NoAnswerError, RemoteError, TooLargeError, UnsentError
from opsdash.http.fault import describe
from opsdash.http.reply import (
    HTML,
    TEXT_LIMIT,
    Body,
    Reply,
    read_allowance,
    read_date,
    read_retry_after,
    read_validator,
    words_of,
)
from opsdash.http.request import Content, Request, encode_form
from opsdash.http.settings import HttpSettings

if TYPE_CHECKING:
    import ssl

MEBIBYTE = 1 << 20
BODY_CAP = 8 * MEBIBYTE
"""Bytes of one body that are read where a caller names no other cap."""

_TOGETHER = 32 * MEBIBYTE
"""Bytes of all answers under way beyond which none may be larger than BODY_CAP: servers that answer
without end, all at once, must not take the memory of the host."""

LONGEST_RETRY_AFTER = timedelta(seconds=300)
AUTH_RETRY_AFTER = timedelta(seconds=60)
_WORDS_READ = 4096
_UNSENT = ("ConnectError", "ProxyError", "LocalProtocolError", "InvalidURL", "UnsupportedProtocol")
"""Names of errors that come before anything is sent; those of all connections are httpx'."""

_BROKEN = ("RemoteProtocolError", "ReadError", "WriteError")
"""Names of errors that an idle connection gives which its server has closed."""

_SAFE = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"#<>`{}')
"""Characters that a target may hold as they are; among them %, for what was quoted already."""

_BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")

_OWN_HEADERS = {
    "Accept": b"application/json",
    "Accept-Encoding": b"identity",
    "User-Agent": f"opsdash/{__version__}".encode(),
}


class HttpClient:
    """Sends requests to one origin and returns whole replies.

    `asked` is set once a request has gone out.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        parts = _split(settings.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        self._root = f"{parts.scheme}://{host}{port}"
        self.origin = clean(self._root, TEXT_LIMIT)
        self._base = parts.path.rstrip("/")
        self._credentials = Credentials(
            settings.headers,
            settings.basic_auth or credentials.of_url(parts),
            settings.authorization,
            parts.query,
        )
        self._tls = parts.scheme == "https"
        self._context: ssl.SSLContext | None = None
        self._connections: Connections | None = None
        self._retired: list[Connections] = []
        self._opening = asyncio.Lock()
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._running = 0
        self._reused = False
        self.asked = asyncio.Event()

    async def fetch(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        deadline: float | None = None,
        cap: int = BODY_CAP,
        known: bytes = b"",
        into: Body | None = None,
    ) -> Reply:
        """Return the reply to a GET, or to a POST of `form`, if its status is 200; else raise."""
        reply = await self.send(path, parameters, form, deadline, cap, known, into=into)
        if reply.status != 200:
            raise self.refusal(reply)
        return reply

    async def send(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        deadline: float | None = None,
        cap: int = BODY_CAP,
        known: bytes = b"",
        content: Content | None = None,
        into: Body | None = None,
    ) -> Reply:
        """Return the reply whatever its status; raise RemoteError for redirects and broken ones.

        `deadline` is a moment of the event loop's clock that may come before the client's own
        timeout; a body larger than `cap` bytes raises TooLargeError; `known` is the body that
        the answer probably has again, which is then the reply's. `content` is sent in place of
        a form. `into` takes the body of an answer whose status is 200.
        """
        ends = asyncio.get_running_loop().time() + self.settings.timeout
        limit = asyncio.timeout_at(ends if deadline is None else min(ends, deadline))
        request = Request(path, parameters or {}, form, cap, known, content, into=into)
        secrets: list[str] = []
        try:
            async with limit, self._turns:
                headers, secrets = self._credentials.reveal(self.origin)
                async with self._connections_in_use() as connections:
                    return await self._exchange(connections, request, _OWN_HEADERS | headers)
        except RemoteError as error:
            raise type(error)(scrub(error.reason, secrets), error.retry_after) from None
        except TimeoutError:
            state = f"only {request.arrived} bytes of an answer" if request.arrived else "no answer"
            text = f"{state} from {self.origin} within {self.settings.timeout:g} s"
            raise NoAnswerError(clean(text, 2 * TEXT_LIMIT)) from None
        except Exception as error:
            if tls.concerns(error):
                self._context = None  # so that a renewed certificate is read the next time
                self._retire()
            anonymous = self._tls and not self.settings.cert_file and not self._reused
            reason = clean(describe(error, self.origin, anonymous), 2 * TEXT_LIMIT)
            kind = UnsentError if type(error).__name__ in _UNSENT else RemoteError
            raise kind(scrub(reason, secrets)) from None

    def refusal(self, reply: Reply) -> RemoteError:
        """Return the error that a reply with this status means."""
        said = self.words(reply)
        tail = f": {said}" if said else ""
        if reply.status in (401, 403, 407):
            text = f"auth failed at {self.origin} ({reply.status}){tail}"
            return RemoteError(clean(text, 2 * TEXT_LIMIT), AUTH_RETRY_AFTER)
        if reply.status in (429, 503) and reply.wait is not None:
            wait = min(reply.wait, LONGEST_RETRY_AFTER)
            asked = format_duration(reply.wait)
            pause = f"; asked to wait {asked}, trying again in {format_duration(wait)}"
            text = f"{self.origin} answered {reply.status}{tail}{pause}"
            return RemoteError(clean(text, 2 * TEXT_LIMIT), wait)
        hint = "; is the path of its url right?" if reply.status == 404 else ""
        return _fail(f"{self.origin} answered {reply.status}{tail}{hint}")

    def strange(self, what: str, reply: Reply) -> RemoteError:
        """Return the error that a reply of status 200 means which is not what the API promises."""
        if reply.content_type == "text/html":
            what = HTML
        return _fail(f"{self.origin} answered {what}")

    def words(self, reply: Reply) -> SafeText:
        """Return what the body of a refusal says, whatever its shape, in 200 clean characters."""
        try:
            _, secrets = self._credentials.reveal(self.origin)
        except RemoteError:
            return SafeText("")
        # Cut last: the beginning of a secret that a cut went through would not be known as one.
        return clean(scrub(clean(words_of(reply), _WORDS_READ), secrets), TEXT_LIMIT)

    async def close(self) -> None:
        """Let go of the connections; the next request opens new ones."""
        self._retire()
        await self._close_retired()

    @asynccontextmanager
    async def _connections_in_use(self) -> AsyncIterator[Connections]:
        """Lend the connections; those of which a request was cut off are replaced.

        A connection that httpcore was about to give to a request that is cancelled stays taken
        for good (httpcore 1.0): with a hung server its pool would run out. So requests wait for
        their turn here and not there, and a pool that met a cancellation is used no more.
        """
        connections = await self._open()
        self._running += 1
        try:
            yield connections
        except asyncio.CancelledError:
            if connections is self._connections:
                self._retire()
            raise
        finally:
            self._running -= 1
            if self._retired and not self._running:
                await self._close_retired()

    async def _open(self) -> Connections:
        async with self._opening:
            if self._connections is None:
                self._connections = await self._connect()
            return self._connections

    async def _connect(self) -> Connections:
        proxy = self.settings.proxy_url
        if not self._tls and proxy is None:
            from opsdash.http.plain import PlainConnections

            return PlainConnections(self._root)
        from opsdash.http.by_httpx import HttpxConnections

        if self._context is None:
            # Authorities are read from the disk, and parsed.
            self._context = await asyncio.to_thread(tls.make_context, self.settings, self._tls)
        return HttpxConnections(self._root, self._context, proxy)

    def _retire(self) -> None:
        if self._connections is not None:
            self._retired.append(self._connections)
            self._connections = None

    async def _close_retired(self) -> None:
        while self._retired:
            await self._retired.pop().close()

    async def _exchange(
        self, connections: Connections, request: Request, headers: Mapping[str, bytes]
    ) -> Reply:
        try:
            return await self._receive(connections, request, headers)
        except Exception as error:
            once = request.content is not None and not request.content.repeatable
            broken = type(error).__name__ in _BROKEN
            if not broken or request.arrived or not self._reused or once:
                raise
        # The server closed an idle connection while the request was on its way: ask once more.
        return await self._receive(connections, request, headers)

    async def _receive(
        self, connections: Connections, request: Request, headers: Mapping[str, bytes]
    ) -> Reply:
        answer = await connections.send(self._outgoing(request, headers))
        self._reused = True
        body = Body(request.known)
        if request.into is not None and answer.status == 200:
            body = request.into
        try:
            self._check(answer, request.cap)
            async for piece in answer.pieces:
                body.add(piece)
                request.arrived = body.size
                crowded = Body.under_way > _TOGETHER and body.size > BODY_CAP
                if body.size > request.cap or crowded:
                    raise self._too_large(min(request.cap, body.size))
            whole = body.whole()
        finally:
            body.let_go()
            await answer.close()
        told = answer.headers
        date = read_date(told.get("date"))
        return Reply(
            answer.status,
            whole,
            told.get("content-type", "").partition(";")[0].strip().lower(),
            date,
            read_retry_after(told.get("retry-after"), date),
            read_validator(told.get("etag")),
            read_validator(told.get("last-modified")),
            *read_allowance(told.get("ratelimit-remaining"), told.get("ratelimit-reset")),
        )

    def _outgoing(self, request: Request, headers: Mapping[str, bytes]) -> Outgoing:
        own = encode_form(request.parameters)
        query = "&".join(filter(None, (self._credentials.parameters, own)))
        method, content = "GET", None
        if request.form is not None:
            headers = {**headers, "Content-Type": b"application/x-www-form-urlencoded"}
            method = "POST"
            content = encode_form(request.form).encode()
        elif request.content is not None:
            own_headers = request.content.headers.items()
            headers = {**headers, **{name: value.encode() for name, value in own_headers}}
            method, content = request.content.method, request.content.body
        path = self._base + request.path
        target = (path if path.startswith("/") else f"/{path}") + (f"?{query}" if query else "")
        quoted = _BARE_PERCENT.sub("%25", urllib.parse.quote(target, safe=_SAFE))
        name = self.settings.server_name
        return Outgoing(method, quoted, headers, content, name, self.asked.set)

    def _check(self, answer: Arriving, cap: int) -> None:
        """Raise RemoteError for a redirect, a compressed body or one announced as too large."""
        # 304 answers a question whether anything has changed, and leads nowhere.
        if answer.status // 100 == 3 and answer.status != 304:
            to = _origin_of(answer.headers.get("location", ""), self.origin)
            raise _fail(f"{self.origin} redirects to {to}: not followed; configure the final URL")
        encoding = answer.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise _fail(
                f"{self.origin} sent a compressed answer ({encoding}) that nobody asked for"
            )
        length = answer.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:18]) > cap:
            raise self._too_large(cap)

    def _too_large(self, cap: int) -> RemoteError:
        size = cap // MEBIBYTE
        return TooLargeError(clean(f"the answer of {self.origin} is larger than {size} MiB", 400))


def _fail(text: str) -> RemoteError:
    return RemoteError(clean(text, 2 * TEXT_LIMIT))


def _split(url: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise _fail("the URL must be http://HOST[:PORT][/PATH] or https://…")
    return parts


def _origin_of(location: str, base: str) -> str:
    try:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, location))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"
