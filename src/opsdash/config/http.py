"""How to reach a server, under the names of Prometheus' `http_config`."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from opsdash.config.fields import (
    BaseUrl,
    Duration,
    EnvName,
    FileName,
    HeaderValue,
    Table,
    Text,
    between,
)
from opsdash.plan import (
    Authorization,
    BasicAuth,
    FileRef,
    Header,
    HttpPlan,
    SecretRef,
    Tls,
)

_TIMEOUT = between(timedelta(milliseconds=100), timedelta(minutes=2), "from 100ms to 2m")


class BasicAuthTable(Table):
    """HTTP basic authentication."""

    username: HeaderValue | None = None
    """The user's name."""
    username_file: FileName | None = None
    """A private file that holds the user's name."""
    password_file: FileName | None = None
    """A private file that holds the password."""
    password_env: EnvName | None = None
    """The environment variable that holds the password."""

    def plan(self, folder: str) -> BasicAuth:
        """Return the same as plain values."""
        return BasicAuth(
            self.username or "",
            secret_ref(self.username_file, None, folder),
            secret_ref(self.password_file, self.password_env, folder),
        )


class AuthorizationTable(Table):
    """The `Authorization` header."""

    type: Text = "Bearer"
    """The word before the credentials."""
    credentials_file: FileName | None = None
    """A private file that holds the credentials."""
    credentials_env: EnvName | None = None
    """The environment variable that holds the credentials."""

    def plan(self, folder: str) -> Authorization | None:
        """Return the same as plain values."""
        secret = secret_ref(self.credentials_file, self.credentials_env, folder)
        return Authorization(secret, self.type) if secret else None


class TlsTable(Table):
    """How TLS is spoken."""

    ca_file: FileName | None = None
    """The authorities that the server's certificate is checked against, in place of the system's."""
    cert_file: FileName | None = None
    """The client's certificate."""
    key_file: FileName | None = None
    """A private file that holds the key of the client's certificate."""
    server_name: HeaderValue | None = None
    """The name that the server's certificate must carry, where it is not the address's."""
    insecure_skip_verify: bool = False
    """Whether to take any certificate at all."""
    min_version: Literal["TLS10", "TLS11", "TLS12", "TLS13"] | None = None
    """The oldest version of TLS to speak."""

    def plan(self, folder: str) -> Tls:
        """Return the same as plain values."""
        return Tls(
            _file(self.ca_file, folder),
            _file(self.cert_file, folder),
            _file(self.key_file, folder),
            self.server_name or "",
            self.insecure_skip_verify,
            self.min_version or "",
        )


class HeaderTable(Table):
    """The values of one header, in any of three places."""

    values: list[HeaderValue] = Field(default_factory=list)
    """Values that are no secret."""
    files: list[FileName] = Field(default_factory=list)
    """Private files that hold one value each."""
    envs: list[EnvName] = Field(default_factory=list)
    """Environment variables that hold one value each."""

    def plan(self, name: str, folder: str) -> Header:
        """Return the same as plain values."""
        secrets = [SecretRef(FileRef(path, folder)) for path in self.files]
        secrets += [SecretRef(env=env) for env in self.envs]
        return Header(name, tuple(self.values), tuple(secrets))


class HttpTable(Table):
    """What servers have in common."""

    basic_auth: BasicAuthTable | None = None
    """User and password."""
    authorization: AuthorizationTable | None = None
    """A bearer token or another kind of credentials."""
    tls_config: TlsTable = Field(default_factory=TlsTable)
    """Certificates and versions."""
    http_headers: dict[str, HeaderTable] = Field(default_factory=dict)
    """Headers sent with every request, by name."""
    proxy_url: BaseUrl | None = None
    """The proxy to go through; the environment's proxies are not used."""
    timeout: Annotated[Duration, _TIMEOUT] = timedelta(seconds=5)
    """How long a whole request may take."""

    def plan(self, url: str, folder: str) -> HttpPlan:
        """Return how to reach `url`; relative files are beside `folder`."""
        return HttpPlan(
            url,
            self.basic_auth.plan(folder) if self.basic_auth else None,
            self.authorization.plan(folder) if self.authorization else None,
            self.tls_config.plan(folder),
            tuple(table.plan(name, folder) for name, table in self.http_headers.items()),
            self.proxy_url or "",
            self.timeout,
        )


class PrometheusTable(HttpTable):
    """The Prometheus, or what speaks its API, that indicators are read from."""

    url: BaseUrl
    """Its address, with its path prefix where it has one."""
    external_url: BaseUrl | None = None
    """The address at which people reach it, for links (Prometheus' `--web.external-url`)."""


class AlertmanagerTable(HttpTable):
    """The Alertmanagers whose alerts are shown as one list."""

    urls: list[BaseUrl] = Field(min_length=1)
    """Their addresses."""


def _file(path: str | None, folder: str) -> FileRef | None:
    return FileRef(path, folder) if path else None


def secret_ref(path: str | None, env: str | None, folder: str) -> SecretRef | None:
    """Return where a secret is that stands in one of two places, None where it is in neither."""
    if path:
        return SecretRef(FileRef(path, folder))
    return SecretRef(env=env) if env else None
