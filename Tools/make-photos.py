"""Makes harbour.jpg and harbour.png in a directory: photo-like pictures for the demo, with soft
shapes, a gradient and sensor noise, so that they compress as photographs do.

    python3 Tools/make-photos.py DIRECTORY
"""

import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 1600, 1200


def scene() -> Image.Image:
    """Sky, sea and a few hulls; random noise makes each run's bytes their own."""
    picture = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    picture = Image.merge("RGB", (picture.point(lambda v: 90 + v // 3), picture.point(lambda v: 130 + v // 4),
                                  picture.point(lambda v: 200 - v // 6)))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 700, WIDTH, HEIGHT), fill=(38, 84, 110))
    for _ in range(14):
        x, y, length = random.randrange(WIDTH), random.randrange(640, 1000), random.randrange(60, 240)
        hull = tuple(random.randrange(40, 230) for _ in range(3))
        draw.polygon([(x, y), (x + length, y), (x + length * 4 // 5, y + length // 5), (x + length // 6, y + length // 5)], fill=hull)
        draw.line((x + length // 2, y, x + length // 2, y - length), fill=(60, 50, 40), width=5)
    picture = picture.filter(ImageFilter.GaussianBlur(2))
    noise = Image.effect_noise((WIDTH, HEIGHT), 18)
    return Image.blend(picture, Image.merge("RGB", (noise, noise, noise)), 0.12)


def main() -> None:
    directory = Path(sys.argv[1])
    picture = scene()
    picture.save(directory / "harbour.jpg", quality=88)
    picture.resize((800, 600)).save(directory / "harbour.png")


if __name__ == "__main__":
    main()
