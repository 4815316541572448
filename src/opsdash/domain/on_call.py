"""Who is on call, as the screen says it."""

from dataclasses import dataclass
from datetime import datetime

from opsdash.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call on a schedule now, and until when."""

    schedule: str
    name: SafeText
    until: datetime
