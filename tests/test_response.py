"""A person's hand: what each act does, what it refuses and in which words, and two people at once."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from opsdash import response
from opsdash.domain.alert import Alert, AlertState
from opsdash.domain.incident import Incident, IncidentState
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor, Entry, EntryKind
from opsdash.store import alerts, entries, incidents
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from tests.domain.alerts import NOON, after, an_alert
from tests.engine.world import SETUP
from tests.stored import end, put

MARIA, JOHN = Actor(SafeText("maria")), Actor(SafeText("john"))


class Team:
    """A store that several people act on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = connect(path)
        self.now = after(60)

    def alerts(self, *opened: Alert) -> None:
        """Let these alerts fire."""
        self.store.write(put, SETUP, self.now, *opened)

    def later(self, seconds: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        return self.now

    def ack(self, who: Actor, *ids: str, comment: str = "") -> response.Outcome:
        """Acknowledge as `who`."""
        return self.store.write(response.acknowledge, who, self.now, ids, comment)

    def unack(self, who: Actor, *ids: str) -> response.Outcome:
        """Take back as `who`."""
        return self.store.write(response.unacknowledge, who, self.now, ids)

    def escalate(
        self, who: Actor, id: str, seen: int, why: str = "why", to: int | None = None
    ) -> response.Outcome:
        """Escalate as `who`, who saw the alert at level `seen`."""
        return self.store.write(response.escalate, who, self.now, [id], {id: seen}, why, to)

    def undo(self, who: Actor) -> response.Outcome:
        """Undo as `who`."""
        return self.store.write(response.undo, who, self.now)

    def alert(self, id: str = "aa/1") -> Alert:
        """Return an occurrence as the store has it."""
        found = self.store.read(alerts.load, id)
        assert found is not None
        return found

    def owner(self, id: str = "aa/1") -> str | None:
        """Return who has an alert."""
        taken = self.alert(id).acknowledgement
        return None if taken is None else str(taken.by)

    def incident(self, number: int = 1) -> Incident:
        """Return an incident."""
        found = self.store.read(incidents.load, number)
        assert found is not None
        return found

    def told(self, id: str = "aa/1") -> list[Entry]:
        """Return what people did to an alert."""
        return [e for e in self.store.read(entries.load_of_alert, id) if e.by != "engine"]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A store in which `aa/1` and `bb/1` fire in INC-001, at level 1."""
    made = Team(tmp_path / "opsdash.db")
    made.alerts(an_alert("aa", service="pay"), an_alert("bb", service="pay"))
    yield made
    made.store.close()


def test_acknowledging_takes_an_alert(team: Team) -> None:
    """It is mine since now with my comment, the incident is acknowledged, the timeline says so."""
    assert team.ack(MARIA, "aa/1", comment="  on it ") == response.Outcome(("aa/1",))
    taken = team.alert().acknowledgement
    assert taken is not None
    assert (taken.by, taken.at, taken.comment) == ("maria", team.now, "on it")
    assert team.incident().state is IncidentState.ACKNOWLEDGED
    (entry,) = team.told()
    assert (entry.kind, entry.text, entry.incident) == (EntryKind.ACKNOWLEDGE, "on it", "INC-001")


def test_the_second_one_is_told_who_and_when(team: Team) -> None:
    """Two people: one wins, the other reads who and since when; both are on the timeline (F31)."""
    team.ack(MARIA, "aa/1")
    team.later(72)
    assert team.ack(JOHN, "aa/1").refused == (("aa/1", "acknowledged by maria 1m12s ago"),)
    assert team.owner() == "maria"
    assert [(e.by, e.text) for e in team.told()] == [
        ("maria", "acknowledged"),
        ("john", "wanted to acknowledge it too; maria had it"),
    ]
    assert team.ack(MARIA, "aa/1").refused == (("aa/1", "acknowledged by you 1m12s ago"),)
    assert len(team.told()) == 2


def test_several_at_once_are_each_done_or_refused(team: Team) -> None:
    """Marked rows: what can be done is done, and each refusal says why; naming one twice is once."""
    team.ack(JOHN, "bb/1")
    team.later(5)
    outcome = team.ack(MARIA, "aa/1", "bb/1", "aa/1", "zz/9")
    assert outcome.done == ("aa/1",)
    assert outcome.refused == (
        ("bb/1", "acknowledged by john 5s ago"),
        ("zz/9", "there is no such alert"),
    )


def test_nothing_marked_does_nothing(team: Team) -> None:
    """An empty selection is no selection: never the row that happens to be under the cursor."""
    for outcome in (
        team.ack(MARIA),
        team.unack(MARIA),
        team.store.write(response.escalate, MARIA, team.now, [], {}, "why"),
    ):
        assert outcome == response.Outcome()
    assert team.owner() is None


def test_a_resolved_alert_takes_no_act(team: Team) -> None:
    """Every act on what has resolved is refused with how long ago that was."""
    team.store.write(end, SETUP, team.now, [team.alert()])
    team.later(30)
    gone = (("aa/1", "it resolved 30s ago"),)
    assert team.ack(MARIA, "aa/1").refused == gone
    assert team.unack(MARIA, "aa/1").refused == gone
    assert team.escalate(MARIA, "aa/1", 1).refused == gone


def test_giving_back(team: Team) -> None:
    """Anybody can give an alert back to nobody; its incident is triggered again when all are free."""
    team.ack(MARIA, "aa/1", "bb/1")
    team.later(1)
    assert team.unack(JOHN, "aa/1").done == ("aa/1",)
    assert team.incident().state is IncidentState.ACKNOWLEDGED
    team.unack(MARIA, "bb/1")
    assert team.incident().state is IncidentState.TRIGGERED
    assert (team.owner(), team.owner("bb/1")) == (None, None)
    assert team.told()[-1].text == "took back maria's acknowledgement"
    assert team.told("bb/1")[-1].text == "took back their own acknowledgement"
    assert team.unack(MARIA, "aa/1").refused == (("aa/1", "nobody has acknowledged it"),)


def test_escalating_climbs_one_level_and_says_whom_it_reaches(team: Team) -> None:
    """The next level, when, by whom, why, and the person it concerns."""
    team.later(5)
    assert team.escalate(MARIA, "aa/1", 1, "  database locks ").done == ("aa/1",)
    assert (team.alert().level, team.alert().level_at) == (2, team.now)
    (entry,) = team.told()
    assert (entry.kind, entry.text) == (
        EntryKind.ESCALATE,
        "to level 2 Tech Lead (Maria): database locks",
    )


def test_down_again(team: Team) -> None:
    """A named lower level is a de-escalation, with its reason too."""
    team.escalate(MARIA, "aa/1", 1)
    team.later(1)
    team.escalate(JOHN, "aa/1", 2, "too early", to=1)
    assert team.alert().level == 1
    assert (team.told()[-1].kind, team.told()[-1].text) == (
        EntryKind.DEESCALATE,
        "to level 1 On-call engineer (John): too early",
    )


@pytest.mark.parametrize("why", ["", "   ", "\n"])
def test_escalating_needs_a_reason(team: Team, why: str) -> None:
    """Whoever is reached reads it first."""
    assert team.escalate(MARIA, "aa/1", 1, why).refused == (("aa/1", "a reason is needed"),)


def test_what_was_decided_on_an_older_level_is_refused(team: Team) -> None:
    """Two people escalate at once: one level, not two; the second reads who did it, and when."""
    team.escalate(MARIA, "aa/1", 1)
    team.later(3)
    assert team.escalate(JOHN, "aa/1", 1).refused == (
        ("aa/1", "maria moved it to level 2 Tech Lead 3s ago"),
    )
    team.escalate(JOHN, "aa/1", 2, to=1)
    assert team.escalate(MARIA, "aa/1", 2).refused == (
        ("aa/1", "john moved it to level 1 On-call engineer 0s ago"),
    )
    assert team.escalate(MARIA, "aa/1", 1, to=7).refused == (
        ("aa/1", "there is no level 7; policy default has 1 to 2"),
    )


def test_claims_are_recorded_as_claims(team: Team) -> None:
    """`by` is the operating system's user; what the environment says stands beside it."""
    claimed = {"SUDO_USER": SafeText("maria"), "SSH_CONNECTION": SafeText("10.0.0.1 1 2 3")}
    team.ack(Actor(SafeText("ops"), claimed), "aa/1")
    (entry,) = team.told()
    assert (entry.by, entry.claimed) == ("ops", claimed)


def test_outside_text_in_a_comment_is_text(team: Team) -> None:
    """A comment with escapes and markup is shown as what it is."""
    team.ack(MARIA, "aa/1", comment="[/] \x1b[2J [@click=app.quit]x")
    assert team.told()[0].text == "[/] \ufffd[2J [@click=app.quit]x"


def test_undo_takes_back_ones_own_last_act(team: Team) -> None:
    """An acknowledgement, of several alerts at once, is nobody's again; the timeline tells both."""
    team.ack(MARIA, "aa/1", "bb/1")
    team.later(5)
    outcome = team.undo(MARIA)
    assert (outcome.done, outcome.said) == (("aa/1", "bb/1"), "undone: acknowledge")
    assert (team.owner(), team.owner("bb/1")) == (None, None)
    assert team.incident().state is IncidentState.TRIGGERED
    assert [(e.kind, e.text) for e in team.told()] == [
        (EntryKind.ACKNOWLEDGE, "acknowledged"),
        (EntryKind.UNACKNOWLEDGE, "undid: acknowledge"),
    ]
    assert team.undo(MARIA).said == "there is nothing of yours to undo"


def test_undo_of_giving_back_restores_whose_it_was(team: Team) -> None:
    """Who had it, since when and with what comment."""
    team.ack(JOHN, "aa/1", comment="mine")
    taken = team.alert().acknowledgement
    team.later(5)
    team.unack(MARIA, "aa/1")
    team.later(5)
    assert team.undo(MARIA).said == "undone: unacknowledge"
    assert team.alert().acknowledgement == taken
    assert team.incident().state is IncidentState.ACKNOWLEDGED


def test_undo_of_an_escalation_restores_level_and_time(team: Team) -> None:
    """The level before and when it was reached; an acknowledgement of the same alert stays."""
    before = team.alert().level_at
    team.later(5)
    team.escalate(MARIA, "aa/1", 1)
    assert team.undo(MARIA).said == "undone: escalate"
    assert (team.alert().level, team.alert().level_at) == (1, before)
    assert team.told()[-1].kind is EntryKind.DEESCALATE
    # Who moved it last is who undid it.
    assert team.escalate(JOHN, "aa/1", 2).refused[0][1].startswith("maria moved it to level 1")


def test_undo_goes_back_act_by_act(team: Team) -> None:
    """Pressed again it takes back the act before."""
    team.ack(MARIA, "aa/1")
    team.later(1)
    team.escalate(MARIA, "aa/1", 1)
    assert team.undo(MARIA).said == "undone: escalate"
    assert (team.alert().level, team.owner()) == (1, "maria")
    assert team.undo(MARIA).said == "undone: acknowledge"
    assert team.owner() is None


def test_what_somebody_has_acted_on_since_is_not_undone(team: Team) -> None:
    """Another's act came after: refused, and a second press does not reach for an older act."""
    team.ack(MARIA, "bb/1")
    team.later(1)
    team.ack(MARIA, "aa/1")
    team.later(1)
    team.escalate(JOHN, "aa/1", 1)
    for _ in range(2):
        outcome = team.undo(MARIA)
        assert outcome.refused == (("aa/1", "somebody has acted on it since"),)
    assert (team.owner("aa/1"), team.owner("bb/1")) == ("maria", "maria")


def test_an_undo_leaves_what_the_engine_did_since(team: Team) -> None:
    """Acknowledged while pending, fired since: undoing gives it back and keeps its level."""
    team.alerts(an_alert("cc", AlertState.PENDING))
    team.ack(MARIA, "cc/1")
    team.store.write(alerts.set_level, "cc/1", 1, team.later(5), 999)
    assert team.undo(MARIA).done == ("cc/1",)
    assert (team.owner("cc/1"), team.alert("cc/1").level) == (None, 1)


def test_part_of_an_act_that_has_resolved_stays(team: Team) -> None:
    """One of two resolved since: the other is undone, and that act is over."""
    team.ack(MARIA, "aa/1", "bb/1")
    team.store.write(end, SETUP, team.later(5), [team.alert()])
    outcome = team.undo(MARIA)
    assert (outcome.done, outcome.refused) == (("bb/1",), (("aa/1", "it resolved 0s ago"),))
    assert team.undo(MARIA).said == "there is nothing of yours to undo"


def test_undo_is_for_ten_minutes_and_for_oneself(team: Team) -> None:
    """Another user's act, another person's behind the same user, an old one: none of them is mine."""
    sudo = {name: Actor(SafeText("ops"), {"SUDO_USER": SafeText(name)}) for name in ("a", "b")}
    team.ack(sudo["a"], "aa/1")
    assert team.undo(JOHN).said == "there is nothing of yours to undo"
    assert team.undo(sudo["b"]).said == "there is nothing of yours to undo"
    team.later(601)
    assert team.undo(sudo["a"]).said == "there is nothing of yours to undo"
    assert team.owner() == "ops"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("aa/1", ("aa/1",)),
        ("aa", ("aa/1",)),
        ("a", ("aa/1",)),
        ("AA", ("aa/1",)),
        (" bb ", ("bb/1",)),
        ("INC-001", ("aa/1", "bb/1")),
        ("inc-1", ("aa/1", "bb/1")),
    ],
)
def test_what_a_person_means(team: Team, text: str, found: tuple[str, ...]) -> None:
    """An id, a fingerprint, a clear prefix, or an incident for all its open alerts."""
    assert team.store.read(response.find, text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zz", "no alert has the id 'zz'; `opsdash alerts` lists what is there"),
        ("", "no alert has the id ''"),
        ("%", "no alert has the id '%'"),
        ("_", "no alert has the id '_'"),
        ("'; DROP TABLE alert--", "no alert has the id"),
        ("\udcff", "no alert has the id"),
        ("INC-009", "there is no INC-009"),
        ("INC-99999999999999999999", "there is no INC-99999999999999999999"),
    ],
)
def test_what_nobody_can_mean(team: Team, text: str, words: str) -> None:
    """Unknown, empty, wildcards, injection, odd bytes: said in words, nothing found."""
    with pytest.raises(LookupError) as error:
        team.store.read(response.find, text)
    assert words in str(error.value)


