"""Prometheus' remote-write body by hand: what `PrometheusServer.push` sends to write at once.

A fresh Prometheus scrapes nothing for its first five seconds; a test that needs series and not
scraping pushes them. Formats: prometheus/prometheus prompb/remote.proto; google/snappy
format_description.txt, of which only literals are used.
"""

import struct
from collections.abc import Iterable, Mapping

Points = Iterable[tuple[float, float]]
"""Pairs of unix time in seconds and value."""


def write_request(series: Iterable[tuple[Mapping[str, str], Points]]) -> bytes:
    """Return the body that writes `series`, whose labels hold `__name__`."""
    return _snappy(b"".join(_field(1, _time_series(labels, points)) for labels, points in series))


def _time_series(labels: Mapping[str, str], points: Points) -> bytes:
    written = [
        _field(1, _field(1, name.encode()) + _field(2, labels[name].encode()))
        for name in sorted(labels)
    ]
    for at, value in sorted(points):
        milliseconds = round(at * 1000)
        written.append(
            _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(milliseconds))
        )
    return b"".join(written)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def _snappy(content: bytes) -> bytes:
    blocks = [content[start : start + 65_536] for start in range(0, len(content), 65_536)]
    literals = (b"\xf4" + struct.pack("<H", len(block) - 1) + block for block in blocks)
    return _varint(len(content)) + b"".join(literals)
