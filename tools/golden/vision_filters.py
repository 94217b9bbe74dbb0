"""Makes tests/golden/vision_filters.safetensors: OpenCV's smoothing, gradients and denoising on a photograph's crop.

Pinned: opencv-python-headless==4.11.0.86 scikit-image==0.25.2 numpy==2.2.6 scipy==1.15.3 safetensors==0.5.3
"""
import cv2
import numpy as np
from safetensors.numpy import save_file
from scipy import ndimage
from vision_photos import GOLDEN, rgb

photo = rgb("astronaut.png", 60, 190, 34, 38)
as_float = photo.astype(np.float32) / 255.0
noisy = np.clip(photo + np.random.default_rng(3).normal(0, 15, photo.shape), 0, 255).astype(np.uint8)
grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
t = {"photo": photo, "noisy": noisy, "grey": grey}

cube = np.stack(np.meshgrid(*[np.arange(0, 256, 15, dtype=np.uint8)] * 3, indexing="ij"), axis=-1).reshape(1, -1, 3)
t["cube"], t["cube_grey"] = cube, cv2.cvtColor(cube, cv2.COLOR_RGB2GRAY)

for sigma in (0.5, 2.3, 30.0):
    t[f"gaussian/{sigma}/u8"] = cv2.GaussianBlur(photo, (0, 0), sigma)
    t[f"gaussian/{sigma}/f32"] = cv2.GaussianBlur(as_float, (0, 0), sigma)
t["gaussian_scipy/2.3/f32"] = ndimage.gaussian_filter(as_float, (2.3, 2.3, 0), mode="reflect", truncate=4.0)
for radius in (1, 3, 12):
    size = 2 * radius + 1
    t[f"box/{radius}/u8"] = cv2.blur(photo, (size, size))
    t[f"box/{radius}/f32"] = cv2.blur(as_float, (size, size))
    t[f"median/{radius}/u8"] = cv2.medianBlur(photo, size)
for radius, colour, space in ((3, 30.0, 2.0), (5, 60.0, 10.0)):
    t[f"bilateral/{radius}/{colour}/{space}/u8"] = cv2.bilateralFilter(noisy, 2 * radius + 1, colour, space)
    t[f"bilateral/{radius}/{colour}/{space}/f32"] = cv2.bilateralFilter(
        noisy.astype(np.float32) / 255.0, 2 * radius + 1, colour / 255.0, space)
for h in (5.0, 15.0):
    t[f"nlmeans/{h}/grey"] = cv2.fastNlMeansDenoising(grey, h=[h], templateWindowSize=7, searchWindowSize=21, normType=cv2.NORM_L2)
    t[f"nlmeans/{h}/rgb"] = cv2.fastNlMeansDenoising(noisy, h=[h], templateWindowSize=7, searchWindowSize=21, normType=cv2.NORM_L2)
for name, kernel, scale in (("sobel3", 3, 1), ("sobel5", 5, 1), ("sobel7", 7, 1 / 16), ("scharr", cv2.FILTER_SCHARR, 1)):
    t[f"{name}/dx"] = cv2.Sobel(grey, cv2.CV_16S, 1, 0, ksize=kernel, scale=scale)
    t[f"{name}/dy"] = cv2.Sobel(grey, cv2.CV_16S, 0, 1, ksize=kernel, scale=scale)
save_file({k: np.ascontiguousarray(v) for k, v in t.items()}, GOLDEN / "vision_filters.safetensors")
