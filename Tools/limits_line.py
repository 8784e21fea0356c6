"""Many connections of one process to a socket of the vault, and what was said on them."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

#: Seconds that anything may take that is not meant to be slow.
PATIENCE = 120.0
#: Bytes of an answer's head, at most.
HEAD = 32 << 10


@dataclass
class Answer:
    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def wait(self) -> int | None:
        """Seconds until the sender may come again, where the answer says so."""
        text = self.fields.get("retry-after", "")
        return int(text) if text.isdigit() else None


@dataclass
class Tally:
    """What a flood came to. It goes from one process to another."""

    answers: Counter[str] = field(default_factory=Counter)
    #: What no answer may be, by its kind.
    faults: Counter[str] = field(default_factory=Counter)
    #: Seconds from a first attempt to what was wanted.
    times: list[float] = field(default_factory=list)

    def note(self, answer: Answer | None, wanted: int) -> bool:
        """Counts it; whether it is what was wanted."""
        if answer is None:
            self.faults["a connection ended without an answer"] += 1
            return False
        self.answers[str(answer.status)] += 1
        if answer.status == wanted:
            return True
        if answer.status not in (429, 503):
            self.faults[f"an answer of {answer.status}: {answer.body[:160]!r}"] += 1
        elif answer.wait is None:
            self.faults[f"an answer of {answer.status} without Retry-After"] += 1
        return False

    def add(self, other: Tally) -> None:
        self.answers += other.answers
        self.faults += other.faults
        self.times += other.times


class Line:
    """One connection. It does not care whether its request was taken: what counts is what came back."""

    def __init__(self, path: Path) -> None:
        self.path, self.socket = path, socket.socket(socket.AF_UNIX)
        self.socket.setblocking(False)
        self.rest = b""
        self.loop = asyncio.get_running_loop()

    async def connect(self) -> None:
        # A full backlog says EAGAIN on this kind of socket: nobody tells when there is room.
        give_up = self.loop.time() + PATIENCE
        while True:
            try:
                return self.socket.connect(str(self.path))
            except BlockingIOError:
                if self.loop.time() > give_up:
                    raise
                await asyncio.sleep(0.01)

    async def send(self, content: bytes) -> None:
        """As much of it as somebody takes: one that refuses need not read it all."""
        with suppress(OSError):
            await self.loop.sock_sendall(self.socket, content)

    async def more(self, most: int = 1 << 16) -> bytes:
        if self.rest:
            taken, self.rest = self.rest[:most], self.rest[most:]
            return taken
        try:
            return await asyncio.wait_for(self.loop.sock_recv(self.socket, most), PATIENCE)
        except OSError:
            return b""

    async def head(self) -> Answer | None:
        """The answer's head; nil where the connection ends before."""
        content = b""
        while b"\r\n\r\n" not in content and len(content) < HEAD:
            piece = await self.more()
            if not piece:
                return None
            content += piece
        head, _, self.rest = content.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return Answer(int(lines[0].split()[1]), fields, b"")

    async def answer(self) -> Answer | None:
        answer = await self.head()
        if answer is None:
            return None
        body, size = bytearray(), int(answer.fields.get("content-length", "0"))
        while len(body) < size:
            piece = await self.more()
            if not piece:
                return None
            body += piece
        answer.body = bytes(body)
        return answer

    async def ask(self, request: bytes) -> Answer | None:
        await self.send(request)
        return await self.answer()

    def close(self) -> None:
        self.socket.close()


def head(request: str, size: int = 0, fields: str = "") -> bytes:
    length = f"Content-Length: {size}\r\n" if size else ""
    return f"{request} HTTP/1.1\r\nHost: vault\r\n{length}{fields}\r\n".encode()
