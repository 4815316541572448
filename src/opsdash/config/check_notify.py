"""Relations of notifiers: which keys a kind has, what it needs, and who may be reached through it."""

from collections.abc import Iterator

from opsdash.config.check_http import check_server, exclusive
from opsdash.config.finding import Finding, Raw, nearest, table, tables, word, words
from opsdash.config.lines import Path
from opsdash.config.notify import NotifierTable
from opsdash.domain.mailbox import is_address

_EVERY_KIND = {"id", "kind", "timeout"}
_WEB = {"proxy_url", "tls_config"}

KEYS: dict[str, set[str]] = {
    "pagerduty": _WEB
    | {
        *("routing_key_file", "routing_key_env", "region", "url", "token_file", "token_env"),
        *("api_url", "sender", "client_url"),
    },
    "slack": _WEB | {"url_file", "url_env", "token_file", "token_env", "channel", "url"},
    "email": {
        *("host", "port", "security", "username", "password_file", "password_env"),
        *("sender", "to", "tls_config"),
    },
    "webhook": _WEB
    | {
        *("url", "url_file", "url_env", "secret_file", "secret_env", "client_url"),
        *("basic_auth", "authorization", "http_headers"),
    },
    "apprise": {"url_file", "url_env"},
}
"""The keys of each kind, besides `id`, `kind` and `timeout`."""

_OPEN_URL = "put the address into a private file and use url_file or url_env"
_SECRETS = ("url", "routing_key", "token", "password", "secret")


def check_notify(raw: Raw) -> Iterator[Finding]:
    """Yield what is wrong among notifiers, paging and heartbeat, and in what refers to them."""
    for index, notifier in tables(raw, "notifier"):
        path: Path = ("notifier", index)
        yield from check_server(path, notifier)
        yield from _pairs(path, notifier)
        kind = word(notifier, "kind")
        if kind in KEYS:
            yield from _strangers(path, notifier, kind)
            yield from _NEEDS[kind](path, notifier)
    if "heartbeat" in raw:
        heartbeat = table(raw, "heartbeat")
        yield from check_server(("heartbeat",), heartbeat)
        yield from _pairs(("heartbeat",), heartbeat)
        yield from _address(("heartbeat",), heartbeat, ("url", "url_file", "url_env"))
    for kind in ("person", "schedule"):
        for index, entry in tables(raw, kind):
            seen: set[str] = set()
            for position, reach in words(entry, "notify"):
                here = (kind, index, "notify", position)
                yield from check_reach(raw, here, reach)
                if reach in seen:
                    yield Finding(here, f"{reach!r} twice", "take one out")
                seen.add(reach)
            for number, rule in tables(entry, "rules"):
                for position, reach in words(rule, "notify"):
                    yield from check_reach(
                        raw, (kind, index, "rules", number, "notify", position), reach
                    )


def check_reach(raw: Raw, path: Path, reach: str) -> Iterator[Finding]:
    """Yield what is wrong with `NOTIFIER[:ADDRESS]`, written at `path`."""
    id, colon, address = reach.partition(":")
    known = {word(one, "id"): one for _, one in tables(raw, "notifier") if word(one, "id")}
    notifier = known.get(id)
    if notifier is None:
        cure = nearest(id, list(known)) if known else "add the notifier"
        yield Finding(path, f"no [[notifier]] has the id {id!r}", cure)
        return
    kind = word(notifier, "kind")
    bot = bool({"token_file", "token_env"} & notifier.keys())
    many = kind in ("email", "apprise") or (kind == "slack" and bot)
    if colon and not many:
        yield Finding(path, f"{reach!r}: {id} takes no address", f'write "{id}"')
    elif kind == "email" and address and not is_address(address):
        yield Finding(path, f"{address!r} is no mail address", f'write "{id}:john@example.com"')
    elif kind == "email" and not address and not notifier.get("to"):
        yield Finding(path, f"{id} has no `to`", f'write an address, as "{id}:john@example.com"')
    elif kind == "slack" and bot and not address and not notifier.get("channel"):
        yield Finding(path, f"{id} has no channel", f'write one, as "{id}:#incidents"')


