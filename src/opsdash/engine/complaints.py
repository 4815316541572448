"""What goes wrong again and again, logged once and then once a minute: a fault is not a flood."""

import logging
from dataclasses import dataclass

log = logging.getLogger("opsdash.engine")

REPEAT_EVERY = 60.0
"""Seconds after which the same complaint is logged again."""

OVER_AFTER = 5.0
"""Seconds without a failure after which it counts as over: not every beat tries what fails."""


@dataclass(slots=True)
class _Complaint:
    text: str
    said: float
    failed: float


class Complaints:
    """The complaints that are open, by what they are about. Moments are in monotonic seconds."""

    def __init__(self) -> None:
        self._open: dict[str, _Complaint] = {}

    def say(self, about: str, text: str, moment: float, trace: bool = False) -> None:
        """Log `text` unless it was said already."""
        before = self._open.get(about)
        if before is not None and before.text == text and moment - before.said < REPEAT_EVERY:
            before.failed = moment
            return
        self._open[about] = _Complaint(text, moment, moment)
        log.error("%s: %s", about, text, exc_info=trace)

    def over(self, about: str, moment: float) -> None:
        """Note that it went well, and log that it works again once it has for a while."""
        complaint = self._open.get(about)
        if complaint is not None and moment - complaint.failed >= OVER_AFTER:
            del self._open[about]
            log.info("%s: works again", about)
