"""JSON that a server wrote, read with suspicion."""

import json
from typing import Any

from opsdash.collector import collector_paused
from opsdash.domain.text import clean


class MalformedError(ValueError):
    """An answer that is not what the API promises; its text names how, in a few clean words."""


def read_json(body: bytes, strict: bool = False) -> Any:
    """Return the JSON in `body`; raise MalformedError for anything else.

    `strict` also refuses an object that has one key twice, where Python would keep the last.
    """
    if not body:
        raise MalformedError("an empty answer")
    try:
        with collector_paused():
            return json.loads(body, object_pairs_hook=_unique if strict else None)
    except MalformedError:
        raise
    except UnicodeDecodeError:
        raise MalformedError("text that is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"no JSON ({clean(error.msg, 60)} at byte {error.pos})") from None
    except RecursionError:
        raise MalformedError("JSON nested too deep") from None
    except (ValueError, OverflowError):
        raise MalformedError("JSON with a number too large") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("JSON with one key twice in an object")
    return found
