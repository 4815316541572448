"""Relations of `[oncall]`: who tells the week, and where to."""

from collections.abc import Iterator

from opsdash.config.finding import Finding, Raw, nearest, table, tables, word


def check_oncall(raw: Raw) -> Iterator[Finding]:
    """Yield what is wrong with the notifier and the channel that are told of the week."""
    oncall = table(raw, "oncall")
    name = word(oncall, "publish")
    if not name:
        return
    slacks = {
        word(one, "id"): one for _, one in tables(raw, "notifier") if word(one, "kind") == "slack"
    }
    others = {word(one, "id"): word(one, "kind") for _, one in tables(raw, "notifier")}
    path = ("oncall", "publish")
    if name in slacks:
        if "channel" in oncall and {"url_file", "url_env"} & slacks[name].keys():
            cure = "take it out, or give the notifier a bot's token"
            yield Finding(("oncall", "channel"), "a webhook has its own channel", cure)
    elif name in others:
        yield Finding(path, f"{name!r} is of kind {others[name]}", "name a notifier of kind slack")
    else:
        cure = nearest(name, list(slacks)) if slacks else "add a [[notifier]] of kind slack"
        yield Finding(path, f"no [[notifier]] has the id {name!r}", cure)
