"""What the engine asks of a notifier, and the one error that may leave it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from opsdash.domain.page import Page
from opsdash.domain.text import SafeText


class NotifierError(Exception):
    """A message that was not accepted: why, whether trying again can help, and when at the earliest.

    `permanent` means that the receiver refused it for what it is (a bad key, a malformed request):
    it goes to the dead letters and the next target is tried. `unsure` means that it may have been
    taken all the same.
    """

    unsure = False

    def __init__(
        self, reason: SafeText, permanent: bool = False, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a receiver accepted a message: its answer in words, and how it names the conversation.

    `thread` is given back with every later message about the same key: a Slack `ts`, say.
    """

    answer: SafeText
    thread: str = ""


class Notifier(Protocol):
    """Sends pages to one receiver. Sending the same page twice must do no more than it can help."""

    id: str
    kind: str

    async def send(self, page: Page, address: str, thread: str) -> Receipt:
        """Send one page and return the receipt; raise NotifierError where it was not accepted.

        `address` is who is meant where the receiver serves several (a mail address, a channel),
        empty for its only one. `thread` is what the first receipt for this key said, or empty.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
