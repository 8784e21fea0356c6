"""The statistics of the benches: times in buckets, ratios with their spread, what a service used, and the machine."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

TICK = os.sysconf("SC_CLK_TCK")
#: Where results are kept: JSON, and plots of it.
RESULTS = Path(__file__).resolve().parent / "bench-results"
#: Buckets of times in which a doubling is divided; Tests/Bench/load.c counts by the same rule.
STEPS = 64
#: Where a tail is told.
QUANTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99, "p999_ms": 0.999}


# MARK: Times in buckets


def bucket(nanoseconds: int) -> int:
    """The bucket of a time: exact below 128 ns, and at most a 64th of the time wide above."""
    shift = max(0, nanoseconds.bit_length() - 7)
    return shift * STEPS + (nanoseconds >> shift)


def bounds(index: int) -> tuple[int, int]:
    """The least time of a bucket, and the least of the next."""
    shift = max(0, index // STEPS - 1)
    least = (index - shift * STEPS) << shift
    return least, least + (1 << shift)


class Times:
    """How many times fell into each bucket. Those of several runs can be added; means of quantiles can not."""

    def __init__(self, buckets: Iterable[Sequence[int]] = ()) -> None:
        self.counts: Counter[int] = Counter()
        for index, count in buckets:
            self.counts[index] += count

    def __add__(self, other: Times) -> Times:
        both = Times()
        both.counts = self.counts + other.counts
        return both

    def __len__(self) -> int:
        return self.counts.total()

    def quantile(self, share: float) -> float:
        """Nanoseconds within which this share of the times lies: the middle of its bucket; NaN of none."""
        left = max(1, math.ceil(share * len(self)))
        for index in sorted(self.counts):
            left -= self.counts[index]
            if left <= 0:
                return sum(bounds(index)) / 2
        return math.nan

    def quantiles_ms(self) -> dict[str, float | None]:
        """None where there is no time."""
        return {name: round(self.quantile(share) / 1e6, 4) if len(self) else None for name, share in QUANTILES.items()}


# MARK: Ratios


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """The median of the rounds' ratios, with the least and the most: what one round cannot tell."""
    pairs = [one / other for one, other in zip(ours, theirs, strict=True) if other > 0]
    if not pairs:
        raise ValueError("no round of both sides")
    return {"median": statistics.median(pairs), "least": min(pairs), "most": max(pairs), "rounds": len(pairs)}


def is_at_most_logarithmic(sizes: Sequence[float], costs: Sequence[float], slack: float = 1.25) -> bool:
    """Whether the cost grows no faster than the logarithm of the size, from the first to the last, with some slack."""
    return costs[-1] / costs[0] <= slack * math.log(sizes[-1]) / math.log(sizes[0])


# MARK: What a service used


def tree(roots: Iterable[int]) -> list[int]:
    """Those processes and everything that they began: launcher and workers, too."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := stat(int(name))):
            children.setdefault(int(fields[1]), []).append(int(name))
    todo, seen = list(roots), []
    while todo:
        seen.append(todo.pop())
        todo += children.get(seen[-1], [])
    return seen


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of the tree, and of those of it that ended and were waited for."""
    return sum(sum(map(int, fields[11:15])) for pid in tree(roots) if (fields := stat(pid))) / TICK


def busy_seconds() -> float:
    """What all processors did but wait."""
    values = [int(value) for value in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(values) - values[3] - values[4]) / TICK


def memory_mb(roots: Iterable[int], field: str = "VmHWM", reset: bool = False) -> float:
    """Resident memory of the tree, its peak by default; `reset` begins a new peak afterwards."""
    total = 0
    for pid in tree(roots):
        try:
            found = re.search(rf"^{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
            total += int(found[1]) if found else 0
            if reset:
                Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            pass
    return total / 1024


# MARK: The machine, and what is kept


def machine(folder: str) -> dict[str, Any]:
    """Where figures come from, so that nobody compares them with another machine's."""

    def told(*command: str) -> str:
        try:
            return subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except OSError:
            return ""

    def found(pattern: str, file: str) -> str:
        match = re.search(pattern, Path(file).read_text(), re.MULTILINE)
        return match[1] if match else "unknown"

    root = RESULTS.parent.parent
    programs = Path(os.environ.get("IMAGEVAULT_BIN", "."))
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cpu": found(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo"),
        "cores": os.cpu_count(),
        "memory_mb": int(found(r"^MemTotal:\s+(\d+)", "/proc/meminfo")) // 1024,
        "kernel": os.uname().release,
        "system": found(r'^PRETTY_NAME="(.+)"', "/etc/os-release"),
        "filesystem": told("findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder) or "unknown",
        "fsync_ms": fsync(folder),
        "load": os.getloadavg()[0],
        "commit": commit(root),
        "program": digest(programs / "vaultd"),
        "build": next((kind for kind in ("release", "debug") if kind in programs.resolve().parts), "unknown"),
        "versions": {
            "swift": told("swift", "--version").partition("\n")[0],
            "vaultd": told(str(programs / "vaultd"), "--version"),
            "openssl": told("openssl", "version"),
            "python": ".".join(map(str, sys.version_info[:3])),
        },
    }


