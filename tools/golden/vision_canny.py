"""Makes tests/golden/vision_canny.safetensors: cv2.Canny on grey crops of photographs and on noise.

Pinned: opencv-python-headless==4.11.0.86 scikit-image==0.25.2 numpy==2.2.6 safetensors==0.5.3
Edges are packed eight to a byte (most significant bit first).
"""
import cv2
import numpy as np
from safetensors.numpy import save_file
from vision_photos import GOLDEN, rgb

PHOTOS = {
    "astronaut": ("astronaut.png", 60, 150, 120, 150),
    "coffee": ("coffee.png", 100, 200, 120, 151),
    "cat": ("chelsea.png", 80, 120, 97, 160),
    "rocket": ("rocket.jpg", 200, 250, 128, 101),
}
CASES = [(100, 200, 3, False), (100, 200, 3, True), (30.5, 81.25, 3, False), (30.5, 81.25, 3, True), (200, 50, 3, False),
         (800, 2000, 5, False), (800, 2000, 5, True), (4000, 9000, 7, False), (4000, 9000, 7, True), (0, 0, 3, False)]

tensors = {}
greys = {name: cv2.cvtColor(rgb(*crop), cv2.COLOR_RGB2GRAY) for name, crop in PHOTOS.items()}
rng = np.random.default_rng(7)
greys["noise"] = rng.integers(0, 256, (67, 83), dtype=np.uint8)
greys["faint_noise"] = rng.integers(100, 130, (50, 64), dtype=np.uint8)
greys["steps"] = (np.add.outer(np.arange(40) // 4, np.arange(52) // 4) % 3 * 90).astype(np.uint8)
greys["row"] = rng.integers(0, 256, (1, 40), dtype=np.uint8)
for name, grey in greys.items():
    tensors[name] = grey
    for low, high, aperture, l2 in CASES:
        edges = cv2.Canny(grey, low, high, apertureSize=aperture, L2gradient=l2)
        assert set(np.unique(edges)) <= {0, 255}
        tensors[f"{name}/{low}/{high}/{aperture}/{'l2' if l2 else 'l1'}"] = np.packbits(edges > 0)
save_file(tensors, GOLDEN / "vision_canny.safetensors")
