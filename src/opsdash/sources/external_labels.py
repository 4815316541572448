"""The labels that a Prometheus adds to all that it sends out, from its `/api/v1/status/config`."""

from collections.abc import Iterable, Iterator
from typing import Any

from opsdash.http.client import MEBIBYTE, HttpClient
from opsdash.http.json_body import MalformedError, read_json

BODY_CAP = 32 * MEBIBYTE
"""Bytes of a configuration that are read."""


async def ask_external_labels(client: HttpClient) -> dict[str, str]:
    """Return `external_labels` of the server's configuration, none where it does not show it.

    Raises RemoteError where it does not answer.
    """
    reply = await client.send("/api/v1/status/config", cap=BODY_CAP)
    try:
        told = read_json(reply.body)["data"]["yaml"] if reply.status == 200 else ""
    except (MalformedError, KeyError, TypeError):
        return {}
    return external_labels(told) if isinstance(told, str) else {}


def external_labels(config: str) -> dict[str, str]:
    """Return the external labels in a configuration as Prometheus writes it out."""
    import yaml

    # Of a configuration that may have a hundred thousand lines only the first section is needed.
    section = "\n".join(_section("global", config.splitlines()))
    try:
        # Every value is a text: `replica: 1` is the label "1".
        found: Any = yaml.load(section, Loader=yaml.BaseLoader)  # noqa: S506  # makes texts alone
        labels = found["global"]["external_labels"]
        return {name: value for name, value in labels.items() if isinstance(value, str)}
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _section(name: str, lines: Iterable[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line and not line[0].isspace():
            inside = line.startswith(f"{name}:")
        if inside:
            yield line
