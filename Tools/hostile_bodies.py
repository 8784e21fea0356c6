"""Bodies of requests: sound ones, JSON that is none or too much, pictures that are none or too much."""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib

from bench_support import chunk, png

#: Sound bodies by their path. `{T}` is the case's token, `{L}` an image that may go, `{H}` 32 digits.
SOUND: dict[str, tuple[bytes, ...]] = {
    "/v1/security-events": (
        b'{"kind":"auth_attempt","success":false,"reason":"bad_password","actor":"{T}","client":"203.0.113.9",'
        b'"user_agent":"{T}","endpoint":"/login"}',
        b'{"kind":"auth_attempt","success":true,"actor":"{T}"}',
    ),
    "/v1/limits/check": (b'{"key":"{T}"}', b'{"key":"{T}","cost":3,"per_minute":60,"burst":5}'),
    "/v1/quarantine": (b'{"image":"{L}"}', b'{"namespace":"default","image":"{L}"}'),
    "/v1/quarantine/{id}/requests": (b'{"action":"release"}', b'{"action":"erase"}'),
    "/v1/approvals/{id}": (b'{"digest":"{H}{H}"}',),
    "/v1/backups": (b'{"note":"{T}","expires_days":1}', b"{}", b'{"epochs":[1]}'),
    "/v1/escrows": (b'{"note":"{T}"}', b'{"epochs":[1]}'),
    "/v1/holds": (b'{"owner":"{T}","note":"{T}"}', b'{"job":"{T}"}', b'{"backup":"{H}"}'),
    "/v1/retention/{namespace}/{image}": (b'{"days":30}', b'{"until":null}'),
    "/v1/inspections": (b"{}", b'{"trial":true,"below":1}'),
    "/v1/doctor/attestations": (
        b'{"item":"firewall","evidence":"{H}{H}","bytes":1,"expires":"2027-01-01T00:00:00.000000Z"}',
    ),
    "/v1/canaries/{namespace}/{id}": (b'{"note":"{T}"}', b"{}"),
    "/v1/incidents": (b'{"reason":"{T}"}', b'{"principal":"hostile","reason":"{T}"}'),
    "/v1/incidents/{id}/notes": (b'{"note":"{T}"}',),
    "/v1/incidents/{id}/close": (b"{}", b'{"note":"{T}"}'),
    "/v1/incidents/{id}/containment": (b'{"grade":"throttle","minutes":1}',),
    "/v1/redactions": (b'{"pseudonym":"{H}","reason":"{T}"}',),
    "/v1/log/names/{pseudonym}": (b'{"reason":"{T}"}',),
    "/v1/keys/epochs/{epoch}/destroy": (b"{}", b'{"strand":["{H}"]}'),
    "/v1/keys/destructions/{id}": (b'{"digest":"{H}{H}"}',),
    "/v1/tokens": (b'{"principal":"hostile","note":"{T}"}', b'{"principal":"hostile","scopes":["images.get"]}'),
    "/v1/tokens/{id}/rotate": (b"{}", b'{"days":1}'),
    "/v1/images/{id}/tickets": (b"{}", b'{"reads":3,"seconds":300}'),
    "/v1/unseal": (b"{T}{T}{T}", b"imagevault-key-1:{T}"),
    "/v1/slots": (b"{T}{T}",),
    "/v1/slots/{id}/proof": (b"{T}{T}",),
}

#: Values that a member may not have, or only just.
VALUES = (
    b"null", b"true", b"0", b"-1", b"1.0", b"1e400", b"-0", b"1" * 400, b"18446744073709551616", b"9007199254740993",
    b'""',
    b'"{T}"', b'"{N}"', b'"\\u0000{T}"', b'"\\u202e{T}"', b'"\\ud800{T}"', b'"\\udc00\\ud800"', b'"\\x"', b'"\xff"',
    b"[]",
    b"{}", b"[[[]]]", b'{"a":1}', b"NaN", b"Infinity", b"01", b"0x10", b"+1", b".5", b"'a'", b'"' + b"a" * 200 + b'"',
    b'"' + b"a" * 16_000 + b'"', b'"\\u001b[31m{T}"', b'"\xed\xa0\x80"', b'"' + "\u202e".encode() + b'{T}"', b'"a\nb"',
)


