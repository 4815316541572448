"""One kept-alive HTTP client a source: pinned to its origin, capped, under one total deadline.

Nothing but SourceError (and cancellation) leaves it, and no message holds a credential: not those
of the URL, not a header, not a query parameter, even where the server sends them back.
"""

import asyncio
import base64
import logging
import urllib.parse
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from opsdash import __version__
from opsdash.domain.duration import format_duration
from opsdash.domain.text import SafeText, clean
from opsdash.sources import tls
from opsdash.sources.fault import describe
from opsdash.sources.source import SourceError
from opsdash.sources.wire import MalformedError, read_json

if TYPE_CHECKING:
    import ssl

    import httpx

Secret = Callable[[], str]
"""Reveals a secret at the moment it is sent, so that a rotated file is obeyed."""

MEBIBYTE = 1 << 20
BODY_CAP = 8 * MEBIBYTE
"""Bytes of one body that are read where a caller names no other cap."""

TEXT_LIMIT = 200
"""Characters of a server's own words that an error may carry."""

LONGEST_RETRY_AFTER = timedelta(seconds=300)
AUTH_RETRY_AFTER = timedelta(seconds=60)
_KEEP_ALIVE = 120.0
_CONNECTIONS = 6
_HTML = "an HTML page; is there a login or another program at this URL?"


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How to reach one server, in the words of Prometheus' `http_config`; `timeout` in seconds.

    `url` may carry a path prefix and parameters, which every request then has. `basic_auth` is a
    user and a password, `authorization` a type (`Bearer`) and credentials.
    """

    url: str = field(repr=False)
    headers: Mapping[str, Secret] = field(default_factory=dict)
    basic_auth: tuple[str, Secret] | None = None
    authorization: tuple[str, Secret] | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    proxy_url: str | None = field(default=None, repr=False)
    timeout: float = 5.0


class Reply(NamedTuple):
    """A whole answer: status, body, content type, and the server's own clock where it told it."""

    status: int
    body: bytes
    content_type: str
    date: datetime | None
    retry_after: timedelta | None


