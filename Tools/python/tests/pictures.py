"""Images made by hand."""

from __future__ import annotations

import base64
import random
import struct
import zlib

#: A photo of 16 by 16 grey pixels.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQ"
    "c1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wAALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAaEAAB"
    "BQEAAAAAAAAAAAAAAAABAAIDBAUh/9oACAEBAAA/AL0Lxjcepn3jI4dTQomRx4mfRMbhxf/Z"
)

def png(width: int = 8, height: int = 8, seed: int | None = None) -> bytes:
    """A PNG of noise: another seed is another picture, and noise does not compress."""
    source = random.Random(seed)
    rows = b"".join(b"\0" + source.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 1))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
