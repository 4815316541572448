"""Plain connections: what goes over the wire, which connection is kept, what an answer may begin with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import pytest

from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError, UnsentError
from opsdash.http.request import Content
from opsdash.http.settings import HttpSettings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Wire:
    """A server on a free port that keeps what it is sent and answers with bytes as they are.

    `answers` are given one a request, the last one again and again. It closes a connection after an
    answer in which it says so.
    """

    def __init__(self, *answers: bytes, host: str = "127.0.0.1") -> None:
        self.answers = list(answers) or [OK]
        self.sent: list[str] = []
        self.connections = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._host = host

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            answer = b""
            while b"Connection: close" not in answer:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(self._header(head, "content-length") or 0)
                self.sent.append(head + (await reader.readexactly(length)).decode())
                await self.gate.wait()
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    @staticmethod
    def _header(head: str, name: str) -> str | None:
        lines = (line.partition(":") for line in head.split("\r\n")[1:])
        return next((value.strip() for key, _, value in lines if key.lower() == name), None)

    def header(self, name: str) -> str | None:
        """Return a header of the newest request."""
        return self._header(self.sent[-1], name)


@asynccontextmanager
async def client_of(
    wire: Wire, host: str = "127.0.0.1", path: str = ""
) -> AsyncIterator[HttpClient]:
    client = HttpClient(HttpSettings(f"http://{host}:{wire.port}{path}", timeout=60.0))
    try:
        yield client
    finally:
        await client.close()


async def test_a_request_is_named_and_measured() -> None:
    """Host, length and target are as the server must have them, a body as long as it is said to be."""
    async with Wire() as wire, client_of(wire, path="/a b/%C3%BC?x=1 2") as client:
        await client.send("/q", {"y": "ä&"})
        assert wire.sent[-1].startswith("GET /a%20b/%C3%BC/q?x=1%202&y=%C3%A4%26 HTTP/1.1\r\n")
        assert wire.header("host") == f"127.0.0.1:{wire.port}"
        assert wire.header("content-length") is None
        await client.send("/q", form={"query": "up"})
        assert wire.sent[-1].endswith("\r\n\r\nquery=up") and wire.header("content-length") == "8"
        await client.send("", content=Content(b""))
        assert (
            wire.sent[-1].startswith("POST /a%20b/%C3%BC?x")
            and wire.header("content-length") == "0"
        )
        await client.send("/q", content=Content(b"", "DELETE"))
        assert wire.sent[-1].startswith("DELETE ") and wire.header("content-length") is None


async def test_an_address_of_ipv6_is_named_in_brackets() -> None:
    """The colons of the address would else be taken for the port's."""
    async with Wire(host="::1") as wire, client_of(wire, "[::1]") as client:
        assert (await client.fetch("/")).body == b"ok"
        assert wire.header("host") == f"[::1]:{wire.port}"


async def test_a_host_header_of_the_configuration_is_the_only_one() -> None:
    """A server behind a name of its own is asked by that name."""
    async with Wire() as wire:
        url = f"http://127.0.0.1:{wire.port}"
        client = HttpClient(HttpSettings(url, headers={"host": lambda: "prometheus.example"}))
        await client.fetch("/")
        await client.close()
        assert wire.sent[0].lower().count("\r\nhost:") == 1
        assert wire.header("host") == "prometheus.example"


async def test_a_connection_that_the_server_gives_up_is_not_used_again() -> None:
    """`Connection: close`, and HTTP/1.0, end it; whatever is whole is kept."""
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    old = b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nuntil the end"
    async with Wire(OK, closing, old, OK) as wire, client_of(wire) as client:
        bodies = [(await client.fetch("/")).body for _ in range(4)]
        assert bodies == [b"ok", b"ok", b"until the end", b"ok"]
        assert wire.connections == 3


async def test_what_is_said_before_an_answer_is_not_the_answer() -> None:
    """Hints may come first; a switch of protocols that nobody asked for is none."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: close\r\n\r\n"
    async with Wire(hints + OK, switching) as wire, client_of(wire) as client:
        assert (await client.fetch("/")).body == b"ok"
        with pytest.raises(RemoteError, match="broke HTTP"):
            await client.fetch("/")


async def test_headers_in_several_lines_and_pieces_are_one() -> None:
    """A body in chunks is whole, and a header that comes twice is read as one list."""
    answer = (
        b"HTTP/1.1 429 Slow\r\nRateLimit-Reset: 7\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Encoding: identity\r\nContent-Type: text/plain\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    )
    double = b"HTTP/1.1 200 OK\r\nEtag: a\r\netag: b\r\nContent-Length: 0\r\n\r\n"
    async with Wire(answer, double) as wire, client_of(wire) as client:
        reply = await client.send("/")
        assert (
            reply.body == b"abc" and reply.wait is not None and reply.content_type == "text/plain"
        )
        assert (await client.send("/")).etag == "a, b"
        assert wire.connections == 1


async def test_a_question_is_told_to_have_left_before_its_answer() -> None:
    """Who has other work to do meanwhile waits for no more than this."""
    async with Wire() as wire, client_of(wire) as client:
        wire.gate.clear()
        asking = asyncio.ensure_future(client.fetch("/"))
        assert not client.asked.is_set()
        await asyncio.wait_for(client.asked.wait(), 60)
        assert not asking.done()
        wire.gate.set()
        assert (await asking).body == b"ok"


async def test_a_name_that_can_be_none_is_never_asked_for() -> None:
    """A host outside of ASCII goes by its DNS name; one that has none is the configuration's fault."""
    client = HttpClient(HttpSettings("http://xn--a\u00fc.\u2603..example:9", timeout=60.0))
    with pytest.raises(UnsentError, match="is not valid HTTP"):
        await client.fetch("/")
    await client.close()
