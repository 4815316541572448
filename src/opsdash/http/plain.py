"""Plain connections to one server: h11, which speaks HTTP for httpx too, over sockets of our own.

Requests wait for their turn at the client, so that there are never more connections than it has turns.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from functools import partial
from time import monotonic
from urllib.parse import urlsplit

import h11

from opsdash.http.connections import KEEP_ALIVE, Arriving, Outgoing
from opsdash.http.dial import dial

_READ = 100_000
"""Bytes read at once: what is larger than 128 kB malloc asks the kernel for, and gives back, each time."""

_LONGEST_HEAD = 100_000
"""Bytes that the head of an answer may have."""


class ReadError(Exception):
    """A connection broke before the answer was whole."""


class PlainConnections:
    """Connections to the server at `origin`, an `http` URL without a path."""

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self._host = _wire_name(parts.hostname or "")
        self._port = parts.port or 80
        # A zone is the matter of this host alone (RFC 6874).
        named = f"[{self._host.partition('%')[0]}]" if ":" in self._host else self._host
        self._named = named if self._port == 80 else f"{named}:{self._port}"
        self._open: set[_Connection] = set()
        self._idle: list[_Connection] = []
        self._closed = False

    async def send(self, request: Outgoing) -> Arriving:
        """Return the answer to a request; raise ConnectError, ReadError or an error of h11."""
        head = self._head(request)
        self._require_open()
        connection = self._kept() or _Connection(await dial(self._host, self._port))
        self._open.add(connection)
        try:
            self._require_open()
            answer = await connection.ask(head, request)
        except BaseException:
            self._drop(connection)
            raise
        return Arriving(
            answer.status_code,
            _joined(answer.headers),
            connection.pieces(),
            partial(self._put_back, connection),
        )

    async def close(self) -> None:
        """Let go of all connections."""
        self._closed = True
        while self._idle:
            self._drop(self._idle.pop())
        # The loop still waits for these: who asks closes them, once it has read that they ended.
        for connection in self._open:
            connection.hang_up()

    def _require_open(self) -> None:
        # Who is cut off by `close` would else ask a second time.
        if self._closed:
            raise ReadError("closed by ourselves")

    def _head(self, request: Outgoing) -> h11.Request:
        given = [(name.encode(), value) for name, value in request.headers.items()]
        named = any(name.lower() == b"host" for name, _ in given)
        own = [] if named else [(b"Host", self._named.encode())]
        if request.content or request.method in ("POST", "PUT", "PATCH"):
            own.append((b"Content-Length", b"%d" % len(request.content or b"")))
        return h11.Request(method=request.method, target=request.target, headers=[*own, *given])

    def _kept(self) -> "_Connection | None":
        """Return an idle connection that the server has not closed; drop those that it has."""
        kept, self._idle = self._idle, []
        for connection in kept:
            if connection.is_usable():
                self._idle.append(connection)
            else:
                self._drop(connection)
        return self._idle.pop() if self._idle else None

    async def _put_back(self, connection: "_Connection") -> None:
        if not self._closed and connection.begin_again():
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _drop(self, connection: "_Connection") -> None:
        self._open.discard(connection)
        connection.close()


class _Connection:
    """One connection, read and written through the event loop without a transport between."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._idle_since = 0.0
        self._reads = 0

    async def ask(self, head: h11.Request, request: Outgoing) -> h11.Response:
        """Send a request whole and return the head of its answer."""
        events: list[h11.Event] = [head, h11.EndOfMessage()]
        if request.content:
            events.insert(1, h11.Data(data=request.content))
        sent = b"".join(self._protocol.send(event) or b"" for event in events)
        # A server may refuse a request before it has read it, and say why.
        with suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self._socket, sent)
        request.left()
        while not isinstance(event := await self._next(), h11.Response):
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                raise h11.RemoteProtocolError("switching protocols, which nobody asked for")
        return event

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the body as it arrives."""
        while isinstance(event := await self._next(), h11.Data):
            yield bytes(event.data)

    async def _next(self) -> object:
        """Return the next event of the answer, or that it has none any more."""
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            arrived = await self._read()
            if not arrived and self._protocol.their_state is h11.SEND_RESPONSE:
                raise h11.RemoteProtocolError("Server disconnected without sending a response.")
            self._protocol.receive_data(arrived)
        return event

    async def _read(self) -> bytes:
        self._reads += 1
        if self._reads > 1:
            # What is there already is read at once: without this a server that sends faster than we
            # read would have the loop for itself, and no deadline would end it.
            await asyncio.sleep(0)
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, _READ)
        except OSError as error:
            raise ReadError(str(error)) from error

    def begin_again(self) -> bool:
        """Get ready for the next request; return whether there can be one."""
        if {self._protocol.our_state, self._protocol.their_state} != {h11.DONE}:
            return False
        if self._protocol.trailing_data[0]:
            return False  # sent unasked: it would be taken for the next answer
        self._protocol.start_next_cycle()
        self._reads = 0
        self._idle_since = monotonic()
        return True

    def is_usable(self) -> bool:
        """Whether an idle connection is neither too old, nor closed or written to by the server."""
        if monotonic() - self._idle_since > KEEP_ALIVE:
            return False
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def hang_up(self) -> None:
        """End the connection for whoever still waits for it."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def _wire_name(host: str) -> str:
    """Return a host's name as DNS has it; raise httpx.InvalidURL where it can have none."""
    if ":" in host:
        return host.replace("%25", "%")  # as a URL writes the zone of an address
    if host.isascii():
        return host
    import httpx

    return httpx.URL(scheme="http", host=host).raw_host.decode()


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by name; what stands in several lines is joined (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for raw_name, raw in headers:
        name, value = raw_name.decode("ascii"), raw.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
