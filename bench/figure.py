"""What a measurement comes to, and how much of it is wanted."""

import argparse
import json
import signal
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """How thorough a run is: `quick` for CI, `full` for the counts that the goals name."""

    quick: bool = False
    full: bool = False

    def of(self, quick: int, usual: int, full: int | None = None) -> int:
        """Return the number for this size."""
        if self.full:
            return usual if full is None else full
        return quick if self.quick else usual


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `ok` is None where there is no budget, or nothing to measure it with.

    `against` is the floor or peer measured in the same run.
    """

    row: str
    what: str
    budget: str
    measured: str
    ok: bool | None
    against: str = ""


Measure = Callable[[Size], Iterator[Figure]]


def ratio(figures: Sequence[float], floors: Sequence[float]) -> float:
    """Return the ratio of the medians of two interleaved series."""
    return statistics.median(figures) / statistics.median(floors)


def quantile(figures: Sequence[float], share: float) -> float:
    """Return the figure that `share` of all are not above."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def say(what: str) -> None:
    """Tell who waits for a long measurement what it does; standard output is left to its figures."""
    print(f"… {what}", file=sys.stderr, flush=True)


def script(measure: Measure) -> None:
    """Be a script: measure, print one JSON line, exit 1 where a budget is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="As little as CI can afford.")
    parser.add_argument("--full", action="store_true", help="As much as the goals ask for.")
    options = parser.parse_args()
    # What was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures = list(measure(Size(options.quick, options.full)))
    print(json.dumps([asdict(figure) for figure in figures]))
    sys.exit(any(figure.ok is False for figure in figures))
