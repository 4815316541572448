"""The rules screen: every alert rule with its state, figure, threshold, last evaluation and error."""

from collections.abc import Sequence

from opsdash.domain.rules.view import RuleView
from opsdash.snapshot import Snapshot
from opsdash.ui.lines import Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.rules import (
    RULE_COLUMNS,
    no_rules,
    rule_about,
    rule_row,
    rules_summary,
)
from opsdash.ui.screens.page import Page
from opsdash.ui.screens.roll import Roll
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row


class Rules(Roll):
    """Rules that fail or fire first, then the others in the order of their files."""

    title_words = "Alert rules"
    hints = (("detail", "everything"),)

    def __init__(self) -> None:
        super().__init__()
        self._views: dict[str, RuleView] = {}
        self._seen: tuple[RuleView, ...] | None = None
        self._sorted: list[str] = []

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns of rules."""
        return RULE_COLUMNS

    def keys(self, snapshot: Snapshot, moment: Moment) -> Sequence[str]:
        """Return the rules' ids."""
        if snapshot.rules is not self._seen:
            self._seen = snapshot.rules
            self._views = {view.id: view for view in snapshot.rules}
            self._sorted = [view.id for view in sorted(snapshot.rules, key=lambda view: view.rank)]
            self.hint = rules_summary(snapshot)
        return self._sorted

    def row(self, key: str, snapshot: Snapshot, moment: Moment) -> Row:
        """Return the row of a rule."""
        return rule_row(self._views[key], moment, self.app.glyphs)

    def about(self, key: str, width: int, snapshot: Snapshot, moment: Moment) -> Sequence[Line]:
        """Return everything about a rule."""
        return rule_about(self._views[key], width, moment)

    def empty(self, snapshot: Snapshot) -> Line:
        """Say why there are none."""
        return no_rules()

    def opened(self, key: str) -> None:
        """Show everything about the rule on a page of its own, kept up to date."""

        def lines(width: int, moment: Moment) -> Sequence[Line]:
            snapshot = self.app.snapshot
            view = next((v for v in snapshot.rules if v.id == key), None) if snapshot else None
            if view is None:
                return [line(("this rule is configured no more", "muted"))]
            return rule_about(view, width, moment)

        self.app.open_sheet(Page("Rule", lines))