def odd_json(chance: random.Random, sound: bytes) -> bytes:
    """A body that is no JSON, or not the one that was asked for."""
    try:
        members = _members(sound)
    except ValueError:
        members = []
    value = chance.choice(VALUES)
    name = chance.choice(members or ["reason"]).encode()
    inside = sound.strip()[1:-1] if sound[:1] == b"{" else b""
    comma = b"," if inside else b""
    return chance.choice((
        lambda: b"{" + inside + comma + b'"' + name + b'":' + value + b"}",  # There twice, perhaps.
        lambda: b'{"' + name + b'":' + value + b"}",
        lambda: b"{" + inside + comma + b'"{T}":1}',
        lambda: b"{" + inside + comma + b'"__proto__":{},"\\u0000":1}',
        lambda: b"[" * chance.choice((10, 600, 16_000)) + b"]" * chance.choice((0, 600)),
        lambda: b'{"' + name + b'":' + b'{"a":' * chance.choice((10, 500, 3000)),
        lambda: sound[: chance.randrange(len(sound) + 1)],
        lambda: sound + chance.choice((b"{}", b",", b"\x00", b"{T}", b"]", b" " * 20_000, b"\n\n")),
        lambda: chance.choice((b"", b" ", b"null", b"[]", b'"{T}"', b"1", b"\xef\xbb\xbf{}", b"{", b"}", b"{]",
                              b"\x00")),
        lambda: sound.decode("latin-1").encode(chance.choice(("utf-16", "utf-32", "utf-16-le"))),
        lambda: b"{" + b",".join(b'"a%d":1' % number for number in range(1500)) + b"}",
        lambda: b"{" + inside + b",}",
        lambda: b"/*{T}*/" + sound,
        lambda: b'{"' + name + b'":"' + b"a" * chance.choice((17_000, 300_000)) + b'"}',
        lambda: b"a=1&b={T}",
        lambda: chance.randbytes(chance.randrange(1, 400)),
    ))()


def _members(sound: bytes) -> list[str]:
    # The templates' own braces are only around single letters.
    for letter in (b"T", b"L", b"H", b"N", b"I"):
        sound = sound.replace(b"{" + letter + b"}", letter)
    told = json.loads(sound)
    return list(told) if isinstance(told, dict) else []


# MARK: Pictures

#: The smallest JPEG that Pillow makes of a grey square.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6j"
    "q62rZ4C8ybqmx5moq6T/wAALCAAIAAgBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AI//Z"
)


def picture(chance: random.Random) -> bytes:
    """A sound one that nobody has sent before, most of the time."""
    if chance.random() < 0.05:
        return JPEG
    width, height = chance.randrange(1, 40), chance.randrange(1, 40)
    return png(width, height, b"".join(b"\0" + chance.randbytes(width) for _ in range(height)))


def odd_picture(chance: random.Random) -> bytes:
    """One that is cut, flipped, lies about itself, or is something else."""
    sound = bytearray(picture(chance) if chance.random() < 0.6 else JPEG)

    def flipped() -> bytes:
        for _ in range(chance.choice((1, 1, 8))):
            sound[chance.randrange(len(sound))] = chance.randrange(256)
        return bytes(sound)

    return chance.choice((
        flipped,
        lambda: bytes(sound[: chance.randrange(len(sound))]),
        lambda: bytes(sound) + chance.choice((b"{T}", bytes(sound), b"PK\x03\x04", b"<script>{T}</script>",
                                             bytes(5000))),
        lambda: chance.choice((b"{T}", b"%PDF-1.7 {T}", b"GIF89a" + bytes(40), b"<svg onload=alert(1)>",
                              b"PK\x03\x04" + bytes(40),
                               b"RIFF\x10\x00\x00\x00WEBP", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
                               b"\xff\xd8\xff\xd9", b"\x7fELF")),
        lambda: png(60_000, 60_000, b"\0" * 90),
        lambda: png(0, 0, b""),
        lambda: png(4, 4, b"\0" * 2_000_000),
        lambda: png(4, 4, b"\0" * 20, chunk(b"tEXt", b"Comment\0{T}")),
        lambda: png(4, 4, b"\0" * 20, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3_000_000)))),
        lambda: png(4, 4, b"\0" * 20, chunk(b"IHDR", bytes(13))),
        lambda: png(4, 4, b"\0" * 20, struct.pack(">I", 0xFFFFFFFF) + b"tEXt{T}"),
        lambda: png(4, 4, b"\0" * 20, chunk(b"acTL", struct.pack(">II", 9, 9)) * 3),
        lambda: png(4, 4, b"\0" * 20, chunk(b"tEXt", b"a\0b", crc=0)),
        lambda: png(4, 4, b"\0" * 20, depth=chance.randrange(20), colour=chance.randrange(9)),
        lambda: JPEG[:2] + b"\xff\xe1\xff\xff" + JPEG[2:],
        lambda: JPEG[:2] + b"\xff\xe1\x00\x10Exif\0\0{T}"[:18] + JPEG[2:],
        lambda: JPEG[:2] + (b"\xff\xfe\x00\x02" * 3000) + JPEG[2:],
        lambda: chance.randbytes(chance.choice((1, 100, 70_000))),
    ))()
