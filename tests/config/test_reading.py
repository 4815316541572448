"""Reading opsdash.toml: every problem at once, each with its key, its line and its cure."""

from datetime import timedelta
from pathlib import Path

import pytest

from opsdash.config import ConfigError, load
from tests.config.conftest import MINIMAL, Read, Refuse

FULL = """
title = "Payment App Production"
refresh = "5s"
timezone = "UTC"

[store]
url = "sqlite:////var/lib/opsdash/opsdash.db"

[prometheus]
url = "https://metrics.example.com/prometheus/"
timeout = "4s"
basic_auth = { username = "12345", password_file = "prometheus.password" }
tls_config = { ca_file = "ca.pem", cert_file = "c.pem", key_file = "k.pem", min_version = "TLS12" }
proxy_url = "http://proxy.example.com:3128"

[prometheus.http_headers]
X-Scope-OrgID = { values = ["team-a"] }
X-Api-Key = { files = ["api.key"] }

[alertmanager]
urls = ["http://127.0.0.1:9093", "http://127.0.0.2:9093"]
authorization = { credentials_env = "AM_TOKEN" }

[[pane.performance]]
id = "p95"
title = "Response time (p95)"
query = 'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))'
unit = "seconds"
warn = 0.3
crit = 0.5
compare = "1d"

[[notifier]]
id = "mail"
kind = "email"
host = "smtp.example.com"
sender = "opsdash@example.com"
to = ["ops@example.com"]

[paging]
repeat = "15m"
fallback = ["notifier:mail:boss@example.com"]

[watchdog]
within = "10m"

[heartbeat]
url = "https://beat.example.com/x"
every = "30s"

[[person]]
id = "john"
name = "John"
expertise = ["backend"]
notify = ["mail:john@example.com"]

[[person]]
id = "tech-lead"
name = "Ada"

[[schedule]]
id = "primary"
timezone = "Europe/London"
handoff = "09:00"
weeks = [ { mon = "john", wed = "tech-lead", fri = "john" } ]

[[escalation_policy]]
id = "payments"
levels = [
  { name = "On-call engineer", notify = ["schedule:primary"], after = "0m" },
  { name = "Tech Lead", notify = ["person:tech-lead"], after = "5m", severity = ["critical"] },
]

[keys]
acknowledge = "f2"
"""


def test_a_minimal_configuration_is_one_line(read: Read) -> None:
    """An address is enough: everything else has its default."""
    config = read(MINIMAL)
    assert config.prometheus is not None
    assert config.prometheus.url == "http://127.0.0.1:9090"
    assert config.title == "Payment App Production"


def test_a_full_configuration_is_read(read: Read) -> None:
    """Each table of the design is accepted as it is drawn there."""
    config = read(FULL)
    assert config.alertmanager is not None
    assert config.alertmanager.urls[1] == "http://127.0.0.2:9093"
    assert config.pane.performance[0].crit == 0.5
    assert config.schedule[0].weeks[0].wed == "tech-lead"
    assert config.escalation_policy[0].levels[1].after == timedelta(minutes=5)


