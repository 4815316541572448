"""What people receive, and what they do not: stories on a hand-cranked clock."""

from dataclasses import replace
from datetime import timedelta

from opsdash import response
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.notifier import NotifierError
from opsdash.store import incidents
from opsdash.store.outbox import LetterState
from tests.paging.world import SARAH, World, of_one_level

TRIGGER, ACKNOWLEDGE, RESOLVE, NOTE = (
    PageKind.TRIGGER,
    PageKind.ACKNOWLEDGE,
    PageKind.RESOLVE,
    PageKind.NOTE,
)


async def test_a_critical_alert_pages_who_is_on_call_once(world: World) -> None:
    """John's pager and the schedule's channel get one page each, and it stays at that."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(60)
    john, channel = world.pagers["john"], world.pagers["channel"]
    assert [page.title for page in john.told(TRIGGER)] == ["HighErrorRate is bad"]
    assert [(page.title, address) for page, address, _ in channel.sent] == [
        ("HighErrorRate is bad", "#incidents")
    ]
    assert world.pagers["maria"].sent == []
    assert "paged John: john accepted" in await world.story(key)


async def test_the_rule_names_whom_to_page(world: World) -> None:
    """A `page` label sends the alert to those schedules, each person once."""
    world.alerts.fire("GatewayOffline", page="database, primary")
    await world.turn(2)
    assert len(world.pagers["maria"].told(TRIGGER)) == 1
    assert len(world.pagers["john"].told(TRIGGER)) == 1


async def test_a_schedule_that_is_not_there_falls_back_to_primary_and_says_so(
    world: World,
) -> None:
    """A page for an unknown schedule reaches the primary one, with a remark on the timeline."""
    key = world.alerts.fire("LeakSuspected", page="backend")
    await world.turn(2)
    assert len(world.pagers["john"].told(TRIGGER)) == 1
    assert "there is no schedule backend: paging primary" in await world.story(key)


async def test_an_acknowledgement_stops_paging_and_is_told(world: World) -> None:
    """Whoever was paged is told who has it; nothing is paged again, whatever time passes."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id], "on it")
    await world.turn(2 * 3600, step=60)
    john = world.pagers["john"]
    assert len(john.told(TRIGGER)) == 1
    assert [(page.by, page.text) for page in john.told(ACKNOWLEDGE)] == [("sarah", "on it")]
    assert all(thread == "thread-john" for _, _, thread in john.sent[1:])


async def test_acknowledged_before_it_left_is_never_sent(world: World) -> None:
    """A page that waits for others to join it is dropped by an acknowledgement, with the reason."""
    world.engine.setup = replace(
        world.setup, paging=replace(world.setup.paging, group_wait=timedelta(seconds=30))
    )
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await world.turn(60)
    assert world.pagers["john"].sent == []
    letters = await world.letters()
    assert {letter.state for letter in letters} == {LetterState.DROPPED}
    assert letters[0].answer == "sarah acknowledged it first"


async def test_nobody_acknowledges_and_it_is_paged_again(world: World) -> None:
    """Where no level is left the page is repeated every half hour, under the same key, saying how often."""
    world.engine.setup = of_one_level(world.setup)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3700, step=20)
    pages = world.pagers["john"].told(TRIGGER)
    assert [page.repeat for page in pages] == [0, 1, 2]
    assert len({page.key for page in pages}) == 1
    assert "for the 2. time" in await world.story(key)


async def test_resolved_is_told_to_whoever_was_paged(world: World) -> None:
    """The resolve goes to the same pagers under the same key, and to nobody else."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    world.alerts.resolve(key)
    await world.turn(2)
    john = world.pagers["john"]
    assert [page.kind for page, _, _ in john.sent] == [TRIGGER, RESOLVE]
    assert len({page.key for page, _, _ in john.sent}) == 1
    assert world.pagers["maria"].sent == []


async def test_fires_again_is_a_new_page_under_a_new_key(world: World) -> None:
    """An alert that resolves and fires again pages again, as another occurrence."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    world.alerts.resolve(key)
    await world.turn(2)
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    keys = [page.key for page in world.pagers["john"].told(TRIGGER)]
    assert len(keys) == 2
    assert len(set(keys)) == 2


