"""Stopping a process that writes a store, at a moment at which it locks nobody out."""

import contextlib
import os
import signal
import sqlite3
from pathlib import Path

from tests.kit.waiting import wait_until


def stop_outside_transactions(pid: int, store: Path) -> None:
    """Send SIGSTOP once it holds no write lock of `store`: stopped with one, all others wait for it.

    Another process' lock counts as its own, and is waited for as well.
    """

    def stopped() -> bool:
        os.kill(pid, signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(store, timeout=1)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                return False
            other.rollback()
            return True

    wait_until(stopped, 60, "stopped without a lock")
