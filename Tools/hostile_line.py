"""A connection that sends what it is told, and the rules that every answer is held against."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from hostile_cases import CLOSES, SILENT, Case

#: Seconds until the answer or the end of a connection on which all was said; and of one that only stays silent, for
#: which the vault waits 60 seconds.
PATIENCE, LONG_PATIENCE = 45.0, 100.0
#: Of an answer no more is kept; the longest is the contract.
LONGEST = 64 << 20



@dataclass(frozen=True)
class Excuse:
    """An answer of 500 and more that is in order, if the case sent what brings it about."""

    status: int
    cause: re.Pattern[bytes]
    reason: str


EXCUSED = {
    "deadline-exceeded": Excuse(
        504, re.compile(rb"(?i)vault-timeout-ms"), "the request asked for an answer within milliseconds"
    ),
    "overloaded": Excuse(
        503, re.compile(rb"POST|PUT|DELETE"), "a secret is being tried, or there are as many as may be: come again"
    ),
    "inspection-failed": Excuse(
        503, re.compile(rb"POST"), "the isolated worker gave up on the picture; another one takes its place"
    ),
}
#: Types of answers whose bytes may be any: pictures, which are compared, and tiles of hashes.
BINARY = ("image/", "application/octet-stream")


@dataclass(frozen=True)
class Outcome:
    received: bytes
    #: Whether the other side ended it.
    ended: bool
    seconds: float
    #: Nobody listened.
    refused: bool = False


def exchange(folder: Path, case: Case, patience: float | None = None) -> Outcome:
    """Sends a case and reads what comes, both at once: neither side waits for the other to read."""
    begun = time.monotonic()
    limit = begun + (patience or (LONG_PATIENCE if case.ending == SILENT else PATIENCE))
    received = bytearray()
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PATIENCE)
        try:
            line.connect(str(folder / f"{case.door}.sock"))
        except OSError:
            return Outcome(b"", False, time.monotonic() - begun, refused=True)
        line.setblocking(False)
        ended = _converse(line, case, received, limit)
    return Outcome(bytes(received), ended, time.monotonic() - begun)


def _converse(line: socket.socket, case: Case, received: bytearray, limit: float) -> bool:
    pieces, due = deque(case.pieces), time.monotonic()
    rest = memoryview(b"")
    sending = True
    poll = select.poll()
    while (now := time.monotonic()) < limit:
        if sending and not rest and pieces and now >= due:
            rest, due = memoryview(pieces.popleft()), now + case.pause
        if sending and not rest and not pieces:
            sending = False
            if case.ending == CLOSES:
                return True
            if case.ending != SILENT and not _shut(line):
                return _drained(line, received)
        wait = min(limit, due if sending and not rest else limit) - now
        poll.register(line, select.POLLIN | (select.POLLOUT if rest else 0))
        for _, events in poll.poll(max(1, int(wait * 1000))):
            try:
                if events & select.POLLOUT and rest:
                    rest = rest[line.send(rest[: 1 << 18]) :]
                if events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                    more = line.recv(1 << 18)
                    if not more:
                        return True
                    received += more[: max(0, LONGEST - len(received))]
            except BlockingIOError:
                pass
            except OSError:
                # The other side hung up on what was sent; what it said before is there to be read.
                return _drained(line, received)
    return False


def _shut(line: socket.socket) -> bool:
    try:
        line.shutdown(socket.SHUT_WR)
    except OSError:
        return False
    return True


def _drained(line: socket.socket, received: bytearray) -> bool:
    try:
        while more := line.recv(1 << 18):
            received += more
    except OSError:
        pass
    return True


# MARK: Answers


@dataclass(frozen=True)
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes
    head: bytes

    @property
    def code(self) -> str:
        """The problem's code; what stands for it where there is none."""
        if self.status >= 400 and self.body:
            try:
                return str(json.loads(self.body).get("code", "no code"))
            except (ValueError, AttributeError):
                return "no JSON"
        return "-"


class NoAnswer(Exception):
    """What came is no HTTP."""


STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [ -~]*")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~]*)")


def answers(received: bytes, has_head: bool, ended_early: bool) -> list[Answer]:
    """All answers, strictly: nothing between them, nothing behind the last."""
    found: list[Answer] = []
    at = 0
    while at < len(received):
        end = received.find(b"\r\n\r\n", at)
        if end < 0:
            if ended_early:
                break
            raise NoAnswer(f"a head without an end: {received[at : at + 200]!r}")
        head = received[at:end]
        lines = head.split(b"\r\n")
        told = STATUS_LINE.fullmatch(lines[0])
        if not told:
            raise NoAnswer(f"no status line: {lines[0][:200]!r}")
        fields: dict[str, str] = {}
        for line in lines[1:]:
            parts = FIELD.fullmatch(line)
            if not parts:
                raise NoAnswer(f"no field: {line[:200]!r}")
            if fields.setdefault(parts[1].decode().lower(), parts[2].decode()) != parts[2].decode():
                raise NoAnswer(f"a field twice: {line[:200]!r}")
        body, at = _body(received, end + 4, int(told[1]), fields, has_head, ended_early)
        if int(told[1]) >= 200:
            found.append(Answer(int(told[1]), fields, body, head))
    return found


