"""Measures a re-inspection and the readers beside it: see Tools/bench-reinspect."""

from __future__ import annotations

import argparse
import http.client
import io
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent
#: How long the daemon may take to answer, and an operation to end, in seconds.
PATIENCE = 600
#: Readers' latencies of fewer answers than this have no p99 to speak of.
LEAST = 200


class Door(http.client.HTTPConnection):
    """One socket of the vault."""

    def __init__(self, path: Path) -> None:
        super().__init__("vault", timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))

    def ask(self, method: str, target: str, body: bytes | None = None, **fields: str) -> bytes:
        self.request(method, target, body, fields)
        answer = self.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"bench: {method} {target}: {answer.status} {content[:200]!r}")
        return content

    def told(self, method: str, target: str, body: bytes | None = None) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.ask(method, target, body))
        return told


@contextmanager
def daemon(folder: Path, share: int) -> Iterator[None]:
    """vaultd over the folder's vault, with its operations at a share."""
    configuration = folder / f"share-{share}.yaml"
    configuration.write_text((folder / "vaultd.yaml").read_text() + f"operations:\n  share: {share}\n")
    program = [os.environ["IMAGEVAULT_BIN"] + "/vaultd", "serve", "--config", str(configuration)]
    with open(folder / "vaultd.log", "ab") as log:
        process = subprocess.Popen(program, stdout=log, stderr=log, start_new_session=True)
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            Door(folder / "admin.sock").ask("GET", "/v1/ready")
            break
        except OSError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"bench: vaultd does not serve; see {folder}/vaultd.log") from None
            time.sleep(0.05)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


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
    fields = {"Content-Disposition": 'attachment; filename="photo.jpg"'}
    return [str(json.loads(door.ask("POST", "/v1/images", copy, **fields))["id"]) for copy in copies(content, count)]


# MARK: Readers


def read(path: Path, images: list[str], seed: int, seconds: float, out: Any) -> None:
    """One reader: image after image, until its time is over; sends its latencies in milliseconds."""
    source, door, taken = random.Random(seed), Door(path), []
    end = time.monotonic() + seconds
    while (begun := time.monotonic()) < end:
        door.ask("GET", f"/v1/images/{source.choice(images)}")
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


def finish(admin: Door, operation: str) -> dict[str, Any]:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        state = admin.told("GET", f"/v1/operations/{operation}?wait=10")
        if state["state"] in ("done", "failed", "cancelled"):
            return state
    raise SystemExit("bench: the re-inspection does not end")


def alone(folder: Path) -> float:
    """Images a second with nobody else there."""
    admin = Door(folder / "admin.sock")
    begun = time.monotonic()
    state = finish(admin, admin.told("POST", "/v1/inspections", b"{}")["id"])
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
    folder = Path(tempfile.mkdtemp(prefix="ivbench"))
    try:
        subprocess.run([TOOLS / "up", folder], check=True, stdout=subprocess.DEVNULL)
        content = photo(options.photo)
        images = fill(folder, content, options.images)
        subprocess.run([TOOLS / "down", folder], check=True, stdout=subprocess.DEVNULL)
        print(f"{options.images} JPEG of {len(content)} bytes, level decode, {options.readers} readers")
        for share in map(int, options.share.split(",")):
            with daemon(folder, share):
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
