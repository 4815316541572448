"""One message a week and channel, whoever tells it, whenever it is cut off: against Slack's published API."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.publication import Publication, PublicationState, Slot
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.week import Week
from opsdash.domain.week_rota import WeekRota, week_rota
from opsdash.engine import publishing
from opsdash.engine.publishing import Deed, Telling, Told, publish
from opsdash.http.settings import HttpSettings
from opsdash.notifiers.board import Board, Place
from opsdash.notifiers.slack_board import SlackChannel, SlackHookChannel
from opsdash.store import lease, publications
from opsdash.store.session import Store, open_store
from tests.engine.world import TurnedClock
from tests.notifiers.receivers import SlackServer

WEEK = Week(2025, 52)
SETUP = Setup(
    people=(Person("john", clean("John")), Person("sarah", clean("Sarah"))),
    schedules=(Schedule("primary", "UTC", time(9), ({"mon": "john"},)),),
)
COVER = Override(
    "primary",
    OverrideKind.REPLACE,
    datetime(2025, 12, 24, 9, tzinfo=UTC),
    datetime(2025, 12, 24, 17, tzinfo=UTC),
    "sarah",
    "john",
    SafeText("maria"),
    SafeText("dentist"),
    id=1,
)
PLAIN = week_rota(SETUP, WEEK)
COVERED = week_rota(
    replace(SETUP, schedules=(replace(SETUP.schedules[0], overrides=(COVER,)),)), WEEK
)


@pytest.fixture
def server() -> Iterator[SlackServer]:
    """Slack, on the clock of the test; what breaks its rules fails the test."""
    with SlackServer() as slack:
        slack.epoch = int(TurnedClock().wall.timestamp())
        yield slack
    assert slack.wrong == []


class Desk:
    """One process that tells weeks: its own connection to the store, its own way to Slack."""

    def __init__(self, store: Store, board: Board, clock: TurnedClock, name: str) -> None:
        self.store, self.board, self.clock, self.name = store, board, clock, name

    async def tell(self, rota: WeekRota = PLAIN, **more: object) -> Told:
        """Tell a week."""
        slot = Slot(WEEK, "chat", self.board.channel)
        telling = replace(Telling(slot, rota, self.name), **more)  # type: ignore[arg-type]
        return await publish(self.store, self.board, telling, self.clock)

    async def stored(self) -> Publication:
        """What the store holds of the week."""
        found = await self.store.read(publications.load, Slot(WEEK, "chat", self.board.channel))
        assert found is not None
        return found


@pytest.fixture
async def desks(server: SlackServer, tmp_path: Path) -> AsyncIterator[Callable[..., Desk]]:
    """Make desks over one store, with a bot or a webhook."""
    clock = TurnedClock()
    made: list[Desk] = []
    stores = [await open_store(tmp_path / "ops.db") for _ in range(4)]

    def make(kind: str = "bot", timeout: float = 10.0) -> Desk:
        name = f"desk {len(made)}"
        board: Board
        if kind == "bot":
            settings = HttpSettings(f"{server.url}/api", timeout=timeout)
            board = SlackChannel(settings, lambda: server.token, "#oncall")
        else:
            address = f"{server.url}{server.hook}"
            board = SlackHookChannel(HttpSettings("", timeout=timeout), lambda: address)
        made.append(Desk(stores[len(made)], board, clock, name))
        return made[-1]

    yield make
    for desk in made:
        await desk.board.close()
    for store in stores:
        await store.close()


def said(server: SlackServer) -> list[str]:
    """The sections of every message in the channel, as it reads now."""
    return [message["blocks"][1]["text"]["text"] for message in server.messages.values()]


async def test_the_week_is_posted_once_and_edited_when_it_changes(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """Told again it stays as it is; a cover edits the very message."""
    desk = desks()
    assert (await desk.tell()).deed is Deed.POSTED
    assert (await desk.tell()).deed is Deed.UNCHANGED
    assert len(server.requests) == 1
    assert (await desk.tell(COVERED)).deed is Deed.EDITED
    assert (await desk.tell(COVERED)).deed is Deed.UNCHANGED
    assert len(server.posted) == 1
    (text,) = said(server)
    assert "*primary (UTC)*\nMon 22 Dec: John\n" in text
    assert "Wed 24 Dec: John until 09:00, Sarah (cover) 09:00 to 17:00, John from 17:00" in text
    assert "• cover: Sarah in place of John, Wed 24 Dec 09:00 to 17:00: dentist, by maria" in text
    stored = await desk.stored()
    assert (stored.place, stored.ts) == ("C0ONCALL", next(iter(server.messages)))


async def test_four_at_once_post_once(server: SlackServer, desks: Callable[..., Desk]) -> None:
    """Engines and commands that meet in the same second: one tells it, the others are told who."""
    made = [desks() for _ in range(4)]
    told = await asyncio.gather(*(desk.tell() for desk in made))
    assert len(server.posted) == 1
    deeds = [one.deed for one in told]
    assert deeds.count(Deed.POSTED) == 1
    assert set(deeds) <= {Deed.POSTED, Deed.WAITING, Deed.UNCHANGED}
    assert all("is telling it right now" in t.why for t in told if t.deed is Deed.WAITING)
    changed = await asyncio.gather(*(desk.tell(COVERED) for desk in made))
    assert [one.deed for one in changed].count(Deed.EDITED) == 1
    assert len(server.posted) == 1


@pytest.mark.parametrize("stage", ["sent", "unsent"])
async def test_a_process_that_dies_in_between_posts_nothing_twice(
    server: SlackServer, desks: Callable[..., Desk], stage: str
) -> None:
    """Its claim runs out; the next one finds the message by its nonce, or sees that there is none."""
    dying, next_one = desks(), desks()
    server.faults = ["swallow" if stage == "sent" else "hang"]
    task = asyncio.ensure_future(dying.tell())
    async with asyncio.timeout(60):
        while not server.requests:
            await asyncio.sleep(0.01)
    # Killed: nothing of it is written any more.
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await next_one.stored()).state is PublicationState.SENDING
    assert (await next_one.tell()).deed is Deed.WAITING
    dying.clock.turn(61)
    told = await next_one.tell()
    assert told.deed is (Deed.EDITED if stage == "sent" else Deed.POSTED)
    assert len(server.posted) == 1
    assert len(server.messages) == 1
    assert (await next_one.tell()).deed is Deed.UNCHANGED


@pytest.mark.parametrize("fault", ["drop", "500", "html"])
async def test_an_answer_that_is_lost_is_looked_for(
    server: SlackServer, desks: Callable[..., Desk], fault: str
) -> None:
    """Nobody knows whether it arrived: after ten seconds it is looked for, and never posted blindly."""
    desk = desks()
    server.faults = [fault]
    told = await desk.tell()
    assert told.deed is Deed.FAILED
    assert (await desk.tell()).deed is Deed.WAITING
    desk.clock.turn(11)
    assert (await desk.tell()).deed is (Deed.EDITED if fault == "drop" else Deed.POSTED)
    assert len(server.posted) == 1
    assert [r.path.partition("?")[0] for r in server.requests][1:3] == [
        "/api/conversations.list",
        "/api/conversations.history",
    ]


async def test_another_weeks_message_is_not_taken_for_this_ones(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """The nonce is of one week and one try; others' messages and metadata are passed over."""
    desk = desks()
    other = {"channel": "C0ONCALL", "text": "x"}
    server.messages[f"{server.epoch + 90}.000100"] = {
        **other,
        "metadata": {"event_type": "opsdash_week", "event_payload": {"id": "another"}},
    }
    server.messages[f"{server.epoch + 91}.000100"] = other
    server.faults = ["500"]
    await desk.tell()
    desk.clock.turn(11)
    assert (await desk.tell()).deed is Deed.POSTED
    assert len(server.posted) == 1


