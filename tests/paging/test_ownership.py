"""Whose it is and what happens next: take, reassign, extend, snooze, and maintenance, as stories."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash import ownership, response
from opsdash.domain.climb import owner
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.next_step import StepKind
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.store import engine, maintenance
from tests.paging.world import SARAH, World

TRIGGER = PageKind.TRIGGER
JOHN = Actor(SafeText("john"))
MINUTE = 60.0


async def fired(world: World, name: str = "HighErrorRate", **labels: str) -> tuple[str, str]:
    """Fire an alert and let its page leave; return its fingerprint and id."""
    key = world.alerts.fire(name, **labels)
    await world.turn(2)
    return key, (await world.alert(key)).id


async def whose(world: World, key: str) -> str:
    """Return whose an alert is."""
    return owner(await world.alert(key), await world.climb(key))


async def test_i_will_take_it_takes_it_from_another(world: World) -> None:
    """John has it, Sarah takes it over: John's pager says so, and he is not refused into silence."""
    key, id = await fired(world)
    await world.store.write(response.acknowledge, JOHN, world.clock.now(), [id])
    done = await world.store.write(
        ownership.take, SARAH, world.clock.now(), [id], "I know this one", {id: "john"}
    )
    assert done.done == (id,)
    await world.turn(2)
    assert await whose(world, key) == "sarah"
    assert "sarah: took it over from john: I know this one" in await world.story(key)
    assert [p.by for p in world.pagers["john"].told(PageKind.ACKNOWLEDGE)] == ["john", "sarah"]
    again = await world.store.write(ownership.take, SARAH, world.clock.now(), [id])
    assert again.refused == ((id, "you have it already"),)


async def test_two_take_it_over_at_once_and_one_is_told(world: World) -> None:
    """Both saw that John has it; the second reads who has it now, and takes nothing."""
    key, id = await fired(world)
    await world.store.write(response.acknowledge, JOHN, world.clock.now(), [id])
    now, saw = world.clock.now(), {id: "john"}
    await world.store.write(ownership.take, SARAH, now, [id], "", saw)
    maria = Actor(SafeText("maria"))
    second = await world.store.write(ownership.take, maria, now, [id], "", saw)
    assert second.refused == ((id, "sarah has it now"),)
    assert await whose(world, key) == "sarah"


async def test_taking_nothing_does_nothing(world: World) -> None:
    """An empty selection is no selection."""
    for outcome in (
        await world.store.write(ownership.take, SARAH, world.clock.now(), []),
        await world.store.write(ownership.extend, SARAH, world.clock.now(), []),
        await world.store.write(ownership.reapply, SARAH, world.clock.now(), []),
    ):
        assert outcome == response.Outcome()


async def test_reassigning_is_no_acknowledgement_and_resets_no_timer(world: World) -> None:
    """Given to Priya at minute three she is paged, nobody has acknowledged, and Maria comes at minute five."""
    key, id = await fired(world)
    await world.turn(3 * MINUTE, step=30)
    done = await world.store.write(
        ownership.reassign, SARAH, world.clock.now(), [id], "pm", "she knows the customer"
    )
    assert done.done == (id,)
    await world.turn(10)
    (page,) = world.pagers["priya"].told(TRIGGER)
    assert (page.by, page.text) == ("sarah", "she knows the customer")
    assert (await world.alert(key)).acknowledgement is None
    assert await whose(world, key) == "pm"
    await world.turn(2 * MINUTE, step=30)
    assert world.paged("john", "maria", "priya") == [1, 1, 1]
    assert "sarah: to Priya: she knows the customer" in await world.story(key)


async def test_reassigning_keeps_an_acknowledgement_and_its_clock(world: World) -> None:
    """John acknowledged an hour ago; it is Priya's now, and his acknowledgement ends when it would have."""
    key, id = await fired(world)
    await world.store.write(response.acknowledge, JOHN, world.clock.now(), [id])
    await world.turn(2)
    await world.store.write(
        ownership.reassign, JOHN, world.clock.now(), [id], "pm", "shift is over"
    )
    alert = await world.alert(key)
    assert alert.acknowledgement is not None
    assert alert.acknowledgement.by == "john"
    assert await whose(world, key) == "pm"


