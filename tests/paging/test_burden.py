"""What pages cost, read back from what an engine did: each figure beside the sum that a person does by hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsdash import ownership, response
from opsdash.domain.alert import Severity
from opsdash.domain.burden import Burden, Paged, burden
from opsdash.domain.schedule import Schedule
from opsdash.domain.text import clean
from opsdash.domain.timeline import Actor
from opsdash.store import alerts, paged
from opsdash.workload import Load, load_of
from tests.kit.team import Team
from tests.paging.world import MONDAY, SARAH, World

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

CONFIG = """
timezone = "UTC"
[store]
url = "sqlite:///{store}"
[prometheus]
url = "http://127.0.0.1:9"
[[person]]
id = "john"
name = "John"
[[person]]
id = "tech-lead"
name = "Maria"
[[schedule]]
id = "primary"
timezone = "UTC"
handoff = "09:00"
weeks = [ {{ mon = "john" }} ]
[[schedule]]
id = "database"
timezone = "UTC"
handoff = "09:00"
weeks = [ {{ mon = "tech-lead" }} ]
"""


async def figures(world: World) -> Load:
    """Return what `opsdash oncall metrics` says of the four hours before now and after it."""
    now = world.clock.now()
    return await world.store.read(load_of, world.setup, now - 240 * MINUTE, now + 240 * MINUTE, now)


async def paged_for(world: World, name: str, minutes: float = 0, **labels: str) -> str:
    """Let an alert fire and be paged, and so many minutes pass from that page on; return its id."""
    key = world.alerts.fire(name, **labels)
    await world.turn(1)
    await world.turn(minutes * 60, step=10)
    return (await world.alert(key)).id


async def take(world: World, id: str, by: Actor = SARAH) -> None:
    done = await world.store.write(response.acknowledge, by, world.clock.now(), [id])
    assert done.done == (id,)


def spans(one: Burden) -> list[float | None]:
    """Return mean, median and 90th percentile in seconds."""
    return [None if w is None else w.total_seconds() for w in (one.mean, one.median, one.p90)]


async def test_three_alerts_of_a_day_as_a_person_adds_them_up(world: World, tmp_path: Path) -> None:
    """Taken 2, 6 and 9 minutes after the first page, the last at night: each figure, in JSON and text.

    John is paged three times and waits 2, 6 and 9; Maria twice, five minutes later, and waits 1 and 4.
    All: mean 17 / 3 = 340 s, median 360 s, 90th percentile 360 + 0.8 * 180 = 504 s.
    Maria: mean and median 150 s, 90th percentile 60 + 0.9 * 180 = 222 s.
    The last one's two pages are out of hours and at night. One shift on each of two schedules: John's
    brought his three pages; Maria is level 2, and her shift on the other schedule brought none.
    """
    for name, job, minutes in (("A", "pay", 2), ("B", "pay", 6), ("C", "gateway", 9)):
        if name == "C":
            evening = datetime(2025, 12, 22, 22, 59, tzinfo=UTC)
            world.clock.turn((evening - world.clock.now()).total_seconds())
            await world.turn(60, step=10)
        id = await paged_for(world, name, minutes, job=job)
        await take(world, id)
        world.alerts.resolve(id.partition("/")[0])
        await world.turn(60, step=10)

    team = Team(tmp_path, CONFIG.format(store=tmp_path / "ops.db"))
    window = ("--from", "2025-12-22T13:00Z", "--until", "2025-12-23T06:00Z")
    told = json.loads(team.run("oncall", "metrics", *window, "--format", "json").stdout)
    assert told["all"] == {
        "alerts": 3, "pages": 5, "acknowledged": 3, "unacknowledged": 0, "mean_seconds": 340.0,
        "median_seconds": 360.0, "p90_seconds": 504.0, "out_of_hours": 2, "at_night": 2,
        "shifts": 2, "pages_per_shift": 1.5,
    }  # fmt: skip
    assert list(told["people"]) == ["John", "Maria"]
    assert told["people"]["John"] == told["all"] | {
        "pages": 3, "out_of_hours": 1, "at_night": 1, "shifts": 1, "pages_per_shift": 3.0,
    }  # fmt: skip
    assert told["people"]["Maria"] == {
        "alerts": 2, "pages": 2, "acknowledged": 2, "unacknowledged": 0, "mean_seconds": 150.0,
        "median_seconds": 150.0, "p90_seconds": 222.0, "out_of_hours": 1, "at_night": 1,
        "shifts": 1, "pages_per_shift": 0.0,
    }  # fmt: skip
    services = {
        name: (one["alerts"], one["pages"], one["mean_seconds"], one["out_of_hours"])
        for name, one in told["services"].items()
    }
    assert services == {"pay": (2, 3, 240.0, 0), "gateway": (1, 2, 540.0, 2)}
    brought = [(s["schedule"], s["name"], s["pages"], s["out_of_hours"]) for s in told["shifts"]]
    assert brought == [("primary", "John", 3, 1), ("database", "Maria", 0, 0)]
    lines = team.run("oncall", "metrics", *window).stdout.splitlines()
    assert lines[0].split() == (
        [
            "ALERTS",
            "PAGES",
            "TAKEN",
            "OPEN",
            "MEAN",
            "MEDIAN",
            "90%",
            "OUT",
            "OF",
            "HOURS",
            "AT",
            "NIGHT",
            "SHIFTS",
            "A",
            "SHIFT",
        ]
    )
    assert lines[1].split() == [
        "all",
        "3",
        "5",
        "3",
        "0",
        "5m40s",
        "6m00s",
        "8m24s",
        "2",
        "2",
        "2",
        "1.5",
    ]
    assert lines[3].split() == [
        "person",
        "Maria",
        "2",
        "2",
        "2",
        "0",
        "2m30s",
        "2m30s",
        "3m42s",
        "1",
        "1",
        "1",
        "0",
    ]
    assert any(line.startswith("shift primary John Mon 22 Dec 09:00") for line in lines)


async def test_an_acknowledgement_that_nobody_made_is_no_answer(world: World) -> None:
    """Acknowledged by itself for who is on call: open in the figures until a person takes it."""
    policy = replace(world.setup.policy, auto_acknowledge=(Severity.WARNING,))
    world.setup = world.engine.setup = replace(world.setup, policies=(policy,))
    id = await paged_for(world, "A", severity="warning")
    alert = await world.store.read(alerts.load, id)
    assert alert is not None and alert.acknowledgement is not None
    assert alert.acknowledgement.comment.startswith("by itself")
    one = (await figures(world)).all
    assert (one.pages, one.acknowledged, one.unacknowledged) == (1, 0, 1)
    await world.turn(180, step=10)
    await world.store.write(ownership.take, SARAH, world.clock.now(), [id])
    one = (await figures(world)).all
    assert (one.acknowledged, spans(one)[0]) == (1, 180.0)


async def test_an_acknowledgement_that_was_taken_back_is_no_answer(world: World) -> None:
    """Taken by mistake after a minute, taken back, taken after four: four minutes."""
    id = await paged_for(world, "A", 1)
    await take(world, id)
    await world.turn(60, step=10)
    undone = await world.store.write(response.undo, SARAH, world.clock.now())
    assert undone.done == (id,)
    one = (await figures(world)).people
    assert {name: (p.acknowledged, p.unacknowledged) for name, p in one.items() if p.pages} == {
        "John": (0, 1)
    }
    await world.turn(120, step=10)
    await take(world, id)
    assert spans((await figures(world)).all)[0] == 240.0


async def test_what_is_taken_by_putting_it_off_or_over_is_taken(world: World) -> None:
    """A snooze of what nobody has is an acknowledgement, and so is taking it from whoever it was given to."""
    first = await paged_for(world, "A", 1, job="a")
    now = world.clock.now()
    await world.store.write(ownership.snooze, SARAH, now, [first], now + 60 * MINUTE, "later")
    second = await paged_for(world, "B", 2, job="b")
    await world.store.write(ownership.reassign, SARAH, world.clock.now(), [second], "pm", "hers")
    await world.turn(60)
    found = await figures(world)
    assert (found.all.acknowledged, spans(found.all)[0]) == (1, 60.0)
    await world.store.write(ownership.take, SARAH, world.clock.now(), [second])
    found = await figures(world)
    assert (found.all.acknowledged, spans(found.all)[0]) == (2, 120.0)
    assert spans(next(one for name, one in found.people.items() if name == "Priya"))[0] == 59.0


async def test_two_notifiers_of_a_person_and_a_channel_are_one_page(world: World) -> None:
    """John has a pager and Maria's besides, and the schedule tells a channel: one page of his."""
    john = replace(world.setup.people[0], notify=("john", "maria"))
    world.setup = replace(world.setup, people=(john, *world.setup.people[1:]))
    world.engine.setup = world.setup
    await paged_for(world, "A")
    assert world.paged("john", "maria", "channel") == [1, 1, 1]
    found = await figures(world)
    assert (found.all.pages, {name: p.pages for name, p in found.people.items() if p.pages}) == (
        1,
        {"John": 1},
    )


