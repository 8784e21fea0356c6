"""The calls that change files, what a call is called in a table, and which of them make a verb's *points*.

A point is one call on one kind of file, by its number among those of that kind: `write catalog.sqlite-wal 3`. Threads
take turns differently from run to run, and so calls are counted by kind and not all together: the third write to that
file is there in every run, whichever thread makes it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

#: By number on x86-64: the name in tables, and what the arguments are. `fd` is a descriptor, `at` a directory's
#: descriptor and a path, `path` a path, `from` and `to` two paths, `out` the descriptor that is written to.
CALLS: dict[int, tuple[str, str]] = {
    1: ("write", "fd"), 18: ("write", "fd"), 20: ("transfer", "fd"), 296: ("transfer", "fd"), 328: ("transfer", "fd"),
    40: ("transfer", "fd"), 275: ("transfer", "out"), 326: ("transfer", "out"),
    74: ("fsync", "fd"), 75: ("fdatasync", "fd"), 277: ("fdatasync", "fd"), 306: ("fsync", "fd"),
    2: ("create", "path"), 85: ("create", "path"), 257: ("create", "at"), 437: ("create", "at"),
    76: ("truncate", "path"), 77: ("truncate", "fd"), 285: ("allocate", "fd"),
    82: ("rename", "paths"), 264: ("rename", "ats"), 316: ("rename", "ats"),
    86: ("link", "paths"), 265: ("link", "ats"), 88: ("link", "to"), 266: ("link", "to at"),
    87: ("unlink", "path"), 263: ("unlink", "at"), 84: ("unlink", "path"),
    83: ("mkdir", "path"), 258: ("mkdir", "at"), 133: ("mkdir", "path"), 259: ("mkdir", "at"),
    90: ("chmod", "path"), 91: ("chmod", "fd"), 268: ("chmod", "at"),
    92: ("chown", "path"), 93: ("chown", "fd"), 260: ("chown", "at"),
}  # fmt: skip
CLOSE = 3
FLUSHES = ("fsync", "fdatasync")
#: Kinds of files that are directories.
FOLDERS = (".", "blobs", "blobs/XX", "cases", "anchors")
#: What the directory of the anchor and the list of erasures is called; names of files in it begin like it.
OUTSIDE = "anchors"
#: Calls that change files behind the back of who counts calls.
UNSEEN = {425: "io_uring_setup", 26: "msync", 162: "sync"}
#: Calls on whose n-th an error is given, and not only a kill.
FAILING = (*FLUSHES, "write", "transfer", "rename", "unlink", "create", "truncate", "allocate", "link", "mkdir")
#: Those for which there can be no room; the others fail with EIO only.
NEEDS_ROOM = (*FLUSHES, "write", "transfer", "rename", "create", "allocate", "link", "mkdir")
ERRORS = ("EIO", "ENOSPC", "EDQUOT")
#: The flush fails with EIO, and what it should have flushed is gone (chaos_undo).
LOSES = "loses"


class Kind(NamedTuple):
    """A call and the file that it is about."""

    call: str
    file: str

    def __str__(self) -> str:
        return f"{self.call} {self.file}"

    @property
    def is_outside(self) -> bool:
        """Whether it is about the anchor, or what lies beside it."""
        return self.file.startswith("anchor")


class Point(NamedTuple):
    """The `nth` call of a kind, from 1."""

    kind: Kind
    nth: int

    def __str__(self) -> str:
        return f"{self.kind} {self.nth}"


class Fault(NamedTuple):
    """What happens at a point: `kill` before the call, `torn` after half of a write, `loses`, else an error's name."""

    point: Point
    what: str

    def __str__(self) -> str:
        return f"{self.what} at {self.point}"


def file_kind(path: str, state: str | None, outside: str | None = None) -> str | None:
    """What a file below the state directory, or that of the anchor, is called in tables; None for others.

    Random names have one for all.
    """
    path = path.removesuffix(" (deleted)")
    if outside and path == outside:
        return OUTSIDE
    if outside and path.startswith(outside + "/"):
        return path[len(outside) + 1 :]
    if path == state:
        return "."
    if not state or not path.startswith(state + "/"):
        return None
    name = path[len(state) + 1 :]
    if re.fullmatch(r"blobs/[0-9a-f]{2}", name):
        return "blobs/XX"
    if re.fullmatch(r"blobs/[0-9a-f]{2}/[0-9a-f]{30}", name):
        return "blob"
    name = re.sub(r"\.dat\.nosync.*", ".dat", re.sub(r"(?<=\.part-)[0-9a-z]+", "ID", name))
    return re.sub(r"[0-9a-f]{32,}|(?<=-snapshot-)[0-9a-z]+", "ID", name)


def calls_of(trace: Path) -> list[dict[str, Any]]:
    """What a trace has, a call a line; the last line may be cut."""
    lines = trace.read_text().splitlines() if trace.exists() else []
    found = []
    for number, line in enumerate(lines):
        try:
            found.append(json.loads(line))
        except ValueError:
            if number + 1 < len(lines):
                raise
    return found


def counted(calls: Iterable[Mapping[str, Any]]) -> Counter[Kind]:
    """How often there was which kind from the moment on at which points count."""
    return Counter(Kind(one["call"], one["file"]) for one in calls if one["nth"])


def points(runs: Iterable[Counter[Kind]]) -> list[Point]:
    """Every point that there was in any of some runs of the same verb, in the order of kinds.

    Of what lies outside of the state directory, the first of each kind, if there was one in each run: the daemon looks
    there once a second and makes the same calls, and how often it finds something new is the clock's to say.
    """
    runs = list(runs)
    most: Counter[Kind] = Counter()
    for run in runs:
        most |= run
    for kind in [kind for kind in most if kind.is_outside]:
        most[kind] = min(1, *(run[kind] for run in runs))
    return [Point(kind, nth) for kind in sorted(most) for nth in range(1, most[kind] + 1)]


def kills(found: Iterable[Point]) -> list[Fault]:
    """A kill before each call, and one in the middle of each write."""
    faults = []
    for point in found:
        faults.append(Fault(point, "kill"))
        if point.kind.call == "write":
            faults.append(Fault(point, "torn"))
    return faults


def errors(found: Iterable[Point]) -> list[Fault]:
    """Each error that a call may end with, for each point, and for each flush of a file that it loses what it had."""
    faults = []
    for point in found:
        if point.kind.call in FAILING:
            faults += [Fault(point, error) for error in (ERRORS if point.kind.call in NEEDS_ROOM else ERRORS[:1])]
        if point.kind.call in FLUSHES and point.kind.file not in FOLDERS:
            faults.append(Fault(point, LOSES))
    return faults
