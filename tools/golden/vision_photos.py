"""Photographs that come inside the scikit-image package (0.25.2), for the vision_*.py scripts. Writes nothing itself."""
import pathlib

import numpy as np
import skimage
from skimage import io

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
PHOTOS = pathlib.Path(skimage.__file__).parent / "data"


def photo(name):
    """A whole photograph, as the package holds it."""
    return io.imread(PHOTOS / name)


def rgb(name, top, left, height, width):
    """A crop of a photograph as 8-bit RGB."""
    return np.ascontiguousarray(photo(name)[top : top + height, left : left + width, :3])
