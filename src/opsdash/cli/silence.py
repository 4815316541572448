"""`opsdash silence add`, `list`, `edit` and `expire`: what may be quiet, until when, and why."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click

from opsdash import silencing
from opsdash.cli.acting import say_outcome
from opsdash.cli.endings import foretell_expiry
from opsdash.cli.foretold import dry_run_option, goes_on, yes_option
from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.reading import reading, writing
from opsdash.cli.shapes import rfc3339, silence_shape
from opsdash.domain.alert import Alert
from opsdash.domain.duration import parse_duration
from opsdash.domain.matchers import Matcher, MatcherError, parse_matchers
from opsdash.domain.outcome import Outcome
from opsdash.domain.silence import MOST_MATCHERS, Silence, SilenceState, matches
from opsdash.domain.span import format_span
from opsdash.registers import ENDED_SHOWN
from opsdash.runtime import now, who_acts
from opsdash.snapshot import take_snapshot
from opsdash.store import alerts, silences
from opsdash.store.connection import Connection

_NAMED = 5
"""Alerts that a preview names."""


@click.group(
    epilog="Example:  opsdash silence add HighErrorRate pod=~'api-.*' --for 2h --comment CH-7"
)
def silence() -> None:
    """Silence alerts: nobody is paged for what matches. In Alertmanager too, where there is one."""


@silence.command(
    epilog="Example:  opsdash silence add alertname=DiskFull instance=~'db.*' --for 4h --comment CH-12"
)
@click.argument("matchers", nargs=-1, required=True, metavar="MATCHER...")
@config_option
@click.option("--for", "length", default="2h", show_default=True, help="How long from now.")
@click.option("--comment", default="", help="Why it may be quiet; required.")
@click.option("--dry-run", is_flag=True, help="Only say what it would match.")
def add(
    matchers: tuple[str, ...], config: Path | None, length: str, comment: str, dry_run: bool
) -> None:
    """Silence what all MATCHERs match: NAME=VALUE, !=, =~ or !~; a bare word is an alert's name."""
    wanted, lasting = _matchers(matchers), _length(length)
    with writing(load_plan(config)) as store:
        hit, missed = store.read(silencing.preview, wanted)
        if not dry_run:
            made = store.write(silencing.silence, who_acts(), now(), wanted, lasting, comment)
            _refuse(made, "")
            found = _loaded(store, made.done[0])
            click.echo(f"silenced {found.id} until {rfc3339(found.ends_at)}")
    click.echo(_effect(hit, missed))


@silence.command(name="list", epilog="Example:  opsdash silence list --format json")
@config_option
@click.option("--expired", is_flag=True, help="Those that ended within the hour too.")
@format_option()
def list_(config: Path | None, expired: bool, form: str) -> None:
    """List the silences that have not ended, those that end first first."""
    moment = now()
    with reading(load_plan(config)) as store:
        known = store.read(silences.load_since, moment - ENDED_SHOWN if expired else moment)
        open_alerts = list(store.read(alerts.load_open).values())
    shown = [s for s in known if expired or s.state(moment) is not SilenceState.EXPIRED]
    counts = {s.id: sum(matches(s.matchers, a.labels) for a in open_alerts) for s in shown}
    if form == "json":
        print_json([silence_shape(s, moment, counts[s.id]) for s in shown])
        return
    if not shown:
        click.echo("no silences")
        return
    header = ("ID", "STATE", "ENDS IN", "HIDES", "BY", "MATCHERS", "WHY")
    print_columns(header, [_row(s, counts[s.id], moment) for s in shown])
    for one in shown:
        if one.error is not None:
            click.echo(f"! {one.id} is not in Alertmanager: {one.error}", err=True)


@silence.command(epilog="Example:  opsdash silence expire S12")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@config_option
@dry_run_option
@yes_option
def expire(ids: tuple[str, ...], config: Path | None, dry_run: bool, yes: bool) -> None:
    """Say whom that pages, then end silences now: what they hid and still fires is paged."""
    with (reading if dry_run else writing)(load_plan(config)) as store:
        found = {one.id: one for one in (_find(store, id) for id in ids)}
        told = foretell_expiry(tuple(found.values()), store.read(take_snapshot, now()))
        if goes_on(told, dry_run, yes):
            outcome = store.write(silencing.expire, who_acts(), now(), tuple(found))
        else:
            outcome = Outcome(refused=told.refused)
    say_outcome(outcome, "ended")


@silence.command(epilog="Example:  opsdash silence edit S12 --for 4h")
@click.argument("id", metavar="ID")
@config_option
@click.option("--for", "length", default="", help="How long from now it lasts instead.")
@click.option("--comment", default="", help="Another reason.")
@click.option("--matcher", "matchers", multiple=True, help="Other matchers, all of them.")
def edit(
    id: str, config: Path | None, length: str, comment: str, matchers: tuple[str, ...]
) -> None:
    """Change a silence: its end, its reason, or what it matches."""
    if not (length or comment or matchers):
        fail("nothing to change: give --for, --comment or --matcher")
    wanted = _matchers(matchers) if matchers else None
    with writing(load_plan(config)) as store:
        before = _find(store, id)
        moment = now()
        ends_at = moment + _length(length) if length else None
        outcome = store.write(
            silencing.change,
            who_acts(),
            moment,
            before.id,
            before.revision,
            matchers=wanted,
            ends_at=ends_at,
            comment=comment or None,
        )
        _refuse(outcome, f"{before.id}: ")
        after = _loaded(store, before.id)
        hit, missed = store.read(silencing.preview, after.matchers)
    click.echo(f"silenced {after.id} until {rfc3339(after.ends_at)}")
    click.echo(_effect(hit, missed))


def _matchers(texts: Sequence[str]) -> tuple[Matcher, ...]:
    try:
        found = tuple(matcher for text in texts for matcher in parse_matchers(text))
    except MatcherError as error:
        fail(error)
    if len(found) > MOST_MATCHERS:
        fail(f"a silence has at most {MOST_MATCHERS} matchers")
    return found


def _length(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        fail(f"--for: {error}")


def _refuse(outcome: Outcome, head: str) -> None:
    for _, reason in outcome.refused:
        fail(f"{head}{reason}")


def _find(store: Connection, id: str) -> Silence:
    try:
        return store.read(silencing.find, id, now())
    except LookupError as error:
        fail(error)


def _loaded(store: Connection, id: str) -> Silence:
    found = store.read(silences.load, id)
    if found is None:
        fail(f"silence {id} has just been removed")
    return found


def _effect(hit: Sequence[Alert], missed: Sequence[Alert]) -> str:
    total = len(hit) + len(missed)
    if not hit:
        return f"it matches none of the {total} open alerts" if total else "no alert is open"
    names = ", ".join(alert.name for alert in hit[:_NAMED])
    more = f" and {len(hit) - _NAMED} more" if len(hit) > _NAMED else ""
    return f"it matches {len(hit)} of the {total} open alerts: {names}{more}"


def _row(silence: Silence, hidden: int, moment: datetime) -> tuple[str, ...]:
    state = silence.state(moment)
    over = state is SilenceState.EXPIRED
    return (
        silence.id,
        state.value,
        "ended" if over else format_span(silence.until - moment),
        str(hidden),
        silence.author,
        silence.text,
        silence.comment,
    )
