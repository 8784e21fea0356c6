"""Exports in the chaos, from the side of the vaultctl that writes the bundle to a file.

Whatever happens to it, the file has the whole log or is not there, its exit status says which, and the next export
finishes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos_calls import calls_of
from chaos_check import LOST, WRONG, Came, Finding
from chaos_clients import ctl, refusal
from chaos_vault import Case
from powercut_check import events
from powercut_vault import NotServing

if TYPE_CHECKING:
    from chaos_verbs import Tale

NAME = "log.bundle"


def place(case: Case) -> Path:
    folder = case.run / "export"
    folder.mkdir(exist_ok=True)
    return folder


def make(case: Case) -> subprocess.CompletedProcess[str]:
    return ctl(case, "audit", "export", "--output", str(place(case) / NAME), "--socket", str(case.run / "audit.sock"))


def export(case: Case, tale: Tale) -> None:
    status, checkpoint = case.door("audit").ask("GET /v1/checkpoint")
    if status != 200:
        raise NotServing(f"a checkpoint is answered {status}: {checkpoint[:200]!r}")
    case.known.write_bytes(checkpoint)
    done = make(case)
    if done.returncode == 0:
        tale.answer = (201, b"")
    elif done.returncode > 0:
        tale.answer = refusal(done.returncode, done.stderr, str(place(case) / NAME))


def export_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    calls, is_acknowledged = calls_of(case.run / "trace"), tale.acknowledged(201)
    found = hidden(calls) if is_acknowledged else []
    found += written(case, came, is_acknowledged) + left(place(case), any(one.get("fault") for one in calls))
    (place(case) / NAME).unlink(missing_ok=True)
    again = make(case)
    if again.returncode:
        return [*found, Finding(WRONG, f"the next export ended with {again.returncode}: {again.stderr[-300:]}")]
    return found + verified(case)


def hidden(calls: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Errors of a vaultctl that ended with 0; when it takes its temporary away that has its name already."""
    return [
        Finding(WRONG, f"{one['call']} {one['file']} failed with {one['error']}, and vaultctl ended with 0")
        for one in calls
        if one.get("error") and one["call"] != "unlink"
    ]


def written(case: Case, came: Came, is_acknowledged: bool) -> list[Finding]:
    """A bundle that is there is whole, has all that was known when it was asked for, and the log goes on from it."""
    bundle = place(case) / NAME
    if not bundle.exists():
        return [Finding(LOST, "an export that was acknowledged is not there")] if is_acknowledged else []
    found, before = verified(case, LOST if is_acknowledged else WRONG), list(events(bundle))
    if not before or came.events[: len(before)] != before:
        found.append(Finding(LOST, "events of a bundle that was taken away are not in the log"))
    return found


def verified(case: Case, kind: str = WRONG) -> list[Finding]:
    return [Finding(kind, line) for line in case.prepared.ground.verifier.bundle(place(case) / NAME, [case.known])]


def left(folder: Path, was_killed: bool) -> list[Finding]:
    """What lies beside the bundle: of one that was killed its temporary, which has a name of its own; else nothing."""
    names = [one.name for one in folder.iterdir() if one.name != NAME]
    if was_killed and len(names) <= 1 and all(name.startswith(f"{NAME}.part-") for name in names):
        return []
    return [Finding(WRONG, f"{name} is left by an export") for name in names]
