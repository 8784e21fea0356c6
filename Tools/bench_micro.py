"""Each part of the vault alone, beside what this machine can do at most: `Tools/bench micro`.

BenchMicro calls the vault's own modules; Tests/Bench/limits.c calls OpenSSL, libsodium, libmagic, SQLite and the kernel
with nothing around them. The two take turns, and what is told are medians of the rounds. Of the limits the parts of a
PUT and a GET are added up, as the budget of this project does: no program that does these things can use less.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench_client import compiled
from bench_figures import Clock, above_zero, at_least_one, fill_in, keep, line_of, machine
from bench_support import BIN, end_by_signals

SIZES = {"200k": 200_000, "1m": 1_000_000, "10m": 10_000_000}
LIBRARIES = ("-lsodium", "-lcrypto", "-lsqlite3", "-lmagic")
#: A row of the vault's, the limit beside it, and in what words. A limit is for one call, whatever the size.
PAIRS = [
    *((f"{part} {size}", f"{limit} {size}", words) for part, limit, words in (
        ("hash", "hash", "OpenSSL, SHA-256"), ("seal", "seal", "OpenSSL, AES-256-GCM"),
        ("open", "open", "OpenSSL, AES-256-GCM"), ("walk and search", "copy", "memcpy"),
        ("blob written", "file written", "write, fsync, fsync of the directory"), ("blob read", "file read", "pread"),
    ) for size in SIZES),
    ("search 1m", "search 1m", "memchr"),
    ("wrap", "wrap", "libsodium"), ("unwrap", "unwrap", "libsodium"),
    ("catalog read", "row read", "SQLite, one row of one table"),
    *((f"commit {what} @{waiting}", f"commit @{waiting}", "SQLite, one row and two indexes")
      for what in ("event", "put") for waiting in (1, 16, 64)),
    ("isolation at structure", "another process", "a copy into shared memory, woken and answered"),
    ("isolation at decode", "another process", "the same; decoding is the rest"),
]
Costs = dict[str, dict[str, float]]


def parts(ours: Costs, limits: Costs, size: str) -> dict[str, dict[str, float]]:
    """The parts of a PUT and a GET of this size, in nanoseconds of processor time.

    Where both sides have a part, the quicker counts. The walk has no library to stand for it: it is the vault's own. The
    log and the transport are in none: `get+log` adds the two rows that a durable reading leaves.
    """
    def limit(name: str) -> float:
        return min(side[name]["nanoseconds"] for side in (ours, limits) if name in side)

    put = {
        "hash": limit(f"hash {size}"), "sniff": limit("sniff"), "walk and search": limit(f"walk and search {size}"),
        "keys": 2 * limit("wrap") + limit("derive"), "seal": limit(f"seal {size}"),
        "file written": limit(f"file written {size}"), "SQLite": limit("commit @16"),
    }
    get = {
        "row": limit("row read"), "file read": limit(f"file read {size}"),
        "keys": 2 * limit("unwrap") + limit("derive"), "open": limit(f"open {size}"),
    }
    return {"put": put, "get": get, "get+log": get | {"SQLite": 2 * limit("commit @16")}}


def run(*command: str) -> Costs:
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    rows: list[dict[str, Any]] = json.loads(told[told.index(b"["):])
    return {row["name"]: row for row in rows}


def median(rounds: list[Costs]) -> Costs:
    """Of each figure, whether time or rate."""
    return {
        name: {
            field: statistics.median(one[name][field] for one in rounds)
            for field in ("bytes", "nanoseconds", "rate") if one_has(rounds, name, field)
        }
        for name in rounds[0]
    }


def one_has(rounds: list[Costs], name: str, field: str) -> bool:
    return all(one[name].get(field) is not None for one in rounds)


def measured(options: argparse.Namespace, clock: Clock) -> dict[str, Any]:
    """Both sides in turns, and the parts of a request."""
    limits_program = compiled("limits", *LIBRARIES)
    ours: list[Costs] = []
    limits: list[Costs] = []
    # A round takes about this long: each row its time, and the making of what it needs.
    round_seconds = 80 * options.seconds + 10
    for turn in range(options.rounds):
        if turn and not clock.allows(f"round {turn + 1}", round_seconds):
            continue
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr, flush=True)
        folder = Path(tempfile.mkdtemp(prefix="ivm", dir=options.dir))
        try:
            command = [str(BIN / "BenchMicro"), str(BIN / "vaultinspect"), str(folder), str(options.seconds)]
            ours.append(run(*command))
            limits.append(run(str(limits_program), str(folder), str(options.seconds)))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    own, most = median(ours), median(limits)
    return {
        "rounds": len(ours), "ours": own, "limits": most,
        "parts": {size: parts(own, most, size) for size in SIZES},
    }


# MARK: What a reader sees


def line(name: str, limit: str, words: str, told: dict[str, Any]) -> str:
    mine, most = told["ours"][name], told["limits"][limit]
    times = mine["nanoseconds"] / most["nanoseconds"]
    text = f"{name:24} {micro(mine)} {micro(most)} {times:8.2f} ×"
    if "rate" in mine and "rate" in most:
        text += f"  {mine['rate']:9,.0f}/s {most['rate']:9,.0f}/s {mine['rate'] / most['rate']:6.2f}"
    elif mine["bytes"]:
        text += f"  {speed(mine):>11} {speed(most):>11}"
        text += " " * 7
    else:
        text += " " * 32
    return f"{text}  {words}"


def micro(row: dict[str, float]) -> str:
    return f"{row['nanoseconds'] / 1000:12,.2f}"


def speed(row: dict[str, float]) -> str:
    return f"{row['bytes'] / row['nanoseconds'] * 1000:,.0f} MB/s" if row["bytes"] else ""


def show(told: dict[str, Any]) -> None:
    print(f"{'':24} {'ours, µs':>12} {'limit, µs':>12} {'':>10}  {'ours':>11} {'limit':>11}  of the limit by")
    for pair in PAIRS:
        print(line(*pair, told))
    print("\nThe parts of a request, µs of processor time, each as cheap as it can be:")
    for size, kinds in told["parts"].items():
        for kind, costs in kinds.items():
            each = ", ".join(f"{name} {cost / 1000:,.1f}" for name, cost in costs.items())
            print(f"{kind.upper():7} {size:5} {sum(costs.values()) / 1000:9,.1f}: {each}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="Tools/bench micro", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="one round of a twentieth of a second a row")
    parser.add_argument("--rounds", type=at_least_one, help="3 by default")
    parser.add_argument("--seconds", type=above_zero, help="of each row of each round (0.5)")
    parser.add_argument("--minutes", type=above_zero, default=10, help="a round that would begin later is left out")
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"), help="a folder on the disk to measure")
    parser.add_argument("--json", help="every figure, such as Tools/bench-results/micro.json")
    options = parser.parse_args()
    fill_in(options, rounds=1 if options.quick else 3, seconds=0.05 if options.quick else 0.5)
    end_by_signals()
    told = {"what": "micro", "machine": machine(options.dir)} | measured(options, Clock(options.minutes))
    print(f"\n{line_of(told['machine'])}\nmedians of {told['rounds']} round(s) of {options.seconds:g} s a row\n")
    show(told)
    if options.json:
        keep(told, options.json)


if __name__ == "__main__":
    main()