async def test_a_storm_is_one_page_of_each_person(world: World) -> None:
    """Twelve alerts at once are told by one page: one page, twelve alerts, each with its own wait."""
    for number in range(12):
        world.alerts.fire("A", instance=str(number), job=str(number))
    await world.turn(5)
    assert world.paged("john") == [1]
    (told,) = (
        one for one in await world.letters() if one.page.count > 1 and one.destination.reached
    )
    assert told.sent_at is not None
    await world.turn(120, step=10)
    ids = [(await world.alert(key)).id for key in world.alerts.shown]
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), ids)
    found = await figures(world)
    assert (found.all.pages, found.all.occurrences, found.all.acknowledged) == (1, 12, 12)
    wait = (world.clock.now() - told.sent_at).total_seconds()
    assert spans(found.all) == [wait, wait, wait]
    assert {one.pages for one in found.services.values()} == {1}
    assert {name: p.pages_per_shift for name, p in found.people.items()} == {
        "John": 1.0,
        "Maria": 0.0,
    }


async def test_every_schedule_has_its_shifts_with_what_they_brought(world: World) -> None:
    """A rule that names the database's schedule pages Maria in her shift there, and John not at all."""
    world.clock.turn(
        (MONDAY.replace(hour=8, minute=58) - world.clock.now()).total_seconds() + 7 * 86400
    )
    handing = Schedule(
        "primary", "UTC", MONDAY.time().replace(hour=9), ({"mon": "john"}, {"mon": "pm"}),
        MONDAY.date(),
    )  # fmt: skip
    world.setup = world.engine.setup = replace(
        world.setup, schedules=(handing, *world.setup.schedules[1:])
    )
    world.engine = world.start_engine("with another rota")
    await world.turn(1)
    await paged_for(world, "A", 2, job="a")
    await paged_for(world, "B", job="b")
    await paged_for(world, "C", job="c", page="database")
    now = world.clock.now()
    found = await world.store.read(load_of, world.setup, now - 60 * MINUTE, now + 60 * MINUTE, now)
    assert [(shift.schedule, name, one.pages) for shift, name, one in found.shifts] == [
        ("primary", "John", 1),
        ("primary", "Priya", 1),
        ("database", "Maria", 0),
        ("database", "Maria", 1),
    ]
    assert (found.all.shifts, found.all.pages_per_shift) == (4, 0.75)


