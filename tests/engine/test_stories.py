"""Stories of alerts: what the engine makes of what the sources say."""

import itertools
from datetime import timedelta

from opsdash import response
from opsdash.domain.alert import AlertState
from opsdash.domain.incident import IncidentState
from opsdash.domain.indicator import Level
from opsdash.domain.source import SourceState
from opsdash.domain.status import Status
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import EntryKind
from opsdash.store import changes
from opsdash.store.session import Store
from tests.engine.world import MARIA, START, ToldAlerts, World, alert, down, muted

PENDING = AlertState.PENDING


async def test_an_alert_goes_pending_fires_and_opens_an_incident(world: World) -> None:
    """Pending at 14:00, firing at 14:05: INC-001, and John at level 1, all on the timeline."""
    world.am.show(alert(state=PENDING, active=0, fires=300))
    await world.refresh()
    waiting = await world.alert()
    assert (waiting.state, waiting.level, waiting.incident) == (PENDING, 0, None)
    assert (await world.picture()).incidents == ()
    await world.pass_time(295)
    world.am.show(alert(active=0, fired=300))
    await world.refresh()
    firing = await world.alert()
    assert (firing.state, firing.level, firing.incident) == (AlertState.FIRING, 1, "INC-001")
    assert (firing.active_at, firing.fired_at) == (START, START + timedelta(minutes=5))
    assert await world.timeline("aa/1") == [
        "engine: pending",
        "engine: firing after 5m00s",
        "engine: INC-001 opened, severity critical",
        "engine: level 1 On-call engineer: John",
    ]
    picture = await world.picture()
    (incident,) = picture.incidents
    assert (incident.id, incident.state, incident.alerts) == (
        "INC-001", IncidentState.TRIGGERED, ("aa/1",)
    )  # fmt: skip
    assert incident.impact_at == START
    assert picture.status is Status.CRITICAL


async def test_a_pending_alert_that_recovers_pages_nobody(world: World) -> None:
    """It leaves without an incident and without a trace on the screen."""
    world.am.show(alert(state=PENDING, active=0, fires=300))
    await world.refresh()
    world.am.show()
    await world.refresh()
    picture = await world.picture()
    assert (picture.alerts, picture.incidents) == ((), ())
    assert (await world.timeline("aa/1"))[-1] == "engine: recovered before it fired, after 10s"


async def test_a_source_that_is_down_resolves_nothing(world: World) -> None:
    """The alert stays, the source is named with its reason, and the system is critical, not healthy."""
    world.am.show(alert(fired=0))
    await world.refresh()
    world.am.fails = down("connection refused")
    await world.pass_time(60)
    picture = await world.picture()
    assert [a.state for a in picture.alerts] == [AlertState.FIRING]
    assert [(s.id, s.state) for s in picture.sources] == [
        ("am", SourceState.FAILING), ("metrics", SourceState.OK)
    ]  # fmt: skip
    assert [p.text for p in picture.problems] == ["am: connection refused"]
    world.am.fails = None
    world.am.show()
    await world.pass_time(60)
    picture = await world.picture()
    assert [a.state for a in picture.alerts] == [AlertState.RESOLVED]
    assert picture.problems == ()


async def test_values_of_a_source_that_is_down_age(world: World) -> None:
    """The last good value stays with when it was read; the status is unknown, never healthy."""
    await world.refresh()
    assert (await world.picture()).status is Status.HEALTHY
    read_at = (await world.picture()).panes[0].readings[0].read_at
    world.metrics.fails = down("timed out")
    await world.pass_time(60)
    picture = await world.picture()
    reading = picture.panes[0].readings[0]
    assert (reading.value, reading.read_at) == (0.001, read_at)
    assert picture.status is Status.UNKNOWN


async def test_a_source_that_never_answered_is_not_quiet(world: World) -> None:
    """All tiles are fine and no alert is shown because nobody could be asked: unknown, not healthy."""
    world.am.hangs = True
    await world.pass_time(20)
    picture = await world.picture()
    assert [(s.id, s.state.value) for s in picture.sources] == [
        ("am", "waiting"),
        ("metrics", "ok"),
    ]
    assert picture.status is Status.UNKNOWN
    assert picture.as_of is None