def commit(root: Path) -> str:
    """What is checked out, and whether anything but results was changed since: those that a bench has just written are
    no other sources."""

    def told(*words: str) -> str:
        found = subprocess.run(("git", "-C", str(root), *words), capture_output=True, text=True, check=False)
        return found.stdout.strip() if found.returncode == 0 else "unknown"

    head = told("rev-parse", "--short", "HEAD")
    changed = told("status", "--porcelain", "--untracked-files=no", "--", ":!Tools/bench-results")
    return f"{head}-dirty" if changed and head != "unknown" else head


def digest(program: Path) -> str:
    """Which program it was, whatever is checked out beside it: the beginning of its SHA-256."""
    try:
        with open(program, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError:
        return "unknown"


def fsync(folder: str, times: int = 40) -> dict[str, float]:
    """Milliseconds for a new file of 200 KB to be on the disk, as median and p95."""
    block, found = os.urandom(200_000), []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(times):
            begun = time.perf_counter()
            file.seek(0)
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
            found.append((time.perf_counter() - begun) * 1000)
    found.sort()
    return {"median": round(statistics.median(found), 3), "p95": round(found[times * 95 // 100], 3)}


def line_of(where: dict[str, Any]) -> str:
    """The machine for a reader, in one line."""
    told = f"{where['cpu']}, {where['cores']} cores, Linux {where['kernel']}, {where['filesystem']}, "
    told += f"200 KB on the disk in {where['fsync_ms']['median']:.2f} ms, commit {where['commit']}, {where['at']}"
    return told + ("" if where["build"] == "release" else f"; A BUILD OF KIND {where['build']}: its figures say nothing")


def keep(told: dict[str, Any], file: str | Path) -> None:
    """Writes a result, a row a line; the folder is made where it is missing."""
    path = Path(file)
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, value in told.items():
        rows = ",\n".join(f"  {json.dumps(row)}" for row in value) if isinstance(value, list) else None
        parts.append(f" {json.dumps(name)}: " + (json.dumps(value) if rows is None else f"[\n{rows}\n ]"))
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def refuse_ignored(parser: argparse.ArgumentParser, options: argparse.Namespace, where: str, *names: str) -> None:
    """Ends with an error when one of these was asked for where it would do nothing."""
    for name in names:
        if getattr(options, name) is not None:
            parser.error(f"--{name.replace('_', '-')} does nothing {where}")


def at_least_one(text: str) -> int:
    """A number of things from 1 on, as an option gives it.

    Raises argparse.ArgumentTypeError for 0, less than it, and what is no whole number.
    """
    if not (re.fullmatch("[0-9]+", text) and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 1 on")
    return int(text)


def above_zero(text: str) -> float:
    """An amount, such as of seconds, as an option gives it.

    Raises argparse.ArgumentTypeError for 0, less than it, and what is no finite number.
    """
    with contextlib.suppress(ValueError):
        if math.isfinite(value := float(text)) and value > 0:
            return value
    raise argparse.ArgumentTypeError(f"{text} is no number above 0")


def fill_in(options: argparse.Namespace, **usual: Any) -> None:
    """Gives what was not asked for its usual value; what was asked for stays, a 0 as well."""
    for name, value in usual.items():
        if getattr(options, name) is None:
            setattr(options, name, value)


class Clock:
    """Minutes that a run may take: what does not fit is left out and said, never half measured."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + minutes * 60
        self.left_out: list[str] = []

    def allows(self, what: str, seconds: float = 0) -> bool:
        if time.monotonic() + seconds <= self.end:
            return True
        self.left_out.append(what)
        return False
