"""What every listing command prints with: one JSON shape, and plain columns."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from opsdash.domain.record import encode


def format_option(*more: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command `--format text|json` and the formats in `more`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *more]),
        default="text",
        show_default=True,
        help="How to print it.",
    )


def print_json(value: Any) -> None:
    """Print `value` as JSON, ASCII only: no control character can leave through it."""
    json.dump(value, sys.stdout, indent=2, default=encode)
    sys.stdout.write("\n")


def print_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need, two spaces apart."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def counted(number: int, noun: str) -> str:
    """Return `1 alert` or `2 alerts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
