"""What publishing asks of a channel: a message that is posted, edited, and looked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from opsdash.domain.week_rota import WeekRota


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message is: how the receiver names the channel, and the message where it does."""

    channel: str = ""
    ts: str = ""


class Board(Protocol):
    """One channel. `channel` is its name for people; `editable` whether a message can be edited."""

    channel: str
    editable: bool

    async def post(self, rota: WeekRota, nonce: str, corrected: bool) -> Place:
        """Post a week; raise UnsureError where it may have arrived, NotifierError where it has not."""
        ...

    async def edit(self, place: Place, rota: WeekRota, nonce: str) -> bool:
        """Make a message say a week; False where it is gone. Raises NotifierError."""
        ...

    async def find(self, channel: str, nonce: str, since: datetime) -> Place | None:
        """Return where the message with `nonce` is, None where the channel has none since then.

        `channel` is how the receiver names it, where that is known. Raises NotifierError where
        nobody can say.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
