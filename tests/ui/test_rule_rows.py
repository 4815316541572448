"""Rows of rules: a figure and a threshold for each, or a word; never a dash."""

from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.rules.view import RuleState, RuleView
from opsdash.domain.text import SafeText
from opsdash.ui.glyphs import UTF8
from opsdash.ui.lines import text_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.rules import RULE_COLUMNS, rule_about, rule_row

NOW = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)


def _view(value: float | None, threshold: str, source: str = "", seen: bool = True) -> RuleView:
    return RuleView(
        "id", SafeText("g"), SafeText("A"), SafeText("r.yml"), 1, SafeText("x"), timedelta(),
        timedelta(seconds=15), RuleState.INACTIVE, value=value, threshold=SafeText(threshold),
        evaluated_at=NOW if seen else None, source=SafeText(source),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        (_view(0.0234, "> 0.01"), ("0.0234", "> 0.01")),
        (_view(1.5e9, "> 1.53e+09 and …"), ("1.5e+09", "> 1.53e+09 and …")),
        (_view(1, "== 0 or absent"), ("1", "== 0 or absent")),
        (_view(0, "absent"), ("present", "absent")),
        (_view(1, "absent and …"), ("absent", "absent and …")),
        (_view(None, "any value"), ("none", "any value")),
        (_view(None, "> 5", seen=False), ("not yet", "> 5")),
        (_view(None, "> 5", source="prometheus-rules"), ("untold", "> 5")),
    ],
)
def test_every_rule_shows_a_figure_and_a_threshold(view: RuleView, shown: tuple[str, str]) -> None:
    """What has neither says so in a word, in the list and in the detail."""
    moment = Moment(NOW)
    row = rule_row(view, moment, UTF8)
    cells = dict(zip((column.id for column in RULE_COLUMNS), row.cells, strict=True))
    assert (text_of(cells["value"]), text_of(cells["threshold"])) == shown
    detail = "\n".join(map(text_of, rule_about(view, 80, moment)))
    assert f"{shown[0]}  {shown[1]}" in detail
