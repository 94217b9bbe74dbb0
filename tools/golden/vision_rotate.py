"""Makes tests/golden/vision_rotate.safetensors: cv2.warpAffine, bicubic, about the centre.

Pinned: opencv-python-headless==4.11.0.86 numpy==2.2.6 safetensors==0.5.3
OpenCV rounds source positions to 1/32 pixel; danqing does not.
"""
import cv2
import numpy as np
from safetensors.numpy import save_file
from vision_photos import GOLDEN, rgb

FILL = 0.25
photo = rgb("coffee.png", 120, 220, 52, 72)
values = photo.astype(np.float32) / 255
height, width = photo.shape[:2]
made = {"photo": photo}
for degrees, size in ((7.5, (72, 52)), (-33.0, (92, 86)), (90.0, (52, 72)), (180.0, (72, 52))):
    # OpenCV turns counter-clockwise about a pixel's middle; danqing clockwise about the picture's.
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(values, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(FILL,) * 3)
    made[f"rotated/{degrees}"] = turned
save_file({name: np.ascontiguousarray(value) for name, value in made.items()}, GOLDEN / "vision_rotate.safetensors")
