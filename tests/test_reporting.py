"""The mark that an incident's report is written: who sets it, whom it is refused to, and what it changes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread

import pytest

from opsdash import reporting, undoable
from opsdash.digest import take_digest
from opsdash.domain.handoff import handoff_lines
from opsdash.domain.incident import Reported
from opsdash.domain.outcome import Outcome
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor, EntryKind
from opsdash.snapshot import take_snapshot
from opsdash.store import entries, incidents
from opsdash.store.opening import connect
from tests.domain.alerts import an_alert
from tests.paging.world import team as staff
from tests.stored import end
from tests.test_response import JOHN, MARIA, Team

WIKI = "https://wiki/pir/1"


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A store in which INC-001 is over since a minute."""
    made = Team(tmp_path / "opsdash.db")
    made.alerts(an_alert("aa", service="pay"))
    over(made)
    made.later(60)
    yield made
    made.store.close()


def over(team: Team, id: str = "aa/1") -> None:
    """Let an alert, and with it its incident, be over now."""
    team.store.write(end, staff(), team.now, [team.alert(id)])


def report(team: Team, who: Actor, url: str = WIKI, note: str = "", id: str = "INC-001") -> Outcome:
    """Say as `who` that a report is written."""
    return team.store.write(reporting.report, who, team.now, [id], url, note)


def test_a_report_is_marked_with_who_when_and_where(team: Team) -> None:
    """The incident owes none any more, and its timeline says so."""
    assert team.incident().owes_report
    assert report(team, MARIA, note="  short ") == Outcome(("INC-001",))
    assert team.incident().reported == Reported(
        MARIA.user, team.now, SafeText(WIKI), SafeText("short")
    )
    assert not team.incident().owes_report
    told = team.store.read(entries.load_of_incident, 1)[-1]
    assert (told.kind, told.by, told.text) == (EntryKind.REPORTED, "maria", f"{WIKI}, short")
    assert team.store.read(incidents.load_owing) == ()


def test_the_second_one_is_told_who_when_and_where(team: Team) -> None:
    """Two people wrote a report: one mark stands, the other reads whose and where it is."""
    report(team, MARIA)
    team.later(72)
    late = report(team, JOHN, "https://wiki/pir/2")
    assert late.refused == (
        ("INC-001", f"maria said 1m12s ago that its report is written: {WIKI}"),
    )
    assert report(team, MARIA).refused[0][1].startswith("you said 1m12s ago")
    found = team.incident().reported
    assert found is not None and (found.by, found.url) == ("maria", WIKI)


def test_of_two_at_the_same_moment_exactly_one_wins(team: Team) -> None:
    """Each in a connection of its own."""
    gate, outcomes = Barrier(2), list[Outcome]()

    def act(who: Actor) -> None:
        own = connect(team.path)
        gate.wait()
        outcomes.append(own.write(reporting.report, who, team.now, ["INC-001"], WIKI))
        own.close()

    threads = [Thread(target=act, args=(who,)) for who in (MARIA, JOHN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(outcome.done) for outcome in outcomes) == [0, 1]
    winner = team.incident().reported
    (refusal,) = (o.refused[0][1] for o in outcomes if o.refused)
    assert winner is not None
    assert refusal == f"{winner.by} said 0s ago that its report is written: {WIKI}"


@pytest.mark.parametrize(
    ("id", "url", "note", "why"),
    [
        ("INC-009", WIKI, "", "there is no such incident"),
        ("aa/1", WIKI, "", "there is no such incident"),
        ("INC-001", "", "  ", "say where its report is, or why none is needed"),
        ("INC-001", "wiki/pir", "", "that is no web address; write it as https://HOST/PATH"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    team: Team, id: str, url: str, note: str, why: str
) -> None:
    """Nothing is written then."""
    assert report(team, MARIA, url, note, id) == Outcome(refused=((id, why),))
    assert team.incident().reported is None


def test_what_opens_again_owes_its_report_anew(team: Team) -> None:
    """The report speaks of what was over when it was written; while it is open none is taken."""
    report(team, MARIA)
    team.alerts(an_alert("aa", occurrence=2, service="pay"))
    assert team.incident().open
    late = report(team, JOHN)
    assert late.refused == (("INC-001", "it is open: its report is written when it is over"),)
    team.later(60)
    over(team, "aa/2")
    assert team.incident().owes_report
    assert report(team, JOHN).done == ("INC-001",)


def test_a_clock_that_was_set_back_takes_no_mark_away(team: Team) -> None:
    """A mark counts although its time is before the incident's end."""
    team.later(-600)
    report(team, MARIA)
    assert not team.incident().owes_report


def test_a_mark_is_taken_back_and_undone(team: Team) -> None:
    """By anybody with a word of its own, by its author with one key, which says first what follows."""
    report(team, MARIA)
    (look,) = (team.store.read(undoable.look, MARIA, team.now),)
    assert look is not None
    assert look.acts == (f"INC-001: reported, {WIKI}",)
    assert look.effects == ("it owes its report again",)
    assert team.undo(MARIA) == Outcome(("INC-001",), said="undone: reported")
    assert team.incident().reported is None
    report(team, MARIA)
    took = team.store.write(reporting.unreport, JOHN, team.now, ["INC-001", "INC-009"])
    assert took == Outcome(("INC-001",), (("INC-009", "there is no such incident"),))
    assert team.undo(MARIA).refused == (("INC-001", "somebody has acted on it since"),)
    again = team.store.read(undoable.look, JOHN, team.now)
    assert again is not None and again.effects == ("it is reported by maria again",)
    team.undo(JOHN)
    found = team.incident().reported
    assert found is not None and (found.by, found.url) == ("maria", WIKI)
    told = [
        (e.by, e.text) for e in team.store.read(entries.load_of_incident, 1) if e.by != "engine"
    ]
    assert told == [
        ("maria", WIKI),
        ("maria", "undid: reported"),
        ("maria", WIKI),
        ("john", "took back maria's mark"),
        ("john", "undid: unreported"),
    ]


def test_the_checklist_and_the_digest_name_what_owes_a_report(team: Team) -> None:
    """Also an incident that left the screen long ago; reported, it is on neither."""
    team.alerts(an_alert("bb", service="web"))
    over(team, "bb/1")
    report(team, MARIA, id="INC-002", note="false alarm", url="")
    team.later(8 * 86_400)

    def owed() -> tuple[tuple[str, ...], list[str]]:
        setup = staff()
        taken = team.store.read(
            lambda c: take_digest(
                *(c, replace(take_snapshot(c, team.now), setup=setup)),
                *(setup.schedules[0], team.now),
            )
        )
        lines = [str(text) for text in handoff_lines(taken.handoff)]
        at = next(
            n for n, text in enumerate(lines) if text.startswith("Incidents without a report")
        )
        return taken.duties[-1].missing, lines[at : at + 2]

    missing, lines = owed()
    assert [text.split(",")[1:] for text in missing] == [[" over for 8d00h", " left over"]]
    assert missing[0].startswith("INC-001 ")
    assert lines == ["Incidents without a report: 1", f"- {missing[0]}"]
    report(team, JOHN)
    assert owed() == ((), ["Incidents without a report: none", "Failures to look into: none"])


def test_an_address_is_told_from_other_words() -> None:
    """What a person types into one line is an address and a note, or a note alone."""
    assert reporting.split_reference(f" {WIKI}  short ") == (WIKI, "short")
    assert reporting.split_reference("OPS-12, in Jira") == ("", "OPS-12, in Jira")
    assert reporting.split_reference("HTTPS://wiki/1") == ("HTTPS://wiki/1", "")
