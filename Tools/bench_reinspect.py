"""Measures a re-inspection and the readers beside it: see Tools/bench-reinspect."""

from __future__ import annotations

import argparse
import io
import multiprocessing
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_support import Door, daemon, end_by_signals

TOOLS = Path(__file__).resolve().parent
#: Readers' latencies of fewer answers than this have no p99 to speak of.
LEAST = 200


# MARK: The archive


def photo(path: Path | None) -> bytes:
    """The JPEG that every image is a copy of."""
    if path:
        return path.read_bytes()
    from importlib import import_module

    scene = import_module("make-photos").scene().resize((1400, 1050))
    content = b""
    for quality in range(95, 40, -3):
        out = io.BytesIO()
        scene.save(out, "JPEG", quality=quality)
        content = out.getvalue()
        if len(content) <= 210_000:
            break
    return content


def copies(content: bytes, count: int) -> Iterator[bytes]:
    for number in range(count):
        text = f"copy {number}".encode()
        yield content[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + content[2:]


def fill(folder: Path, content: bytes, count: int) -> list[str]:
    door = Door(folder / "images.sock")
    return [door.put(copy, "photo.jpg") for copy in copies(content, count)]


# MARK: Readers


def read(path: Path, images: list[str], seed: int, seconds: float, out: Any) -> None:
    """One reader: image after image, until its time is over; sends its latencies in milliseconds."""
    source, door, taken = random.Random(seed), Door(path), []
    end = time.monotonic() + seconds
    while (begun := time.monotonic()) < end:
        status, _ = door.ask("GET", f"/v1/images/{source.choice(images)}")
        if status != 200:
            raise SystemExit(f"bench: a reading failed: {status}")
        taken.append((time.monotonic() - begun) * 1000)
    out.send(taken)


def readers(folder: Path, images: list[str], count: int, seconds: float) -> list[float]:
    """All readers' latencies, sorted."""
    running = []
    for seed in range(count):
        ours, theirs = multiprocessing.Pipe(duplex=False)
        work = (folder / "images.sock", images, seed, seconds, theirs)
        process = multiprocessing.Process(target=read, args=work, daemon=True)
        process.start()
        running.append((process, ours))
    taken = sorted(one for _, ours in running for one in ours.recv())
    for process, _ in running:
        process.join()
    if len(taken) < LEAST:
        raise SystemExit(f"bench: only {len(taken)} readings; give it more --seconds")
    return taken


def words(taken: list[float], seconds: float) -> str:
    return f"{len(taken) / seconds:6.0f}/s, median {statistics.median(taken):5.2f} ms, p99 {p99(taken):5.2f} ms"


def p99(taken: list[float]) -> float:
    return taken[len(taken) * 99 // 100]


# MARK: The operation


def alone(folder: Path) -> float:
    """Images a second with nobody else there."""
    admin = Door(folder / "admin.sock")
    begun = time.monotonic()
    state = admin.finish(admin.told("POST", "/v1/inspections", b"{}")["id"])
    if state["state"] != "done" or state["found"] or state["failures"]:
        raise SystemExit(f"bench: the re-inspection ended as {state}")
    return float(state["done"] / (time.monotonic() - begun))


def beside(folder: Path, images: list[str], options: argparse.Namespace) -> tuple[float, list[float]]:
    """Images a second with readers, and what the readers waited."""
    admin = Door(folder / "admin.sock")
    operation = admin.told("POST", "/v1/inspections", b"{}")["id"]
    begun = time.monotonic()
    taken = readers(folder, images, options.readers, options.seconds)
    state = admin.told("GET", f"/v1/operations/{operation}")
    elapsed = time.monotonic() - begun
    if state["state"] == "done":
        print("  the re-inspection ended before the readers did: give it more --images or fewer --seconds")
    else:
        admin.told("DELETE", f"/v1/operations/{operation}")
    return state["done"] / elapsed, taken


def main() -> None:
    parser = argparse.ArgumentParser(prog="Tools/bench-reinspect", add_help=False, allow_abbrev=False)
    parser.add_argument("--images", type=int, default=1500)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--share", default="25,100")
    parser.add_argument("--photo", type=Path)
    options = parser.parse_args()
    end_by_signals()
    folder = Path(tempfile.mkdtemp(prefix="ivbench"))
    try:
        subprocess.run([TOOLS / "up", folder], check=True, stdout=subprocess.DEVNULL)
        content = photo(options.photo)
        images = fill(folder, content, options.images)
        subprocess.run([TOOLS / "down", folder], check=True, stdout=subprocess.DEVNULL)
        print(f"{options.images} JPEG of {len(content)} bytes, level decode, {options.readers} readers")
        for share in map(int, options.share.split(",")):
            with daemon(folder, f"operations.share={share}"):
                before = readers(folder, images, options.readers, options.seconds)
                rate, during = beside(folder, images, options)
                after = readers(folder, images, options.readers, options.seconds)
                quiet = alone(folder)
            print(f"share {share}: {quiet:.0f} images/s alone, {rate:.0f} images/s beside the readers")
            for name, taken in (("before", before), ("during", during), ("after", after)):
                print(f"  readers {name:6} {words(taken, options.seconds)}")
            calm = sorted(before + after)
            print(f"  ratio during / before and after: p99 {p99(during) / p99(calm):.2f}, "
                  f"median {statistics.median(during) / statistics.median(calm):.2f}")
    finally:
        subprocess.run([TOOLS / "down", folder], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
