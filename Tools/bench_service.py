"""The whole service through its real sockets: `Tools/bench service`.

Each configuration has a vault of its own, and one client per number of connections that does, one after the other:
put, get, range (64 KiB of an image), list (a page of 100), delete. Every byte that is read is compared, each operation
is looked for in the log, and the writer's `synchronous` is read back through the door. With --vs the peer is measured
in turn with the vault, round by round, and the ratio is told with its spread.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import PEER, Side, peer, vault
from bench_client import FULL, Client, index_of
from bench_figures import Clock, Times, above_zero, at_least_one, fill_in, keep, line_of, machine, ratio, refuse_ignored
from bench_support import Promises, end_by_signals, looked_at_in, tell_broken

PHASES = ("put", "get", "range", "list", "delete")
#: What the peer can do, too.
SHARED = ("put", "get")
WORKLOADS = ("20k", "200k", "1m", "10m", "mix")
CLIENTS = (1, 16, 64)
#: What DESIGN.md §9 compares: workload, connections, level.
COMPARED = (("200k", 16, "structure"), ("10m", 16, "structure"), ("200k-jpeg", 16, "decode"))
#: Seconds in which a side is warmed up before it is measured.
WARM = 0.3
#: Seconds that a service takes to begin and to end, at most, for --minutes.
AROUND = 6
#: Free bytes from which on data stay until the end of a comparison.
ROOM = 40_000_000_000
Row = dict[str, Any]


# MARK: One side, once


@contextmanager
def place(options: argparse.Namespace) -> Iterator[Path]:
    # A socket's path is short: directly in the folder for the data.
    folder = Path(tempfile.mkdtemp(prefix="ivs", dir=options.dir))
    try:
        yield folder
    finally:
        # ext4 without a journal passes over what was removed minutes ago, one by one, for each new file: what one
        # side removes would be a cost of the next.
        kept = getattr(options, "kept", None)
        if kept is not None and shutil.disk_usage(options.dir).free > ROOM:
            kept.append(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def phases_of(side: Side, kind: str, corpus: Any, clients: int, phases: tuple[str, ...], seconds: float) -> list[Row]:
    """Warmed up, then each phase; the first row is the warming up."""
    pids = [int(pid) for pid in side.pids]
    with Client(side.target.removeprefix("unix:"), kind, corpus, clients) as client:
        warm = [client.measure(phase, WARM, pids) | {"warm": True} for phase in SHARED]
        return warm + [client.measure(phase, seconds, pids) for phase in phases]


def ours(options: argparse.Namespace, name: str, clients: int, level: str, phases: tuple[str, ...]) -> tuple[list[Row], list[str]]:
    """The rows of a new vault, and what was wrong with its durability or its log."""
    with place(options) as folder, vault(folder, level) as side:
        promises = Promises(folder)
        corpus = index_of(options.peers, name, folder)
        rows = phases_of(side, "vault", corpus, clients, phases, options.seconds)
        wrong = promises.broken(done(rows))
    return finished(rows, f"ours-{level}", name, clients), wrong


def theirs(options: argparse.Namespace, name: str, clients: int) -> list[Row]:
    with place(options) as folder, peer(options.peers, folder) as side:
        corpus = index_of(options.peers, name, folder)
        rows = phases_of(side, "peer", corpus, clients, SHARED, options.seconds)
    return finished(rows, PEER, name, clients)


def finished(rows: list[Row], label: str, name: str, clients: int) -> list[Row]:
    return [{"label": label, "workload": name, "conc": clients} | row for row in rows if not row.get("warm")]


def done(rows: list[Row]) -> dict[str, int]:
    """What the client did, warming up too."""
    return {phase: sum(row["ops"] for row in rows if row["phase"] == phase) for phase in PHASES}


# MARK: All of them


def matrix(options: argparse.Namespace, clock: Clock) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    wrong: list[str] = []
    for level in options.levels:
        for name, clients in options.configs:
            what = f"{level} {name}@{clients}"
            if not clock.allows(what, len(PHASES) * options.seconds + AROUND):
                continue
            print(what, file=sys.stderr, flush=True)
            got, missing = ours(options, name, clients, level, PHASES)
            rows += got
            wrong += [f"{what}: {words}" for words in missing]
    return rows, wrong


def versus(options: argparse.Namespace, clock: Clock) -> tuple[list[Row], list[str]]:
    """A round of all that is compared after the other. Who begins changes, so that a machine that slows down, or what
    one side leaves to the disk, is not always the same side's."""
    rows: list[Row] = []
    wrong: list[str] = []
    for turn in range(options.rounds):
        for name, clients, level in options.compared:
            what = f"round {turn + 1} of {options.rounds}: {level} {name}@{clients}"
            if not clock.allows(what, 2 * (len(SHARED) * options.seconds + AROUND)):
                continue
            print(what, file=sys.stderr, flush=True)
            for label in ("ours", PEER) if turn % 2 == 0 else (PEER, "ours"):
                missing: list[str] = []
                if label == PEER:
                    got = [row | {"beside": level} for row in theirs(options, name, clients)]
                else:
                    got, missing = ours(options, name, clients, level, SHARED)
                rows += [row | {"round": turn} for row in got]
                wrong += [f"{what}: {words}" for words in missing]
    return rows, wrong


