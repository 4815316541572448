"""The HTTP client: its origin, caps and deadline hold, and every failure is one clean line."""

import asyncio
import ipaddress
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from opsdash.domain.text import clean
from opsdash.http.client import MEBIBYTE, HttpClient
from opsdash.http.errors import NoAnswerError, RemoteError, TooLargeError
from opsdash.http.reply import Body, Reply, read_allowance
from opsdash.http.settings import HttpSettings
from tests.faultserver import FaultServer, Request
from tests.kit.certificates import Certificates
from tests.kit.process import free_port

CANARY = "canary-7f3a9c"


@asynccontextmanager
async def client_of(url: str, **settings: Any) -> AsyncIterator[HttpClient]:
    settings.setdefault("timeout", 60.0)
    client = HttpClient(HttpSettings(url, **settings))
    try:
        yield client
    finally:
        await client.close()


async def failure(url: str, path: str = "/api/v1/query", **settings: Any) -> RemoteError:
    """Return the error that a POST to `url` gives, after checking that it is fit for a screen."""
    async with client_of(url, **settings) as client:
        with pytest.raises(RemoteError) as raised:
            await client.fetch(path, form={"query": "up"})
    reason = raised.value.reason
    assert reason == clean(reason), "a reason is clean"
    assert 0 < len(reason) <= 400, "a reason is one short line"
    assert CANARY not in reason
    return raised.value


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("404", "is the path of its url right?"),
        ("500", "answered 500"),
        ("503", "answered 503"),
        ("500-html", "answered 500: an HTML page"),
        ("bad_data", "answered 400: bad_data: invalid parameter"),
        ("execution", "answered 422: execution: query processing would load"),
        ("unavailable", "answered 500: unavailable: TSDB not ready"),
        ("401", "auth failed at http://"),
        ("403", "auth failed at http://"),
        ("hang", "no answer from http://"),
        ("drip", "bytes of an answer from http://"),
        ("headerdrip", "no answer from http://"),
        ("many-headers", "broke HTTP"),
        ("429", "answered 429: too many requests; asked to wait 1h, trying again in 5m"),
        ("redirect", "redirects to http://127.0.0.1"),
        ("redirect-loop", "not followed"),
        ("gzip", "sent a compressed answer (gzip)"),
        ("bomb=40", "sent a compressed answer (gzip)"),
        ("big=9", "is larger than 8 MiB"),
        ("endless", "is larger than 8 MiB"),
        ("cut", "broke HTTP: peer closed connection"),
        ("cut-chunk", "broke HTTP: illegal chunk header"),
        ("no-answer", "closed the connection without an answer"),
        ("reset", "the connection"),
        ("not-http", "closed the connection without an answer"),
    ],
)
async def test_every_fault_is_one_clean_line(
    fault_server: FaultServer, mode: str, expected: str
) -> None:
    """A server's fault becomes a RemoteError that says what is wrong, within the deadline."""
    fault_server.mode = mode
    if mode not in ("hang", "drip", "headerdrip"):
        assert expected in (await failure(fault_server.url)).reason
        return
    for seconds in (0.4, 2.0, 10.0, 50.0):
        error = await failure(fault_server.url, timeout=seconds)
        assert isinstance(error, NoAnswerError)
        assert error.reason.endswith(f" within {seconds:g} s")
        if expected in error.reason:
            return
        assert mode == "drip"  # on a busy machine not a byte may come in so short a time
    raise AssertionError(error.reason)


async def test_a_refused_connection_says_so() -> None:
    """A port where nobody listens is named with its origin (F01)."""
    port = free_port()
    error = await failure(f"http://127.0.0.1:{port}")
    assert error.reason.startswith(f"http://127.0.0.1:{port} refused the connection")


async def test_an_unknown_host_says_so() -> None:
    """A name that does not resolve is named."""
    error = await failure("http://no-such-host.invalid:9090")
    assert "no-such-host.invalid:9090 is not found" in error.reason


