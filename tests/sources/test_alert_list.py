"""A list of alerts read while it arrives: whatever its pieces, it means what it means as a whole."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.http.client import HttpClient
from opsdash.http.errors import RemoteError
from opsdash.http.json_body import MalformedError
from opsdash.http.reply import Body
from opsdash.http.settings import HttpSettings
from opsdash.sources.alert_list import AlertList
from opsdash.sources.alertmanager import AlertmanagerSource
from opsdash.sources.cutting import BLOCK
from opsdash.sources.peers import PeerReading
from tests.faultserver import FaultServer

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOTHING = PeerReading()


def written(alerts: Sequence[Any]) -> bytes:
    """Return a list as Alertmanager writes it."""
    return json.dumps(alerts, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def an_alert(number: int, summary: str = "s") -> dict[str, Any]:
    return {
        "annotations": {"summary": summary},
        "fingerprint": f"{number:016x}",
        "receivers": [{"name": "a"}, {"name": "b"}],
        "startsAt": "2026-11-24T11:00:00.123Z",
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        "updatedAt": "2026-11-24T11:59:00.000Z",
        "labels": {"alertname": f"A{number}"},
    }


def read(
    body: bytes, before: PeerReading = NOTHING, at_once: int = 70_000, cut: bool = True
) -> PeerReading:
    """Return what a list means that arrives in pieces of so many bytes."""
    found = AlertList(before, cut)
    for at in range(0, len(body), at_once):
        found.add(body[at : at + at_once])
    assert found.size == len(body)
    found.whole()
    found.let_go()
    return found.reading


def meaning(reading: PeerReading) -> tuple[object, ...]:
    return dict(reading.observations), reading.warnings, reading.whole


_TEXTS = st.text(alphabet='},{"annotations":[]\\ é', max_size=30)
_ALERTS = st.builds(an_alert, st.integers(0, 12), _TEXTS)
_LISTS = st.lists(st.one_of(_ALERTS, st.sampled_from([{"annotations": {}, "labels": {}}])))


@given(st.lists(_LISTS, max_size=4), st.integers(1, 400))
def test_pieces_mean_what_the_whole_means(lists: list[list[Any]], at_once: int) -> None:
    """List after list, whatever the texts and wherever the network cuts, it is as if read whole."""
    cut, whole = NOTHING, NOTHING
    for alerts in lists:
        body = written(alerts)
        cut, whole = read(body, cut, at_once), read(body, whole, cut=False)
        assert meaning(cut) == meaning(whole)
        for seen in cut.observations.values():
            assert seen.labels == {"alertname": f"A{int(seen.fingerprint, 16)}"}
        assert (
            read(body, cut, at_once + 1) is cut or len(cut.cut.pieces) < len(alerts) or not alerts
        )


def test_a_list_that_changed_in_one_place_is_read_in_that_place_alone() -> None:
    """What is the same keeps its very objects; an alert more, less or changed is followed."""
    alerts = [an_alert(number, "x" * 300) for number in range(2000)]
    first = read(written(alerts))
    assert len(first.observations) == 2000
    assert len(written(alerts)) > 5 * BLOCK
    assert read(written(alerts), first) is first
    changed = [*alerts[:700], an_alert(700, "another"), *alerts[701:1500], *alerts[1501:]]
    second = read(written([*changed, an_alert(5000)]), first)
    assert meaning(second) == meaning(read(written([*changed, an_alert(5000)])))
    same = [n for n, seen in second.observations.items() if seen is first.observations.get(n)]
    assert len(same) == 1998
    assert read(written([*changed, an_alert(5000)]), second) is second
    assert meaning(read(written(alerts), second)) == meaning(first)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'[{"annotations":{},"labels":{},"padding":"................................"}',
        written([an_alert(1), an_alert(2)])[:-20],
        written([an_alert(1), an_alert(2)]).replace(b'"status":{', b'"status":{{', 1),
        written([an_alert(1), an_alert(2)]).replace(b'"s"', b'"\xff"', 1),
        written([an_alert(1)]) + written([an_alert(2)]),
        b'{"annotations":{},"labels":{},"padding":"................................"}',
        b'[{"annotations":' + b"[" * 90_000 + b"]" * 90_000 + b"}]",
    ],
)
def test_what_is_no_list_is_refused(body: bytes) -> None:
    """Cut short, broken, not UTF-8, two lists, no list, too deep: nothing of it counts."""
    with pytest.raises(MalformedError):
        read(body)


def test_what_is_held_of_an_answer_is_counted_until_it_is_whole() -> None:
    """Servers that answer without end are told from those that answer by what all of them hold."""
    before = Body.under_way
    found = AlertList(NOTHING)
    found.add(written([an_alert(number) for number in range(1000)]))
    assert Body.under_way - before > 100_000
    found.let_go()
    assert Body.under_way == before


@pytest.mark.parametrize("separators", [(", ", ": "), (",", ":")])
async def test_a_list_that_cannot_be_cut_is_read_all_the_same(
    fault_server: FaultServer, separators: tuple[str, str]
) -> None:
    """With spaces, or with an alert of 200 kB: read whole, told as unchanged, and followed."""
    alerts = [an_alert(1), an_alert(2, "x" * 200_000)]
    fault_server.write = lambda found: json.dumps(found, separators=separators)
    fault_server.alerts = alerts
    source = AlertmanagerSource([HttpClient(HttpSettings(fault_server.url))])
    try:
        assert len((await source.alerts(AT)).observations) == 2
        assert (await source.alerts(AT)).unchanged
        fault_server.alerts = alerts[1:]
        assert len((await source.alerts(AT)).observations) == 1
        fault_server.write = lambda found: json.dumps(found)[:-3]
        with pytest.raises(RemoteError, match="no JSON"):
            await source.alerts(AT)
        fault_server.write = lambda found: json.dumps(found, separators=separators)
        assert len((await source.alerts(AT)).observations) == 1
    finally:
        await source.close()
