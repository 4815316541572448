"""`opsdash check`: the configuration, its secrets, the store and every server, tried."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import click

from opsdash.cli.main import config_option, load_plan
from opsdash.cli.output import counted
from opsdash.plan import Plan, key_files, secret_refs


@click.command(epilog="Example:  opsdash check --config ops.toml")
@config_option
@click.option(
    "--notify",
    multiple=True,
    metavar="NAME[:ADDRESS]",
    help="Only send one harmless test, marked TEST, through this notifier.",
)
def check(config: Path | None, notify: tuple[str, ...]) -> None:
    """Validate the configuration and try all that it names; exit 0 when everything works, else 1."""
    plan = load_plan(config)
    click.echo(f"ok    configuration {plan.config_path}")
    bad = 0
    if notify:
        from opsdash.cli.trial import try_notifiers

        found = try_notifiers(plan, notify)
    else:
        found = [
            *_secrets(plan),
            *_store(plan),
            *_on_call(plan),
            *asyncio.run(_servers(plan)),
        ]
    for good, text in found:
        click.echo(f"{'ok   ' if good else 'FAIL '} {text}")
        bad += not good
    if bad:
        raise SystemExit(1)


def _secrets(plan: Plan) -> Iterator[tuple[bool, str]]:
    from opsdash.secret import Secret, SecretError, ensure_private, locate

    for key in key_files(plan):
        try:
            ensure_private(locate(key))
        except SecretError as error:
            yield False, str(error.reason)
        else:
            yield True, f"key {locate(key)} can be read"
    for ref in secret_refs(plan):
        secret = Secret(ref)
        try:
            secret.reveal()
        except SecretError as error:
            yield False, str(error.reason)
        else:
            yield True, f"secret {secret.place} can be read"


def _on_call(plan: Plan) -> Iterator[tuple[bool, str]]:
    """Name the times of the fortnight ahead at which nobody is on call, and whom no page reaches."""
    from opsdash.cli.rota import rota
    from opsdash.cli.try_feeds import read_feeds
    from opsdash.cli.try_reach import try_reach
    from opsdash.domain.coverage import gap_words, gaps_ahead, known_until, known_words
    from opsdash.runtime import now

    tried, read = asyncio.run(read_feeds(plan)) if plan.feeds else ([], {})
    yield from tried
    moment, setup = now(), rota(plan, read) if plan.setup.schedules else plan.setup
    for schedule in setup.schedules:
        text = gap_words(gaps_ahead(schedule, moment), setup.timezone)
        until = known_until(schedule)
        known = f"; {known_words(until, setup.timezone)}" if until is not None else ""
        said = str(text) or f"schedule {schedule.id}: somebody is always on call"
        yield not text and (until is None or until > moment), f"{said}{known}"
    yield from try_reach(setup, moment)


def _store(plan: Plan) -> Iterator[tuple[bool, str]]:
    from opsdash.store.errors import StoreError
    from opsdash.store.library import weakness
    from opsdash.store.opening import connect_as_allowed

    try:
        connection = connect_as_allowed(Path(plan.store_path))
    except StoreError as error:
        yield False, str(error)
    else:
        connection.close()
        if connection.read_only:
            yield False, f"{connection.read_only}; it can only be read"
        else:
            yield True, f"store {plan.store_path}"
    known = weakness()
    if known is not None:
        yield True, str(known)
    if os.environ.get("OPSDASH_USER"):
        yield True, "OPSDASH_USER is recorded as a claim, beside the real user"


async def _servers(plan: Plan) -> list[tuple[bool, str]]:
    from opsdash.cli.try_deployments import try_deployments
    from opsdash.cli.try_pagers import try_pagers

    tried = [*await _sources(plan), *await _rules(plan), *await try_deployments(plan)]
    return [*tried, *await try_pagers(plan)]


async def _rules(plan: Plan) -> list[tuple[bool, str]]:
    """Read every rule file, and ask the server for every expression once."""
    if not plan.rule_files:
        return []
    from opsdash.domain.routing import PAGE_LABEL, unknown_schedules
    from opsdash.http.errors import RemoteError
    from opsdash.runtime import now, open_rules, open_sources
    from opsdash.sources.rule_problem import RuleFileError
    from opsdash.sources.vector import QueryError

    sources = open_sources(plan)
    found: list[tuple[bool, str]] = []
    try:
        rules = open_rules(plan, sources.metrics)
        if rules is not None:
            listed = [rule for group in rules.groups for rule in group.rules]
            found.append((True, f"{counted(len(listed), 'rule')} can be read"))
            for rule in listed:
                label = rule.labels.get(PAGE_LABEL)
                for name in unknown_schedules(plan.setup, label.text if label else ""):
                    text = f"{rule.file}:{rule.line}: {rule.name}: label page names {name}; add"
                    found.append((False, f'{text} [[schedule]] id = "{name}", or primary is paged'))
                try:
                    await rules.source.vector(rule.expr, now())
                except QueryError as error:
                    place = f"{rule.file}:{rule.line}"
                    found.append((False, f"{place}: {rule.name}: {error.reason}"))
    except RuleFileError as error:
        found += [(False, str(problem)) for problem in error.problems]
    except RemoteError:
        # That the server does not answer is said where its figures are read.
        found.append((False, "the rules' expressions could not be tried"))
    finally:
        for opened in sources.metrics:
            await opened.close()
        for watched in sources.alerts:
            await watched.close()
    return found


async def _sources(plan: Plan) -> list[tuple[bool, str]]:
    from opsdash.domain.companion import asked_sides
    from opsdash.http.errors import RemoteError
    from opsdash.runtime import now, open_sources

    found: list[tuple[bool, str]] = []
    wanted = [
        one for indicator in plan.setup.indicators for one in (indicator, *asked_sides(indicator))
    ]
    try:
        sources = open_sources(plan)
    except Exception as error:
        return [(False, f"sources cannot be opened: {error}")]
    for metric in sources.metrics:
        try:
            answers = await metric.read(wanted, now())
        except RemoteError as error:
            found.append((False, f"{metric.id}: {error.reason}"))
            continue
        found.append((True, f"{metric.id} answers"))
        for indicator in wanted:
            answer = answers.get(indicator.id)
            if answer is None or answer.value is None:
                reason = answer.reason if answer else "no answer"
                found.append((False, f"{metric.id}: {indicator.id} ({indicator.title}): {reason}"))
    for source in sources.alerts:
        try:
            report = await source.alerts(now())
        except RemoteError as error:
            found.append((False, f"{source.id}: {error.reason}"))
        else:
            found.append(
                (True, f"{source.id} answers, {counted(len(report.observations), 'alert')}")
            )
            found.extend((False, f"{source.id}: {warning}") for warning in report.warnings)
    for opened in sources.metrics:
        await opened.close()
    for watched in sources.alerts:
        await watched.close()
    return found