async def test_resolved_before_it_was_sent_is_not_sent(world: World) -> None:
    """A pager that is down while the alert comes and goes gets neither page nor resolve afterwards."""
    john = world.pagers["john"]
    john.refusing = NotifierError(SafeText("503"))
    key = world.alerts.fire("HighErrorRate")
    world.setup = world.engine.setup = replace(
        world.setup, paging=replace(world.setup.paging, group_wait=timedelta(seconds=5))
    )
    await world.turn(2)
    world.alerts.resolve(key)
    await world.turn(2)
    john.refusing = None
    await world.turn(120)
    assert john.sent == []
    assert {letter.state for letter in await world.letters()} == {LetterState.DROPPED}


async def test_a_pager_that_is_down_gets_its_page_when_it_is_back(world: World) -> None:
    """A temporary refusal is tried again until it is accepted, once."""
    john = world.pagers["john"]
    john.refusing = NotifierError(SafeText("connection refused"))
    world.alerts.fire("HighErrorRate")
    await world.turn(20)
    assert john.sent == []
    assert john.tries > 1
    john.refusing = None
    await world.turn(70)
    assert len(john.told(TRIGGER)) == 1


async def test_past_its_deadline_the_next_level_is_paged(world: World) -> None:
    """When John's pager takes nothing for a minute, Maria is paged in his place, once."""
    world.pagers["john"].refusing = NotifierError(SafeText("503 service unavailable"))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(300)
    pages = world.pagers["maria"].told(TRIGGER)
    assert [page.level_name for page in pages] == ["Tech Lead"]
    assert "john has not accepted the page" in pages[0].text
    assert "paging level 2 in its place" in await world.story(key)


async def test_a_refusal_for_good_is_a_dead_letter_and_the_next_level_is_paged_at_once(
    world: World,
) -> None:
    """A wrong key is never tried again; it is kept as dead with the answer, and Maria is paged."""
    john = world.pagers["john"]
    john.refusing = NotifierError(SafeText("400 invalid routing key"), permanent=True)
    world.alerts.fire("HighErrorRate")
    await world.turn(30)
    assert john.tries == 1
    dead = [letter for letter in await world.letters() if letter.state is LetterState.DEAD]
    assert [letter.answer for letter in dead] == ["400 invalid routing key"]
    assert len(world.pagers["maria"].told(TRIGGER)) == 1


async def test_a_fallback_comes_before_the_next_level(world: World) -> None:
    """With a fallback configured it is paged in place of the next level."""
    world.engine.setup = replace(
        world.setup, paging=replace(world.setup.paging, fallback=("person:pm",))
    )
    world.pagers["john"].refusing = NotifierError(SafeText("no such key"), permanent=True)
    world.alerts.fire("HighErrorRate")
    await world.turn(5)
    assert len(world.pagers["priya"].told(TRIGGER)) == 1
    assert world.pagers["maria"].sent == []


async def test_a_pager_that_hangs_holds_nobody_up(world: World) -> None:
    """A notifier that never answers does not keep the channel's message from leaving."""
    world.pagers["john"].hanging = True
    world.alerts.fire("HighErrorRate")
    await world.turn(3)
    assert len(world.pagers["channel"].told(TRIGGER)) == 1


