"""A disk whose power can be cut afterwards: everything written to it, and every flush, is kept in order.

qemu-storage-daemon serves a file through FUSE and logs what is done to it; a loop device makes a disk of that file.
The log's form is the one of the kernel's dm-log-writes: a heading of one sector with the number of entries, then
for each entry a sector that describes it and the data that was written.

What a disk has acknowledged before a flush stays; of what was written after the last flush, any part may be there.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench_support import ENDS_WITH_US

SECTOR = 512
MAGIC, VERSION = 0x6A736677736872, 1
#: Magic, version, number of entries, bytes of a sector.
HEADING = struct.Struct("<QQQI")
#: First sector, number of sectors, flags, bytes of data that are no disk's.
ENTRY = struct.Struct("<QQQQ")
FLUSH, DISCARD = 1, 4
#: Bytes that a disk writes whole or not at all.
ATOM = 4096
#: What the log may grow to; the file has holes.
LOG_BYTES = 64 << 30
#: The heading is written anew with each flush, and never in between: a number of entries that is read after
#: an acknowledged flush counts the flush. The kernel flushes a disk once at a time.
HEADING_INTERVAL = 1 << 30
#: Seconds for the disk to come up.
PATIENCE = 30


class Entry(NamedTuple):
    """One write, discard or flush; `data` is where its bytes lie in the log."""

    start: int
    length: int
    flags: int
    data: int


class WriteLog:
    """The log of a disk, while it grows or afterwards."""

    def __init__(self, path: Path) -> None:
        self.file = open(path, "rb", buffering=0)

    def count(self) -> int:
        """How many entries there are, as of the last flush."""
        while True:
            first, second = (os.pread(self.file.fileno(), HEADING.size, 0) for _ in range(2))
            if first == second:
                break
        if len(first) < HEADING.size:
            return 0
        magic, version, count, sector = HEADING.unpack(first)
        if (magic, version, sector) != (MAGIC, VERSION, SECTOR):
            raise ValueError(f"no log of writes: {first.hex()}")
        return int(count)

    def entries(self) -> list[Entry]:
        found, at = [], SECTOR
        for number in range(self.count()):
            header = os.pread(self.file.fileno(), ENTRY.size, at)
            if len(header) < ENTRY.size:
                raise ValueError(f"the log of writes ends in entry {number}")
            first, sectors, flags, _ = ENTRY.unpack(header)
            found.append(Entry(first * SECTOR, sectors * SECTOR, flags, at + SECTOR))
            at += SECTOR + (0 if flags & DISCARD else sectors * SECTOR)
        return found

    def read(self, at: int, count: int) -> bytes:
        data = os.pread(self.file.fileno(), count, at)
        if len(data) != count:
            raise ValueError(f"the log of writes has no {count} bytes at {at}")
        return data


def last_flush(entries: list[Entry], cut: int, lost: int = 0) -> int:
    """How many of the first `cut` entries are safe: those up to the last flush, or to one that is `lost` before."""
    flushes = [index for index in range(cut) if entries[index].flags & FLUSH]
    return flushes[-1 - lost] + 1 if len(flushes) > lost else 0


class Replay:
    """Makes the disk as cuts leave it. Cuts come in the order of the log, so that what is safe is written once."""

    def __init__(self, base: Path, log: WriteLog, work: Path) -> None:
        self.log, self.entries = log, log.entries()
        self.safe, self.written = work, 0
        copy(base, work)

    def cut(self, cut: int, image: Path, chance: random.Random, lost: int = 0) -> int:
        """Writes the disk after a cut behind `cut` entries, and says how many of them are on it for sure."""
        safe = last_flush(self.entries, cut, lost)
        if safe < self.written:
            raise ValueError("cuts have to come in order")
        with open(self.safe, "r+b") as disk:
            for entry in self.entries[self.written : safe]:
                self._write(disk.fileno(), entry)
        self.written = safe
        copy(self.safe, image)
        if not lost:
            with open(image, "r+b") as disk:
                for entry in self.entries[safe:cut]:
                    self._write_partly(disk.fileno(), entry, chance)
        return safe

    def _write(self, disk: int, entry: Entry) -> None:
        data = bytes(entry.length) if entry.flags & DISCARD else self.log.read(entry.data, entry.length)
        os.pwrite(disk, data, entry.start)

    def _write_partly(self, disk: int, entry: Entry, chance: random.Random) -> None:
        """Whole, not at all, or torn: atoms are kept or not, each by itself."""
        fate = chance.choice(("whole", "none", "torn"))
        if fate == "whole":
            self._write(disk, entry)
        if fate != "torn":
            return
        end = entry.start + entry.length
        edges = [entry.start, *range((entry.start // ATOM + 1) * ATOM, end, ATOM), end]
        for start, stop in zip(edges, edges[1:], strict=False):
            if chance.random() < 0.5:
                data = entry.data + start - entry.start
                self._write(disk, Entry(start, stop - start, entry.flags, data))


def copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)


# MARK: Devices


def missing_here() -> str | None:
    """Why no disk can be made here; nothing where one can."""
    if os.geteuid() != 0:
        return "it takes root, for loop devices and mounts"
    for program in ("qemu-storage-daemon", "mkfs.ext4", "losetup", "mount"):
        if not shutil.which(program):
            return f"there is no {program}"
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse does not open: {error.strerror}"
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "disk.raw"
        formatted(image, 8)
        try:
            with mounted(image, Path(folder) / "mnt"):
                return None
        except Unmountable as error:
            return f"no loop device is mounted: {error}"


class Unmountable(Exception):
    """A file system does not come up."""


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[None]:
    """The image's file system, whose journal is replayed by that. The loop device goes with the mount."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-o", "loop,noatime", image, place], capture_output=True, text=True)
    if done.returncode != 0:
        raise Unmountable(done.stderr.strip())
    try:
        yield
    finally:
        unmount(place)


