"""What goes wrong again and again, logged once and then once a minute: a fault is not a flood."""

import logging

log = logging.getLogger("opsdash.engine")

REPEAT_EVERY = 60.0
"""Seconds after which the same complaint is logged again."""


class Complaints:
    """The complaints that are open, by what they are about."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, float]] = {}

    def say(self, about: str, text: str, moment: float, trace: bool = False) -> None:
        """Log `text` unless it was said already; `moment` is in monotonic seconds."""
        before = self._open.get(about)
        if before is not None and before[0] == text and moment - before[1] < REPEAT_EVERY:
            return
        self._open[about] = (text, moment)
        log.error("%s: %s", about, text, exc_info=trace)

    def over(self, about: str) -> None:
        """Log that it works again, if it did not."""
        if self._open.pop(about, None) is not None:
            log.info("%s: works again", about)
