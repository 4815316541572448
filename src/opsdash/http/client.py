"""One kept-alive HTTP client a server: pinned to its origin, capped, under one total deadline.

Nothing but RemoteError (and cancellation) leaves it, and no message holds a credential: not those
of the URL, not a header, not a query parameter, even where the server sends them back.
"""

import asyncio
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from opsdash import __version__
from opsdash.domain.duration import format_duration
from opsdash.domain.text import SafeText, clean
from opsdash.http import credentials, tls
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

    import httpx

MEBIBYTE = 1 << 20
BODY_CAP = 8 * MEBIBYTE
"""Bytes of one body that are read where a caller names no other cap."""

_TOGETHER = 32 * MEBIBYTE
"""Bytes of all answers under way beyond which none may be larger than BODY_CAP: servers that answer
without end, all at once, must not take the memory of the host."""

LONGEST_RETRY_AFTER = timedelta(seconds=300)
AUTH_RETRY_AFTER = timedelta(seconds=60)
_WORDS_READ = 4096
_KEEP_ALIVE = 120.0
_CONNECTIONS = 6
_UNSENT = ("ConnectError", "ProxyError", "LocalProtocolError", "InvalidURL", "UnsupportedProtocol")
"""Names of httpx' errors that come before anything is sent: without its import, which is dear."""

_OWN_HEADERS = {
    "Accept": b"application/json",
    "Accept-Encoding": b"identity",
    "User-Agent": f"opsdash/{__version__}".encode(),
}


class HttpClient:
    """Sends requests to one origin and returns whole replies."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        parts = _split(settings.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        self.origin = clean(f"{parts.scheme}://{host}{port}", TEXT_LIMIT)
        self._base = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
        self._credentials = Credentials(
            settings.headers,
            settings.basic_auth or credentials.of_url(parts),
            settings.authorization,
            parts.query,
        )
        self._tls = parts.scheme == "https"
        self._context: ssl.SSLContext | None = None
        self._client: httpx.AsyncClient | None = None
        self._retired: list[httpx.AsyncClient] = []
        self._opening = asyncio.Lock()
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        self._running = 0
        self._reused = False

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
                async with self._client_in_use() as client:
                    return await self._exchange(client, request, _OWN_HEADERS | headers)
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
    async def _client_in_use(self) -> AsyncIterator["httpx.AsyncClient"]:
        """Lend the client; one whose request was cut off is replaced.

        A connection that httpcore was about to give to a request that is cancelled stays taken
        for good (httpcore 1.0): with a hung server its pool would run out. So requests wait for
        their turn here and not there, and a pool that met a cancellation is used no more.
        """
        client = await self._open()
        self._running += 1
        try:
            yield client
        except asyncio.CancelledError:
            if client is self._client:
                self._retire()
            raise
        finally:
            self._running -= 1
            if self._retired and not self._running:
                await self._close_retired()

    async def _open(self) -> "httpx.AsyncClient":
        async with self._opening:
            if self._client is None:
                from opsdash.http import transport

                if self._context is None:
                    self._context = await self._make_context()
                self._client = transport.open_client(
                    self._context, self._tls, self.settings.proxy_url, _CONNECTIONS, _KEEP_ALIVE
                )
            return self._client

    async def _make_context(self) -> "ssl.SSLContext":
        if not self._tls:
            return tls.make_context(self.settings, self._tls)
        # Authorities are read from the disk, and parsed.
        return await asyncio.to_thread(tls.make_context, self.settings, self._tls)

    def _retire(self) -> None:
        if self._client is not None:
            self._retired.append(self._client)
            self._client = None

    async def _close_retired(self) -> None:
        while self._retired:
            await self._retired.pop().aclose()

    async def _exchange(
        self, client: "httpx.AsyncClient", request: Request, headers: Mapping[str, bytes]
    ) -> Reply:
        import httpx

        try:
            return await self._receive(client, request, headers)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            once = request.content is not None and not request.content.repeatable
            if request.arrived or not self._reused or once:
                raise
        # The server closed an idle connection while the request was on its way: ask once more.
        return await self._receive(client, request, headers)

    async def _receive(
        self, client: "httpx.AsyncClient", request: Request, headers: Mapping[str, bytes]
    ) -> Reply:
        response = await client.send(self._build(client, request, headers), stream=True)
        self._reused = True
        body = Body(request.known)
        if request.into is not None and response.status_code == 200:
            body = request.into
        try:
            self._check(response, request.cap)
            async for chunk in response.aiter_raw():
                body.add(chunk)
                request.arrived = body.size
                crowded = Body.under_way > _TOGETHER and body.size > BODY_CAP
                if body.size > request.cap or crowded:
                    raise self._too_large(min(request.cap, body.size))
            whole = body.whole()
        finally:
            body.let_go()
            await response.aclose()
        date = read_date(response.headers.get("date"))
        return Reply(
            response.status_code,
            whole,
            response.headers.get("content-type", "").partition(";")[0].strip().lower(),
            date,
            read_retry_after(response.headers.get("retry-after"), date),
            read_validator(response.headers.get("etag")),
            read_validator(response.headers.get("last-modified")),
            *read_allowance(
                response.headers.get("ratelimit-remaining"), response.headers.get("ratelimit-reset")
            ),
        )

    def _build(
        self, client: "httpx.AsyncClient", request: Request, headers: Mapping[str, bytes]
    ) -> "httpx.Request":
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
        server_name = self.settings.server_name
        return client.build_request(
            method,
            self._base + request.path + (f"?{query}" if query else ""),
            headers={name.encode(): value for name, value in headers.items()},
            content=content,
            extensions={"sni_hostname": server_name} if server_name else None,
        )

    def _check(self, response: "httpx.Response", cap: int) -> None:
        """Raise RemoteError for a redirect, a compressed body or one announced as too large."""
        # 304 answers a question whether anything has changed, and leads nowhere.
        if response.status_code // 100 == 3 and response.status_code != 304:
            to = _origin_of(response.headers.get("location", ""), self.origin)
            raise _fail(f"{self.origin} redirects to {to}: not followed; configure the final URL")
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise _fail(
                f"{self.origin} sent a compressed answer ({encoding}) that nobody asked for"
            )
        length = response.headers.get("content-length", "")
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
