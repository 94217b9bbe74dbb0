"""Makes tests/golden/vision_masks.safetensors: OpenCV's morphology, SciPy's distances, labels and hole filling.

Pinned: opencv-python-headless==4.11.0.86 scikit-image==0.25.2 numpy==2.2.6 scipy==1.15.3 safetensors==0.5.3
"""
import cv2
import numpy as np
from safetensors.numpy import save_file
from scipy import ndimage

from vision_photos import GOLDEN, photo

SHAPES = {"ellipse": cv2.MORPH_ELLIPSE, "rectangle": cv2.MORPH_RECT}
grey = np.ascontiguousarray(photo("coins.png")[20:76, 20:91])
mask = np.where(photo("horse.png")[60:260:3, 40:290:3, 0], 0, 255).astype(np.uint8)
mask[np.random.default_rng(5).random(mask.shape) < 0.02] ^= 255
t = {"grey": grey, "mask": mask}
for shape, flag in SHAPES.items():
    for radius in (1, 2, 5, 8, 21):
        element = cv2.getStructuringElement(flag, (2 * radius + 1, 2 * radius + 1))
        t[f"dilate/{shape}/{radius}"] = cv2.dilate(grey, element)
        t[f"erode/{shape}/{radius}"] = cv2.erode(grey, element)
t["distance_to_zero"] = ndimage.distance_transform_edt(mask).astype(np.float32)
t["distance_precise"] = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
t["labels/4"] = ndimage.label(mask)[0].astype(np.int32)
t["labels/8"] = ndimage.label(mask, np.ones((3, 3)))[0].astype(np.int32)
t["filled"] = ndimage.binary_fill_holes(mask).astype(np.uint8) * 255
save_file({k: np.ascontiguousarray(v) for k, v in t.items()}, GOLDEN / "vision_masks.safetensors")
