"""A Prometheus and an Alertmanager that answer as told: the fixtures S and L, in a process of their own.

It listens on one port for both, on a second one behind a link of `--delay` seconds each way, and
takes orders on `/bench`: `?alerts=N&churn=PER_SECOND&generation=N&moving=0|1&hang=0|1&flat=0|1`;
`flat` has charts without hills, which move with time alone.
"""

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from tests.kit.source_tree import ROOT

MOVES_EVERY = 2.0
"""Seconds between two states of everything that moves."""

_MARK = re.compile(r'"__opsdash", "(\w+)", "", ""\)')
_NAMES = ("CheckoutSlow", "PodRestarts", "QueueLag", "DiskFilling", "CertExpiry", "CacheMisses")
_SEVERITIES = ("critical", "warning", "warning", "info")


class Alerts:
    """The alerts of an Alertmanager, each kept as the bytes it is sent as."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self._body = b"[]"
        self._dirty = False
        self._next = 0
        self._dice = random.Random(7)
        self._begun = datetime.now(UTC) - timedelta(days=3, hours=12, minutes=30)

    def resize(self, count: int) -> None:
        """Have exactly so many alerts."""
        while len(self._pieces) > count:
            self._pieces.popitem()
        while len(self._pieces) < count:
            self._add()
        self._dirty = True

    def churn(self, changes: int) -> None:
        """Change so many: nine in ten get a new annotation, one in ten is replaced by another."""
        for number in self._dice.sample(list(self._pieces), min(changes, len(self._pieces))):
            if self._dice.random() < 0.1 and len(self._pieces) > 100:
                del self._pieces[number]
                self._add()
            else:
                self._pieces[number] = self._piece(number)
        self._dirty = True

    def body(self) -> bytes:
        """Return the answer of `/api/v2/alerts`."""
        if self._dirty:
            self._body = b"[" + b",".join(self._pieces.values()) + b"]"
            self._dirty = False
        return self._body

    def _add(self) -> None:
        self._pieces[self._next] = self._piece(self._next)
        self._next += 1

    def _piece(self, number: int) -> bytes:
        started = self._begun + timedelta(seconds=number % 7000)
        return json.dumps(
            {
                "annotations": {
                    "description": f"Instance web-{number} of the checkout answers slowly; look at"
                    " the pool first, then at the database. " * 2,
                    "summary": f"web-{number} is at {self._dice.randint(100, 999)} ms",
                    "runbook_url": f"https://runbooks.example/checkout/{number % 40}",
                },
                "endsAt": "2030-01-01T00:00:00.000Z",
                "fingerprint": f"{number:016x}",
                "receivers": [{"name": "nobody"}],
                "startsAt": _rfc3339(started),
                "status": {"inhibitedBy": [], "silencedBy": [], "state": "active"},
                "updatedAt": _rfc3339(datetime.now(UTC)),
                "generatorURL": f"http://prometheus.example/graph?g0.expr=x{number % 40}",
                "labels": {
                    "alertname": _NAMES[number % len(_NAMES)],
                    "severity": _SEVERITIES[number % len(_SEVERITIES)],
                    "instance": f"web-{number}.example:9100",
                    "job": "payments-api",
                    "namespace": "payments",
                    "pod": f"payments-api-{number % 97}",
                    "region": "eu-west-1",
                    "team": "checkout",
                },
            },
            # As Alertmanager writes it.
            separators=(",", ":"),
        ).encode()


class Mock:
    """What the two servers show, and how often they were asked."""

    def __init__(self) -> None:
        self.alerts = Alerts()
        self.churn = 0
        self.moving = False
        self.flat = False
        self.hang = False
        self.generation = 0
        self.queries = 0
        self.polls = 0
        self.rules = 0

    async def move(self) -> None:
        """Move what moves, for ever."""
        carried = 0.0
        while True:
            await asyncio.sleep(MOVES_EVERY / 2)
            carried += self.churn * MOVES_EVERY / 2
            if carried >= 1:
                self.alerts.churn(int(carried))
                carried -= int(carried)
            if self.moving:
                self.generation = int(time.time() / MOVES_EVERY)

    def obey(self, orders: Mapping[str, str]) -> dict[str, int]:
        """Do what is ordered and return the counts so far."""
        if "alerts" in orders:
            self.alerts.resize(int(orders["alerts"]))
        if "once" in orders:
            self.alerts.churn(int(orders["once"]))
        self.churn = int(orders.get("churn", self.churn))
        self.generation = int(orders.get("generation", self.generation))
        self.moving = bool(int(orders.get("moving", self.moving)))
        self.hang = bool(int(orders.get("hang", self.hang)))
        self.flat = bool(int(orders.get("flat", self.flat)))
        return {"queries": self.queries, "polls": self.polls, "rules": self.rules}

    def answer(self, path: str, form: Mapping[str, str]) -> bytes:
        """Return the body for a request."""
        if path == "/api/v2/alerts":
            self.polls += 1
            return self.alerts.body()
        if path == "/api/v1/rules":
            self.rules += 1
            return _success({"groups": []})
        if path == "/api/v1/query":
            self.queries += 1
            return _success({"resultType": "vector", "result": self._vector(form["query"])})
        if path == "/api/v1/query_range":
            return _success({"resultType": "matrix", "result": self._matrix(form)})
        if path == "/api/v2/status":
            return json.dumps({"uptime": "2020-01-01T00:00:00.000Z"}).encode()
        if path == "/api/v1/status/runtimeinfo":
            return _success({"startTime": "2020-01-01T00:00:00Z"})
        return _success({"version": "2.42.0"})

    def _vector(self, query: str) -> list[dict[str, Any]]:
        now = time.time()
        found = []
        for mark in _MARK.findall(query) or ("0",):
            value = now if mark[0] in "ts" else self._value(int(mark))
            found.append({"metric": {"__opsdash": mark}, "value": [now, repr(value)]})
        return found

    def _matrix(self, form: Mapping[str, str]) -> list[dict[str, Any]]:
        start, end, step = (float(form[name]) for name in ("start", "end", "step"))
        count = min(int((end - start) / step) + 1, 11_000)
        moments = [start + n * step for n in range(count)]
        found = []
        for mark in _MARK.findall(form["query"]) or ("0",):
            base = self._value(int(mark))
            height = 0 if self.flat else 0.01
            values = [[at, repr(base + height * (int(at) // 60 % 9))] for at in moments]
            found.append({"metric": {"__opsdash": mark}, "values": values})
        return found

    def _value(self, mark: int) -> float:
        """Return a tile's value: the generation is in its digits, so that the screen tells it."""
        return 0.2 + mark % 7 / 20 + (self.generation * 7 + mark) % 90 / 1000

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)\r\ncontent-length: *(\d+)", head)
                body = (await reader.readexactly(int(length[1]))).decode() if length else ""
                path, _, query = head.split(" ", 2)[1].partition("?")
                form = dict(urllib.parse.parse_qsl(query) + urllib.parse.parse_qsl(body))
                if path == "/bench":
                    answer = json.dumps(self.obey(form)).encode()
                else:
                    while self.hang:
                        await asyncio.sleep(0.1)
                    answer = self.answer(path, form)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n" % len(answer)
                )
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Carry bytes one way, each piece `delay` seconds after it came, in order."""
    loop = asyncio.get_running_loop()
    while piece := await reader.read(65536):
        loop.call_later(delay, _pass_on, writer, piece)
    loop.call_later(delay, writer.close)


def _pass_on(writer: asyncio.StreamWriter, piece: bytes) -> None:
    # Whoever hung up while a piece was on its way does not get it.
    if not writer.is_closing():
        writer.write(piece)


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _success(data: object) -> bytes:
    return json.dumps({"status": "success", "data": data}).encode()


async def _main(delay: float) -> None:
    mock = Mock()
    server = await asyncio.start_server(mock.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def link(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            _carry(reader, back, delay), _carry(there, writer, delay), return_exceptions=True
        )

    far = await asyncio.start_server(link, "127.0.0.1", 0)
    print(json.dumps({"port": port, "far": far.sockets[0].getsockname()[1]}), flush=True)
    moving = asyncio.create_task(mock.move())
    # It ends with the process that holds the other end of its standard input.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    moving.cancel()


class Fixture:
    """The mock as a child process: `with Fixture(alerts=20) as fixture`."""

    def __init__(self, *, delay: float = 0.0, **orders: int) -> None:
        self._delay = delay
        self._orders = orders

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "bench.fixture", f"--delay={self._delay}"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        ports = json.loads(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{ports['port']}"
        self.far_url = f"http://127.0.0.1:{ports['far']}"
        if self._orders:
            self.order(**self._orders)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the servers: connections are refused from now on."""
        self._process.kill()
        self._process.wait()

    def order(self, **orders: int) -> dict[str, int]:
        """Give an order; return how often the servers were asked so far."""
        query = urllib.parse.urlencode(orders)
        with urllib.request.urlopen(f"{self.url}/bench?{query}", timeout=60) as reply:
            counts: dict[str, int] = json.load(reply)
        return counts


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0.0, help="Seconds, each way.")
    asyncio.run(_main(parser.parse_args().delay))
