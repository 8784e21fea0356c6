"""Callers of a vault that keep account: what they were given, and what the vault has to know of it afterwards."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench_support import noise
from powercut_check import Due, Fate, Kept

#: Seconds that a caller waits for an answer, and for a daemon that comes back.
PATIENCE = 60
#: Seconds between two checkpoints that an auditor fetches.
PAUSE = 0.2
#: Edges of the pictures, which are about the square of it in bytes: some have several frames.
EDGES = (40, 120, 300, 700)
#: Of a hundred requests of a caller.
PUTS, DELETES = 4, 3
#: Images that a caller has of its own, at most.
OWN = 12


@dataclass
class Account:
    """What all callers together know. Lists only grow, and an append is one step."""

    #: Tells the moment, which cuts are compared with.
    moment: Callable[[], int]
    chance: random.Random
    readings: list[Due] = field(default_factory=list)
    changes: list[Due] = field(default_factory=list)
    images: dict[str, Fate] = field(default_factory=dict)
    checkpoints: list[Kept] = field(default_factory=list)
    anchors: list[Kept] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    #: Readings that ended before their last byte.
    broken: int = 0

    @property
    def due(self) -> list[Due]:
        return self.readings + self.changes

    def trace(self) -> str:
        return f"{self.chance.getrandbits(127) + 1:032x}"

    def changed(self, trace: str, action: str, image: str) -> int:
        """To be called as soon as it was acknowledged; gives the moment."""
        moment = self.moment()
        self.changes.append(Due(trace, action, image, None, moment))
        return moment


class Line:
    """One connection to a socket, which is opened when it is needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket: socket.socket | None = None

    def close(self) -> None:
        if self.socket:
            self.socket.close()
        self.socket = None

    def more(self) -> bytes:
        assert self.socket
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionResetError("the daemon hung up")
        return received

    def begin(self, request: str, body: bytes = b"", fields: str = "") -> tuple[int, int, bytearray]:
        """Status and length of the answer, and the first bytes of its content as soon as there are any."""
        if not self.socket:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(str(self.path))
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self.socket.sendall(f"{request} HTTP/1.1\r\nHost: vault\r\n{length}{fields}\r\n".encode() + body)
        answer = bytearray()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self.more()
        head = bytes(answer[:end]).decode().lower().split("\r\n")
        content = answer[end + 4 :]
        size = next((int(line[15:]) for line in head if line.startswith("content-length:")), 0)
        if size and not content:
            content += self.more()
        return int(head[0].split()[1]), size, content

    def ask(self, request: str, body: bytes = b"", fields: str = "") -> tuple[int, bytes]:
        status, size, content = self.begin(request, body, fields)
        while len(content) < size:
            content += self.more()
        return status, bytes(content)


def traced(trace: str) -> str:
    return f"traceparent: 00-{trace}-00f067aa0ba902b7-01\r\n"


