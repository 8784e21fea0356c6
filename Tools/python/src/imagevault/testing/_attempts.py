"""Failures and limits in memory, by the vault's own rules and numbers."""

from __future__ import annotations

import ipaddress
import math
import time

#: Failures that lock, for how many seconds each counts, and for how many the lock lasts.
FAILURES, WINDOW, LOCK = 5, 900.0, 900.0
#: Where a check does not say: so many a minute, so many at once.
PER_MINUTE, BURST = 60, 60

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
        if wait > 1e-9:
            return {"allowed": False, "retry_after_ms": math.ceil(wait * 1000)}
        self._taken[key] = now + taken + cost * interval
        return {"allowed": True, "retry_after_ms": 0}

    def _fail(self, subject: Subject, actor: str | None, now: float) -> None:
        if self._locked.get(subject, now) > now:
            return
        failures = [one for one in self._failures.get(subject, []) if one[0] > now - WINDOW]
        failures.append((now, actor))
        if len(failures) >= FAILURES:
            self._locked[subject], failures = now + LOCK, []
        self._failures[subject] = failures

    def _judge(self, subjects: list[Subject], now: float) -> tuple[int, float]:
        """How strict, and for how many seconds."""
        strictest = (0, 0.0)
        for subject in subjects:
            locked = self._locked.get(subject, now) - now
            failures = [at for at, _ in self._failures.get(subject, []) if at > now - WINDOW]
            if locked > 0:
                strictest = max(strictest, (2, locked))
            elif len(failures) > 1:
                wait = failures[-1] + 2.0 ** (len(failures) - 2) - now
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
