"""How to reach one server."""

from collections.abc import Mapping
from dataclasses import field

from opsdash.domain.frozen import dataclass
from opsdash.http.credentials import Secret


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How to reach one server, in the words of Prometheus' `http_config`; `timeout` in seconds.

    `url` may carry a path prefix and parameters, which every request then has. `basic_auth` is a
    user, which may be as secret as the password beside it, `authorization` a type (`Bearer`) and
    credentials.
    """

    url: str = field(repr=False)
    headers: Mapping[str, Secret] = field(default_factory=dict)
    basic_auth: tuple[str | Secret, Secret] | None = None
    authorization: tuple[str, Secret] | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    min_version: str | None = None
    proxy_url: str | None = field(default=None, repr=False)
    timeout: float = 5.0
