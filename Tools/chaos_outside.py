"""What is kept outside of the state directory, the anchor and the list of erasures beside it: both parsed, and judged.

Whatever happens to them, the vault serves again by itself; the anchor is the newest then, and the list has every claim
that went. Both lag behind the log by a second and never more, and are whole after a stop (LogFormat §9, BackupFormat
§6).
"""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any, NamedTuple

from chaos_check import LOST, WRONG, Finding
from chaos_vault import Case

#: Seconds in which both have to be as new as the log.
PATIENCE = 20
LOOK = 0.1
LIST = "anchor.erasures"
#: All that the directory may have after a stop.
NAMES = ["anchor", LIST]
#: Of an event, when a claim went.
GOING = ("image.delete", "image.erased")
ID, IMAGE, NAMESPACE = (re.compile(one) for one in ("[0-9a-f]{32}", "[0-9a-f]{64}", "[a-z0-9-]{1,32}"))
NUMBER, LARGEST = re.compile("0|[1-9][0-9]*"), 2**64 - 1


class Malformed(Exception):
    """A text that is not in its form; its words say where."""


class Gone(NamedTuple):
    """A claim that went, or all of an image's."""

    event: int
    namespace: str
    image: str
    #: None for every claim.
    reference: str | None

    def __str__(self) -> str:
        return f"{self.reference or 'every claim'} on {self.image}, event {self.event}"


class Listed(NamedTuple):
    """The list of erasures."""

    vault: str
    lines: list[Gone]
    through: int
    #: How often the log went on as another one.
    branches: int


class Anchor(NamedTuple):
    vault: str
    size: int
    root: str


def number(text: str, field: str) -> int:
    if not NUMBER.fullmatch(text) or int(text) > LARGEST:
        raise Malformed(f"{field} is {text!r}")
    return int(text)


def matched(form: re.Pattern[str], text: str, field: str) -> str:
    if not form.fullmatch(text):
        raise Malformed(f"{field} is {text!r}")
    return text


def listed(text: str) -> Listed:
    """BackupFormat §6; what follows the last end of a line is not there."""
    heading, named, *rest = [*text.split("\n")[:-1], "", ""]
    if heading != "imagevault-erasures/1" or not named.startswith("vault "):
        raise Malformed(f"the list begins with {heading!r}, {named!r}")
    vault = matched(ID, named.removeprefix("vault "), "vault")
    lines, through, last, branches = list[Gone](), 0, 0, 0
    for line in rest[:-2]:
        match line.split(" "):
            case ["gone", index, namespace, image, reference]:
                names = matched(NAMESPACE, namespace, "namespace"), matched(IMAGE, image, "image")
                claim = None if reference == "-" else matched(ID, reference, "reference")
                lines.append(Gone(number(index, "gone"), *names, claim))
                if lines[-1].event < last:
                    raise Malformed(f"gone {index} stands behind gone {last}")
                last = lines[-1].event
            case ["through", size]:
                if number(size, "through") < through:
                    raise Malformed(f"through {size} stands behind through {through}")
                through = int(size)
            case ["restored", size]:
                through, last, branches = number(size, "restored"), 0, branches + 1
            case _:
                raise Malformed(f"a line is {line!r}")
    return Listed(vault, lines, through, branches)


def anchor(text: str) -> Anchor:
    """LogFormat §9, without its signature: that is vaultverify's."""
    fields = ("vault", "at", "generation", "keyring", "log")
    heading, *lines = text.split("\n")
    if heading != "imagevault-anchor/1" or [line.partition(" ")[0] for line in lines[:5]] != list(fields):
        raise Malformed(f"the anchor is {text[:80]!r}")
    vault, _, _, _, log = (line.partition(" ")[2] for line in lines[:5])
    size, _, root = log.partition(" ")
    return Anchor(matched(ID, vault, "vault"), number(size, "log"), root)


def due(events: Iterable[Mapping[str, Any]]) -> list[Gone]:
    """What the list has to have, by the events of a whole log."""
    return [
        Gone(index, one["namespace"], one["image"], one.get("reference"))
        for index, one in enumerate(events)
        if one["action"] in GOING and one["outcome"] == "done"
        and (one.get("reference") or one["action"] == "image.erased")
    ]  # fmt: skip


