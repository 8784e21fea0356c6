"""What a vault's size costs: `Tools/bench scale`.

A vault grows to 1,000 images, to 10,000 and so on, small ones, because what grows with their number is the catalog, the
log and the folders. At each size: put, get and list, a rotation of all keys, and a start: how long until the daemon is
open and has given an image, and its memory then. What is asked is how a cost grows, so each is told as a multiple of
the one at the smallest size; it may grow as the logarithm of the number.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from contextlib import contextmanager
from collections.abc import Iterator
from typing import Any

from bench_client import Client, small_images
from bench_figures import Clock, is_at_most_logarithmic, line_of, memory_mb
from bench_support import PATIENCE, BenchVault, Door, launched, run

SMALLEST = 1_000
#: Connections: enough for batches to form.
CLIENTS = 16
#: What is told of each size, with its unit.
COSTS = {
    "put": "ms of CPU", "get": "ms of CPU", "list": "ms of CPU", "rotate": "µs a key", "start": "s", "rss": "MB",
}


@contextmanager
def serving(vault: BenchVault, image: str | None = None) -> Iterator[dict[str, float]]:
    """A daemon with no bound on what operations may take. Told: seconds to its first answer, and its memory then.

    With an image, the answer is the image; without, that it is ready.
    """
    begun = time.perf_counter()
    process = launched(vault.folder, "operations.share=100")
    try:
        while True:
            if process.poll() is not None or time.perf_counter() > begun + PATIENCE:
                raise SystemExit(f"bench: vaultd does not serve; see {vault.folder}/vaultd.log")
            try:
                door = Door(vault.path("images" if image else "admin"))
                if door.ask("GET", f"/v1/images/{image}" if image else "/v1/ready")[0] == 200:
                    break
            except (OSError, IndexError):
                pass
            time.sleep(0.002)
        seconds = time.perf_counter() - begun
        yield {"start": seconds, "rss": memory_mb([process.pid], "VmRSS"), "pid": process.pid}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def at_size(vault: BenchVault, client: Client, have: int, size: int, seconds: float) -> dict[str, Any]:
    """Fills the vault up to this size and tells what each verb costs there."""
    with serving(vault) as daemon:
        pids = [int(daemon["pid"])]
        filled = client.order(f"fill {max(0, size - have)}")
        if filled["errors"]:
            raise SystemExit(f"bench: the vault could not be filled: {filled['first_error']}")
        # Any of all that were stored is asked for: the client knows them since it began.
        rows = {phase: client.measure(phase, seconds, pids) for phase in ("put", "get", "list")}
        for row in rows.values():
            if row["errors"]:
                raise SystemExit(f"bench: {row['errors']} of {row['phase']} failed: {row['first_error']}")
        images = rows["put"]["stored"]
        admin, begun = Door(vault.path("admin")), time.perf_counter()
        state = admin.finish(admin.told("POST", "/v1/keys/rotate")["id"])["state"]
        if state != "done":
            raise SystemExit(f"bench: the rotation ended as {state}")
        rotate = time.perf_counter() - begun
        image = Door(vault.path("images")).told("GET", "/v1/images?limit=1")["images"][0]["id"]
    with serving(vault, image) as daemon:
        start, rss = daemon["start"], daemon["rss"]
    costs = {phase: row["server_cpu_ms_op"] for phase, row in rows.items()}
    # Each image has two keys: its blob's and its reference's.
    costs |= {"rotate": rotate / (2 * images) * 1e6, "start": start, "rss": rss}
    return {
        "images": images, "costs": costs, "rows": rows, "fill_per_second": filled["ops"] / filled["wall_s"],
        "catalog_mb": (vault.folder / "state/catalog.sqlite").stat().st_size / 1e6,
    }


def measure(vault: BenchVault, options: argparse.Namespace) -> dict[str, Any]:
    clock, found = Clock(options.minutes), []
    size, have, rate = SMALLEST, 0, 500.0
    with Client(str(vault.path("images")), "vault", small_images(vault.folder), CLIENTS) as client:
        while size <= options.upto:
            # What filling takes is seen at the sizes before.
            if clock.allows(f"{size:,} images", (size - have) / rate + 4 * options.seconds):
                print(f"{size:,} images", file=sys.stderr, flush=True)
                one = at_size(vault, client, have, size, options.seconds)
                have, rate = one["images"], one["fill_per_second"]
                found.append(one)
            size *= 10
    return {"what": "scale", "sizes": found, "left_out": clock.left_out}


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
    parser.add_argument("--upto", type=int, default=100_000, help="images in the largest vault: 4 GB for 1,000,000")
    parser.add_argument("--seconds", type=float, default=3, help="of each verb at each size")
    parser.add_argument("--minutes", type=float, default=20, help="a size that does not fit is left out")
    run(parser, lambda folder, options: measure(BenchVault(folder), options), show)


if __name__ == "__main__":
    main()
