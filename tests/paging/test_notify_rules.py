"""A person's own rules: by what they are reached for which severity and level, and how long after the page."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from opsdash import response
from opsdash.cli.try_reach import try_reach
from opsdash.config.build import setup_of
from opsdash.config.problem import ConfigError
from opsdash.config.reading import parse
from opsdash.domain.alert import Severity
from opsdash.domain.notify_rule import NotifyRule, ways_to
from opsdash.domain.rehearsal import rehearse
from opsdash.domain.routing import route
from opsdash.domain.schedule import Person
from opsdash.domain.setup import PagingSetup, Setup
from opsdash.domain.text import clean
from tests.paging.world import MONDAY, SARAH, World

MINUTE = timedelta(minutes=1)
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def rule(*notify: str, after: timedelta = timedelta(), **only: tuple[object, ...]) -> NotifyRule:
    return NotifyRule(notify, after=after, **only)  # type: ignore[arg-type]


def with_rules(world: World, person: str, *rules: NotifyRule) -> None:
    """Give somebody of the team rules; the others' pagers stand in for what else they have."""
    people = tuple(replace(p, rules=rules) if p.id == person else p for p in world.setup.people)
    world.setup = world.engine.setup = replace(world.setup, people=people)


def test_what_fits_counts_and_where_nothing_does_it_is_what_they_have() -> None:
    """By severity, by level, all that fit together, of one destination the earliest."""
    rules = (
        rule("mail", severity=(WARNING,)),
        rule("pager", "mail", after=5 * MINUTE, severity=(WARNING,), levels=(2, 3)),
        rule("phone", levels=(4,)),
    )
    none = timedelta()
    assert ways_to(("pager",), rules, WARNING, 1) == {"mail": none}
    assert ways_to(("pager",), rules, WARNING, 2) == {"mail": none, "pager": 5 * MINUTE}
    assert ways_to(("pager",), rules, CRITICAL, 4) == {"phone": none}
    assert ways_to(("pager",), rules, CRITICAL, 1) == {"pager": none}
    assert ways_to(("pager",), (), WARNING, 1) == {"pager": none}


async def test_a_warning_reaches_somebody_by_other_means_than_what_is_critical(
    world: World,
) -> None:
    """John wants warnings in the channel and what is critical on his pager."""
    with_rules(world, "john", rule("channel:john", severity=(WARNING,)))
    world.alerts.fire("DiskWillFill", severity="warning", job="a")
    await world.turn(2)
    assert world.paged("john", "channel") == [0, 2]
    assert [address for _, address, _ in world.pagers["channel"].sent] == ["john", "#incidents"]
    world.alerts.fire("HighErrorRate", job="b")
    await world.turn(2)
    assert world.paged("john") == [1]


async def test_a_level_reaches_somebody_by_other_means_than_another(world: World) -> None:
    """Maria's pager rings at level 2, and she is told in the channel where she is on call at level 1."""
    with_rules(world, "tech-lead", rule("channel:maria", levels=(1,)))
    world.alerts.fire("SlowQueries", job="db", page="database")
    await world.turn(2)
    assert world.paged("maria", "channel") == [0, 1]
    await world.turn(5 * 60, step=30)
    assert world.paged("maria") == [1]


async def test_what_is_told_later_is_told_then_unless_somebody_took_it(world: World) -> None:
    """Mail at once and the pager three minutes later: it rings at three, and not where it was taken at two."""
    with_rules(world, "john", rule("channel:john"), rule("john", after=3 * MINUTE))
    first = world.alerts.fire("A", job="a")
    await world.turn(1)
    assert world.paged("john", "channel") == [0, 2]
    await world.turn(2 * 60, step=10)
    taken = (await world.alert(first)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [taken])
    second = world.alerts.fire("B", job="b")
    await world.turn(1)
    await world.turn(170, step=10)
    assert world.paged("john") == [0]
    await world.turn(20, step=10)
    (page,) = (page for page, _, _ in world.pagers["john"].sent)
    assert page.alert == (await world.alert(second)).id


