"""What the daemon takes of the machine while it is flooded, and the bars for it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

from hostile_watch import taken

#: Bytes that a connection may cost the daemon beside all else, and one that is being sent to: a frame, and its copy on
#: the way out.
A_CONNECTION, A_READER = 72 << 10, 640 << 10
#: MB that the daemon may have beside: uploads in memory twice over, for regions of one size may be free while those of
#: another are taken, the catalog's pages, and what malloc keeps.
BASE = 260.0
#: Threads that may come to those that a quiet daemon has: none has one for itself that asks.
MORE_THREADS = 24
#: What may be left of all that afterwards: MB that malloc keeps, by what was there at the peak, and others by number.
LEFT_SHARE, LEFT_LEAST = 0.2, 160.0
LEFT_THREADS, LEFT_DESCRIPTORS = 8, 16
MB = 1_000_000


@dataclass(frozen=True)
class Load:
    """Of the daemon alone; memory in MB."""

    #: Its share of what it has in common with others (PSS), or all that is resident, where that is not told.
    memory: float
    threads: int
    descriptors: int

    def at_most(self, other: Load) -> Load:
        return Load(*map(max, astuple(self), astuple(other)))


def load(pid: int) -> Load:
    told = taken(pid)
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        memory = next(int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        # It forbids to be looked at, to all but root.
        memory = told.resident
    return Load(memory, told.threads, told.descriptors)


def over_bars(before: Load, peak: Load, after: Load, connections: int, readers: int) -> list[str]:
    """What is more than may be, of one phase."""
    found = []
    bar = BASE + (connections * A_CONNECTION + readers * A_READER) / MB
    if peak.memory > bar:
        found.append(f"{peak.memory:.0f} MB at the peak, of {bar:.0f} that may be")
    if peak.threads > before.threads + MORE_THREADS:
        found.append(f"{peak.threads} threads at the peak, {before.threads} before")
    return found + left_over(before, peak, after)


def left_over(before: Load, peak: Load, after: Load) -> list[str]:
    """What did not come back."""
    found = []
    left = before.memory + max(LEFT_LEAST, LEFT_SHARE * (peak.memory - before.memory))
    if after.memory > left:
        found.append(f"{after.memory:.0f} MB afterwards, of {left:.0f} that may be")
    if after.threads > before.threads + LEFT_THREADS:
        found.append(f"{after.threads} threads afterwards, {before.threads} before")
    if after.descriptors > before.descriptors + LEFT_DESCRIPTORS:
        found.append(f"{after.descriptors} descriptors afterwards, {before.descriptors} before")
    return found