def _strangers(path: Path, raw: Raw, kind: str) -> Iterator[Finding]:
    known = _EVERY_KIND | KEYS[kind]
    for key in raw:
        if key in known or key not in NotifierTable.model_fields:
            continue
        if kind == "apprise" and key == "url":
            yield Finding((*path, key), "what may be a secret, in the open", _OPEN_URL)
        else:
            cure = f"take it out; {kind} has {', '.join(sorted(KEYS[kind]))}"
            yield Finding((*path, key), f"no key of kind {kind}", cure)


def _pairs(path: Path, raw: Raw) -> Iterator[Finding]:
    for name in _SECRETS:
        yield from exclusive(path, raw, f"{name}_file", f"{name}_env")


def _address(path: Path, raw: Raw, keys: tuple[str, ...]) -> Iterator[Finding]:
    given = [key for key in keys if key in raw]
    if not given:
        yield Finding((*path, keys[0]), "missing", f"add {' or '.join(keys)}")
    if given[1:] and given[0] == "url":
        yield Finding((*path, given[1]), f"{given[1]} beside url", "take one of the two out")


def _pagerduty(path: Path, raw: Raw) -> Iterator[Finding]:
    yield from _address(path, raw, ("routing_key_file", "routing_key_env"))
    token = {"token_file", "token_env"} & raw.keys()
    for key in ("sender", "api_url"):
        if key in raw and not token:
            yield Finding((*path, key), f"{key} without a token", "add token_file or token_env")
    if token and "sender" not in raw:
        cure = "add the mail address of the PagerDuty user in whose name to act"
        yield Finding((*path, "sender"), "missing", cure)


def _slack(path: Path, raw: Raw) -> Iterator[Finding]:
    webhook = {"url_file", "url_env"} & raw.keys()
    token = sorted({"token_file", "token_env"} & raw.keys())
    if webhook and token:
        yield Finding((*path, token[0]), "a token beside a webhook", "take one of the two out")
    elif not webhook and "url" in raw and not token:
        yield Finding((*path, "url"), "what may be a secret, in the open", _OPEN_URL)
    elif not webhook and not token:
        cure = "add url_file with an incoming webhook's address, or token_file with a bot's token"
        yield Finding((*path, "url_file"), "missing", cure)
    if "channel" in raw and webhook:
        yield Finding(
            (*path, "channel"), "a webhook has its own channel", "take it out, or use a token"
        )


def _email(path: Path, raw: Raw) -> Iterator[Finding]:
    for key, cure in (("host", "the mail server's name"), ("sender", "the address it comes from")):
        if key not in raw:
            yield Finding((*path, key), "missing", f"add {cure}")
    password = sorted({"password_file", "password_env"} & raw.keys())
    if password and "username" not in raw:
        yield Finding((*path, "username"), "missing", "add the user whose password it is")
    if "username" in raw and not password:
        yield Finding((*path, "password_file"), "missing", "add password_file or password_env")
    if password and word(raw, "security") == "none":
        cure = 'write "starttls" or "tls"'
        yield Finding((*path, "security"), "a password would go in the clear", cure)
    if "server_name" in table(raw, "tls_config"):
        cure = "write as host the name that the certificate carries"
        yield Finding((*path, "tls_config", "server_name"), "not for mail servers", cure)


def _webhook(path: Path, raw: Raw) -> Iterator[Finding]:
    yield from _address(path, raw, ("url", "url_file", "url_env"))


def _apprise(path: Path, raw: Raw) -> Iterator[Finding]:
    if "url" not in raw:
        yield from _address(path, raw, ("url_file", "url_env"))


_NEEDS = {
    "pagerduty": _pagerduty,
    "slack": _slack,
    "email": _email,
    "webhook": _webhook,
    "apprise": _apprise,
}