@pytest.mark.parametrize(
    ("header", "wait"),
    [("3600", 300.0), ("7", 7.0), ("Wed, 01 Jan 2098 00:00:00 GMT", 300.0), ("soon", None)],
)
async def test_retry_after_is_honoured_up_to_five_minutes(
    fault_server: FaultServer, header: str, wait: float | None
) -> None:
    """Seconds or a date say when to come back; nonsense says nothing (F06)."""
    fault_server.mode = f"429={header}"
    error = await failure(fault_server.url)
    assert error.retry_after == (None if wait is None else timedelta(seconds=wait))


async def test_a_failed_login_is_not_retried_at_once(fault_server: FaultServer) -> None:
    """401 and 403 ask for a minute's pause (F05)."""
    for mode in ("401", "403"):
        fault_server.mode = mode
        assert (await failure(fault_server.url)).retry_after == timedelta(seconds=60)


async def test_a_redirect_leads_nowhere(fault_server: FaultServer) -> None:
    """Neither request nor credential reaches the other origin, and the error names both (F07)."""
    with FaultServer() as other:
        fault_server.mode = "redirect-other"
        fault_server.elsewhere = other.url
        error = await failure(fault_server.url, authorization=("Bearer", lambda: CANARY))
        assert fault_server.url in error.reason
        assert other.url in error.reason
        assert other.requests == []


def _echo(request: Any) -> Mapping[str, Any]:
    everything = " ".join([*map(str, request.headers.values()), *request.form.values()])
    return {"status": "error", "errorType": "internal", "error": everything}


@pytest.mark.parametrize(
    "settings",
    [
        {"authorization": ("Bearer", lambda: CANARY)},
        {"basic_auth": ("john", lambda: CANARY)},
        {"headers": {"X-Api-Key": lambda: CANARY}},
    ],
    ids=["bearer", "basic", "header"],
)
@pytest.mark.parametrize("status", [200, 401, 500])
async def test_a_server_that_sends_credentials_back_does_not_make_them_seen(
    fault_server: FaultServer, settings: Mapping[str, Any], status: int
) -> None:
    """Whatever we sent as a secret is struck out of what the server says."""
    fault_server.answer("/api/v1/query", _echo, status)
    url = f"{fault_server.url}/?token={CANARY}"
    async with client_of(url, **settings) as client:
        reply = await client.send("/api/v1/query", form={"query": "up"})
        sent = fault_server.requests[-1]
        text = f"{client.refusal(reply).reason} {client.words(reply)}"
    assert sent.form["token"] == CANARY
    assert CANARY not in text
    assert urllib.parse.quote(CANARY) not in text
    authorization = sent.headers.get("Authorization", "")
    assert not authorization or authorization.split()[-1] not in text


@pytest.mark.parametrize("before", range(150, 200, 7))
async def test_a_cut_through_a_secret_shows_no_part_of_it(
    fault_server: FaultServer, before: int
) -> None:
    """Words that end in the middle of a secret are struck out before they are cut."""
    said = "x" * before + CANARY + "y" * 100
    fault_server.answer("/api/v1/query", {"status": "error", "errorType": "", "error": said}, 500)
    error = await failure(fault_server.url, authorization=("Bearer", lambda: CANARY))
    assert CANARY[:7] not in error.reason


async def test_credentials_in_the_url_are_sent_and_never_shown(fault_server: FaultServer) -> None:
    """User and password of a URL become basic auth; neither they nor the parameters are printed."""
    host = fault_server.url.removeprefix("http://")
    fault_server.mode = "500"
    error = await failure(f"http://john:{CANARY}@{host}/?key={CANARY}")
    sent = fault_server.requests[-1]
    assert sent.headers["Authorization"].startswith("Basic ")
    assert f"http://{host} answered 500" in error.reason
    assert CANARY not in repr(HttpSettings(f"http://john:{CANARY}@{host}"))