def test_an_ambiguous_prefix_names_the_choices(team: Team) -> None:
    """Open and resolved ones alike: nothing is picked for the person."""
    team.alerts(an_alert("ab"))
    with pytest.raises(LookupError, match=r"'a' is ambiguous: aa/1 \(AA\), ab/1 \(AB\); type more"):
        team.store.read(response.find, "a")
    team.store.write(end, SETUP, team.now, [team.alert("aa/1"), team.alert("ab/1")])
    with pytest.raises(LookupError, match="'a' is ambiguous"):
        team.store.read(response.find, "a")
    assert team.store.read(response.find, "aa") == ("aa/1",)
    team.alerts(an_alert("aa"))
    assert team.store.read(response.find, "a") == ("aa/2",)
    assert team.store.read(response.find, "aa/1") == ("aa/1",)
    team.store.write(end, SETUP, team.now, [team.alert("aa/2"), team.alert("bb/1")])
    with pytest.raises(LookupError, match="INC-001 has no open alerts"):
        team.store.read(response.find, "INC-001")


_ONE_PERSON = """
import sys
from datetime import datetime
from pathlib import Path
from opsdash import response
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.store.opening import connect
store = connect(Path(sys.argv[1]))
me, now = Actor(SafeText(sys.argv[2])), datetime.fromisoformat(sys.argv[3])
print("ready", flush=True)
for line in sys.stdin:
    id = line.strip()
    taken = store.write(response.acknowledge, me, now, [id])
    climbed = store.write(response.escalate, me, now, [id], {id: 1}, "why")
    print(len(taken.done), len(climbed.done), flush=True)
"""