async def test_who_may_not_look_asks_a_person(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """Without the scope to read, what may be there is held; `--again` posts it, and so does the scope."""
    desk = desks()
    server.scopes = {"chat:write"}
    server.faults = ["drop"]
    await desk.tell()
    desk.clock.turn(11)
    told = await desk.tell()
    assert told.deed is Deed.ASKING
    assert "week 2025-W52 may be in #oncall already, and nobody could look" in told.why
    assert "answered missing_scope; give the app the scope channels:read" in told.why
    assert told.why.endswith("look, and if it is not there: opsdash oncall publish --again")
    assert len(server.posted) == 1
    # However often it was looked for in vain, it is looked for as far back as it may be there.
    for _ in range(3):
        desk.clock.turn(3600)
        assert (await desk.tell()).deed is Deed.ASKING
    server.scopes |= {"channels:read", "channels:history"}
    assert (await desk.tell()).deed is Deed.EDITED
    assert len(server.posted) == 1


async def test_a_persons_word_posts_it_again(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """They have looked, and it is not there."""
    desk = desks("webhook")
    server.faults = ["500"]
    assert (await desk.tell()).deed is Deed.ASKING
    desk.clock.turn(11)
    told = await desk.tell()
    assert told.deed is Deed.ASKING
    assert "look, and if it is not there: opsdash oncall publish --again" in told.why
    assert len(server.posted) == 0
    assert (await desk.tell(again=True)).deed is Deed.POSTED
    assert (await desk.tell(again=True)).deed is Deed.UNCHANGED
    assert len(server.posted) == 1


async def test_a_webhook_posts_a_correction_and_says_that_it_is_one(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """Nothing it posts can be edited: the whole week is posted again, headed Corrected, at a pace."""
    desk = desks("webhook")
    assert (await desk.tell()).deed is Deed.POSTED
    pace = timedelta(minutes=10)
    assert (await desk.tell(COVERED, pace=pace)).deed is Deed.WAITING
    desk.clock.turn(600)
    assert (await desk.tell(COVERED, pace=pace)).deed is Deed.CORRECTED
    assert (await desk.tell(COVERED, pace=pace)).deed is Deed.UNCHANGED
    first, second = (message["text"] for message in server.posted)
    assert second == f"Corrected: {first}"


async def test_a_correction_that_is_refused_is_tried_again_as_one(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """The week itself stays posted: it is not told as if it were new."""
    desk = desks("webhook")
    await desk.tell()
    server.hook_error = (404, "no_service")
    told = await desk.tell(COVERED)
    assert told.deed is Deed.FAILED
    assert "no_service; the webhook was removed" in told.why
    server.hook_error = None
    assert (await desk.tell(COVERED)).deed is Deed.CORRECTED


async def test_slacks_rate_limit_is_kept_by_everybody(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """`Retry-After` is in the store: another process, too, waits for as long."""
    one, other = desks(), desks()
    server.faults = ["429=30"]
    told = await one.tell()
    assert told.deed is Deed.FAILED
    assert told.retry_after == timedelta(seconds=30)
    waiting = await other.tell()
    assert waiting.deed is Deed.WAITING
    assert "not again before 14:00:30 UTC" in waiting.why
    assert len(server.requests) == 1
    one.clock.turn(31)
    assert (await other.tell()).deed is Deed.POSTED
    assert len(server.posted) == 1


async def test_a_rate_limited_edit_is_made_later(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """What is there stays known: it is edited, not posted anew."""
    one, other = desks(), desks()
    await one.tell()
    server.faults = ["429=5"]
    assert (await one.tell(COVERED)).deed is Deed.FAILED
    one.clock.turn(6)
    assert (await other.tell(COVERED)).deed is Deed.EDITED
    assert len(server.posted) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("channel_not_found", "name a channel that the app can see"),
        ("not_in_channel", "invite the app to the channel"),
        ("is_archived", "answered is_archived"),
        ("invalid_auth", "the token is not valid"),
    ],
)
async def test_a_refusal_is_told_with_its_cure_and_mended_without_a_trace(
    server: SlackServer, desks: Callable[..., Desk], error: str, words: str
) -> None:
    """Nothing was posted; when it is mended the week is posted, once."""
    desk = desks()
    server.error = error
    told = await desk.tell()
    assert (told.deed, told.permanent) == (Deed.FAILED, True)
    assert words in told.why
    assert (await desk.stored()).state is PublicationState.WAITING
    server.error = ""
    assert (await desk.tell()).deed is Deed.POSTED
    assert len(server.posted) == 1


async def test_a_message_that_was_deleted_is_posted_anew(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """Somebody tidied up: the next change tells the week again, and later ones edit that message."""
    desk = desks()
    await desk.tell()
    server.messages.clear()
    assert (await desk.tell()).deed is Deed.UNCHANGED
    assert (await desk.tell(COVERED)).deed is Deed.POSTED
    assert (await desk.tell(PLAIN)).deed is Deed.EDITED
    assert len(server.posted) == 2
    assert len(server.messages) == 1


async def test_an_edit_that_is_cut_off_is_made_again(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """Editing twice does no harm: whoever comes next makes it."""
    dying, next_one = desks(), desks()
    await dying.tell()
    server.faults = ["hang"]
    task = asyncio.ensure_future(dying.tell(COVERED))
    async with asyncio.timeout(60):
        while len(server.requests) < 2:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await next_one.stored()).state is PublicationState.EDITING
    dying.clock.turn(61)
    assert (await next_one.tell(COVERED)).deed is Deed.EDITED
    assert len(server.posted) == 1


class _Slow:
    """A board that is given a task to do before each of its looks returns."""

    editable = True

    def __init__(self, board: Board, during: Callable[[], None]) -> None:
        self.channel, self._board, self._during = board.channel, board, during

    async def post(self, rota: WeekRota, nonce: str, corrected: bool) -> Place:
        return await self._board.post(rota, nonce, corrected)

    async def edit(self, place: Place, rota: WeekRota, nonce: str) -> bool:
        return await self._board.edit(place, rota, nonce)

    async def find(self, channel: str, nonce: str, since: datetime) -> Place | None:
        found = await self._board.find(channel, nonce, since)
        self._during()
        return found

    async def close(self) -> None:
        await self._board.close()


async def test_who_was_stopped_for_too_long_sends_nothing(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """A process that sleeps past its claim, having looked, finds that the week is no longer its own."""
    desk = desks()
    server.faults = ["500"]
    await desk.tell()
    desk.clock.turn(11)
    sleeper = desks()
    sleeper.board = _Slow(sleeper.board, lambda: sleeper.clock.turn(120))
    told = await sleeper.tell()
    assert (told.deed, told.why) == (Deed.WAITING, "another has taken it meanwhile")
    assert len(server.posted) == 0
    assert (await desk.tell()).deed is Deed.POSTED


async def test_a_try_that_takes_too_long_is_given_up_before_its_claim_ends(
    server: SlackServer, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that hangs does not outlast the claim."""
    monkeypatch.setattr(publishing, "PATIENCE", 0.2)
    desk = desks()
    server.faults = ["hang"]
    told = await desk.tell()
    assert (told.deed, told.why) == (Deed.FAILED, "no answer within 0.2 s")
    assert (await desk.stored()).state is PublicationState.SENDING


async def test_an_engine_without_the_lease_claims_nothing(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """Only the lease's holder tells the week by itself."""
    desk = desks()

    def hold(connection: sqlite3.Connection) -> int | None:
        return lease.take(connection, "another", desk.clock.now())

    epoch = await desk.store.write(hold)
    assert epoch is not None
    with pytest.raises(lease.LeaseLost):
        await desk.tell(epoch=epoch - 1)
    assert server.requests == []
    assert (await desk.tell(epoch=epoch)).deed is Deed.POSTED


async def test_a_private_channel_is_looked_into_with_its_own_scopes(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """Slack has scopes of their own for it; the one that is missing is named."""
    desk = desks()
    server.private = {"C0ONCALL"}
    server.faults = ["drop"]
    await desk.tell()
    desk.clock.turn(11)
    assert "give the app the scope groups:read" in (await desk.tell()).why
    server.scopes |= {"groups:read", "groups:history"}
    assert (await desk.tell()).deed is Deed.EDITED
    assert len(server.posted) == 1


async def test_a_full_channel_is_searched_page_by_page(
    server: SlackServer, desks: Callable[..., Desk]
) -> None:
    """The message is found behind hundreds that were written since."""
    desk = desks()
    server.faults = ["drop"]
    await desk.tell()
    desk.clock.turn(11)
    for number in range(450):
        ts = f"{server.epoch + 100 + number}.000100"
        server.messages[ts] = {"channel": "C0ONCALL", "text": "chatter"}
    assert (await desk.tell()).deed is Deed.EDITED
    looks = [r for r in server.requests if "conversations.history" in r.path]
    assert len(looks) == 3
    assert len(server.posted) == 1
