"""Values as TOML writes them, for documents that tests make up."""

from datetime import date, time
from typing import Any


def written(value: Any) -> str:
    """Return `value` as one TOML value, tables inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{written(k)} = {written(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[\n" + ",\n".join(written(item) for item in value) + "]"
    if isinstance(value, str):
        text = value.replace("\\", "\\\\").replace('"', '\\"')
        return (
            '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in text) + '"'
        )
    return str(value)


def document(top: dict[str, Any]) -> str:
    """Return a TOML document that holds `top`."""
    return "".join(f"{written(key)} = {written(value)}\n" for key, value in top.items())
