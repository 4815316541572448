"""A calendar at an address, from a real server: what is read, what is refused, and that no address leaks."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.ical import write_calendar
from opsdash.domain.shift import Shift
from opsdash.http.errors import RemoteError
from opsdash.http.settings import HttpSettings
from opsdash.sources.shift_feed import CalendarFeed, web_address
from tests.faultserver import FaultServer
from tests.notifiers.receivers import Answered, Received, Receiver

NOW = datetime(2025, 12, 22, 14, tzinfo=UTC)
PATH = "/private-3f2a91c7d0/basic.ics"


def calendar(*names: str) -> str:
    """A calendar in which each has a day, one after another from now on."""
    shifts = [
        (Shift("c", "x", NOW + timedelta(days=n), NOW + timedelta(days=n + 1)), name)
        for n, name in enumerate(names)
    ]
    return write_calendar("team", shifts, NOW)


class CalendarServer(Receiver):
    """Serves a calendar with its validators, and answers 304 to who has it already."""

    def __init__(self) -> None:
        super().__init__()
        self.text = calendar("John")
        self.headers = {"ETag": '"v1"', "Content-Type": "text/calendar; charset=utf-8"}
        self.status = 200

    def answer(self, received: Received) -> Answered:
        """Return the calendar."""
        if received.method != "GET" or received.body:
            self.wrong.append(f"{received.method} with {received.body!r}")
        known = received.headers.get("if-none-match"), received.headers.get("if-modified-since")
        if "ETag" in self.headers and known[0] == self.headers["ETag"]:
            return Answered(304, "")
        if "Last-Modified" in self.headers and known[1] == self.headers["Last-Modified"]:
            return Answered(304, "")
        return Answered(self.status, self.text, self.headers)


@pytest.fixture
def server() -> Iterator[CalendarServer]:
    """The calendar's server."""
    with CalendarServer() as made:
        yield made
    assert made.wrong == []


@asynccontextmanager
async def reading(
    url: str, secret: bool = False, timeout: float = 5.0
) -> AsyncIterator[CalendarFeed]:
    address: Callable[[], str] | None = (lambda: url) if secret else None
    feed = CalendarFeed(HttpSettings("" if secret else url, timeout=timeout), "UTC", address)
    try:
        yield feed
    finally:
        await feed.close()


async def test_events_are_shifts(server: CalendarServer) -> None:
    """Who is on call is the summary; the request asks for a calendar."""
    server.text = calendar("John", "Sarah")
    async with reading(f"{server.url}{PATH}?key=abcdef123456") as feed:
        found = await feed.read(NOW)
    assert [(t.person, t.start) for t in found.turns] == [
        ("John", NOW),
        ("Sarah", NOW + timedelta(days=1)),
    ]
    assert {str(one.name) for one in found.people.values()} == {"John", "Sarah"}
    (request,) = server.requests
    assert request.path == f"{PATH}?key=abcdef123456"
    assert request.headers["accept"].startswith("text/calendar")


@pytest.mark.parametrize(
    "validator", [{"ETag": '"v1"'}, {"Last-Modified": "Mon, 22 Dec 2025 14:00:00 GMT"}]
)
async def test_what_has_not_changed_is_not_sent_again(
    server: CalendarServer, validator: dict[str, str]
) -> None:
    """304 is the calendar as it was; a later version is read."""
    server.headers = {"Content-Type": "text/calendar", **validator}
    async with reading(f"{server.url}{PATH}") as feed:
        first = await feed.read(NOW)
        assert await feed.read(NOW) == first
        assert len(server.requests) == 2
        server.text = calendar("Sarah")
        server.headers = {"Content-Type": "text/calendar", "ETag": '"v2"'}
        assert {t.person for t in (await feed.read(NOW)).turns} == {"Sarah"}


