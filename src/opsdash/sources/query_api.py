"""Queries over Prometheus' HTTP API: how they are sent, and whose fault it is when one fails."""

from collections.abc import Mapping
from typing import Any

from opsdash.domain.text import SafeText, clean
from opsdash.http.client import HttpClient
from opsdash.http.errors import TooLargeError
from opsdash.http.json_body import MalformedError, read_json
from opsdash.http.reply import Reply
from opsdash.sources.divide import QueryFaultError

_LONGEST_URL = 6000
_QUERY_ERRORS = {"bad_data", "execution", "timeout", "canceled"}
_RESULT_CURES = {
    "string": "the query returns a string, not a number",
    "matrix": "the query returns a range vector; wrap it, for example in rate() or avg_over_time()",
}


class QueryApi:
    """Asks one server; it remembers whether a proxy before it takes a POST."""

    def __init__(self, client: HttpClient) -> None:
        self.client = client
        self._by_post = True

    async def ask(
        self, form: Mapping[str, str], deadline: float | None, endpoint: str = "query"
    ) -> Mapping[str, Any]:
        """Return the envelope of a successful query.

        Raises QueryFaultError where the query is at fault, and RemoteError where the server is.
        `deadline` is a moment on the event loop's clock, in seconds.
        """
        # A server that gives up before we do says so, and the slow query can be told from a hung
        # server.
        patience = max(self.client.settings.timeout * 0.8, 0.05)
        whole = {**form, "timeout": f"{round(patience * 1000)}ms"}
        try:
            return self._envelope(await self._send(f"/api/v1/{endpoint}", whole, deadline))
        except TooLargeError as error:
            raise QueryFaultError(error.reason) from None

    async def _send(self, path: str, form: Mapping[str, str], deadline: float | None) -> Reply:
        """Send by POST, or by GET once a proxy that only lets readers pass has refused a POST."""
        if self._by_post:
            reply = await self.client.send(path, form=form, deadline=deadline)
            if reply.status not in (403, 405, 501):
                return reply
            self._by_post = reply.status == 403
        if (
            len(form["query"].encode(errors="replace")) * 2 > _LONGEST_URL
            and "\nor " in form["query"]
        ):
            raise QueryFaultError(SafeText("the queries together are too long for a GET"))
        reply = await self.client.send(path, parameters=form, deadline=deadline)
        self._by_post = reply.status in (401, 403, 405)  # then it is not the method that is refused
        return reply

    def _envelope(self, reply: Reply) -> Mapping[str, Any]:
        try:
            payload = read_json(reply.body, strict=True)
        except MalformedError as error:
            if reply.status in (413, 414, 431):
                raise QueryFaultError(self.client.refusal(reply).reason) from None
            if reply.status != 200:
                raise self.client.refusal(reply) from None
            raise self.client.strange(str(error), reply) from None
        if not isinstance(payload, dict) or payload.get("status") not in ("success", "error"):
            if reply.status != 200:
                raise self.client.refusal(reply)
            raise self.client.strange("JSON that is not Prometheus'", reply)
        if reply.status == 200 and payload["status"] == "success":
            return _with_result(payload)
        kind = payload.get("errorType")
        if kind in _QUERY_ERRORS or reply.status in (400, 413, 414, 422):
            raise QueryFaultError(self.client.words(reply))
        raise self.client.refusal(reply)


def series_of(payload: Mapping[str, Any], kind: str) -> list[Any]:
    """Return the series of an envelope; raise QueryFaultError where the result is not of `kind`."""
    found, result = payload["data"]["resultType"], payload["data"]["result"]
    if found != kind or not isinstance(result, list):
        raise wrong_type(found)
    return result


def moment_of(payload: Mapping[str, Any]) -> object:
    """Return when the server says that it evaluated a query: a scalar, or at some servers a vector."""
    result = payload["data"]["result"]
    if payload["data"]["resultType"] == "vector" and isinstance(result, list) and result:
        result = result[0].get("value") if isinstance(result[0], dict) else None
    return result[0] if isinstance(result, list) and result else None


def wrong_type(kind: object) -> QueryFaultError:
    """Return the fault of a query whose result is of a type that is no figure, with its cure."""
    known = _RESULT_CURES.get(kind) if isinstance(kind, str) else None
    return QueryFaultError(
        SafeText(known or clean(f"unexpected answer: a result of type {clean(kind, 40)}"))
    )


def _with_result(payload: dict[str, Any]) -> Mapping[str, Any]:
    inner = payload.get("data")
    if not isinstance(inner, dict) or "result" not in inner or "resultType" not in inner:
        raise QueryFaultError(SafeText("unexpected answer: no result in it"))
    return payload
