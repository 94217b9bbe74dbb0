"""Makes tests/golden/vision_flow.safetensors: scikit-image's structure tensor and OpenCV's difference of Gaussians.

Pinned: opencv-python-headless==4.11.0.86 scikit-image==0.25.2 numpy==2.2.6 scipy==1.15.3 safetensors==0.5.3
"""
import cv2
import numpy as np
from safetensors.numpy import save_file
from skimage.feature import structure_tensor
from vision_photos import GOLDEN, rgb

photo = rgb("astronaut.png", 60, 190, 40, 48)
grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255.0
t = {"grey": grey}
for sigma in (1.0, 2.5):
    # scikit-image calls the row axis r; danqing names tensors by x and y.
    rr, rc, cc = structure_tensor(grey, sigma=sigma, mode="mirror", order="rc")
    t[f"tensor/{sigma}/xx"], t[f"tensor/{sigma}/xy"], t[f"tensor/{sigma}/yy"] = cc, rc, rr
for sigma, ratio, sharpness in ((1.0, 1.6, 20.0), (2.2, 1.6, 0.98)):
    narrow, wide = (cv2.GaussianBlur(grey, (0, 0), s) for s in (sigma, sigma * ratio))
    t[f"dog/{sigma}/{ratio}/{sharpness}"] = (1 + sharpness) * narrow - sharpness * wide
save_file({k: np.ascontiguousarray(v.astype(np.float32)) for k, v in t.items()}, GOLDEN / "vision_flow.safetensors")
