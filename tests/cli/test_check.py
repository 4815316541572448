"""`opsdash check`: every line it prints is true, and its exit status says whether all works."""

import re
import sqlite3
from pathlib import Path

import pytest

from opsdash.store.library import weakness
from tests.cli.conftest import Team
from tests.servers import PrometheusServer

WEAKNESS = weakness()


def check(folder: Path, text: str, *arguments: str, **environment: str) -> tuple[int, str]:
    """Return the exit status of a check of this configuration, and all that it printed."""
    done = Team(folder, text).run("check", *arguments, **environment)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.servers
def test_it_names_what_works_and_each_figure_without_a_value(
    tmp_path: Path, prometheus: PrometheusServer
) -> None:
    """A Prometheus without the application: it answers, and every missing figure has a reason."""
    status, said = check(tmp_path, f'[prometheus]\nurl = "{prometheus.url}"\n')
    assert status == 1
    assert re.search(r"^ok +prometheus answers$", said, re.M)
    assert re.search(r"^ok +store /", said, re.M)
    assert re.search(r"^FAIL +prometheus: p95 \(Response p95\): .+", said, re.M)
    assert re.search(
        r"^FAIL +prometheus: success_ratio/denominator \(Success 24h\): .+", said, re.M
    )
    assert "/top" not in said, "nobody wrote that query"
    assert "Traceback" not in said


def test_the_linked_sqlite_is_named_where_it_is_weak(tmp_path: Path) -> None:
    """A library with a known bug is said, with the version that mends it; a sound one is not."""
    _, said = check(tmp_path, "[simulation]\n")
    assert (WEAKNESS is not None) == ("WAL-reset bug" in said)
    assert (WEAKNESS or "") in said
    assert (sqlite3.sqlite_version in said) == (WEAKNESS is not None)


def test_a_store_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """Another program's file: what is wrong, where, and what to do."""
    store = tmp_path / "notes.txt"
    store.write_text("important notes\n" * 100)
    status, said = check(tmp_path, f'[store]\nurl = "sqlite:///{store}"\n[simulation]\n')
    assert status == 1
    assert re.search(rf"^FAIL +{re.escape(str(store))} is damaged or not an opsdash", said, re.M)


def test_every_error_of_a_configuration_is_named_at_once(tmp_path: Path) -> None:
    """File, key, what was found and the cure, one line each; exit 2."""
    status, said = check(tmp_path, 'refresh = "soon"\ncolour = 1\n[prometheus]\nurl = "nowhere"\n')
    assert status == 2
    for key in ("refresh", "colour", "url"):
        assert re.search(rf"opsdash\.toml.*{key}", said), said
    assert said.count("\n") == 3


_REACH = """
[simulation]

[[notifier]]
id = "hook"
kind = "webhook"
url = "http://127.0.0.1:9/hook"

[[person]]
id = "john"
name = "John"
notify = ["hook"]

[[person]]
id = "alex"
name = "Alex"

[[person]]
id = "pm"
name = "Priya"

[[schedule]]
id = "primary"
handoff = "09:00"
weeks = [ { mon = "john", fri = "alex" } ]
"""

_POLICY = """
[[escalation_policy]]
id = "payments"
levels = [
  { name = "On-call engineer", notify = ["schedule:primary"] },
  { name = "PM", notify = ["person:pm"], after = "15m" },
]
"""


def test_a_level_whose_people_no_page_reaches_is_named(tmp_path: Path) -> None:
    """Whoever comes on call later in the fortnight counts, and so does each level of a policy."""
    status, said = check(tmp_path, _REACH + _POLICY)
    assert status == 1
    lines = [line for line in said.splitlines() if "policy payments" in line]
    assert lines == [
        "FAIL  policy payments, level 1 On-call engineer: Alex has nothing to be reached by",
        "FAIL  policy payments, level 2 PM: Priya has nothing to be reached by",
    ]
    reached = _REACH.replace('"Alex"', '"Alex"\nnotify = ["hook"]')
    _, said = check(tmp_path, reached + _POLICY.replace("person:pm", "person:john"))
    assert "ok    policy payments: pages have somewhere to go\n" in said
    # The levels that nobody wrote are nobody's mistake.
    _, said = check(tmp_path, reached)
    assert "ok    policy default: pages have somewhere to go\n" in said


def test_a_fallback_that_a_policy_leaves_out_for_some_alerts_is_named(tmp_path: Path) -> None:
    """Who is reached for critical alerts alone stands in for nobody at a warning; others still may."""
    reached = _REACH.replace('"Alex"', '"Alex"\nnotify = ["hook"]')
    reached = reached.replace('"Priya"', '"Priya"\nnotify = ["hook"]')
    policy = _POLICY.replace('after = "15m"', 'after = "15m", severity = ["critical"]')
    status, said = check(tmp_path, reached + policy + '[paging]\nfallback = ["person:pm"]\n')
    left_out = "paging fallback: Priya is left out for warning alerts by policy payments"
    assert f"FAIL  {left_out}: the next level is paged instead\n" in said
    assert "critical alerts by policy" not in said
    assert status == 1
    both = '[paging]\nfallback = ["person:pm", "schedule:primary"]\n'
    _, said = check(tmp_path, reached + policy + both)
    assert f"ok    {left_out}: others are paged\n" in said, "by the receiver that both have"
    unreached = reached.replace('"John"\nnotify = ["hook"]', '"John"')
    _, said = check(tmp_path, unreached + policy + '[paging]\nfallback = ["person:john"]\n')
    assert "FAIL  paging fallback: John has nothing to be reached by\n" in said


def test_a_configuration_that_pages_nobody_is_told_so(tmp_path: Path) -> None:
    """Without a notifier everything may work, and still nobody is woken."""
    _, said = check(tmp_path, "[simulation]\n")
    assert "ok    no [[notifier]] is configured: alerts are shown, nobody is paged\n" in said
