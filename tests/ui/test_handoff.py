"""The handoff and simulate screens, and what the hand does to schedules, on a real store."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.digest import Digest
from opsdash.domain.alert import Alert
from opsdash.domain.duty import Duty
from opsdash.domain.handoff import Handoff
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.schedule import on_call
from opsdash.domain.text import SafeText, clean
from opsdash.domain.timeline import Actor
from opsdash.snapshot import Snapshot
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from opsdash.ui.glyphs import UTF8
from opsdash.ui.hand import StoreHand
from opsdash.ui.lines import text_of
from opsdash.ui.live import StoreFeed
from opsdash.ui.panes.handoff import duty_lines, handoff_page
from tests import stored
from tests.kit.hostile import HOSTILE
from tests.ui.driving import driven
from tests.ui.pictures import NOW, alert
from tests.ui.rosters import staffed

HIGH = alert("HighErrorRate", level=0, level_at=None)


@pytest.fixture
def store(tmp_path: Path) -> Connection:
    """A store in which HighErrorRate fires."""
    connection = connect(tmp_path / "opsdash.db")
    connection.write(stored.put, staffed().setup, NOW, HIGH)
    return connection


@pytest.fixture
async def feed(store: Connection) -> AsyncIterator[StoreFeed]:
    """A dashboard's view of it."""
    found = StoreFeed(store.path, lambda: NOW)
    yield found
    await (await found.store()).close()


@pytest.fixture
async def hand(store: Connection) -> AsyncIterator[StoreHand]:
    """Alex at the keyboard."""
    found = StoreHand(store.path, Actor(SafeText("alex")), lambda: NOW)
    yield found
    await (await found.store()).close()


def named(snapshot: Snapshot) -> Alert:
    """Return the only alert."""
    (found,) = snapshot.alerts
    return found


async def test_an_override_made_by_key_is_on_every_screen_and_is_taken_back(
    feed: StoreFeed, hand: StoreHand
) -> None:
    """With who made it and why; one that cannot be is refused in words."""
    await feed.take()
    until = NOW + timedelta(hours=2)
    wanted = Override("primary", OverrideKind.REPLACE, NOW, until, "alex", "john")
    refused = await hand.cover(wanted)
    assert refused.refused == (("primary", "a reason is needed"),)
    made = await hand.cover(
        Override("primary", OverrideKind.REPLACE, NOW, until, "alex", "john", reason=clean("swap"))
    )
    assert "Alex is on call in place of John" in made.said
    assert await feed.changed()
    schedule = (await feed.take()).setup.schedules[0]
    assert [shift.person for shift in on_call(schedule, NOW)] == ["alex"]
    assert [(o.by, o.reason) for o in schedule.overrides] == [("alex", "swap")]
    await hand.uncover(int(made.done[0]))
    schedule = (await feed.take()).setup.schedules[0]
    assert [shift.person for shift in on_call(schedule, NOW)] == ["john"]


async def test_what_is_done_to_an_alert_is_in_the_next_picture(
    feed: StoreFeed, hand: StoreHand
) -> None:
    """Taken, given to somebody, put off, taken up again; who decided on an older owner is refused."""
    id = named(await feed.take()).id
    assert (await hand.reassign([id], {id: ""}, "sarah", "her service")).done == (id,)
    assert (await feed.take()).roster.climbs[id].owner == "sarah"
    assert (await hand.take([id], {id: ""})).refused == ((id, "sarah has it now"),)
    assert (await hand.take([id], {id: "sarah"})).done == (id,)
    assert (await hand.snooze([id], NOW + timedelta(hours=1), "known")).done == (id,)
    climb = (await feed.take()).roster.climbs[id]
    assert climb.snooze is not None and climb.snooze.reason == "known"
    assert (await hand.unsnooze([id])).done == (id,)
    assert (await hand.extend([id])).done == (id,)
    assert (await hand.reapply([id])).refused
    taken = named(await feed.take()).acknowledgement
    assert taken is not None and taken.by == "alex"


async def test_maintenance_is_begun_and_ended(feed: StoreFeed, hand: StoreHand) -> None:
    """By whom is recorded where it is stored."""
    window = Maintenance(0, NOW, NOW + timedelta(hours=1), SafeText(""), SafeText("upgrade"))
    made = await hand.maintain(window)
    (found,) = (await feed.take()).roster.maintenance
    assert (str(found.id), found.by, found.reason) == (made.done[0], "alex", "upgrade")
    await hand.end_maintenance(found.id)
    (found,) = (await feed.take()).roster.maintenance
    assert found.until == NOW


async def test_the_digest_is_read_from_the_store(feed: StoreFeed) -> None:
    """What is open and what the shift owes; of a schedule that is not there, none."""
    digest = await feed.digest("primary")
    assert digest is not None
    handoff = digest.handoff
    assert (handoff.name, handoff.next_name) == ("John", "Sarah")
    assert [incident.id for incident in handoff.incidents] == ["INC-001"]
    assert [(a.name, whose) for a, whose in handoff.alerts] == [("HighErrorRate", "")]
    owed = {duty.id: duty for duty in digest.duties}
    assert not owed["respond"].done and "HighErrorRate" in owed["respond"].missing[0]
    assert not owed["monitor"].done
    assert owed["document"].done
    assert await feed.digest("none") is None


