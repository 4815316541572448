"""Connecting to a host that has several addresses: one that does not answer holds up no other.

Happy eyeballs (RFC 8305): the next address is tried a moment after the one before, and the first
that takes the connection has it.
"""

import asyncio
import socket
from typing import Any

HEAD_START = 0.25
"""Seconds after which the next address of a host is tried as well (RFC 8305, 5)."""


class ConnectError(Exception):
    """No address of the host takes a connection."""


async def dial(host: str, port: int) -> socket.socket:
    """Return a socket connected to the address of `host` that takes it first; raise ConnectError."""
    try:
        found = _in_turns(await _addresses(host, port))
        if len(found) == 1:
            return await _connect(found[0])
        return await _first_of(found)
    except (OSError, UnicodeError) as error:  # a label may be longer than DNS has them
        raise ConnectError(str(error)) from error


async def _addresses(host: str, port: int) -> list[Any]:
    try:
        # A number needs no thread, of which a resolver that hangs may hold all.
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _in_turns(found: list[Any]) -> list[Any]:
    """Return the addresses with the first of the other family second: a whole family may lead nowhere."""
    other = next((one for one in found if one[0] != found[0][0]), None)
    if other is None:
        return found
    return [found[0], other, *(one for one in found[1:] if one is not other)]


async def _first_of(found: list[Any]) -> socket.socket:
    waiting = list(found)
    trying: set[asyncio.Task[socket.socket]] = set()
    failed: OSError = OSError("no address")
    try:
        while waiting or trying:
            if waiting:
                trying.add(asyncio.ensure_future(_connect(waiting.pop(0))))
            done, trying = await asyncio.wait(
                trying,
                timeout=HEAD_START if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for one in done:
                error = one.exception()
                if error is None:
                    trying |= done - {one}
                    return one.result()
                if not isinstance(error, OSError):
                    raise error
                failed = error
        raise failed
    finally:
        for one in trying:
            one.cancel()
            one.add_done_callback(_hang_up)


def _hang_up(late: "asyncio.Task[socket.socket]") -> None:
    """Close what was connected although another was first, or although nobody waits any more."""
    if not late.cancelled() and late.exception() is None:
        late.result().close()


async def _connect(address: Any) -> socket.socket:
    family, kind, protocol, _, target = address
    connection = socket.socket(family, kind, protocol)
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        await asyncio.get_running_loop().sock_connect(connection, target)
    except BaseException:
        connection.close()
        raise
    return connection
