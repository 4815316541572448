"""Problems: what keeps the screen from being whole."""

from datetime import datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps the screen from being whole: what, why, since when."""

    id: str
    text: SafeText
    since: datetime | None = None
