"""The pictures and masks that capabilities.py hands to every program; the same at every run.

    python tools/bench/inputs.py PHOTOGRAPH FOLDER     # writes FOLDER/{picture,half,quarter,mask}-SIZE.png

A program of its own: a process that has held large pictures passes its peak memory on to the children it measures.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from sizes import SIZES


def covering(photograph: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The photograph scaled (Lanczos) to cover the size, its middle kept."""
    scale = max(size[0] / photograph.width, size[1] / photograph.height)
    width, height = round(photograph.width * scale), round(photograph.height * scale)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    scaled = photograph.resize((width, height), Image.Resampling.LANCZOS)
    return scaled.crop((left, top, left + size[0], top + size[1]))


def mask(size: tuple[int, int]) -> Image.Image:
    """A disc with a bar to its left, as one thing and its shadow; white = erase."""
    made = Image.new("L", size, 0)
    pen, short = ImageDraw.Draw(made), min(size)
    x, y = 0.55 * size[0], 0.55 * size[1]
    pen.ellipse((x - 0.12 * short, y - 0.12 * short, x + 0.12 * short, y + 0.12 * short), fill=255)
    pen.rectangle((x - 0.3 * short, y + 0.1 * short, x, y + 0.16 * short), fill=255)
    return made


def main() -> None:
    photograph = Image.open(sys.argv[1]).convert("RGB")
    for name, size in SIZES.items():
        for kind, share in {"picture": 1, "half": 2, "quarter": 4}.items():
            covering(photograph, (size[0] // share, size[1] // share)).save(Path(sys.argv[2], f"{kind}-{name}.png"))
        mask(size).save(Path(sys.argv[2], f"mask-{name}.png"))


if __name__ == "__main__":
    main()
