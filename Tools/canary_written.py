"""Everything that the service wrote and said, place by place, and the search of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from canary_places import Place
from canary_search import Hit, Search
from canary_vault import Heard

#: Folders and files of the vault's own folder.
FOLDERS = {
    "state": Place.STATE,
    "exports": Place.EXPORTS,
    "keys": Place.KEYS,
    "backups": Place.BACKUPS,
    "escrows": Place.ESCROWS,
    "tmp": Place.TEMPORARY,
    "anchor": Place.ANCHOR,
    "cwd": Place.CORES,
}
FILES = {
    "vaultd.log": Place.OUTPUT,
    "vaultd.yaml": Place.AROUND,
    "policy.yaml": Place.AROUND,
    "audit.pub": Place.AROUND,
}
#: The system's folders for what is not meant to stay.
SYSTEM = ("/tmp", "/var/tmp", "/dev/shm", "/var/crash", "/var/lib/systemd/coredump")
#: Seconds that the time of a file may be behind the clock.
BEHIND = 1.0
#: Bytes of a file that are looked at; more than any here has.
LONGEST = 1 << 30


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All below: their names, and what is in them."""
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        yield f"the name of {name}", name.encode()
        # Of programs that were built to measure coverage, and their counters only.
        if path.is_file() and not path.is_symlink() and path.suffix != ".profraw":
            with open(path, "rb") as file:
                yield name, file.read(LONGEST)


def new_files(since: float) -> Iterator[Path]:
    for folder in filter(os.path.isdir, SYSTEM):
        for entry in os.scandir(folder):
            with suppress(OSError):
                if entry.is_file() and entry.stat().st_mtime >= since - BEHIND:
                    yield Path(entry.path)


def written(folder: Path, heard: Heard, since: float) -> Iterator[tuple[Place, str, bytes]]:
    """The place, where in it, and what is there. `folder` is the vault's, `since` when all of this began."""
    yield from heard.said
    for name, place in FOLDERS.items():
        for where, content in files(folder / name):
            yield place, where, content
    for name, place in FILES.items():
        yield place, name, (folder / name).read_bytes()
    for path in new_files(since):
        with suppress(OSError):
            yield Place.TEMPORARY, str(path), path.read_bytes()


def everything(folder: Path, heard: Heard, search: Search, since: float) -> tuple[list[Hit], Counter[Place]]:
    """All hits, and how many bytes were searched of each place."""
    hits: list[Hit] = []
    sizes: Counter[Place] = Counter()
    for place, where, content in written(folder, heard, since):
        sizes[place] += len(content)
        hits += search.hits(content, place, where)
    return hits, sizes