@pytest.mark.parametrize("secret", [f"{CANARY}\nX-Evil: yes", f"{CANARY}\x00", f"{CANARY}\r"])
async def test_a_secret_that_is_no_header_is_refused(
    fault_server: FaultServer, secret: str
) -> None:
    """A line break in a secret is named without the secret, and nothing is sent."""
    error = await failure(fault_server.url, authorization=("Bearer", lambda: secret))
    assert "line break or control character" in error.reason
    assert fault_server.requests == []


async def test_a_secret_that_cannot_be_read_is_named(fault_server: FaultServer) -> None:
    """A missing secret file is an error of the source with the file's name."""
    missing = Path("/nonexistent/token")
    error = await failure(fault_server.url, authorization=("Bearer", missing.read_text))
    assert "cannot read the credentials" in error.reason
    assert "/nonexistent/token" in error.reason


async def test_a_rotated_secret_is_obeyed(fault_server: FaultServer, tmp_path: Path) -> None:
    """The secret is read anew for every request."""
    token = tmp_path / "token"
    async with client_of(
        fault_server.url,
        authorization=("Bearer", token.read_text),
        headers={"X-A": token.read_text},
    ) as client:
        for text in ("first", "second"):
            token.write_text(text)
            await client.fetch("/-/ready")
    assert [r.headers["Authorization"] for r in fault_server.requests] == [
        "Bearer first",
        "Bearer second",
    ]
    assert [r.headers["X-A"] for r in fault_server.requests] == ["first", "second"]


async def test_a_path_prefix_is_joined_and_its_parameters_kept(fault_server: FaultServer) -> None:
    """A base URL with a path and parameters keeps both in every request."""
    async with client_of(f"{fault_server.url}/select/0/prometheus/?dedup=true") as client:
        await client.fetch("/api/v1/query", form={"query": "up"})
        await client.fetch("/api/v1/rules", {"type": "alert"})
    first, second = fault_server.requests
    assert first.path == "/select/0/prometheus/api/v1/query"
    assert first.form == {"dedup": "true", "query": "up"}
    assert second.path == "/select/0/prometheus/api/v1/rules"
    assert second.form == {"dedup": "true", "type": "alert"}


