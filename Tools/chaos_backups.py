"""Backups in the chaos: a fault in the daemon that hands one out, or in the vaultctl that takes it in.

Whatever happens, a snapshot that stands in the directory is in the register, one that was acknowledged is in both, and
the next backup finishes and makes good what was left half done.
"""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from bench_support import BIN
from chaos_calls import Fault
from chaos_check import LOST, WRONG, Came, Finding
from chaos_trace import ARMED, FIRED
from chaos_vault import Case, planned
from powercut_vault import Daemon

if TYPE_CHECKING:
    from chaos_verbs import Tale

#: Seconds that a command may take.
PATIENCE = 120
#: What lies in a directory of backups, and nothing else.
NAMES = {"blobs", "checksums", "imagevault-backups", "snapshots"}


class TracedClient:
    """A daemon as it is, and a plan for the client whose calls are counted: those below where it writes."""

    def __init__(self, case: Case, fault: Fault | None, written: Path) -> None:
        self.case, self.trace = case, case.run / "trace"
        self.control, case.tracer = planned(case.run, written, fault)
        struct.pack_into("<q", self.control, ARMED, 1)
        self.daemon = Daemon(case.run)

    @property
    def has_fired(self) -> bool:
        return bool(struct.unpack_from("<q", self.control, FIRED)[0])

    @property
    def is_gone(self) -> bool:
        return self.daemon.process.poll() is not None

    def settle(self, quiet: float = 0, or_fault: bool = False) -> None:
        """The client has ended by then."""
        self.case.tracer = []

    def ended(self) -> None:
        pass

    def kill(self) -> None:
        self.case.tracer = []
        self.daemon.kill()

    def stop(self) -> None:
        self.daemon.stop()


def place(case: Case) -> Path:
    return case.run / "backup"


def ctl(case: Case, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*case.tracer, str(BIN / "vaultctl"), "backup", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def make(case: Case) -> subprocess.CompletedProcess[str]:
    return ctl(case, "make", str(place(case)), "--socket", str(case.run / "admin.sock"), "--json")


def backup(case: Case, tale: Tale) -> None:
    done = make(case)
    if done.returncode == 0:
        tale.told = json.loads(done.stdout)
        tale.answer = (201, done.stdout.encode())
    elif done.returncode > 0:
        tale.answer = refusal(done.returncode, done.stderr, str(place(case)))


def refusal(status: int, said: str, where: str) -> tuple[int, bytes]:
    """What vaultctl said in the form of a problem: nothing where it has no code, and does not say where it failed."""
    try:
        code = str(json.loads(said)["code"])
    except (ValueError, KeyError, TypeError):
        if where not in said:
            return 500 + status, said.encode()
        code = "file"
    return 500 + status, json.dumps({"code": code, "status": 500 + status}).encode()


def backup_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    found, acknowledged = list[Finding](), tale.told.get("backup")
    if (place(case) / "imagevault-backups").exists():
        found += registered(case, came, acknowledged)
    elif acknowledged:
        found.append(Finding(LOST, "a backup that was acknowledged is not there"))
    again = make(case)
    if again.returncode:
        return [*found, Finding(WRONG, f"the next backup ended with {again.returncode}: {again.stderr[-300:]}")]
    found += registered(case, came, json.loads(again.stdout)["backup"])
    key = str(case.prepared.ground.verifier.key)
    verified = ctl(case, "verify", str(place(case)), "--key", key)
    if verified.returncode:
        found.append(Finding(WRONG, f"the backups do not hold: {(verified.stdout + verified.stderr)[-300:]}"))
    return found + left(case)


def registered(case: Case, came: Came, wanted: str | None) -> list[Finding]:
    """The register knows every snapshot that is there, and the one that was acknowledged is."""
    listed = ctl(case, "ls", str(place(case)), "--socket", str(case.run / "admin.sock"), "--json")
    if listed.returncode:
        return [Finding(WRONG, f"backup ls ended with {listed.returncode}: {listed.stderr[-300:]}")]
    there = {str(json.loads(line)["backup"]) for line in listed.stdout.splitlines()}
    register = {one["id"]: one["state"] for one in came.told(came.admin, "GET /v1/backups")["backups"]}
    # One that nobody could say the last word of may be there or not, and the register says that.
    found = [
        Finding(LOST, f"snapshot {one} is there, and the register says {register.get(one, 'nothing')}")
        for one in there
        if register.get(one) not in ("kept", "making")
    ]
    if wanted and (wanted not in there or register.get(wanted) != "kept"):
        found.append(Finding(LOST, f"snapshot {wanted}, which was acknowledged, is not there, or not in the register"))
    return found


def left(case: Case) -> list[Finding]:
    """What belongs to nobody: beside the catalog, and in the directory, after a backup that finished."""
    names = [one.name for one in place(case).iterdir() if one.name not in NAMES]
    names += [one.name for one in (place(case) / "snapshots").iterdir() if not (one / "manifest").exists()]
    names += [one.name for one in case.state.glob("catalog.sqlite-snapshot-*")]
    return [Finding(WRONG, f"{name} is left") for name in names]
