"""What a noisy principal costs a quiet one: `Tools/bench fairness`.

A vault of its own knows two principals by their uids. The quiet one asks at a pace, on one connection; the noisy one as
fast as it is answered, on many. Each round measures the quiet one alone and then beside the noisy one, so that both
see the same machine; what counts is the ratio of the two 99th percentiles. Needs root, to be two users.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench_figures import above_zero, at_least_one
from bench_support import PATIENCE, BenchVault, Door, Promises, become, daemon, noise, run, told_by

QUIET, NOISY = 54_001, 54_002
#: The most that the noisy one may add to the quiet one's 99th percentile.
BAR = 1.3
#: What is read.
PHOTO = noise(450, 450, 1)
POLICY = f"""version: 1
principals:
  root: {{users: [root], roles: [admin, backend, auditor]}}
  quiet: {{users: ["{QUIET}"], roles: [backend]}}
  noisy: {{users: ["{NOISY}"], roles: [backend]}}
"""


def ask(door: Door, work: str, image: str, number: int) -> str:
    """Gives the image that was read or stored."""
    if work == "get":
        read(door, image, PHOTO)
        return image
    return door.put(noise(60, 60, number), "a.png")


def read(door: Door, image: str, wanted: bytes) -> None:
    status, content = door.ask("GET", f"/v1/images/{image}")
    if status != 200 or content != wanted:
        raise SystemExit(f"bench: a reading was answered {status}, {len(content)} bytes of {len(wanted)}")


def ask_quietly(path: Path, work: str, image: str, options: argparse.Namespace, told: Any) -> None:
    """Requests at a pace; those that are due while another is answered are not made up for."""
    become(QUIET)
    door, times = Door(path), []
    end = time.perf_counter() + options.seconds
    while (begun := time.perf_counter()) < end:
        number = int(begun * 1e6)
        last = ask(door, work, image, number)
        took = time.perf_counter() - begun
        times.append(took * 1000)
        time.sleep(max(0.0, options.pace / 1000 - took))
    if work == "put":
        read(door, last, noise(60, 60, number))
    told.put(times)


def ask_noisily(path: Path, work: str, image: str, seed: int, stop: Any, count: Any) -> None:
    become(NOISY)
    door, number = Door(path), seed * 10_000_000
    while not stop.is_set():
        ask(door, work, image, number)
        number += 1
        with count.get_lock():
            count.value += 1


def quiet(path: Path, work: str, image: str, options: argparse.Namespace) -> dict[str, float]:
    told: Any = multiprocessing.Queue()
    one = multiprocessing.Process(target=ask_quietly, args=(path, work, image, options, told), daemon=True)
    one.start()
    times = sorted(told_by([one], told)[0])
    return {
        "requests": len(times),
        "p50": statistics.median(times),
        "p99": times[min(len(times) - 1, len(times) * 99 // 100)],
    }


def beside(path: Path, work: str, image: str, options: argparse.Namespace) -> dict[str, float]:
    stop, count = multiprocessing.Event(), multiprocessing.Value("q", 0)
    others = [
        multiprocessing.Process(target=ask_noisily, args=(path, work, image, seed, stop, count), daemon=True)
        for seed in range(options.connections)
    ]
    for one in others:
        one.start()
    give_up = time.monotonic() + PATIENCE
    while count.value < options.connections * 4:
        if time.monotonic() > give_up:
            raise SystemExit("bench: the noisy one is not answered")
        time.sleep(0.05)
    since, first = time.perf_counter(), count.value
    figures = quiet(path, work, image, options)
    figures["noise"] = (count.value - first) / (time.perf_counter() - since)
    ended = sum(not one.is_alive() for one in others)
    stop.set()
    for one in others:
        one.join(PATIENCE)
    figures["noisy_requests"] = count.value
    if ended or not figures["noise"]:
        raise SystemExit(f"bench: {ended} of {len(others)} noisy connections ended before the quiet one was measured")
    return figures


def compared(works: list[str]) -> list[str]:
    """Which bytes were compared."""
    told = ["Every byte of each get was compared with what was stored."] if "get" in works else []
    if "put" in works:
        told.append("Of what was put, the last image of the quiet one in each measurement was read and compared.")
    return told


def measure(vault: BenchVault, options: argparse.Namespace) -> dict[str, Any]:
    if os.geteuid() != 0:
        raise SystemExit("bench: fairness needs root, to be two users")
    policy = vault.folder / "policy.yaml"
    policy.write_text(POLICY)
    vault.folder.chmod(0o755)
    path, rounds = vault.path("images"), []
    with daemon(vault.folder, f"policy_file={policy}", "doors.images.mode=0666"):
        promises, did = Promises(vault.folder), Counter[str](put=1)
        image = Door(path).put(PHOTO, "a.png")
        # Owned by nobody in particular: each principal of the namespace may read it.
        for work in (works := options.works.split(",")):
            for _ in range(options.rounds):
                alone = quiet(path, work, image, options)
                noisy = beside(path, work, image, options)
                did[work] += int(alone["requests"] + noisy["requests"] + noisy["noisy_requests"])
                # Of what it stored, the quiet one reads the last.
                did["get"] += 2 if work == "put" else 0
                rounds.append({"work": work, "alone": alone, "beside": noisy, "ratio": noisy["p99"] / alone["p99"]})
        wrong = promises.broken(did)
    return {
        "what": "fairness", "connections": options.connections, "cores": os.cpu_count(), "rounds": rounds,
        "wrong": wrong, "looked_at": promises.looked_at("at the end") + compared(works),
    }


def show(told: dict[str, Any]) -> None:
    print(f"{told['connections']} noisy connections, {told['cores']} cores; milliseconds, medians of the rounds")
    print(f"{'':6} {'alone p50':>10} {'p99':>8} {'beside p50':>11} {'p99':>8} {'ratio':>7} {'noise/s':>9}")
    for work in dict.fromkeys(one["work"] for one in told["rounds"]):
        mine = [one for one in told["rounds"] if one["work"] == work]

        def middle(side: str, figure: str, of: list[dict[str, Any]] = mine) -> float:
            return statistics.median(one[side][figure] for one in of)

        ratio = statistics.median(one["ratio"] for one in mine)
        print(
            f"{work:6} {middle('alone', 'p50'):10.2f} {middle('alone', 'p99'):8.2f} {middle('beside', 'p50'):11.2f} "
            f"{middle('beside', 'p99'):8.2f} {ratio:7.2f} {middle('beside', 'noise'):9,.0f}"
            + ("" if ratio <= BAR else f"  MISSES ITS BAR, {BAR}")
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="Tools/bench fairness", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--connections", type=at_least_one, default=32, help="of the noisy principal")
    parser.add_argument("--pace", type=float, default=10, help="milliseconds between two requests of the quiet one")
    parser.add_argument("--seconds", type=above_zero, default=10, help="of each measurement")
    parser.add_argument("--rounds", type=at_least_one, default=3)
    parser.add_argument("--works", default="get,put", help="what both ask for: get, put")
    run(parser, lambda folder, options: measure(BenchVault(folder), options), show)


if __name__ == "__main__":
    main()
