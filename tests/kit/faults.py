"""Every way an HTTP server may go wrong under a client, by name."""

import gzip
import json
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faultserver import Exchange

Fault = Callable[["Exchange", str], None]
"""Answers one request; the second argument is the mode's parameter, or nothing."""

_MIB = 1 << 20

_LOGIN = b"""<!DOCTYPE html><html><head><title>Sign in</title></head>
<body><h1>Sign in to continue</h1><form method="post" action="/login"></form></body></html>"""

_ERRORS = {
    "bad_data": (400, 'invalid parameter "query": 1:5: parse error: unexpected end of input'),
    "execution": (422, "query processing would load too many samples into memory"),
    "canceled": (503, "query was canceled"),
    "timeout": (503, "query timed out in expression evaluation"),
    "internal": (500, "internal error: chunk not found"),
    "unavailable": (500, "TSDB not ready"),
    "not_found": (404, "not found"),
    "not_acceptable": (406, "not acceptable"),
}


def status_fault(exchange: "Exchange", parameter: str) -> None:
    """Answer with the HTTP status `parameter` and a plain body, as a proxy does."""
    status = int(parameter)
    headers = {"WWW-Authenticate": 'Basic realm="metrics"'} if status == 401 else None
    exchange.send(status, f"{status} by the proxy\n".encode(), "text/plain", headers)


def _html(status: int) -> Fault:
    def fault(exchange: "Exchange", parameter: str) -> None:
        page = f"<html><body><h1>{status} Bad Gateway</h1><hr>nginx</body></html>\n"
        exchange.send(status, page.encode(), "text/html")

    return fault


def _api_error(kind: str) -> Fault:
    status, text = _ERRORS[kind]

    def fault(exchange: "Exchange", parameter: str) -> None:
        exchange.send_json(
            {"status": "error", "errorType": kind, "error": parameter or text}, status
        )

    return fault


def _body(body: bytes, content_type: str = "application/json") -> Fault:
    return lambda exchange, parameter: exchange.send(200, body, content_type)


def _ok(exchange: "Exchange", parameter: str) -> None:
    exchange.send_sound()


def _slow(exchange: "Exchange", parameter: str) -> None:
    exchange.faults.released.wait(float(parameter or 1))
    exchange.send_sound()


def _hang(exchange: "Exchange", parameter: str) -> None:
    exchange.faults.released.wait()
    exchange.close_connection = True


def _drip(exchange: "Exchange", parameter: str) -> None:
    exchange.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    )
    _trickle(exchange, b'{"status":"success","data":', float(parameter or 0.5))


def _header_drip(exchange: "Exchange", parameter: str) -> None:
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n")
    _trickle(exchange, b"X-Slow: yes\r\n", float(parameter or 0.5))


def _trickle(exchange: "Exchange", text: bytes, pause: float) -> None:
    exchange.close_connection = True
    while True:
        for byte in text:
            exchange.wfile.write(bytes([byte]))
            exchange.wfile.flush()
            if exchange.faults.released.wait(pause):
                return