def test_two_processes_act_at_once(team: Team) -> None:
    """Two people in two processes on the same forty alerts: each has one winner and climbs one level."""
    names = [f"{n:04x}" for n in range(40)]
    team.alerts(*(an_alert(name, service=name) for name in names))
    people = [
        subprocess.Popen(
            [sys.executable, "-c", _ONE_PERSON, str(team.path), who, NOON.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in ("maria", "john")
    ]
    for person in people:
        assert person.stdout is not None and person.stdout.readline() == "ready\n"
    todo = "".join(f"{name}/1\n" for name in names)
    results = []
    for person in people:
        assert person.stdin is not None
        person.stdin.write(todo)
        person.stdin.flush()
    for person in people:
        output, _ = person.communicate(timeout=60)
        results.append([tuple(map(int, line.split())) for line in output.splitlines()])
    for maria, john in zip(*results, strict=True):
        assert maria[0] + john[0] == 1
        assert maria[1] + john[1] == 1
    for name in names:
        assert team.alert(f"{name}/1").level == 2
        kinds = [entry.kind for entry in team.told(f"{name}/1")]
        assert kinds.count(EntryKind.ACKNOWLEDGE) == kinds.count(EntryKind.ESCALATE) == 1


def test_an_act_needs_no_engine(tmp_path: Path) -> None:
    """With no setup stored yet the default policy holds: an act never waits for an engine."""
    store: Connection = connect(tmp_path / "new.db")
    outcome = store.write(response.escalate, MARIA, NOON, ["aa/1"], {}, "why")
    assert outcome.refused == (("aa/1", "there is no such alert"),)
    store.close()
