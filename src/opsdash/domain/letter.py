"""Messages as the notifications screen lists them: to whom, what became of each, and what is wrong."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from opsdash.domain.alert import Severity
from opsdash.domain.frozen import dataclass
from opsdash.domain.page import PageKind
from opsdash.domain.problem import Problem
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean

REFUSED_SHOWN = timedelta(hours=1)
"""How long a message that nobody takes is a problem, where its alert is over or somebody has it."""


class LetterState(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"
    BUNDLED = "bundled"


@dataclass(frozen=True, slots=True)
class LetterView:
    """One message. `answer` is what the receiver said last, or why it was not sent."""

    id: int
    state: LetterState
    kind: PageKind
    title: SafeText
    severity: Severity
    notifier: SafeText
    address: SafeText
    target: SafeText
    reached: SafeText
    level: int
    alert: str | None
    created_at: datetime
    due_at: datetime
    deadline_at: datetime
    sent_at: datetime | None
    attempts: int
    answer: SafeText
    test: bool = False

    @property
    def whom(self) -> SafeText:
        """Whom it is meant for: the person, else the address, else what led there."""
        return self.reached or self.address or self.target or self.notifier


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one notifier: how many, since when, and by when the first should be accepted."""

    notifier: SafeText
    count: int
    since: datetime
    deadline_at: datetime
    answer: SafeText


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that its receiver will not take; `standing` while nobody has what it is about."""

    notifier: SafeText
    at: datetime
    answer: SafeText
    standing: bool


@dataclass(frozen=True, slots=True)
class Letters:
    """The newest messages, newest first; what waits, by notifier; what was refused lately."""

    newest: tuple[LetterView, ...] = ()
    queues: tuple[Queue, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def waiting(self) -> int:
        """How many messages are not sent yet."""
        return sum(queue.count for queue in self.queues)


def letter_problems(letters: Letters, now: datetime) -> tuple[Problem, ...]:
    """Return what people should know of messages that do not arrive, one a notifier and kind."""
    found = []
    for queue in letters.queues:
        if queue.deadline_at <= now:
            what = "1 message waits" if queue.count == 1 else f"{queue.count} messages wait"
            text = f"{what} for {queue.notifier} for {format_span(now - queue.since)}"
            text += f": {queue.answer}" if queue.answer else ""
            found.append(Problem(f"waiting:{queue.notifier}", clean(text, 400), None))
    by_notifier: dict[str, list[Refusal]] = {}
    for refusal in _counting(letters.refusals, now):
        by_notifier.setdefault(refusal.notifier, []).append(refusal)
    for notifier, refused in by_notifier.items():
        newest = max(refused, key=lambda refusal: refusal.at)
        what = "1 message was" if len(refused) == 1 else f"{len(refused)} messages were"
        text = clean(f"{what} refused by {notifier}: {newest.answer}", 400)
        found.append(Problem(f"refused:{notifier}", text, min(r.at for r in refused)))
    return tuple(found)


def _counting(refusals: Iterable[Refusal], now: datetime) -> Iterable[Refusal]:
    return (r for r in refusals if r.standing or now - r.at < REFUSED_SHOWN)
