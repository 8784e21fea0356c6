"""Secrets in every input, and a search of everything that the service ever wrote: see Tools/canary."""

from __future__ import annotations

import argparse
import os
import random
import signal
import time
from pathlib import Path

from bench_support import exercised
from canary_course import live
from canary_leaks import chosen, missed, planted
from canary_life import Life
from canary_places import Table
from canary_search import Search
from canary_vault import CanaryVault, Heard, Nest, Processes
from canary_written import everything

#: Of what is found, so much is printed.
SHOWN = 40


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
        live(Life(vault))
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
    hits, sizes = everything(folder, heard, search, since)
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
    secrets = chosen(nest.all)
    with planted(folder, heard, secrets) as on_purpose:
        blind = missed(on_purpose, everything(folder, heard, Search(nest.word.encode(), secrets), since)[0])
    for leak in blind:
        say(f"BLIND to a leak that was made on purpose: {leak}")
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
    return exercised(options, "ivc", exercise)


if __name__ == "__main__":
    raise SystemExit(main())
