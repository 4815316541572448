"""`opsdash oncall take`, `give`, `extend`, `snooze`, `reapply` and `next`: whose an alert is, and what then."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from opsdash import ownership
from opsdash.cli.acting import act_on, ids_argument
from opsdash.cli.foretold import (
    Foretold,
    Seen,
    act_foretold,
    changed_hands,
    dry_run_option,
    from_option,
    owners_seen,
    yes_option,
)
from opsdash.cli.main import config_option, fail, load_plan
from opsdash.cli.moment import parse_moment
from opsdash.cli.output import format_option, print_columns, print_json
from opsdash.cli.reading import picture
from opsdash.cli.rota import clock
from opsdash.cli.shapes import rfc3339
from opsdash.domain.climb import owner
from opsdash.domain.outcome import Outcome
from opsdash.domain.span import format_span
from opsdash.domain.waking import wakes_person
from opsdash.preview import person_words, policy_of, take_words
from opsdash.runtime import now, who_acts
from opsdash.store.connection import Connection


@click.command(epilog="Example:  opsdash oncall take INC-001 --reason 'I know this one'")
@ids_argument
@config_option
@click.option("--reason", "--comment", default="", help="Why; what the others should know.")
@from_option
@dry_run_option
def take(
    ids: tuple[str, ...], config: Path | None, reason: str, whose: str | None, dry_run: bool
) -> None:
    """Acknowledge alerts for oneself, also those that another has; it wakes nobody."""

    def foretell(seen: Seen) -> Foretold:
        own = frozenset({who_acts().user.casefold()})
        words = take_words(seen.alerts, seen.snapshot, own)
        lines = [f"{alert.id} {alert.name}" for alert in seen.alerts]
        return Foretold((*lines, *words), changed_hands(seen, whose))

    def act(store: Connection, seen: Seen) -> Outcome:
        as_of = owners_seen(seen, whose)
        return store.write(ownership.take, who_acts(), now(), seen.ids, reason, as_of)

    act_foretold(config, ids, foretell, act, "took", dry_run)


@click.command(
    epilog="Example:  opsdash oncall give 5f2c --to sarah --reason 'she knows the customer'"
)
@ids_argument
@config_option
@click.option("--to", required=True, help="The id of the person; they are paged.")
@click.option("--reason", required=True, help="Why; it is what they read first.")
@from_option
@dry_run_option
@yes_option
def give(
    ids: tuple[str, ...],
    config: Path | None,
    to: str,
    reason: str,
    whose: str | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Say whom it pages, then reassign alerts: no acknowledgement, and no timer begins anew."""

    def act(store: Connection, seen: Seen) -> Outcome:
        as_of = owners_seen(seen, whose)
        return store.write(ownership.reassign, who_acts(), now(), seen.ids, to, reason, as_of)

    act_foretold(config, ids, lambda s: _foretell_gift(s, to, whose), act, "gave", dry_run, yes)


def _foretell_gift(seen: Seen, to: str, whose: str | None) -> Foretold:
    if not any(person.id == to for person in seen.snapshot.setup.people):
        reason = f"there is no person {to}; `opsdash oncall schedule` names them"
        return Foretold(refused=tuple((id, reason) for id in seen.ids))
    refused = dict(changed_hands(seen, whose))
    for alert in seen.alerts:
        barred = policy_of(alert, seen.snapshot).bars(to, alert.severity)
        if barred:
            refused.setdefault(alert.id, barred)
    going = [alert for alert in seen.alerts if alert.id not in refused]
    lines = [f"{alert.id} {alert.name}" for alert in going]
    lines += person_words(to, going, seen.snapshot)
    setup, at = seen.snapshot.setup, seen.snapshot.taken_at
    wakes = any(wakes_person(setup, to, alert, at).reached for alert in going)
    return Foretold(tuple(lines), tuple(refused.items()), wakes)


@click.command(epilog="Example:  opsdash oncall extend 5f2c")
@ids_argument
@config_option
def extend(ids: tuple[str, ...], config: Path | None) -> None:
    """Let acknowledgements count from now again."""
    act_on(
        config,
        ids,
        lambda s, found: s.write(ownership.extend, who_acts(), now(), found),
        "extended",
    )


@click.command(
    epilog="Example:  opsdash oncall snooze 5f2c --for 2h --reason 'the batch ends at four'"
)
@ids_argument
@config_option
@click.option("--until", default="", help="When it ends; --for says how long instead.")
@click.option("--for", "length", default="", help="How long, as 2h.")
@click.option("--reason", required=True, help="Why it may wait.")
def snooze(ids: tuple[str, ...], config: Path | None, until: str, length: str, reason: str) -> None:
    """Put alerts off until a time; they end early when what was put off grows worse."""
    if bool(until) == bool(length):
        fail("say when it ends: --until TIME or --for 2h, one of them")
    zone, moment = load_plan(config).setup.timezone, now()
    ends = parse_moment(until or f"+{length}", zone, moment, "--until" if until else "--for")
    act_on(
        config,
        ids,
        lambda s, found: s.write(ownership.snooze, who_acts(), moment, found, ends, reason),
        "snoozed",
    )


@click.command(epilog="Example:  opsdash oncall reapply INC-001")
@ids_argument
@config_option
def reapply(ids: tuple[str, ...], config: Path | None) -> None:
    """Let alerts follow their policy as it is configured now."""
    act_on(
        config,
        ids,
        lambda s, found: s.write(ownership.reapply, who_acts(), now(), found),
        "reapplied",
    )


@click.command(name="next", epilog="Example:  opsdash oncall next --format json")
@config_option
@format_option()
def next_(config: Path | None, form: str) -> None:
    """Say of each open alert whose it is and what happens next, to whom, and when."""
    snapshot = picture(load_plan(config))
    steps = [(alert, snapshot.next_step(alert)) for alert in snapshot.alerts if alert.open]
    climbs, moment = snapshot.roster.climbs, snapshot.taken_at
    if form == "json":
        print_json(
            [
                {
                    "id": alert.id,
                    "owner": owner(alert, climbs.get(alert.id)) or None,
                    "policy": snapshot.roster.policy_of(alert, snapshot.setup).id,
                    "version": climbs[alert.id].version if alert.id in climbs else None,
                    "next": step.kind,
                    "at": rfc3339(step.at),
                    "level": step.level or None,
                    "who": list(step.who),
                    "text": step.text,
                }
                for alert, step in steps
            ]
        )
        return
    if not steps:
        click.echo("no open alerts")
        return
    print_columns(
        ("ID", "ALERT", "OWNER", "IN", "AT", "NEXT"),
        [
            (
                alert.id,
                alert.name,
                owner(alert, climbs.get(alert.id)) or "nobody",
                _left(step.at, moment),
                clock(step.at, snapshot.setup) if step.at is not None else "-",
                step.text,
            )
            for alert, step in steps
        ],
    )


def _left(at: datetime | None, moment: datetime) -> str:
    return "-" if at is None else format_span(max(at - moment, timedelta()))
