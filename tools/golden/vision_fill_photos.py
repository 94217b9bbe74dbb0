"""Makes tests/golden/vision_fill_photos.safetensors: crops of photographs, to rank fills on.

Pinned: scikit-image==0.25.2 numpy==2.4.6 safetensors==0.8.0
"""
from safetensors.numpy import save_file
from vision_photos import GOLDEN, rgb

SIDE = 88
CROPS = {
    "hair": ("astronaut.png", 5, 190), "suit": ("astronaut.png", 360, 110), "flag": ("astronaut.png", 60, 20),
    "beans": ("coffee.png", 10, 10), "saucer": ("coffee.png", 300, 250), "wood": ("coffee.png", 10, 480),
    "fur": ("chelsea.png", 20, 180), "whiskers": ("chelsea.png", 200, 150), "cushion": ("chelsea.png", 205, 350),
    "tower": ("rocket.jpg", 150, 280), "stars": ("hubble_deep_field.jpg", 300, 400), "tissue": ("ihc.png", 200, 200),
}
save_file({name: rgb(photo, top, left, SIDE, SIDE) for name, (photo, top, left) in CROPS.items()},
          GOLDEN / "vision_fill_photos.safetensors")
