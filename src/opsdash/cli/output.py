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
    """Print rows in columns as wide as their texts are on a terminal, two spaces apart."""
    lines = [list(header), *map(list, rows)]
    sizes = [[cells_of(cell) for cell in line] for line in lines]
    widths = [max(size[i] for size in sizes) for i in range(len(header))]
    for line, size in zip(lines, sizes, strict=True):
        cells = (
            cell + " " * (width - taken)
            for cell, taken, width in zip(line, size, widths, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def padded(text: str, width: int) -> str:
    """Return a text in at least `width` cells, with blanks behind it where it has fewer."""
    return text + " " * (width - cells_of(text))


def cells_of(text: str) -> int:
    """Return how many cells of a terminal a text takes: two for 山 or an emoji, none for an accent."""
    if text.isascii():
        return len(text)
    # What writes only ASCII pays nothing for the table of widths.
    from rich.cells import cell_len

    return cell_len(text)


def counted(number: int, noun: str) -> str:
    """Return `1 alert` or `2 alerts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
