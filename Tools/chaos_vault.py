"""A small vault that each trial gets a copy of, and a daemon over it whose calls are counted."""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench_support import BIN, ENDS_WITH_US, noise
from chaos_calls import OUTSIDE, Fault
from chaos_trace import ARMED, CONTROL, FIRED, PASSED, PROCESS
from powercut_check import Kept
from powercut_load import Line
from powercut_vault import PATIENCE, Daemon, Ground, NotServing

#: Edges of the pictures: one blob has two frames.
EDGES = (40, 120, 300, 620)
#: The owner whose images `erase` takes, and another who claims one of them too.
ERASED, STAYS = "leaves", "stays"
#: Seconds without a call that changes a file, after which a daemon is quiet: before the verb, and when it recovered.
QUIET_BEFORE, QUIET_RECOVERED = 0.2, 0.5
#: Those after which it has nothing to write outside of the state directory either: it looks there once a second.
QUIET_OUTSIDE = 1.4
#: Seconds between two looks.
LOOK = 0.01


@dataclass
class Prepared:
    """The vault that every trial begins with, stopped."""

    ground: Ground
    state: Path
    known: Kept
    contents: dict[str, bytes]
    #: By owner, where there is one.
    owned: dict[str, list[str]]
    #: Images that were deleted, long before.
    deleted: list[str]
    #: What a verb made in a run without fault, by a name of the verb's.
    seen: dict[str, str] = field(default_factory=dict)
    numbers: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self) -> Case:
        with self.lock:
            self.numbers += 1
            number = self.numbers
        run = self.ground.folder / f"t{number}"
        self.ground.settings(run, run / "state")
        anchored(run)
        for name, original in (("state", self.state), (OUTSIDE, self.ground.run / OUTSIDE)):
            subprocess.run(["cp", "-a", "--reflink=auto", "--no-target-directory", original, run / name], check=True)
        case = Case(self, run)
        case.known.write_bytes(self.known.text)
        return case

    @property
    def free(self) -> list[str]:
        """Images that nobody owns, smallest first."""
        owned = {image for images in self.owned.values() for image in images}
        return sorted((image for image in self.contents if image not in owned), key=lambda one: len(self.contents[one]))


@dataclass
class Case:
    """One trial's copy of the vault."""

    prepared: Prepared
    run: Path
    #: In front of a client whose calls are counted.
    tracer: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.run / "state"

    @property
    def outside(self) -> Path:
        return self.run / OUTSIDE

    @property
    def known(self) -> Path:
        """The newest checkpoint that was received before the verb."""
        return self.run / "known"

    def door(self, name: str) -> Line:
        return Line(self.run / f"{name}.sock")


def anchored(run: Path) -> None:
    """The anchor and the list of erasures get a directory of their own: what else is there is no file of theirs."""
    (run / OUTSIDE).mkdir(exist_ok=True)
    settings = (run / "vaultd.yaml").read_text()
    before, name, after = settings.partition(f"anchor_file: {run}/anchor\n")
    assert name
    (run / "vaultd.yaml").write_text(f"{before}anchor_file: {run}/{OUTSIDE}/anchor\n{after}")


def prepared(folder: Path, seed: int) -> Prepared:
    """Makes the vault: images of nobody, three of an owner, one of which another claims too. One more is deleted."""
    ground, chance = Ground(folder, folder / "state"), random.Random(f"{seed}/images")
    anchored(ground.run)
    daemon = Daemon(ground.run)
    try:
        line, contents, owned = Line(ground.run / "images.sock"), dict[str, bytes](), dict[str, list[str]]()
        for number, owner in enumerate(("", "", "", "", ERASED, ERASED, ERASED)):
            edge = EDGES[number % len(EDGES)]
            content = noise(edge, edge, chance.getrandbits(60))
            claimed = [owner, STAYS] if number == len(EDGES) else [owner]
            for claim in claimed:
                image = stored(line, content, claim)
                contents[image] = content
                if claim:
                    owned.setdefault(claim, []).append(image)
        deleted = stored(line, noise(EDGES[0], EDGES[0], chance.getrandbits(60)), "")
        delete(line, Line(ground.run / "admin.sock"), deleted)
        known = Kept(Line(ground.run / "audit.sock").ask("GET /v1/checkpoint")[1], 0)
    finally:
        daemon.stop()
    return Prepared(ground, folder / "state", known, contents, owned, [deleted])


def stored(line: Line, content: bytes, owner: str) -> str:
    fields = 'Content-Disposition: attachment; filename="a.png"\r\n' + (f"Vault-Owner: {owner}\r\n" if owner else "")
    status, answer = line.ask("POST /v1/images", content, fields)
    if status != 201:
        raise SystemExit(f"chaos: an image is not stored: {status} {answer[:200]!r}")
    return str(json.loads(answer)["id"])


def delete(line: Line, admin: Line, image: str) -> None:
    """And waits until it is purged: a start that has to do that has more calls before the verb's."""
    if line.ask(f"DELETE /v1/images/{image}")[0] != 200:
        raise SystemExit("chaos: an image is not deleted")
    give_up = time.monotonic() + PATIENCE
    while any(one["level"] < 1 for one in json.loads(admin.ask("GET /v1/receipts")[1])["receipts"]):
        if time.monotonic() > give_up:
            raise SystemExit("chaos: what was deleted is not purged")
        time.sleep(LOOK)