async def test_the_next_level_does_not_cut_off_what_somebody_is_told_later(world: World) -> None:
    """John's pager after seven minutes: Maria is paged at five as ever, and John's still rings at seven."""
    with_rules(world, "john", rule("channel:john"), rule("john", after=7 * MINUTE))
    world.alerts.fire("A")
    await world.turn(1)
    await world.turn(6 * 60, step=10)
    assert world.paged("john", "maria") == [0, 1]
    await world.turn(70, step=10)
    assert world.paged("john", "maria") == [1, 1]


async def test_a_page_that_is_told_later_holds_up_none_that_is_due(world: World) -> None:
    """John is level 2 as well, by the same pager at once: it rings at five, the later one at ten."""
    with_rules(
        world,
        "john",
        rule("channel:john", levels=(1,)),
        rule("john", after=10 * MINUTE, levels=(1,)),
    )
    levels = list(world.setup.policy.levels)
    levels[1] = replace(levels[1], notify=("person:john",))
    policy = replace(world.setup.policy, levels=tuple(levels[:2]))
    world.setup = world.engine.setup = replace(world.setup, policies=(policy,))
    world.alerts.fire("A")
    await world.turn(1)
    await world.turn(310, step=10)
    assert world.paged("john") == [1]
    await world.turn(310, step=10)
    assert world.paged("john") == [2]


def test_the_rehearsal_says_through_what_and_how_long_after(world: World) -> None:
    """The same function answers the simulation and the engine."""
    with_rules(
        world, "john", rule("channel:john"), rule("john", after=3 * MINUTE, severity=(CRITICAL,))
    )
    setup = world.setup
    first = rehearse(setup, setup.policy, MONDAY, {"severity": "critical"})[0]
    assert [(d.notifier, d.address, d.after) for d in first.through] == [
        ("channel", "john", timedelta()),
        ("john", "", 3 * MINUTE),
        ("channel", "#incidents", timedelta()),
    ]
    quiet = rehearse(setup, setup.policy, MONDAY, {"severity": "warning"})[0]
    assert [d.address for d in quiet.through] == ["john", "#incidents"]


async def test_what_is_told_in_hours_keeps_nobody_from_being_paged_again(world: World) -> None:
    """John's pager after two hours, the channel at once: after half an hour the channel hears it again."""
    with_rules(world, "john", rule("channel:john"), rule("john", after=120 * MINUTE))
    policy = replace(world.setup.policy, levels=world.setup.policy.levels[:1])
    world.setup = world.engine.setup = replace(world.setup, policies=(policy,))
    world.alerts.fire("A")
    await world.turn(2)
    assert world.paged("john", "channel") == [0, 2]
    await world.turn(31 * 60, step=30)
    assert world.paged("john", "channel") == [0, 4]


async def test_a_receiver_that_several_share_is_told_when_the_first_of_them_is_to_be(
    world: World,
) -> None:
    """John wants the channel after ten minutes; it is the schedule's own as well, which is told at once."""
    with_rules(world, "john", rule("channel:#incidents", after=10 * MINUTE), rule("john"))
    world.alerts.fire("A")
    await world.turn(2)
    assert world.paged("john", "channel") == [1, 1]


async def test_check_names_the_severities_for_which_somebody_has_no_way(world: World) -> None:
    """Maria has rules for what is critical and nothing else: only warnings do not reach her."""
    with_rules(world, "tech-lead", rule("maria", severity=(CRITICAL,)))
    people = (replace(p, notify=()) if p.rules else p for p in world.setup.people)
    setup = replace(world.setup, people=tuple(people))
    told = [text for good, text in try_reach(setup, MONDAY) if not good]
    assert told == ["schedule database: Maria has nothing to be reached by for warning alerts"]
    rules = (rule("maria", severity=(CRITICAL,)), rule("channel:maria"))
    people = (replace(p, rules=rules) if p.rules else p for p in setup.people)
    assert all(good for good, _ in try_reach(replace(setup, people=tuple(people)), MONDAY))


