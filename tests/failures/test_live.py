"""Two dashboards on one store: what one person does to failures, the other one sees and is told."""

from opsdash.domain.text import SafeText
from opsdash.snapshot import Snapshot
from opsdash.ui.app import OpsdashApp
from opsdash.ui.hand import StoreHand
from opsdash.ui.live import StoreFeed
from opsdash.ui.preferences import Preferences
from tests.failures.conftest import JOHN, SARAH, Counter
from tests.kit.waiting import eventually


def figure(snapshot: Snapshot) -> tuple[str, str]:
    """Return the state of the failures that the tile shows, and who."""
    batch = snapshot.panes[0].readings[0].batch
    return ("", "") if batch is None else (str(batch.state), str(batch.by))


async def test_what_one_does_the_other_sees(world: Counter) -> None:
    """As news of the store, with the whole story in the detail."""
    await world.count(2)
    feed = StoreFeed(world.store.path, world.clock.now)
    hand = StoreHand(world.store.path, SARAH, world.clock.now)
    seen = await feed.take()
    assert figure(seen) == ("new", "")
    assert not await feed.changed()
    batch = await world.open()
    assert (await hand.investigate(batch)).done == ("F1",)
    assert await feed.changed()
    assert figure(await feed.take()) == ("investigating", "sarah")
    assert (await hand.give_back(await world.open())).done == ("F1",)
    await hand.investigate(await world.open())
    assert (await hand.conclude(await world.open(), "bank")).done == ("F1",)
    await world.count(3)
    assert figure(await feed.take()) == ("new", "")
    detail = await feed.detail("failed")
    assert [(b.id, b.note) for b in detail.batches] == [("F2", ""), ("F1", "bank")]
    assert [(e.by, e.text) for e in detail.entries] == [("engine", "1 failure")]
    await (await feed.store()).close()
    await (await hand.store()).close()


async def test_of_two_people_with_the_same_screen_one_is_told_who(world: Counter) -> None:
    """Both press the key on `(new)`; neither screen had heard of the other."""
    await world.count(2)
    first = await world.picture()

    def app(who: str) -> OpsdashApp:
        actor = SARAH if who == "sarah" else JOHN
        return OpsdashApp(
            StoreFeed(world.store.path, world.clock.now, first),
            lambda: StoreHand(world.store.path, actor, world.clock.now),
            Preferences(names=(who,)),
            clock=world.clock.now,
            first=first,
        )

    def text(one: OpsdashApp) -> str:
        return "\n".join(strip.text for strip in one.screen._compositor.render_strips())

    sarahs, johns = app("sarah"), app("john")
    async with sarahs.run_test(size=(160, 45)) as hers, johns.run_test(size=(160, 45)) as his:
        await hers.press("1")
        await his.press("1")
        johns.paused = True
        await hers.press("a")
        await eventually(lambda: "2 (investigating, sarah)" in text(sarahs))
        assert "2 (new)" in text(johns)
        await his.press("a")
        told = "2 failures of Failed 24h not: sarah began to look into it 0s ago"
        await eventually(lambda: told in text(johns))
        await eventually(lambda: "2 (investigating, sarah)" in text(johns))
        await hers.press("a", *"bank", "enter")
        await eventually(lambda: "2 (investigated)" in text(sarahs))
    assert (await world.open()).note == SafeText("bank")
