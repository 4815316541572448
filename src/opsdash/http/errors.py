"""The errors that may leave the client: each one clean line for people."""

from datetime import timedelta

from opsdash.domain.text import SafeText


class RemoteError(Exception):
    """A server that could not be read or told: why, and when to try again at the earliest."""

    def __init__(self, reason: SafeText, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class UnsentError(RemoteError):
    """A request that cannot have reached the server."""


class TooLargeError(RemoteError):
    """An answer beyond the cap."""


class NoAnswerError(RemoteError):
    """No whole answer came before the deadline."""
