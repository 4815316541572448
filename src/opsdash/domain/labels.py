"""Label sets and their fingerprint, the identity of an alert."""

from collections.abc import Mapping

Labels = Mapping[str, str]
"""A label set as Prometheus has it: names to values, an absent label equal to an empty one."""

_OFFSET = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MASK = 0xFFFFFFFFFFFFFFFF


def fingerprint(labels: Labels) -> str:
    """Return the 16 hex digits by which Alertmanager names this label set.

    FNV-1a over `name 0xff value 0xff` of the labels in the order of their names
    (prometheus/common, `model.LabelSet.Fingerprint`). Empty values count as absent.
    """
    digest = _OFFSET
    for name in sorted(labels):
        if not labels[name]:
            continue
        for byte in name.encode(errors="replace") + b"\xff":
            digest = ((digest ^ byte) * _PRIME) & _MASK
        for byte in labels[name].encode(errors="replace") + b"\xff":
            digest = ((digest ^ byte) * _PRIME) & _MASK
    return f"{digest:016x}"
