"""Tables that commands print: columns by the cells of a terminal, not by characters."""

import pytest
from rich.cells import cell_len

from opsdash.cli.output import padded, print_columns

NAMES = ["John", "山田太郎", "Zoe\u0301", "👩‍🚒 Ann", "한글", "é", "", "ภาษาไทย"]


def test_columns_stand_beneath_each_other_whatever_people_are_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Wide letters take two cells, marks none: the next column begins at the same cell in each row."""
    rows = [(name, "on call", name) for name in NAMES]
    print_columns(("NAME", "WHAT", "AGAIN"), rows)
    lines = capsys.readouterr().out.splitlines()
    starts = {
        cell_len(text[: text.index(w)]) for text in lines for w in ("on call", "WHAT") if w in text
    }
    assert starts == {max(cell_len(name) for name in NAMES) + 2}
    assert [text for text in lines if text != text.rstrip()] == []


def test_plain_columns_are_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    """ASCII costs nothing and looks the same."""
    print_columns(("A", "B"), [("long one", "x"), ("", "")])
    assert capsys.readouterr().out == "A         B\nlong one  x\n\n"


def test_a_text_is_filled_up_to_its_cells_and_never_cut() -> None:
    """`status` and the pages of the dashboard pad titles and names so."""
    from opsdash.ui.lines import pad

    for fill in (padded, pad):
        assert fill("決済", 6) == "決済  "
        assert fill("e\u0301", 3) == "e\u0301  "
        assert fill("payments", 4) == "payments"
