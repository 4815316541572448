"""docs/paging.md says what the program does: its example, its figures, its states."""

import re
from datetime import timedelta
from pathlib import Path

from opsdash.config.notify import PagingTable, WatchdogTable
from opsdash.config.reading import parse
from opsdash.domain.actions import DEFAULT_KEYS
from opsdash.domain.letter import LetterState
from opsdash.domain.routing import FALLBACK_SCHEDULE, PAGE_LABEL
from opsdash.engine import audit, relay
from opsdash.engine.watchdog import MISSING
from opsdash.notifiers.courier import LONGEST_WAIT

PAGE = (Path(__file__).parents[2] / "docs" / "paging.md").read_text()
TEXT = " ".join(PAGE.split())
(EXAMPLE,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_example_works_and_shows_the_defaults() -> None:
    """What people copy is accepted; but for the fallback it changes nothing."""
    setup = parse(EXAMPLE.encode(), Path("/somewhere/opsdash.toml")).setup()
    assert setup.paging.fallback == ("person:tech-lead",)
    plain = PagingTable().setup(setup.paging.notifiers)
    shown = {name: getattr(setup.paging, name) for name in PagingTable.model_fields}
    default = {name: getattr(plain, name) for name in PagingTable.model_fields}
    assert shown | {"fallback": ()} == default
    assert setup.watchdog == WatchdogTable().setup()


def test_every_state_of_a_message_is_explained() -> None:
    """The table has each state of the outbox, and no other."""
    table = PAGE.partition("| state | means |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [*LetterState]


def test_the_figures_are_the_programs() -> None:
    """Pauses, deadlines, names and keys on the page are those in the code."""
    pauses = [relay.FIRST_PAUSE * 2**n for n in range(3)]
    first, second, third = (f"{pause:g} s" for pause in pauses)
    assert f"after {first}, {second}, {third} and so on up to {relay.LONGEST_PAUSE:g} s" in TEXT
    assert f"One try takes {relay.SEND_DEADLINE:g} s at most" in TEXT
    assert timedelta(minutes=5) == LONGEST_WAIT and "up to five minutes" in TEXT
    assert (60.0, timedelta(minutes=1)) == (audit.EVERY, audit.GRACE)
    assert f"`{MISSING}`" in TEXT
    assert f"label `{PAGE_LABEL}`" in TEXT and f"replaced by `{FALLBACK_SCHEDULE}`" in TEXT
    (key,) = re.findall(r"notifications screen \(`(.)`\)", TEXT)
    assert key == DEFAULT_KEYS["notifications"]
