"""What a file loses when its flush fails: all that was written to it since the flush before.

A kernel may drop pages that it could not write and read the old ones from the disk again. Where only the flush's result
is changed, the pages are there all the same, and who believes a second flush is not found out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Before(NamedTuple):
    """What was there before a write."""

    offset: int
    content: bytes
    size: int


class Unflushed:
    """By path, what files had where something was written since their last flush."""

    def __init__(self) -> None:
        self.written: dict[str, list[Before]] = {}

    def writes(self, path: str, offset: int, count: int) -> None:
        """To be called before the write."""
        with open(path, "rb") as file:
            content = os.pread(file.fileno(), count, offset)
            size = os.fstat(file.fileno()).st_size
        self.written.setdefault(path, []).append(Before(offset, content, size))

    def is_safe(self, path: str) -> None:
        """It is flushed, or cut: what was there before is of no use any more."""
        self.written.pop(path, None)

    def undo(self, path: str) -> None:
        """The file becomes what it was at its last flush."""
        if not Path(path).is_file():
            return
        with open(path, "r+b") as file:
            for before in reversed(self.written.pop(path, [])):
                os.pwrite(file.fileno(), before.content, before.offset)
                os.ftruncate(file.fileno(), before.size)
