"""`python -m bench`: every budget and every reliability goal, as one table.

`--quick` is what CI can afford, `--full` the counts that the goals name, `--only ROW` one of them.
"""

import argparse
import importlib
import os
import sys
import time
from collections.abc import Iterator

from bench.figure import Figure, Size

BUDGETS: dict[str, tuple[str, ...]] = {
    "start": ("1", "2"),
    "command": ("3", "4"),
    "idle": ("5", "6", "8"),
    "bytes": ("7",),
    "keys": ("9", "10"),
    "table": ("11",),
    "collect": ("12",),
    "alerts_poll": ("13",),
    "acks": ("14",),
    "load": ("15",),
    "memory": ("16",),
    "quit": ("17",),
}
"""The scripts of the budgets, each with the rows of the design's table that it measures."""

GOALS: dict[str, tuple[str, ...]] = {
    "kill9": ("R1",),
    "together": ("R1",),
    "contention": ("R3",),
    "stall": ("R4",),
    "pages": ("R5",),
    "forstate": ("R6",),
    "stale": ("R7",),
    "upstream": ("R8",),
    "hostile": ("R9",),
    "tty": ("R10",),
    "storage": ("R11",),
    "watchdog": ("R12",),
    "secrets": ("R13",),
    "time": ("R16",),
}
"""The scripts of the reliability goals."""

IN_CI = ("command", "idle", "collect", "table", "quit")
"""What `--quick` measures: the budgets that a busy machine with two cores can tell something of."""

_WIDTHS = (3, 58, 26, 34)
_VERDICTS = {True: "ok", False: "MISSED", None: "-"}


def main() -> int:
    """Measure, print a line a figure; return 1 where a budget is missed, if `--quick` where a script fails."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="as little as CI can afford")
    parser.add_argument("--full", action="store_true", help="the counts that the goals name")
    parser.add_argument("--only", metavar="ROW", help="one row (7, R4) or script (bytes)")
    parser.add_argument("--budgets", action="store_true", help="the budgets alone")
    options = parser.parse_args()
    size = Size(options.quick, options.full)
    wanted = list(_wanted(options.only, options.quick, options.budgets))
    if not wanted:
        parser.error(f"there is no row or script {options.only!r}")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start", end="")
    print(": figures of time are high on a busy machine" if load > 0.7 else "", flush=True)
    _line("row", "what", "budget", "measured", "")
    missed = failed = 0
    for name in wanted:
        for figure in _measured(name, size, options.only):
            verdict = _VERDICTS[figure.ok]
            against = f"  ({figure.against})" if figure.against else ""
            _line(figure.row, figure.what, figure.budget, figure.measured, verdict + against)
            missed += figure.ok is False
            failed += figure.ok is False and not figure.budget
    print(f"{missed} missed" if missed else "every budget that was measured holds")
    # A budget of time is measured and never asserted where others are at work on the machine.
    return int((failed if options.quick else missed) > 0)


def _wanted(only: str | None, quick: bool, budgets: bool) -> Iterator[str]:
    everything = BUDGETS if budgets else BUDGETS | GOALS
    for name, rows in everything.items():
        if only is not None:
            if only == name or only in rows:
                yield name
        elif not quick or name in IN_CI:
            yield name


def _measured(name: str, size: Size, only: str | None) -> Iterator[Figure]:
    """Yield the figures of one script; one that fails is a figure that is missed."""
    rows = (BUDGETS | GOALS)[name]
    if sys.stderr.isatty():
        print(f"… {name}", end="\r", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        measure = importlib.import_module(f"bench.{name}").measure
        for figure in measure(size):
            if only is None or only not in rows or figure.row.rstrip("ab") == only:
                yield figure
    except ModuleNotFoundError as error:
        if error.name != f"bench.{name}":
            raise
        yield Figure(rows[0], f"bench.{name}", "", "there is no such script", None)
    except Exception as error:
        # A screen may follow the first line of what went wrong.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        spent = f"after {time.monotonic() - began:.0f} s"
        yield Figure(rows[0], f"bench.{name} failed {spent}", "", reason[:200], False)


def _line(*words: str) -> None:
    *columns, last = words
    padded = (word.ljust(width) for word, width in zip(columns, _WIDTHS, strict=True))
    print("  ".join([*padded, last]).rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
