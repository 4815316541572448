"""Reading opsdash.toml: parse it, hold it to the models and checks, and gather every problem."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from opsdash.config.check_http import check_servers
from opsdash.config.check_indicators import check_indicators
from opsdash.config.check_notify import check_notify
from opsdash.config.check_oncall import check_oncall
from opsdash.config.check_people import check_people
from opsdash.config.check_repositories import check_repositories
from opsdash.config.check_screen import check_screen
from opsdash.config.finding import Finding, nearest
from opsdash.config.lines import Path, key_lines
from opsdash.config.models import Config
from opsdash.config.problem import ConfigError, Problem
from opsdash.domain.text import clean

_INLINE_SECRETS = (
    "password",
    "credentials",
    "bearer_token",
    "token",
    "secret",
    "secrets",
    "routing_key",
)
_SERVERS = ("prometheus", "alertmanager", "notifier", "heartbeat")
_SHOWN_OF_SERVERS = (
    *("timeout", "insecure_skip_verify", "min_version"),
    *("id", "kind", "region", "security", "port", "every"),
)

_CURES = {
    "missing": "add it: {about}",
    "string_type": "write text in quotes",
    "float_type": "write a number",
    "finite_number": "write a number",
    "int_type": "write a whole number",
    "bool_type": "write true or false",
    "list_type": "write a list in [ ]",
    "model_type": "write a table",
    "dict_type": "write a table",
    "too_short": "write at least one",
    "string_too_long": "write {max_length} characters at most",
    "greater_than": "write a number above {gt}",
    "greater_than_equal": "write a number of {ge} or more",
    "less_than_equal": "write a number of {le} or less",
    "literal_error": "write one of {expected}",
}


def parse(raw: bytes, path: FilePath) -> Config:
    """Return the configuration that `raw`, read from `path`, holds; raise ConfigError."""
    text, document = _document(raw, path)
    findings = list(_findings(document, path))
    config = None
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        findings = [_finding(detail) for detail in error.errors(include_url=False)] + findings
    if findings or config is None:
        raise ConfigError(_problems(findings, text, path))
    return config


def _document(raw: bytes, path: FilePath) -> tuple[str, dict[str, Any]]:
    try:
        text = raw.decode("utf-8-sig")
        return text, tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        problem = Problem(str(path), "", "not UTF-8 text", "save it as UTF-8", line)
    except RecursionError:
        problem = Problem(str(path), "", "nested too deeply", "write fewer brackets")
    except ValueError as error:
        problem = _syntax(str(error), raw, path)
    raise ConfigError((problem,))


def _syntax(message: str, raw: bytes, path: FilePath) -> Problem:
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.S)
    if match is None:
        return Problem(str(path), "", "not TOML", f"mend it: {clean(message, 200)}")
    line = int(match[2]) if match[2] else raw.count(b"\n") + 1
    column = int(match[3]) if match[3] else None
    return Problem(str(path), "", "not TOML", f"mend it: {clean(match[1], 200)}", line, column)


def _findings(document: dict[str, Any], path: FilePath) -> Iterator[Finding]:
    yield from check_servers(document)
    yield from check_indicators(document)
    yield from check_people(document)
    yield from check_notify(document)
    yield from check_oncall(document)
    yield from check_repositories(document)
    yield from check_screen(document, path.parent)


def _finding(detail: ErrorDetails) -> Finding:
    path: Path = detail["loc"]
    kind = detail["type"]
    if kind == "extra_forbidden":
        return Finding(path, "unknown key", _known(path))
    context = detail.get("ctx", {})
    if kind == "value_error":
        cure = str(context["error"])
    else:
        about = _about(path).rstrip(".") if kind == "missing" else ""
        known = kind in _CURES
        # The library's own message may quote a pattern, whose braces are no places to fill in.
        cure = _CURES[kind].format(about=about, **context) if known else detail["msg"]
    return Finding(path, "missing" if kind == "missing" else _found(path, detail["input"]), cure)


def _found(path: Path, value: Any) -> str:
    """Name what was found, but never what may be a secret or an address that holds one."""
    server = path[0] in _SERVERS and len(path) > 1
    if server and path[-1] not in _SHOWN_OF_SERVERS:
        return "not what belongs here"
    if isinstance(value, str):
        return "not what belongs here" if "://" in value else f"found {clean(value, 60)!r}"
    if isinstance(value, dict):
        return "found a table"
    if isinstance(value, list):
        return "found a list" if value else "found an empty list"
    if isinstance(value, bool):
        return f"found {str(value).lower()}"
    try:
        return f"found {clean(value, 60)}"
    except ValueError:
        return "found a huge number"


def _known(path: Path) -> str:
    name = str(path[-1])
    model = _model(path[:-1])
    names = list(model.model_fields) if model else []
    if name.lower() in _INLINE_SECRETS:
        places = [n for n in names if n.endswith(("_file", "_env", "files", "envs"))]
        near = [n for n in places if n.startswith(name.lower())] or places
        return "put the secret into a private file and use " + " or ".join(near or ["*_file"])
    return nearest(name, names)


def _about(path: Path) -> str:
    model = _model(path[:-1])
    field = model.model_fields.get(str(path[-1])) if model else None
    return (field.description or "") if field else ""


def _model(path: Path) -> type[BaseModel] | None:
    """Return the model of the table at `path`."""
    kind: Any = Config
    for key in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(key))
            kind = field.annotation if field else None
            if get_origin(kind) not in (list, dict):
                kind = _of_model(kind)
        elif get_origin(kind) in (list, dict):
            kind = get_args(kind)[-1]
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _of_model(kind: Any) -> Any:
    parts = [part for part in get_args(kind) if part is not type(None)]
    return parts[0] if parts else kind


def _problems(findings: list[Finding], text: str, path: FilePath) -> tuple[Problem, ...]:
    try:
        lines = key_lines(text)
    except (ValueError, IndexError, RecursionError):
        lines = {}
    problems = {
        (finding.path, finding.found): Problem(
            str(path),
            _written(finding.path),
            finding.found,
            finding.cure,
            _line(finding.path, lines),
        )
        for finding in reversed(findings)
    }
    return tuple(sorted(problems.values(), key=lambda p: (p.line or 0, p.key, p.found)))


def _line(path: Path, lines: dict[Path, int]) -> int | None:
    """Return the line of `path`, or of the nearest table around it where it is missing."""
    for depth in range(len(path), 0, -1):
        if path[:depth] in lines:
            return lines[path[:depth]]
    return None


def _written(path: Path) -> str:
    """Return `path` as TOML writes it, indexes in brackets."""
    written = ""
    for key in path:
        if isinstance(key, int):
            written += f"[{key}]"
        else:
            plain = re.fullmatch(r"[A-Za-z0-9_-]+", key)
            part = key if plain else json.dumps(clean(key, 80), ensure_ascii=False)
            written += f".{part}" if written else part
    return written
