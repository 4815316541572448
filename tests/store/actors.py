"""Processes that hold, fill or look at a store, for tests of what others then see."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PRELUDE = """
import os, signal, sqlite3, sys, time
from pathlib import Path
from opsdash.store.opening import connect, connect_to_read
from opsdash.store import changes, schema
if sys.argv[2] == "nobody" and os.getuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
path = Path(sys.argv[1])
def ready():
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def another_process(
    path: Path, code: str, user: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run `code` in a process of its own until it says `ready()`, and kill it in the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PRELUDE + textwrap.dedent(code), str(path), "same"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said == "ready\n", said
        yield process
    finally:
        process.kill()
        process.communicate()


def go_on(process: subprocess.Popen[str]) -> str:
    """Let the process finish and return the rest of what it printed."""
    output, _ = process.communicate("\n", timeout=120)
    return output


def run_in_another(path: Path, code: str, user: str = "same") -> str:
    """Run `code` in a process of its own to its end and return what it printed.

    As `user` nobody it gives up root's rights first; without them it is no different.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PRELUDE + textwrap.dedent(code), str(path), user],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