def unlisted(found: Listed, wanted: Iterable[Gone], acknowledged: Iterable[str]) -> list[Finding]:
    """What a list lacks of the log and of what was acknowledged, and what it has that it should not have."""
    wanted, images = list(wanted), {line.image for line in found.lines}
    lost = [str(one) for one in wanted if one not in found.lines]
    lost += [f"image {one}, whose going was acknowledged" for one in acknowledged if one not in images]
    wrong = [f"has {one}, and the log not" for one in found.lines if one not in wanted]
    wrong += ["has a line twice"] if len(set(found.lines)) < len(found.lines) else []
    wrong += ["says that the log is another one"] if found.branches else []
    return [Finding(LOST, f"the list of erasures lacks {one}") for one in lost] + [
        Finding(WRONG, f"the list of erasures {one}") for one in wrong
    ]


# MARK: Of a vault


def caught_up(case: Case, acknowledged: list[str]) -> list[Finding]:
    """While it serves: the anchor gets to be of the log's end by itself, and the list to have what went."""
    give_up, lag = time.monotonic() + PATIENCE, ""
    while time.monotonic() < give_up:
        try:
            lag = lagging(case, acknowledged)
        except Malformed as error:
            # Both are replaced whole, or added to: a look never finds them otherwise.
            return [Finding(WRONG, f"outside of the state directory: {error}")]
        if not lag:
            return signed(case)
        time.sleep(LOOK)
    return [Finding(WRONG, f"outside of the state directory, after {PATIENCE} s: {lag}")]


def lagging(case: Case, acknowledged: Iterable[str]) -> str:
    """What is not as new as it has to get; nothing when all is."""
    try:
        last, images = anchor(read(case, "anchor")), {line.image for line in listed(read(case, LIST)).lines}
    except OSError as error:
        return str(error)
    if last[1:] != (end := log_end(case)):
        return f"the anchor is of {last[1:]}, and the log ends at {end}"
    return ", ".join(f"the list lacks {one}" for one in acknowledged if one not in images)


def read(case: Case, name: str) -> str:
    return (case.outside / name).read_text()


def signed(case: Case) -> list[Finding]:
    return [Finding(WRONG, line) for line in case.prepared.ground.verifier.anchor(case.outside / "anchor")]


def left_whole(case: Case, events: Iterable[Mapping[str, Any]], acknowledged: Iterable[str]) -> list[Finding]:
    """After a stop: the anchor is signed and of the log's end, the list is whole, and nothing else lies there."""
    found = [Finding(WRONG, f"{one} lies beside the anchor") for one in sorted(others(case))]
    try:
        last = anchor(read(case, "anchor"))
        found += signed(case)
        if last[1:] != (end := log_end(case)):
            found.append(Finding(WRONG, f"after a stop the anchor is of {last[1:]}, and the log ends at {end}"))
        erasures = listed(read(case, LIST))
        if erasures.vault != last.vault:
            found.append(Finding(WRONG, "anchor and list are of different vaults"))
        if erasures.through > last.size:
            found.append(Finding(WRONG, f"the list is through {erasures.through} of {last.size} events"))
        return found + unlisted(erasures, due(events), acknowledged)
    except (Malformed, OSError) as error:
        return [*found, Finding(LOST, f"outside of the state directory: {error}")]


def others(case: Case) -> list[str]:
    return [one.name for one in case.outside.iterdir() if one.name not in NAMES]


def log_end(case: Case) -> tuple[int, str]:
    """Size and root of the log, by the edge of its tree. To ask vaultd for a checkpoint would make it longer."""
    with closing(sqlite3.connect(f"file:{case.state}/catalog.sqlite?mode=ro", uri=True)) as catalog:
        size, edge = catalog.execute("SELECT size, frontier FROM log").fetchone()
    return size, root(edge)


def root(edge: bytes) -> str:
    """Of complete subtrees, largest first (RFC 6962 §2.1), in Base64."""
    nodes = [edge[start : start + 32] for start in range(0, len(edge), 32)]
    node = nodes.pop()
    while nodes:
        node = hashlib.sha256(b"\1" + nodes.pop() + node).digest()
    return base64.b64encode(node).decode()
