"""Backups in the chaos: a fault in the daemon that hands one out, or in the vaultctl that takes it in.

Whatever happens, a snapshot that stands in the directory is in the register, one that was acknowledged is in both, and
the next backup finishes and makes good what was left half done.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from chaos_check import LOST, WRONG, Came, Finding
from chaos_clients import ctl, refusal
from chaos_vault import Case

if TYPE_CHECKING:
    from chaos_verbs import Tale

#: What lies in a directory of backups, and nothing else.
NAMES = {"blobs", "checksums", "imagevault-backups", "snapshots"}


def place(case: Case) -> Path:
    return case.run / "backup"


def make(case: Case) -> subprocess.CompletedProcess[str]:
    return ctl(case, "backup", "make", str(place(case)), "--socket", str(case.run / "admin.sock"), "--json")


def backup(case: Case, tale: Tale) -> None:
    done = make(case)
    if done.returncode == 0:
        tale.told = json.loads(done.stdout)
        tale.answer = (201, done.stdout.encode())
    elif done.returncode > 0:
        tale.answer = refusal(done.returncode, done.stderr, str(place(case)))


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
    verified = ctl(case, "backup", "verify", str(place(case)), "--key", key)
    if verified.returncode:
        found.append(Finding(WRONG, f"the backups do not hold: {(verified.stdout + verified.stderr)[-300:]}"))
    return found + left(case)


def registered(case: Case, came: Came, wanted: str | None) -> list[Finding]:
    """The register knows every snapshot that is there, and the one that was acknowledged is."""
    listed = ctl(case, "backup", "ls", str(place(case)), "--socket", str(case.run / "admin.sock"), "--json")
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
