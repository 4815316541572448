"""What servers write, read with suspicion: RFC 3339 times, numbers, and labels as safe text."""

from collections.abc import Mapping
from datetime import UTC, datetime

from opsdash.domain.text import SafeText, clean
from opsdash.http.json_body import MalformedError


def read_time(text: object) -> datetime | None:
    """Return an RFC 3339 time in UTC to the microsecond; None for year 1 and whatever is no time.

    Go writes its zero time as `0001-01-01T00:00:00Z` and up to nine fractional digits.
    """
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.year <= 1:
            return None
        if at.tzinfo is UTC:
            return at
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_epoch(seconds: object) -> datetime | None:
    """Return the UTC datetime of unix seconds, a number or its text; None for whatever is neither."""
    number = read_number(seconds)
    try:
        return None if number is None else datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def read_number(text: object) -> float | None:
    """Return a sample's value, which the API writes as a string; None for whatever is no number."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    if isinstance(text, str) and ("_" in text or not text.isascii()):
        # Python reads `1_000` and `١٢` as numbers; no server writes them.
        return None
    try:
        return float(text)
    except (ValueError, OverflowError):
        return None


def raw_labels(found: object) -> Mapping[str, str]:
    """Return a label set as the server wrote it; raise MalformedError where it is none."""
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise MalformedError("labels that are not text")
    return found


def safe_labels(labels: Mapping[str, str]) -> dict[str, SafeText]:
    """Return labels or annotations with clean names and values."""
    return {str(clean(name, 200)): clean(text) for name, text in labels.items()}


class SafeTexts:
    """Cleans many labels, each distinct text once."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._texts: dict[str, SafeText] = {}

    def labels(self, labels: Mapping[str, str]) -> dict[str, SafeText]:
        """Return labels or annotations with clean names and values."""
        return {self._name(name): self.text(text) for name, text in labels.items()}

    def text(self, raw: object) -> SafeText:
        """Return a value as clean text."""
        if not isinstance(raw, str):
            return clean(raw)
        known = self._texts.get(raw)
        if known is None:
            known = self._texts[raw] = clean(raw)
        return known

    def _name(self, raw: str) -> str:
        known = self._names.get(raw)
        if known is None:
            known = self._names[raw] = clean(raw, 200)
        return known
