"""The engine's process: its store, its signals, and the engine that follows when it is reloaded."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from opsdash.cli.logs import log_to_stderr
from opsdash.cli.plain import load_plan, refuse, say
from opsdash.config import find_config, kept_store_path, validated
from opsdash.plan import Plan
from opsdash.sources.rule_problem import RuleFileError
from opsdash.store.errors import StoreError

if TYPE_CHECKING:
    from opsdash.engine.engine import Engine
    from opsdash.engine.self_metrics import SelfMetrics
    from opsdash.store.session import Store

log = logging.getLogger("opsdash.engine")


def run_engine(
    config: Path | None, metrics_listen: str | None, log_as_json: bool, until_eof: bool
) -> None:
    """Run the engine until it is told to stop; end with what is wrong where it cannot begin."""
    # Nothing that is made before the first beat is garbage.
    gc.disable()
    _validate_aside(config)
    plan = load_plan(config)
    log_to_stderr(as_json=log_as_json)
    try:
        asyncio.run(_Running(plan, metrics_listen).run(until_eof))
    except StoreError as error:
        refuse(error)
    except RuleFileError as error:
        for problem in error.problems:
            say(f"opsdash: {problem}")
        raise SystemExit(2) from None


def _validate_aside(config: Path | None) -> None:
    """Have a child validate a configuration that is not known yet, and keep its plan.

    The models that it takes would stay in the memory of a process that runs for months: 9 MB.
    """
    path = find_config(config, os.environ)
    if path is None or kept_store_path(path) is not None:
        return
    child = os.fork()
    if child == 0:
        try:
            # Whatever is wrong is found again, and told, by the parent.
            with contextlib.suppress(Exception):
                validated(path)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


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
        from opsdash.engine.ahead import read_ahead
        from opsdash.runtime import RealClock, build_engine, open_metrics

        plan, clock = self._plan, RealClock()
        path = Path(plan.store_path)
        ahead = await read_ahead(
            open_metrics(plan), plan.setup, path, clock.now(), clock.monotonic()
        )
        from opsdash.engine import systemd
        from opsdash.engine.cycle import run
        from opsdash.store.session import open_store

        store = await open_store(path, checkpoints=True)
        metrics = None
        try:
            self._next = build_engine(self._plan, store, ahead=ahead)
            self._listen_to_signals(store, until_eof)
            metrics = self._serve_metrics()
            systemd.notify("READY=1")
            # What was imported stays: it need not be walked through again and again.
            gc.freeze()
            gc.enable()
            while not self._ended.is_set() and self._next is not None:
                self._engine, self._next = self._next, None
                self._stop.clear()
                await run(self._engine, self._stop)
        finally:
            systemd.notify("STOPPING=1")
            if metrics is not None:
                metrics.close()
            await store.close()
            if self._ended.is_set():
                # All is put away. A name that a thread still looks up must not keep the process.
                leaving = Timer(1.0, os._exit, (0,))
                leaving.daemon = True
                leaving.start()

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
        from opsdash.config import ConfigError
        from opsdash.runtime import build_engine
        from opsdash.secret import SecretError

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
            refuse(f"--metrics-listen {self._listen} is no address; write HOST:PORT")
        try:
            serving = SelfMetrics(host.strip("[]") or "127.0.0.1", int(port), self._current)
        except (OSError, OverflowError) as error:
            refuse(f"--metrics-listen {self._listen}: {error}")
        log.info("own metrics on port %d", serving.port)
        return serving

    def _current(self) -> "Engine":
        current = self._engine or self._next
        if current is None:
            raise RuntimeError("no engine has been built")
        return current
