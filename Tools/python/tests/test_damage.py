"""Damaged images: an exception, and never a short success."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pictures import png

import imagevault
from imagevault.testing import FakeVault

FRAME = 256 << 10


def damaged_real(folder: Path, vault: Any, data: bytes, job: str, *, late: bool) -> str:
    """Stores an image, and turns a byte of its blob round."""
    before = set((folder / "state/blobs").rglob("*"))
    image = vault.put(data, "a.png", job=job)
    (blob,) = [
        path for path in set((folder / "state/blobs").rglob("*")) - before if path.is_file()
    ]
    sealed = bytearray(blob.read_bytes())
    sealed[-1 if late else 1000] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(sealed)
    return str(image.id)


@pytest.mark.parametrize("late", [False, True])
def test_a_damaged_blob_never_ends_an_iterator(
    real_vault: Path, connect: Callable[[Path], Any], job: str, late: bool
) -> None:
    vault = connect(real_vault / "images.sock")
    data = png(500, 500)
    image = damaged_real(real_vault, vault, data, job, late=late)
    got = bytearray()
    with pytest.raises(imagevault.ImageDamaged) as caught:
        for piece in vault.stream(image, job=job):
            got += piece
    assert data.startswith(bytes(got))
    assert isinstance(caught.value, imagevault.IncompleteAnswer) is late
    if late:
        assert 0 < len(got) < len(data)
        assert isinstance(caught.value, imagevault.IncompleteAnswer)
        assert (caught.value.received, caught.value.expected) == (len(got), len(data))
    else:
        assert (caught.value.code, caught.value.status) == ("blob-damaged", 500)
        assert not got
    with pytest.raises(imagevault.ImageDamaged):
        vault.get(image, job=job)
    assert vault.health().status == "ok"


@pytest.mark.parametrize("at", [0, 2 * FRAME + 5])
def test_the_fake_is_damaged_alike(fake_vault: FakeVault, at: int) -> None:
    data = png(500, 500)
    image = fake_vault.put(data, "a.png").id
    fake_vault.damage(image, at)
    got = b""
    with pytest.raises(imagevault.ImageDamaged) as caught:
        for piece in fake_vault.stream(image):
            got += piece
    assert got == data[: at - at % FRAME]
    assert isinstance(caught.value, imagevault.IncompleteAnswer) is (at > 0)


@pytest.mark.parametrize("kind", ["real", "fake"])
def test_a_part_beside_the_damage_is_whole(
    real_vault: Path, connect: Callable[[Path], Any], job: str, fake_vault: FakeVault, kind: str
) -> None:
    data = png(500, 500)
    if kind == "real":
        vault = connect(real_vault / "images.sock")
        image = damaged_real(real_vault, vault, data, job, late=True)
    else:
        vault = fake_vault
        image = vault.put(data, "a.png", job=job).id
        vault.damage(image, len(data) - 1)
    assert vault.get(image, start=5, stop=2 * FRAME) == data[5 : 2 * FRAME]
    with pytest.raises(imagevault.ImageDamaged) as caught:
        vault.get(image, start=-1)
    assert caught.value.code == "blob-damaged"
    with pytest.raises(imagevault.IncompleteAnswer) as caught:
        vault.get(image, start=FRAME + 5)
    assert caught.value.received == FRAME - 5


def test_a_blob_that_is_gone_is_missing(
    real_vault: Path, connect: Callable[[Path], Any], job: str
) -> None:
    vault = connect(real_vault / "images.sock")
    image = damaged_real(real_vault, vault, png(64, 64), job, late=False)
    before = [path for path in (real_vault / "state/blobs").rglob("*") if path.is_file()]
    max(before, key=lambda path: path.stat().st_mtime).unlink()
    with pytest.raises(imagevault.ImageMissing):
        vault.get(image, job=job)