async def test_the_figures_of_a_window_long_ago_are_what_they_were(world: World) -> None:
    """Old occurrences are dropped after ninety days, but not those that somebody was paged for."""
    id = await paged_for(world, "A", 2, severity="warning", job="a")
    await take(world, id)
    begun = world.clock.now()
    key = id.partition("/")[0]
    shown = world.alerts.shown[key]
    world.alerts.resolve(key)
    await world.turn(30, step=10)
    world.clock.turn(100 * 86400)
    world.alerts.shown[key] = replace(shown, fired_at=world.clock.now())
    await world.turn(1200, step=60)
    assert await world.store.read(alerts.load, id) is not None
    one = burden_of(await world.store.read(paged.load_between, begun - DAY, begun + DAY))
    assert (one.pages, one.acknowledged, spans(one)[0]) == (1, 1, 120.0)


def burden_of(known: tuple[Paged, ...]) -> Burden:
    return burden(known, "UTC")


async def test_two_people_of_one_name_have_figures_of_their_own(world: World) -> None:
    """Two are called John: the one on call is paged twice, the tech lead once, each named with the id."""
    people = tuple(
        replace(p, name=world.setup.people[0].name) if p.id == "tech-lead" else p
        for p in world.setup.people
    )
    world.setup = world.engine.setup = replace(world.setup, people=people)
    id = await paged_for(world, "A", job="pay")
    await take(world, id)
    await world.turn(60, step=10)
    await paged_for(world, "B", 6, job="gateway")
    found = await figures(world)
    assert {name: one.pages for name, one in found.people.items()} == {
        "John (john)": 2,
        "John (tech-lead)": 1,
    }
    assert {name: one.shifts for name, one in found.people.items()} == {
        "John (john)": 1,
        "John (tech-lead)": 1,
    }
    assert [(shift.schedule, name, one.pages) for shift, name, one in found.shifts] == [
        ("primary", "John (john)", 2),
        ("database", "John (tech-lead)", 0),
    ]


async def test_whoever_left_keeps_the_name_that_they_were_paged_by(world: World) -> None:
    """John is not in the configuration any more; what he was paged for is not lost."""
    await paged_for(world, "A", job="pay")
    world.setup = replace(world.setup, people=world.setup.people[1:])
    found = await figures(world)
    assert found.people[clean("John")].pages == 1
