"""Fingerprints: the names that Alertmanager gives to label sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.labels import fingerprint

_SETS = st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=6)


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"alertname": "HighErrorRate"}, "271f101352bce682"),
        (
            {"severity": "critical", "alertname": "HighErrorRate", "job": "payments-api"},
            "83ef81276ff40f03",
        ),
        ({"alertname": "Ünïcode", "ort": "Zürich", "emoji": "🔥"}, "5c232993021c5e58"),
        ({"alertname": "A", "b": "", "c": "x"}, "666eff6a298ee894"),
        ({"alertname": "Sort", "a": "lower", "B": "upper", "_z": "under"}, "0a8a6b2616d3fee5"),
        ({"alertname": "long", "x": "y" * 300}, "14770c69b1c5a568"),
        ({"alertname": "disk [/dev/sda1] full", "path": 'C:\\x "q"'}, "7e05f4c29ea7c3bb"),
    ],
)
def test_a_label_set_has_the_name_alertmanager_gives_it(labels: dict[str, str], name: str) -> None:
    """These fingerprints were read from Alertmanager 0.25 after posting the same labels to it."""
    assert fingerprint(labels) == name


@given(_SETS)
def test_order_and_empty_labels_do_not_count(labels: dict[str, str]) -> None:
    """A label set is a set, and an empty label is an absent one."""
    turned = dict(reversed(labels.items()))
    assert fingerprint(turned) == fingerprint(labels)
    assert fingerprint({**labels, "nothing-there": ""}) == fingerprint(labels)


def test_labels_do_not_run_into_each_other() -> None:
    """Where a name ends and a value begins is part of the identity."""
    assert fingerprint({"a": "bc"}) != fingerprint({"ab": "c"})
    assert fingerprint({"a": "b", "c": "d"}) != fingerprint({"a": "bcd"})


def test_a_lone_surrogate_is_no_error() -> None:
    """JSON can name a character that no encoding has; its alert has a name all the same."""
    assert len(fingerprint({"alertname": "\ud800"})) == 16
