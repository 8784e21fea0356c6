"""Secrets in every input, and a search of everything that the service ever wrote: see Tools/canary."""

from __future__ import annotations

import argparse
import base64
import gzip
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from canary_life import Life, new_files
from canary_places import Place, Table
from canary_search import Hit, Search
from canary_vault import CanaryVault, Heard, Nest, Processes

#: Of what is found, so much is printed.
SHOWN = 40


def everything(vault: CanaryVault, heard: Heard, search: Search, since: float) -> tuple[list[Hit], Counter[Place]]:
    """All hits, and how many bytes were searched of each place."""
    hits: list[Hit] = []
    sizes: Counter[Place] = Counter()
    for place, where, content in heard.said:
        sizes[place] += len(content)
        hits += search.hits(content, place, where)
    folder = vault.folder
    for place, path in (
        (Place.STATE, folder / "state"),
        (Place.EXPORTS, folder / "exports"),
        (Place.KEYS, folder / "keys"),
        (Place.TEMPORARY, folder / "tmp"),
        (Place.ANCHOR, folder / "anchor"),
        (Place.CORES, folder / "cwd"),
    ):
        sizes[place] += sum(
            file.stat().st_size for file in path.rglob("*") if file.is_file() and file.suffix != ".profraw"
        )
        hits += search.folder(path, place)
    for name in ("vaultd.log", "vaultd.yaml", "policy.yaml", "audit.pub"):
        place = Place.OUTPUT if name == "vaultd.log" else Place.AROUND
        content = (folder / name).read_bytes()
        sizes[place] += len(content)
        hits += search.hits(content, place, name)
    for path in new_files(since, folder):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        sizes[Place.TEMPORARY] += len(content)
        hits += search.hits(content, Place.TEMPORARY, str(path))
    return hits, sizes


def planted(vault: CanaryVault, nest: Nest) -> list[tuple[Place, Path, str]]:
    """Leaks on purpose, each of another kind: the place, the file, and the form that has to be told."""
    folder = vault.folder
    secret = next(one for one in nest.all if one.rule == "secret" and one.input == "a passphrase").value
    pixels = next(one for one in nest.all if one.rule == "pixels").value
    catalog = max(
        (path for path in (folder / "state").iterdir() if path.is_file()), key=lambda path: path.stat().st_size
    )
    made = [
        (Place.STATE, catalog, "base64", b"\0\0" + base64.b64encode(b"?" + secret)),
        (Place.STATE, folder / "state" / "leak", "raw", b"head" + pixels + b"tail"),
        (
            Place.OUTPUT,
            folder / "vaultd.log",
            "json, all",
            "".join(f"\\u{byte:04x}" for byte in secret).encode(),
        ),
        (Place.CORES, folder / "cwd" / "core", "utf-16le", secret.decode().encode("utf-16-le")),
        (Place.TEMPORARY, folder / "tmp" / "spool", "raw", gzip.compress(b"a" * 99 + secret)),
    ]
    for _, path, _, content in made:
        with open(path, "ab") as file:
            file.write(content)
    return [(place, path, form) for place, path, form, _ in made]


def missed(search: Search, leaks: list[tuple[Place, Path, str]]) -> list[str]:
    """Leaks on purpose that were not found, or were thought to be in order."""
    table = Table()
    blind = []
    for place, path, form in leaks:
        hits = [hit for hit in search.hits(path.read_bytes(), place, path.name) if not table.allows(hit.rule, hit.place)]
        if not any(hit.form.startswith(form) for hit in hits):
            blind.append(f"{path}, {form}")
    return blind


def exercise(options: argparse.Namespace, folder: Path) -> int:
    begun = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {text}", flush=True)

    nest, heard, since = Nest(options.seed), Heard(), time.time()
    processes = Processes(heard)
    processes.start()
    vault = CanaryVault(folder, nest, heard)
    say("a vault that writes down all it can")
    try:
        Life(vault).live()
    finally:
        vault.end(signal.SIGKILL)
        processes.over.set()
        processes.join()
    watched = ", ".join(f"{name} × {count}" for name, count in sorted(processes.names.items()))
    say(
        f"{len(nest.all)} secrets were put in; processes looked at: {watched}; {processes.unreadable:,} times one was "
        "not ours to read"
    )
    search, table = Search(nest.word.encode(), nest.all), Table()
    hits, sizes = everything(vault, heard, search, since)
    leaks = [hit for hit in hits if not table.allows(hit.rule, hit.place)]
    for hit in leaks[:SHOWN]:
        say(f"LEAK, seed {options.seed}: {hit}")
    if len(leaks) > SHOWN:
        say(f"  and {len(leaks) - SHOWN:,} more")
    for row in table.rows:
        print(f"  allowed: {', '.join(row.rules)} in {', '.join(row.places)}: {row.reason} ({table.seen[row]:,} times)")
    unseen = [row for row in table.rows if not table.seen[row]]
    for row in unseen:
        say(f"NEVER SEEN, so either the table or this tool is wrong: {', '.join(row.rules)} in {', '.join(row.places)}")
    on_purpose = planted(vault, nest)
    blind = missed(search, on_purpose)
    for line in blind:
        say(f"BLIND to a leak that was made on purpose: {line}")
    searched = ", ".join(f"{place} {size / 1000:,.0f} kB" for place, size in sorted(sizes.items()))
    print(f"searched: {searched}")
    print(
        f"canary: {len(nest.all)} secrets of {len({one.rule for one in nest.all})} kinds, {len(leaks)} leaks, "
        f"{len(unseen)} rows never seen, {len(on_purpose) - len(blind)} of {len(on_purpose)} leaks on purpose found; "
        f"{time.monotonic() - begun:.0f} s, seed {options.seed}",
        flush=True,
    )
    return 1 if leaks or unseen or blind else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="Tools/canary", description=(__doc__ or "").split(":")[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A short name: the paths of sockets have to be short.
    folder = Path(tempfile.mkdtemp(prefix="ivc", dir=options.dir)).resolve()
    status = 2
    try:
        os.chdir(folder)
        status = exercise(options, folder)
        return status
    finally:
        if options.keep or status:
            print(f"kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
