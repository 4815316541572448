"""The kept connections to one server: what goes out by them, and an answer whose body is still to come.

Plain ones are our own (`plain`): an engine asks its first question without the import of httpx. TLS and
proxies are left to httpx (`by_httpx`).
"""

from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

CONNECTIONS = 6
"""Connections to one server at the most; who sends waits for its turn."""

KEEP_ALIVE = 120.0
"""Seconds for which an idle connection is kept."""


class Outgoing(NamedTuple):
    """A request as it goes out: `target` is a path with its query, quoted already.

    `server_name` is whom TLS expects in place of the host. `left` is called when it has gone out.
    """

    method: str
    target: str
    headers: Mapping[str, bytes]
    content: bytes | None
    server_name: str | None
    left: Callable[[], None]


class Arriving(NamedTuple):
    """An answer whose head is here: header names are in lower case; `close` it, read or not."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterable[bytes]
    close: Callable[[], Awaitable[None]]


class Connections(Protocol):
    """Sends requests to one server; it follows no redirect, asks no environment, sets no timeout."""

    async def send(self, request: Outgoing) -> Arriving:
        """Return the answer to a request; raise what the names of httpx' errors stand for."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...