async def test_check_says_at_which_levels_somebody_cannot_be_reached(world: World) -> None:
    """Maria's only rule is for level 2: a page by her schedule reaches her there and nowhere else."""
    people = [
        replace(p, notify=(), rules=(rule("maria", levels=(2,)),)) if p.id == "tech-lead" else p
        for p in world.setup.people
    ]
    levels = (replace(one, notify=("schedule:database",)) for one in world.setup.policy.levels)
    ladder = replace(world.setup.policy, id="databases", levels=tuple(levels))
    setup = replace(world.setup, people=tuple(people))

    def told(setup: Setup) -> list[str]:
        return [text for good, text in try_reach(setup, MONDAY) if not good]

    nothing = "Maria has nothing to be reached by"
    assert told(setup) == [f"schedule database, level 1: {nothing}"]
    assert told(replace(setup, policies=(ladder,))) == [
        f"policy databases, levels 1 On-call engineer, 3 PM and 4 CEO: {nothing}"
    ]
    mute = tuple(replace(p, rules=()) if p.id == "tech-lead" else p for p in people)
    assert told(replace(setup, people=mute)) == [f"schedule database: {nothing}"]


def test_a_message_without_a_severity_goes_by_what_they_have(world: World) -> None:
    """A change of shift, a fallback: `notify` counts, at once."""
    with_rules(world, "john", rule("channel:john"))
    (one,) = route(world.setup, ("person:john",), MONDAY).destinations
    assert (one.notifier, one.after) == ("john", timedelta())


CONFIG = """
[prometheus]
url = "http://127.0.0.1:9090"
[[notifier]]
id = "hook"
kind = "webhook"
url = "http://127.0.0.1:9/"
[[person]]
id = "john"
name = "John"
notify = ["hook"]
rules = [ {rule} ]
"""


def test_rules_are_configuration_and_their_faults_are_named(tmp_path: Path) -> None:
    """What is wrong names the place and the cure."""
    good = '{ notify = ["hook"], severity = ["warning"], level = [1, 2], after = "2m" }'
    config = parse(CONFIG.replace("{rule}", good).encode(), tmp_path / "x.toml")
    (john,) = setup_of(config).people
    assert john.rules == (rule("hook", after=2 * MINUTE, severity=(WARNING,), levels=(1, 2)),)
    for bad, words in (
        ('{ notify = ["nobody"] }', "nobody"),
        ("{ notify = [] }", "notify"),
        ('{ notify = ["hook"], severity = ["bad"] }', "severity"),
        ('{ notify = ["hook"], level = [0] }', "level"),
        ('{ notify = ["hook"], when = 3 }', "when"),
    ):
        with pytest.raises(ConfigError, match=words):
            parse(CONFIG.replace("{rule}", bad).encode(), tmp_path / "x.toml")


def test_two_people_of_one_name_keep_each_their_own_delay() -> None:
    """Two called Alex share a phone: the rule of the one makes no page of the other's late."""
    first = Person("alex-1", clean("Alex"), rules=(rule("phone"),))
    second = Person("alex-2", clean("Alex"), rules=(rule("phone", after=5 * MINUTE),))
    setup = Setup(people=(first, second), paging=PagingSetup(notifiers=("phone",)))

    def after(*people: str) -> list[timedelta]:
        targets = tuple(f"person:{id}" for id in people)
        return [one.after for one in route(setup, targets, MONDAY, CRITICAL, 1).destinations]

    assert after("alex-1") == [timedelta()]
    assert after("alex-2") == [5 * MINUTE]
    assert after("alex-2", "alex-1") == [timedelta()]
