"""A vault that comes back after a fault, and what has to hold of it whatever the verb was."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from chaos_clients import ctl
from chaos_vault import Case
from powercut_check import events
from powercut_load import Line
from powercut_vault import Daemon, NotServing

#: Kinds of findings: something that was acknowledged is not there any more, and everything else.
LOST, WRONG = "lost", "wrong"
#: Seconds that sweep, operations and purges may take after a start.
PATIENCE = 60
LOOK = 0.03
ENDED = ("done", "failed", "cancelled")


class Finding(NamedTuple):
    kind: str
    text: str


def litter(files: Iterable[str], named: Iterable[str]) -> tuple[list[str], list[str]]:
    """Blobs that no row names, and blobs that a row names and that are not there."""
    files, named = set(files), set(named)
    return sorted(files - named), sorted(named - files)


def blob_files(state: Path) -> list[str]:
    """By name, in whatever shard; a name that is none of a blob is found as litter."""
    return [path.parent.name + path.name for path in (state / "blobs").glob("*/*")]


def blobs_named(state: Path) -> list[str]:
    """The rows' blobs. Reading beside the daemon is a reading like another of SQLite's."""
    with closing(sqlite3.connect(f"file:{state}/catalog.sqlite?mode=ro", uri=True, timeout=PATIENCE)) as catalog:
        return [blob.hex() for (blob,) in catalog.execute("SELECT blob FROM image")]


def unfinished(state: Path) -> list[str]:
    """Files outside the blobs that were to take another's place and never did."""
    return sorted(
        str(path.relative_to(state))
        for path in state.rglob("*")
        if path.suffix in (".new", ".part", ".tmp") and path.relative_to(state).parts[0] != "blobs"
    )


class Returned(Daemon):
    """It may have been sealed before the crash; then it is up when it says so."""

    def is_up(self, status: int, content: bytes) -> bool:
        return status == 200 or b'"sealed"' in content


class Came:
    """The vault after a start. Making this waits for the sweep and for unfinished operations."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.daemon = Returned(case.run)
        self.images, self.admin, self.audit = (case.door(name) for name in ("images", "admin", "audit"))
        self.events: list[dict[str, Any]] = []
        self.operations: list[dict[str, Any]] = []

    def told(self, line: Line, request: str) -> dict[str, Any]:
        status, content = line.ask(request)
        if status != 200:
            raise NotServing(f"{request} is answered {status}: {content[:200]!r}")
        told: dict[str, Any] = json.loads(content)
        return told

    def has(self, action: str, trace: str) -> bool:
        wanted = (action, trace, "done")
        return any((one["action"], one.get("trace"), one["outcome"]) == wanted for one in self.events)

    def within(self, holds: Callable[[], bool]) -> bool:
        give_up = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > give_up:
                return False
            time.sleep(LOOK)
        return True

    def unsealed(self) -> None:
        """Opens a vault that was sealed before the crash."""
        if self.admin.ask("GET /v1/ready")[0] == 200:
            return
        key = (self.case.prepared.ground.folder / "root.key").read_bytes().strip()
        status, content = self.admin.ask("POST /v1/unseal", key)
        if status != 200:
            raise NotServing(f"unsealing is answered {status}: {content[:200]!r}")

    # MARK: What has to hold

    def held(self, untouched: Iterable[str]) -> list[Finding]:
        """All of it but `checked`, which comes last; from here on the log's events are known."""
        found = self.ended() + self.swept()
        bundle = self.case.run / "log.bundle"
        verified = self.case.prepared.ground.verifier.export(self.case.run, [self.case.prepared.known], bundle)
        found += [Finding(LOST, line) for line in verified]
        self.events = list(events(bundle)) if bundle.exists() else []
        for image in untouched:
            status, content = self.images.ask(f"GET /v1/images/{image}")
            if status != 200 or content != self.case.prepared.contents[image]:
                found.append(Finding(LOST, f"image {image}, stored long before, is answered {status}"))
        return found

    def ended(self) -> list[Finding]:
        """Every operation comes to its end."""

        def are_ended() -> bool:
            self.operations = self.told(self.admin, "GET /v1/operations")["operations"]
            return all(one["state"] in ENDED for one in self.operations)

        if self.within(are_ended):
            return []
        return [Finding(WRONG, f"after {PATIENCE} s operations are {self.operations}")]

    def swept(self) -> list[Finding]:
        """No blob is left that no row names, and no file that was to take another's place."""
        left: tuple[list[str], list[str]] = ([], [])
        parts: list[str] = []

        def is_swept() -> bool:
            nonlocal left, parts
            left = litter(blob_files(self.case.state), blobs_named(self.case.state))
            parts = unfinished(self.case.state)
            return left == ([], []) and not parts

        if self.within(is_swept):
            return []
        return (
            [Finding(WRONG, f"no row names blob {name}") for name in left[0]]
            + [Finding(LOST, f"blob {name} of a row is not there") for name in left[1]]
            + [Finding(WRONG, f"{name} was left by a crash") for name in parts]
        )

    def purged(self) -> list[Finding]:
        """Every receipt reaches level 1 by itself."""
        receipts: list[dict[str, Any]] = []

        def are_purged() -> bool:
            nonlocal receipts
            receipts = self.told(self.admin, "GET /v1/receipts")["receipts"]
            return all(one["level"] >= 1 for one in receipts)

        if self.within(are_purged):
            return []
        return [Finding(WRONG, f"after {PATIENCE} s receipts are {receipts}")]

    def checked(self) -> list[Finding]:
        done = ctl(self.case, "check", "--wait", "--socket", str(self.case.run / "admin.sock"))
        if done.returncode == 0:
            return []
        said = (done.stdout + done.stderr).strip()[-400:]
        return [Finding(WRONG, f"vaultctl check ended with {done.returncode}: {said}")]
