"""docs/rules.md says what the code does: its example loads, its lists of functions are complete."""

import re
import tomllib
from pathlib import Path

from yaml import safe_load

from opsdash.config.models import Config
from opsdash.domain.context import CONTEXT_ANNOTATION, Context, context_of
from opsdash.domain.rules.functions import NAMES, REFUSED
from opsdash.domain.rules.rule import ON_ERROR, ON_NO_DATA, RuleState, Trouble
from opsdash.sources.rule_file import load_rule_files

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text()
WORDS = set(re.findall(r"[A-Za-z0-9_]+", " ".join(re.findall(r"`([^`\n][^`]*)`", PAGE))))


def test_the_examples_work(tmp_path: Path) -> None:
    """The rule file and the configuration of the page are accepted as they stand."""
    (toml,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    yaml, context = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert Config.model_validate(tomllib.loads(toml)).rule_files == ["rules/*.yml"]
    (tmp_path / "r.yml").write_text(yaml)
    ((rule,),) = [group.rules for group in load_rule_files(["r.yml"], tmp_path)]
    assert (rule.name, rule.on_error) == ("HighErrorRate", Trouble.FIRE)
    assert context_of(safe_load(context)["annotations"]) == frozenset(Context)


def test_every_function_is_named() -> None:
    """Each function that works or is refused is on the page."""
    assert set(NAMES) - {"call"} <= WORDS
    assert set(REFUSED) <= WORDS


def test_states_and_policies_are_named() -> None:
    """Each state, policy and annotation is on the page."""
    for word in (*RuleState, *Trouble, ON_ERROR, ON_NO_DATA, CONTEXT_ANNOTATION, *Context):
        assert word == RuleState.WAITING or f"`{word}`" in PAGE, word
