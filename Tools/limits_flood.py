"""The floods: each is a process, of a user of its own where there is a choice, that says when it stands and what came."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench_support import become, ends_with, noise
from limits_line import PATIENCE, Line, Tally, head

#: The uids of floods, where there is a choice.
USERS = (54_101, 54_102, 54_103, 54_104)
#: Edges of the pictures that are uploaded: 6 KB to 90 KB, the larger ones more than 64 KiB, for which memory is taken
#: by the 256 KiB.
EDGES = (80, 200, 300)
#: What an upload that trickles says that it has, and sends, in bytes; seconds between two sips.
ANNOUNCED, SIP, BETWEEN = 9 << 20, 64, 0.5
#: Bytes of an upload that is refused, and connections that are being made at once.
REFUSED, AT_ONCE = 1 << 20, 32
#: Descriptors of a flood beside its connections.
BESIDE = 64

Act = Callable[["Stage"], Coroutine[Any, Any, Tally]]


class Stage:
    """What a flood has around it, in its own process."""

    def __init__(self, door: Path, pipe: Connection, seed: int) -> None:
        self.door, self.pipe, self.chance = door, pipe, random.Random(seed)

    def stands(self) -> None:
        self.pipe.send("stands")

    async def told_to_end(self) -> None:
        while not self.pipe.poll():
            await asyncio.sleep(0.05)

    async def line(self) -> Line:
        """A new connection."""
        line = Line(self.door)
        await line.connect()
        return line


class Flood:
    """A process that acts, from its beginning to its end or its death."""

    def __init__(self, door: Path, user: int | None, seed: int, act: Act, descriptors: int) -> None:
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        arguments = (door, user, seed, act, descriptors, theirs, self.pipe, os.getpid())
        self.process = context.Process(target=_live, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.stands = False
        self.tally: Tally | None = None
        self.fault: str | None = None

    @property
    def is_over(self) -> bool:
        return self.tally is not None or self.fault is not None

    def hear(self) -> None:
        """Takes in what it has said."""
        try:
            while not self.is_over and self.pipe.poll():
                told = self.pipe.recv()
                if isinstance(told, Tally):
                    self.stands, self.tally = True, told
                else:
                    self.stands = True
        except (EOFError, OSError):
            self.process.join(PATIENCE)
            self.fault = f"a flood ended with {self.process.exitcode}"

    def end(self) -> None:
        with suppress(OSError):
            self.pipe.send(None)

    def kill(self) -> None:
        """As a backend dies: without a word."""
        self.process.kill()
        self.process.join()
        self.tally = Tally()


def _live(
    door: Path, user: int | None, seed: int, act: Act, descriptors: int, pipe: Connection, parents: Connection,
    parent: int,
) -> None:
    parents.close()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, descriptors + BESIDE), hard))
    if user is not None:
        become(user)
    if not ends_with(parent):
        return
    tally = asyncio.run(act(Stage(door, pipe, seed)))
    with suppress(OSError):
        pipe.send(tally)


# MARK: Acts


def stay(count: int, one: Callable[[Stage, int, Tally], Coroutine[Any, Any, Line | None]]) -> Act:
    """So many connections, some being made at once, that stay where `one` gives them back, until all are told to end."""

    async def act(stage: Stage) -> Tally:
        tally, turn = Tally(), asyncio.Semaphore(AT_ONCE)

        async def begun(number: int) -> Line | None:
            async with turn:
                return await one(stage, number, tally)

        kept = await asyncio.gather(*(begun(number) for number in range(count)))
        stage.stands()
        await stage.told_to_end()
        for line in kept:
            if line:
                line.close()
        return tally

    return act


def idle(count: int) -> Act:
    """Connections that asked once and say no more; every fourth has begun to ask again. Those that there is no room
    for are told so."""

    async def one(stage: Stage, number: int, tally: Tally) -> Line | None:
        line = await stage.line()
        if not tally.note(await line.ask(head("GET /v1/health")), 200):
            line.close()
            return None
        if number % 4 == 0:
            await line.send(b"GET /v1/images/half HTTP/1.1\r\nHost: va")
        return line

    return stay(count, one)


def uploads(count: int) -> Act:
    """So many at once, each of which sends half, waits, and sends the rest; who is told to come again does so."""

    async def one(stage: Stage, number: int, tally: Tally) -> None:
        edge = EDGES[number % len(EDGES)]
        picture = noise(edge, edge, stage.chance.getrandbits(60))
        named = f'Content-Disposition: attachment; filename="flood{number}.png"\r\n'
        begun = time.monotonic()
        while time.monotonic() < begun + PATIENCE:
            line = await stage.line()
            await line.send(head("POST /v1/images", len(picture), named) + picture[: len(picture) // 2])
            await asyncio.sleep(0.5)
            await line.send(picture[len(picture) // 2 :])
            answer = await line.answer()
            line.close()
            if tally.note(answer, 201):
                tally.times.append(time.monotonic() - begun)
                return
            if answer is None or answer.wait is None:
                return
            await asyncio.sleep(answer.wait + stage.chance.random())
        tally.faults[f"an upload was not stored within {PATIENCE:.0f} s, although it came again"] += 1

    async def act(stage: Stage) -> Tally:
        tally = Tally()
        stage.stands()
        await asyncio.gather(*(one(stage, number, tally) for number in range(count)))
        return tally

    return act


def stays(count: int) -> Act:
    """Connections that each sent what is no picture, and stay: what it was read into must not stay with them."""

    async def one(stage: Stage, number: int, tally: Tally) -> Line:
        line, body = await stage.line(), bytes(REFUSED)
        named = f'Content-Disposition: attachment; filename="s{number}.png"\r\n'
        tally.note(await line.ask(head("POST /v1/images", len(body), named) + body), 422)
        return line

    return stay(count, one)


def trickles(count: int) -> Act:
    """Uploads that say they are large, and come in sips: more than there is memory for. Those that wait for it are told
    to come again, and the others never end by themselves."""

    async def one(stage: Stage, tally: Tally, over: asyncio.Event) -> None:
        line = await stage.line()
        await line.send(head("POST /v1/images", ANNOUNCED, 'Content-Disposition: attachment; filename="t.png"\r\n'))
        answered = asyncio.ensure_future(line.answer())
        while not over.is_set() and not answered.done():
            await line.send(b"\x89" * SIP)
            await asyncio.sleep(BETWEEN)
        if answered.done():
            tally.note(answered.result(), 503)
        answered.cancel()
        line.close()

    async def act(stage: Stage) -> Tally:
        tally, over = Tally(), asyncio.Event()
        all_of_them = [asyncio.ensure_future(one(stage, tally, over)) for _ in range(count)]
        await asyncio.sleep(2 * BETWEEN)
        stage.stands()
        await stage.told_to_end()
        over.set()
        await asyncio.gather(*all_of_them)
        return tally

    return act


def reads_slowly(count: int, image: str, digest: bytes) -> Act:
    """Readers that take a sip now and then until they are told to end; then half of them hang up, and the others read
    to the end, and have the whole picture."""

    async def one(stage: Stage, number: int, tally: Tally, over: asyncio.Event, standing: list[int]) -> None:
        line = await stage.line()
        await line.send(head(f"GET /v1/images/{image}"))
        answer = await line.head()
        standing.append(number)
        if not tally.note(answer, 200) or answer is None:
            line.close()
            return
        size, taken, hashed = int(answer.fields["content-length"]), 0, hashlib.sha256()
        while taken < size and not (over.is_set() and number % 2):
            piece = await line.more(size if over.is_set() else 4096)
            if not piece:
                tally.faults["an answer was cut short"] += 1
                break
            hashed.update(piece)
            taken += len(piece)
            if not over.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), 0.5)
        if taken == size and hashed.digest() != digest:
            tally.faults["another picture came"] += 1
        line.close()

    async def act(stage: Stage) -> Tally:
        tally, over, standing = Tally(), asyncio.Event(), list[int]()
        all_of_them = [asyncio.ensure_future(one(stage, number, tally, over, standing)) for number in range(count)]
        while len(standing) < count:
            await asyncio.sleep(0.05)
        stage.stands()
        await stage.told_to_end()
        over.set()
        await asyncio.gather(*all_of_them)
        return tally

    return act


def half_uploads(count: int) -> Act:
    """Uploads of which half is sent, and no more: this process is killed then."""

    async def act(stage: Stage) -> Tally:
        picture = noise(EDGES[-1], EDGES[-1], stage.chance.getrandbits(60))
        lines = [await stage.line() for _ in range(count)]
        sent = head("POST /v1/images", len(picture), 'Content-Disposition: attachment; filename="h.png"\r\n')
        sent += picture[: len(picture) // 2]

        async def patiently(line: Line) -> None:
            # Who waits for memory is not read from.
            with suppress(TimeoutError):
                await asyncio.wait_for(line.send(sent), 1)

        await asyncio.gather(*(patiently(line) for line in lines))
        stage.stands()
        await stage.told_to_end()
        return Tally()

    return act
