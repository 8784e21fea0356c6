"""Callers for a soak: they store, read and delete, are told what went wrong, and keep account of what was promised."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench_support import noise
from powercut_check import Due
from powercut_load import Line, traced

#: Seconds that a caller goes without any answer, at most: outages and restarts are shorter.
PATIENCE = 120
#: Mean seconds between two requests of a caller.
PAUSE = 0.08
#: Edges of the pictures, which are about the square of it in bytes: the last has several frames.
EDGES = (40, 120, 300, 620)
#: Of a hundred requests of a caller; the others read.
PUTS, DELETES = 25, 15
#: Images that a caller has of its own, at most.
OWN = 40
#: Refusals that pass: no room, no log, no disk, too much at once, too late.
PASSING = (503, 504, 507)
THERE, EITHER, GONE = "there", "either", "gone"


@dataclass
class Promise:
    """An image whose storing was acknowledged."""

    content: bytes
    state: str = THERE
    #: Set before a byte of its blob is flipped.
    is_damaged: bool = False


@dataclass
class Promises:
    """What all callers together were told."""

    images: dict[str, Promise] = field(default_factory=dict)
    #: Digests of uploads that were not acknowledged; they are whole or absent.
    unanswered: set[str] = field(default_factory=set)
    due: list[Due] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refused: int = 0
    broken: int = 0
    damage_seen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, text: str) -> None:
        with self.lock:
            self.faults.append(text)

    def count(self, action: str) -> int:
        return sum(one.action == action for one in self.due)


def judged(promise: Promise, before: str, status: int, content: bytes) -> str | None:
    """What is wrong with an answer to a reading that began when the promise was `before`; None where nothing is."""
    if status == 200 and content == promise.content:
        return "an erased image is given" if before == GONE else None
    if status == 200:
        return f"other bytes than were stored: {len(content)} of {len(promise.content)}"
    if promise.is_damaged or status in PASSING:
        return None
    if status == 404 and (before != THERE or promise.state != THERE):
        return None
    return f"it is answered {status}: {content[:160]!r}"


class Caller(threading.Thread):
    """A backend. It reads images of all callers, and deletes its own."""

    def __init__(self, number: int, seed: int, run: Path, promises: Promises, over: threading.Event) -> None:
        super().__init__(name=f"caller {number}", daemon=True)
        self.chance = random.Random(f"{seed}/caller/{number}")
        self.line, self.promises, self.over = Line(run / "images.sock"), promises, over
        self.own: list[str] = []

    def run(self) -> None:
        served = time.monotonic()
        while not self.over.wait(self.chance.expovariate(1 / PAUSE)):
            try:
                self.step()
                served = time.monotonic()
            except OSError:
                self.line.close()
                if time.monotonic() > served + PATIENCE:
                    return self.promises.fault(f"{self.name}: no answer for {PATIENCE} s")
            except Exception as error:
                return self.promises.fault(f"{self.name}: {error!r}")
        self.line.close()

    def step(self) -> None:
        drawn = self.chance.randrange(100)
        if drawn < PUTS and len(self.own) < OWN:
            self.put()
        elif drawn >= 100 - DELETES and self.own:
            self.delete()
        elif self.promises.images:
            self.get()

    def trace(self) -> str:
        return f"{self.chance.getrandbits(127) + 1:032x}"

    def put(self) -> None:
        edge, trace = self.chance.choice(EDGES), self.trace()
        content = noise(edge, edge, self.chance.getrandbits(60))
        digest = hashlib.sha256(content).hexdigest()
        with self.promises.lock:
            self.promises.unanswered.add(digest)
        name = 'Content-Disposition: attachment; filename="a.png"\r\n'
        status, answer = self.line.ask("POST /v1/images", content, name + traced(trace))
        if status != 201:
            return self.refused("PUT", status, answer)
        image = str(json.loads(answer)["id"])
        with self.promises.lock:
            self.promises.unanswered.discard(digest)
            self.promises.images[image] = Promise(content)
            self.promises.due.append(Due(trace, "image.put", image, None, 0))
        self.own.append(image)

    def delete(self) -> None:
        image, trace = self.own.pop(self.chance.randrange(len(self.own))), self.trace()
        promise = self.promises.images[image]
        promise.state = EITHER
        status, answer = self.line.ask(f"DELETE /v1/images/{image}", fields=traced(trace))
        if promise.is_damaged and status == 409 and b'"quarantined"' in answer:
            # Somebody opened it before: it stays until an admin has seen it.
            return
        if status != 200:
            return self.refused("DELETE", status, answer)
        promise.state = GONE
        with self.promises.lock:
            self.promises.due.append(Due(trace, "image.delete", image, None, 0))

    def refused(self, verb: str, status: int, answer: bytes) -> None:
        with self.promises.lock:
            self.promises.refused += 1
        if status not in PASSING or b'"code"' not in answer:
            self.promises.fault(f"{verb} was answered {status}: {answer[:200]!r}")

    def get(self) -> None:
        with self.promises.lock:
            image = self.chance.choice(list(self.promises.images))
        promise, trace = self.promises.images[image], self.trace()
        before = promise.state
        status, size, content = self.line.begin(f"GET /v1/images/{image}", fields=traced(trace))
        if status == 200 and content:
            with self.promises.lock:
                self.promises.due.append(Due(trace, "read.begun", image, size, 0))
        try:
            while len(content) < size:
                content += self.line.more()
        except OSError:
            with self.promises.lock:
                self.promises.broken += 1
            if not promise.content.startswith(content):
                self.promises.fault(f"GET of {image} gave other bytes before it broke")
            raise
        wrong = judged(promise, before, status, bytes(content))
        if wrong:
            self.promises.fault(f"GET of {image}, {before}: {wrong}")
        if status != 200:
            with self.promises.lock:
                self.promises.refused += status in PASSING
                self.promises.damage_seen += promise.is_damaged and status not in (*PASSING, 404)
