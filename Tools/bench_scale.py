"""What a vault's size costs: `Tools/bench scale`.

A vault grows to 1,000 images, to 10,000 and so on, small ones, because what grows with their number is the catalog, the
log and the folders. At exactly each size: get and list, a rotation of all keys, and a start: how long until the daemon
is open and has given an image, and its memory then. Last come puts, at most as many as there are, or 2,000. What is
asked is how a cost grows, so each is told as a multiple of the one at the smallest size; it may grow as the logarithm
of the number.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench_client import Client, small_images
from bench_figures import Clock, above_zero, at_least_one, is_at_most_logarithmic, line_of, memory_mb
from bench_support import PATIENCE, BenchVault, Door, Promises, launched, run

SMALLEST = 1_000
#: Connections: enough for batches to form.
CLIENTS = 16
#: Seconds of each verb, or puts, before it is measured.
WARM, WARM_PUTS = 0.3, 100
#: Puts that are measured although they are more than there are images: of fewer the processor time says little.
LEAST_PUTS = 2_000
#: When the writer is asked, and what else is looked at beside the log; the client counts what a list has.
RESTARTED = "at each size after the restart"
COMPARED = (
    "Every byte of each get was compared with what was stored, and of one image again after each restart.",
    "Of each list the images were counted.",
)
#: What is told of each size, with its unit.
COSTS = {
    "put": "ms of CPU", "get": "ms of CPU", "list": "ms of CPU", "rotate": "µs a key", "start": "s", "rss": "MB",
}


@contextmanager
def serving(vault: BenchVault, image: str | None = None, content: bytes = b"") -> Iterator[dict[str, float]]:
    """A daemon with no bound on what operations may take. Told: seconds to its first answer, and its memory then.

    With an image, the answer is the image, with this content; without, that it is ready.
    """
    begun = time.perf_counter()
    process = launched(vault.folder, "operations.share=100")
    try:
        while True:
            if process.poll() is not None or time.perf_counter() > begun + PATIENCE:
                raise SystemExit(f"bench: vaultd does not serve; see {vault.folder}/vaultd.log")
            try:
                door = Door(vault.path("images" if image else "admin"))
                status, found = door.ask("GET", f"/v1/images/{image}" if image else "/v1/ready")
                if status == 200:
                    break
            except (OSError, IndexError):
                pass
            time.sleep(0.002)
        seconds = time.perf_counter() - begun
        if image and found != content:
            raise SystemExit(f"bench: image {image} is not what it was before the start")
        yield {"start": seconds, "rss": memory_mb([process.pid], "VmRSS"), "pid": process.pid}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def ordered(client: Client, command: str) -> dict[str, Any]:
    told = client.order(command)
    if told["errors"]:
        raise SystemExit(f"bench: {told['errors']} of {command} failed: {told['first_error']}")
    return told


def measured(client: Client, phase: str, seconds: float, pids: list[int], most: int = 10**12) -> dict[str, Any]:
    """The row of what is done, after some of it that is not measured: what a daemon does once is no cost of a size."""
    warm = ordered(client, f"fill {WARM_PUTS}" if phase == "put" else f"{phase} {WARM}")
    row = client.measure(phase, seconds, pids, most)
    if row["errors"]:
        raise SystemExit(f"bench: {row['errors']} of {phase} failed: {row['first_error']}")
    return row | {"warm": warm["ops"]}


def rotated(vault: BenchVault) -> float:
    """Seconds for all keys."""
    admin, begun = Door(vault.path("admin")), time.perf_counter()
    state = admin.finish(admin.told("POST", "/v1/keys/rotate")["id"])["state"]
    if state != "done":
        raise SystemExit(f"bench: the rotation ended as {state}")
    return time.perf_counter() - begun


def at_size(
    vault: BenchVault, client: Client, have: int, size: int, seconds: float,
) -> tuple[dict[str, Any], list[str], list[str]]:
    """Fills the vault up to this size and tells what each verb costs there, which promises did not hold, and which were
    looked at."""
    with serving(vault) as daemon:
        promises, pids = Promises(vault.folder), [int(daemon["pid"])]
        filled = ordered(client, f"fill {size - have}")
        # Any of all that were stored is asked for: the client knows them since it began.
        rows = {phase: measured(client, phase, seconds, pids) for phase in ("get", "list")}
        rotate = rotated(vault)
        door = Door(vault.path("images"))
        image = door.told("GET", "/v1/images?limit=1")["images"][0]["id"]
        _, content = door.ask("GET", f"/v1/images/{image}")
    with serving(vault, image, content) as daemon:
        start, rss = daemon["start"], daemon["rss"]
        rows["put"] = measured(client, "put", seconds, [int(daemon["pid"])], max(size, LEAST_PUTS))
        did = Counter({phase: row["ops"] + row["warm"] for phase, row in rows.items()})
        wrong = promises.broken(did + Counter(put=filled["ops"], get=2, list=1))
    costs = {phase: row["server_cpu_ms_op"] for phase, row in rows.items()}
    # Each image has two keys: its blob's and its reference's.
    costs |= {"rotate": rotate / (2 * size) * 1e6, "start": start, "rss": rss}
    return {
        "images": size, "costs": costs, "rows": rows, "fill_per_second": filled["ops"] / filled["wall_s"],
        "catalog_mb": (vault.folder / "state/catalog.sqlite").stat().st_size / 1e6,
    }, [f"{size:,} images: {words}" for words in wrong], [*promises.looked_at(RESTARTED), *COMPARED]


def measure(vault: BenchVault, options: argparse.Namespace) -> dict[str, Any]:
    clock, found = Clock(options.minutes), []
    wrong: list[str] = []
    looked_at: dict[str, None] = {}
    size, have, rate = SMALLEST, 0, 500.0
    with Client(str(vault.path("images")), "vault", small_images(vault.folder), CLIENTS) as client:
        while size <= options.upto:
            # What filling takes is seen at the sizes before.
            if clock.allows(f"{size:,} images", (size - have) / rate + 4 * options.seconds):
                print(f"{size:,} images", file=sys.stderr, flush=True)
                one, broken, looked = at_size(vault, client, have, size, options.seconds)
                have, rate = one["rows"]["put"]["stored"], one["fill_per_second"]
                found.append(one)
                wrong += broken
                looked_at |= dict.fromkeys(looked)
            size *= 10
    return {
        "what": "scale", "sizes": found, "left_out": clock.left_out, "wrong": wrong, "looked_at": list(looked_at),
    }


def growth(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Of each cost: how it grew over all sizes, and whether no faster than the logarithm of the number."""
    sizes = [one["images"] for one in told["sizes"]]
    found = {}
    for name in COSTS:
        costs = [one["costs"][name] for one in told["sizes"]]
        grew = costs[-1] / costs[0] if costs[0] else 1.0
        found[name] = {"times": grew, "is_flat": len(sizes) < 2 or grew <= 1.25,
                       "is_logarithmic": len(sizes) < 2 or is_at_most_logarithmic(sizes, costs)}
    return found


