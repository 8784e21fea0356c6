"""What a vault has to know after a crash: an event for each byte that was received, and nothing that it had denied.

A *moment* counts what the disk had recorded, or how often the daemon was killed. A cut at a moment may take
what came later, and nothing that was seen before.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

#: Checkpoints from before that one export takes.
KNOWN = 8
#: Seconds that a program of an auditor may take: it reads the whole log of a long soak.
PATIENCE = 600


class Due(NamedTuple):
    """An answer that was received: from this moment on there has to be its event."""

    trace: str
    action: str
    image: str
    #: Of a reading: the bytes that the event has to name.
    length: int | None
    moment: int


@dataclass
class Fate:
    """An image whose storing was acknowledged at a moment; then, perhaps, its erasure was asked for."""

    content: bytes
    stored: int
    erasing: int | None = None
    erased: int | None = None

    def must_be_there(self, cut: int) -> bool:
        return self.stored <= cut and (self.erasing is None or cut <= self.erasing)

    def must_be_gone(self, cut: int) -> bool:
        return self.erased is not None and self.erased <= cut


class Kept(NamedTuple):
    """What the vault had signed by a moment: a checkpoint or an anchor."""

    text: bytes
    moment: int


def newest(kept: Iterable[Kept], cut: int) -> Kept | None:
    return max((one for one in kept if one.moment <= cut), key=lambda one: one.moment, default=None)


def events(bundle: Path) -> Iterator[dict[str, Any]]:
    """The bodies of a bundle's events."""
    with open(bundle, "rb") as lines:
        for line in lines:
            if line.startswith(b"event "):
                yield json.loads(line.split(b" ", 3)[3])


def missing(due: Iterable[Due], log: Iterable[Mapping[str, Any]], cut: int) -> tuple[int, list[str]]:
    """How many events there have to be after a cut, and a line for each that is not there."""
    found = {(event.get("trace"), event["action"]): event for event in log if event["outcome"] == "done"}
    wanted = [one for one in due if one.moment <= cut]
    lines = []
    for one in wanted:
        event = found.get((one.trace, one.action))
        if event is None:
            lines.append(f"no {one.action} of trace {one.trace}, answered by moment {one.moment}")
        elif event.get("image") != one.image or one.length not in (None, event.get("bytes")):
            lines.append(f"{one.action} of trace {one.trace} is about something else: {event}")
    return len(wanted), lines


def options_of(known: Iterable[Path]) -> list[str]:
    return [part for file in known for part in ("--known", str(file))]


class Verifier:
    """The programs that an auditor has, and the key whose fingerprint was written down."""

    def __init__(self, programs: Path, key: Path, fingerprint: str) -> None:
        self.programs, self.key, self.fingerprint = programs, key, fingerprint

    def export(self, run: Path, known: list[Kept], bundle: Path) -> list[str]:
        """Takes the whole log away, again for each few checkpoints; lines for what does not hold."""
        lines = []
        for start in range(0, max(1, len(known)), KNOWN):
            files = []
            for number, one in enumerate(known[start : start + KNOWN]):
                files.append(run / f"known-{number}")
                files[-1].write_bytes(one.text)
            exported = ["vaultctl", "audit", "export", "--socket", str(run / "audit.sock"), "--output", str(bundle)]
            lines += self._refused(exported + options_of(files)) or self.bundle(bundle, files)
        return lines

    def bundle(self, bundle: Path, known: Iterable[Path] = ()) -> list[str]:
        """A line when a bundle does not hold by itself, or is no continuation of one of the known checkpoints."""
        pinned = ["--key", str(self.key), "--fingerprint", self.fingerprint]
        return self._refused(["vaultverify", "bundle", str(bundle), *pinned, *options_of(known)])

    def anchor(self, anchor: Path) -> list[str]:
        """A line when an anchor is not in its form, or not signed by a key of the vault's."""
        return self._refused(["vaultverify", "anchor", str(anchor), "--key", str(self.key)])

    def _refused(self, command: list[str]) -> list[str]:
        """Nothing when the program ends with 0 in its time; else a line with what it said."""
        try:
            done = subprocess.run(
                [self.programs / command[0], *command[1:]],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return [f"{' '.join(command)} does not end within {PATIENCE} s"]
        return [f"{' '.join(command)} ended with {done.returncode}: {done.stdout.strip()}"] if done.returncode else []
