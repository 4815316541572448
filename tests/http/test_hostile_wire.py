"""Plain connections under servers and networks that do their worst: no deadline is lost, and no socket."""

import asyncio
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from opsdash.http import dial, plain
from opsdash.http.by_httpx import HttpxConnections
from opsdash.http.client import HttpClient
from opsdash.http.errors import NoAnswerError, RemoteError, UnsentError
from opsdash.http.request import Content
from opsdash.http.settings import HttpSettings
from tests.faultserver import FaultServer
from tests.http.test_plain import OK, Wire, client_of
from tests.kit.faults import FAULTS

ENDLESS = ("hang", "drip", "headerdrip")
"""Faults that only a deadline ends."""

SMALLER = {"bomb": "bomb=9", "slow": "slow=0.05"}
"""Faults that need not be as large here, or as long, as they are by themselves."""


def _by_httpx(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a client of a plain server go by httpx' connections, as one by TLS does."""

    async def connect() -> HttpxConnections:
        return HttpxConnections(client._root, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), None)

    monkeypatch.setattr(client, "_connect", connect)


async def _outcome(client: HttpClient) -> tuple[object, ...]:
    """Return what a question comes to, without moments, ports and counts."""
    try:
        reply = await client.send("/api/v1/query", form={"query": "up", "time": "1"})
    except RemoteError as error:
        return type(error), re.sub("[0-9.]+", "#", error.reason), error.retry_after
    return reply.status, reply.content_type, re.sub(rb"[0-9.]+", b"#", reply.body), reply.wait