async def test_an_event_that_comes_again_is_computed_anew_from_what_has_not_changed(
    server: CalendarServer,
) -> None:
    """The shifts of next month are there next month, although the calendar is the same."""
    server.text = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20251222T090000Z\r\nDTEND:20251229T090000Z\r\n"
        "RRULE:FREQ=WEEKLY\r\nSUMMARY:John\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    async with reading(f"{server.url}{PATH}") as feed:
        await feed.read(NOW)
        later = NOW + timedelta(days=200)
        found = await feed.read(later)
    assert any(turn.start <= later < turn.end for turn in found.turns)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("text", "content_type", "words"),
    [
        ("<html><h1>Sign in</h1></html>", "text/html", "answered an HTML page; is there a login"),
        (calendar("John"), "text/html", "answered an HTML page; is there a login"),
        ('{"error": "no"}', "application/json", "answered something that is no calendar"),
        ("", "text/calendar", "answered something that is no calendar"),
        (calendar("John")[:-40], "text/calendar", "answered a calendar that is cut off"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:soon\nEND:VEVENT\nEND:VCALENDAR",
            "text/calendar",
            "the calendar cannot be read: line 2: cannot read the time 'soon'",
        ),
    ],
)
async def test_what_is_no_calendar_is_refused(
    server: CalendarServer, text: str, content_type: str, words: str
) -> None:
    """A page, a cut answer or a broken event must not look like nobody being on call."""
    server.text, server.headers = text, {"Content-Type": content_type}
    async with reading(f"{server.url}{PATH}") as feed:
        with pytest.raises(RemoteError) as caught:
            await feed.read(NOW)
    assert words in caught.value.reason


async def test_an_empty_calendar_is_one(server: CalendarServer) -> None:
    """Nobody is on call, and that is said by whoever looks for gaps."""
    server.text = calendar()
    async with reading(f"{server.url}{PATH}") as feed:
        assert (await feed.read(NOW)).turns == ()


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("status", [401, 404, 410, 500, 503])
async def test_a_refusal_is_told_without_the_address(
    server: CalendarServer, status: int, secret: bool
) -> None:
    """A server that quotes a secret path in its error does not make us say it."""
    server.status, server.headers = status, {"Content-Type": "text/plain"}
    server.text = f"no such calendar: {PATH}" if secret else "no such calendar"
    async with reading(f"{server.url}{PATH}", secret) as feed:
        with pytest.raises(RemoteError) as caught:
            await feed.read(NOW)
    assert str(status) in caught.value.reason
    assert "private-3f2a91c7d0" not in caught.value.reason
    assert server.url in caught.value.reason


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("endless", "is larger than 2 MiB"),
        ("big=3", "is larger than 2 MiB"),
        ("hang", "no answer from"),
        ("drip", "bytes of an answer"),
        ("redirect-other", "redirects to http://elsewhere.example: not followed"),
        ("redirect-loop", "not followed"),
        ("login", "an HTML page; is there a login"),
        ("garbage", "something that is no calendar"),
        ("gzip", "a compressed answer (gzip)"),
        ("reset", "reset the connection"),
        ("not-http", "closed the connection"),
        ("500-html", "answered 500"),
    ],
)
async def test_a_broken_server_is_a_reason_within_its_time(
    fault_server: FaultServer, fault: str, words: str
) -> None:
    """Whatever it does: one line, and no more than 2 MiB or the deadline is spent on it."""
    slow = fault in ("hang", "drip")
    async with reading(f"{fault_server.at(fault)}{PATH}", timeout=2.0 if slow else 60.0) as feed:
        with pytest.raises(RemoteError) as caught:
            await feed.read(NOW)
    assert words in caught.value.reason
    assert "private-3f2a91c7d0" not in caught.value.reason


async def test_a_changed_secret_address_is_obeyed(server: CalendarServer) -> None:
    """It is read anew each time, and nothing of the old calendar is taken for the new one's."""
    places = [f"{server.url}/old.ics", f"{server.url}/new.ics"]
    feed = CalendarFeed(HttpSettings(""), "UTC", lambda: places[0])
    await feed.read(NOW)
    del places[0]
    server.text = calendar("Sarah")
    found = await feed.read(NOW)
    await feed.close()
    assert {t.person for t in found.turns} == {"Sarah"}
    assert [(r.path, "if-none-match" in r.headers) for r in server.requests] == [
        ("/old.ics", False),
        ("/new.ics", False),
    ]


async def test_a_secret_that_cannot_be_read_is_a_reason() -> None:
    """A missing file says which."""

    def missing() -> str:
        raise OSError(2, "No such file")

    feed = CalendarFeed(HttpSettings(""), "UTC", missing)
    with pytest.raises(RemoteError, match="the address cannot be read: FileNotFoundError"):
        await feed.read(NOW)


@pytest.mark.parametrize(
    ("written", "fetched"),
    [
        ("webcal://x/a.ics", "https://x/a.ics"),
        ("WEBCAL://x/a.ics", "https://x/a.ics"),
        ("http://x/a.ics", "http://x/a.ics"),
    ],
)
def test_a_subscription_is_fetched_by_https(written: str, fetched: str) -> None:
    """`webcal` is not another protocol."""
    assert web_address(written) == fetched
