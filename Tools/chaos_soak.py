"""A vault under load that is killed, restarted, damaged and filled up by turns: `Tools/chaos soak`.

Its state lies on a small file system of its own. At the end every image that was acknowledged, and not damaged by us,
is compared; damaged ones must not be given; and the log has the event of each answer that was received.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bench_support import BIN
from chaos_check import blob_files, blobs_named, litter, unfinished
from chaos_load import EITHER, GONE, THERE, Caller, Promise, Promises
from powercut_check import Kept, events, missing
from powercut_disk import Unmountable, formatted, mounted
from powercut_load import Line
from powercut_vault import Daemon, Ground, NotServing

LEFT_OUT = 77
#: The file system: room for the log of an hour, and little more.
DISK_MIB = 1024
#: Seconds between two disturbances, and for which the disk is full.
CALM, FULL = (1.0, 6.0), (2.0, 6.0)
#: Seconds in which a vault has to be ready again.
RECOVERY = 60
#: Of what is done to the vault, how often beside each other.
WEIGHTS = {"kill": 5, "restart": 2, "damage": 2, "full disk": 2, "kill on a full disk": 1}
#: Images that are damaged at once, and in all.
DAMAGED_AT_ONCE, DAMAGED = 3, 300
#: Checkpoints that the log is held against at the end.
KNOWN = 24
SHOWN = 8
#: Minutes in which each kind of trouble has to come.
LONG = 10


class Soak:
    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder, self.disk = options, folder, folder / "mnt"
        self.begun, self.done = time.monotonic(), Counter[str]()
        self.chance = random.Random(f"{options.seed}/soak")
        self.promises, self.over = Promises(), threading.Event()
        self.ground = Ground(folder, self.disk / "state")
        self.state, self.run_folder = self.disk / "state", self.ground.run
        self.known: list[Kept] = []
        self.daemon = Daemon(self.run_folder)

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def run(self) -> int:
        callers = [
            Caller(number, self.options.seed, self.run_folder, self.promises, self.over)
            for number in range(self.options.callers)
        ]
        try:
            for caller in callers:
                caller.start()
            self.disturb(time.monotonic() + self.options.minutes * 60)
        except NotServing as error:
            self.promises.fault(str(error))
        finally:
            self.over.set()
            for caller in callers:
                caller.join(2 * RECOVERY)
        try:
            compared = self.compare()
        except (NotServing, OSError) as error:
            self.promises.fault(f"at the end: {error}")
            compared = Counter()
        finally:
            self.daemon.kill()
        return self.close(compared)

    # MARK: Disturbing

    def disturb(self, until: float) -> None:
        acts: dict[str, Callable[[], None]] = {
            "kill": self.kill, "restart": self.restart, "damage": self.damage, "full disk": self.fill,
            "kill on a full disk": lambda: self.fill(self.kill_on_full),
        }  # fmt: skip
        told, first = time.monotonic(), self.chance.sample(list(acts), len(acts))
        while time.monotonic() < until and not self.promises.faults:
            time.sleep(min(self.chance.uniform(*CALM), max(0.1, until - time.monotonic())))
            # Each once, and then as they are drawn.
            name = first.pop() if first else self.chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            acts[name]()
            self.done[name] += 1
            self.checkpoint()
            if time.monotonic() > told + 60:
                told = time.monotonic()
                self.say(f"{len(self.promises.due):,} answers with an event; {dict(self.done)}")

    def kill(self) -> None:
        self.daemon.kill()
        self.daemon = Daemon(self.run_folder)

    def restart(self) -> None:
        self.daemon.stop()
        self.daemon = Daemon(self.run_folder)

    def fill(self, meanwhile: Callable[[], None] | None = None) -> None:
        """Takes all room that there is for some seconds; then the vault has to go on by itself."""
        ballast = self.disk / "ballast"
        with open(ballast, "wb") as file:
            self.take(file.fileno())
            time.sleep(self.chance.uniform(*FULL))
            self.take(file.fileno())
        if meanwhile:
            meanwhile()
        ballast.unlink()
        if self.daemon.process.poll() is not None:
            self.daemon = Daemon(self.run_folder)
        self.await_ready()

    def take(self, file: int) -> None:
        """What is free is taken a piece at a time, the last by single blocks."""
        size = os.fstat(file).st_size
        for piece in (64 << 20, 1 << 20, 4096):
            while True:
                try:
                    os.posix_fallocate(file, size, piece)
                except OSError:
                    break
                size += piece

    def kill_on_full(self) -> None:
        """Started on a full disk it may refuse to serve; with room again it must."""
        self.daemon.kill()
        try:
            self.daemon = Daemon(self.run_folder)
            self.done["started on a full disk"] += 1
        except NotServing as error:
            self.done["not started on a full disk"] += 1
            self.say(str(error))

    def damage(self) -> None:
        for _ in range(DAMAGED_AT_ONCE):
            with self.promises.lock:
                there = [
                    image for image, one in self.promises.images.items() if one.state == THERE and not one.is_damaged
                ]
            if there and self.done["images damaged"] < DAMAGED:
                self.done["images damaged"] += self.flip(self.chance.choice(there))

    def flip(self, image: str) -> bool:
        """Flips a bit of the image's blob, unless it was deleted meanwhile."""
        promise, path = self.promises.images[image], self.blob(image)
        if path is None:
            return False
        promise.is_damaged = True
        try:
            with open(path, "r+b") as file:
                at = self.chance.randrange(os.fstat(file.fileno()).st_size)
                byte = os.pread(file.fileno(), 1, at)[0]
                os.pwrite(file.fileno(), bytes([byte ^ 1 << self.chance.randrange(8)]), at)
        except FileNotFoundError:
            promise.is_damaged = False
        return promise.is_damaged

    def blob(self, image: str) -> Path | None:
        with closing(sqlite3.connect(f"file:{self.state}/catalog.sqlite?mode=ro", uri=True, timeout=10)) as catalog:
            row = catalog.execute("SELECT blob FROM image WHERE image = ?", (bytes.fromhex(image),)).fetchone()
        name = row[0].hex() if row else ""
        return self.state / "blobs" / name[:2] / name[2:] if row else None

    def await_ready(self) -> None:
        line, give_up = Line(self.run_folder / "admin.sock"), time.monotonic() + RECOVERY
        while (answer := line.ask("GET /v1/ready"))[0] != 200:
            if time.monotonic() > give_up:
                raise NotServing(f"it is not ready {RECOVERY} s after its disk has room again: {answer[1][:200]!r}")
            time.sleep(0.1)
        line.close()

    def checkpoint(self) -> None:
        status, text = Line(self.run_folder / "audit.sock").ask("GET /v1/checkpoint")
        if status == 200:
            self.known.append(Kept(text, 0))

    # MARK: The end

    def compare(self) -> Counter[str]:
        """Everything that was promised, after one more kill."""
        self.kill()
        self.await_ready()
        compared, line = Counter[str](), Line(self.run_folder / "images.sock")
        for image, promise in self.promises.images.items():
            try:
                status, content = line.ask(f"GET /v1/images/{image}")
            except OSError:
                status, content = 0, b""
                line.close()
            outcome, wrong = at_end(promise, status, content)
            compared[outcome] += 1
            if wrong:
                self.promises.fault(f"image {image}: {wrong}: {status} {content[:100]!r}")
        self.others(line)
        self.swept()
        self.logged()
        return compared

    def others(self, line: Line) -> None:
        """Images in the list that nobody was told of are uploads whose answer did not come."""
        after = ""
        while after is not None:
            page: dict[str, Any] = json.loads(line.ask(f"GET /v1/images?limit=500{after}")[1])
            for one in page["images"]:
                if one["id"] in self.promises.images:
                    continue
                if one["stored"]["sha256"] not in self.promises.unanswered:
                    self.promises.fault(f"image {one['id']} is in the list, and nobody stored it")
                elif line.ask(f"GET /v1/images/{one['id']}")[0] != 200:
                    self.promises.fault(f"image {one['id']}, whose upload was not answered, is not whole")
            after = f"&after={page['next']}" if page["next"] else None

    def swept(self) -> None:
        give_up = time.monotonic() + RECOVERY
        while True:
            left = *litter(blob_files(self.state), blobs_named(self.state)), unfinished(self.state)
            if not any(left):
                return
            if time.monotonic() > give_up:
                return self.promises.fault(f"blobs that no row names, rows without a blob, files half made: {left}")
            time.sleep(0.2)

    def logged(self) -> None:
        command = [BIN / "vaultctl", "check", "--wait", "--socket", self.run_folder / "admin.sock"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            self.promises.fault(f"vaultctl check ended with {done.returncode}: {(done.stdout + done.stderr)[-400:]}")
        known = self.known[:: max(1, len(self.known) // KNOWN)]
        bundle = self.run_folder / "log.bundle"
        for line in self.ground.verifier.export(self.run_folder, known, bundle):
            self.promises.fault(line)
        for line in missing(self.promises.due, events(bundle) if bundle.exists() else [], 0)[1]:
            self.promises.fault(line)

    def close(self, compared: Counter[str]) -> int:
        promises = self.promises
        for fault in untried(promises, self.done, compared, self.options.minutes):
            promises.fault(fault)
        for fault in promises.faults[:SHOWN]:
            self.say(f"VIOLATION soak, seed {self.options.seed}: {fault}")
        disturbed = ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))
        print(
            f"soak: {time.monotonic() - self.begun:.0f} s; {promises.count('image.put'):,} images stored, "
            f"{promises.count('read.begun'):,} read, {promises.count('image.delete'):,} deleted, "
            f"{promises.refused:,} refused, {promises.broken:,} broken off; {disturbed}; at the end "
            f"{compared['equal']:,} bit-exact, {compared['gone']:,} gone, {compared['not given']:,} damaged and not "
            f"given, {compared['lost']:,} lost, {len(promises.faults):,} violations; seed {self.options.seed}",
            flush=True,
        )
        return 1 if promises.faults else 0


def untried(promises: Promises, done: Counter[str], compared: Counter[str], minutes: float) -> list[str]:
    """What a soak has to have tried, and did not: one in which nothing happened holds nothing."""
    faults = [f"no {action} was ever answered: nothing was tried"
              for action in ("image.put", "read.begun", "image.delete") if not promises.count(action)]
    if not done:
        faults.append("nothing disturbed it")
    if minutes >= LONG:
        faults += [f"no {act} came" for act in ("kill", "restart", "full disk", "images damaged") if not done[act]]
        if not compared["equal"]:
            faults.append("nothing was there to be compared")
    return faults


def at_end(promise: Promise, status: int, content: bytes) -> tuple[str, str | None]:
    """What became of a promised image, and what is wrong with that."""
    is_equal = status == 200 and content == promise.content
    if status == 200 and not is_equal:
        return "other", "other bytes than were stored"
    if status == 404 and promise.state in (GONE, EITHER):
        return "gone", None
    if promise.state == GONE:
        return "back", "it was erased"
    if promise.is_damaged:
        return ("unnoticed", "its damage is not noticed") if is_equal else ("not given", None)
    return ("equal", None) if is_equal else ("lost", "it was acknowledged")


def soak(options: argparse.Namespace, folder: Path) -> int:
    """In a file system of its own, that is not left behind."""
    disk = folder / "disk.raw"
    try:
        formatted(disk, DISK_MIB)
        with mounted(disk, folder / "mnt"):
            return Soak(options, folder).run()
    except Unmountable as error:
        print(f"left out: no small file system can be mounted here: {error}")
        return LEFT_OUT
    finally:
        if not options.keep:
            shutil.rmtree(folder / "mnt", ignore_errors=True)
