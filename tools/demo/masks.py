"""Draws examples/masks/*.png, the hand-made erase masks of the demo, from the outlines below.

White = erase. The outlines are in pixels of the photograph and hold the object, its shadow and
its reflection. Pinned: pillow==10.4.0. Run from the repository root: python tools/demo/masks.py
"""

from pathlib import Path

from PIL import Image, ImageDraw

MASKS = {
    "photo-football": {
        "size": (1920, 2880),
        "ellipses": [(697, 2009, 943, 2243)],
        "polygons": [
            [(770, 2252), (560, 2256), (400, 2246), (310, 2218), (330, 2188), (470, 2178), (600, 2184), (730, 2196)],
        ],
    },
    "photo-dahlia": {
        "size": (640, 427),
        "ellipses": [],
        "polygons": [
            [(268, 427), (271, 422), (283, 418), (283, 403), (292, 394), (306, 388), (319, 386), (319, 381),
             (329, 380), (337, 371), (350, 368), (361, 374), (370, 383), (381, 375), (397, 372), (408, 377),
             (421, 373), (434, 376), (443, 386), (448, 400), (447, 414), (462, 416), (475, 427)],
            [(545, 427), (549, 400), (556, 391), (569, 384), (586, 385), (604, 389), (618, 396), (626, 409), (629, 427)],
        ],
    },
    "photo-kitchen": {
        "size": (1280, 853),
        "ellipses": [],
        "polygons": [
            [(683, 434), (690, 426), (716, 420), (752, 417), (795, 416), (830, 421), (866, 428), (870, 436),
             (866, 446), (863, 505), (900, 507), (926, 514), (942, 532), (949, 556), (949, 592), (942, 620),
             (925, 639), (900, 645), (865, 643), (861, 723), (864, 740), (862, 853), (695, 853), (694, 723),
             (696, 600), (693, 512), (688, 446)],
        ],
    },
}


def drawn(mask: dict) -> Image.Image:
    """The mask as an 8-bit grey picture of 0 and 255."""
    picture = Image.new("L", mask["size"], 0)
    pen = ImageDraw.Draw(picture)
    for box in mask["ellipses"]:
        pen.ellipse(box, fill=255)
    for outline in mask["polygons"]:
        pen.polygon(outline, fill=255)
    return picture


def main() -> None:
    folder = Path("examples/masks")
    folder.mkdir(parents=True, exist_ok=True)
    for name, mask in MASKS.items():
        drawn(mask).save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
