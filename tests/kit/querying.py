"""Servers that speak Prometheus' query API, and reading JSON from any."""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from tests.kit.process import Server
from tests.kit.waiting import wait_until


def read_json(
    url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    """Return the JSON at `url`; with `form` it is asked for by POST."""
    content = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data=content, headers=dict(headers or {}))
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class QueryServer(Server):
    """A server that speaks Prometheus' query API."""

    def query(self, expr: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return the vector that `expr` gives, now or at unix time `at`."""
        form = {"query": expr} | ({"time": f"{at:.3f}"} if at is not None else {})
        result: list[dict[str, Any]] = read_json(f"{self.url}/api/v1/query", form)["data"]["result"]
        return result

    def value(self, expr: str) -> float | None:
        """Return the value of a query of one series, None where it gives nothing."""
        result = self.query(expr)
        return float(result[0]["value"][1]) if result else None

    def wait_for(
        self, expr: str, accept: Callable[[float], bool] | None = None, deadline: float = 60.0
    ) -> float:
        """Return the value of `expr` once there is one that `accept` takes."""

        def look() -> tuple[float] | None:
            value = self.value(expr)
            taken = value is not None and (accept is None or accept(value))
            return (value,) if taken and value is not None else None

        found = wait_until(look, deadline, expr, pause=0.1)
        assert found is not None
        return found[0]
