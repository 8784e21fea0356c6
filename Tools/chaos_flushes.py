"""Whether anybody believes a flush that means nothing: the one after a flush of the same descriptor that failed.

The kernel tells of pages that it could not write only once, and may count them as written afterwards. So the next flush
of the descriptor says nothing about what was to be flushed when one failed, unless all of it was written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos_calls import FLUSHES

#: From a byte, up to another one.
Range = tuple[int, int]


@dataclass
class Descriptor:
    path: str
    #: Written since the last flush that worked.
    written: list[Range] = field(default_factory=list)
    #: What a failed flush should have flushed, and was not written again; None while none failed.
    unsafe: list[Range] | None = None


def without(ranges: Iterable[Range], gone: Range) -> list[Range]:
    """What is left of ranges when one goes."""
    left = []
    for start, end in ranges:
        left += [(start, min(end, gone[0])), (max(start, gone[1]), end)]
    return [(start, end) for start, end in left if start < end]


def believed_again(calls: Iterable[Mapping[str, Any]]) -> list[str]:
    """A line for each flush that means nothing."""
    opened: dict[tuple[int, int], Descriptor] = {}
    lines = []
    for one in calls:
        if one.get("unseen"):
            continue
        place = (one["process"], one["descriptor"])
        if one["call"] == "close" or (place in opened and opened[place].path != one["path"]):
            opened.pop(place, None)
        if one["call"] not in ("write", *FLUSHES):
            continue
        file = opened.setdefault(place, Descriptor(one["path"]))
        if one["call"] == "write":
            if not one.get("error"):
                wrote(file, (one["offset"], one["offset"] + one["bytes"]))
        elif one.get("error"):
            file.unsafe = file.written + (file.unsafe or [])
            file.written = []
        else:
            # A directory has no ranges: nobody can write all of it again.
            if file.unsafe or (file.unsafe is not None and not file.written):
                lines.append(f"{one['call']} of {one['path']} failed, and the same descriptor was flushed again")
            file.written, file.unsafe = [], None
    return lines


def wrote(file: Descriptor, written: Range) -> None:
    file.written.append(written)
    if file.unsafe:
        file.unsafe = without(file.unsafe, written)