@pytest.mark.parametrize("mode", FAULTS)
async def test_a_fault_is_the_same_by_every_connection(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Whether a server is asked by TLS or not, what goes wrong with it reads the same, and is asked as often."""
    found = []
    for by_httpx in (False, True):
        fault_server.forget()
        timeout = 0.3 if mode in ENDLESS else 60.0
        client = HttpClient(HttpSettings(fault_server.url, timeout=timeout))
        if by_httpx:
            _by_httpx(client, monkeypatch)
        fault_server.mode = SMALLER.get(mode, mode)
        first = await _outcome(client)
        second = await _outcome(client)
        await client.close()
        if mode in ENDLESS:
            assert first[0] is second[0] is NoAnswerError
        else:
            found.append((first, second, len(fault_server.requests)))
    assert mode in ENDLESS or found[0] == found[1]


async def test_a_flood_before_the_answer_ends_at_the_deadline() -> None:
    """A server that sends faster than it is read has neither the event loop for itself, nor for ever."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def flood() -> None:
            connection, _ = listener.accept()
            ends = time.monotonic() + 60
            with connection, pytest.raises(OSError):
                while time.monotonic() < ends:
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
                raise OSError

        flooding = threading.Thread(target=flood, daemon=True)
        flooding.start()
        client = HttpClient(
            HttpSettings(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.5)
        )
        with pytest.raises(NoAnswerError):
            await client.fetch("/")
        await client.close()
        await asyncio.to_thread(flooding.join, 60)
        assert not flooding.is_alive()


async def test_what_follows_an_answer_unasked_is_no_answer() -> None:
    """A server that says more than was asked is not believed to have taken the next request."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    async with Wire(OK + forged, OK) as wire, client_of(wire) as client:
        assert (await client.fetch("/")).body == b"ok"
        assert (await client.fetch("/")).body == b"ok"
        assert wire.connections == 2 and len(wire.sent) == 2


async def test_no_cookie_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an answer sets is not sent with the next request, by whatever connections."""
    setting = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: replica=b; Path=/\r\n\r\n")
    for by_httpx in (False, True):
        async with Wire(setting) as wire, client_of(wire) as client:
            if by_httpx:
                _by_httpx(client, monkeypatch)
            await client.fetch("/")
            await client.fetch("/")
            assert wire.header("cookie") is None and len(wire.sent) == 2


async def test_a_path_is_quoted_as_httpx_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is quoted stays, a percent sign that quotes nothing is quoted itself."""
    for by_httpx in (False, True):
        async with Wire() as wire, client_of(wire, path="/a%2Fb/100%/x y") as client:
            if by_httpx:
                _by_httpx(client, monkeypatch)
            await client.fetch("/q")
            assert wire.sent[-1].startswith("GET /a%2Fb/100%25/x%20y/q HTTP/1.1\r\n")


@contextmanager
def _black_hole() -> Iterator[int]:
    """Give a port at which nobody takes a connection, and nobody refuses it."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as full:
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(full.getsockname())
            waiting.append(one)
        yield full.getsockname()[1]
        for one in waiting:
            one.close()


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Every socket that is made to connect with."""
    made: list[socket.socket] = []
    real = socket.socket

    def make(*given: Any) -> socket.socket:
        made.append(real(*given))
        return made[-1]

    class Module:
        socket = staticmethod(make)

        def __getattr__(self, name: str) -> Any:
            return getattr(socket, name)

    monkeypatch.setattr(dial, "socket", Module())
    return made


def _resolve(monkeypatch: pytest.MonkeyPatch, *found: tuple[int, str, int]) -> None:
    """Have every name stand for these families, hosts and ports."""

    async def addresses(host: str, port: int) -> list[Any]:
        return [(family, socket.SOCK_STREAM, 6, "", (at, to)) for family, at, to in found]

    monkeypatch.setattr(dial, "_addresses", addresses)


async def test_an_address_that_does_not_answer_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, dialled: list[socket.socket]
) -> None:
    """A host with two addresses of which one is a black hole is reached by the other, and nothing is left open."""
    with _black_hole() as hole:
        async with Wire() as wire:
            _resolve(
                monkeypatch,
                (socket.AF_INET, "127.0.0.1", hole),
                (socket.AF_INET, "127.0.0.1", wire.port),
            )
            async with client_of(wire, "two.example") as client:
                assert (await client.fetch("/")).body == b"ok"
            assert len(dialled) == 2 and all(one.fileno() == -1 for one in dialled)


async def test_a_family_that_this_host_does_not_speak_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where IPv6 is switched off names have addresses of it all the same."""
    async with Wire() as wire:
        good = (socket.AF_INET, "127.0.0.1", wire.port)
        _resolve(monkeypatch, (9999, "::1", 1), good)
        async with client_of(wire, "two.example") as client:
            assert (await client.fetch("/")).body == b"ok"
        _resolve(monkeypatch, (9999, "::1", 1))
        async with client_of(wire, "one.example") as client:
            with pytest.raises(UnsentError):
                await client.fetch("/")


def test_a_black_hole_of_one_family_is_not_tried_to_its_end_first() -> None:
    """The second address is the first of the other family."""
    found = [(10, "a"), (10, "b"), (2, "c"), (2, "d")]
    assert [name for _, name in dial._in_turns(found)] == ["a", "c", "b", "d"]
    assert dial._in_turns([(2, "a"), (2, "b")]) == [(2, "a"), (2, "b")]


async def test_no_socket_is_left_by_a_request_that_is_given_up(
    dialled: list[socket.socket],
) -> None:
    """Cancelled while it connects, while it sends and while it waits, a request closes what it opened."""
    with _black_hole() as hole, closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        deaf.setblocking(False)
        loop = asyncio.get_running_loop()
        for port, content in ((hole, b""), (deaf.getsockname()[1], b"x" * 50_000_000)):
            client = HttpClient(HttpSettings(f"http://127.0.0.1:{port}", timeout=60.0))
            asking = asyncio.ensure_future(client.send("/", content=Content(content)))
            if content:
                taken, _ = await loop.sock_accept(deaf)
            else:
                while not dialled:
                    await asyncio.sleep(0.01)
            asking.cancel()
            await asyncio.wait({asking})
            assert asking.cancelled() and all(one.fileno() == -1 for one in dialled)
            await client.close()
        taken.close()
    async with Wire() as wire, client_of(wire) as client:
        wire.gate.clear()
        asking = asyncio.ensure_future(client.send("/"))
        await client.asked.wait()
        asking.cancel()
        await asyncio.wait({asking})
        assert len(dialled) == 3 and all(one.fileno() == -1 for one in dialled)


async def test_a_server_that_does_not_read_is_given_up_at_the_deadline(
    dialled: list[socket.socket],
) -> None:
    """However much there is to say, nobody waits longer than the deadline for it to be heard."""
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        client = HttpClient(HttpSettings(f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout=0.3))
        with pytest.raises(NoAnswerError):
            await client.send("/", content=Content(b"x" * 50_000_000))
        assert [one.fileno() for one in dialled] == [-1]
        await client.close()


async def test_a_client_that_is_closed_ends_what_is_under_way(
    dialled: list[socket.socket],
) -> None:
    """Who waits for an answer of a client that another closes is told so at once, and does not ask again."""
    async with Wire() as wire, client_of(wire) as client:
        await client.send("/")
        wire.gate.clear()
        asking = asyncio.ensure_future(client.send("/"))
        async with asyncio.timeout(30):
            while len(wire.sent) < 2:
                await asyncio.sleep(0.01)
        await client.close()
        with pytest.raises(RemoteError, match=r"connection to http.* broke") as told:
            await asyncio.wait_for(asking, 30)
        assert not isinstance(told.value, NoAnswerError | UnsentError) and len(wire.sent) == 2
        assert all(one.fileno() == -1 for one in dialled)


async def test_a_name_that_dns_cannot_have_is_never_sent_to() -> None:
    """A label of more than 63 characters is refused before anything leaves."""
    client = HttpClient(HttpSettings(f"http://{'a' * 70}.example:9", timeout=60.0))
    with pytest.raises(UnsentError):
        await client.fetch("/")
    await client.close()


async def test_the_zone_of_an_address_stays_on_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is dialled with, as a URL writes it or bare, and no server is told of it."""
    asked: list[tuple[str, int]] = []
    async with Wire() as wire:

        async def through(host: str, port: int) -> socket.socket:
            asked.append((host, port))
            return await dial.dial("127.0.0.1", port)

        monkeypatch.setattr(plain, "dial", through)
        for written in ("[fe80::1%25eth0]", "[fe80::1%eth0]"):
            async with client_of(wire, written) as client:
                await client.fetch("/")
            assert asked[-1] == ("fe80::1%eth0", wire.port)
            assert wire.header("host") == f"[fe80::1]:{wire.port}"
