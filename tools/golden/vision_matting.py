"""Makes tests/golden/vision_matting.safetensors: what pymatting and OpenCV make of a crop with hair.

Versions: numpy 2.4.6, opencv-contrib-python-headless 4.10.0.84, PyMatting 1.1.16, scikit-image 0.26.0.
Photo: astronaut.png of scikit-image (NASA, public domain), 80x64 crop at the hair's edge.

    python tools/golden/vision_matting.py [OUT.safetensors]

Tensors: photo [64, 80, 3] u8; trimap [64, 80] u8 (0 background, 255 subject, 128 unknown);
    alpha/EPSILON [64, 80] f32           estimate_alpha_cf on the photo in 0..1
    coarse [64, 80] f32                  a soft mask, input of the guided filter and of the colours
    guided/RADIUS/EPSILON [64, 80] f32   cv2.ximgproc.guidedFilter(photo, coarse)
    foreground, background [64, 80, 3]   estimate_foreground_ml(photo, alpha/1e-05, return_background=True)
"""

import sys
from pathlib import Path

import cv2
import numpy as np
import skimage
from pymatting import estimate_alpha_cf, estimate_foreground_ml
from safetensors.numpy import save_file
from skimage.io import imread

HEIGHT, WIDTH, TOP, LEFT = 64, 80, 26, 146


def main():
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "tests/golden/vision_matting.safetensors"
    photo = imread(Path(skimage.__file__).parent / "data/astronaut.png")[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH, :3]
    photo = np.ascontiguousarray(photo)
    image = photo / 255.0
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    away = np.hypot(x - 78, y - 62) - 46  # the head is a disc around the lower right corner
    trimap = np.where(away < -14, 255, np.where(away > 16, 0, 128)).astype(np.uint8)
    unit = np.where(trimap == 128, 0.5, trimap / 255.0)
    made = {"photo": photo, "trimap": trimap}
    for epsilon in (1e-7, 1e-5):
        alpha = estimate_alpha_cf(image, unit, laplacian_kwargs={"epsilon": epsilon})
        made[f"alpha/{epsilon:g}"] = alpha.astype(np.float32)
    coarse = np.clip(0.5 - away / 24, 0, 1).astype(np.float32)
    made["coarse"] = coarse
    for radius, epsilon in ((9, 1e-2),):  # far smaller ones lose their digits in OpenCV's f32
        guide = image.astype(np.float32)
        made[f"guided/{radius}/{epsilon:g}"] = cv2.ximgproc.guidedFilter(guide, coarse, radius, epsilon)
    layers = estimate_foreground_ml(image, made["alpha/1e-05"], return_background=True)
    made["foreground"], made["background"] = (np.ascontiguousarray(layer, dtype=np.float32) for layer in layers)
    save_file(made, out)
    print(out, out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
