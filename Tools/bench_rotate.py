"""What a rotation costs, and what it does to those who read meanwhile: `Tools/bench rotate`.

A vault of its own gets as many keys as asked for, by uploads. Then, in one run: readings alone, readings while
the keys are rotated at the share of time that operations have by default, readings alone again; and rotations of
an idle vault at the whole time, whose rate is taken from the log's own times.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import struct
import sys
import time
from datetime import datetime

from bench_figures import above_zero, at_least_one
from bench_support import BenchVault, Door, Promises, daemon, grey, noise, run, told_by

UPLOADERS, READERS, PHOTOS = 8, 16, 64


class Vault(BenchVault):
    def rotate(self):
        """Rotates to the end and gives the operation."""
        door = Door(self.path("admin"))
        operation = door.told("POST", "/v1/keys/rotate")["id"]
        state = door.finish(operation)
        if state["state"] != "done":
            sys.exit(f"the rotation ended as {state['state']}: {state['failure']}")
        return operation

    def events(self, operation):
        door, after, found = Door(self.path("audit")), "", []
        size = door.told("GET", "/v1/events?limit=1")["size"]
        after = max(0, size - 20000)
        while True:
            page = door.told("GET", f"/v1/events?limit=1000&after={after}")
            found += [event for event in page["events"] if event.get("operation") == operation]
            if len(page["events"]) < 1000 or page["next"] is None:
                return found
            after = page["next"]


def upload(vault, images):
    door = Door(vault.path("images"))
    for number in images:
        door.put(grey([struct.pack(">Q", number)]), "a.png")


def fill(vault, count):
    """Gives how many images it takes: each has two keys, its blob's and its reference's."""
    images = count // 2
    workers = [
        multiprocessing.Process(target=upload, args=(vault, range(first, images, UPLOADERS)), daemon=True)
        for first in range(UPLOADERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            sys.exit("the vault could not be filled")
    return images


def read(path, photos, seed, stop, out):
    generator, door, times, ids = random.Random(seed), Door(path), [], list(photos)
    while not stop.is_set():
        wanted = generator.choice(ids)
        begun = time.perf_counter()
        status, body = door.ask("GET", f"/v1/images/{wanted}")
        times.append(time.perf_counter() - begun)
        if status != 200 or body != photos[wanted]:
            sys.exit(f"a reading failed: {status}, {len(body)} bytes")
    out.put(times)


def readings(vault, photos, during):
    """Latencies of READERS clients for as long as `during` takes."""
    stop = multiprocessing.Event()
    out: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(
            target=read, args=(vault.path("images"), photos, seed, stop, out), daemon=True
        )
        for seed in range(READERS)
    ]
    for worker in workers:
        worker.start()
    begun = time.perf_counter()
    during()
    seconds = time.perf_counter() - begun
    stop.set()
    times = sorted(one for found in told_by(workers, out) for one in found)
    return {
        "seconds": seconds, "reads": len(times), "per_second": len(times) / seconds,
        "p50_ms": times[len(times) // 2] * 1000, "p99_ms": times[len(times) * 99 // 100] * 1000,
    }


def moment(event):
    return datetime.fromisoformat(event["at"]).timestamp()


def rates(events):
    """Keys a second of making wraps anew, and of opening each once more, by the log's times."""
    start = moment(next(e for e in events if e["action"] == "epoch.promoted"))
    steps = [e for e in events if e["action"] == "operation.advanced"]
    total = max(e["items"] for e in steps)
    wrapped = next(e for e in steps if e["items"] == total)
    rest = steps[steps.index(wrapped) + 1:]
    opening = next(e for e in rest if e["items"] == 0)
    opened = next(e for e in rest[rest.index(opening):] if e["items"] == total)
    return total / (moment(wrapped) - start), total / (moment(opened) - moment(opening))


def main():
    parser = argparse.ArgumentParser(prog="Tools/bench rotate", description=__doc__.split("\n")[0])
    parser.add_argument("--keys", type=at_least_one, default=200_000)
    parser.add_argument("--rounds", type=at_least_one, default=3)
    parser.add_argument("--seconds", type=above_zero, default=8, help="of each measurement of readings alone")
    run(parser, lambda folder, options: measure(Vault(folder), options), show)


def measure(vault, options):
    rounds = []
    with daemon(vault.folder):
        promises, begun = Promises(vault.folder), time.perf_counter()
        images = fill(vault, options.keys - 2 * PHOTOS)
        door = Door(vault.path("images"))
        photos = {door.put(photo, "a.png"): photo for photo in (noise(450, 450, seed) for seed in range(PHOTOS))}
        print(f"filled with {options.keys} keys in {time.perf_counter() - begun:.0f} s", flush=True)
        for _ in range(options.rounds):
            one = {"before": readings(vault, photos, lambda: time.sleep(options.seconds))}
            one["during"] = readings(vault, photos, vault.rotate)
            one["after"] = readings(vault, photos, lambda: time.sleep(options.seconds))
            rounds.append(one)
        reads = sum(found["reads"] for one in rounds for found in one.values())
        wrong = promises.broken({"put": images + len(photos), "get": reads})
    with daemon(vault.folder, "operations.share=100"):
        for one in rounds:
            one["rewraps_per_second"], one["opens_per_second"] = rates(vault.events(vault.rotate()))
        wrong += promises.broken({"put": images + len(photos), "get": reads})
    size = len(next(iter(photos.values())))
    looked_at = [
        *promises.looked_at("after the readings and after the rotations"),
        f"Every byte of each get was compared with what was stored, {PHOTOS} photos; "
        "the images beside them were not read.",
    ]
    return {
        "what": "rotate", "keys": options.keys, "readers": READERS, "photo_bytes": size, "rounds": rounds,
        "wrong": wrong, "looked_at": looked_at,
    }


def show(figures):
    rounds = figures["rounds"]

    def median(*path):
        def value(one):
            for name in path:
                one = one[name]
            return one

        return statistics.median(value(one) for one in rounds)

    print(f"{figures['keys']} keys; {figures['readers']} readers of {figures['photo_bytes']} bytes; medians of "
          f"{len(rounds)}")
    print(f"{'':10} {'reads/s':>9} {'p50 ms':>8} {'p99 ms':>8}")
    for phase in ("before", "during", "after"):
        print(f"{phase:10} {median(phase, 'per_second'):9.0f} {median(phase, 'p50_ms'):8.2f} "
              f"{median(phase, 'p99_ms'):8.2f}")
    ratio = statistics.median(
        one["during"]["p99_ms"] / max(0.001, (one["before"]["p99_ms"] + one["after"]["p99_ms"]) / 2) for one in rounds)
    rate = median("rewraps_per_second")
    for name, value, holds in (
        ("GET p99 during / alone", f"{ratio:.2f}", ratio <= 1.5),
        ("rewraps a second", f"{rate:,.0f}", rate >= 200_000),
    ):
        print(f"{name:24} {value:>10}  {'' if holds else 'MISSES ITS BAR'}")
    print(f"{'opens a second':24} {median('opens_per_second'):>10,.0f}")


if __name__ == "__main__":
    main()
