"""`opsdash engine`: the headless engine, for systemd or by hand."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import click

from opsdash.cli.main import config_option, fail, load_plan
from opsdash.plan import Plan


@click.command(epilog="Example:  opsdash engine --config /etc/opsdash/opsdash.toml")
@config_option
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input closes.")
def engine(config: Path | None, until_eof: bool) -> None:
    """Run the engine: read every source, keep the store, until it is told to stop.

    Exactly one engine acts, however many are started: the others stand by.
    """
    plan = load_plan(config)
    if plan.prometheus is None and not plan.alertmanager and plan.simulation is None:
        fail(f"{plan.config_path} names no source; add [prometheus] with url")
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    from opsdash.sources.rule_problem import RuleFileError
    from opsdash.store.errors import StoreError

    try:
        asyncio.run(_run(plan, until_eof))
    except (StoreError, RuleFileError) as error:
        fail(error)


async def _run(plan: Plan, until_eof: bool) -> None:
    from opsdash.engine.cycle import run
    from opsdash.runtime import build_engine
    from opsdash.store.session import open_store

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_eof:
        loop.add_reader(sys.stdin.fileno(), _stop_at_eof, loop, stop)
    store = await open_store(Path(plan.store_path), checkpoints=True)
    try:
        await run(build_engine(plan, store), stop)
    finally:
        await store.close()


def _stop_at_eof(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    if not os.read(0, 4096):
        loop.remove_reader(0)
        stop.set()
