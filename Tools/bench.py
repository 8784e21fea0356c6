"""Measures the vault beside the peer, round by round, and prints the table: see Tools/bench peer.

Each round starts each side once over an empty folder and drives it with the peers' own load, which
compares every byte that comes back. A figure is told, never judged: only failed operations, wrong bytes
and missing events make the exit status 1.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench_figures import above_zero, at_least_one, keep, line_of, machine
from bench_peer_table import PEER, PHASES, Row, of, place, table
from bench_support import Promises, end_by_signals, looked_at_in, tell_broken

TOOLS = Path(__file__).resolve().parent
#: How long a side may take to end, in seconds.
PATIENCE = 30


@dataclass(frozen=True)
class Side:
    """A running service, as the load needs it."""

    adapter: str
    target: str
    pids: list[str]


# MARK: The two sides


@contextmanager
def vault(folder: Path, level: str) -> Iterator[Side]:
    """vaultd over an empty folder; the load counts its launcher and workers too."""
    up = [str(TOOLS / "up"), str(folder), "--validation", level]
    subprocess.run(up, check=True, stdout=subprocess.DEVNULL)
    try:
        pid = (folder / "vaultd.pid").read_text().strip()
        yield Side("adapters:ImageVault", f"unix:{folder}/images.sock", [pid])
    finally:
        subprocess.run([str(TOOLS / "down"), str(folder)], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def peer(peers: Path, folder: Path) -> Iterator[Side]:
    """The peer, over the same file system: its own script writes to `data` beside itself."""
    data = peers / "data"
    if data.is_symlink():
        data.unlink()
    elif data.exists():
        shutil.rmtree(data)
    data.symlink_to(folder)
    command = [str(peers / "run_peer.sh"), PEER, "serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        adapter, target, _, *pids = process.stdout.readline().split() or [""] * 3
        if not pids:
            raise SystemExit(f"bench: {PEER} did not start; see {folder}/{PEER}.log")
        yield Side(adapter, target, pids)
    finally:
        # Its own session: the script, and whatever it started.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE)
        data.unlink()


def drive(options: argparse.Namespace, side: Side, label: str, folder: Path) -> list[Row]:
    """The load's rows; what it says goes to standard error as it comes."""
    out = folder / "load.jsonl"
    command = [sys.executable, str(options.peers / "load/load.py")]
    command += ["--adapter", side.adapter, "--target", side.target, "--label", label]
    command += [f"--pid={pid}" for pid in side.pids]
    command += ["--configs", options.configs, "--phases", ",".join(PHASES)]
    command += ["--seconds", str(options.seconds), "--probe", str(folder), "--out", str(out)]
    # Its own session, so that its clients end with it when this is interrupted.
    process = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)
    try:
        if code := process.wait():
            raise subprocess.CalledProcessError(code, command)
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return [json.loads(line) for line in out.read_text().splitlines()]


def done(rows: list[Row]) -> dict[str, int]:
    """What the load did: each client of each config does everything once before it is measured."""
    return {phase: sum(row["ops"] + row["conc"] for row in of(rows, phase=phase)) for phase in PHASES}


# MARK: The rounds


def measure(options: argparse.Namespace) -> tuple[list[Row], list[str]]:
    """Every row of every round, and what the log got wrong."""
    rows: list[Row] = []
    wrong: list[str] = []
    labels = [f"ours-{level}" for level in options.levels] + ([] if options.only else [PEER])
    for turn in range(options.rounds):
        # Who begins changes, so that a machine which slows down is not always the same side's.
        for label in labels if turn % 2 == 0 else labels[::-1]:
            print(f"round {turn + 1} of {options.rounds}: {label}", file=sys.stderr)
            # A socket's path is short: directly in the folder for the data.
            folder = Path(tempfile.mkdtemp(prefix="bench", dir=options.dir))
            try:
                got, missing = once(options, label, folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            rows += [row | {"round": turn} for row in got]
            wrong += [f"round {turn + 1}, {label}: {words}" for words in missing]
    return rows, wrong


def once(options: argparse.Namespace, label: str, folder: Path) -> tuple[list[Row], list[str]]:
    if label == PEER:
        with peer(options.peers, folder) as side:
            return drive(options, side, label, folder), []
    with vault(folder, label.removeprefix("ours-")) as side:
        promises = Promises(folder)
        rows = drive(options, side, label, folder)
        return rows, promises.broken(done(rows))


# MARK: The command


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="Tools/bench peer", add_help=False, allow_abbrev=False)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--configs", default="200k@16,10m@16")
    parser.add_argument("--rounds", type=at_least_one, default=3)
    parser.add_argument("--seconds", type=above_zero, default=4)
    parser.add_argument("--level", choices=("structure", "decode", "both"), default="structure")
    parser.add_argument("--only", choices=("ours",))
    parser.add_argument("--dir", default=tempfile.gettempdir())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for config in options.configs.split(","):
        if not re.fullmatch(r"(20k|200k|1m|10m|mix)@[1-9][0-9]{0,2}", config):
            parser.error(f"no such config: {config} (200k@16 for example)")
    options.dir = str(Path(options.dir).resolve())
    os.makedirs(options.dir, exist_ok=True)
    options.levels = ["structure", "decode"] if options.level == "both" else [options.level]
    return options


def main() -> int:
    options = arguments()
    end_by_signals()
    workloads = dict.fromkeys(config.partition("@")[0] for config in options.configs.split(","))
    corpus = [sys.executable, str(options.peers / "load/corpus.py"), *workloads]
    try:
        with open(options.peers / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            subprocess.run(corpus, check=True, stdout=sys.stderr)
            rows, wrong = measure(options)
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"bench: {' '.join(error.cmd[:2])} failed with {error.returncode}") from None
    where = machine(options.dir)
    print(f"\n{line_of(where)}; {options.rounds} round(s) of {options.seconds:g} s; "
          f"programs in {os.environ['IMAGEVAULT_BIN']}\n")
    table(options.configs.split(","), options.levels, rows)
    wrong += [
        f"{place(row)}: {row['errors']} failed, the first: {row['first_error']}"
        for row in rows if row.get("errors")
    ]
    if options.json:
        keep({"machine": where, "rows": rows, "wrong": wrong, "looked_at": looked_at_in(rows)}, options.json)
    return tell_broken(wrong, looked_at_in(rows))


if __name__ == "__main__":
    sys.exit(main())
