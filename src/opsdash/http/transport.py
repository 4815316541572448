"""The httpx client of one server, and its plain sockets, which copy what they read once less.

A list of 10,000 alerts, 8 MB, costs httpcore's own more than twice the processor time. The sockets
are used without TLS and without a proxy.
"""

import asyncio
import logging
import socket
import ssl
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import httpcore
import httpx

if find_spec("sniffio") is None:
    # httpcore imports it at each lock, to ask which loop runs; one that is missing would be looked for
    # in every folder each time, a seventh of what an engine does.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

_READ = 100_000
"""Bytes read at once: what is larger than 128 kB malloc asks the kernel for, and gives back, each time."""


def open_client(
    context: ssl.SSLContext, encrypted: bool, proxy: str | None, connections: int, keep_alive: float
) -> httpx.AsyncClient:
    """Return a client that follows no redirect, asks no environment, and sets no timeout of its own."""
    for name in ("httpx", "httpcore"):  # their INFO lines hold whole URLs
        logging.getLogger(name).setLevel(logging.WARNING)
    limits = httpx.Limits(
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=keep_alive,
    )
    transport = httpx.AsyncHTTPTransport(
        verify=context, trust_env=False, limits=limits, proxy=proxy
    )
    pool = vars(transport).get("_pool")
    if not encrypted and proxy is None and "_network_backend" in vars(pool or object):
        vars(pool)["_network_backend"] = SocketBackend()
    return httpx.AsyncClient(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # noqa: S113 (one total deadline is set around every request)
    )


class SocketStream(httpcore.AsyncNetworkStream):
    """One connection, read and written through the event loop without a transport between."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has arrived, nothing at the end; it may be more than `max_bytes`."""
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, max(max_bytes, _READ))
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        if not buffer:
            return
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, buffer)
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        """Close the connection."""
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        """Return whether an idle connection was closed by the server, which httpcore asks first."""
        if info == "is_readable":
            return self._readable()
        return self._socket if info == "socket" else None

    def _readable(self) -> bool:
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


class SocketBackend(httpcore.AsyncNetworkBackend):
    """Opens plain connections, the host's addresses one after the other."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Return a connection to the first address that takes one; raise ConnectError if none does."""
        try:
            return SocketStream(await _connect(host, port))
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def _connect(host: str, port: int) -> socket.socket:
    """Return a socket connected to the first address of `host` that takes it; raise OSError."""
    loop = asyncio.get_running_loop()
    failed: OSError = OSError("no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            failed = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failed
