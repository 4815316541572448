"""An alert's page says which time it fires, how often it was seen, and which round of its policy runs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.alert import Alert, AlertState
from opsdash.domain.climb import Climb
from opsdash.domain.escalation import DEFAULT_POLICY
from opsdash.domain.sighting import Sighting
from opsdash.domain.source import SourceState, SourceView
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import UTF8
from opsdash.ui.lines import text_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_page import alert_page
from opsdash.ui.panes.alerts import level_cell
from opsdash.ui.ports import Detail
from tests.ui.pictures import NOW, ago, alert, busy

ALERT = replace(alert("HighErrorRate", level=1), occurrence=3, sources=("am",))


def page(sighting: Sighting | None, shown: Alert = ALERT, **climb: object) -> str:
    """Return an alert's page, its source read 40 times, the last time three seconds ago."""
    source = SourceView(
        "am", "alertmanager", SourceState.OK, ago(hours=1), ago(seconds=3), reads=40
    )
    rules = SourceView("own", "alert rules", SourceState.OK, ago(hours=1), ago(seconds=2), reads=99)
    found = Climb(shown.id, replace(DEFAULT_POLICY, repeats=2), began_at=ago(minutes=1))
    snapshot = replace(
        busy(),
        sources=(source, rules),
        alerts=(shown,),
        roster=Roster({shown.id: replace(found, **climb)}),  # type: ignore[arg-type]
    )
    detail = Detail(shown.id, sighting=sighting)
    return "\n".join(map(text_of, alert_page(shown, detail, snapshot, 100, Moment(NOW), UTF8)))


@pytest.mark.parametrize(
    ("sighting", "words"),
    [
        (
            Sighting(0, None, (("am", 4),)),
            "37 times, last <10s ago (36 duplicates, told to nobody)",
        ),
        (Sighting(0, None, (("am", 40),)), "once, last <10s ago"),
        (Sighting(5, ago(minutes=2), ()), "5 times, last 2m ago (4 duplicates, told to nobody)"),
        (Sighting(5, ago(minutes=2), (("am", 40),)), "6 times, last <10s ago (5 duplicates"),
        (Sighting(0, None, (("own", 1),)), "last <10s ago"),
        (Sighting(0, None, (("gone", 1),)), ""),
    ],
)
def test_duplicates_are_counted_with_when_it_was_seen_last(sighting: Sighting, words: str) -> None:
    """From the reads of its sources; an own rule's says when it was judged last."""
    line = next((one for one in page(sighting).splitlines() if one.startswith("seen  ")), "")
    assert line.removeprefix("seen").strip().startswith(words)
    assert bool(line) == bool(words)


def test_what_has_resolved_says_when_it_was_seen_last() -> None:
    """A moment, and no age."""
    over = replace(ALERT, state=AlertState.RESOLVED, resolved_at=ago(minutes=1))
    assert "last at 14:04 " in page(Sighting(5, ago(minutes=2)), over)


def test_what_has_resolved_says_that_its_source_said_so() -> None:
    """No person resolves an alert: the page names the source that did, and until when it fired."""
    over = replace(ALERT, state=AlertState.RESOLVED, resolved_at=ago(minutes=1))
    assert "firing         14:05 to 14:05, resolved by source am\n" in page(None, over)


def test_the_number_of_the_occurrence_and_the_round_of_its_policy_are_said() -> None:
    """The third time it fires, the second time that its policy began."""
    assert "episode        number 3 of this alert, round 1 of 3 of its policy" in page(None)
    assert "number 3 of this alert, round 2 of 3 of its policy" in page(None, round=2)
    plain = page(None, policy=DEFAULT_POLICY)
    assert "number 3 of this alert\n" in plain


def test_the_list_says_the_round_once_the_policy_began_anew() -> None:
    """Beside the level and who stands there."""

    def cell(round_: int) -> str:
        climb = Climb(ALERT.id, DEFAULT_POLICY, began_at=ago(minutes=1), round=round_)
        snapshot: Snapshot = replace(busy(), roster=Roster({ALERT.id: climb}))
        return text_of(level_cell(ALERT, snapshot))

    assert cell(1) == "1 John"
    assert cell(2) == "1 John round 2"


def test_a_page_that_nothing_happens_to_ticks_no_faster_for_what_was_seen() -> None:
    """What is read each few seconds stands as it is until it is old."""
    moment = Moment(NOW)
    source = SourceView(
        "am", "alertmanager", SourceState.OK, ago(hours=1), ago(seconds=3), reads=40
    )
    snapshot = replace(busy(), sources=(source,))
    from opsdash.ui.panes.episode import seen_words

    seen_words(ALERT, Detail(ALERT.id, sighting=Sighting(0, None, (("am", 4),))), snapshot, moment)
    assert moment.changes_at == NOW + timedelta(seconds=7)
