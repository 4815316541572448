"""Spans of time in the shortest form a person reads at a glance: `58s`, `1m12s`, `3h02m`, `2d04h`."""

from datetime import timedelta


def format_span(length: timedelta) -> str:
    """Return `length` in at most two units; negative lengths count as zero, below a second is `0s`."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds}s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes}m{seconds:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02d}h"
