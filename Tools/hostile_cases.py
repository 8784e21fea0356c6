"""One case: the bytes that go over one connection, when, and how that ends."""

from __future__ import annotations

from dataclasses import dataclass

import hostile_bodies as bodies
from hostile_faults import FAULTS
from hostile_grammar import QUERIES, Draw, Route, World, sound

#: Seconds between two pieces of a slow sender, at most, and its pieces.
PAUSE, PIECES = 0.4, 8
#: How a connection ends: all was sent and the answers are waited for; it is closed without reading; it stays open
#: and nothing follows.
WAITS, CLOSES, SILENT = "waits", "closes", "silent"
#: Routes that cost seconds of work, or whose rows make many an answer longer for good, and how often one of them is
#: taken when it is drawn.
HEAVY = (
    "/v1/backups",
    "/v1/escrows",
    "/v1/slots",
    "/v1/keys/rotate",
    "/v1/keys/reencrypt",
    "/v1/keys/rotate-root",
    "/v1/keys/rotate-log-key",
    "/v1/inspections",
    "/v1/checks",
    "/v1/doctor",
)
HEAVY_SHARE = 0.05


@dataclass(frozen=True)
class Case:
    number: int
    door: str
    pieces: tuple[bytes, ...]
    pause: float
    ending: str
    #: How many requests, and how many answers there have to be where none of them is broken.
    requests: int
    due: int | None
    token: bytes
    faults: tuple[str, ...]
    has_head: bool

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def is_slow(self) -> bool:
        return self.pause > 0 or self.ending == SILENT

    def __str__(self) -> str:
        said = f"case {self.number} at {self.door}.sock, {'+'.join(self.faults) or 'sound'}, {self.ending}"
        return said + (f", {len(self.pieces)} pieces {self.pause:.2f} s apart" if self.pause else "")


#: Faults that most routes would refuse unseen, and those that look at what is broken.
NEEDS = {
    "odd_disposition": {"/v1/images", "/v1/inspect"},
    "odd_image": {"/v1/images", "/v1/inspect"},
    "odd_json": set(bodies.SOUND),
    "odd_query": set(QUERIES),
}
#: Faults that the HTTP parser refuses, nearly always: the same few lines of it are reached by a part of them.
SHALLOW = ("soup", "odd_space", "odd_version", "many_fields", "over_long_target")
SHALLOW_SHARE = 0.4


def faults_of(draw: Draw) -> list[str]:
    """One fault, or a few. What replaces all comes last, or nothing is left to be broken."""
    names = draw.chance.sample(sorted(FAULTS), draw.chance.choice((1, 1, 1, 2, 3)))
    deep = [name for name in names if name not in SHALLOW or draw.odds(SHALLOW_SHARE)]
    return sorted(deep or ["odd_value"], key=lambda name: name == "soup")


def fitting(draw: Draw, routes: list[Route], faults: list[str]) -> list[Route]:
    """Routes that look at what the first fault breaks."""
    needed = NEEDS.get(faults[0]) if faults else None
    methods = (b"GET",) if faults and faults[0] == "odd_query" else (b"POST", b"PUT")
    fit = [route for route in routes if needed and route.path in needed and route.method in methods]
    return fit if fit and draw.odds(0.9) else routes


def some(draw: Draw, routes: list[Route]) -> Route:
    """Any route; one that costs much less often."""
    while (route := draw.chance.choice(routes)).path in HEAVY and route.method == b"POST":
        if draw.odds(HEAVY_SHARE):
            break
    return route


def make(seed: int, number: int, routes: list[Route], world: World) -> Case:
    draw = Draw(seed, number, world)
    chance = draw.chance
    faults = faults_of(draw) if draw.odds(0.88) else []
    broken = some(draw, fitting(draw, routes, faults))
    # What one socket takes is asked of the others, too.
    door = broken.door if draw.odds(0.92) else chance.choice(("images", "admin", "audit"))
    count = chance.choice((1, 1, 1, 1, 1, 1, 2, 3, 8))
    at = chance.randrange(count)
    parts, has_head = [], False
    for place in range(count):
        request = sound(draw, broken if place == at else some(draw, [one for one in routes if one.door == door]))
        for name in faults if place == at else ():
            FAULTS[name](draw, request)
        has_head = has_head or b"HEAD" in request.method
        parts.append(request.encode())
    content = b"".join(parts)
    ending = WAITS
    if draw.odds(0.06):
        ending, content = CLOSES, content[: chance.randrange(len(content) + 1)]
    elif draw.odds(0.06):
        content, faults = content[: chance.randrange(len(content) + 1)], [*faults, "cut"]
    pieces, pause = slowly(draw, content) if draw.odds(0.012) else ((content,), 0.0)
    due = count if not faults and ending == WAITS else None
    return Case(number, door, pieces, pause, ending, count, due, draw.token, tuple(faults), has_head)


def slowly(draw: Draw, content: bytes) -> tuple[tuple[bytes, ...], float]:
    cuts = sorted(draw.chance.randrange(len(content) + 1) for _ in range(draw.chance.randrange(1, PIECES)))
    ends = [0, *cuts, len(content)]
    return tuple(content[first:last] for first, last in zip(ends, ends[1:], strict=False)), draw.chance.random() * PAUSE


def silent(seed: int, number: int, routes: list[Route], world: World) -> Case:
    """A connection on which some of a request came, and then nothing: it has to be ended by the other side."""
    draw = Draw(seed, number, world)
    route = draw.chance.choice(routes)
    request = sound(draw, route)
    content = request.encode()
    content = content[: draw.chance.randrange(len(content))]
    return Case(
        number, route.door, (content,), 0.0, SILENT, 1, None, draw.token, ("silent",), request.method == b"HEAD"
    )