class HttpClient:
    """Sends requests to one origin and returns whole replies."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        parts = _split(settings.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = f":{parts.port}" if parts.port else ""
        self.origin = clean(f"{parts.scheme}://{host}{port}", TEXT_LIMIT)
        self._base = f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"
        self._parameters = parts.query
        self._tls = parts.scheme == "https"
        self._url_auth = _url_credentials(parts)
        self._client: httpx.AsyncClient | None = None
        self._context: ssl.SSLContext | None = None
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
    ) -> Reply:
        """Return the reply to a GET, or to a POST of `form`, if its status is 200; else raise."""
        reply = await self.send(path, parameters, form, deadline, cap)
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
    ) -> Reply:
        """Return the reply whatever its status; raise SourceError for redirects and broken ones.

        `deadline` is a moment of the event loop's clock that may come before the client's own
        timeout; a body larger than `cap` bytes raises TooLargeError.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + self.settings.timeout
        limit = asyncio.timeout_at(ends if deadline is None else min(ends, deadline))
        secrets: list[str] = []
        progress = [0]
        try:
            async with limit, self._turns:
                headers = self._headers(secrets)
                async with self._client_in_use() as client:
                    request = self._request(client, path, parameters, form, headers)
                    return await self._exchange(client, request, progress, cap)
        except SourceError as error:
            reason = _scrub(error.reason, secrets)
            raise type(error)(reason, error.retry_after) from None
        except TimeoutError:
            state = f"only {progress[0]} bytes of an answer" if progress[0] else "no answer"
            text = f"{state} from {self.origin} within {self.settings.timeout:g} s"
            raise NoAnswerError(clean(text, 2 * TEXT_LIMIT)) from None
        except Exception as error:
            if tls.concerns(error):
                self._context = None  # so that a renewed certificate is read the next time
                self._retire()
            reason = clean(describe(error, self.origin), 2 * TEXT_LIMIT)
            raise SourceError(_scrub(reason, secrets)) from None

    def refusal(self, reply: Reply) -> SourceError:
        """Return the error that a reply with this status means."""
        said = self.words(reply)
        tail = f": {said}" if said else ""
        if reply.status in (401, 403, 407):
            text = f"auth failed at {self.origin} ({reply.status}){tail}"
            return SourceError(clean(text, 2 * TEXT_LIMIT), AUTH_RETRY_AFTER)
        if reply.status in (429, 503) and reply.retry_after is not None:
            wait = min(reply.retry_after, LONGEST_RETRY_AFTER)
            asked = format_duration(reply.retry_after)
            pause = f"; asked to wait {asked}, trying again in {format_duration(wait)}"
            text = f"{self.origin} answered {reply.status}{tail}{pause}"
            return SourceError(clean(text, 2 * TEXT_LIMIT), wait)
        return _fail(f"{self.origin} answered {reply.status}{tail}")

    def strange(self, what: str, reply: Reply) -> SourceError:
        """Return the error that a reply of status 200 means which is not what the API promises."""
        if reply.content_type == "text/html":
            what = _HTML
        return _fail(f"{self.origin} answered {what}")

    def words(self, reply: Reply) -> SafeText:
        """Return what the body of a refusal says, whatever its shape, in 200 clean characters."""
        secrets: list[str] = []
        try:
            self._headers(secrets)
        except SourceError:
            return SafeText("")
        return _scrub(clean(_words(reply), TEXT_LIMIT), secrets)

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

    def _retire(self) -> None:
        if self._client is not None:
            self._retired.append(self._client)
            self._client = None

    async def _close_retired(self) -> None:
        while self._retired:
            await self._retired.pop().aclose()

    async def _open(self) -> "httpx.AsyncClient":
        async with self._opening:
            if self._client is not None:
                return self._client
            import httpx

            for name in ("httpx", "httpcore"):  # their INFO lines hold whole URLs
                logging.getLogger(name).setLevel(logging.WARNING)
            if self._context is None:
                self._context = await asyncio.to_thread(tls.make_context, self.settings, self._tls)
            limits = httpx.Limits(
                max_connections=_CONNECTIONS,
                max_keepalive_connections=_CONNECTIONS,
                keepalive_expiry=_KEEP_ALIVE,
            )
            proxy = self.settings.proxy_url
            transport = httpx.AsyncHTTPTransport(
                verify=self._context, trust_env=False, limits=limits, proxy=proxy
            )
            if not self._tls and proxy is None:
                _use_sockets(transport)
            self._client = httpx.AsyncClient(
                transport=transport,
                trust_env=False,
                follow_redirects=False,
                timeout=None,  # noqa: S113 (one total deadline is set around every request)
            )
            return self._client

    def _headers(self, secrets: list[str]) -> dict[str, bytes]:
        """Return the headers of one request and collect in `secrets` what must not be shown."""
        headers = {
            "Accept": b"application/json",
            "Accept-Encoding": b"identity",
            "User-Agent": f"opsdash/{__version__}".encode(),
        }
        for name, secret in self.settings.headers.items():
            headers[name] = self._reveal(f"header {name}", secret, secrets)
        basic = self.settings.basic_auth or self._url_auth
        if self.settings.authorization is not None:
            kind, secret = self.settings.authorization
            token = self._reveal("the credentials", secret, secrets)
            headers["Authorization"] = kind.encode() + b" " + token
        elif basic is not None:
            user, secret = basic
            password = self._reveal("the password", secret, secrets)
            pair = base64.b64encode(user.encode() + b":" + password)
            secrets.append(pair.decode())
            headers["Authorization"] = b"Basic " + pair
        secrets += [value for _, value in urllib.parse.parse_qsl(self._parameters)]
        return headers

    def _reveal(self, what: str, secret: Secret, secrets: list[str]) -> bytes:
        try:
            text = secret()
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            raise _fail(f"cannot read {what} for {self.origin}{where}: {error.strerror}") from None
        except Exception as error:
            # The text of an error may quote what it stumbled on; only a reason is made for people.
            why = getattr(error, "reason", None) or type(error).__name__
            raise _fail(f"cannot read {what} for {self.origin}: {why}") from None
        if any(ord(character) < 32 or ord(character) == 127 for character in text):
            raise _fail(f"{what} for {self.origin} holds a line break or control character")
        secrets.append(text)
        return text.encode(errors="replace")

    def _request(
        self,
        client: "httpx.AsyncClient",
        path: str,
        parameters: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        headers: dict[str, bytes],
    ) -> "httpx.Request":
        query = "&".join(filter(None, (self._parameters, urllib.parse.urlencode(parameters or {}))))
        content = None
        if form is not None:
            headers = {**headers, "Content-Type": b"application/x-www-form-urlencoded"}
            content = urllib.parse.urlencode(form, errors="replace").encode()
        server_name = self.settings.server_name
        return client.build_request(
            "GET" if form is None else "POST",
            self._base + path + (f"?{query}" if query else ""),
            headers={name.encode(): value for name, value in headers.items()},
            content=content,
            extensions={"sni_hostname": server_name} if server_name else None,
        )

    async def _exchange(
        self,
        client: "httpx.AsyncClient",
        request: "httpx.Request",
        progress: list[int],
        cap: int,
    ) -> Reply:
        import httpx

        try:
            return await self._receive(client, request, progress, cap)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if progress[0] or not self._reused:
                raise
        # The server closed an idle connection while the request was on its way: ask once more.
        return await self._receive(client, request, progress, cap)

    async def _receive(
        self,
        client: "httpx.AsyncClient",
        request: "httpx.Request",
        progress: list[int],
        cap: int,
    ) -> Reply:
        response = await client.send(request, stream=True)
        self._reused = True
        try:
            self._check(response, cap)
            chunks = []
            async for chunk in response.aiter_raw():
                chunks.append(chunk)
                progress[0] += len(chunk)
                if progress[0] > cap:
                    raise self._too_large(cap)
        finally:
            await response.aclose()
        date = _date(response.headers.get("date"))
        return Reply(
            response.status_code,
            b"".join(chunks),
            response.headers.get("content-type", "").partition(";")[0].strip().lower(),
            date,
            _retry_after(response.headers.get("retry-after"), date),
        )

    def _check(self, response: "httpx.Response", cap: int) -> None:
        """Raise SourceError for a redirect, a compressed body or one announced as too large."""
        if response.status_code // 100 == 3:
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

    def _too_large(self, cap: int) -> SourceError:
        size = cap // MEBIBYTE
        return TooLargeError(clean(f"the answer of {self.origin} is larger than {size} MiB", 400))