async def test_escalating_pages_the_next_level_with_the_reason(world: World) -> None:
    """`escalate` pages the tech lead, who reads the reason and who gave it."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    now = world.clock.now()
    await world.store.write(response.escalate, SARAH, now, [id], {id: 1}, "locks, need Maria")
    await world.turn(2)
    (page,) = world.pagers["maria"].told(TRIGGER)
    assert (page.level, page.by, page.text) == (2, "sarah", "locks, need Maria")
    assert page.reached == ("Maria",)


async def test_a_warning_that_joins_an_incident_is_a_note_not_a_page(world: World) -> None:
    """CPUSaturated in the same service is told within the page that was sent, and wakes nobody anew."""
    first = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    joined = world.alerts.fire("CPUSaturated", severity="warning")
    await world.turn(2)
    john = world.pagers["john"]
    assert len(john.told(TRIGGER)) == 1
    (note,) = john.told(NOTE)
    assert note.key == (await world.alert(first)).id
    assert "CPUSaturated joined INC-001" in note.text
    assert "told with HighErrorRate" in await world.story(joined)


async def test_what_only_joined_is_paged_when_the_first_resolves(world: World) -> None:
    """When the alert that was paged resolves and the joined one still fires, that one is paged."""
    first = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    world.alerts.fire("CPUSaturated", severity="warning")
    await world.turn(2)
    world.alerts.resolve(first)
    await world.turn(2)
    titles = [page.title for page in world.pagers["john"].told(TRIGGER)]
    assert titles == ["HighErrorRate is bad", "CPUSaturated is bad"]


async def test_silenced_alerts_page_nobody(world: World) -> None:
    """A silenced alert is not paged; when the silence ends it is."""
    key = world.alerts.fire("HighErrorRate")
    world.alerts.silence(key)
    await world.turn(5)
    assert world.pagers["john"].sent == []
    world.alerts.fire("HighErrorRate")
    await world.turn(5)
    assert len(world.pagers["john"].told(TRIGGER)) == 1


async def test_informational_alerts_page_nobody(world: World) -> None:
    """Severity info is shown and never paged."""
    world.alerts.fire("Deployed", severity="info")
    await world.turn(5)
    assert all(pager.sent == [] for pager in world.pagers.values())


async def test_what_resolves_together_with_what_led_it_is_not_paged(world: World) -> None:
    """All of an incident is over in one read: nobody is paged for what only joined it."""
    led = world.alerts.fire("HighErrorRate")
    await world.turn(5)
    joined = [world.alerts.fire("CPUSaturated", severity="warning", pod=f"p{n}") for n in range(3)]
    await world.turn(5)
    before = [len(pager.told(TRIGGER)) for pager in world.pagers.values()]
    for key in (led, *joined):
        world.alerts.resolve(key)
    await world.turn(5)
    assert [len(pager.told(TRIGGER)) for pager in world.pagers.values()] == before
    (incident,) = await world.store.read(
        incidents.load_shown, world.clock.now() - timedelta(hours=1)
    )
    assert incident.resolved_at is not None


async def test_fifty_alerts_are_one_page_that_says_fifty(world: World) -> None:
    """A storm becomes one page with the count and the names; its resolve comes when all are over."""
    keys = [world.alerts.fire("InstanceDown", instance=f"pod-{n}") for n in range(50)]
    await world.turn(5)
    (page,) = world.pagers["john"].told(TRIGGER)
    assert page.count == 50
    assert page.title.startswith("50 alerts at once: InstanceDown ×50")
    for key in keys[:-1]:
        world.alerts.resolve(key)
    await world.turn(3)
    assert world.pagers["john"].told(RESOLVE) == []
    world.alerts.resolve(keys[-1])
    await world.turn(3)
    (resolve,) = world.pagers["john"].told(RESOLVE)
    assert resolve.key == page.key


async def test_a_flapping_alert_is_held_and_then_paged_once(world: World) -> None:
    """The fourth firing within a quarter of an hour waits, and is paged only because it goes on."""
    for _ in range(3):
        key = world.alerts.fire("Flappy")
        await world.turn(5)
        world.alerts.resolve(key)
        await world.turn(5)
    pages = len(world.pagers["john"].told(TRIGGER))
    key = world.alerts.fire("Flappy")
    await world.turn(60, step=5)
    assert len(world.pagers["john"].told(TRIGGER)) == pages
    assert "flapping: fired 4 times lately" in await world.story(key)
    await world.turn(120, step=5)
    assert len(world.pagers["john"].told(TRIGGER)) == pages + 1


async def test_a_page_under_way_when_the_engine_dies_is_sent_again_under_the_same_key(
    world: World,
) -> None:
    """The next engine sends what was claimed and not settled: nothing lost, the key absorbs a repeat."""
    world.pagers["john"].hanging = True
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    claimed = [one for one in await world.letters() if one.state is LetterState.SENDING]
    assert len(claimed) == 1
    world.pagers["john"].hanging = False
    world.engine = world.start_engine("the next one")
    await world.turn(20)
    (page,) = world.pagers["john"].told(TRIGGER)
    assert page.id == claimed[0].page.id
    assert page.again and not page.repeat, (
        "a receiver without keys must see that it may be a repetition"
    )


async def test_acknowledged_while_it_was_under_way_is_not_sent_again(world: World) -> None:
    """Sarah takes it while no engine runs: the next one pages John for nothing more, and tells him."""
    john = world.pagers["john"]
    john.hanging = True
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    john.hanging = False
    world.engine = world.start_engine("the next one")
    await world.turn(20)
    assert [page.kind for page, _, _ in john.sent] == [ACKNOWLEDGE]
    (page,) = [one for one in await world.letters() if one.state is LetterState.DROPPED]
    assert page.answer == "it was acknowledged before this was sent"


async def test_an_undone_acknowledgement_is_told(world: World) -> None:
    """Whoever was told that somebody has it is told when that is taken back."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await world.turn(2)
    await world.store.write(response.undo, SARAH, world.clock.now())
    await world.turn(2)
    notes = world.pagers["john"].told(NOTE)
    assert [note.text for note in notes] == ["sarah gave it back: nobody has it"]