def planned(
    run: Path, state: Path | None, fault: Fault | None, outside: Path | None = None
) -> tuple[mmap.mmap, list[str]]:
    """For a program whose calls below `state` and `outside` count: what is told while it runs, and the tracer's command
    before it."""
    control, plan = run / "control", run / "plan"
    control.write_bytes(bytes(CONTROL.size))
    with open(control, "r+b") as file:
        shared = mmap.mmap(file.fileno(), CONTROL.size)
    told = [*fault.point.kind, fault.point.nth, fault.what] if fault else None
    places = {name: str(one) if one else None for name, one in (("state", state), ("outside", outside))}
    plan.write_text(json.dumps(places | {"control": str(control), "trace": str(run / "trace"), "fault": told}))
    return shared, [sys.executable, str(Path(__file__).with_name("chaos_trace.py")), str(plan)]


class Traced:
    """vaultd with its calls counted, serving and quiet when this is made; from then on points count."""

    def __init__(self, case: Case, fault: Fault | None) -> None:
        self.case, self.trace = case, case.run / "trace"
        self.control, tracer = planned(case.run, self._state(), fault, case.outside)
        self._before()
        served = [str(BIN / "vaultd"), "serve", "--config", str(case.run / "vaultd.yaml")]
        with open(case.run / "vaultd.log", "ab") as log:
            self.process = subprocess.Popen(
                [*ENDS_WITH_US, *tracer, *served], stdout=log, stderr=log, start_new_session=True
            )
        try:
            self._begin(fault)
        except BaseException:
            self.kill()
            raise

    def _state(self) -> Path | None:
        return self.case.state

    def _before(self) -> None:
        """What comes before the daemon."""

    def _begin(self, fault: Fault | None) -> None:
        self._await()
        # What is left of the start to be written outside would count as the verb's.
        is_inside = fault is not None and not fault.point.kind.is_outside
        self.settle(QUIET_BEFORE if is_inside else QUIET_OUTSIDE)
        self._count()

    def _count(self) -> None:
        struct.pack_into("<q", self.control, ARMED, 1)

    def _await(self) -> None:
        line, give_up = self.case.door("admin"), time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < give_up:
            try:
                if line.ask("GET /v1/ready")[0] == 200:
                    line.close()
                    return
            except OSError:
                line.close()
            time.sleep(LOOK)
        raise NotServing(f"vaultd does not serve below the tracer: {(self.case.run / 'vaultd.log').read_text()[-400:]}")

    def _number(self, at: int) -> int:
        return int(struct.unpack_from("<q", self.control, at)[0])

    @property
    def has_fired(self) -> bool:
        return self._number(FIRED) != 0

    @property
    def is_gone(self) -> bool:
        return self.process.poll() is not None

    def settle(self, quiet: float = QUIET_OUTSIDE, or_fault: bool = False) -> None:
        """Until the daemon is gone, or has changed no file for a while; or until the fault came, for who asks."""
        give_up = time.monotonic() + PATIENCE
        passed, since = self._number(PASSED), time.monotonic()
        while not self.is_gone and time.monotonic() < since + quiet and not (or_fault and self.has_fired):
            time.sleep(LOOK)
            now = self._number(PASSED)
            if now != passed:
                passed, since = now, time.monotonic()
            if time.monotonic() > give_up:
                raise NotServing(f"vaultd does not come to rest within {PATIENCE} s")

    def kill(self) -> None:
        """kill -9 of the daemon; the tracer ends with it."""
        if not self._signalled(signal.SIGKILL):
            self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> None:
        self._signalled(signal.SIGTERM)
        self.ended()

    def ended(self) -> None:
        """Waits for what was killed or told to stop."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise NotServing(f"vaultd does not end within {PATIENCE} s") from None

    def _signalled(self, number: signal.Signals) -> bool:
        """Whether the daemon was there to be sent it, or is gone."""
        process = self._number(PROCESS)
        if process and not self.is_gone:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        return process != 0


def cut(erasures: str) -> str:
    """A list of erasures as a crash leaves it in the middle of an addition: its last line names a claim, or half."""
    before, name, last = erasures.rpartition("\ngone ")
    assert name
    line = "gone " + last.partition("\n")[0] + "\n"
    return f"{before}\n{line}{line[: len(line) // 2]}"


class Starting(Traced):
    """A start over what a crash left beside the anchor; the calls there count from the first on.

    Those below the state directory do not: how often a start opens its catalog differs from run to run.
    """

    def _state(self) -> Path | None:
        return None

    def _before(self) -> None:
        erasures = self.case.outside / "anchor.erasures"
        erasures.write_text(cut(erasures.read_text()))
        (self.case.outside / "anchor.new").write_text("imagevault-anch")
        self._count()

    def _begin(self, fault: Fault | None) -> None:
        with suppress(NotServing):
            self._await()
        if not self.is_gone and not self.has_fired:
            self.settle()