def _many_headers(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not exchange.faults.released.is_set():
        exchange.wfile.write(b"X-More: and more\r\n" * 1000)


def _too_many(exchange: "Exchange", parameter: str) -> None:
    headers = {"Retry-After": parameter or "3600"}
    exchange.send(429, b"too many requests\n", "text/plain", headers)


def _redirect(exchange: "Exchange", parameter: str) -> None:
    _send_redirect(exchange, exchange.faults.url + "/moved" + exchange.path, parameter)


def _redirect_other(exchange: "Exchange", parameter: str) -> None:
    _send_redirect(exchange, exchange.faults.elsewhere + exchange.path, parameter)


def _redirect_loop(exchange: "Exchange", parameter: str) -> None:
    _send_redirect(exchange, exchange.faults.url + exchange.path, parameter)


def _send_redirect(exchange: "Exchange", location: str, parameter: str) -> None:
    exchange.send(int(parameter or 302), b"moved", "text/plain", {"Location": location})


def _truncated(exchange: "Exchange", parameter: str) -> None:
    exchange.send(200, b'{"status":"success","data":{"resultType":"vector","result":[{"met')


def _cut(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True
    exchange.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
        b'{"status":"success","data":{'
    )


def _cut_chunk(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True
    exchange.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'1c\r\n{"status":"success","data":{\r\nzz\r\n'
    )


def _no_answer(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True


def _reset(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.connection.close()


def _not_http(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True
    exchange.wfile.write(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")


def _envelope(middle: bytes) -> bytes:
    return b'{"status":"success","data":{"resultType":"vector","result":[' + middle + b"]}}"


def _filler(size: int) -> Iterator[bytes]:
    """Yield about `size` bytes of a sound vector of very many series."""
    row = b'{"metric":{"pod":"payments-api-000000000000000000000000000000"},"value":[1,"1"]},'
    block = row * (_MIB // len(row))
    yield b'{"status":"success","data":{"resultType":"vector","result":['
    for _ in range(max(1, size // len(block))):
        yield block
    yield row[:-1] + b"]}}"


def _big(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    for block in _filler(int(parameter or 9) * _MIB):
        exchange.wfile.write(block)


def _endless(exchange: "Exchange", parameter: str) -> None:
    exchange.close_connection = True
    exchange.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not exchange.faults.released.is_set():
        exchange.wfile.write(b" " * 65_536)


def _bomb(exchange: "Exchange", parameter: str) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(squeeze.compress(b) for b in _filler(int(parameter or 400) * _MIB))
    body += squeeze.flush()
    exchange.send(200, body, headers={"Content-Encoding": "gzip"})


def _gzip(exchange: "Exchange", parameter: str) -> None:
    found = exchange.faults.payload_for(exchange.arrived)
    body = gzip.compress(json.dumps(found and found[1]).encode())
    exchange.send(200, body, headers={"Content-Encoding": "gzip"})


def _value(text: str) -> Fault:
    def fault(exchange: "Exchange", parameter: str) -> None:
        _send_vector(exchange, lambda series: series | {"value": [series["value"][0], text]})

    return fault


def _bare_nan(exchange: "Exchange", parameter: str) -> None:
    _send_vector(exchange, lambda series: series | {"value": [series["value"][0], float("nan")]})


def _histogram(exchange: "Exchange", parameter: str) -> None:
    def native(series: dict[str, Any]) -> dict[str, Any]:
        histogram = {"count": "10", "sum": "3.5", "buckets": [[0, "0.25", "0.5", "10"]]}
        at = series["value"][0]
        return {"metric": series["metric"], "histogram": [at, histogram]}

    _send_vector(exchange, native)


def _duplicates(exchange: "Exchange", parameter: str) -> None:
    payload = _sound_vector(exchange)
    payload["data"]["result"] += [
        series | {"value": [series["value"][0], "42"]} for series in payload["data"]["result"]
    ]
    exchange.send_json(payload)


def _duplicate_keys(exchange: "Exchange", parameter: str) -> None:
    first = json.dumps(_sound_vector(exchange)["data"])
    other = first.replace('"value": [', '"value": [0, "42"], "value": [')
    exchange.send(200, f'{{"status":"success","status":"error","data":{other}}}'.encode())


def _warnings(exchange: "Exchange", parameter: str) -> None:
    text = parameter or "1 store unreachable: partial response"
    exchange.send_json(_sound_vector(exchange) | {"warnings": [text]})


def _no_data(exchange: "Exchange", parameter: str) -> None:
    payload = _sound_vector(exchange)
    payload["data"]["result"] = []
    exchange.send_json(payload)


def _old(exchange: "Exchange", parameter: str) -> None:
    at = round(time.time() - float(parameter or 241), 3)
    _send_vector(exchange, lambda series: series | {"value": [at, series["value"][1]]})


def _result(kind: str, result: Any) -> Fault:
    payload = {"status": "success", "data": {"resultType": kind, "result": result}}
    return lambda exchange, parameter: exchange.send_json(payload)


def _sound_vector(exchange: "Exchange") -> dict[str, Any]:
    found = exchange.faults.payload_for(exchange.arrived)
    sound = found is not None and isinstance(found[1], dict) and "data" in found[1]
    assert found is not None and sound, f"{exchange.path} gives no vector: this mode is for queries"
    payload: dict[str, Any] = found[1]
    return payload


def _send_vector(exchange: "Exchange", change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    payload = _sound_vector(exchange)
    payload["data"]["result"] = [change(series) for series in payload["data"]["result"]]
    exchange.send_json(payload)


FAULTS: dict[str, Fault] = {
    "ok": _ok,
    "slow": _slow,  # =SECONDS, then sound
    "moved": _ok,  # where `redirect` leads to
    "gzip": _gzip,  # sound, compressed though nobody asked
    # answers that never end
    "hang": _hang,
    "drip": _drip,  # =SECONDS between bytes
    "headerdrip": _header_drip,
    "many-headers": _many_headers,
    # refusals; any number is that status with a plain body
    "500-html": _html(500),
    "502-html": _html(502),
    "503-html": _html(503),
    **{kind: _api_error(kind) for kind in _ERRORS},  # =TEXT of the error
    # 401 and 403 are numbers
    "429": _too_many,  # =Retry-After
    # redirects
    "redirect": _redirect,  # =STATUS
    "redirect-other": _redirect_other,
    "redirect-loop": _redirect_loop,
    # bodies that are no answer
    "login": _body(_LOGIN, "text/html; charset=utf-8"),
    "login-json": _body(_LOGIN),
    "empty": _body(b""),
    "truncated": _truncated,
    "garbage": _body(bytes(range(256)) * 4),
    "bad-utf8": _body(_envelope(b'{"metric":{"a":"\xff\xfe\xc3\x28"},"value":[1,"1"]}')),
    "cut": _cut,
    "cut-chunk": _cut_chunk,
    "no-answer": _no_answer,
    "reset": _reset,
    "not-http": _not_http,
    "json-null": _body(b"null"),
    "json-list": _body(b'[1, "two", {"three": null}]'),
    "json-string": _body(b'"success"'),
    "no-status": _body(b'{"data":{"resultType":"vector","result":[]}}'),
    "no-result": _body(b'{"status":"success","data":null}'),
    "wrong-types": _body(_envelope(b'{"metric":[1],"value":"1"},{"value":[{}]},7,null')),
    # JSON that hurts
    "deep": _body(b"[" * 100_000 + b"]" * 100_000),
    "bigint": _body(_envelope(b'{"metric":{},"value":[' + b"9" * 20_000 + b',"1"]}')),
    # too much
    "big": _big,  # =MiB, without Content-Length
    "bomb": _bomb,  # =MiB when unpacked
    "endless": _endless,
    # values
    "nan": _value("NaN"),
    "+inf": _value("+Inf"),
    "-inf": _value("-Inf"),
    "not-a-number": _value("rather a lot"),
    "bare-nan": _bare_nan,
    # results
    "no-data": _no_data,
    "warnings": _warnings,  # =TEXT
    "old": _old,  # =SECONDS
    "duplicates": _duplicates,
    "duplicate-keys": _duplicate_keys,
    "histogram": _histogram,
    "scalar": _result("scalar", [1795475094.369, "7"]),
    "string": _result("string", [1795475094.369, "seven"]),
    "matrix": _result("matrix", [{"metric": {}, "values": [[1795475094.369, "7"]]}]),
    "unknown-type": _result("streams", []),
}
"""Every fault by the name that `FaultServer.mode` and the first part of a path take."""
