"""Makes tests/golden/vision_tone.safetensors: curves, sharpening, saturation and levels of SciPy, scikit-image and Pillow.

Pinned: scikit-image==0.25.2 numpy==2.2.6 scipy==1.15.3 pillow==11.2.1 safetensors==0.5.3
"""
import numpy as np
from PIL import Image, ImageEnhance
from safetensors.numpy import save_file
from scipy.interpolate import PchipInterpolator
from skimage.exposure import adjust_gamma, rescale_intensity
from skimage.filters import unsharp_mask
from vision_photos import GOLDEN, rgb

CURVES = [
    [[0, 0], [1, 1]],
    [[0, 0.1], [0.3, 0.2], [1, 0.9]],
    [[0, 0], [0.25, 0.15], [0.5, 0.5], [0.75, 0.9], [1, 1]],
    [[0, 1], [0.2, 0.3], [0.5, 0.6], [0.55, 0.6], [1, 0]],
    [[0.1, 0.9], [0.15, 0.1], [0.9, 0.12]],
]
photo = rgb("coffee.png", 120, 220, 36, 44)
as_float = photo.astype(np.float32) / 255.0
t = {"photo": photo}
for i, points in enumerate(CURVES):
    points = np.array(points, dtype=np.float64)
    x = np.linspace(points[0, 0], points[-1, 0], 101)
    t[f"curve/{i}/points"] = points.reshape(-1)
    t[f"curve/{i}/x"], t[f"curve/{i}/y"] = x, PchipInterpolator(points[:, 0], points[:, 1])(x)
for radius, amount in ((1.0, 0.5), (2.5, 3.0)):
    t[f"unsharp/{radius}/{amount}"] = unsharp_mask(as_float, radius, amount, channel_axis=2).astype(np.float32)  # -1 fills three rows only
for factor in (0.0, 0.6, 1.8):
    t[f"saturation/{factor}"] = np.asarray(ImageEnhance.Color(Image.fromarray(photo)).enhance(factor))
for black, white, gamma, out_black, out_white in ((0.1, 0.8, 1.0, 0.0, 1.0), (0.0, 1.0, 2.2, 0.0, 1.0), (0.2, 0.9, 0.6, 0.15, 0.7)):
    stretched = rescale_intensity(as_float.astype(np.float64), in_range=(black, white), out_range=(0.0, 1.0))
    made = rescale_intensity(adjust_gamma(stretched, 1 / gamma), in_range=(0.0, 1.0), out_range=(out_black, out_white))
    t[f"levels/{black}/{white}/{gamma}/{out_black}/{out_white}"] = made.astype(np.float32)
save_file({k: np.ascontiguousarray(v) for k, v in t.items()}, GOLDEN / "vision_tone.safetensors")
