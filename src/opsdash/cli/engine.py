"""`opsdash engine`: the headless engine, for systemd or by hand."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from opsdash.cli.main import config_option, fail, load_plan
from opsdash.plan import Plan

if TYPE_CHECKING:
    from opsdash.engine.engine import Engine
    from opsdash.engine.self_metrics import SelfMetrics
    from opsdash.store.session import Store

log = logging.getLogger("opsdash.engine")


@click.command(epilog="Example:  opsdash engine --config /etc/opsdash/opsdash.toml")
@config_option
@click.option(
    "--metrics-listen",
    metavar="HOST:PORT",
    help="Serve the engine's own /metrics, /-/healthy and /-/ready.",
)
@click.option(
    "--log-format",
    type=click.Choice(["logfmt", "json"]),
    default="logfmt",
    show_default=True,
    help="How log lines are written to standard error.",
)
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input closes.")
def engine(
    config: Path | None, metrics_listen: str | None, log_format: str, until_eof: bool
) -> None:
    """Run the engine: read every source, page people, keep the store, until it is told to stop.

    Exactly one engine acts, however many are started: the others stand by. SIGTERM ends it, SIGHUP
    reads the configuration again; one that is refused changes nothing.
    """
    from opsdash.cli.logs import log_to_stderr
    from opsdash.sources.rule_file import RuleFileError
    from opsdash.store.errors import StoreError

    plan = load_plan(config)
    log_to_stderr(as_json=log_format == "json")
    try:
        asyncio.run(_Running(plan, metrics_listen).run(until_eof))
    except StoreError as error:
        fail(error)
    except RuleFileError as error:
        for problem in error.problems:
            click.echo(f"opsdash: {problem}", err=True)
        raise SystemExit(2) from None


class _Running:
    """The engine that runs now, and the one that takes its place when the configuration changes."""

    def __init__(self, plan: Plan, metrics_listen: str | None) -> None:
        self._plan = plan
        self._listen = metrics_listen
        self._ended = asyncio.Event()
        self._stop = asyncio.Event()
        self._engine: Engine | None = None
        self._next: Engine | None = None

    async def run(self, until_eof: bool) -> None:
        from opsdash.engine import systemd
        from opsdash.engine.cycle import run
        from opsdash.runtime import build_engine
        from opsdash.store.session import open_store

        store = await open_store(Path(self._plan.store_path), checkpoints=True)
        metrics = None
        try:
            self._next = build_engine(self._plan, store)
            self._listen_to_signals(store, until_eof)
            metrics = self._serve_metrics()
            systemd.notify("READY=1")
            while not self._ended.is_set() and self._next is not None:
                self._engine, self._next = self._next, None
                self._stop.clear()
                await run(self._engine, self._stop)
        finally:
            systemd.notify("STOPPING=1")
            if metrics is not None:
                metrics.close()
            await store.close()

    def _listen_to_signals(self, store: "Store", until_eof: bool) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._reload, store)
        if until_eof:
            loop.add_reader(sys.stdin.fileno(), self._end_at_eof)

    def _end(self) -> None:
        self._ended.set()
        self._stop.set()

    def _end_at_eof(self) -> None:
        if not os.read(0, 4096):
            asyncio.get_running_loop().remove_reader(0)
            self._end()

    def _reload(self, store: "Store") -> None:
        """Build the next engine from the file as it is now; a bad one is refused and the old kept."""
        from opsdash.config import ConfigError, validated
        from opsdash.runtime import build_engine
        from opsdash.secret import SecretError
        from opsdash.sources.rule_file import RuleFileError

        try:
            plan = validated(Path(self._plan.config_path))
            if plan.store_path != self._plan.store_path:
                log.error("reload refused: another store needs a restart; the old one is kept")
                return
            self._next = build_engine(plan, store)
        except (ConfigError, RuleFileError, SecretError) as error:
            for line in str(error).splitlines():
                log.error("reload refused, the old configuration is kept: %s", line)
            return
        log.info("configuration read again")
        self._plan = plan
        self._stop.set()

    def _serve_metrics(self) -> "SelfMetrics | None":
        if self._listen is None:
            return None
        from opsdash.engine.self_metrics import SelfMetrics

        host, _, port = self._listen.rpartition(":")
        if not (port.isascii() and port.isdigit()):
            fail(f"--metrics-listen {self._listen} is no address; write HOST:PORT")
        try:
            serving = SelfMetrics(host.strip("[]") or "127.0.0.1", int(port), self._current)
        except (OSError, OverflowError) as error:
            fail(f"--metrics-listen {self._listen}: {error}")
        log.info("own metrics on port %d", serving.port)
        return serving

    def _current(self) -> "Engine":
        current = self._engine or self._next
        if current is None:
            raise RuntimeError("no engine has been built")
        return current
