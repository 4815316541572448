"""Rows that are there already, in a table that draws them when they are seen."""

from collections.abc import Sequence

from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import LineTable, Row


def show_rows(table: LineTable, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Show these rows, already sorted."""
    drawn = {row.key: row for row in rows}
    table.set_keys(columns, [row.key for row in rows], drawn.__getitem__)
