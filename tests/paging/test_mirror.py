"""What people do at the pager itself is seen here, once."""

from datetime import datetime

import pytest

from opsdash import response
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText, clean
from opsdash.engine import mirror
from opsdash.notifiers.notifier import NotifierError
from opsdash.notifiers.pagerduty_answers import Change, ChangeKind
from tests.paging.world import SARAH, Pager, World


class AskedPager(Pager):
    """A pager that can be asked what people did there."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.done: list[Change] = []
        self.asked: list[tuple[str, ...]] = []
        self.silent: NotifierError | None = None

    async def changes(self, since: datetime, keys: tuple[str, ...]) -> tuple[Change, ...]:
        self.asked.append(tuple(keys))
        if self.silent is not None:
            raise self.silent
        return tuple(one for one in self.done if one.at >= since)


@pytest.fixture
async def pager(world: World) -> AskedPager:
    """John's pager, which can be asked."""
    asked = AskedPager("john")
    world.pagers["john"] = asked
    world.engine.notifiers = world.pagers
    world.engine.mirror_polls = mirror.polls(world.engine)
    return asked


def _change(world: World, key: str, kind: ChangeKind, id: str = "R1", by: str = "Jane") -> Change:
    return Change(id, kind, key, world.clock.now(), clean(by), SafeText(""))


async def test_acknowledged_at_the_pager_is_acknowledged_here(
    world: World, pager: AskedPager
) -> None:
    """Within a refresh the alert is Jane's, the others are told, and the pager is not told its own news."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    pager.done.append(_change(world, id, ChangeKind.ACKNOWLEDGED))
    await world.turn(4)
    taken = (await world.alert(key)).acknowledgement
    assert taken is not None
    assert taken.by == "Jane at john"
    assert len(world.pagers["channel"].told(PageKind.ACKNOWLEDGE)) == 1
    assert pager.told(PageKind.ACKNOWLEDGE) == []


async def test_the_same_change_is_taken_over_once(world: World, pager: AskedPager) -> None:
    """Taken back here it stays taken back, however often the pager's log is read, by any engine."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    pager.done.append(_change(world, id, ChangeKind.ACKNOWLEDGED))
    await world.turn(4)
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), [id])
    world.engine = world.start_engine("the next one")
    await world.turn(20)
    assert (await world.alert(key)).acknowledgement is None
    assert (await world.story(key)).count("acknowledged there") == 1


async def test_a_newer_decision_here_stands(world: World, pager: AskedPager) -> None:
    """An acknowledgement there that is older than one taken back here changes nothing."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    late = _change(world, id, ChangeKind.ACKNOWLEDGED)
    world.clock.turn(5)
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), [id])
    pager.done.append(late)
    await world.turn(4)
    assert (await world.alert(key)).acknowledgement is None


async def test_what_has_no_counterpart_is_told(world: World, pager: AskedPager) -> None:
    """A resolve there of what still fires here is on the timeline, and the alert stays open."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    pager.done.append(_change(world, id, ChangeKind.RESOLVED))
    await world.turn(4)
    assert (await world.alert(key)).open
    assert "Jane at john: resolved there" in await world.story(key)


async def test_a_pager_that_cannot_be_asked_is_a_problem_with_its_reason(
    world: World, pager: AskedPager
) -> None:
    """A refused look is named on every screen, and over when it works again."""
    from opsdash.store import engine as stored

    world.alerts.fire("HighErrorRate")
    await world.turn(3)
    pager.silent = NotifierError(SafeText("401 the token is refused"))
    await world.turn(5)
    (problem,) = await world.store.read(stored.load_problems)
    assert problem.text == "john: 401 the token is refused"
    pager.silent = None
    await world.turn(60)
    assert await world.store.read(stored.load_problems) == ()


async def test_without_open_pages_nobody_is_asked(world: World, pager: AskedPager) -> None:
    """A quiet day costs the pager's API nothing."""
    await world.turn(30)
    assert pager.asked == []
