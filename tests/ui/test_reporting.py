"""The key that says that an incident's report is written: on its row, its page and the handoff."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.digest import Digest
from opsdash.domain.duty import unreported_words
from opsdash.domain.handoff import Handoff
from opsdash.domain.incident import Incident, IncidentState, Reported, ResponseStatus
from opsdash.domain.text import SafeText, clean
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import UTF8
from opsdash.ui.lines import text_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.pages import incident_page
from opsdash.ui.ports import Detail
from tests.kit.hostile import HOSTILE
from tests.ui.driving import driven
from tests.ui.pictures import NOW, ago, incident
from tests.ui.rosters import staffed

OVER = replace(
    incident(),
    state=IncidentState.RESOLVED,
    response=ResponseStatus.RESOLVED,
    resolved_at=ago(minutes=20),
)
WIKI = "https://wiki/pir/1"


def evening(*incidents: Incident) -> Snapshot:
    """Return the evening with these incidents."""
    return replace(staffed(), incidents=incidents)


async def test_a_key_on_an_alert_reports_the_incident_that_it_belongs_to() -> None:
    """Asked where it is; with nothing typed nothing is done, and nobody is told."""
    async with driven(evening(OVER)) as board:
        await board.press("w")
        await board.shows("The report is written", "INC-001 High error rate", "Nobody is told.")
        await board.press("enter")
        await board.shows("Say where it is, or why none is needed.")
        assert board.hand.calls == []
        await board.press(*f"{WIKI} short", "enter")
        await board.shows("written: the report on INC-001")
        assert board.hand.calls == [("report", ("INC-001",), WIKI, "short")]


async def test_the_other_one_of_two_is_told() -> None:
    """Who was first, when, and where that report is."""
    async with driven(evening(OVER)) as board:
        board.hand.refuse["INC-001"] = f"maria said 3s ago that its report is written: {WIKI}"
        await board.press("w", *"mine", "enter")
        await board.shows(
            f"the report on INC-001 not: maria said 3s ago that its report is written: {WIKI}"
        )


async def test_what_owes_no_report_is_said_and_not_asked() -> None:
    """Open, reported already, or nothing chosen."""
    async with driven(evening(incident())) as board:
        await board.press("w")
        await board.shows("INC-001 is open: its report is written when it is over")
        reported = replace(
            OVER, reported=Reported(SafeText("maria"), ago(minutes=1), SafeText(WIKI))
        )
        board.feed.put(evening(reported))
        await board.until(
            lambda: board.app.snapshot and board.app.snapshot.incidents == (reported,)
        )
        await board.press("w")
        await board.shows("INC-001 has its report, says maria")
        await board.press("5", "w")
        await board.shows("nothing is chosen that has or is an incident")
        assert board.hand.calls == []


async def test_the_page_of_an_incident_says_how_its_report_stands_and_takes_the_key() -> None:
    """What other keys mean for alerts means nothing there."""
    details = {"INC-001": Detail("INC-001")}
    async with driven(evening(OVER), details=details) as board:
        await board.press("i")
        await board.shows("INC-001  w report written", "not written")
        await board.press("a", "e", "m")
        await board.press("w", *"OPS-12", "enter")
        await board.shows("written: the report on INC-001")
        assert board.hand.calls == [("report", ("INC-001",), "", "OPS-12")]
        said = Reported(SafeText("maria"), ago(minutes=1), SafeText(WIKI), SafeText("short"))
        board.feed.put(evening(replace(OVER, reported=said)))
        await board.shows(f"written, says maria 14:05: {WIKI}, short")
        board.feed.put(evening(replace(incident(), reported=said)))
        assert "report written" not in await board.shows("it was open again since")


async def test_the_handoff_lists_what_owes_a_report_and_takes_the_key() -> None:
    """Those left over from earlier shifts too, which no list has any more."""
    old = replace(OVER, id="INC-000", title=SafeText("Disk"), resolved_at=NOW - timedelta(days=3))
    handoff = Handoff(
        *("primary", "UTC", NOW, None, SafeText("John"), SafeText(""), None),
        unreported=(OVER, old),
        since=ago(hours=2),
    )
    async with driven(evening(OVER)) as board:
        board.feed.digests["primary"] = Digest(handoff, ())
        await board.press("H")
        await board.shows(
            "w report written",
            "Incidents without a report: 2",
            "INC-001 High error rate detected in payments API, over for 20m00s",
            "INC-000 Disk, over for 3d00h, left over",
        )
        await board.press("w")
        await board.shows("Whose report is written?")
        await board.press(*"disk", "enter")
        await board.shows("The report is written", "INC-000 Disk")
        await board.press(*"false alarm", "enter")
        await board.until(lambda: board.hand.calls)
        assert board.hand.calls == [("report", ("INC-000",), "", "false alarm")]
        await board.shows("written: the report on INC-000")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_words_about_a_report_are_seen_and_do_nothing(name: str) -> None:
    """In the address, the note and the name of who wrote it, on the page and in the digest."""
    text = clean(HOSTILE[name])
    said = Reported(text, ago(minutes=1), text, text)
    found = replace(OVER, title=text, reported=said)
    lines = incident_page(found, Detail("INC-001"), evening(found), 60, Moment(NOW), UTF8)
    assert "".join(text_of(one) for one in lines).isprintable()
    assert unreported_words(found, NOW, None).isprintable()
