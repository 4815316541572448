"""`[oncall]` and schedules kept elsewhere: what they come to, and every mistake with its cure."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from opsdash.config.build import plan_of
from opsdash.config.problem import ConfigError
from opsdash.config.reading import parse
from opsdash.plan import FileRef, Plan, PublishPlan, SecretRef

BASE = """
[simulation]

[[notifier]]
id = "chat"
kind = "slack"
token_file = "slack.token"

[[notifier]]
id = "hook"
kind = "slack"
url_file = "slack.url"

[[notifier]]
id = "post"
kind = "webhook"
url = "http://127.0.0.1/"
"""


def problems(text: str) -> list[str]:
    """What is wrong with a configuration, line by line."""
    with pytest.raises(ConfigError) as caught:
        parse((BASE + text).encode(), Path("/x/opsdash.toml"))
    return [str(problem) for problem in caught.value.problems]


def test_what_is_written_is_what_is_planned() -> None:
    """The notifier, the channel and the hour; none of it by default."""
    text = '[oncall]\npublish = "chat"\nchannel = "#rota"\nat = "07:30"\n'
    config = parse((BASE + text).encode(), Path("/x/opsdash.toml"))
    plan = plan_of(config, Path("/x/opsdash.toml"))
    assert plan.publish == PublishPlan("chat", "#rota", time(7, 30))
    bare = parse(BASE.encode(), Path("/x/opsdash.toml"))
    assert plan_of(bare, Path("/x/opsdash.toml")).publish == PublishPlan()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('publish = "chta"', "no [[notifier]] has the id 'chta'; did you mean"),
        ('publish = "post"', "'post' is of kind webhook; name a notifier of kind slack"),
        ('publish = "hook"\nchannel = "#x"', "a webhook has its own channel; take it out"),
        ('publish = "chat"\nat = "9"', 'write a time of day as "09:00"'),
    ],
)
def test_each_mistake_is_named_with_its_cure(text: str, words: str) -> None:
    """File, line, key and what to do."""
    (problem,) = problems(f"[oncall]\n{text}\n")
    assert "opsdash.toml:" in problem
    assert words in problem.replace(": ", "; ") or words in problem


READER = """
[[notifier]]
id = "pd"
kind = "pagerduty"
routing_key_file = "pd.key"
token_file = "pd.token"
sender = "john@example.com"
"""
SECOND = READER.replace('"pd"', '"pd2"')


def planned(text: str) -> Plan:
    """What a configuration comes to."""
    config = parse((BASE + text).encode(), Path("/x/opsdash.toml"))
    return plan_of(config, Path("/x/opsdash.toml"))


def test_a_schedule_at_pagerduty_is_read_by_the_notifier_with_a_token() -> None:
    """Its layer and what is read have the same key; its own weeks lie below it."""
    text = (
        '[oncall]\nrefresh = "2m"\n[[person]]\nid = "john"\nname = "John"\n[[schedule]]\nid = "p"\n'
    )
    rota = 'handoff = "09:00"\nweeks = [ { mon = "john" } ]\n'
    plan = planned(text + f'pagerduty = "PI7DH85"\n{rota}' + READER)
    (feed,) = plan.feeds
    assert (feed.notifier, feed.remote, feed.every) == ("pd", "PI7DH85", timedelta(minutes=2))
    (schedule,) = plan.setup.schedules
    assert [layer.feed for layer in schedule.every_layer] == ["", feed.key]
    assert schedule.weeks == ({"mon": "john"},)


def test_one_calendar_in_two_schedules_is_read_once_for_each_zone() -> None:
    """Times without a zone mean another moment in another."""
    one = '[[schedule]]\nid = "a"\nical = "https://x/a.ics?k=1"\n'
    text = one + one.replace('"a"', '"b"') + one.replace('"a"', '"c"\ntimezone = "Asia/Tokyo"')
    plan = planned(text)
    assert [feed.timezone for feed in plan.feeds] == ["UTC", "Asia/Tokyo"]
    assert {feed.http.url for feed in plan.feeds} == {"https://x/a.ics?k=1"}


def test_a_subscription_is_taken_and_a_secret_address_is_nowhere_in_the_plan() -> None:
    """`webcal` is fetched by https; a private address is only named by its file."""
    plan = planned(
        '[[schedule]]\nid = "a"\nical = "webcal://x/a.ics"\n'
        '[[schedule]]\nid = "b"\nlayers = [ { ical_url_file = "b.url" } ]\nical_url_env = "B"\n'
    )
    assert [feed.http.url for feed in plan.feeds] == ["https://x/a.ics", "", ""]
    refs = [feed.url for feed in plan.feeds]
    assert refs[1:] == [SecretRef(env="B"), SecretRef(FileRef("b.url", "/x"))]
    assert len({feed.key for feed in plan.feeds}) == 3


def test_calendars_are_reached_as_oncall_says_and_pagerduty_as_its_notifier_does() -> None:
    """An authority of one's own, a proxy; who checks no certificate is named on every screen."""
    text = (
        '[oncall]\nproxy_url = "http://proxy:3128"\n'
        '[oncall.tls_config]\nca_file = "ca.pem"\ninsecure_skip_verify = true\n'
        '[[schedule]]\nid = "a"\nical = "https://x/a.ics"\n'
    )
    plan = planned(text)
    (feed,) = plan.feeds
    assert (feed.http.proxy_url, feed.http.tls.ca_file) == (
        "http://proxy:3128",
        FileRef("ca.pem", "/x"),
    )
    assert "oncall" in plan.setup.unverified
    (problem,) = problems('[oncall.tls_config]\ncert_file = "c.pem"\n')
    assert "cert_file without key_file" in problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('pagerduty = "PI7DH85"', "no PagerDuty notifier has a token"),
        ('pagerduty = "PI7DH85"\n' + READER + SECOND, "add pagerduty_notifier, one of pd, pd2"),
        (
            'pagerduty = "PI7DH85"\npagerduty_notifier = "dp"\n' + READER,
            "no PagerDuty notifier 'dp' has a token",
        ),
        ('pagerduty = "primary"\n' + READER, 'as "PI7DH85"'),
        ('pagerduty_notifier = "pd"\nical = "https://x/"\n' + READER, "no schedule to read"),
        ('ical = "https://x/"\nical_url_file = "x"', "ical_url_file beside ical"),
        ('ical = "ftp://x/"', "write an address"),
        ('ical = "https://user:pw@x/"', "take user and password out of the address"),
        ('handoff = "09:00"', "schedule[0].weeks: missing"),
        ("layers = [ { } ]", "it needs either weeks or a calendar"),
        ('layers = [ { calendar = "a.ics", ical = "https://x/" } ]', "it needs either weeks"),
    ],
)
def test_each_mistake_in_what_is_kept_elsewhere_is_named(text: str, words: str) -> None:
    """File, key and cure; no address is printed."""
    found = "\n".join(problems(f'[[schedule]]\nid = "p"\n{text}\n'))
    assert words in found
    assert "pw@" not in found
