"""`[oncall]`: who tells the week and where to, and every mistake in it with its cure."""

from datetime import time
from pathlib import Path

import pytest

from opsdash.config.build import plan_of
from opsdash.config.problem import ConfigError
from opsdash.config.reading import parse
from opsdash.plan import PublishPlan

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
