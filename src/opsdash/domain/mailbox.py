"""Mail addresses: which texts are one, as SMTP takes it."""

import re

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


def is_address(text: str) -> bool:
    """Whether `text` is one plain mail address, in ASCII and without a name or comment."""
    return len(text) <= 254 and bool(_ADDRESS.fullmatch(text))
