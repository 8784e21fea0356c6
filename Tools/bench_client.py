"""The benches' client, Tests/Bench/load.c: compiled where it is missing, driven phase by phase, and what the service
used meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench_figures import Times, busy_seconds, cpu_seconds, memory_mb
from bench_support import chunk, grey

SOURCES = Path(__file__).resolve().parent.parent / "Tests/Bench"
BUILT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imagevault-bench"
#: Where the stamp of a JPEG of the corpus is: of any other place it is a PNG.
JPEG_AT = 24
#: Bytes that a phase may store, so that the bench does not fill the disk.
MOST_BYTES = 4_000_000_000
#: A client whose thread was busy for more than this share of the time may have been what bounded the rate.
FULL = 0.9


def compiled(name: str, *flags: str) -> Path:
    """A program of one C file in Tests/Bench, in the user's cache."""
    source, program = SOURCES / f"{name}.c", BUILT / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILT.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(made), str(source), *flags], check=True)
        made.rename(program)
    return program


def index_of(peers: Path, workload: str, folder: Path) -> tuple[Path, Path, int]:
    """The peers' images of a workload, the client's index of them, and the bytes of the largest.

    `200k-jpeg` are the JPEGs among those of `200k`.
    """
    name, _, only = workload.partition("-")
    corpus = peers / "load/corpus"
    lines = json.loads((corpus / f"{name}.json").read_text())
    lines = [line for line in lines if not only or line[2] == JPEG_AT]
    index = folder / f"{workload}.index"
    index.write_text("".join(f"{offset} {size} {at}\n" for offset, size, at in lines))
    return corpus / f"{name}.bin", index, max(size for _, size, _ in lines)


def small_images(folder: Path) -> tuple[Path, Path, int]:
    """One PNG of a few pixels, with a comment that the client writes its stamp into."""
    stamp = b"0" * 16
    image = grey([bytes(8)] * 8, chunk(b"tEXt", b"Comment\0" + stamp))
    (folder / "png").write_bytes(image)
    (folder / "png.index").write_text(f"0 {len(image)} {image.index(stamp)}\n")
    return folder / "png", folder / "png.index", len(image)


class Client:
    """The client, connected anew for each phase; it knows what it stored until it ends."""

    def __init__(self, socket: str, kind: str, corpus: tuple[Path, Path, int], clients: int) -> None:
        images, index, self.largest = corpus
        command = [str(compiled("load")), socket, kind, str(images), str(index), str(clients)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def order(self, command: str) -> dict[str, Any]:
        """Does it, and gives what the client tells."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: the client ended at {command}")
        told: dict[str, Any] = json.loads(line)
        return told

    def measure(self, phase: str, seconds: float, pids: Sequence[int], most: int = 10**12) -> dict[str, Any]:
        """A row: the phase, its rate and times, and what the service's processes used for it."""
        most = min(most, max(1, MOST_BYTES // self.largest)) if phase == "put" else most
        memory_mb(pids, reset=True)
        cpu, busy, begun = cpu_seconds(pids), busy_seconds(), time.perf_counter()
        told = self.order(f"{phase} {seconds} {most}")
        cpu, busy = cpu_seconds(pids) - cpu, busy_seconds() - busy
        took = time.perf_counter() - begun
        rss, ops, wall, own = memory_mb(pids), max(1, told["ops"]), told["wall_s"], told["client_cpu_s"]
        if told["errors"]:
            print(f"  {told['errors']} failed: {told['first_error']}", file=sys.stderr)
        return {
            "phase": phase, "ops": told["ops"], "errors": told["errors"], "first_error": told["first_error"],
            "wall_s": round(wall, 4), "ops_s": round(told["ops"] / wall, 2), "mb_s": round(told["bytes"] / wall / 1e6, 2),
            **Times(told["buckets"]).quantiles_ms(), "max_ms": round(told["longest_ns"] / 1e6, 3),
            "server_cpu_ms_op": round(1000 * cpu / ops, 4), "client_cpu_ms_op": round(1000 * own / ops, 4),
            "client_share": round(own / wall, 3), "rss_mb": round(rss, 1), "stored": told["stored"],
            "others_cpu": round(max(0.0, busy - cpu - own) / took / (os.cpu_count() or 1), 3),
            "buckets": told["buckets"],
        }
