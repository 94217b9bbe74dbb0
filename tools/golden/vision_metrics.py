"""Makes tests/golden/vision_metrics.safetensors: PSNR and SSIM of scikit-image on noisy and blurred crops.

Pinned: scikit-image==0.25.2 numpy==2.2.6 scipy==1.15.3 safetensors==0.5.3
"""
import numpy as np
from safetensors.numpy import save_file
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from vision_photos import GOLDEN, rgb

photo = rgb("chelsea.png", 80, 120, 61, 77)
noisy = np.clip(photo + np.random.default_rng(11).normal(0, 20, photo.shape), 0, 255).astype(np.uint8)
blurred = ndimage.gaussian_filter(photo, (1.5, 1.5, 0))
gaussian = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
t = {"photo": photo, "noisy": noisy, "blurred": blurred}
for name in ("noisy", "blurred"):
    other = t[name]
    t[f"{name}/values"] = np.array([
        peak_signal_noise_ratio(photo, other, data_range=255),
        structural_similarity(photo, other, channel_axis=-1, data_range=255),
        structural_similarity(photo, other, channel_axis=-1, data_range=255, **gaussian),
    ])
    print(name, t[f"{name}/values"])
save_file({k: np.ascontiguousarray(v) for k, v in t.items()}, GOLDEN / "vision_metrics.safetensors")
