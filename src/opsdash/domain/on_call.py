"""Who is on call, as the screen says it."""

from datetime import datetime

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call on a schedule now, and until when."""

    schedule: str
    name: SafeText
    until: datetime
