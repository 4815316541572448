"""`opsdash oncall override` and `opsdash oncall maintenance`: changes of who is paged, for a while."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from opsdash import covering
from opsdash.cli.endings import foretell_end
from opsdash.cli.foretold import dry_run_option, goes_on, yes_option
from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.moment import parse_moment
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.reading import reading, writing
from opsdash.cli.rota import clock, opened, read_calendars
from opsdash.cli.shapes import rfc3339
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.matchers import MatcherError, parse_matchers
from opsdash.domain.outcome import Outcome
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.reach import person_name
from opsdash.domain.schedule import shifts
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import clean
from opsdash.runtime import now, who_acts
from opsdash.snapshot import take_snapshot
from opsdash.store import maintenance as windows
from opsdash.store import overrides

_start = click.option("--from", "start", default="now", show_default=True, help="When it begins.")
_end = click.option("--until", default="", help="When it ends; --for says how long instead.")
_length = click.option("--for", "length", default="", help="How long it lasts, as 4h.")
_reason = click.option("--reason", required=True, help="Why; it is shown beside it.")


@click.group(
    epilog="Example:  opsdash oncall override add primary --person sarah --take --reason ill"
)
def override() -> None:
    """Cover shifts: add somebody, replace somebody, or take somebody off, for a while."""


@override.command(
    epilog="Example:  opsdash oncall override add primary --person sarah --replace john --for 4h --reason dentist"
)
@click.argument("schedule")
@config_option
@click.option("--person", default="", help="Who comes on call.")
@click.option("--replace", "replaced", default="", help="Whom they replace; else whoever it is.")
@click.option("--beside", is_flag=True, help="On call beside the others, in nobody's place.")
@click.option("--off", default="", help="Who goes off, with nobody in their place.")
@click.option("--temporary", is_flag=True, help="Alone, whatever rotation and overrides say.")
@click.option("--take", is_flag=True, help="From now until the usual end of the running shift.")
@_start
@_end
@_length
@_reason
@click.option("--dry-run", is_flag=True, help="Only say what the shifts would be.")
def add(
    schedule: str,
    config: Path | None,
    person: str,
    replaced: str,
    beside: bool,
    off: str,
    temporary: bool,
    take: bool,
    start: str,
    until: str,
    length: str,
    reason: str,
    dry_run: bool,
) -> None:
    """Change who is on call on SCHEDULE for a while, and print the shifts as they are then."""
    plan = load_plan(config)
    setup, moment, actor = read_calendars(plan), now(), who_acts()
    if sum(map(bool, (beside, off, replaced, temporary))) > 1:
        fail("--beside, --off, --replace and --temporary are four kinds of override: choose one")
    if take and (until or length or start != "now" or beside or off or replaced or temporary):
        fail("--take is the running shift until its usual end: it goes with --person alone")
    kind = OverrideKind.ADD if beside else OverrideKind.REMOVE if off else OverrideKind.REPLACE
    kind = OverrideKind.TEMPORARY if temporary else kind
    times = (moment, moment) if take else _time(setup, start, until, length)
    wanted: Override | str = Override(
        schedule, kind, *times, person, off or replaced, actor.user, clean(reason)
    )
    with writing(plan) as store:
        current = store.read(overrides.overridden, setup)
        if take:
            person = person or actor.user
            wanted = covering.rest_of_shift(current, actor, moment, schedule, person, reason)
        if isinstance(wanted, str):
            fail(f"{schedule}: {wanted}")
        if dry_run:
            refusal = covering.cover_refusal(current, wanted, moment)
            if refusal:
                fail(f"{schedule}: {refusal}")
        else:
            _report(store.write(covering.cover, setup, actor, moment, wanted))
            current = store.read(overrides.overridden, setup)
    _preview(current, wanted, dry_run)


@override.command(epilog="Example:  opsdash oncall override remove 3")
@click.argument("id", type=int)
@config_option
def remove(id: int, config: Path | None) -> None:
    """Take an override back: the rotation counts again. It stays on record."""
    with writing(load_plan(config)) as store:
        done = store.write(covering.uncover, who_acts(), now(), id)
    _report(done, "removed")


@override.command(name="list", epilog="Example:  opsdash oncall override list --format json")
@config_option
@format_option()
def list_(config: Path | None, form: str) -> None:
    """List the overrides that have not ended, with who made them and why."""
    with opened(load_plan(config)) as (store, setup):
        found = store.read(overrides.load_current, now())
    if form == "json":
        print_json([_shape(one) for one in found])
        return
    if not found:
        click.echo("no overrides")
        return
    print_columns(
        ("ID", "SCHEDULE", "WHAT", "FROM", "UNTIL", "BY", "WHY"),
        [
            (
                str(one.id),
                one.schedule,
                covering.cover_words(setup, one),
                clock(one.start, setup),
                clock(one.end, setup),
                one.by,
                one.reason,
            )
            for one in found
        ],
    )


@click.group(
    epilog="Example:  opsdash oncall maintenance add --service payments-api --for 1h --reason DB"
)
def maintenance() -> None:
    """Hold pages for planned work: new alerts are shown, nobody is paged, and it ends by itself."""


@maintenance.command(
    name="add",
    epilog="Example:  opsdash oncall maintenance add severity=warning --for 2h --reason 'new rack'",
)
@click.argument("matchers", nargs=-1, metavar="[MATCHER...]")
@config_option
@click.option("--service", default="", help="The service that is worked on.")
@_start
@_end
@_length
@_reason
def add_window(
    matchers: tuple[str, ...],
    config: Path | None,
    service: str,
    start: str,
    until: str,
    length: str,
    reason: str,
) -> None:
    """Hold the pages of new alerts of a service, or of those that match; of all with neither."""
    plan, actor, moment = load_plan(config), who_acts(), now()
    try:
        matching = tuple(str(m) for text in matchers for m in parse_matchers(text))
    except MatcherError as error:
        fail(error)
    begins, ends = _time(plan.setup, start, until, length)
    window = Maintenance(0, begins, ends, actor.user, clean(reason), clean(service), matching)
    with writing(plan) as store:
        _report(store.write(covering.maintain, actor, moment, window))


@maintenance.command(name="end", epilog="Example:  opsdash oncall maintenance end 2")
@click.argument("id", type=int)
@config_option
@dry_run_option
@yes_option
def end_window(id: int, config: Path | None, dry_run: bool, yes: bool) -> None:
    """Say whom that pages, then end a window now: what it held and still fires is paged."""
    with (reading if dry_run else writing)(load_plan(config)) as store:
        moment = now()
        known = store.read(windows.load_since, moment)
        told = foretell_end(id, known, store.read(take_snapshot, moment))
        if goes_on(told, dry_run, yes):
            done = store.write(covering.end_maintenance, who_acts(), now(), id)
        else:
            done = Outcome(refused=told.refused)
    _report(done, "ended")


@maintenance.command(name="list", epilog="Example:  opsdash oncall maintenance list")
@config_option
@format_option()
def list_windows(config: Path | None, form: str) -> None:
    """List the windows that have not ended."""
    moment = now()
    with opened(load_plan(config)) as (store, setup):
        found = [w for w in store.read(windows.load_since, moment) if w.until > moment]
    if form == "json":
        print_json([_window_shape(window) for window in found])
        return
    if not found:
        click.echo("no maintenance")
        return
    print_columns(
        ("ID", "FROM", "UNTIL", "WHAT", "BY", "WHY"),
        [
            (
                str(window.id),
                clock(window.start, setup),
                clock(window.until, setup),
                window.service or ", ".join(window.matching) or "everything",
                window.by,
                window.reason,
            )
            for window in found
        ],
    )


def _time(setup: Setup, start: str, until: str, length: str) -> tuple[datetime, datetime]:
    moment = now()
    begins = parse_moment(start, setup.timezone, moment, "--from")
    if bool(until) == bool(length):
        fail("say when it ends: --until TIME or --for 4h, one of them")
    if until:
        return begins, parse_moment(until, setup.timezone, moment, "--until")
    return begins, parse_moment(f"+{length}", setup.timezone, begins, "--for")


def _report(done: Outcome, word: str = "made") -> None:
    for what, reason in done.refused:
        fail(f"{what}: {reason}")
    for id in done.done:
        click.echo(f"{word} {id}{': ' if done.said else ''}{done.said}")


def _preview(setup: Setup, wanted: Override, dry_run: bool) -> None:
    schedule = next(s for s in setup.schedules if s.id == wanted.schedule)
    around = timedelta(minutes=1)
    extra = (covering.as_newest(wanted),) if dry_run else ()
    rows = [
        (
            clock(shift.start, setup),
            clock(shift.end, setup),
            person_name(setup, shift.person),
            "cover" if shift.override is not None else "",
        )
        for shift in shifts(schedule, wanted.start - around, wanted.end + around, extra)
    ]
    click.echo(f"{schedule.id} for {format_span(wanted.end - wanted.start)}:")
    print_columns(("FROM", "UNTIL", "ON CALL", ""), rows)


def _shape(one: Override) -> dict[str, object]:
    return {
        "id": one.id,
        "schedule": one.schedule,
        "kind": one.kind,
        "person": one.person or None,
        "replaces": one.replaces or None,
        "start": rfc3339(one.start),
        "end": rfc3339(one.end),
        "by": one.by,
        "reason": one.reason,
        "made_at": rfc3339(one.made_at),
    }


def _window_shape(window: Maintenance) -> dict[str, object]:
    return {
        "id": window.id,
        "start": rfc3339(window.start),
        "until": rfc3339(window.until),
        "service": window.service or None,
        "matchers": list(window.matching),
        "by": window.by,
        "reason": window.reason,
    }
