"""A cursor that holds on to a row's key while rows come, go and change places."""

from collections.abc import Sequence

_REMEMBERED = 1.0
"""Seconds for which a displaced row may still be what a key press meant."""


class RowCursor:
    """The place of a cursor: a key and its index, and which keys it was pushed off lately."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.index = 0
        self._displaced: list[tuple[str | None, float | None]] = []

    def move(self, keys: Sequence[str], index: int) -> None:
        """Put the cursor on the row nearest to `index`; a person did it."""
        self._displaced.clear()
        self.index = max(0, min(index, len(keys) - 1))
        self.key = keys[self.index] if keys else None

    def follow(self, old: Sequence[str], new: Sequence[str]) -> None:
        """Stay on the same key in `new`; if it is gone, take its nearest neighbour that is left."""
        if self.key is not None and self.index < len(new) and new[self.index] == self.key:
            return
        if self.key is not None and self.key in new:
            self.index = new.index(self.key)
            return
        if old:
            self._displaced.append((self.key, None))
        neighbour = self._neighbour(old, new)
        self.index = new.index(neighbour) if neighbour else min(self.index, max(0, len(new) - 1))
        self.key = new[self.index] if new else None

    def _neighbour(self, old: Sequence[str], new: Sequence[str]) -> str | None:
        left = set(new)
        for distance in range(1, len(old) + 1):
            for index in (self.index + distance, self.index - distance):
                if 0 <= index < len(old) and old[index] in left:
                    return old[index]
        return None

    def painted(self, now: float) -> None:
        """Note that the cursor is drawn where it is, at `now` seconds of the monotonic clock."""
        if self._displaced:
            self._displaced = [
                (key, now if at is None else at)
                for key, at in self._displaced
                if at is None or now - at < _REMEMBERED
            ]

    def key_drawn(self, pressed_at: float, now: float) -> str | None:
        """Return the key that was drawn under the cursor at `pressed_at`, asked for at `now`."""
        for key, painted_at in self._displaced:
            if painted_at is None or (pressed_at < painted_at and now - painted_at < _REMEMBERED):
                return key
        return self.key
