"""An hour of a shop's people: who comes when, and what each asks for. Drawn from a seed before it begins, so that the
same seed asks for the same; what is stored by then decides which picture it is.

People come in sessions, more of them as the hour goes on. A session turns some pages of a dozen pictures each, with
pauses to look at them; some store pictures, few delete one or an album, now and then somebody follows a link to what is
gone or sends what is no picture. Popular pictures are asked for far more often than others. A worker fetches each new
picture once. An admin looks at the status, and rotates the keys once; an auditor exports the log and reads some of it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field

from bench_support import noise, png

#: People of each principal, sessions a minute in the middle of the hour, and how far that swings.
PEOPLE = {"web": (150, 4.0), "app": (80, 2.0)}
SWING = 0.6


@dataclass(order=True)
class Act:
    """One request that is due at `at`, in seconds of the hour."""

    at: float
    principal: str = field(compare=False)
    actor: str | None = field(compare=False)
    what: str = field(compare=False)
    pick: float = field(compare=False, default=0.0)


def hour(seed: int, minutes: float = 60) -> list[Act]:
    """Everything that is asked for, in order."""
    chance = random.Random(f"{seed}/hour")
    acts: list[Act] = []
    for principal, (people, rate) in PEOPLE.items():
        weights = [chance.lognormvariate(0, 1) for _ in range(people)]
        phase, at = chance.uniform(0, 2 * math.pi), 0.0
        while True:
            # Thinned from the highest rate: a Poisson process whose rate rises and falls.
            at += chance.expovariate(rate * (1 + SWING) / 60)
            if at > minutes * 60:
                break
            if chance.random() * (1 + SWING) < 1 + SWING * math.sin(2 * math.pi * at / 5400 + phase):
                person = chance.choices(range(people), weights)[0]
                acts += session(chance, principal, f"{principal}-user-{person}", at)
    acts += admins(chance, minutes)
    return sorted(act for act in acts if act.at < minutes * 60)


def session(chance: random.Random, principal: str, actor: str, at: float) -> list[Act]:
    acts: list[Act] = []

    def add(what: str, pause: float) -> None:
        nonlocal at
        acts.append(Act(at, principal, actor, what, chance.random()))
        at += pause

    kind = chance.random()
    if kind < 0.3:
        add("list", 0.3)
    for _ in range(chance.choice((1, 1, 2, 2, 3, 4, 6))):
        for _ in range(chance.randint(6, 18)):
            add(chance.choices(("get", "again", "head", "metadata", "gone"), (78, 15, 2, 4, 1))[0], 0.08)
        at += chance.lognormvariate(2.7, 0.7)
    if kind > 0.6:
        for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
            add(chance.choices(("put", "broken"), (97, 3))[0], chance.uniform(2, 15))
    if kind > 0.95:
        for _ in range(chance.choice((1, 1, 1, 2, 3, 12))):
            add("delete", chance.uniform(0.2, 3))
    if 0.55 < kind < 0.6:
        add("ticket", 1)
    return acts


def admins(chance: random.Random, minutes: float) -> list[Act]:
    """Those who look after it, and a worker for everything that was stored."""
    acts = [Act(t * 60 + 7, "ops", None, "status") for t in range(0, math.ceil(minutes), 5)]
    acts += [Act(t * 60 + 11, "audit", None, "log") for t in range(3, math.ceil(minutes), 10)]
    acts += [Act(t * 2.5, "thumbs", None, "thumb") for t in range(math.ceil(minutes * 24))]
    acts.append(Act(1.0, "audit", None, "export"))
    acts.append(Act(chance.uniform(0.3, 0.5) * minutes * 60, "ops", None, "rotate"))
    acts.append(Act(chance.uniform(0.5, 0.9) * minutes * 60, "audit", None, "export"))
    acts.append(Act(chance.uniform(0.4, 0.8) * minutes * 60, "ops", None, "slot"))
    # Somebody wants all of his to be gone.
    acts.append(Act(chance.uniform(0.4, 0.9) * minutes * 60, "web", f"web-user-{chance.randrange(150)}", "erase"))
    return acts


# MARK: Pictures


def picture(number: int) -> bytes:
    """A small sound one, each another."""
    return noise(40 + number % 60, 30 + number % 50, number)


#: How a picture is broken.
BREAKS = ("cut", "changed", "behind", "none", "empty")


def broken(chance: random.Random) -> bytes:
    content = picture(chance.randrange(1 << 30))
    kind = chance.choice(BREAKS)
    if kind == "cut":
        return content[: chance.randint(20, len(content) - 8)]
    if kind == "changed":
        place = chance.randint(40, len(content) - 20)
        return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]
    if kind == "behind":
        return content + b"<script>alert(1)</script>" * chance.randint(1, 9)
    if kind == "none":
        return chance.randbytes(chance.randint(10, 5000))
    return png(0, 0, b"")
