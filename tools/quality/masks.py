"""Random erase masks, fixed by their seed: free-form strokes, boxes, or both, 5 to 25 % of the picture.

The strokes follow the free-form masks of Yu et al., "Free-Form Image Inpainting with Gated
Convolution" (2019), algorithm 1: a walk of brush lines with random turns, here about one centre,
so that the hole has a bounding box of its own. Python's random.Random gives the same numbers on
every version.
"""

import math
import random

import numpy as np
from PIL import Image, ImageDraw

AREA = (0.05, 0.25)
KINDS = ("strokes", "boxes", "both")


def strokes(pen: ImageDraw.ImageDraw, size: tuple[int, int], chance: random.Random) -> None:
    """One walk of brush lines with round ends."""
    width, height = size
    short = min(size)
    x, y = chance.uniform(0.25, 0.75) * width, chance.uniform(0.25, 0.75) * height
    angle = chance.uniform(0, 2 * math.pi)
    for _ in range(chance.randint(4, 8)):
        brush = chance.uniform(0.05, 0.12) * short
        length = chance.uniform(0.08, 0.22) * short
        end = (min(max(x + length * math.cos(angle), 0), width), min(max(y + length * math.sin(angle), 0), height))
        pen.line([(x, y), end], fill=255, width=round(brush))
        for cx, cy in ((x, y), end):
            pen.ellipse((cx - brush / 2, cy - brush / 2, cx + brush / 2, cy + brush / 2), fill=255)
        x, y = end
        angle += chance.uniform(-0.75, 0.75) * math.pi


def box(pen: ImageDraw.ImageDraw, size: tuple[int, int], chance: random.Random) -> None:
    """One axis-parallel box."""
    width, height = size
    w, h = chance.uniform(0.15, 0.4) * width, chance.uniform(0.15, 0.4) * height
    x, y = chance.uniform(0.05, 0.95) * (width - w), chance.uniform(0.05, 0.95) * (height - h)
    pen.rectangle((x, y, x + w, y + h), fill=255)


def drawn(kind: str, size: tuple[int, int], chance: random.Random) -> np.ndarray:
    picture = Image.new("L", size, 0)
    pen = ImageDraw.Draw(picture)
    if kind in ("strokes", "both"):
        strokes(pen, size, chance)
    if kind in ("boxes", "both"):
        box(pen, size, chance)
    return np.asarray(picture)


def mask_for(index: int, height: int, width: int, seed: int = 1) -> np.ndarray:
    """[height, width] u8 of 0 and 255 (white = erase); the kind goes round with the index."""
    chance = random.Random(f"{seed}/{index}")
    while True:
        mask = drawn(KINDS[index % len(KINDS)], (width, height), chance)
        if AREA[0] <= (mask > 0).mean() <= AREA[1]:
            return mask