async def test_a_value_that_is_missing_is_unknown_with_its_reason(world: World) -> None:
    """Absent is not zero, NaN is not healthy; the last good value stays and says since when."""
    await world.refresh()
    for value, reason in ((None, "the value is None"), (float("nan"), "the value is nan")):
        world.metrics.values["errors"] = value
        await world.refresh()
        reading = (await world.picture()).panes[0].readings[0]
        assert (reading.value, reading.level, reading.reason) == (0.001, Level.UNKNOWN, reason)
    world.metrics.values["errors"] = 0.03
    await world.refresh()
    reading = (await world.picture()).panes[0].readings[0]
    assert (reading.value, reading.level, reading.reason) == (0.03, Level.CRIT, None)


async def test_a_critical_alert_joins_the_open_incident_of_its_service(world: World) -> None:
    """One service, one incident; another service has its own; a warning opens none."""
    world.am.show(alert("aa"))
    await world.refresh()
    world.am.show(
        alert("aa"),
        alert("bb", alertname="GatewayOffline"),
        alert("cc", severity="warning"),
        alert("dd", service="search"),
        alert("ee", service="mail", severity="warning"),
        alert("ff", severity="info"),
    )
    await world.refresh()
    found = {a.fingerprint: (a.incident, a.level) for a in (await world.picture()).alerts}
    assert found == {
        "aa": ("INC-001", 1),
        "bb": ("INC-001", 1),
        "cc": ("INC-001", 1),
        "dd": ("INC-002", 1),
        "ee": (None, 1),
        "ff": (None, 0),
    }
    texts = [entry.text for entry in await world.incident_timeline(1)]
    assert "GatewayOffline joined INC-001" in texts


async def test_the_incident_resolves_with_its_last_alert(world: World) -> None:
    """While one of its alerts is left it stays open; with the last it resolves and says how long it took."""
    world.am.show(alert("aa"), alert("bb"))
    await world.refresh()
    world.am.show(alert("bb"))
    await world.refresh()
    assert (await world.picture()).incidents[0].state is IncidentState.TRIGGERED
    world.am.show()
    await world.pass_time(60)
    picture = await world.picture()
    assert picture.incidents[0].state is IncidentState.RESOLVED
    assert (await world.incident_timeline(1))[-1].text == (
        "INC-001 resolved after 10s: none of its alerts is left"
    )


async def test_what_ends_an_alert_is_its_source_and_is_named(world: World) -> None:
    """The timeline says who said that it is over; it stays on the board for an hour."""
    world.am.show(alert("aa"))
    await world.refresh()
    world.am.show()
    await world.pass_time(60)
    assert (await world.timeline("aa/1"))[-1].startswith("engine: resolved by source am after ")
    assert [a.state for a in (await world.picture()).alerts] == [AlertState.RESOLVED]
    await world.pass_time(3600)
    assert (await world.picture()).alerts == ()


async def test_it_fires_again_as_a_new_occurrence(world: World) -> None:
    """An old acknowledgement does not hide the second occurrence, which reopens its incident."""
    world.am.show(alert(fired=0))
    await world.refresh()
    done = await world.store.write(response.acknowledge, MARIA, world.clock.now(), ["aa/1"])
    assert done.done == ("aa/1",)
    world.am.show()
    await world.refresh()
    world.am.show(alert(fired=15))
    await world.refresh()
    again = await world.alert()
    assert (again.id, again.acknowledgement, again.needs_person) == ("aa/2", None, True)
    assert (again.level, again.incident) == (1, "INC-001")
    first = next(a for a in (await world.picture()).alerts if a.id == "aa/1")
    assert first.acknowledgement is not None and first.acknowledgement.by == "maria"


async def test_it_fires_again_between_two_reads(world: World) -> None:
    """The gap fell between two reads; the later start tells, and the acknowledgement is not taken over."""
    world.am.show(alert(fired=0))
    await world.refresh()
    await world.store.write(response.acknowledge, MARIA, world.clock.now(), ["aa/1"])
    await world.pass_time(60)
    world.am.show(alert(fired=68))
    await world.refresh()
    again = await world.alert()
    assert (again.id, again.acknowledgement) == ("aa/2", None)
    assert [a.id for a in (await world.picture()).alerts] == ["aa/2", "aa/1"]


