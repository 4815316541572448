"""A JSON list of objects cut into its pieces while its bytes arrive, and only where they are new.

Nothing is kept of a list but hashes: of its blocks of bytes, so that one that has not changed is
known without being cut, and of its pieces, so that one that has is read only where it differs. The
key of the hashes is this process' own.
"""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

BLOCK = 96 * 1024
"""Bytes that are compared at once: fewer than malloc asks the kernel for anew each time."""

LONGEST = BLOCK
"""Bytes of one piece beyond which a list is not what is expected: its beginning is in the last block."""

_START = re.compile(rb'\[(\{"[A-Za-z]{1,40}":)(?=\S)')
"""With spaces between, nobody knows where else there are some."""

_START_LENGTH = 64


class Block(NamedTuple):
    """A block of a list: its hash, how many pieces ended up to its end, and what is left of the next."""

    digest: int
    pieces: int
    left: int


class Cut(NamedTuple):
    """A list that was cut: what each piece means, by the hash of its bytes, and its blocks."""

    pieces: Mapping[int, Any] = {}
    blocks: tuple[Block, ...] = ()


class Cutter:
    """Cuts one list. Pieces that were not in `before` are given to whoever asks, as whole objects.

    A list is cut where an object ends and the next begins with the key that the first began with:
    inside of a JSON text that cannot stand, its quotation marks would be escaped. A piece that was
    cut within an object is no JSON, so a list of another kind shows when its pieces are read.
    """

    def __init__(self, before: Cut) -> None:
        self._before = before
        self._head = self._between = self._pending = self._rest = self._last = b""
        self._alike = True
        self._blocks: list[Block] = []
        self.keys: list[int] = []

    def begin(self, start: bytes) -> int | None:
        """Return where the first piece goes on in the first bytes, None where it is another list."""
        found = _START.match(start)
        if found is None:
            return None
        self._head = found[1]
        self._between = b"}," + self._head
        return found.end()

    def add(self, chunk: bytes) -> list[tuple[int, bytes]]:
        """Take bytes and return the new pieces that end in them; raise ValueError for no such list."""
        new: list[tuple[int, bytes]] = []
        self._pending += chunk
        at = 0
        while len(self._pending) - at >= BLOCK:
            new += self._block(self._pending[at : at + BLOCK])
            at += BLOCK
        self._pending = self._pending[at:]
        return new

    def end(self) -> list[tuple[int, bytes]]:
        """Return the last new pieces; raise ValueError where the list does not end."""
        new = self._block(self._pending)
        if self.same:
            return new
        last = self._rest.rstrip()
        if not last.endswith(b"}]"):
            raise ValueError("the list does not end")
        return new + self._new([last[:-2]])

    @property
    def same(self) -> bool:
        """Whether the list, at its end, is the one of before byte for byte."""
        return self._alike and len(self._blocks) == len(self._before.blocks)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the list, none where one piece stood in it twice."""
        return tuple(self._blocks) if len(set(self.keys)) == len(self.keys) else ()

    def _block(self, block: bytes) -> list[tuple[int, bytes]]:
        digest, number, known = hash(block), len(self._blocks), self._before.blocks
        if self._alike:
            if number < len(known) and known[number].digest == digest:
                self._blocks.append(known[number])
                self._last = block
                return []
            self._alike = False
            if number:
                before = known[number - 1]
                self.keys = list(islice(self._before.pieces, before.pieces))
                self._rest = self._last[len(self._last) - before.left :]
        *pieces, self._rest = (self._rest + block).split(self._between)
        new = self._new(pieces)
        if len(self._rest) > LONGEST:
            raise ValueError("an object without end")
        self._blocks.append(Block(digest, len(self.keys), len(self._rest)))
        return new

    def _new(self, pieces: list[bytes]) -> list[tuple[int, bytes]]:
        keys = list(map(hash, pieces))
        self.keys += keys
        known = self._before.pieces
        return [
            (key, self._head + piece + b"}")
            for key, piece in zip(keys, pieces, strict=True)
            if key not in known
        ]


def is_long_enough(start: bytes) -> bool:
    """Whether the first bytes of a list are enough to `begin` with."""
    return len(start) >= _START_LENGTH
