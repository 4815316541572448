"""What is wrong with rule files: every problem at once, each one line with its cure."""

from collections.abc import Sequence

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import clean


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing to mend in a rule file."""

    file: str
    line: int
    what: str
    cure: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return clean(f"{place}: {self.what}; {self.cure}")


class RuleFileError(Exception):
    """Rule files that are refused, with all of their problems in the order of the files."""

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
