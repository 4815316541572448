"""How servers are reached: Prometheus' names, no secret in the open, nothing contradictory."""

from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.config.build import plan_of
from opsdash.plan import (
    Authorization,
    BasicAuth,
    FileRef,
    Header,
    HttpPlan,
    SecretRef,
    Tls,
    key_files,
    secret_refs,
)
from tests.config.conftest import MINIMAL, Read, Refuse
from tests.config.test_reading import FULL

SECRET = "hunter2-do-not-show"


def test_a_plan_says_how_to_reach_each_server(read: Read, file: Path) -> None:
    """What http_config says arrives whole, relative files beside the configuration."""
    plan = plan_of(read(FULL), file)
    folder = str(file.parent)
    assert plan.prometheus == HttpPlan(
        "https://metrics.example.com/prometheus",
        basic_auth=BasicAuth("12345", password=SecretRef(FileRef("prometheus.password", folder))),
        tls=Tls(
            FileRef("ca.pem", folder),
            FileRef("c.pem", folder),
            FileRef("k.pem", folder),
            min_version="TLS12",
        ),
        headers=(
            Header("X-Scope-OrgID", ("team-a",)),
            Header("X-Api-Key", (), (SecretRef(FileRef("api.key", folder)),)),
        ),
        proxy_url="http://proxy.example.com:3128",
        timeout=timedelta(seconds=4),
    )
    assert [server.url for server in plan.alertmanager] == [
        "http://127.0.0.1:9093",
        "http://127.0.0.2:9093",
    ]
    assert plan.alertmanager[0].authorization == Authorization(SecretRef(env="AM_TOKEN"))
    assert key_files(plan) == (FileRef("k.pem", folder),)
    refs = list(secret_refs(plan))
    assert {ref.env for ref in refs} == {"AM_TOKEN", ""}
    assert {ref.file for ref in refs if ref.file} == {
        FileRef(name, folder) for name in ("prometheus.password", "api.key")
    }


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            f'basic_auth = {{ username = "u", password = "{SECRET}" }}',
            "prometheus.basic_auth.password: unknown key; put the secret into a private file "
            "and use password_file or password_env",
        ),
        (
            f'authorization = {{ credentials = "{SECRET}" }}',
            "prometheus.authorization.credentials: unknown key; put the secret into a private "
            "file and use credentials_file or credentials_env",
        ),
        (f'bearer_token = "{SECRET}"', "prometheus.bearer_token: unknown key; put the secret"),
        (
            f'http_headers = {{ X-Api-Key = {{ values = ["{SECRET}"] }} }}',
            "prometheus.http_headers.X-Api-Key.values: what looks like a secret, in the open; "
            "use files or envs",
        ),
        (
            f'http_headers = {{ X-Api-Key = {{ secrets = ["{SECRET}"] }} }}',
            "prometheus.http_headers.X-Api-Key.secrets: unknown key; put the secret into",
        ),
        (f'http_headers = {{ X-Api-Key = "{SECRET}" }}', "write a table"),
        (f'basic_auth = "u:{SECRET}"', "prometheus.basic_auth: not what belongs here"),
        (
            f'basic_auth = {{ username = "u", password_env = "{SECRET}" }}',
            "write the name of an environment variable, not what it holds",
        ),
        (f'proxy_url = "http://u:{SECRET}@proxy"', "take user and password out of the address"),
        (f'tls_config = {{ key_file = ["{SECRET}"] }}', "key_file: not what belongs here"),
    ],
)
def test_a_secret_in_the_open_is_refused_and_not_shown(
    refuse: Refuse, lines: str, problem: str
) -> None:
    """The cure names the file's or the variable's key, and the value is nowhere in the message."""
    found = refuse(MINIMAL + lines + "\n")
    assert any(problem in line for line in found), found
    assert not any(SECRET in line for line in found)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            'basic_auth = { username = "u" }\nauthorization = { credentials_file = "x" }',
            "4: prometheus.authorization: authorization beside basic_auth; take one out",
        ),
        (
            'basic_auth = { username = "u", username_file = "x" }',
            "username_file: username_file beside username; take one of the two out",
        ),
        (
            'basic_auth = { username = "u", password_file = "x", password_env = "X" }',
            "password_env: password_env beside password_file",
        ),
        ("basic_auth = {}", "prometheus.basic_auth.username: missing; add username or"),
        ("authorization = {}", "prometheus.authorization.credentials_file: missing; add"),
        (
            'authorization = { type = "Basic", credentials_file = "x" }',
            "prometheus.authorization.type: found 'Basic'; use the table basic_auth",
        ),
        (
            'authorization = { type = "a b", credentials_file = "x" }',
            "prometheus.authorization.type: not one word",
        ),
        ('tls_config = { cert_file = "x" }', "cert_file without key_file; add key_file"),
        ('tls_config = { key_file = "x" }', "key_file without cert_file; add cert_file"),
        (
            'tls_config = { min_version = "SSL3" }',
            "prometheus.tls_config.min_version: found 'SSL3'; write one of 'TLS10', 'TLS11'",
        ),
        ('timeout = "1h"', "prometheus.timeout: found '1h'; write a duration from 100ms to 2m"),
        ('http_headers = { Host = { values = ["x"] } }', "put the host into the address"),
        (
            'http_headers = { authorization = { files = ["x"] } }',
            "use the table authorization or basic_auth",
        ),
        ('http_headers = { "a b" = { values = ["x"] } }', "not a header's name"),
        (
            'http_headers = { X-A = { values = ["x"] }, x-a = { values = ["y"] } }',
            "prometheus.http_headers.x-a: the same header as X-A; take one out",
        ),
        ("http_headers = { X-A = {} }", "a header without a value; add values, files or envs"),
        ('http_headers = { X-A = { values = ["a\\r\\nb"] } }', "not plain text; write ASCII"),
        ('basic_auth = { username = "u", passwrd_file = "x" }', 'did you mean "password_file"?'),
        ('urls = ["http://x"]', 'prometheus.urls: unknown key; did you mean "url"?'),
    ],
)
def test_what_contradicts_is_refused(refuse: Refuse, lines: str, problem: str) -> None:
    """What Prometheus refuses in an http_config is refused here."""
    found = refuse(MINIMAL + lines + "\n")
    assert any(problem in line for line in found), found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:9090",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://host:99999",
        "http://ho st",
        "http://host\\path",
        "http://user:pw@host",
        "http://@host",
        "http://host/?token=x",
        "http://host/#x",
    ],
)
def test_only_a_plain_web_address_is_one(refuse: Refuse, url: str) -> None:
    """Anything but http and https, and anything with credentials in it, is refused unshown."""
    for table in (
        f"[prometheus]\nurl = '{url}'\n",
        f"[alertmanager]\nurls = ['{url}']\n",
        f"{MINIMAL}proxy_url = '{url}'\n",
    ):
        found = refuse(table)
        assert len(found) == 1
        assert "not what belongs here; " in found[0]


def test_the_same_alertmanager_twice_is_refused(refuse: Refuse) -> None:
    """One server asked twice would count for two."""
    found = refuse('[alertmanager]\nurls = ["http://a:9093", "http://a:9093/"]\n')
    assert found == ["2: alertmanager.urls[1]: the same address twice; take one out"]
    assert refuse("[alertmanager]\nurls = []\n") == [
        "2: alertmanager.urls: not what belongs here; write at least one"
    ]


def test_a_server_whose_certificate_nobody_checks_is_known_by_name(read: Read, file: Path) -> None:
    """Whatever it is, sources and notifiers alike, it is in the setup that screens draw from (F08)."""
    text = """
    [prometheus]
    url = "https://127.0.0.1:9090"
    tls_config = { insecure_skip_verify = true }
    [alertmanager]
    urls = ["https://127.0.0.1:9093"]
    [[notifier]]
    id = "ours"
    kind = "webhook"
    url = "https://127.0.0.1:1"
    tls_config = { insecure_skip_verify = true }
    """
    assert plan_of(read(text), file).setup.unverified == ("prometheus", "ours")
    assert plan_of(read(MINIMAL), file).setup.unverified == ()