def formatted(disk: Path, mebibytes: int) -> None:
    """Whole from the beginning: no thread of the kernel writes what is left over, later."""
    with open(disk, "wb") as file:
        file.truncate(mebibytes << 20)
    options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard"
    subprocess.run(["mkfs.ext4", "-q", "-F", "-b", str(ATOM), "-E", options, disk], check=True)


def unmount(place: Path) -> None:
    """What was killed may hold files for a moment."""
    give_up = time.monotonic() + PATIENCE
    while subprocess.run(["umount", place], stderr=subprocess.DEVNULL).returncode != 0:
        if time.monotonic() > give_up:
            subprocess.run(["umount", "--lazy", place], check=True)
            return
        time.sleep(0.1)


@contextmanager
def recorded(folder: Path, place: Path, mebibytes: int) -> Iterator[WriteLog]:
    """A new ext4 at `place`; `base.raw` is how it began, and `log.raw` what was written to it."""
    disk, base, log, export = (folder / name for name in ("disk.raw", "base.raw", "log.raw", "export"))
    formatted(disk, mebibytes)
    copy(disk, base)
    with open(log, "wb") as file:
        file.truncate(LOG_BYTES)
    export.touch()
    server = served(disk, log, export)
    try:
        await_disk(server, export, mebibytes << 20)
        with mounted(export, place):
            yield WriteLog(log)
    finally:
        server.terminate()
        server.wait(PATIENCE)


def served(disk: Path, log: Path, export: Path) -> subprocess.Popen[bytes]:
    """The host's own disk is asked for no flush: it stays on. The server ends with this process."""
    files = [
        option
        for name, path in (("disk", disk), ("log", log))
        for option in ("--blockdev", f"driver=file,node-name={name},filename={path},cache.no-flush=on")
    ]
    logged = f"driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size={SECTOR}"
    return subprocess.Popen(
        [*ENDS_WITH_US, "qemu-storage-daemon", *files]
        + ["--blockdev", f"{logged},log-super-update-interval={HEADING_INTERVAL}"]
        + ["--export", f"type=fuse,id=export,node-name=logged,mountpoint={export},writable=on"],
        start_new_session=True,
    )


def await_disk(server: subprocess.Popen[bytes], export: Path, size: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while export.stat().st_size != size:
        if server.poll() is not None or time.monotonic() > give_up:
            raise SystemExit("powercut: qemu-storage-daemon does not serve the disk")
        time.sleep(0.02)
