"""What every way into opsdash needs before click does: the plan, and errors as one line."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

# Importing typing would cost a status line more than all of its work.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NoReturn

    from opsdash.plan import Plan

NO_CONFIG = """\
opsdash: no configuration found.
  to look around first:        opsdash demo
  for your own Prometheus:     put  [prometheus]  and  url = "http://HOST:9090"  into {place}"""


def load_plan(config: Path | None) -> "Plan":
    """Return the plan of the configuration to use; end with what is wrong where there is none."""
    from opsdash.config import ConfigError, find_config, own_place, validated

    path = find_config(config, os.environ)
    if path is None:
        raise SystemExit(say(NO_CONFIG.format(place=own_place(os.environ))))
    try:
        return validated(path)
    except ConfigError as error:
        raise SystemExit(say(str(error))) from None


def run_plainly(run: Callable[[], object]) -> None:
    """Call `run`; no traceback reaches a person for what is not a bug."""
    from opsdash.domain.text import clean
    from opsdash.store.errors import StoreError

    try:
        run()
    except StoreError as error:
        sys.exit(say(f"opsdash: {clean(error, 1000)}"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)


def refuse(reason: object) -> "NoReturn":
    """End with one line on standard error and exit status 2."""
    from opsdash.domain.text import clean

    raise SystemExit(say(f"opsdash: {clean(reason, 4000)}"))


def say(text: str) -> int:
    """Print a line on standard error; return the exit status that goes with it."""
    print(text, file=sys.stderr)
    return 2