@pytest.mark.parametrize(
    ("to", "why", "reason"),
    [
        ("pm", " ", "a reason is needed"),
        ("nobody", "x", "there is no person nobody; `opsdash oncall schedule` names them"),
    ],
)
async def test_a_reassignment_that_cannot_be(world: World, to: str, why: str, reason: str) -> None:
    """Without a reason, or to somebody whom nobody knows, nothing changes and nobody is paged."""
    key, id = await fired(world)
    done = await world.store.write(ownership.reassign, SARAH, world.clock.now(), [id], to, why)
    assert done.refused == ((id, reason),)
    assert world.paged("priya") == [0]
    assert await whose(world, key) == ""


async def test_the_ceo_is_given_no_warning(world: World) -> None:
    """Whom the policy keeps for critical alerts is reached for no other, by hand as little as by the clock."""
    _, id = await fired(world, "Slow", severity="warning")
    done = await world.store.write(
        ownership.reassign, SARAH, world.clock.now(), [id], "ceo", "she asked"
    )
    assert done.refused == ((id, "ceo is reached for critical alerts, this one is warning"),)
    assert world.paged("chen") == [0]
    _, urgent = await fired(world)
    done = await world.store.write(
        ownership.reassign, SARAH, world.clock.now(), [urgent], "ceo", "she asked"
    )
    assert done.done == (urgent,)


async def test_a_snooze_ends_and_whoever_is_on_call_then_is_paged(world: World) -> None:
    """Put off until two o'clock: quiet until then, then nobody's again, and paged anew from level 1."""
    key, id = await fired(world)
    until = world.clock.now() + timedelta(hours=2)
    done = await world.store.write(
        ownership.snooze, SARAH, world.clock.now(), [id], until, "the batch is over at four"
    )
    assert done.done == (id,)
    await world.turn(2 * 3600 - 60, step=60)
    assert world.paged("john", "maria") == [1, 0]
    step = await world.next(key)
    assert (step.kind, step.at, step.who) == (StepKind.SNOOZE_ENDS, until, ("John",))
    await world.turn(2 * MINUTE, step=30)
    assert world.paged("john") == [2]
    alert = await world.alert(key)
    assert alert.acknowledgement is None
    assert "snoozed for 2h00m: the batch is over at four" in await world.story(key)
    await world.turn(6 * MINUTE, step=30)
    assert world.paged("maria") == [1]


async def test_a_snooze_ends_early_when_the_severity_rises(world: World) -> None:
    """What was put off as a warning is critical now: both are paged at once, and it says why."""
    key, id = await fired(world, "DiskWillFill", severity="warning")
    until = world.clock.now() + timedelta(hours=2)
    await world.store.write(
        ownership.snooze, SARAH, world.clock.now(), [id], until, "tomorrow is early enough"
    )
    await world.turn(10 * MINUTE, step=30)
    assert world.paged("john") == [1]
    world.alerts.fire("DiskWillFill", severity="critical")
    await world.turn(5)
    assert world.paged("john") == [3]
    assert "ends early, DiskWillFill is critical now" in await world.story(key)


@pytest.mark.parametrize(
    ("length", "why", "reason"),
    [
        (timedelta(hours=1), "", "a reason is needed: say why it may wait"),
        (timedelta(0), "x", "that time is over already"),
        (timedelta(days=8), "x", "it can be put off for seven days at most"),
    ],
)
async def test_a_snooze_that_cannot_be(
    world: World, length: timedelta, why: str, reason: str
) -> None:
    """Without a reason, into the past, or for ever: refused in words."""
    _, id = await fired(world)
    now = world.clock.now()
    done = await world.store.write(ownership.snooze, SARAH, now, [id], now + length, why)
    assert done.refused == ((id, reason),)


async def test_ending_a_snooze_by_hand_keeps_the_owner(world: World) -> None:
    """Whoever had put it off has it still; the acknowledgement's own clock runs from then."""
    key, id = await fired(world)
    now = world.clock.now()
    refused = await world.store.write(ownership.unsnooze, SARAH, now, [id])
    assert refused.refused == ((id, "it is not snoozed"),)
    await world.store.write(ownership.snooze, SARAH, now, [id], now + timedelta(hours=2), "later")
    await world.turn(2)
    await world.store.write(ownership.unsnooze, SARAH, world.clock.now(), [id])
    await world.turn(2)
    assert (await world.next(key)).kind is StepKind.ACKNOWLEDGEMENT_ENDS
    assert await whose(world, key) == "sarah"


async def test_reassigning_ends_a_snooze(world: World) -> None:
    """It was another's decision that it may wait (PagerDuty's rule)."""
    key, id = await fired(world)
    now = world.clock.now()
    await world.store.write(ownership.snooze, SARAH, now, [id], now + timedelta(hours=2), "later")
    await world.store.write(ownership.reassign, SARAH, now, [id], "pm", "hers now")
    await world.turn(2)
    assert (await world.climb(key)).snooze is None