def ratios(rows: list[Row]) -> list[Row]:
    """For each thing that was compared: the ratio of the rates with its spread, and the medians of both sides."""
    told = []
    kinds = dict.fromkeys((row["workload"], row["conc"], row["label"], row["phase"]) for row in rows if row["label"] != PEER)
    for name, clients, label, phase in kinds:
        level = label.removeprefix("ours-")
        mine = [row for row in rows if (row["workload"], row["conc"], row["label"], row["phase"]) == (name, clients, label, phase)]
        other = [
            row for row in rows
            if (row["workload"], row["conc"], row["label"], row["phase"], row.get("beside")) == (name, clients, PEER, phase, level)
        ]
        one: Row = {"workload": name, "conc": clients, "level": level, "phase": phase}
        one["ratio"] = ratio([row["ops_s"] for row in mine], [row["ops_s"] for row in other])
        for side, found in (("ours", mine), ("peer", other)):
            one[side] = {
                field: statistics.median(row[field] for row in found)
                for field in ("ops_s", "server_cpu_ms_op", "client_cpu_ms_op", "client_share")
            } | {"rss_mb": max(row["rss_mb"] for row in found), "others_cpu": max(row["others_cpu"] for row in found)}
            one[side] |= sum((Times(row["buckets"]) for row in found), Times()).quantiles_ms()
        told.append(one)
    return told


# MARK: What a reader sees