def test_all_problems_are_told_at_once_in_the_order_of_the_file(refuse: Refuse) -> None:
    """A wrong value hides no other problem, neither a wrong type nor a broken reference."""
    assert refuse(
        """
refresh = "5 s"
[prometheus]
url = "http://127.0.0.1:9090"
[[pane.performance]]
id = "p95"
title = "p95"
query = 'sum(rate(x[5m])'
unit = "ms"
[[schedule]]
id = "primary"
handoff = "9:00"
weeks = [ { mon = "jon" } ]
[[person]]
id = "john"
"""
    ) == [
        '2: refresh: found \'5 s\'; write a duration as "30s", "5m" or "1h30m"',
        "8: pane.performance[0].query: found 'sum(rate(x[5m])'; close the bracket (",
        "9: pane.performance[0].unit: found 'ms'; "
        "write one of seconds, ratio, percent, bytes, rate, count, up",
        "12: schedule[0].handoff: found '9:00'; write a time of day as \"09:00\"",
        "13: schedule[0].weeks[0].mon: no [[person]] has the id 'jon'; did you mean \"john\"?",
        "14: person[0].name: missing; add it: What the screen calls them",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("titel = 'x'\n", '1: titel: unknown key; did you mean "title"?'),
        ("[[webpage]]\nid = 'x'\n", "1: webpage: unknown key; write one of title, refresh,"),
        ("[stroe]\n", '1: stroe: unknown key; did you mean "store"?'),
        ("[simulation]\nspeeed = 2\n", '2: simulation.speeed: unknown key; did you mean "speed"?'),
        ("'a b' = 1\n", '1: "a b": unknown key'),
        ("title = 5\n", "1: title: found 5; write text in quotes"),
        ("title = ' '\n", "1: title: found ' '; write some text"),
        (f"title = '{'x' * 81}'\n", "write 80 characters at most"),
        ("title = ['x']\n", "1: title: found a list; write text in quotes"),
        ("refresh = 5\n", '1: refresh: found 5; write a duration in quotes, as "30s"'),
        ('refresh = "100ms"\n', "1: refresh: found '100ms'; write a duration from 1s to 1h"),
        (f'refresh = "{"9" * 5000}s"\n', "write a duration in quotes"),
        ('timezone = "europe/london"\n', 'did you mean "Europe/London"?'),
        ('timezone = "../../etc/passwd"\n', "write an IANA time zone"),
        ('timezone = "America"\n', "1: timezone: found 'America'"),
        ('theme = "night-shft"\n', "1: theme: no theme 'night-shft'"),
        ('theme = "../x"\n', "1: theme: no theme '../x'"),
        ("default_indicators = 1\n", "found 1; write true or false"),
        ("pane = 1\n", "1: pane: found 1; write a table"),
        ("person = 1\n", "1: person: found 1; write a list in [ ]"),
        ("person = [1]\n", "1: person[0]: found 1; write a table"),
        ('[store]\nurl = "postgresql://x/y"\n', "2: store.url: not a database that opsdash can"),
        ('[store]\nurl = "sqlite://:memory:"\n', "2: store.url: not a database"),
        ('[store]\nurl = "sqlite:////"\n', "2: store.url: not a database"),
        ('[store]\nurl = "sqlite:////a\\u0000b"\n', "2: store.url: not a database"),
        ('[store]\nurl = "sqlite:////a.db?mode=ro"\n', "2: store.url: not a database"),
        ("[simulation]\nspeed = 0\n", "2: simulation.speed: found 0; write a number above 0"),
        ("[simulation]\nspeed = inf\n", "2: simulation.speed: found inf; write a number"),
        ("[simulation]\nspeed = true\n", "2: simulation.speed: found true; write a number"),
        (f"[simulation]\nseed = {10**30}\n", "2: simulation.seed: found 1000"),
        (f"[simulation]\nseed = 0x{'f' * 5000}\n", "2: simulation.seed: found a huge number"),
    ],
)
def test_a_wrong_value_is_named_with_its_cure(refuse: Refuse, text: str, problem: str) -> None:
    """The line says where, what was found and what to write."""
    if "[simulation]" not in text:
        text += MINIMAL
    found = refuse(text)
    assert any(problem in line for line in found), found


def test_nothing_to_watch_is_refused(refuse: Refuse) -> None:
    """A file without a server would show an empty screen: it says how to name one."""
    cure = 'nothing to watch; add [prometheus] with url = "http://HOST:9090"'
    assert refuse('title = "x"\n') == [f" {cure}"]
    assert refuse("") == [f" {cure}"]
    assert "take one of the two out" in refuse(MINIMAL + "[simulation]\n")[0]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"title = \n", "opsdash.toml:1:9: not TOML; mend it: Invalid value"),
        (b"a = 1\nb = [1,\n", "opsdash.toml:3: not TOML; mend it: Invalid value"),
        (b"a = 1\na = 2\n", "opsdash.toml:2"),
        (b"x = 1\ny = '\xff'\n", "opsdash.toml:2: not UTF-8 text; save it as UTF-8"),
        (b"a = " + b"[" * 5000, "not TOML"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000 + b"\n", "not TOML"),
        (b"a = 1\x00\n", "opsdash.toml:1"),
        (b"#" * (1024 * 1024 + 1), "too large; write 1024 KiB at most"),
    ],
)
def test_what_is_not_toml_is_told_with_line_and_column(
    file: Path, raw: bytes, problem: str
) -> None:
    """A file that cannot be parsed gives one problem and never a traceback."""
    file.write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert len(caught.value.problems) == 1
    text = str(caught.value)
    assert problem in text or "nested too deeply" in text
    assert "\n" not in text


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A missing file, a folder and a name that is none are named with what to do."""
    for path, reason in (
        (tmp_path / "none.toml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (tmp_path / "a\0b", "not a file's name"),
    ):
        with pytest.raises(ConfigError, match=rf"cannot be read: {reason}; name another"):
            load(path)


def test_a_file_that_anybody_can_change_is_refused(file: Path) -> None:
    """Whoever can change it could send the secrets elsewhere."""
    file.write_text(MINIMAL)
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="anybody can change it; run: chmod o-w"):
        load(file)


def test_a_byte_order_mark_and_windows_line_ends_are_read(file: Path) -> None:
    """An editor's habits do not matter, and lines are still counted right."""
    file.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load(file).prometheus is not None
    file.write_bytes(b"\r\n\r\ntitel = 1\r\n" + MINIMAL.encode())
    with pytest.raises(ConfigError, match=r"opsdash\.toml:3: titel"):
        load(file)


def test_hostile_text_is_shown_harmless(refuse: Refuse) -> None:
    """Escapes and line breaks in what was found reach no terminal."""
    found = refuse(MINIMAL + '[keys]\n"\\u001b]52;c;eA==\\u0007\\n" = "a"\n')
    found += refuse(
        MINIMAL
        + '[[person]]\nid = "\\u001b[31m"\nname = "x"\n[[schedule]]\nid = "x"\nhandoff = "09:00"\nweeks = [ { mon = "zz" } ]\n'
    )
    found += refuse('theme = "\\u001b[31mred\\n"\n' + MINIMAL)
    assert all(character >= " " for line in found for character in line)
