"""What a request may look like: our own short schemas, and the published documents where they are.

The published OpenAPI documents lie beside the checkout in CI (`../shared/specs`); elsewhere the
schemas in `schemas/` hold what we send to the same rules.
"""

import json
import re
import urllib.parse
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from referencing import Registry
from referencing.jsonschema import DRAFT4

OWN = Path(__file__).parent / "schemas"
PUBLISHED = Path(__file__).parents[3] / "shared" / "specs"


def faults_of(name: str, body: Any) -> list[str]:
    """Return what our schema `name` says against `body`."""
    return [_line(error) for error in _own(name).iter_errors(body)]


def published_faults(spec: str, path: str, method: str, body: Any) -> list[str]:
    """Return what a published document says against a request; nothing where it is not here."""
    document = _document(spec)
    if document is None:
        return []
    template = next((p for p in document["paths"] if _fits(p, path.partition("?")[0])), None)
    operation = document["paths"].get(template, {}).get(method.lower())
    if template is None or operation is None:
        return [f"{method} {path} is not in {spec}"]
    found = [
        f"{name} is no parameter of {template}" for name in _strangers(document, operation, path)
    ]
    if body is not None:
        pointer = f"#/paths/{_escape(template)}/{method.lower()}/requestBody/content/application~1json/schema"
        validator = Draft4Validator({"$ref": f"urn:{spec}{pointer}"}, registry=_registry(spec))
        found += [_line(error) for error in validator.iter_errors(body)]
    return found


def published_thing_faults(spec: str, schema: str, thing: Any) -> list[str]:
    """Return what a published document says against one of the things that it describes."""
    if _document(spec) is None:
        return []
    pointer = f"urn:{spec}#/components/schemas/{schema}"
    validator = Draft4Validator({"$ref": pointer}, registry=_registry(spec))
    return [_line(error) for error in validator.iter_errors(thing)]


def published_error_faults(spec: str, body: Any) -> list[str]:
    """Return what a published document says against the body of a refusal, whatever its status.

    PagerDuty's errors are all of one shape, that of its responses `Conflict` and the like.
    """
    if _document(spec) is None:
        return []
    place = "#/components/responses/Conflict/content/application~1json/schema"
    validator = Draft4Validator({"$ref": f"urn:{spec}{place}"}, registry=_registry(spec))
    return [_line(error) for error in validator.iter_errors(body)]


def answer_faults(spec: str, path: str, method: str, status: int, body: Any) -> list[str]:
    """Return what a published document says against an answer: what a stand-in says, the real one would.

    Nothing where the document is not here.
    """
    document = _document(spec)
    if document is None:
        return []
    template = next((p for p in document["paths"] if _fits(p, path.partition("?")[0])), None)
    if template is None:
        return [f"{path} is not in {spec}"]
    place = f"#/paths/{_escape(template)}/{method.lower()}/responses/{status}"
    schema = {"$ref": f"urn:{spec}{place}/content/application~1json/schema"}
    validator = Draft4Validator(schema, registry=_registry(spec))
    return [_line(error) for error in validator.iter_errors(body)]


def _strangers(document: dict[str, Any], operation: dict[str, Any], path: str) -> Iterator[str]:
    known = {
        parameter["name"]
        for entry in operation.get("parameters", ())
        if (parameter := _resolved(document, entry))["in"] == "query"
    }
    for name, _ in urllib.parse.parse_qsl(path.partition("?")[2]):
        if name not in known:
            yield name


def _resolved(document: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in entry:
        return entry
    found: Any = document
    for part in entry["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _fits(template: str, path: str) -> bool:
    return bool(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path))


def _escape(template: str) -> str:
    return urllib.parse.quote(template.replace("~", "~0").replace("/", "~1"))


def _line(error: Any) -> str:
    return f"{'/'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:300]}"


@cache
def _own(name: str) -> Draft4Validator:
    return Draft4Validator(json.loads((OWN / f"{name}.json").read_text()))


@cache
def _document(spec: str) -> dict[str, Any] | None:
    path = PUBLISHED / spec
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return found


@cache
def _registry(spec: str) -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resource(
        f"urn:{spec}", DRAFT4.create_resource(_document(spec))
    )
    return registry
