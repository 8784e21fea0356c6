"""Failures and limits in memory, by the vault's own rules and numbers."""

from __future__ import annotations

import ipaddress
import math
import time

from ._limits import (
    DELAY_SECONDS,
    DELAYING_FAILURES,
    FAILURE_SECONDS,
    LOCK_SECONDS,
    LOCKING_FAILURES,
)

#: Seconds that a sum of waits may be off by.
_ROUNDING_SECONDS = 1e-9

#: Whom failures are counted against: an actor's name, or the network that he came from.
Subject = tuple[str, str]


class Attempts:
    """Who failed when, and who took how much."""

    def __init__(self) -> None:
        self._failures: dict[Subject, list[tuple[float, str | None]]] = {}
        self._locked: dict[Subject, float] = {}
        self._taken: dict[str, float] = {}

    def report(self, success: bool, actor: str | None, client: str | None) -> dict[str, object]:
        now, subjects = time.monotonic(), _subjects(actor, client)
        before = self._judge(subjects, now)
        if success:
            if before[0] < 2:
                for subject in subjects:
                    kept = self._failures.get(subject, []) if subject[0] == "client" else []
                    self._failures[subject] = [one for one in kept if one[1] != actor]
            return _answer(before)
        for subject in subjects:
            self._fail(subject, actor, now)
        return _answer(self._judge(subjects, now))

    def decision(self, actor: str | None, client: str | None) -> dict[str, object]:
        return _answer(self._judge(_subjects(actor, client), time.monotonic()))

    def check(self, key: str, cost: int, per_minute: int, burst: int) -> dict[str, object]:
        now, interval = time.monotonic(), 60 / per_minute
        taken = max(0.0, self._taken.get(key, now) - now)
        wait = taken + min(cost, burst) * interval - burst * interval
        if wait > _ROUNDING_SECONDS:
            return {"allowed": False, "retry_after_ms": math.ceil(wait * 1000)}
        self._taken[key] = now + taken + cost * interval
        return {"allowed": True, "retry_after_ms": 0}

    def _fail(self, subject: Subject, actor: str | None, now: float) -> None:
        if self._locked.get(subject, now) > now:
            return
        failures = [one for one in self._failures.get(subject, []) if one[0] > now - FAILURE_SECONDS]
        failures.append((now, actor))
        if len(failures) >= LOCKING_FAILURES:
            self._locked[subject], failures = now + LOCK_SECONDS, []
        self._failures[subject] = failures

    def _judge(self, subjects: list[Subject], now: float) -> tuple[int, float]:
        """How strict, and for how many seconds."""
        strictest = (0, 0.0)
        for subject in subjects:
            locked = self._locked.get(subject, now) - now
            failures = [at for at, _ in self._failures.get(subject, []) if at > now - FAILURE_SECONDS]
            if locked > 0:
                strictest = max(strictest, (2, locked))
            elif len(failures) >= DELAYING_FAILURES:
                delay = DELAY_SECONDS * 2 ** (len(failures) - DELAYING_FAILURES)
                wait = failures[-1] + delay - now
                strictest = max(strictest, (1, wait) if wait > 0 else (0, 0.0))
        return strictest


def _subjects(actor: str | None, client: str | None) -> list[Subject]:
    subjects = [] if actor is None else [("actor", actor)]
    if client is not None:
        address = ipaddress.ip_address(client)
        if isinstance(address, ipaddress.IPv6Address):
            address = address.ipv4_mapped or ipaddress.IPv6Address(int(address) >> 64 << 64)
        subjects.append(("client", str(address)))
    return subjects


def _answer(judged: tuple[int, float]) -> dict[str, object]:
    rank, wait = judged
    return {
        "decision": ("allow", "delay", "block")[rank],
        "retry_after_ms": math.ceil(wait * 1000),
    }