def show(told: dict[str, Any]) -> None:
    if not told["sizes"]:
        raise SystemExit("bench: there was no time for any size")
    print(line_of(told["machine"]))
    print(f"{'images':>10} " + " ".join(f"{name + ', ' + unit:>17}" for name, unit in COSTS.items())
          + f" {'put p99 ms':>11} {'get p99 ms':>11} {'filled/s':>9}")
    for one in told["sizes"]:
        costs = " ".join(f"{one['costs'][name]:17,.3f}" for name in COSTS)
        tails = " ".join(f"{one['rows'][phase]['p99_ms']:11,.2f}" for phase in ("put", "get"))
        print(f"{one['images']:10,} {costs} {tails} {one['fill_per_second']:9,.0f}")
    for name, one in growth(told).items() if len(told["sizes"]) > 1 else ():
        words = "flat" if one["is_flat"] else "no faster than the logarithm" if one["is_logarithmic"] else "GROWS FASTER"
        print(f"{name:8} {one['times']:6.2f} × at the largest: {words}")
    for size in told["left_out"]:
        print(f"left out, the time was over: {size}")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="Tools/bench scale", description=(__doc__ or "").split("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--upto", type=at_least_one, default=100_000, help="images in the largest vault: 4 GB for 1,000,000")
    parser.add_argument("--seconds", type=above_zero, default=3, help="of each verb at each size")
    run(parser, lambda folder, options: measure(BenchVault(folder), options), show, minutes=20, patience=2,
        at_the_end="a size that does not fit is left out; after twice as many it ends with an error")


if __name__ == "__main__":
    main()
