"""`opsdash oncall`: who is on call, who would be paged, covers, maintenance, digests."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import click

from opsdash.cli import oncall_acts, oncall_alerts, oncall_digest, oncall_metrics, oncall_publish
from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.moment import parse_moment
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.rota import chosen_schedules, clock, rota, told_shifts
from opsdash.cli.shapes import rfc3339
from opsdash.domain.coverage import gap_words, gaps_ahead, known_until, known_words
from opsdash.domain.duty import on_call_view
from opsdash.domain.reach import person_name
from opsdash.domain.rehearsal import Rung, rehearse
from opsdash.domain.routing import Destination
from opsdash.domain.schedule import Schedule, shifts
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.plan import Plan
from opsdash.runtime import now

_at = click.option("--at", default="now", help="A moment: RFC 3339, a local time, +2h, or now.")
_only = click.option("--schedule", "only", help="The id of one schedule; all of them without it.")


@click.group(epilog="Example:  opsdash oncall now --at '2025-12-28 03:00'")
def oncall() -> None:
    """Say who is on call and who would be paged; cover shifts and hold pages for planned work."""


@oncall.command(name="now", epilog="Example:  opsdash oncall now --format json")
@config_option
@_at
@format_option()
def now_(config: Path | None, at: str, form: str) -> None:
    """Say who is on call on each schedule, since when and until when. Exit 1 where nobody is."""
    plan = load_plan(config)
    setup = rota(plan)
    moment = parse_moment(at, setup.timezone, now(), "--at")
    found = [
        (s, shift)
        for s in setup.schedules
        # Who was added beside the others comes last, whenever that begins.
        for shift in sorted(
            told_shifts(plan, s, moment, moment + timedelta.resolution), key=lambda one: one.beside
        )
        if shift.covers(moment)
    ]
    missing = [s.id for s in setup.schedules if s not in [one for one, _ in found]]
    if form == "json":
        print_json(
            [
                {
                    "schedule": schedule.id,
                    "person": shift.person,
                    "name": person_name(setup, shift.person),
                    "since": rfc3339(shift.start),
                    "until": rfc3339(shift.end),
                }
                for schedule, shift in found
            ]
        )
    elif found:
        print_columns(
            ("SCHEDULE", "ON CALL", "SINCE", "UNTIL"),
            [
                (
                    schedule.id,
                    person_name(setup, shift.person),
                    clock(shift.start, setup),
                    clock(shift.end, setup),
                )
                for schedule, shift in found
            ],
        )
    known = {s.id: known_until(s) for s in setup.schedules}
    for id in missing:
        until = known[id]
        unknown = until is not None and until <= moment
        words = known_words(until, setup.timezone) if until is not None and unknown else ""
        said = f"schedule {id}: {words}" if words else f"nobody is on call on {id}"
        click.echo(f"! {said}", err=True)
    if not setup.schedules:
        fail("no schedules are configured; add a [[schedule]] table")
    if missing:
        raise SystemExit(1)


@oncall.command(epilog="Example:  opsdash oncall schedule --days 14 --schedule primary")
@config_option
@_at
@_only
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366), help="How many.")
@format_option()
def schedule(config: Path | None, at: str, only: str | None, days: int, form: str) -> None:
    """List the shifts from a moment on, with gaps and covers."""
    plan = load_plan(config)
    setup = rota(plan)
    moment = parse_moment(at, setup.timezone, now(), "--at")
    chosen = chosen_schedules(setup, only)
    if form == "json":
        print_json([_schedule_shape(plan, setup, s, moment, days) for s in chosen])
        return
    for one in chosen:
        handoff = f"handoff {one.handoff:%H:%M} " if one.weeks else ""
        click.echo(f"{one.id}, {handoff}{one.timezone}")
        rows = [
            (
                clock(shift.start, setup),
                clock(shift.end, setup),
                person_name(setup, shift.person),
                "cover" if shift.override is not None else "",
            )
            for shift in told_shifts(plan, one, moment, moment + timedelta(days=days))
        ]
        print_columns(("FROM", "UNTIL", "ON CALL", ""), rows)
        text = gap_words(gaps_ahead(one, moment), setup.timezone)
        if text:
            click.echo(f"! {text}", err=True)
        until = known_until(one)
        if until is not None and until < moment + timedelta(days=days):
            click.echo(f"! schedule {one.id}: {known_words(until, setup.timezone)}", err=True)


@oncall.command(
    epilog="Example:  opsdash oncall simulate --policy payments --at '2025-12-28 03:00' --labels severity=critical"
)
@config_option
@_at
@click.option("--policy", "policy_id", help="The policy; else the one that the labels lead to.")
@click.option("--labels", multiple=True, metavar="NAME=VALUE", help="The alert's labels.")
@format_option()
def simulate(
    config: Path | None, at: str, policy_id: str | None, labels: tuple[str, ...], form: str
) -> None:
    """Say who would be paged when, were an alert to fire then and nobody to acknowledge it.

    It asks the same functions as the engine, and sends nothing.
    """
    plan = load_plan(config)
    setup = rota(plan)
    moment = parse_moment(at, setup.timezone, now(), "--at")
    named = dict(_label(text) for text in labels)
    known = {policy.id: policy for policy in setup.policies}
    if policy_id is not None and policy_id not in known:
        fail(f"there is no policy {policy_id!r}; there are {', '.join(known)}")
    policy = known[policy_id] if policy_id is not None else setup.policy_for(named)
    rungs = rehearse(setup, policy, moment, named)
    if form == "json":
        print_json([_rung_shape(rung) for rung in rungs])
        return
    click.echo(f"policy {policy.id}, an alert that fires {clock(moment, setup)} {setup.timezone}")
    print_columns(
        ("AFTER", "AT", "LEVEL", "WHO", "THROUGH"),
        [_rung_row(rung, moment, setup) for rung in rungs],
    )
    for rung in rungs:
        for remark in rung.remarks:
            click.echo(f"! {clock(rung.at, setup)}: {remark}", err=True)


@oncall.command(epilog="Example:  opsdash oncall export --days 90 > oncall.ics")
@config_option
@_at
@_only
@click.option(
    "--days", default=28, show_default=True, type=click.IntRange(1, 366), help="How many."
)
def export(config: Path | None, at: str, only: str | None, days: int) -> None:
    """Print the shifts as an iCalendar, for a calendar program to subscribe to."""
    from opsdash.domain.ical import write_calendar

    plan = load_plan(config)
    setup = rota(plan)
    moment = parse_moment(at, setup.timezone, now(), "--at")
    found = [
        (shift, person_name(setup, shift.person))
        for one in chosen_schedules(setup, only)
        for shift in shifts(one, moment, moment + timedelta(days=days))
    ]
    # Lines of a calendar end in CRLF, which a text stream would not leave alone everywhere.
    sys.stdout.buffer.write(write_calendar(str(setup.title), found, now()).encode())


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name.strip() or not equals:
        fail(f"--labels {text!r} is no label; write NAME=VALUE")
    return name.strip(), value.strip()


def _rung_row(rung: Rung, began: datetime, setup: Setup) -> tuple[str, ...]:
    level = f"{rung.level} {rung.name}" if rung.level else str(rung.name)
    through = ", ".join(map(_through, rung.through))
    return (
        format_span(rung.at - began),
        clock(rung.at, setup),
        level,
        ", ".join(rung.who) or ("" if not rung.level else "nobody"),
        through,
    )


def _through(one: Destination) -> str:
    later = f"after {format_span(one.after)}" if one.after else ""
    return " ".join(filter(None, (one.notifier, one.address, later)))


def _rung_shape(rung: Rung) -> dict[str, object]:
    return {
        "at": rfc3339(rung.at),
        "level": rung.level or None,
        "name": rung.name,
        "who": list(rung.who),
        "through": [
            {
                "notifier": d.notifier,
                "address": d.address,
                "person": d.reached,
                "after_seconds": d.after.total_seconds(),
            }
            for d in rung.through
        ],
        "remarks": list(rung.remarks),
        "exhausted": rung.level == 0,
    }


def _schedule_shape(
    plan: Plan, setup: Setup, one: Schedule, at: datetime, days: int
) -> dict[str, object]:
    view = on_call_view(setup, one, at, setup.timezone, days)
    return {
        "schedule": one.id,
        "timezone": one.timezone,
        "on_call": list(view.names),
        "next": view.next_name or None,
        "shifts": [
            {
                "person": shift.person,
                "name": person_name(setup, shift.person),
                "start": rfc3339(shift.start),
                "end": rfc3339(shift.end),
                "override": shift.override,
            }
            for shift in told_shifts(plan, one, at, at + timedelta(days=days))
        ],
        "gaps": [{"start": rfc3339(g.start), "end": rfc3339(g.end)} for g in view.gaps],
        "known_until": rfc3339(view.known_until),
    }


for _command in (
    oncall_alerts.next_,
    oncall_alerts.take,
    oncall_alerts.give,
    oncall_alerts.extend,
    oncall_alerts.snooze,
    oncall_alerts.reapply,
    oncall_acts.override,
    oncall_acts.maintenance,
    oncall_digest.handoff,
    oncall_metrics.metrics,
    oncall_publish.publish,
):
    oncall.add_command(_command)