def _body(
    received: bytes, at: int, status: int, fields: dict[str, str], has_head: bool, ended_early: bool
) -> tuple[bytes, int]:
    if status < 200 or status in (204, 304):
        return b"", at
    # Which answer is one to HEAD cannot be known behind what was no request: then its body is missing, or there.
    if has_head and (at == len(received) or received.startswith(b"HTTP/1.1 ", at)):
        return b"", at
    if fields.get("transfer-encoding") == "chunked":
        return _chunks(received, at, ended_early)
    size = int(fields.get("content-length", "0"))
    if len(received) - at < size and not ended_early:
        raise NoAnswer(f"{len(received) - at:,} of {size:,} bytes came")
    return received[at : at + size], at + size


def _chunks(received: bytes, at: int, ended_early: bool) -> tuple[bytes, int]:
    body = bytearray()
    while True:
        end = received.find(b"\r\n", at)
        if end < 0:
            if ended_early:
                return bytes(body), len(received)
            raise NoAnswer("chunks without an end")
        size = int(received[at:end], 16)
        body += received[end + 2 : end + 2 + size]
        at = end + 4 + size
        if size == 0:
            return bytes(body), at


# MARK: Rules

#: What a terminal or a reader of a log would obey, as bytes: controls, and directions of text.
OBEYED = re.compile(
    b"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]"
    b"|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf|\xf3\xa0[\x80\x81]"
)


class Judge:
    """The rules. `pictures` are those that the vault has for whoever fetches them, by their id."""

    def __init__(self, pictures: dict[str, bytes], codes: set[str]) -> None:
        self.pictures, self.codes = set(pictures.values()), codes

    def faults(self, case: Case, outcome: Outcome) -> tuple[list[str], list[Answer]]:
        """What is wrong with what came, and the answers."""
        if outcome.refused:
            return ["no connection"], []
        if case.ending == CLOSES:
            return [], []
        if not outcome.ended:
            return [f"neither answered nor ended within {outcome.seconds:.0f} s; came: {outcome.received[:200]!r}"], []
        try:
            found = answers(outcome.received, case.has_head, len(outcome.received) >= LONGEST)
        except (NoAnswer, ValueError) as error:
            return [f"what came is no HTTP: {error}"], []
        lines = [line for answer in found for line in self._answer(case, answer)]
        # Behind a body that nobody took nothing is a request any more, and the answer says so.
        closed = bool(found) and found[-1].fields.get("connection") == "close"
        if case.due is not None and len(found) != case.due and not (closed and len(found) < case.due):
            lines.append(f"{len(found)} answers to {case.due} sound requests")
        return lines, found

    def _answer(self, case: Case, answer: Answer) -> list[str]:
        lines = []
        code = answer.code
        excuse = EXCUSED.get(code)
        is_excused = excuse and excuse.status == answer.status and excuse.cause.search(case.content)
        if answer.status >= 500 and not (answer.body == b"" and case.has_head) and not is_excused:
            lines.append(f"{answer.status} {code}: {answer.body[:300]!r}")
        elif answer.status == 500:
            lines.append("500")
        if answer.status >= 400 and answer.body and code not in self.codes:
            lines.append(f"{answer.status} without a code of the contract: {answer.body[:200]!r}")
        lines += self._echo(case, answer)
        kind = answer.fields.get("content-type", "")
        if answer.status == 200 and kind.startswith("image/") and answer.body and answer.body not in self.pictures:
            lines.append(f"a picture came back that is none of those: {answer.body[:60]!r}")
        if answer.status == 206 and not any(answer.body in picture for picture in self.pictures):
            lines.append(f"a part came back that is of none of the pictures: {answer.body[:60]!r}")
        return lines

    def _echo(self, case: Case, answer: Answer) -> list[str]:
        text = answer.head if answer.fields.get("content-type", "").startswith(BINARY) else answer.head + answer.body
        lines = []
        obeyed = OBEYED.search(text.replace(b"\r\n", b""))
        if obeyed:
            around = text[max(0, obeyed.start() - 40) : obeyed.end() + 40]
            lines.append(f"{answer.status}: what a terminal would obey came back raw: {around!r}")
        # Of what was taken a caller may see his own words again, such as the name of his image. Of a refusal never.
        if answer.status >= 400 and case.token in text:
            at = text.find(case.token)
            lines.append(f"{answer.status}: a refusal quotes its request: {text[max(0, at - 40) : at + 80]!r}")
        return lines


def codes(contract: Path) -> set[str]:
    """The codes of the contract."""
    found = re.search(r"\n      x-status:\n((?:        [a-z-]+: \d+\n)+)", contract.read_text("utf-8"))
    if not found:
        raise SystemExit("hostile: the contract has no codes")
    return set(re.findall(r"([a-z-]+):", found[1]))
