"""Relations inside a server's settings: what excludes what, and secrets written in the open."""

import re
from collections.abc import Iterator

from opsdash.config.finding import Finding, Raw, table
from opsdash.config.lines import Path

_RESERVED = {
    "authorization": "use the table authorization or basic_auth",
    "host": "put the host into the address",
    "accept-encoding": "take it out; opsdash asks for plain answers",
    "connection": "take it out",
    "content-encoding": "take it out",
    "content-length": "take it out",
    "content-type": "take it out",
    "keep-alive": "take it out",
    "proxy-authenticate": "take it out",
    "proxy-authorization": "take it out",
    "transfer-encoding": "take it out",
    "user-agent": "take it out",
    "www-authenticate": "take it out",
}
_SECRET_NAME = re.compile(r"key|token|secret|passw|auth|cookie|credential", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def check_servers(raw: Raw) -> Iterator[Finding]:
    """Yield what is wrong among the servers' settings, and whether any server is named at all."""
    named = [key for key in ("prometheus", "alertmanager") if key in raw]
    if "simulation" in raw:
        for key in named:
            yield Finding((key,), "a server beside [simulation]", "take one of the two out")
    elif not named:
        yield Finding((), "nothing to watch", 'add [prometheus] with url = "http://HOST:9090"')
    for key in named:
        yield from check_server((key,), table(raw, key))
    urls = table(raw, "alertmanager").get("urls")
    texts = (
        [url.rstrip("/") if isinstance(url, str) else "" for url in urls or ()]
        if isinstance(urls, list)
        else []
    )
    for index, url in enumerate(texts):
        if url and url in texts[:index]:
            yield Finding(("alertmanager", "urls", index), "the same address twice", "take one out")


def check_server(path: Path, raw: Raw) -> Iterator[Finding]:
    """Yield what contradicts in the settings of one server, written at `path`."""
    if "basic_auth" in raw and "authorization" in raw:
        yield Finding((*path, "authorization"), "authorization beside basic_auth", "take one out")
    yield from _basic_auth((*path, "basic_auth"), raw)
    yield from _authorization((*path, "authorization"), raw)
    tls = table(raw, "tls_config")
    for one, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if one in tls and other not in tls:
            yield Finding((*path, "tls_config", one), f"{one} without {other}", f"add {other}")
    headers = table(raw, "http_headers")
    for name, header in headers.items():
        same = [other for other in headers if other.lower() == name.lower()]
        if name != same[0]:
            yield Finding(
                (*path, "http_headers", name), f"the same header as {same[0]}", "take one out"
            )
        yield from _header((*path, "http_headers", name), name, header)


def _basic_auth(path: Path, raw: Raw) -> Iterator[Finding]:
    auth = raw.get("basic_auth")
    if not isinstance(auth, dict):
        return
    yield from exclusive(path, auth, "username", "username_file")
    yield from exclusive(path, auth, "password_file", "password_env")
    if not auth.keys() & {"username", "username_file"}:
        yield Finding((*path, "username"), "missing", "add username or username_file")


def _authorization(path: Path, raw: Raw) -> Iterator[Finding]:
    auth = raw.get("authorization")
    if not isinstance(auth, dict):
        return
    yield from exclusive(path, auth, "credentials_file", "credentials_env")
    if not auth.keys() & {"credentials_file", "credentials_env", "credentials"}:
        yield Finding(
            (*path, "credentials_file"), "missing", "add credentials_file or credentials_env"
        )
    kind = auth.get("type")
    if isinstance(kind, str) and kind.strip().lower() == "basic":
        yield Finding((*path, "type"), "found 'Basic'", "use the table basic_auth")
    elif isinstance(kind, str) and not _HEADER_NAME.fullmatch(kind):
        yield Finding((*path, "type"), "not one word", 'write one word, as "Bearer"')


def exclusive(path: Path, raw: Raw, one: str, other: str) -> Iterator[Finding]:
    """Yield that two keys stand together of which only one may."""
    if one in raw and other in raw:
        yield Finding((*path, other), f"{other} beside {one}", "take one of the two out")


def _header(path: Path, name: str, header: object) -> Iterator[Finding]:
    if not _HEADER_NAME.fullmatch(name):
        yield Finding(path, "not a header's name", 'write one as "X-Scope-OrgID"')
    elif name.lower() in _RESERVED:
        yield Finding(path, "a header that opsdash sets itself", _RESERVED[name.lower()])
    elif isinstance(header, dict):
        if not any(header.get(key) for key in ("values", "files", "envs")):
            yield Finding(path, "a header without a value", "add values, files or envs")
        if "values" in header and _SECRET_NAME.search(name):
            yield Finding(
                (*path, "values"), "what looks like a secret, in the open", "use files or envs"
            )
        for index, value in (
            enumerate(header.get("values") or ()) if isinstance(header.get("values"), list) else ()
        ):
            if isinstance(value, str) and not re.fullmatch(r"[\x20-\x7e]+", value):
                yield Finding((*path, "values", index), "not plain text", "write ASCII on one line")