async def test_the_environment_s_proxy_is_not_used(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HTTP_PROXY would see the credentials in clear; only a configured proxy is used."""
    with FaultServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with client_of(fault_server.url) as client:
            await client.fetch("/-/ready")
        assert proxy.requests == []
        async with client_of("http://prometheus.example:9090", proxy_url=proxy.url) as client:
            await client.fetch("/-/ready")
        assert proxy.requests[0].path.startswith("http://prometheus.example:9090/")


async def test_one_connection_is_kept_and_a_dropped_one_replaced(
    fault_server: FaultServer,
) -> None:
    """Reads reuse a connection; when the server restarts in between, the next read still works."""
    async with client_of(fault_server.url) as client:
        for _ in range(5):
            await client.fetch("/-/ready")
        assert fault_server.connections == 1
        fault_server.stop()
        fault_server.start()
        assert (await client.fetch("/-/ready")).status == 200


async def test_a_connection_that_dies_under_a_request_costs_nothing() -> None:
    """A server that closes a kept connection while the request is on its way is asked once more."""

    class Closing(FaultServer):
        def mode_for(self, request: Request) -> str:
            return "no-answer" if len(self.requests) == 2 else "ok"

    with Closing() as server:
        async with client_of(server.url) as client:
            await client.fetch("/-/ready")
            assert (await client.fetch("/-/ready")).status == 200
        assert len(server.requests) == 3


async def test_many_requests_at_once_end_and_leave_a_usable_client(
    fault_server: FaultServer,
) -> None:
    """Requests beyond the connections wait their turn; ones cut by the deadline block none after."""
    async with client_of(fault_server.url, timeout=0.5) as client:
        fault_server.mode = "hang"
        hung = await asyncio.gather(
            *(client.send("/-/ready") for _ in range(20)), return_exceptions=True
        )
        assert {type(error) for error in hung} == {NoAnswerError}
        fault_server.mode = "ok"
        client.settings = replace(client.settings, timeout=60.0)
        assert (await client.fetch("/-/ready")).status == 200


async def test_cancelling_a_request_is_not_an_error_of_the_source(
    fault_server: FaultServer,
) -> None:
    """Cancellation leaves the client as cancellation."""
    fault_server.mode = "hang"
    async with client_of(fault_server.url) as client:
        task = asyncio.create_task(client.send("/-/ready"))
        while not fault_server.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_larger_cap_is_the_caller_s_choice(fault_server: FaultServer) -> None:
    """Nine mebibytes pass where a caller asks for them, and not otherwise."""
    fault_server.mode = "big=9"
    async with client_of(fault_server.url, timeout=20.0) as client:
        with pytest.raises(TooLargeError):
            await client.fetch("/api/v2/alerts")
        reply = await client.fetch("/api/v2/alerts", cap=32 << 20)
    assert len(reply.body) > 8 << 20


@pytest.mark.parametrize("url", ["ftp://a", "http://", "127.0.0.1:9090", "http://a:99999", ""])
def test_a_url_that_is_none_is_refused_at_once(url: str) -> None:
    """Only http and https with a host are URLs of a source."""
    with pytest.raises(RemoteError, match="the URL must be"):
        HttpClient(HttpSettings(url))


TLS_FAULTS: list[tuple[str, str]] = [
    ("expired", "certificate has expired"),
    ("wrong_host", "IP address mismatch"),
    ("self_signed", "self-signed certificate|self signed certificate"),
]


@pytest.mark.parametrize(("pair", "reason"), TLS_FAULTS)
async def test_a_bad_certificate_is_refused_with_its_reason(
    certificates: Certificates, pair: str, reason: str
) -> None:
    """Expired, misnamed and self-signed certificates are told apart, and nothing is sent (F08)."""
    with FaultServer(tls=getattr(certificates, pair)) as server:
        error = await failure(server.url, ca_file=str(certificates.ca))
        assert any(text in error.reason for text in reason.split("|")), error.reason
        assert error.reason.startswith("TLS: ")
        assert server.requests == []


async def test_tls_works_with_ones_own_authority_name_and_client_certificate(
    certificates: Certificates,
) -> None:
    """ca_file, server_name, cert_file and key_file lead to a verified connection."""
    ca = str(certificates.ca)
    client_pair = {
        "cert_file": str(certificates.client.certificate),
        "key_file": str(certificates.client.key),
    }
    with FaultServer(tls=certificates.good, client_ca=certificates.ca) as server:
        async with client_of(server.url, ca_file=ca, **client_pair) as client:
            assert (await client.fetch("/-/ready")).status == 200
        for _ in range(5):  # what is noticed first, the server's alert or its hanging up, varies
            refused = await failure(server.url, ca_file=ca)
            assert server.url in refused.reason
            assert "client certificate (tls_config cert_file and key_file)" in refused.reason
    with FaultServer(tls=certificates.wrong_host) as server:
        async with client_of(server.url, ca_file=ca, server_name="elsewhere.example") as client:
            assert (await client.fetch("/-/ready")).status == 200
    with FaultServer(tls=certificates.self_signed) as server:
        async with client_of(server.url, insecure_skip_verify=True) as client:
            assert (await client.fetch("/-/ready")).status == 200


async def test_a_renewed_authority_is_read_after_a_refusal(
    certificates: Certificates, tmp_path: Path
) -> None:
    """A certificate file that was replaced is obeyed without a restart."""
    authority = tmp_path / "ca.pem"
    authority.write_bytes(certificates.self_signed.certificate.read_bytes())
    with FaultServer(tls=certificates.good) as server:
        async with client_of(server.url, ca_file=str(authority)) as client:
            with pytest.raises(RemoteError, match="TLS"):
                await client.fetch("/-/ready")
            authority.write_bytes(certificates.ca.read_bytes())
            assert (await client.fetch("/-/ready")).status == 200


@pytest.mark.parametrize("content", [None, "not a certificate"])
async def test_a_tls_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    """A missing or broken CA file is an error that names it."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    error = await failure("https://127.0.0.1:1", ca_file=str(path))
    assert f"ca_file {path}" in error.reason


async def test_plain_http_loads_no_authorities(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 65 ms of an SSL context's authorities are not spent on http:// URLs."""
    import ssl

    loaded: list[object] = []
    for name in ("load_default_certs", "load_verify_locations"):
        monkeypatch.setattr(ssl.SSLContext, name, lambda *a, **k: loaded.append(a))
    async with client_of(fault_server.url) as client:
        await client.fetch("/-/ready")
    assert loaded == []


async def test_ipv6_and_no_port_make_a_valid_origin() -> None:
    """An IPv6 host keeps its brackets in every message."""
    client = HttpClient(HttpSettings(f"http://[{ipaddress.ip_address('::1')}]:1/prefix"))
    assert client.origin == "http://[::1]:1"
    with pytest.raises(RemoteError, match=r"refused|reached"):
        await client.fetch("/-/ready")


BODIES: list[tuple[bytes, str, str]] = [
    (b'"bad matcher format: xx{"', "application/json", "bad matcher format: xx{"),
    (b'{"code":612,"message":"at least 1 items"}', "application/json", "at least 1 items"),
    (b"404 page not found\n", "text/plain", "404 page not found"),
    (b"<html>login</html>", "text/plain", "an HTML page; is there a login or another program"),
    (b"", "text/plain", ""),
    (b'{"error":', "application/json", '{"error":'),
    (b"\x1b[31mred\x07", "text/plain", "\ufffd[31mred\ufffd"),
    (b"x" * 5000, "text/plain", "x" * 199 + "…"),
]


@pytest.mark.parametrize(("body", "kind", "words"), BODIES)
def test_what_a_refusal_says_is_found_in_every_shape(body: bytes, kind: str, words: str) -> None:
    """Alertmanager's string and object, Prometheus' envelope, and text are read, 200 clean characters."""
    client = HttpClient(HttpSettings("http://127.0.0.1:9093"))
    said = client.words(Reply(400, body, kind, None, None))
    assert said.startswith(words) if words else said == ""
    assert len(said) <= 200


async def test_endless_answers_together_take_no_more_than_one(
    fault_server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six servers that never end are each refused long before each has reached its own cap."""
    fault_server.mode = "endless"

    async def read() -> RemoteError:
        async with client_of(fault_server.url) as client:
            with pytest.raises(RemoteError) as raised:
                await client.fetch("/api/v1/query", cap=32 * MEBIBYTE)
        return raised.value

    held = [0]
    add = Body.add

    def adding(body: Body, chunk: bytes) -> None:
        add(body, chunk)
        held.append(Body.under_way)

    monkeypatch.setattr(Body, "add", adding)
    errors = await asyncio.gather(*(read() for _ in range(6)))
    assert {type(error) for error in errors} == {TooLargeError}
    assert 8 * MEBIBYTE < max(held) < 64 * MEBIBYTE
    assert Body.under_way == 0


@pytest.mark.parametrize(
    ("status", "retry_after", "reset", "wait"),
    [
        (429, timedelta(seconds=3), timedelta(seconds=9), timedelta(seconds=3)),
        (429, None, timedelta(seconds=9), timedelta(seconds=9)),
        (503, None, timedelta(seconds=9), None),
        (429, None, None, None),
    ],
)
def test_how_long_a_refusal_asks_to_wait(
    status: int, retry_after: timedelta | None, reset: timedelta | None, wait: timedelta | None
) -> None:
    """`Retry-After` counts, else for too many requests when the limit ends; that of other answers says nothing."""
    assert Reply(status, b"", "", None, retry_after, reset=reset).wait == wait


def test_what_a_server_still_takes() -> None:
    """Two headers in numbers; anything else is as good as none."""
    assert read_allowance("0", "37") == (0, timedelta(seconds=37))
    assert read_allowance("959", None) == (959, None)
    assert read_allowance("many", "Tue, 24 Nov 2026 13:20:01 GMT") == (None, None)
