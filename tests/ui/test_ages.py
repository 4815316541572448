"""Pages cover the lists and tiles that say how old everything is: they say it themselves."""

from dataclasses import replace
from datetime import timedelta

from opsdash.domain.source import SourceState, SourceView
from opsdash.presets import PERFORMANCE
from opsdash.ui.glyphs import UTF8
from opsdash.ui.lines import text_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.indicator_page import indicator_page
from tests.ui.pictures import NOW, ago, alert, busy, reading


def test_an_indicators_page_shows_no_old_figure_without_its_age() -> None:
    """The age stands beside the figure, and beside one that is live there is none."""
    live = reading(PERFORMANCE.indicators[0])
    old = replace(live, read_at=ago(seconds=30), sampled_at=ago(seconds=30))
    tops = [
        text_of(indicator_page(one, None, busy(), 100, Moment(NOW), UTF8)[0]) for one in (live, old)
    ]
    assert " old" not in tops[0]
    assert "30s old  ? unknown" in tops[1]


def test_an_alerts_page_says_how_long_its_source_is_silent() -> None:
    """The source that it was seen in is named with how long it was not heard; an answer ends that."""
    seen = alert("Slow", sources=("alertmanager", "prometheus"))
    heard = SourceView("prometheus", "prometheus", SourceState.OK, NOW, NOW)
    for last, words in (
        (NOW, "alertmanager, prometheus"),
        (ago(seconds=40), "alertmanager (not heard for 40s), prometheus"),
    ):
        silent = SourceView("alertmanager", "alertmanager", SourceState.FAILING, NOW, last)
        snapshot, moment = replace(busy(), sources=(silent, heard)), Moment(NOW)
        lines = [text_of(one) for one in alert_page(seen, None, snapshot, 100, moment, UTF8)]
        (told,) = [text for text in lines if text.startswith("seen in")]
        assert told.split(maxsplit=2)[2].strip() == words
        assert moment.changes_at <= NOW + timedelta(minutes=1)
