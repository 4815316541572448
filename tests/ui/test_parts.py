"""Parts that are drawn once, and lists that are held."""

from dataclasses import replace
from datetime import UTC, timedelta

from opsdash.domain.alert import AlertState, Severity
from opsdash.domain.alert_list import AlertList, Tally
from opsdash.ui.glyphs import UTF8
from opsdash.ui.moment import Moment
from opsdash.ui.screens.listing import Listing
from opsdash.ui.screens.parts import Parts
from tests.ui.pictures import NOW, ago, alert, busy


def test_a_part_is_drawn_again_only_when_it_reads_otherwise() -> None:
    """For other inputs, or once the time has come at which an age in it moves."""
    parts = Parts(UTF8, {}, UTC)
    drawn: list[str] = []

    def draw(moment: Moment) -> str:
        drawn.append(moment.age(ago(minutes=20, seconds=10)))
        return drawn[-1]

    for seconds, inputs in ((0, "a"), (49.9, "a"), (50, "a"), (51, "b"), (52, "b")):
        moment = Moment(NOW + timedelta(seconds=seconds))
        last = parts.part("x", (inputs,), moment, draw)
        assert moment.changes_at <= NOW + timedelta(seconds=110)
    assert drawn == ["20m", "21m", "21m"]
    assert last == "21m"


def test_a_list_keeps_its_order_and_is_narrowed_by_every_word() -> None:
    """All words must be there, in any order, in anything the row says."""
    listing = Listing()
    listing.hold(busy())
    first = listing.narrowed([])
    assert first == [a.id for a in busy().alerts]
    assert listing.narrowed(["john", "disk"]) == [alert("DiskWillFill").id]
    assert listing.narrowed(["john", "cpu"]) == []
    taken = replace(busy().alerts[1], labels={"alertname": busy().alerts[1].name, "team": "john"})  # type: ignore[dict-item]
    listing.hold(replace(busy(), alerts=(taken, *busy().alerts[2:])))
    assert listing.narrowed(["john", "cpu"]) == [taken.id]
    assert listing.narrowed_tickets(["apple", "p1"]) == ["131"]


def test_the_tally_counts_what_needs_a_person() -> None:
    """What is muted, resolved or pending is not firing; what is taken waits for nobody."""
    found = (
        alert("A"),
        alert("B", severity=Severity.WARNING),
        alert("C", silenced_by=("x",)),
        alert("D", inhibited_by=("x",)),
        alert("E", state=AlertState.PENDING),
        alert("F", state=AlertState.RESOLVED, resolved_at=NOW),
        busy().alerts[3],
    )
    assert AlertList(found).tally == Tally(critical=1, warning=2, waiting=2, pending=1)
    assert AlertList().tally == Tally()
