"""Moments as people type them: RFC 3339, a local date and time, or so much from now."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from opsdash.cli.main import fail
from opsdash.domain.duration import parse_duration

FORMS = 'write it as 2025-12-22T14:05Z, "2025-12-22 14:05" (in the configured zone), +2h or now'
"""The forms that are taken, for messages."""


def parse_moment(text: str, zone: str, now: datetime, option: str) -> datetime:
    """Return the moment that `text` names, in UTC; end with one line where it names none.

    Of a local time that comes twice the first counts; one that the clock skips moves on by the gap.
    """
    wanted = text.strip()
    if wanted in ("", "now"):
        return now
    try:
        if wanted.startswith(("+", "-")):
            length = parse_duration(wanted[1:])
            return now + length if wanted[0] == "+" else now - length
        moment = datetime.fromisoformat(wanted)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        fail(f"{option} {text!r} is no time; {FORMS}")
