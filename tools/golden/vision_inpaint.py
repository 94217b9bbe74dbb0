"""Makes tests/golden/vision_inpaint.safetensors: cv2.inpaint (Telea, Navier-Stokes) on crops of photographs.

Pinned: opencv-python-headless==4.11.0.86 scikit-image==0.25.2 numpy==2.4.6 safetensors==0.8.0
"""
import cv2
import numpy as np
from safetensors.numpy import save_file
from vision_photos import GOLDEN, rgb

METHODS = {"telea": cv2.INPAINT_TELEA, "ns": cv2.INPAINT_NS}
PHOTOS = {"astronaut": ("astronaut.png", 70, 190, 50, 56), "coffee": ("coffee.png", 120, 220, 48, 61),
          "cat": ("chelsea.png", 90, 120, 47, 53), "rocket": ("rocket.jpg", 200, 250, 44, 44)}


def shapes(height, width, seed):
    """Strokes, specks and a blob, also over the border."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(4):
        a, b = (tuple(int(v) for v in rng.integers((0, 0), (width, height))) for _ in range(2))
        cv2.line(mask, a, b, 255, int(rng.integers(1, 5)))
    cv2.circle(mask, (width // 2, height // 2), 7, 255, -1)
    mask[rng.random(mask.shape) < 0.01] = 1
    mask[-3:, : width // 3] = 255
    return mask


tensors = {}


def case(name, image, mask, radius):
    tensors[f"{name}/image"], tensors[f"{name}/mask"] = image, mask
    for method, flag in METHODS.items():
        tensors[f"{name}/{method}/{radius}"] = cv2.inpaint(image, mask, radius, flag)


for seed, (name, crop) in enumerate(PHOTOS.items()):
    photo = rgb(*crop)
    mask = shapes(*photo.shape[:2], seed)
    for radius in (1, 5):
        case(f"rgb/{name}", photo, mask, radius)
        case(f"gray/{name}", cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), mask, radius)
constant = np.full((24, 31, 3), 128, np.uint8)
mask = np.zeros(constant.shape[:2], np.uint8)
mask[8:17, 9:22] = 255
case("rgb/constant", constant, mask, 3)
corner = np.zeros((5, 5), np.uint8)
corner[3:, 3:] = 255
case("gray/five", np.arange(25, dtype=np.uint8).reshape(5, 5) * 9, corner, 2)
for side, area in {"top": np.s_[:3, :], "left": np.s_[:, :3], "bottom": np.s_[-3:, :], "right": np.s_[:, -3:]}.items():
    mask = np.zeros((20, 22), np.uint8)
    mask[area] = 255
    case(f"gray/{side}", np.ascontiguousarray(rgb("coffee.png", 150, 250, 20, 22)[..., 1]), mask, 4)

save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, GOLDEN / "vision_inpaint.safetensors")
