"""The engine's log lines: logfmt or JSON, one line each, no control character and no secret in them."""

import json
import logging
import sys
from datetime import UTC, datetime

from opsdash.domain.text import clean
from opsdash.secret import redact

_LEVELS = {"WARNING": "warn", "CRITICAL": "error"}


class LineFormatter(logging.Formatter):
    """Formats a record as logfmt (`ts=… level=… msg="…"`), or as one JSON object."""

    def __init__(self, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = _LEVELS.get(record.levelname, record.levelname.lower())
        text = record.getMessage()
        if record.exc_info:
            # The place of a bug is worth a line; its locals and arguments are nobody's business.
            text += " at " + " < ".join(_places(record))
        fields = {
            "ts": at.replace("+00:00", "Z"),
            "level": level,
            "component": record.name,
            "msg": clean(redact(text), 4000),
        }
        if self._as_json:
            return json.dumps(fields)
        return " ".join(f"{name}={_quote(value)}" for name, value in fields.items())


def log_to_stderr(as_json: bool) -> None:
    """Send every record from INFO on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(as_json))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # Their INFO lines hold whole addresses, tokens included.
    for name in ("httpx", "httpcore", "aiosqlite", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _places(record: logging.LogRecord) -> list[str]:
    import traceback

    trace = record.exc_info[2] if record.exc_info else None
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames)]


def _quote(value: str) -> str:
    plain = value and not any(c in value for c in ' "=\\')
    return value if plain else json.dumps(value, ensure_ascii=False)
