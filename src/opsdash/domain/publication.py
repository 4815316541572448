"""A week of the rota in a channel: what is there, and what is to be done about it.

Facts in, decision out: of any number of engines and commands that ask at once, the first to store its
claim acts and the others are told who does.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText, clean
from opsdash.domain.week import Week

CLAIM = timedelta(seconds=60)
"""How long a claim keeps others away; every send is over long before."""

CORRECTION_PACE = timedelta(minutes=10)
"""The least time between two messages of the engine's about one week where none can be edited."""


class PublicationState(StrEnum):
    """Where a week stands in a channel.

    `waiting`: nothing is there. `sending`: a new message is on its way, or may have arrived.
    `posted`: it is there and says `digest`. `editing`: an edit of it is on its way. `held`: a message
    may be there and nobody can look, so that a person has to.
    """

    WAITING = "waiting"
    SENDING = "sending"
    POSTED = "posted"
    EDITING = "editing"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Slot:
    """Which message it is: the week, the notifier, and the channel as the configuration names it."""

    week: Week
    notifier: str
    channel: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A week in a channel. `place` and `ts` are the receiver's names of channel and message.

    `nonce` is in the message where it can carry one. `said_at` is when it was last posted or edited,
    `editions` how often. Nothing is sent before `not_before`. `reason` is why the last try failed.
    """

    slot: Slot
    state: PublicationState
    claim: int
    claimed_by: SafeText
    claimed_at: datetime
    claimed_until: datetime
    nonce: str
    place: str
    ts: str
    digest: str
    said_at: datetime | None
    editions: int
    not_before: datetime | None
    reason: SafeText

    @property
    def exists(self) -> bool:
        """Whether a message is known to be there."""
        return self.said_at is not None


class Move(StrEnum):
    """What is to be done about a week in a channel."""

    NOTHING = "nothing"
    POST = "post"
    EDIT = "edit"
    CORRECT = "correct"
    LOOK = "look"
    WAIT = "wait"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done and, where that is nothing now, why and until when."""

    move: Move
    why: SafeText = SafeText("")
    until: datetime | None = None


def decide(
    found: Publication | None,
    digest: str,
    now: datetime,
    editable: bool,
    again: bool = False,
    pace: timedelta = timedelta(),
) -> Decision:
    """Decide what makes a channel say `digest` about a week, given what is `found` there.

    `editable` says that a message there can be edited and looked for. `again` is a person's word that
    a message which may have arrived is not there. `pace` is the least time between two corrections.
    """
    if found is None:
        return Decision(Move.POST)
    if _claimed(found, now):
        return Decision(Move.WAIT, clean(f"{found.claimed_by} is telling it right now"))
    if found.state is PublicationState.POSTED and found.digest == digest:
        return Decision(Move.NOTHING)
    if found.not_before is not None and now < found.not_before:
        until = f"{found.not_before:%H:%M:%S} UTC"
        why = clean(f"{found.reason}; not again before {until}")
        return Decision(Move.WAIT, why, found.not_before)
    if found.state in (PublicationState.SENDING, PublicationState.HELD):
        return _unsure(found, editable, again)
    if found.state is PublicationState.WAITING:
        return Decision(Move.POST)
    if editable:
        return Decision(Move.EDIT)
    if found.said_at is not None and now - found.said_at < pace:
        return Decision(Move.WAIT, clean("a correction was posted minutes ago"))
    return Decision(Move.CORRECT)


def _claimed(found: Publication, now: datetime) -> bool:
    # A clock that was set back must not keep everybody out.
    return now < found.claimed_until <= now + 2 * CLAIM


def _unsure(found: Publication, editable: bool, again: bool) -> Decision:
    """A message was on its way and nobody wrote what became of it."""
    if again:
        return Decision(Move.CORRECT if found.exists else Move.POST)
    if editable:
        return Decision(Move.LOOK)
    why = (
        f"a message of {found.claimed_at:%a %d %b %H:%M} UTC may be in {found.slot.channel} already"
    )
    cure = "look, and if it is not there: opsdash oncall publish --again"
    return Decision(Move.ASK, clean(f"{why}; {cure}"))
