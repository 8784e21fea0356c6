"""The verbs whose calls are enumerated: what each asks for, and what has to hold after a crash in the middle of it.

A verb's `act` asks once and notes what it was told. `held` gets the vault as it came back, and gives what is wrong with
it. What was acknowledged must be there, and what was not is whole or absent: an image with its event, or neither.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import chaos_backups
import chaos_exports
from bench_support import noise
from chaos_backups import backup, backup_held
from chaos_calls import Fault
from chaos_check import LOST, WRONG, Came, Finding
from chaos_clients import TracedClient
from chaos_vault import ERASED, STAYS, Case, Starting, Traced
from powercut_check import events
from powercut_load import Line, traced

#: Every trial's request has this trace.
TRACE = "c4a05c4a05c4a05c4a05c4a05c4a05c4"
#: The edge of the picture that is stored: two frames.
EDGE = 600
PATIENCE = 60


@dataclass
class Tale:
    """What the caller was told."""

    #: Status and content of a whole answer; None where the connection broke.
    answer: tuple[int, bytes] | None = None
    #: Bytes of an answer that were received before it broke or ended.
    received: int = 0
    told: dict[str, Any] = field(default_factory=dict)

    def acknowledged(self, *good: int) -> bool:
        return self.answer is not None and self.answer[0] in good


class Verb(NamedTuple):
    name: str
    act: Callable[[Case, Tale], None]
    held: Callable[[Case, Tale, Came], list[Finding]]
    #: Images of the prepared vault that `held` looks at itself.
    touched: Callable[[Case], list[str]] = lambda case: []
    #: Whose calls are counted: the daemon's, or a client's.
    under: Callable[[Case, Fault | None], Traced | TracedClient] = Traced
    #: Below which they count, in tables.
    files: str = "state"


def asked(line: Line, tale: Tale, request: str, body: bytes = b"", fields: str = "") -> None:
    try:
        tale.answer = line.ask(request, body, fields + traced(TRACE))
    except OSError:
        pass
    finally:
        line.close()


def state_of(image: str, content: bytes, came: Came) -> tuple[bool, list[Finding]]:
    """Whether an image is there; and that it is whole then."""
    status, given = came.images.ask(f"GET /v1/images/{image}")
    if status == 200 and given == content:
        return True, []
    if status == 404:
        return False, []
    return False, [Finding(WRONG, f"image {image} is neither whole nor absent: {status} {given[:100]!r}")]


# MARK: start


def start(case: Case, tale: Tale) -> None:
    asked(case.door("admin"), tale, "GET /v1/ready")


def start_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    """After that of the preparation, and before the one that is looked at."""
    starts = sum(one["action"] == "service.started" for one in came.events)
    if tale.acknowledged(200) and starts < 3:
        return [Finding(LOST, f"a vault was ready, and the log has {starts} starts")]
    return []


# MARK: put


def put(case: Case, tale: Tale) -> None:
    content = noise(EDGE, EDGE, 1)
    name = 'Content-Disposition: attachment; filename="a.png"\r\n'
    asked(case.door("images"), tale, "POST /v1/images", content, name)
    if tale.acknowledged(201):
        assert tale.answer
        case.prepared.seen["put"] = str(json.loads(tale.answer[1])["id"])


def put_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    is_there, found = state_of(case.prepared.seen["put"], noise(EDGE, EDGE, 1), came)
    if tale.acknowledged(201) and not is_there:
        found.append(Finding(LOST, "an image that was acknowledged is not there"))
    if is_there != came.has("image.put", TRACE):
        found.append(Finding(WRONG, f"the image is {'' if is_there else 'not '}there, and its event says otherwise"))
    return found


def put_known(case: Case, tale: Tale) -> None:
    image = case.prepared.free[-1]
    fields = 'Vault-Owner: another\r\nContent-Disposition: attachment; filename="b.png"\r\n'
    asked(case.door("images"), tale, "POST /v1/images", case.prepared.contents[image], fields)


def put_known_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    """The image was there before, and has another claim or not."""
    image = case.prepared.free[-1]
    status, given = came.images.ask(f"GET /v1/images/{image}", fields="Vault-Owner: another\r\n")
    is_there, found = status == 200 and given == case.prepared.contents[image], list[Finding]()
    if tale.acknowledged(201) and not is_there:
        found.append(Finding(LOST, f"a claim that was acknowledged is answered {status}"))
    if is_there != came.has("image.put", TRACE):
        found.append(Finding(WRONG, f"the claim is answered {status}, and its event says otherwise"))
    return found


# MARK: get


def get(case: Case, tale: Tale) -> None:
    image, line = case.prepared.free[-1], case.door("images")
    try:
        status, size, content = line.begin(f"GET /v1/images/{image}", fields=traced(TRACE))
        tale.received = len(content) if status == 200 else 0
        while len(content) < size:
            content += line.more()
        tale.answer = (status, bytes(content))
    except OSError:
        pass
    finally:
        line.close()


def get_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    found = []
    if tale.received and not came.has("read.begun", TRACE):
        found.append(Finding(LOST, f"{tale.received} bytes of an image were received, and no event says so"))
    if tale.acknowledged(200) and tale.answer and tale.answer[1] != case.prepared.contents[case.prepared.free[-1]]:
        found.append(Finding(WRONG, "other bytes were received than were stored"))
    return found


# MARK: delete


def delete(case: Case, tale: Tale) -> None:
    asked(case.door("images"), tale, f"DELETE /v1/images/{case.prepared.free[-1]}")


def delete_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    image = case.prepared.free[-1]
    is_there, found = state_of(image, case.prepared.contents[image], came)
    if tale.acknowledged(200) and is_there:
        found.append(Finding(LOST, "an image whose deletion was acknowledged is there"))
    if is_there == came.has("image.delete", TRACE):
        found.append(Finding(WRONG, f"the image is {'' if is_there else 'not '}there, and its event says otherwise"))
    return found + came.purged()


# MARK: rotate


def rotate(case: Case, tale: Tale) -> None:
    asked(case.door("admin"), tale, "POST /v1/keys/rotate")


def rotate_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    rotations = [one for one in came.operations if one["kind"] == "rotate"]
    found = []
    if tale.acknowledged(202) and not rotations:
        found.append(Finding(LOST, "a rotation that was acknowledged is not there"))
    for one in rotations:
        if one["state"] != "done" or one["failures"]:
            found.append(Finding(WRONG, f"the rotation ended as {one}"))
        elif came.admin.ask(f"GET /v1/operations/{one['id']}/statement")[0] != 200:
            found.append(Finding(WRONG, "the rotation is done, and there is no statement"))
    epochs = came.told(came.admin, "GET /v1/keys")["epochs"]
    left = sum(one["wraps"] for one in epochs if one["state"] != "primary")
    primary = [one["number"] for one in epochs if one["state"] == "primary"]
    if left or primary != [2 if rotations else 1]:
        found.append(Finding(WRONG, f"after {len(rotations)} rotations the epochs are {epochs}"))
    return found


# MARK: erase


def erase(case: Case, tale: Tale) -> None:
    asked(case.door("images"), tale, f"DELETE /v1/images?owner={ERASED}")


def erase_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    """All that the owner claimed goes, or nothing does; what another claims stays."""
    erasures = [one for one in came.operations if one["kind"] == "erase"]
    found = []
    if tale.acknowledged(202) and not erasures:
        found.append(Finding(LOST, "an erasure that was acknowledged is not there"))
    for one in erasures:
        if one["state"] != "done" or one["failures"]:
            found.append(Finding(WRONG, f"the erasure ended as {one}"))
    for image in case.prepared.owned[ERASED]:
        is_there, lines = state_of(image, case.prepared.contents[image], came)
        found += lines
        if is_there != (not erasures or image in case.prepared.owned[STAYS]):
            found.append(Finding(LOST, f"image {image} is there: {is_there}; erasures: {len(erasures)}"))
        fields = f"Vault-Owner: {ERASED}\r\n"
        if erasures and came.images.ask(f"GET /v1/images/{image}", fields=fields)[0] != 404:
            found.append(Finding(LOST, f"the claim on {image} that was erased is there"))
    return found + came.purged()


# MARK: export


class Connection(http.client.HTTPConnection):
    """To a socket of the vault; it understands answers in pieces."""

    def __init__(self, path: Path) -> None:
        super().__init__("vault", timeout=PATIENCE)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(str(self.path))


def export(case: Case, tale: Tale) -> None:
    connection = Connection(case.run / "audit.sock")
    try:
        connection.request("GET", "/v1/log/bundle", headers={"traceparent": traced(TRACE).split(": ")[1].strip()})
        answer = connection.getresponse()
        tale.answer = (answer.status, answer.read())
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


def export_held(case: Case, tale: Tale, came: Came) -> list[Finding]:
    """A bundle that came whole holds, has all that was known before, and the log goes on from it."""
    if not tale.acknowledged(200):
        return []
    assert tale.answer
    taken = case.run / "taken.bundle"
    taken.write_bytes(tale.answer[1])
    if wrong := case.prepared.ground.verifier.bundle(taken, [case.known]):
        return [Finding(WRONG, f"a bundle that came whole does not hold: {line}") for line in wrong]
    before = list(events(taken))
    if came.events[: len(before)] != before:
        return [Finding(LOST, "events of a bundle that was taken away are not in the log")]
    if not came.has("log.exported", TRACE):
        return [Finding(LOST, "a bundle came whole, and no event says so")]
    return []


# MARK: Clients


def exporting(case: Case, fault: Fault | None) -> TracedClient:
    return TracedClient(case, fault, chaos_exports.place(case))


def taking(case: Case, fault: Fault | None) -> TracedClient:
    return TracedClient(case, fault, chaos_backups.place(case))


#: In the order of tables.
VERBS = (
    Verb("start", start, start_held, under=Starting),
    Verb("put", put, put_held),
    Verb("put-known", put_known, put_known_held),
    Verb("get", get, get_held),
    Verb("delete", delete, delete_held, lambda case: case.prepared.free[-1:]),
    Verb("rotate", rotate, rotate_held),
    Verb("erase", erase, erase_held, lambda case: case.prepared.owned[ERASED]),
    Verb("export", export, export_held),
    Verb("export-writer", chaos_exports.export, chaos_exports.export_held, under=exporting, files="bundle"),
    Verb("backup", backup, backup_held),
    Verb("backup-taker", backup, backup_held, under=taking, files="backups"),
)