def cell(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def show_rows(rows: list[Row]) -> None:
    print(f"{'level':10} {'workload':>10} {'clients':>7} {'phase':7} {'ops/s':>9} {'MB/s':>8} {'p50 ms':>8} {'p95':>8} "
          f"{'p99':>8} {'p99.9':>8} {'CPU ms':>8} {'RSS MB':>7} {'others':>7}")
    for row in rows:
        full = "  the client was full" if row["client_share"] > FULL else ""
        print(f"{row['label'].removeprefix('ours-'):10} {row['workload']:>10} {row['conc']:>7} {row['phase']:7} "
              f"{cell(row['ops_s']):>9} {cell(row['mb_s']):>8} {cell(row['p50_ms']):>8} {cell(row['p95_ms']):>8} "
              f"{cell(row['p99_ms']):>8} {cell(row['p999_ms']):>8} {row['server_cpu_ms_op']:>8.3f} {row['rss_mb']:>7.0f} "
              f"{row['others_cpu']:>7.0%}{full}")


def show_ratios(told: list[Row]) -> None:
    print(f"\nBeside {PEER}, the median of the rounds' ratios (least–most)")
    for one in told:
        mine, other, spread = one["ours"], one["peer"], one["ratio"]
        full = "; the client was full" if max(mine["client_share"], other["client_share"]) > FULL else ""
        print(f"{one['phase'].upper():4} {one['workload']}@{one['conc']} {one['level']}: {spread['median']:.2f} "
              f"({spread['least']:.2f}–{spread['most']:.2f}), {cell(mine['ops_s'])}/s and {cell(other['ops_s'])}/s, CPU "
              f"{mine['server_cpu_ms_op']:.3f} and {other['server_cpu_ms_op']:.3f} ms, RSS {mine['rss_mb']:.0f} and "
              f"{other['rss_mb']:.0f} MB, others at most {max(mine['others_cpu'], other['others_cpu']):.0%}{full}")


# MARK: The command


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="Tools/bench service", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument("--peers", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="20k and 200k at 1 and 16, half a second a phase")
    parser.add_argument("--configs", help="workload@clients, comma between; all sizes at 1, 16, 64 by default")
    parser.add_argument("--level", choices=("structure", "decode", "both"), help="both by default")
    parser.add_argument("--vs", choices=(PEER,), help="the peer in turn with the vault, and the ratio")
    parser.add_argument("--rounds", type=at_least_one, help="of --vs, at least 5 (5); 2 with --quick")
    parser.add_argument("--seconds", type=above_zero, help="of a phase (2; 3 with --vs)")
    parser.add_argument("--minutes", type=above_zero, default=30, help="what would begin later is left out")
    parser.add_argument("--dir", default=tempfile.gettempdir(), help="where the data lies meanwhile, 5 GB at most; 25 with --vs, if 40 more are free")
    parser.add_argument("--json", help="every figure, such as Tools/bench-results/service.json")
    options = parser.parse_args()
    if options.vs:
        refuse_ignored(parser, options, "with --vs, which compares what is compared", "configs", "level")
    else:
        refuse_ignored(parser, options, "without --vs", "rounds")
    seconds = 0.5 if options.quick else 3 if options.vs else 2
    fill_in(options, rounds=2 if options.quick else 5, seconds=seconds)
    if options.rounds < 5 and not options.quick:
        parser.error("--vs has at least 5 rounds")
    options.levels = [options.level] if options.level in ("structure", "decode") else ["structure", "decode"]
    names, clients = (WORKLOADS[:2], CLIENTS[:2]) if options.quick else (WORKLOADS, CLIENTS)
    options.configs = parsed(parser, options.configs) or [(name, count) for name in names for count in clients]
    options.compared = [one for one in COMPARED if not options.quick or one[0] != "10m"]
    options.dir = str(Path(options.dir).resolve())
    options.kept = [] if options.vs else None
    return options


def parsed(parser: argparse.ArgumentParser, text: str | None) -> list[tuple[str, int]]:
    found = []
    for config in text.split(",") if text is not None else []:
        name, _, clients = config.partition("@")
        if name.removesuffix("-jpeg") not in WORKLOADS or not clients.isdigit() or not 1 <= int(clients) <= 1024:
            parser.error(f"no such config: {config} (200k@16 for example)")
        found.append((name, int(clients)))
    return found


def corpora(peers: Path, names: list[str]) -> None:
    """The peers' images, made the first time."""
    wanted = dict.fromkeys(name.removesuffix("-jpeg") for name in names)
    subprocess.run([sys.executable, str(peers / "load/corpus.py"), *wanted], check=True, stdout=sys.stderr)


def main() -> int:
    options = arguments()
    end_by_signals()
    told: dict[str, Any] = {"what": "versus" if options.vs else "service", "machine": machine(options.dir)}
    with open(options.peers / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        corpora(options.peers, [one[0] for one in (options.compared if options.vs else options.configs)])
        # The making of images, the first time, does not count.
        clock = Clock(options.minutes)
        try:
            rows, wrong = versus(options, clock) if options.vs else matrix(options, clock)
        finally:
            for folder in options.kept or []:
                shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{line_of(told['machine'])}\nphases of {options.seconds:g} s; programs in {os.environ['IMAGEVAULT_BIN']}\n")
    show_rows(rows)
    told |= {"seconds": options.seconds, "rows": rows, "left_out": clock.left_out}
    if options.vs:
        told["ratios"] = ratios(rows)
        show_ratios(told["ratios"])
    wrong += [
        f"{row['label']} {row['workload']}@{row['conc']} {row['phase']}: {row['errors']} failed, the first: {row['first_error']}"
        for row in rows if row["errors"]
    ]
    told |= {"wrong": wrong, "looked_at": looked_at_in(rows)}
    for line in clock.left_out:
        print(f"left out, {options.minutes:g} minutes were over: {line}")
    if options.json:
        keep(told, options.json)
    return tell_broken(wrong, told["looked_at"])


if __name__ == "__main__":
    sys.exit(main())
