"""What became of an act of a person."""

from opsdash.domain.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an act: the ids it was done to, and each refusal as (id, reason).

    `said` is a sentence for the message line where the ids alone do not tell, as after an undo.
    """

    done: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    said: str = ""