def _use_sockets(transport: "httpx.AsyncHTTPTransport") -> None:
    """Read through plain sockets where httpx lets us, for a quarter of the processor time."""
    from opsdash.sources.sockets import SocketBackend

    pool = vars(transport).get("_pool")
    if "_network_backend" in vars(pool or object):
        vars(pool)["_network_backend"] = SocketBackend()


class TooLargeError(SourceError):
    """An answer beyond the cap."""


class NoAnswerError(SourceError):
    """No whole answer came before the deadline."""


def _fail(text: str) -> SourceError:
    return SourceError(clean(text, 2 * TEXT_LIMIT))


def _split(url: str) -> urllib.parse.SplitResult:
    try:
        parts = urllib.parse.urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise _fail("the URL must be http://HOST[:PORT][/PATH] or https://…")
    return parts


def _url_credentials(parts: urllib.parse.SplitResult) -> tuple[str, Secret] | None:
    if parts.username is None:
        return None
    password = urllib.parse.unquote(parts.password or "")
    return urllib.parse.unquote(parts.username), lambda: password


def _origin_of(location: str, base: str) -> str:
    try:
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(base, location))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _scrub(text: SafeText, secrets: list[str]) -> SafeText:
    for secret in secrets:
        for form in {secret, urllib.parse.quote(secret, safe=""), clean(secret)}:
            if form and form in text:
                text = SafeText(text.replace(form, "•••"))
    return text


def _words(reply: Reply) -> str:
    """Return the error text of Prometheus' envelope, Alertmanager's string or object, or plain text."""
    start = reply.body[:4096].lstrip()
    if reply.content_type == "text/html" or start[:1] == b"<":
        return _HTML
    if start[:1] not in (b"{", b'"'):
        return start[: 4 * TEXT_LIMIT].decode(errors="replace").strip()
    try:
        found = read_json(reply.body)
    except MalformedError:
        return start[: 4 * TEXT_LIMIT].decode(errors="replace").strip()
    if not isinstance(found, dict):
        return str(found)
    kind, text = found.get("errorType"), found.get("error") or found.get("message") or ""
    return f"{kind}: {text}" if kind else str(text)


def _date(text: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(text) if text else None
        return at.astimezone(UTC) if at is not None else None
    except (ValueError, TypeError, OverflowError):
        return None


def _retry_after(text: str | None, date: datetime | None) -> timedelta | None:
    """Return the wait that a Retry-After header asks for: seconds, or a moment of the server's clock."""
    if text is None:
        return None
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    at = _date(text)
    return max(at - date, timedelta()) if at is not None and date is not None else None