async def test_it_fires_again_while_no_engine_runs(store: Store, world: World) -> None:
    """The engine that starts ten minutes later knows what the last one saw, and when."""
    world.am.show(alert(fired=0))
    await world.refresh()
    await world.store.write(response.acknowledge, MARIA, world.clock.now(), ["aa/1"])
    world.clock.turn(600)
    later = World(store, world.clock, "engine two")
    later.am.show(alert(fired=300))
    await later.beat()
    await later.beat()
    assert (await later.alert()).id == "aa/2"
    assert (await later.alert()).acknowledgement is None


async def test_silenced_then_unsilenced(world: World) -> None:
    """A silenced alert opens nothing and pages nobody until the silence ends."""
    world.am.show(muted(alert(fired=0), "s1"))
    await world.refresh()
    quiet = await world.alert()
    assert (quiet.level, quiet.incident, quiet.muted) == (0, None, True)
    assert (await world.picture()).status is Status.HEALTHY
    world.am.show(alert(fired=0))
    await world.refresh()
    loud = await world.alert()
    assert (loud.level, loud.incident, loud.muted) == (1, "INC-001", False)
    assert await world.timeline("aa/1") == [
        "engine: firing",
        "engine: silenced by s1",
        "engine: nothing mutes it any more",
        "engine: INC-001 opened, severity critical",
        "engine: level 1 On-call engineer: John",
    ]


async def test_fires_and_is_unsilenced_in_one_read(world: World) -> None:
    """Both at once put it before people once, not twice."""
    world.am.show(muted(alert(state=PENDING, active=0, fires=5), "s1"))
    await world.refresh()
    world.am.show(alert(active=0, fired=5))
    await world.refresh()
    told = await world.timeline("aa/1")
    assert told.count("engine: level 1 On-call engineer: John") == 1
    assert told.count("engine: INC-001 opened, severity critical") == 1


async def test_a_level_that_a_person_chose_is_not_taken_back(world: World) -> None:
    """Silenced and unsilenced again, an alert stays at the level and with the person it had."""
    world.am.show(alert(fired=0))
    await world.refresh()
    levels = {"aa/1": 1}
    await world.store.write(
        response.escalate, MARIA, world.clock.now(), ["aa/1"], levels, "locks", None
    )
    world.am.show(muted(alert(fired=0), "s1"))
    await world.refresh()
    world.am.show(alert(fired=0))
    await world.refresh()
    assert (await world.alert()).level == 2
    told = await world.timeline("aa/1")
    assert told.count("engine: level 1 On-call engineer: John") == 1


async def test_an_acknowledged_pending_alert_does_not_page_when_it_fires(world: World) -> None:
    """Whoever took it while it was pending has it: nobody is woken for it."""
    world.am.show(alert(state=PENDING, active=0, fires=10))
    await world.refresh()
    await world.store.write(response.acknowledge, MARIA, world.clock.now(), ["aa/1"])
    world.am.show(alert(active=0, fired=10))
    await world.refresh()
    firing = await world.alert()
    assert (firing.incident, firing.level, firing.needs_person) == ("INC-001", 0, False)


async def test_several_sources_are_one_list(store: Store) -> None:
    """Prometheus' rules and Alertmanager show one alert once; one of them down changes nothing."""
    rules, am = ToldAlerts("rules"), ToldAlerts("am")
    world = World(store, alert_sources=(rules, am))
    rules.show(alert(active=-300, fired=0))
    am.show(muted(alert(fired=1), "s1"))
    await world.pass_time(10)
    one = await world.alert()
    assert (one.sources, one.silenced_by) == (("rules", "am"), ("s1",))
    am.fails = down()
    await world.pass_time(30)
    assert (await world.alert()).silenced_by == ("s1",)
    # A new engine that has never reached Alertmanager does not page for what that had silenced.
    later = World(store, world.clock, "engine two", alert_sources=(rules, am))
    world.clock.turn(30)
    await later.pass_time(10)
    assert (await later.alert()).silenced_by == ("s1",)
    assert (await later.alert()).level == 0


async def test_a_warning_of_a_source_is_a_problem_until_it_is_over(world: World) -> None:
    """What a source warns of is on screen with since when, and goes with it."""
    from opsdash.domain.text import SafeText

    world.am.warnings = (SafeText("one peer of two answers"),)
    await world.refresh()
    since = world.clock.now()
    await world.pass_time(20)
    (problem,) = (await world.picture()).problems
    assert (problem.text, problem.since) == ("am: one peer of two answers", since)
    world.am.warnings = ()
    await world.refresh()
    assert (await world.picture()).problems == ()


