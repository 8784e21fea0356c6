"""One case: the bytes that go over one connection, when, and how that ends."""

from __future__ import annotations

from dataclasses import dataclass

from hostile_grammar import FAULTS, Draw, Request, Route, World, sound

#: Seconds between two pieces of a slow sender, at most, and its pieces.
PAUSE, PIECES = 0.4, 8
#: How a connection ends: all was sent and the answers are waited for; it is closed without reading; it stays open
#: and nothing follows.
WAITS, CLOSES, SILENT = "waits", "closes", "silent"
#: Routes that cost seconds of work, and how often one of them is taken when it is drawn.
HEAVY = ("/v1/slots", "/v1/keys/rotate", "/v1/keys/reencrypt", "/v1/keys/rotate-root", "/v1/keys/rotate-log-key",
         "/v1/inspections", "/v1/checks")
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


def broken(draw: Draw, request: Request) -> list[str]:
    """One fault, or a few."""
    names = draw.chance.sample(sorted(FAULTS), draw.chance.choice((1, 1, 1, 2, 3)))
    # What replaces all comes last, or nothing is left to be broken.
    names.sort(key=lambda name: name == "soup")
    for name in names:
        FAULTS[name](draw, request)
    return names


def some(draw: Draw, routes: list[Route]) -> Route:
    """Any route; one that costs much less often."""
    while (route := draw.chance.choice(routes)).path in HEAVY and route.method == b"POST":
        if draw.odds(HEAVY_SHARE):
            break
    return route


def make(seed: int, number: int, routes: list[Route], world: World) -> Case:
    draw = Draw(seed, number, world)
    chance = draw.chance
    route = some(draw, routes)
    # What one socket takes is asked of the others, too.
    door = route.door if draw.odds(0.85) else chance.choice(("images", "admin", "audit"))
    count = chance.choice((1, 1, 1, 1, 1, 1, 2, 3, 8))
    at = chance.randrange(count) if draw.odds(0.88) else None
    faults: list[str] = []
    parts, has_head = [], False
    for place in range(count):
        request = sound(draw, route if place == 0 else some(draw, [one for one in routes if one.door == door]))
        if place == at:
            faults = broken(draw, request)
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
    return Case(number, route.door, (content,), 0.0, SILENT, 1, None, draw.token, ("silent",), request.method == b"HEAD")