class Caller(threading.Thread):
    """A backend: reads images of all and of its own, stores some, deletes some of its own."""

    def __init__(self, number: int, seed: int, run: Path, account: Account, gets: int) -> None:
        super().__init__(name=f"caller {number}", daemon=True)
        self.chance = random.Random(f"{seed}/{number}")
        self.line, self.account, self.gets = Line(run / "images.sock"), account, gets
        self.shared = list(account.images)
        self.own: list[str] = []

    def run(self) -> None:
        served = time.monotonic()
        while len(self.account.readings) < self.gets:
            try:
                self.step()
                served = time.monotonic()
            except OSError:
                self.line.close()
                if time.monotonic() > served + PATIENCE:
                    self.account.faults.append(f"{self.name}: no answer for {PATIENCE} s")
                    return
                time.sleep(0.01)
            except Exception as error:
                self.account.faults.append(f"{self.name}: {error!r}")
                return

    def step(self) -> None:
        drawn = self.chance.randrange(100)
        if drawn < PUTS and len(self.own) < OWN:
            self.put()
        elif drawn >= 100 - DELETES and self.own:
            self.delete()
        else:
            self.get(self.chance.choice(self.shared + self.own))

    def put(self) -> None:
        edge = self.chance.choice(EDGES)
        image = store(self.line, self.account, noise(edge, edge, self.chance.getrandbits(60)))
        if image:
            self.own.append(image)

    def delete(self) -> None:
        image = self.own.pop(self.chance.randrange(len(self.own)))
        fate, trace = self.account.images[image], self.account.trace()
        fate.erasing = self.account.moment()
        status, content = self.line.ask(f"DELETE /v1/images/{image}", fields=traced(trace))
        if status != 200:
            self.account.faults.append(f"DELETE of {image} was answered {status}: {content[:200]!r}")
            return
        fate.erased = self.account.changed(trace, "image.delete", image)

    def get(self, image: str) -> None:
        wanted, fields, good = self.account.images[image].content, "", 200
        if self.chance.random() < 0.4:
            first = self.chance.randrange(len(wanted))
            last = self.chance.randrange(first, len(wanted))
            wanted, fields, good = wanted[first : last + 1], f"Range: bytes={first}-{last}\r\n", 206
        trace = self.account.trace()
        status, size, content = self.line.begin(f"GET /v1/images/{image}", fields=fields + traced(trace))
        if status != good or size != len(wanted):
            self.account.faults.append(f"GET of {image} was answered {status}: {bytes(content[:200])!r}")
            self.line.close()
            return
        # The first byte is here.
        self.account.readings.append(Due(trace, "read.begun", image, len(wanted), self.account.moment()))
        self.rest(image, wanted, content)

    def rest(self, image: str, wanted: bytes, content: bytearray) -> None:
        """Some callers hang up after the first bytes."""
        if self.chance.random() < 0.03:
            self.line.close()
        try:
            while self.line.socket and len(content) < len(wanted):
                content += self.line.more()
        finally:
            self.account.broken += len(content) < len(wanted)
            if not wanted.startswith(content):
                self.account.faults.append(f"GET of {image} gave other bytes")


def store(line: Line, account: Account, content: bytes) -> str | None:
    """Stores an image, and enters it into the account when it is acknowledged."""
    trace = account.trace()
    name = 'Content-Disposition: attachment; filename="a.png"\r\n'
    status, answer = line.ask("POST /v1/images", content, name + traced(trace))
    if status != 201:
        account.faults.append(f"PUT was answered {status}: {answer[:200]!r}")
        return None
    image = answer.partition(b'"id":"')[2][:64].decode()
    account.images[image] = Fate(content, stored=account.changed(trace, "image.put", image))
    return image


class Auditor(threading.Thread):
    """Fetches a checkpoint now and then, and copies the anchor."""

    def __init__(self, run: Path, account: Account) -> None:
        super().__init__(name="auditor", daemon=True)
        self.line, self.anchor, self.account = Line(run / "audit.sock"), run / "anchor", account
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(PAUSE):
            try:
                status, text = self.line.ask("GET /v1/checkpoint")
                if status == 200:
                    self.account.checkpoints.append(Kept(text, self.account.moment()))
                anchor = self.anchor.read_bytes()
                self.account.anchors.append(Kept(anchor, self.account.moment()))
            except OSError:
                self.line.close()


def load(run: Path, account: Account, seed: int, gets: int, callers: int, meanwhile: Callable[[], None]) -> None:
    """Lets callers read until there were so many readings. `meanwhile` is asked again and again until then."""
    auditor = Auditor(run, account)
    threads = [Caller(number, seed, run, account, gets) for number in range(callers)]
    for thread in (auditor, *threads):
        thread.start()
    while any(thread.is_alive() for thread in threads):
        meanwhile()
        time.sleep(0.002)
    auditor.stopped.set()
    auditor.join()