DIGEST = Digest(
    Handoff("primary", "UTC", NOW, None, SafeText("John"), SafeText("Sarah"), NOW),
    (
        Duty("monitor", SafeText("Production is watched"), True),
        Duty("respond", SafeText("Every page is taken"), False, (SafeText("Disk for 3h"),)),
    ),
)


async def test_the_handoff_is_one_page_and_is_copied_whole() -> None:
    """The checklist first; `y` copies the digest and nothing else."""
    async with driven(staffed()) as board:
        board.feed.digests["primary"] = DIGEST
        await board.press("H")
        await board.shows(
            "the shift owes 1 of 2",
            "✔ done    Production is watched",
            "✖ OWED    Every page is taken",
            "Disk for 3h",
            "Then: Sarah, from Mon 22 Dec 14:06",
        )
        await board.press("y")
        await board.shows("copied the digest")
        assert board.copied[0].startswith("Handoff primary, Mon 22 Dec 14:06 UTC\nOn call: John")
        assert "OWED" not in board.copied[0]


async def test_the_handoff_follows_what_happens() -> None:
    """A page that came a moment ago is on it with the next picture, and gone once it is taken."""
    async with driven(staffed()) as board:
        board.feed.digests["primary"] = DIGEST
        await board.press("H")
        await board.shows("the shift owes 1 of 2")
        fresh = Duty("respond", SafeText("Every page is taken"), False, (SafeText("New for 3s"),))
        board.feed.digests["primary"] = replace(DIGEST, duties=(DIGEST.duties[0], fresh))
        board.feed.put(replace(staffed(), cursor=7))
        await board.shows("New for 3s")
        done = replace(fresh, done=True, missing=())
        board.feed.digests["primary"] = replace(DIGEST, duties=(DIGEST.duties[0], done))
        board.feed.put(replace(staffed(), cursor=8))
        await board.shows("the shift owes nothing")
        await board.shows_not("New for 3s")


@pytest.mark.parametrize("screen", ["o", "H"])
async def test_undo_asks_on_the_screens_of_being_on_call_too(screen: str) -> None:
    """What it will undo and whom that tells first; escape leaves all as it is."""
    async with driven(staffed()) as board:
        board.feed.digests["primary"] = DIGEST
        await board.hand.end_maintenance(4)
        await board.press(screen)
        await board.until(lambda: board.app.screen is not board.app.dashboard)
        await board.press("u")
        await board.shows("end_maintenance of", "whoever was paged is told", "enter undoes it:")
        await board.press("escape")
        await board.shows_not("enter undoes it:")
        assert len(board.hand.calls) == 1


async def test_a_page_that_is_seconds_old_is_owed(store: Connection, feed: StoreFeed) -> None:
    """What fires now counts at once, with the time that is left of its five minutes."""
    before = await feed.digest("primary")
    assert before is not None
    began, fired = NOW - timedelta(minutes=3), NOW - timedelta(seconds=4)
    new = alert("JustNow", active_at=began, fired_at=fired, level=0, level_at=None)
    store.write(stored.put, staffed().setup, fired, new)
    after = await feed.digest("primary")
    assert after is not None
    owed = {duty.id: duty for duty in after.duties}
    assert "JustNow for 4s, 4m56s left" in owed["respond"].missing


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_in_a_handoff_is_seen_and_does_nothing(name: str) -> None:
    """In what is missing and in the digest alike."""
    text = clean(HOSTILE[name])
    duty = Duty("respond", SafeText("Every page is taken"), False, (text,))
    lines = [*duty_lines((duty,), 60, UTF8), *handoff_page((duty,), (text, text), 60, UTF8)]
    assert "".join(text_of(one) for one in lines).isprintable()


async def test_who_would_be_woken_is_answered_as_it_is_typed() -> None:
    """Level by level, with the person who is on call at that time; nothing is written."""
    async with driven(staffed(), (120, 35)) as board:
        await board.press("5", "W")
        await board.shows(
            "Sun 28 Dec 03:00 UTC",
            "labels   severity=",
            "policy   default",
            "Sun 03:00   at once  1 On-call engineer   Alex",
            "Sun 03:30    30m00s  4 CEO                Chris",
            "EXHAUSTED: nobody is left to page",
        )
        await board.press("ctrl+u", *"mon 10:00", "tab", "ctrl+u", *"severity=warning")
        await board.shows("Mon 10:00   at once  1 On-call engineer   John")
        await board.shows_not("4 CEO  ")
        await board.press("tab", *"none")
        await board.shows("there is no policy none")
        await board.press("enter")
        await board.until(lambda: board.app.screen is board.app.dashboard)
        assert board.hand.calls == []
