"""What the log costs and how fast it answers: `Tools/bench audit`.

Overhead: two loads drive a daemon as it is and one that was built to leave no event, in turns: the peers' own in Python,
which takes a share of the machine itself, and the client in C of the other benches, beside which nothing hides what an
event costs. Archive: a log of many events is exported whole, checked offline, and asked who read an image, each by the
programs that an auditor has.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from bench import done, drive, vault
from bench_client import index_of
from bench_figures import above_zero, at_least_one, fill_in, keep, machine, refuse_ignored
from bench_peer_table import PHASES, of
from bench_service import corpora, parsed, phases_of
from bench_support import BIN, BenchVault, Door, Promises, daemon, end_after, end_by_signals, synchronous, tell_broken

#: Of the readings that LogWriter makes up.
IMAGES, SPREAD = 50_000, 2_654_435_761
#: What `vaultctl audit readers` asks for.
READINGS = "read.begun,read.unchanged,metadata.read"
#: What drives the daemons.
C, PYTHON = "load.c", "load.py"
#: What each part takes where it is not said.
USUAL: dict[str, dict[str, Any]] = {
    "overhead": {"configs": "200k@64", "rounds": 3, "seconds": 4.0},
    "archive": {"export": 1_000_000, "events": 10_000_000, "seed": 1},
}
#: What each part looks at.
LOOKED_AT = {
    "overhead": (
        "With events each put and get is in the log, once; without, the daemon left none of them.",
        "Every byte of each get that was measured was compared with what was stored.",
        synchronous("of each daemon after its load"),
    ),
    "archive": (
        "The export as lines has as many lines as the log has events, and vaultverify accepted the bundle.",
        "Of each image that was asked for, the log told as many readings as were made up, or one fewer.",
        synchronous("after the export"),
    ),
}


# MARK: Overhead


@contextmanager
def programs(folder: Path, vaultd: Path) -> Iterator[None]:
    """The programs as they are, but for this vaultd."""
    bin = folder / "bin"
    bin.mkdir()
    # Copies: a daemon looks for its worker where its own file is.
    for program in (BIN / "vaultctl", BIN / "vaultinspect", BIN / "vaultverify", vaultd):
        shutil.copy(program, bin / program.name)
    before = os.environ.copy()
    # The one without events serves nobody who does not say this.
    os.environ.update(IMAGEVAULT_BIN=str(bin), IMAGEVAULT_BENCH_WITHOUT_EVENTS="1")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def once(options: argparse.Namespace, vaultd: Path, label: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of both loads, and which promises did not hold; of one without events, that it left none."""
    folder = Path(tempfile.mkdtemp(prefix="iva", dir=options.dir))
    try:
        # Made by a daemon that leaves events: a keyring opens with that of the vault's making.
        with vault(folder, "structure"):
            pass
        with programs(folder, vaultd), vault(folder, "structure") as side:
            promises = Promises(folder)
            rows = [row | {"client": PYTHON} for row in drive(options, side, label, folder)]
            did = Counter(done(rows))
            for name, clients in options.parsed:
                driven = phases_of(side, "vault", index_of(options.peers, name, folder), clients, PHASES, options.seconds)
                did.update({phase: sum(row["ops"] for row in of(driven, phase=phase)) for phase in PHASES})
                rows += [row | {"client": C, "workload": name, "conc": clients} for row in driven if not row.get("warm")]
            return rows, promises.broken(did if label == "with" else {})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def overhead(options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[str]]:
    """For each workload, phase and load: rates with and without events, the share that events cost, and processor time;
    and which promises did not hold."""
    sides = {"with": BIN / "vaultd", "without": options.without}
    rows: dict[str, list[dict[str, Any]]] = {label: [] for label in sides}
    wrong: list[str] = []
    for turn in range(options.rounds):
        for label in sorted(sides, reverse=turn % 2 == 0):
            print(f"round {turn + 1} of {options.rounds}: {label} events", file=sys.stderr)
            found, broken = once(options, sides[label], label)
            rows[label] += found
            wrong += [f"round {turn + 1}, {label} events: {words}" for words in broken]
    told = []
    for (name, clients), phase, client in product(options.parsed, PHASES, (C, PYTHON)):
        wanted = {"workload": name, "conc": clients, "phase": phase, "client": client}
        both = {label: of(rows[label], **wanted) for label in sides}
        failed = sum(row["errors"] for found in both.values() for row in found)
        if failed:
            raise SystemExit(f"bench: {failed} operations of {phase} {name}@{clients} failed")
        told.append({"config": f"{name}@{clients}", "phase": phase, "client": client} | cost_of(both))
    return told, wrong


