"""Relations among indicators: ids, what a default may lend, thresholds that contradict."""

from collections.abc import Iterator

from opsdash import presets
from opsdash.config.finding import Finding, Raw, nearest, table, tables, word
from opsdash.config.lines import Path
from opsdash.domain.indicator import Indicator

_HEADER = {"uptime": presets.UPTIME, "users": presets.USERS}


def check_indicators(raw: Raw) -> Iterator[Finding]:
    """Yield what is wrong among the panes' and the header's indicators."""
    lent = raw.get("default_indicators") is not False
    yield from _unread(raw)
    seen: dict[str, str] = {name: f"header.{name}" for name in _HEADER}
    for pane in presets.DEFAULT_PANES:
        gone = {word(entry, "id") for _, entry in tables(table(raw, "pane"), pane.id)}
        if lent:
            seen |= {
                i.id: f"the defaults of pane.{pane.id}" for i in pane.indicators if i.id not in gone
            }
    for pane in presets.DEFAULT_PANES:
        defaults = {i.id: i for i in pane.indicators} if lent else {}
        for index, entry in tables(table(raw, "pane"), pane.id):
            path: Path = ("pane", pane.id, index)
            yield from _identity(path, entry, defaults, seen)
            yield from _thresholds(path, entry, defaults.get(word(entry, "id")))
            yield from _investigation(path, entry, defaults.get(word(entry, "id")))
            yield from _sides(path, entry)
    for name, default in _HEADER.items():
        entry = table(table(raw, "header"), name)
        path = ("header", name)
        if entry.get("remove") is True:
            yield from _only_remove(path, entry, {"remove"})
        elif entry and "query" not in entry and not lent:
            yield Finding((*path, "query"), "missing", "write its query, defaults are off")
        yield from _thresholds(path, entry, default)
        yield from _sides(path, entry)


def _sides(path: Path, entry: Raw) -> Iterator[Finding]:
    """One side of a share says nothing."""
    for one, other in (("numerator", "denominator"), ("denominator", "numerator")):
        if one in entry and other not in entry:
            yield Finding((*path, other), f"missing beside {one}", "write both or none")


def _unread(raw: Raw) -> Iterator[Finding]:
    if "prometheus" in raw or "simulation" in raw:
        return
    for key in ("pane", "header"):
        if table(raw, key):
            yield Finding((key,), "nothing to read it from", 'add [prometheus] with its "url"')


def _identity(
    path: Path, entry: Raw, defaults: dict[str, Indicator], seen: dict[str, str]
) -> Iterator[Finding]:
    name = word(entry, "id")
    if not name:
        return
    place = f"{path[0]}.{path[1]}[{path[2]}]"
    if entry.get("remove") is True:
        if name not in defaults:
            yield Finding(
                (*path, "id"), f"no default {name!r} to remove", nearest(name, list(defaults))
            )
        yield from _only_remove(path, entry, {"id", "remove"})
        return
    if name in seen:
        yield Finding((*path, "id"), f"{name!r} is the id in {seen[name]} already", "write another")
    seen.setdefault(name, place)
    wanted: tuple[str, ...]
    if "query" in entry:
        wanted = ("title", "unit")
    elif name in defaults:
        wanted = ()
        if "unit" in entry:
            yield Finding(
                (*path, "unit"), "a unit without its query", "add query, or take unit out"
            )
    else:
        wanted = ("title", "query", "unit")
    for key in wanted:
        if key not in entry:
            cure = f"a new indicator has id, title, query and unit; the defaults here: {', '.join(defaults)}"
            yield Finding((*path, key), "missing", cure if defaults else cure.split(";")[0])


def _only_remove(path: Path, entry: Raw, allowed: set[str]) -> Iterator[Finding]:
    for key in entry.keys() - allowed:
        yield Finding((*path, key), "set on what is removed", "take it out, or take out remove")


def _thresholds(path: Path, entry: Raw, default: Indicator | None) -> Iterator[Finding]:
    unit = entry.get("unit") or (default.unit.value if default and "query" not in entry else "")
    if unit == "up":
        for key in ("warn", "crit", "below"):
            if key in entry:
                yield Finding((*path, key), "a threshold on up", "take it out; below 1 is critical")
        return
    lender = default if path[0] == "header" or "query" not in entry else None
    warn = _number(entry, "warn", lender.warn if lender else None)
    crit = _number(entry, "crit", lender.crit if lender else None)
    below = entry.get("below")
    if below is None and not ("warn" in entry and "crit" in entry):
        below = lender.below if lender else None
    if warn is None or crit is None or warn == crit or not isinstance(below, bool):
        return
    if (crit < warn) is not below:
        order = "below" if below else "above"
        key = "warn" if "warn" in entry else "crit" if "crit" in entry else "below"
        yield Finding(
            (*path, key),
            f"crit {crit:g} is not {order} warn {warn:g}",
            f"write both so that crit is {order} warn",
        )


def _investigation(path: Path, entry: Raw, default: Indicator | None) -> Iterator[Finding]:
    """Failures are looked into one by one: nothing but a count can be."""
    lent = default.unit.value if default and "query" not in entry else ""
    unit = entry.get("unit") or lent
    if entry.get("investigate") is True and unit and unit != "count":
        yield Finding(
            (*path, "investigate"), f"set on a {unit}", 'take it out; it is for unit = "count"'
        )


def _number(entry: Raw, key: str, default: float | None) -> float | None:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 2**63:
        return None
    return float(value)
