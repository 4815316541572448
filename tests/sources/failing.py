"""What reading from a server at fault fails with."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError

_SLOW = ("hang", "drip", "headerdrip")
_PATIENT = 60.0


async def failure_of(
    read: Callable[[], Awaitable[object]], clients: Sequence[HttpClient], mode: str, words: str
) -> RemoteError:
    """Return the error that `read` raises of a server in `mode`.

    One that answers too slowly is given a short time, and a longer one where on a busy machine not
    even the first byte that `words` speak of has come; then it has plenty of time again.
    """
    tries = (0.4, 2.0, 10.0, 50.0) if mode in _SLOW else (_PATIENT,)
    for seconds in tries:
        _give(clients, seconds)
        with pytest.raises(RemoteError) as raised:
            await read()
        if words in raised.value.reason:
            break
    _give(clients, _PATIENT)
    return raised.value


def _give(clients: Sequence[HttpClient], seconds: float) -> None:
    for client in clients:
        client.settings = replace(client.settings, timeout=seconds)