def cost_of(both: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Of the rows with events and without."""
    rates = {label: [row["ops_s"] for row in found] for label, found in both.items()}
    return rates | {
        "cost": [1 - one / other for one, other in zip(rates["with"], rates["without"], strict=True)],
        "cpu_ms": {label: [row["server_cpu_ms_op"] for row in found] for label, found in both.items()},
        "others_cpu": max(row["others_cpu"] for found in both.values() for row in found),
    }


# MARK: Archive


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def grow(vault: BenchVault, size: int) -> float:
    """Seconds until the log has so many events."""
    command = [str(BIN / "LogWriter"), f"{vault.folder}/state", f"{vault.folder}/root.key", str(size)]
    return timed(lambda: subprocess.run(command, check=True))[0]


def run(*command: str) -> bytes:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def export(vault: BenchVault, size: int) -> dict[str, Any]:
    """A whole log taken away, as a bundle and as lines for another system, and checked without the vault."""
    audit, bundle = f"{vault.folder}/audit.sock", f"{vault.folder}/log.bundle"
    taking = [str(BIN / "vaultctl"), "audit", "export", "--to", str(size), "--socket", audit]
    told: dict[str, Any] = {"events": size}
    told["bundle_s"], _ = timed(lambda: run(*taking, "--output", bundle))
    told["bundle_mb"] = os.stat(bundle).st_size / 1e6
    told["jsonl_s"], _ = timed(lambda: run(*taking, "--format", "jsonl", "--output", f"{vault.folder}/log.jsonl"))
    key = f"{vault.folder}/state/audit.pub"
    with open(f"{vault.folder}/log.jsonl", "rb") as lines:
        told["exported"] = sum(1 for _ in lines)
    told["verify_s"], _ = timed(lambda: run(str(BIN / "vaultverify"), "bundle", bundle, "--key", key))
    told["verified_per_second"] = size / told["verify_s"]
    return told


def image(reading: int) -> str:
    """The image of LogWriter's reading of this number."""
    return (reading * SPREAD % IMAGES).to_bytes(4, "little").hex() + "00" * 28


def readers(door: Door, readings: int, seed: int) -> list[float]:
    """Milliseconds in which the log says every reading of one image, for each of two hundred."""
    chance, times = random.Random(seed), []
    for _ in range(200):
        number = chance.randrange(readings)
        wanted = image(number)

        def ask(wanted: str = wanted) -> int:
            found, after = 0, ""
            while True:
                target = f"/v1/events?limit=1000&outcome=done&image={wanted}&action={READINGS}{after}"
                page = door.told("GET", target)
                found += len(page["events"])
                if page["next"] is None:
                    return found
                after = f"&after={page['next']}"

        seconds, found = timed(ask)
        # A reading whose place the daemon's own events have is in none.
        least = -(-(readings - number % IMAGES) // IMAGES) - 1
        if not least <= found <= least + 1:
            raise SystemExit(f"bench: {found} readings of {wanted}, which was read {least + 1} times")
        times.append(seconds * 1000)
    return sorted(times)


def archive(options: argparse.Namespace) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="iva", dir=options.dir))
    told: dict[str, Any] = {"events": options.events}
    try:
        vault = BenchVault(folder)
        print(f"a log of {options.export:,} events", file=sys.stderr)
        grow(vault, options.export)
        with daemon(folder):
            told["export"] = export(vault, options.export)
            told["wrong"] = Promises(folder).unflushed()
        if told["export"]["exported"] != options.export:
            told["wrong"].append(f"{told['export']['exported']} events exported of {options.export}")
        print(f"a log of {options.events:,} events; several minutes for ten million", file=sys.stderr)
        begun = options.export
        seconds = grow(vault, options.events)
        if options.events > begun:
            told["written_per_second"] = (options.events - begun) / seconds
        told["catalog_bytes_per_event"] = os.stat(folder / "state/catalog.sqlite").st_size / options.events
        begun_at = time.perf_counter()
        with daemon(folder):
            told["start_s"] = time.perf_counter() - begun_at
            door = Door(vault.path("audit"))
            # The first time many rows come from the disk, the second time from the system's memory.
            for phase in ("first", "again"):
                times = readers(door, options.events // 2 - 1, options.seed)
                told[f"readers_{phase}_ms"] = {
                    "median": statistics.median(times), "p99": times[197], "most": times[-1],
                }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return told


# MARK: The command


def show(told: dict[str, Any]) -> None:
    for row in told.get("overhead", []):
        cost = statistics.median(row["cost"])
        bar = "" if cost <= 0.15 else "  MISSES ITS BAR"
        cpu = {label: statistics.median(found) for label, found in row["cpu_ms"].items()}
        print(
            f"{row['phase'].upper()} {row['config']}, {row['client']}: {statistics.median(row['with']):,.0f}/s with events, "
            f"{statistics.median(row['without']):,.0f}/s without: {cost:.1%} "
            f"({min(row['cost']):.1%} to {max(row['cost']):.1%}), at most 15 %{bar}; CPU {cpu['with']:.3f} and {cpu['without']:.3f} ms")
    if "archive" not in told:
        return
    archive = told["archive"]
    one = archive["export"]

    def line(words: str, is_met: bool) -> None:
        print(words + ("" if is_met else "  MISSES ITS BAR"))

    print(f"{one['events']:,} events, {one['bundle_mb']:,.0f} MB as a bundle")
    for form in ("bundle", "jsonl"):
        seconds = one[f"{form}_s"]
        line(f"export as {form}: {seconds:.1f} s, at most 20 for 1,000,000", seconds <= one["events"] / 50_000)
    line(
        f"vaultverify: {one['verified_per_second']:,.0f} events/s, at least 300,000",
        one["verified_per_second"] >= 300_000)
    print(f"{archive['events']:,} events, {archive['catalog_bytes_per_event']:,.0f} bytes of catalog each")
    if "written_per_second" in archive:
        print(f"written at {archive['written_per_second']:,.0f} events/s, in whole batches")
    print(f"the daemon answers {archive['start_s']:.1f} s after its start")
    for phase in ("first", "again"):
        times = archive[f"readers_{phase}_ms"]
        line(
            f"the readers of one image, {phase}: median {times['median']:.1f} ms, 99 % within {times['p99']:.1f}, "
            f"most {times['most']:.1f}; at most 50", times["p99"] <= 50)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="Tools/bench audit", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument("--peers", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--without", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=("overhead", "archive"))
    parser.add_argument("--configs", help="of the overhead, workload@clients, comma between (200k@64)")
    parser.add_argument("--rounds", type=at_least_one, help="of the overhead (3)")
    parser.add_argument("--seconds", type=above_zero, help="of each measurement of the overhead (4)")
    parser.add_argument("--export", type=at_least_one, help="events in the log that is exported (1,000,000)")
    parser.add_argument("--events", type=at_least_one, help="events in the log that is asked (10,000,000)")
    parser.add_argument("--seed", type=int, help="of which readings are asked for (1)")
    parser.add_argument("--minutes", type=above_zero, default=60, help="it ends with an error when it takes longer")
    parser.add_argument("--dir", default=os.environ.get("TMPDIR", "/tmp"), help="room for 600 bytes an event")
    parser.add_argument("--json", help="every figure")
    options = parser.parse_args()
    for part, usual in USUAL.items():
        if options.only and options.only != part:
            refuse_ignored(parser, options, f"with --only {options.only}", *usual)
        fill_in(options, **usual)
    options.parsed = parsed(parser, options.configs)
    end_by_signals()
    end_after(options.minutes)
    told: dict[str, Any] = {"what": "audit", "machine": machine(options.dir), "wrong": [], "looked_at": []}
    if options.only != "archive":
        corpora(options.peers, [name for name, _ in options.parsed])
        told["overhead"], told["wrong"] = overhead(options)
        told["looked_at"] += LOOKED_AT["overhead"]
    if options.only != "overhead":
        told["archive"] = archive(options)
        told["wrong"] += told["archive"].pop("wrong")
        told["looked_at"] += LOOKED_AT["archive"]
    show(told)
    if options.json:
        keep(told, options.json)
    return tell_broken(told["wrong"], told["looked_at"])


if __name__ == "__main__":
    sys.exit(main())
