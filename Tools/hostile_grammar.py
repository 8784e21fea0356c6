"""Sound requests of the contract, and what they are made with.

Everything that is drawn for one case comes from its own generator, so that a case is the same whatever was sent
before it. `{T}` in a template becomes the case's token, `{N}` the token with what a terminal or a log would obey.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import hostile_bodies as bodies

CONTRACT = Path(__file__).resolve().parents[1] / "Sources/VaultAPI/Resources/openapi.yaml"

#: What stands between the halves of a token: terminals, logs and readers obey it.
NASTY = (
    b"\x1b[31m", b"\x1b]0;owned\x07", b"\x07", b"\x08\x08", b"\x7f", b"\x00", b"\r", b"\n", b"\r\nX-Split: 1", b"\x0b",
    "\u202e".encode(), "\u2066".encode(), "\u200f".encode(), "\u2028".encode(), "\u0085".encode(), "\u009b31m".encode(),
    "\ufeff".encode(), "\U000e0041".encode(), b"\xed\xa0\x80", b"\xff\xfe", b"\xc0\xaf", b"%1b%5b31m", b"%E2%80%AE",
    b"%00", b"%0d%0aSet-Cookie:a", b"\\u001b[31m", b"\\u202e", b"${jndi:x}", b"{{7*7}}", b"<script>", b"' OR 1=1--",
)
#: Those of them that HTTP's grammar lets through in a field, so that they reach what lies behind the parser.
LEGAL = tuple(one for one in NASTY if min(one) >= 0x20 and 0x7F not in one)


@dataclass(frozen=True)
class World:
    """What exists in the vault: images that stay, images that may go, and the run's word in every token."""

    word: str
    kept: tuple[str, ...]
    loose: tuple[str, ...]


class Draw:
    """The dice of one case."""

    def __init__(self, seed: int, number: int, world: World) -> None:
        self.chance = random.Random(f"{seed}/{number}")
        self.world = world
        self.token = f"{world.word}n{number}".encode()

    def odds(self, share: float) -> bool:
        return self.chance.random() < share

    def one(self, *among: bytes) -> bytes:
        return self.chance.choice(among)

    def nasty(self, legal: bool = False) -> bytes:
        return self.token + self.chance.choice(LEGAL if legal else NASTY) + self.token

    def image(self, loose: bool = False) -> bytes:
        return self.chance.choice(self.world.loose if loose else self.world.kept).encode()

    def hex(self, digits: int) -> bytes:
        return f"{self.chance.getrandbits(4 * digits):0{digits}x}".encode()

    def fill(self, template: bytes, legal: bool = True) -> bytes:
        if b"{N}" in template:
            template = template.replace(b"{N}", self.nasty(legal))
        return template.replace(b"{T}", self.token).replace(b"{I}", self.image()).replace(b"{H}", self.hex(32))


@dataclass
class Request:
    """One request, not yet bytes. `fields` are whole lines without their end."""

    method: bytes
    target: bytes
    version: bytes = b"HTTP/1.1"
    fields: list[bytes] = field(default_factory=list)
    body: bytes = b""
    #: How the body is framed: `none`, `length`, `chunked`, or `own` where `fields` have it.
    framing: str = "none"
    end: bytes = b"\r\n"
    between: bytes = b" "
    #: What a fault puts in place of the chunks of `body`.
    chunks: bytes | None = None

    def encode(self) -> bytes:
        lines = [self.between.join([self.method, self.target, self.version]).rstrip(b" "), *self.fields]
        content = self.body
        if self.framing == "length":
            lines.append(b"Content-Length: %d" % len(self.body))
        elif self.framing == "chunked":
            lines.append(b"Transfer-Encoding: chunked")
            content = chunked(self.body) if self.chunks is None else self.chunks
        return self.end.join(lines) + self.end + self.end + content


def chunked(body: bytes, size: int = 4000) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


# MARK: Sound requests


@dataclass(frozen=True)
class Route:
    door: str
    method: bytes
    path: str


