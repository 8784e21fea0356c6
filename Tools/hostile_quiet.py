"""Who must not notice: a client in a process of its own that stores, gets and drops pictures at a pace."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench_support import PATIENCE, Door, become, ends_with, noise

#: The uid of the client, where there is a choice.
QUIET = 54_001
#: Seconds between two of its requests.
PACE = 0.05

Told = tuple[list[str], list[float], int]


class Quiet:
    """The client. It goes on until it is told to end, and ends with this process in any case."""

    def __init__(self, folder: Path, seed: int) -> None:
        # Forked before there is any other thread.
        context = multiprocessing.get_context("fork")
        self._line, theirs = context.Pipe()
        self.process = context.Process(target=_live, args=(folder, seed, theirs, self._line, os.getpid()), daemon=True)
        self.process.start()
        theirs.close()

    def ended(self) -> Told:
        """Everything that was wrong, how long each request took, in order of length, and rounds."""
        try:
            self._line.send(None)
            if not self._line.poll(PATIENCE):
                raise EOFError
            told: Told = self._line.recv()
        except (OSError, EOFError):
            self.process.kill()
            self.process.join()
            return [f"it ended by itself, with {self.process.exitcode}, or does not end"], [], 0
        self.process.join(PATIENCE)
        return told

    def end(self) -> tuple[list[str], str]:
        """Everything that was wrong, and figures."""
        faults, times, rounds = self.ended()
        if not rounds:
            return faults, "no figures"
        figures = f"{len(times):,} requests in {rounds:,} rounds"
        if times:
            middle, late = times[len(times) // 2], times[len(times) * 99 // 100]
            figures += f", {1000 * middle:.0f} ms median, {1000 * late:.0f} ms p99, {1000 * times[-1]:.0f} ms at most"
        return faults, figures


def _live(folder: Path, seed: int, line: Connection, parents: Connection, parent: int) -> None:
    # Or its end would not be seen here.
    parents.close()
    if os.getuid() == 0:
        become(QUIET)
    if not ends_with(parent):
        return
    told = _ask_quietly(folder, seed, line)
    with suppress(OSError):
        line.send(told)


def _ask_quietly(folder: Path, seed: int, line: Connection) -> Told:
    """Stores a picture, gets it whole and in part, and drops it, again and again."""
    chance, faults, times, number = random.Random(f"{seed}/quiet"), list[str](), list[float](), 0
    door = None
    while number == 0 or not line.poll():
        number += 1
        edge = chance.choice((20, 200, 600))
        content = noise(edge, edge, chance.getrandbits(60))
        try:
            door = door or Door(folder / "images.sock")
            for fault, took in _round(door, content, number, CLAIM):
                times.append(took)
                if fault:
                    faults.append(f"round {number}: {fault}")
                time.sleep(PACE)
        except (OSError, ValueError, IndexError) as error:
            faults.append(f"round {number}: {error!r}")
            if door is None:
                break
            door = None
    return faults, sorted(times), number


#: Whose its pictures are.
CLAIM = "Vault-Owner: quiet\r\n"


def _round(door: Door, content: bytes, number: int, claim: str) -> Iterator[tuple[str | None, float]]:
    def timed(*request: Any) -> tuple[int, bytes, float]:
        begun = time.perf_counter()
        status, body = door.ask(*request)
        return status, body, time.perf_counter() - begun

    name = f'Content-Disposition: attachment; filename="quiet{number}.png"\r\n{claim}'
    status, body, took = timed("POST", "/v1/images", content, name)
    yield None if status == 201 else f"put: {status} {body[:200]!r}", took
    if status != 201:
        return
    image = body.partition(b'"id":"')[2][:64].decode()
    status, body, took = timed("GET", f"/v1/images/{image}", b"", claim)
    yield None if (status, body) == (200, content) else f"get: {status} {body[:200]!r}", took
    status, body, took = timed("GET", f"/v1/images/{image}", b"", claim + "Range: bytes=3-99\r\n")
    yield None if (status, body) == (206, content[3:100]) else f"part: {status} {body[:200]!r}", took
    status, body, took = timed("DELETE", f"/v1/images/{image}", b"", claim)
    yield None if status == 200 else f"delete: {status} {body[:200]!r}", took
    status, body, took = timed("GET", f"/v1/images/{image}", b"", claim)
    yield None if status == 404 else f"get of what is deleted: {status} {body[:200]!r}", took
