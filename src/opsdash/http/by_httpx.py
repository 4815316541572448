"""Connections by TLS or through a proxy: httpx', which knows what both want."""

import logging
import ssl
import sys
from http.cookiejar import CookieJar, DefaultCookiePolicy

from opsdash.http.connections import CONNECTIONS, KEEP_ALIVE, Arriving, Outgoing

# httpx brings a command line of its own, with rich and pygments: a third of its import, 6 MB of the
# engine's memory. It does without where that is missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402

for _name in ("httpx", "httpcore"):  # their lines hold whole URLs and headers
    logging.getLogger(_name).setLevel(logging.WARNING)


class HttpxConnections:
    """Connections to the server at `origin`, a URL without a path, through `proxy` where there is one."""

    def __init__(self, origin: str, context: ssl.SSLContext, proxy: str | None) -> None:
        self._origin = origin
        limits = httpx.Limits(
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE,
        )
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                verify=context, trust_env=False, limits=limits, proxy=proxy
            ),
            # As by plain connections: what one answer sets must not colour the next request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 (one total deadline is set around every request)
        )

    async def send(self, request: Outgoing) -> Arriving:
        """Return the answer to a request; raise an error of httpx."""

        async def note(event: str, _: object) -> None:
            if event.endswith("send_request_body.complete"):
                request.left()

        extensions: dict[str, object] = {"trace": note}
        if request.server_name:
            extensions["sni_hostname"] = request.server_name
        built = self._client.build_request(
            request.method,
            self._origin + request.target,
            headers={name.encode(): value for name, value in request.headers.items()},
            content=request.content,
            extensions=extensions,
        )
        answer = await self._client.send(built, stream=True)
        return Arriving(answer.status_code, dict(answer.headers), answer.aiter_raw(), answer.aclose)

    async def close(self) -> None:
        """Let go of all connections."""
        await self._client.aclose()
