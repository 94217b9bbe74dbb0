"""Makes tests/golden/media_colors.json: sRGB colours in linear light, Lab, OKLab and HSL by independent libraries.

Versions: Python 3.11 (colorsys), scikit-image 0.25.2 (rgb2lab), colour-science 0.4.6 (sRGB curve, XYZ_to_Oklab),
numpy 2.2.6.
Run: python tools/golden/media_colors.py
"""

import colorsys
import json
import pathlib
import warnings

import numpy as np
from skimage.color import rgb2lab

warnings.filterwarnings("ignore")
import colour  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
random = np.random.default_rng(7)
corners = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], float)
srgb = np.vstack([corners, random.random((40, 3)), random.random((8, 3)) * 0.05, np.repeat(random.random((4, 1)), 3, 1)])
srgb = srgb.astype(np.float32).astype(np.float64)
linear = colour.models.eotf_sRGB(srgb)
# Matrix of sRGB to XYZ with the precision of the OKLab paper's code (IEC 61966-2-1 primaries, D65 by chromaticity).
space = colour.RGB_COLOURSPACES["sRGB"]
matrix = colour.normalised_primary_matrix(space.primaries, space.whitepoint)
oklab = colour.XYZ_to_Oklab(linear @ matrix.T)
hls = np.array([colorsys.rgb_to_hls(*c) for c in srgb])
made = {
    "srgb": srgb, "linear": linear, "lab": rgb2lab(srgb[None])[0], "oklab": oklab,
    "hsl": np.stack([hls[:, 0] * 360, hls[:, 2], hls[:, 1]], 1),
}
text = json.dumps({name: [round(float(v), 7) for v in values.ravel()] for name, values in made.items()})
(FOLDER / "media_colors.json").write_text(text + "\n")
