"""How long an erasure takes: `Tools/bench erase`.

A vault of its own gets images of about 200 KB. Then, in one run, images are deleted one after the other, in an
idle vault and while somebody reads the whole log over and over, as an export does. Measured are the answer to
DELETE, and how long after the request the receipt is at level 1, as the one who deletes sees it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from pathlib import Path
from typing import Any

from bench_figures import at_least_one
from bench_support import PATIENCE, BenchVault, Door, Promises, daemon, noise, run

#: Seconds between two looks at a receipt: less than what is measured, and little of it.
LOOK = 0.002
#: Seconds between a receipt at level 1 and the next deletion: nobody deletes in step with the purges.
PAUSES = (0.0, 0.013, 0.037, 0.061)


def export(path: Path, stop: Any, begun: Any, events_read: Any) -> None:
    """Reads the log from its beginning to its end, and again, a thousand events at a time."""
    door, after = Door(path), 0
    while not stop.is_set():
        page = door.told("GET", f"/v1/events?limit=1000&after={after}")
        events_read.value += len(page["events"])
        begun.set()
        full = len(page["events"]) == 1000 and page["next"] is not None
        after = page["next"] if full else 0


def stored(door: Door, content: bytes) -> str:
    """An image, which is there as it was sent before it is erased."""
    image = door.put(content, "a.png")
    if door.ask("GET", f"/v1/images/{image}") != (200, content):
        raise SystemExit(f"bench: image {image} is not what was sent")
    return image


def erase(door: Door, image: str) -> tuple[float, float]:
    """Milliseconds to the answer, and to level 1."""
    begun = time.perf_counter()
    receipt = door.told("DELETE", f"/v1/images/{image}")["receipt"]
    answered = time.perf_counter()
    while door.told("GET", f"/v1/receipts/{receipt}")["level"] < 1:
        if time.perf_counter() > begun + PATIENCE:
            raise SystemExit(f"bench: receipt {receipt} does not rise")
        time.sleep(LOOK)
    return (answered - begun) * 1000, (time.perf_counter() - begun) * 1000


def erasures(door: Door, images: list[str]) -> dict[str, Any]:
    answers, purges = [], []
    for number, image in enumerate(images):
        answer, purge = erase(door, image)
        answers.append(answer)
        purges.append(purge)
        time.sleep(PAUSES[number % len(PAUSES)])
    return {"l0_ms": figures(answers), "l1_ms": figures(purges)}


def figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median": statistics.median(ordered),
        "p95": ordered[len(ordered) * 95 // 100],
        "most": ordered[-1],
    }


def measure(vault: BenchVault, options: argparse.Namespace) -> dict[str, Any]:
    rounds = []
    with daemon(vault.folder):
        door, promises = Door(vault.path("images")), Promises(vault.folder)
        for number in range(options.rounds):
            images = [
                stored(door, noise(450, 450, options.images * number + one)) for one in range(options.images)
            ]
            half = len(images) // 2
            one = {"idle": erasures(door, images[:half])}
            stop, begun, events_read = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Value("q", 0)
            reader = multiprocessing.Process(
                target=export, args=(vault.path("audit"), stop, begun, events_read), daemon=True
            )
            reader.start()
            if not begun.wait(PATIENCE):
                raise SystemExit("bench: the export does not begin")
            since, first = time.perf_counter(), events_read.value
            one["export"] = erasures(door, images[half:])
            one["export"]["events_per_second"] = (events_read.value - first) / (time.perf_counter() - since)
            if not reader.is_alive():
                raise SystemExit("bench: the export ended before the deletions")
            stop.set()
            reader.join()
            rounds.append(one)
        images = options.images * options.rounds
        wrong = promises.broken({"put": images, "get": images, "delete": images})
    looked_at = [*promises.looked_at("at the end"), "Each image was read before its erasure, and every byte compared."]
    return {
        "what": "erase", "images_a_round": options.images, "rounds": rounds, "wrong": wrong, "looked_at": looked_at,
    }


def show(told: dict[str, Any]) -> None:
    rounds = told["rounds"]
    print(f"{told['images_a_round']} images a round, medians of {len(rounds)}; milliseconds")
    print(f"{'':22} {'median':>8} {'p95':>8} {'most':>8}")
    bars = {"l0_ms": 20, "l1_ms": 100}
    for phase in ("idle", "export"):
        for level, bar in bars.items():
            names = ("median", "p95", "most")
            values = [statistics.median(one[phase][level][name] for one in rounds) for name in names]
            what = f"{phase}, {'answer' if level == 'l0_ms' else 'level 1'}"
            missed = "" if values[0] <= bar else "  MISSES ITS BAR"
            print(f"{what:22} " + " ".join(f"{value:8.1f}" for value in values) + missed)
    rate = statistics.median(one["export"]["events_per_second"] for one in rounds)
    print(f"the export read about {rate:,.0f} events a second meanwhile")


def main() -> None:
    parser = argparse.ArgumentParser(prog="Tools/bench erase", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--images", type=at_least_one, default=200, help="deleted in each round")
    parser.add_argument("--rounds", type=at_least_one, default=3)
    run(parser, lambda folder, options: measure(BenchVault(folder), options), show)


if __name__ == "__main__":
    main()
