"""A vault that strips metadata changes no pixel: another decoder sees the same picture, right way up.

The images are made here; those of the folder that IMAGEVAULT_CORPUS names, or of ../shared/images
beside the checkout, are looked at as well where there is one.
"""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, running_vault
from PIL import Image, ImageCms, ImageOps, ImageSequence
from PIL.PngImagePlugin import PngInfo

from imagevault import EmptyBody, ImageRefused, InvalidName, Vault

CORPUS = Path(os.environ.get("IMAGEVAULT_CORPUS") or ROOT.parent / "shared/images")
ORIENTATION = 0x0112
Image.MAX_IMAGE_PIXELS = None
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def stripping_vault() -> Iterator[Vault]:
    with (
        running_vault("--metadata", "strip", "--trailer", "truncate") as folder,
        Vault(folder / "images.sock") as vault,
    ):
        yield vault


def picture(data: bytes) -> tuple[Any, ...]:
    """What a viewer shows: each frame of an animation, turned as EXIF says, and its colours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = Image.open(io.BytesIO(data))
        profile = image.info.get("icc_profile")
        # Pillow takes a density from EXIF as well, which no viewer needs.
        density = image.info.get("jfif_density" if image.format != "PNG" else "dpi")
        frames = ImageSequence.Iterator(image) if image.format == "PNG" else [image]
        shown = []
        for frame in frames:
            # Pillow turns a picture by its XMP as well, where EXIF says nothing; viewers do not.
            for name in ("xmp", "XML:com.adobe.xmp"):
                frame.info.pop(name, None)
            turned = ImageOps.exif_transpose(frame)
            transparent = frame.info.get("transparency")
            shown.append((turned.mode, turned.size, turned.tobytes(), transparent))
        return shown, profile, density


def extras(data: bytes) -> set[str]:
    """What a file carries that stripping should have dropped."""
    image = Image.open(io.BytesIO(data))
    image.load()
    names = {"comment", "xmp", "XML:com.adobe.xmp", "photoshop", "mp", "mpoffset"}
    left = names & set(image.info)
    left |= {f"tag {tag:#x}" for tag in image.getexif() if tag != ORIENTATION}
    return left | set(getattr(image, "text", {}))


def strip(vault: Vault, data: bytes, name: str) -> bytes:
    """The image as the vault gives it back; stripping that again changes nothing."""
    image = vault.put(data, name)
    left = vault.get(image.id)
    assert bool(image.transformed) == (left != data)
    again = vault.put(left, name)
    assert again.id == image.id and again.transformed == ()
    assert not set(image.verdict.flags)
    return left


def scene(mode: str = "RGB") -> Image.Image:
    noise = [Image.effect_noise((64, 48), 60 + 20 * band) for band in range(3)]
    return Image.merge("RGB", noise).convert(mode)


def with_everything(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010F] = "Camera of Peter"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    exif.get_ifd(0x8769)[0xA431] = "serial 8421"
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_the_picture_keeps_its_pixels_and_its_way_up(
    stripping_vault: Vault, kind: str, orientation: int
) -> None:
    data, text = io.BytesIO(), PngInfo()
    text.add_text("Author", "Peter")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>", zip=True)
    more: dict[str, Any] = {"comment": b"Peter"} if kind == "JPEG" else {"pnginfo": text}
    exif = with_everything(orientation)
    scene().save(data, kind, exif=exif, icc_profile=PROFILE, dpi=(72, 72), **more)
    before = data.getvalue()
    assert extras(before)
    after = strip(stripping_vault, before, "a." + kind.lower())
    assert picture(after) == picture(before)
    assert picture(after)[1] == PROFILE
    assert extras(after) == set()
    for word in (b"Peter", b"8421", b"xmpmeta"):
        assert word not in after
    kept = Image.open(io.BytesIO(after)).getexif()
    assert dict(kept) == ({} if orientation == 1 else {ORIENTATION: orientation})


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_kind_of_jpeg(stripping_vault: Vault, mode: str, progressive: bool) -> None:
    data = io.BytesIO()
    scene(mode).save(data, "JPEG", progressive=progressive, comment=b"Peter", quality=90)
    after = strip(stripping_vault, data.getvalue(), "a.jpg")
    assert picture(after) == picture(data.getvalue())
    assert extras(after) == set()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png(stripping_vault: Vault, mode: str) -> None:
    data, text = io.BytesIO(), PngInfo()
    text.add_text("Author", "Peter", zip=True)
    image = Image.new(mode, (64, 48), 30_000) if mode == "I;16" else scene(mode)
    more = {"transparency": 3} if mode == "P" else {}
    image.save(data, "PNG", pnginfo=text, **more)
    after = strip(stripping_vault, data.getvalue(), "a.png")
    assert picture(after) == picture(data.getvalue())
    assert extras(after) == set()


def test_an_animation_keeps_its_frames(stripping_vault: Vault) -> None:
    data, text = io.BytesIO(), PngInfo()
    text.add_text("Author", "Peter")
    frames = [scene() for _ in range(3)]
    frames[0].save(data, "PNG", save_all=True, append_images=frames[1:], duration=50, pnginfo=text)
    after = strip(stripping_vault, data.getvalue(), "a.png")
    assert len(picture(after)[0]) == 3
    assert picture(after) == picture(data.getvalue())
    assert b"Peter" not in after


def test_a_second_picture_goes(stripping_vault: Vault) -> None:
    data = io.BytesIO()
    scene().save(data, "MPO", save_all=True, append_images=[scene()])
    after = strip(stripping_vault, data.getvalue(), "a.jpg")
    assert picture(after)[0] == picture(data.getvalue())[0][:1]
    assert Image.open(io.BytesIO(after)).format == "JPEG"


@pytest.mark.skipif(not (CORPUS / "MANIFEST.csv").exists(), reason=f"no images in {CORPUS}")
def test_every_image_of_the_corpus_keeps_its_pixels(stripping_vault: Vault) -> None:
    changed, left, accepted = [], [], 0
    for row in csv.DictReader((CORPUS / "MANIFEST.csv").read_text().splitlines()):
        before = (CORPUS / row["path"]).read_bytes()
        try:
            after = strip(stripping_vault, before, row["upload_name"])
        except (EmptyBody, ImageRefused, InvalidName):
            continue
        accepted += 1
        if picture(after) != picture(before):
            changed.append(row["path"])
        if extras(after):
            left.append((row["path"], extras(after)))
    assert accepted > 100
    assert changed == [] and left == []