async def test_a_gap_in_the_series_is_filled(world: World) -> None:
    """A day and an hour at the start; after five minutes without answers what is missing of both."""
    await world.pass_time(10)
    asked = [
        (START + timedelta(seconds=5) - since, step) for since, step in world.metrics.history_asked
    ]
    assert asked == [
        (timedelta(days=1), timedelta(minutes=1)),
        (timedelta(hours=1), timedelta(seconds=5)),
    ]
    picture = await world.picture()
    assert len(picture.panes[0].readings[0].history) >= 60
    world.metrics.history_asked.clear()
    await world.pass_time(30)
    assert world.metrics.history_asked == []
    world.metrics.fails = down()
    await world.pass_time(300)
    world.metrics.fails = None
    await world.pass_time(60)
    steps = sorted(step for _, step in world.metrics.history_asked)
    assert steps == [timedelta(seconds=5), timedelta(minutes=1)]
    history = (await world.picture()).panes[0].readings[0].history
    gaps = [b.at - a.at for a, b in itertools.pairwise(history)]
    assert max(gaps) == timedelta(minutes=1)


async def test_a_fill_that_was_never_ended_is_begun_by_the_next_engine(
    store: Store, world: World
) -> None:
    """Killed between its first values and its history, the next engine still fills the whole day."""
    world.metrics.history_hangs = True
    await world.pass_time(10)
    world.clock.turn(10)
    later = World(store, world.clock, "engine two")
    await later.pass_time(10)
    asked = {step: since for since, step in later.metrics.history_asked}
    assert asked[timedelta(minutes=1)] <= START - timedelta(hours=23)


async def test_a_refresh_is_asked_for(world: World) -> None:
    """`ctrl+r` reads every source at once instead of at the next interval, a failing one too."""
    world.am.fails = down()
    await world.pass_time(60)
    before = (world.metrics.reads, world.am.reads)
    world.clock.turn(1)
    await world.beat()
    assert (world.metrics.reads, world.am.reads) == before
    await world.store.write(changes.ask_refresh)
    world.clock.turn(1)
    await world.beat()
    assert (world.metrics.reads, world.am.reads) == (before[0] + 1, before[1] + 1)


async def test_who_is_on_call_is_written(world: World) -> None:
    """The header's line comes from the schedules, and moves at the handoff."""
    await world.refresh()
    (shift,) = (await world.picture()).on_call
    assert (shift.schedule, shift.name) == ("primary", "John")
    assert shift.until == START.replace(day=29, hour=9)


async def test_a_storm_is_written_in_parts(world: World) -> None:
    """A thousand alerts at once are all there, and no single transaction held them all."""
    world.am.show(*(alert(f"{n:04x}", service=f"s{n}") for n in range(1100)))
    await world.refresh()
    picture = await world.picture()
    assert len(picture.alerts) == len({a.incident for a in picture.alerts}) == 1100
    assert {a.level for a in picture.alerts} == {1}
    world.am.show()
    await world.refresh()
    assert {i.state for i in (await world.picture()).incidents} == {IncidentState.RESOLVED}


async def test_every_step_of_an_occurrence_is_told_once(world: World) -> None:
    """Read again and again, nothing is told twice."""
    world.am.show(alert(fired=0))
    await world.pass_time(60)
    world.am.show()
    await world.pass_time(60)
    kinds = [entry.kind for entry in await world.incident_timeline(1)]
    assert kinds == [
        EntryKind.INCIDENT, EntryKind.ESCALATE, EntryKind.RESOLVED, EntryKind.STATUS
    ]  # fmt: skip


async def test_a_clock_that_is_off_is_named_on_every_screen(world: World) -> None:
    """What a source of metrics warns of is a problem while it does, and costs no write while it lasts (F20)."""
    metrics = world.metrics
    metrics.warnings = (SafeText("the clock of http://p is 40s behind this host's"),)
    await world.refresh()
    await world.refresh()
    problems = (await world.picture()).problems
    assert [p.text for p in problems] == [f"{metrics.id}: {metrics.warnings[0]}"]
    since = problems[0].since
    await world.pass_time(30)
    assert (await world.picture()).problems[0].since == since
    metrics.warnings = ()
    await world.refresh()
    await world.refresh()
    assert (await world.picture()).problems == ()
