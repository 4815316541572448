"""What is wrong with a configuration: every problem at once, each one line with its cure."""

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import clean


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `key` is its path as in TOML (indexes from 0), empty for the file itself.

    `found` says what was there, `cure` what to write instead; neither ever holds a secret.
    """

    file: str
    key: str
    found: str
    cure: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = self.file
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        key = f"{self.key}: " if self.key else ""
        return clean(f"{place}: {key}{self.found}; {self.cure}", 4000)


class ConfigError(Exception):
    """A configuration that is refused, with all of its problems in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
