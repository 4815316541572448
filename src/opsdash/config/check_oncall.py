"""Relations of `[oncall]` and of shifts kept elsewhere: who tells the week, and who reads them."""

from collections.abc import Iterator

from opsdash.config.check_http import check_server
from opsdash.config.finding import Finding, Raw, nearest, table, tables, word
from opsdash.config.lines import Path

_NO_READER = "add token_file and sender to a [[notifier]] of kind pagerduty"


FEEDS = ("pagerduty", "ical", "ical_url_file", "ical_url_env")
"""The keys of shifts that are kept elsewhere, of which a schedule or layer has one."""


def is_fed(raw: Raw) -> bool:
    """Whether a schedule or layer has its shifts from elsewhere."""
    return any(key in raw for key in FEEDS)


def check_oncall(raw: Raw) -> Iterator[Finding]:
    """Yield what is wrong with who is told of the week, and with shifts that are kept elsewhere."""
    for index, schedule in tables(raw, "schedule"):
        yield from _feed(raw, ("schedule", index), schedule)
        for number, layer in tables(schedule, "layers"):
            yield from _feed(raw, ("schedule", index, "layers", number), layer)
    yield from check_server(("oncall",), table(raw, "oncall"))
    yield from _publish(raw)


def _feed(raw: Raw, path: Path, entry: Raw) -> Iterator[Finding]:
    given = [key for key in FEEDS if key in entry]
    if given[1:]:
        cure = "take one of the two out"
        yield Finding((*path, given[1]), f"{given[1]} beside {given[0]}", cure)
    if "pagerduty" not in entry:
        if "pagerduty_notifier" in entry:
            cure = "add pagerduty, the id of a schedule there"
            yield Finding((*path, "pagerduty_notifier"), "no schedule to read", cure)
        return
    readers = {
        word(one, "id")
        for _, one in tables(raw, "notifier")
        if word(one, "kind") == "pagerduty" and {"token_file", "token_env"} & one.keys()
    }
    name = word(entry, "pagerduty_notifier")
    if name and name not in readers:
        cure = nearest(name, sorted(readers)) if readers else _NO_READER
        yield Finding(
            (*path, "pagerduty_notifier"), f"no PagerDuty notifier {name!r} has a token", cure
        )
    elif not readers:
        yield Finding((*path, "pagerduty"), "no PagerDuty notifier has a token", _NO_READER)
    elif not name and len(readers) > 1:
        cure = f"add pagerduty_notifier, one of {', '.join(sorted(readers))}"
        yield Finding((*path, "pagerduty"), "several notifiers could read it", cure)


def _publish(raw: Raw) -> Iterator[Finding]:
    oncall = table(raw, "oncall")
    name = word(oncall, "publish")
    if not name:
        return
    slacks = {
        word(one, "id"): one for _, one in tables(raw, "notifier") if word(one, "kind") == "slack"
    }
    others = {word(one, "id"): word(one, "kind") for _, one in tables(raw, "notifier")}
    path: Path = ("oncall", "publish")
    if name in slacks:
        if "channel" in oncall and {"url_file", "url_env"} & slacks[name].keys():
            cure = "take it out, or give the notifier a bot's token"
            yield Finding(("oncall", "channel"), "a webhook has its own channel", cure)
    elif name in others:
        yield Finding(path, f"{name!r} is of kind {others[name]}", "name a notifier of kind slack")
    else:
        cure = nearest(name, list(slacks)) if slacks else "add a [[notifier]] of kind slack"
        yield Finding(path, f"no [[notifier]] has the id {name!r}", cure)
