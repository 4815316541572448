"""What is to be done about a week in a channel, for every state that it can be found in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.publication import CLAIM, Move, Publication, PublicationState, Slot, decide
from opsdash.domain.text import SafeText
from opsdash.domain.week import Week

NOW = datetime(2025, 12, 22, 14, tzinfo=UTC)
AGO = NOW - timedelta(minutes=30)
POSTED = Publication(
    slot=Slot(Week(2025, 52), "chat", "#oncall"),
    state=PublicationState.POSTED,
    claim=1,
    claimed_by=SafeText("engine on a"),
    claimed_at=AGO,
    claimed_until=datetime(1970, 1, 1, tzinfo=UTC),
    nonce="n",
    place="C1",
    ts="1.000001",
    digest="says this",
    said_at=AGO,
    editions=1,
    not_before=None,
    reason=SafeText(""),
)
SENDING = replace(POSTED, state=PublicationState.SENDING, said_at=None, digest="")
HELD = replace(SENDING, state=PublicationState.HELD)
WAITING = replace(SENDING, state=PublicationState.WAITING)
EDITING = replace(POSTED, state=PublicationState.EDITING)


@pytest.mark.parametrize(
    ("found", "digest", "editable", "move"),
    [
        (None, "this", True, Move.POST),
        (None, "this", False, Move.POST),
        (WAITING, "this", True, Move.POST),
        (POSTED, "says this", True, Move.NOTHING),
        (POSTED, "says this", False, Move.NOTHING),
        (POSTED, "that", True, Move.EDIT),
        (POSTED, "that", False, Move.CORRECT),
        (EDITING, "that", True, Move.EDIT),
        (SENDING, "this", True, Move.LOOK),
        (SENDING, "this", False, Move.ASK),
        (HELD, "this", True, Move.LOOK),
        (HELD, "this", False, Move.ASK),
    ],
)
def test_each_state_has_its_move(
    found: Publication | None, digest: str, editable: bool, move: Move
) -> None:
    """A message that may be there is looked for where it can be, and a person is asked where not."""
    assert decide(found, digest, NOW, editable).move is move


@pytest.mark.parametrize("found", [POSTED, SENDING, HELD, WAITING, EDITING])
def test_a_claim_keeps_everybody_away_until_it_runs_out(found: Publication) -> None:
    """Whatever is under way, who does it is named; a clock set back does not lock the week for ever."""
    claimed = replace(found, claimed_until=NOW + CLAIM)
    decision = decide(claimed, "that", NOW, True, again=True)
    assert decision.move is Move.WAIT
    assert decision.why == "engine on a is telling it right now"
    assert decide(claimed, "that", NOW + CLAIM, True).move is not Move.WAIT
    assert decide(claimed, "that", NOW - timedelta(days=1), True).move is not Move.WAIT


def test_a_persons_word_that_it_is_not_there_posts_it() -> None:
    """`--again` after an unsure post is a post, after an unsure correction a correction."""
    assert decide(HELD, "this", NOW, False, again=True).move is Move.POST
    corrected = replace(POSTED, state=PublicationState.HELD)
    assert decide(corrected, "that", NOW, False, again=True).move is Move.CORRECT
    assert decide(POSTED, "says this", NOW, True, again=True).move is Move.NOTHING


@pytest.mark.parametrize("found", [WAITING, SENDING, POSTED])
def test_a_receiver_that_asks_to_be_left_alone_is(found: Publication) -> None:
    """Nobody tries before the time that it named, and the reason is said."""
    asked = replace(found, not_before=NOW + timedelta(seconds=30), reason=SafeText("429"))
    decision = decide(asked, "that", NOW, True)
    assert decision.move is Move.WAIT
    assert decision.why == "429; not again before 14:00:30 UTC"
    assert decide(asked, "that", NOW + timedelta(seconds=30), True).move is not Move.WAIT


def test_corrections_keep_their_pace() -> None:
    """Where nothing can be edited, edits within minutes are one message."""
    pace = timedelta(minutes=40)
    assert decide(POSTED, "that", NOW, False, pace=pace).move is Move.WAIT
    assert (
        decide(POSTED, "that", NOW + timedelta(minutes=10), False, pace=pace).move is Move.CORRECT
    )
    assert decide(POSTED, "that", NOW, True, pace=pace).move is Move.EDIT
