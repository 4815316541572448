"""Acts that wake people, from a shell: whom is said before, a terminal is asked, nothing runs ahead.

What the person saw is what they decide on: the store is read once, and what somebody else has changed
before the act is written is refused.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from opsdash import response
from opsdash.cli.acting import say_outcome
from opsdash.cli.main import fail, load_plan
from opsdash.cli.reading import reading, writing
from opsdash.domain.alert import Alert
from opsdash.domain.climb import owner
from opsdash.domain.frozen import dataclass
from opsdash.domain.outcome import Outcome
from opsdash.runtime import now
from opsdash.snapshot import Snapshot, take_snapshot
from opsdash.store.connection import Connection

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Only say what it would do and whom it would page."
)
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask on a terminal.")
from_option = click.option(
    "--from", "whose", help="Whose they are as you know it, or nobody; else it is refused."
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The alerts that a command is about, as they were read: `alerts` in the order of `ids`."""

    ids: tuple[str, ...]
    alerts: tuple[Alert, ...]
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Foretold:
    """What an act would do, in lines; what keeps it from being done; whether it wakes anybody."""

    lines: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    wakes: bool = False


def act_foretold(
    config: Path | None,
    ids: Iterable[str],
    foretell: Callable[[Seen], Foretold],
    act: Callable[[Connection, Seen], Outcome],
    done: str,
    dry_run: bool,
    yes: bool = True,
) -> None:
    """Do `act` to the alerts that `ids` mean; exit 2 where one is refused.

    On a terminal it says first what that does, and asks where it wakes anybody, unless `yes`. With
    `dry_run` it only says so, anywhere.
    """
    with (reading if dry_run else writing)(load_plan(config)) as store:
        seen = _see(store, ids)
        told = foretell(seen)
        done_now = goes_on(told, dry_run, yes)
        outcome = act(store, seen) if done_now else Outcome(refused=told.refused)
    say_outcome(outcome, done)


def goes_on(told: Foretold, dry_run: bool, yes: bool) -> bool:
    """Say what an act would do where somebody is there to read it; return whether it is to be done.

    A terminal is asked where it wakes anybody, and a no there ends the program, exit 1.
    """
    asked = sys.stdin.isatty() and sys.stdout.isatty()
    for text in told.lines if dry_run or asked else ():
        click.echo(text)
    if not dry_run and told.wakes and asked and not yes and not click.confirm("Go on?", err=True):
        click.echo("nothing was done", err=True)
        raise SystemExit(1)
    return not dry_run


def owners_seen(seen: Seen, whose: str | None) -> dict[str, str]:
    """Return whose each alert is: as a person said with `--from`, else as it was read."""
    if whose is not None:
        return dict.fromkeys(seen.ids, "" if whose == "nobody" else whose)
    climbs = seen.snapshot.roster.climbs
    return {alert.id: str(owner(alert, climbs.get(alert.id))) for alert in seen.alerts}


def changed_hands(seen: Seen, whose: str | None) -> tuple[tuple[str, str], ...]:
    """Return the alerts that are not whose the person says, each with whose they are."""
    if whose is None:
        return ()
    expected, found = owners_seen(seen, whose), owners_seen(seen, None)
    return tuple(
        (id, f"{who} has it now" if who else "nobody has it any more")
        for id, who in found.items()
        if who != expected[id]
    )


def _see(store: Connection, ids: Iterable[str]) -> Seen:
    try:
        found = [one for id in ids for one in store.read(response.find, id)]
    except LookupError as error:
        fail(error)
    snapshot = store.read(take_snapshot, now())
    wanted: Sequence[str] = tuple(dict.fromkeys(found))
    known = (snapshot.shown.by_id.get(id) for id in wanted)
    alerts = tuple(alert for alert in known if alert is not None and alert.open)
    return Seen(tuple(wanted), alerts, snapshot)
