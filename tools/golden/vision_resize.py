"""Makes tests/golden/vision_resize.safetensors: cv2.resize and Pillow's LANCZOS, 8 bit and float.

Pinned: opencv-python-headless==4.11.0.86 pillow==11.2.1 scikit-image==0.25.2 numpy==2.2.6 safetensors==0.5.3
"""
import cv2
import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from vision_photos import GOLDEN, rgb

CV = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "bicubic": cv2.INTER_CUBIC, "area": cv2.INTER_AREA}
SIZES = [(31, 23), (61, 90), (24, 22), (16, 11), (7, 100), (1, 1)]

photo = rgb("astronaut.png", 60, 190, 44, 48)
as_float = (photo.astype(np.float32) / 255.0)
tensors = {"photo": photo}


def lanczos(image, size):
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize(size, Image.LANCZOS))
    planes = [Image.fromarray(np.ascontiguousarray(image[..., c]), mode="F") for c in range(3)]
    return np.stack([np.asarray(p.resize(size, Image.LANCZOS)) for p in planes], axis=-1)


for width, height in SIZES:
    for name, flag in CV.items():
        tensors[f"{name}/{width}/{height}/u8"] = cv2.resize(photo, (width, height), interpolation=flag)
    tensors[f"lanczos/{width}/{height}/u8"] = lanczos(photo, (width, height))
for width, height in SIZES[:1] + SIZES[2:]:
    for name, flag in CV.items():
        tensors[f"{name}/{width}/{height}/f32"] = cv2.resize(as_float, (width, height), interpolation=flag)
    tensors[f"lanczos/{width}/{height}/f32"] = lanczos(as_float, (width, height))
tensors = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
save_file(tensors, GOLDEN / "vision_resize.safetensors")
