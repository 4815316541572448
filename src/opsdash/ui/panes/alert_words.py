"""What an alert says of itself in words for people: what it is, why it fires, and where."""

import re

from rich.cells import cell_len

from opsdash.domain.alert import Alert
from opsdash.domain.labels import Labels

_SCHEME, _PORT = re.compile(r"^https?://"), re.compile(r":\d+$")
_PLACES = ("pod", "instance", "host", "node", "service", "job", "namespace")


def summary(alert: Alert) -> str:
    """Return what an alert says of itself in words for people: its summary, else what it has."""
    return _said(alert, "summary", "message", "description")


def why(alert: Alert) -> str:
    """Return why an alert fires: its description, which carries the value, else what it has."""
    return _said(alert, "description", "message", "summary")


def _said(alert: Alert, *names: str) -> str:
    for name in names:
        if alert.annotations.get(name):
            return alert.annotations[name]
    return "" if alert.value is None else f"value {alert.value:,.6g}"


def where(labels: Labels, room: int = 0) -> str:
    """Return the place that labels name most closely: `pod payments-1`, `payments-db`.

    In `room` cells that are too few an address gives up its scheme first, then its port.
    """
    for name in _PLACES:
        if labels.get(name):
            place = f"pod {labels[name]}" if name == "pod" else labels[name]
            return _within(place, room) if room else place
    return ""


def _within(place: str, room: int) -> str:
    for needless in (_SCHEME, _PORT):
        if cell_len(place) <= room:
            break
        place = needless.sub("", place)
    return place