async def test_without_notifiers_nothing_is_written_or_claimed(world: World) -> None:
    """A team without pagers gets no entries about pages that nobody would have sent."""
    world.engine.setup = replace(world.setup, paging=replace(world.setup.paging, notifiers=()))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    assert await world.letters() == []
    assert "paging" not in await world.story(key)


async def test_a_channel_is_told_of_the_next_level_and_nobody_is_woken_for_it(
    world: World,
) -> None:
    """Five minutes on Maria is paged: the channel reads whom, John's pager is left alone."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    await world.turn(310, step=10)
    (note,) = world.pagers["channel"].told(PageKind.NOTE)
    assert note.text == "level 2 Tech Lead: paging Maria"
    assert (note.key, note.by) == ((await world.alert(key)).id, "engine")
    assert [page.kind for page, _, _ in world.pagers["john"].sent] == [PageKind.TRIGGER]


async def test_whoever_got_a_storm_is_told_when_somebody_has_all_of_it(world: World) -> None:
    """Its one page is acknowledged with the last of its alerts, and given back with the first."""
    keys = [world.alerts.fire("InstanceDown", instance=f"pod-{n}") for n in range(50)]
    await world.turn(5)
    (page,) = world.pagers["john"].told(TRIGGER)
    ids = [(await world.alert(key)).id for key in keys]
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), ids[:49])
    await world.turn(3)
    assert world.pagers["john"].told(PageKind.ACKNOWLEDGE) == []
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), ids[49:])
    await world.turn(3)
    (taken,) = world.pagers["john"].told(PageKind.ACKNOWLEDGE)
    assert (taken.key, taken.by) == (page.key, "sarah")
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), ids[:3])
    await world.turn(3)
    (note,) = world.pagers["john"].told(PageKind.NOTE)
    assert (note.key, note.text) == (page.key, "sarah gave it back: nobody has it")