async def test_undo_gives_back_what_was_taken_over(world: World) -> None:
    """Taken over by mistake: one key puts John back."""
    key, id = await fired(world)
    await world.store.write(response.acknowledge, JOHN, world.clock.now(), [id])
    await world.turn(2)
    await world.store.write(ownership.take, SARAH, world.clock.now(), [id])
    undone = await world.store.write(response.undo, SARAH, world.clock.now())
    assert undone.done == (id,)
    assert await whose(world, key) == "john"


async def _maintain(
    world: World, minutes: float, service: str = "", matching: tuple[str, ...] = ()
) -> Maintenance:
    now = world.clock.now()
    window = Maintenance(
        0,
        now,
        now + timedelta(minutes=minutes),
        SafeText("sarah"),
        SafeText("new database"),
        SafeText(service),
        matching,
    )
    return await world.store.write(maintenance.add, window, now)


async def test_new_alerts_in_a_maintenance_window_are_shown_and_not_paged(world: World) -> None:
    """For half an hour of planned work nobody is paged and nothing climbs; the reason is on the timeline."""
    await _maintain(world, 30, "payments-api")
    key, _ = await fired(world)
    other, _ = await fired(world, "GatewayOffline", job="gateway")
    await world.turn(20 * MINUTE, step=30)
    assert {p.title for p in world.pagers["john"].told(TRIGGER)} == {"GatewayOffline is bad"}
    alert = await world.alert(key)
    assert (alert.open, alert.level, alert.incident) == (True, 0, None)
    assert "not paged: maintenance by sarah" in await world.story(key)
    assert "new database" in await world.story(key)
    assert (await world.next(key)).kind is StepKind.MAINTENANCE_ENDS
    assert (await world.alert(other)).level == 3


async def test_a_window_ends_by_itself_and_what_fires_on_is_paged(world: World) -> None:
    """At its end the alert opens its incident and is paged, and then climbs as any other."""
    await _maintain(world, 30)
    key, _ = await fired(world)
    await world.turn(31 * MINUTE, step=30)
    assert world.paged("john", "maria") == [1, 0]
    alert = await world.alert(key)
    assert (alert.level, alert.incident) == (1, "INC-001")
    await world.turn(5 * MINUTE, step=30)
    assert world.paged("john", "maria") == [1, 1]


async def test_a_window_may_be_ended_before_its_time(world: World) -> None:
    """The work is done early: what it held is paged at once."""
    window = await _maintain(world, 300, matching=('severity="critical"',))
    await fired(world)
    await world.turn(MINUTE, step=30)
    assert world.paged("john") == [0]
    now = world.clock.now()
    assert await world.store.write(maintenance.end, window.id, "sarah", now)
    assert not await world.store.write(maintenance.end, window.id, "sarah", now)
    await world.turn(5)
    assert world.paged("john") == [1]


async def test_what_fired_before_the_window_goes_on(world: World) -> None:
    """Maintenance is for what the work raises: an alert of before keeps climbing."""
    await fired(world)
    await _maintain(world, 60)
    await world.turn(6 * MINUTE, step=30)
    assert world.paged("john", "maria") == [1, 1]


async def test_what_resolves_within_the_window_is_never_paged(world: World) -> None:
    """It came and went with the work."""
    await _maintain(world, 10)
    key, _ = await fired(world)
    world.alerts.resolve(key)
    await world.turn(15 * MINUTE, step=30)
    assert all(pager.sent == [] for pager in world.pagers.values())


async def test_a_person_may_escalate_within_a_window(world: World) -> None:
    """The window holds what pages by itself, not what a person decides."""
    await _maintain(world, 60)
    _, id = await fired(world)
    now = world.clock.now()
    await world.store.write(response.escalate, SARAH, now, [id], {id: 0}, "it is real", 2)
    await world.turn(2)
    assert world.paged("john", "maria") == [0, 1]


async def test_the_setup_that_acts_start_from_is_the_engines(world: World) -> None:
    """A person that the configuration has gained can be given alerts as soon as the engine runs it."""
    _, id = await fired(world)
    await world.store.write(engine.save_setup, replace(world.setup, people=()), world.clock.now())
    done = await world.store.write(ownership.reassign, SARAH, world.clock.now(), [id], "pm", "hers")
    assert done.refused[0][1].startswith("there is no person pm")