def routes(contract: Path = CONTRACT) -> list[Route]:
    """Each operation at each of its sockets, as the contract has them now."""
    found: list[Route] = []
    path = method = ""
    for line in contract.read_text("utf-8").splitlines():
        if line == "components:":
            break
        if told := re.fullmatch(r"  (/v1/\S*):", line):
            path = told[1]
        elif told := re.fullmatch(r"    (get|put|post|delete|head|patch):", line):
            method = told[1].upper()
        elif told := re.fullmatch(r"      x-sockets: \[(.*)\]", line):
            found += [Route(door.strip(), method.encode(), path) for door in told[1].split(",")]
    return found


#: Fields that any request may have, in the spelling that the vault takes.
CONTEXT = (
    b"Vault-Actor: {T}", b'Vault-Client: ip=203.0.113.9; ua="{T}"', b"Vault-Timeout-Ms: 60000", b"User-Agent: {T}",
    b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", b"Accept: */*", b"X-Forwarded-For: {T}",
    b"Cookie: a={T}", b"Accept-Encoding: gzip, br", b"Idempotency-Key: \"{T}\"", b"Authorization: Bearer {T}",
)
#: Queries of paths that have one.
QUERIES: dict[str, tuple[bytes, ...]] = {
    "/v1/images": (b"limit=3", b"job=j&limit=5", b"owner=o"),
    "/v1/events": (b"newest=3", b"limit=4&action=image.put", b"actor={T}&limit=2", b"outcome=refused&limit=2"),
    "/v1/blocks": (b"actor={T}", b"client=2001:db8::1"),
    "/v1/log/bundle": (b"from=0&to=3", b"from=2&to=9&outcome=refused"),
    "/v1/operations": (b"limit=2",),
    "/v1/operations/{id}": (b"wait=0",),
    "/v1/receipts": (b"limit=2",),
}
#: What must be told in the query.
LABEL = b"?label=l{T}"


def sound(draw: Draw, route: Route) -> Request:
    """A request that the vault takes, but for ids that name nothing."""
    loose = (route.method, route.path) not in ((b"GET", "/v1/images/{id}"), (b"HEAD", "/v1/images/{id}"),
                                               (b"GET", "/v1/images/{id}/metadata"))

    def value(name: re.Match[str]) -> str:
        if name[1] == "namespace":
            return "default"
        if name[1] == "image" or (name[1] == "id" and "/images/" in route.path):
            return draw.image(loose).decode()
        return {"epoch": "1", "height": "0", "index": "000"}.get(name[1], draw.hex(32).decode())

    target = re.sub(r"\{(\w+)\}", value, route.path).encode()
    if route.path in QUERIES and route.method == b"GET" and (route.path == "/v1/log/bundle" or draw.odds(0.7)):
        target += b"?" + draw.fill(draw.one(*QUERIES[route.path]))
    elif route.path == "/v1/images" and route.method == b"DELETE":
        target += b"?owner=nobody" + draw.hex(4)
    elif route.path == "/v1/slots" and route.method == b"POST":
        target += draw.fill(LABEL)
    request = Request(route.method, target, fields=[b"Host: vault"])
    request.fields += [draw.fill(one) for one in draw.chance.sample(CONTEXT, draw.chance.randrange(4))]
    with_body(draw, route, request)
    return request


def with_body(draw: Draw, route: Route, request: Request) -> None:
    if route.path in ("/v1/images", "/v1/inspect") and route.method == b"POST":
        request.body = bodies.picture(draw.chance)
        request.fields.append(draw.fill(b'Content-Disposition: attachment; filename="{T}.png"'))
        if draw.odds(0.3):
            request.fields += [draw.fill(b"Vault-Owner: {T}"), b"Vault-Job: j"]
        if draw.odds(0.3):
            digest = base64.b64encode(hashlib.sha256(request.body).digest())
            request.fields.append(b"Content-Digest: sha-256=:" + digest + b":")
    elif route.path in bodies.SOUND and route.method in (b"POST", b"PUT"):
        request.body = draw.fill(draw.one(*bodies.SOUND[route.path])).replace(b"{L}", draw.image(loose=True))
        request.fields.append(b"Content-Type: application/json")
    if request.body:
        request.framing = "chunked" if draw.odds(0.25) else "length"
