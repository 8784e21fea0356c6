"""How far a request is from the speed of light: `Tools/bench light`.

In each round, one after the other: the parts of a PUT and a GET alone (Tools/bench micro), and the whole service over 16
connections at level `structure`. What is told is the server's processor time of a request as a multiple of the sum of
its parts, with its spread over the rounds. HTTP, the log of a reading and the scheduling of the system are in no part:
they are the rest. `get+log` counts the two rows of the log that a reading leaves as parts, too.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
from pathlib import Path
from typing import Any

from bench_figures import Clock, above_zero, at_least_one, fill_in, keep, line_of, machine, ratio
from bench_micro import SIZES, measured
from bench_service import SHARED, corpora, ours
from bench_support import end_by_signals, looked_at_in, tell_broken

CLIENTS = 16


def measure(options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    told: dict[str, Any] = {"what": "light", "machine": machine(options.dir), "rounds": []}
    clock, wrong = Clock(options.minutes), []
    looked_at: list[str] = []
    micro = argparse.Namespace(rounds=1, seconds=options.part_seconds, dir=options.dir)
    for turn in range(options.rounds):
        if turn and not clock.allows(f"round {turn + 1}", 100 * options.part_seconds + 6 * options.seconds + 30):
            continue
        parts = measured(micro, clock)["parts"]
        spent: dict[str, dict[str, float]] = {}
        for size in SIZES:
            rows, missing = ours(options, size, CLIENTS, "structure", SHARED)
            wrong += missing + [row["first_error"] for row in rows if row["errors"]]
            looked_at += looked_at_in(rows)
            spent[size] = {row["phase"]: row["server_cpu_ms_op"] * 1e6 for row in rows}
        told["rounds"].append({"parts": parts, "spent": spent})
    told |= {"left_out": clock.left_out, "ratios": ratios(told["rounds"]), "looked_at": list(dict.fromkeys(looked_at))}
    return told, wrong


def ratios(rounds: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """By size and kind of request."""
    return {
        size: {
            kind: ratio(
                [one["spent"][size][kind.partition("+")[0]] for one in rounds],
                [sum(one["parts"][size][kind].values()) for one in rounds])
            for kind in rounds[0]["parts"][size]
        }
        for size in SIZES
    }


def show(told: dict[str, Any]) -> None:
    print(f"\n{line_of(told['machine'])}; {len(told['rounds'])} round(s), {CLIENTS} connections\n")
    print(f"{'':14} {'spent, µs':>12} {'parts, µs':>12}")
    last = told["rounds"][-1]
    for size, kinds in told["ratios"].items():
        for kind, found in kinds.items():
            spent, parts = last["spent"][size][kind.partition("+")[0]], sum(last["parts"][size][kind].values())
            print(f"{kind.upper():8} {size:5} {spent / 1000:12,.1f} {parts / 1000:12,.1f}  {found['median']:.2f} × "
                  f"({found['least']:.2f}–{found['most']:.2f})")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="Tools/bench light", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument("--peers", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="one round of half a second a phase")
    parser.add_argument("--rounds", type=at_least_one, help="3 by default")
    parser.add_argument("--seconds", type=above_zero, help="of each phase of the service (3)")
    parser.add_argument("--part-seconds", type=above_zero, help="of each part (0.2)")
    parser.add_argument("--minutes", type=above_zero, default=10, help="a round that would begin later is left out")
    parser.add_argument("--dir", default="/tmp", help="where the data lies meanwhile, 5 GB at most")
    parser.add_argument("--json", help="every figure, such as Tools/bench-results/light.json")
    options = parser.parse_args()
    rounds, seconds, part_seconds = (1, 0.5, 0.05) if options.quick else (3, 3.0, 0.2)
    fill_in(options, rounds=rounds, seconds=seconds, part_seconds=part_seconds)
    end_by_signals()
    with open(options.peers / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        corpora(options.peers, list(SIZES))
        told, wrong = measure(options)
    show(told)
    if options.json:
        keep(told | {"wrong": wrong}, options.json)
    return tell_broken(wrong, told["looked_at"])


if __name__ == "__main__":
    sys.exit(main())
