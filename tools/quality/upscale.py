"""Upscale, measured: danqing beside onnxruntime on the same weights, Lanczos and bicubic, on photographs held down to a
quarter of their size.

14 real photographs (photographs.py), the middle of each, in two ways:
  bicubic      Pillow's bicubic at a quarter of the size, nothing else
  realistic    blurred (sigma 1.2 of the large picture), bicubic at a quarter, noise of sigma 4 of 255, JPEG of quality 75
PSNR and SSIM (higher is better) reward blur; LPIPS (VGG-16, lower is better) rewards what looks right. Four pixels along
the border are left out. The x4 models are measured at 4x; x2plus doubles twice.

    python tools/quality/upscale.py [--limit 4] [--out FOLDER]
    python tools/quality/upscale.py --write                 # the table into docs/quality.md
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import document
import upscalers_onnx
from lpips import Lpips
from photographs import photographs

SIDE = 384
COUNT = 14
BORDER = 4
STRIPS = 5
SHOWN = ["lanczos", "danqing:x4plus", "onnxruntime:x4plus", "danqing:anime", "danqing:video"]
CROPS = document.DOCUMENT.parent / "upscale-crops.jpg"
MEASURES = ("psnr", "ssim", "lpips")
MODELS = {"x4plus": "realesrgan-x4plus", "anime": "realesrgan-x4plus-anime", "video": "realesr-animevideov3"}


def truths(limit: int):
    for photograph, picture in photographs(limit):
        height, width = picture.shape[:2]
        top, left = (height - SIDE) // 2, (width - SIDE) // 2
        if min(top, left) >= 0:
            yield photograph.id, np.ascontiguousarray(picture[top : top + SIDE, left : left + SIDE])


def quarter(picture: Image.Image) -> Image.Image:
    return picture.resize((SIDE // 4, SIDE // 4), Image.Resampling.BICUBIC)


def held_down(truth: np.ndarray, way: str, seed: int) -> np.ndarray:
    picture = Image.fromarray(truth)
    if way == "bicubic":
        return np.asarray(quarter(picture))
    small = np.asarray(quarter(picture.filter(ImageFilter.GaussianBlur(1.2)))).astype(float)
    small += np.random.default_rng(seed).normal(0, 4, small.shape)
    file = io.BytesIO()
    Image.fromarray(small.clip(0, 255).round().astype(np.uint8)).save(file, "JPEG", quality=75)
    return np.asarray(Image.open(file).convert("RGB"))


def by_danqing(binary: str, options: list[str]):
    def made(small: np.ndarray) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.png", Path(folder) / "out.png"
            Image.fromarray(small).save(source)
            subprocess.run([binary, "upscale", source, "--scale", "4", *options, "-o", target, "--quiet"], check=True)
            return np.asarray(Image.open(target).convert("RGB"))
    return made


def methods(binary: str, names: list[str]) -> dict:
    def enlarge(how):
        return lambda small: np.asarray(Image.fromarray(small).resize((SIDE, SIDE), how))

    known = {"lanczos": lambda: enlarge(Image.Resampling.LANCZOS), "bicubic": lambda: enlarge(Image.Resampling.BICUBIC)}
    for model, id in MODELS.items():
        known[f"danqing:{model}"] = lambda model=model: by_danqing(binary, ["--model", model])
        known[f"onnxruntime:{model}"] = lambda id=id: (
            lambda session: lambda small: upscalers_onnx.run(session, small))(upscalers_onnx.plain(binary, id))
    def twice(session):
        return lambda small: upscalers_onnx.run(session, upscalers_onnx.run(session, small))

    known["onnxruntime:x2plus twice"] = lambda: twice(upscalers_onnx.plain(binary, "realesrgan-x2plus"))
    known["danqing:x2plus twice"] = lambda: by_danqing(binary, ["--model", "x2plus"])
    return {name: known[name]() for name in names or known}


def measured(truth: np.ndarray, made: np.ndarray, metric: Lpips) -> dict:
    a, b = (np.ascontiguousarray(p[BORDER:-BORDER, BORDER:-BORDER]) for p in (truth, made))
    return {
        "psnr": peak_signal_noise_ratio(a, b, data_range=255),
        "ssim": structural_similarity(a, b, channel_axis=2, data_range=255, gaussian_weights=True, sigma=1.5,
                                      use_sample_covariance=False),
        "lpips": metric.between(metric.features(a), metric.features(b)),
        "shift": float(np.abs(a.mean((0, 1)) - b.mean((0, 1))).max()),
    }


def strip(small: np.ndarray, pictures: dict, truth: np.ndarray) -> np.ndarray:
    """The middle third: what was read, some methods, the truth."""
    near = np.asarray(Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.NEAREST))
    shown = [near, *(pictures[name] for name in SHOWN if name in pictures), truth]
    third = slice(SIDE // 3, 2 * SIDE // 3)
    return np.concatenate([picture[third, third] for picture in shown], axis=1)


def evaluate(chosen) -> tuple[dict, list[np.ndarray]]:
    """Measures by photograph and way, and strips of the first photographs."""
    metric, table, strips = Lpips(), {}, []
    made_by = methods(chosen.danqing, chosen.methods.split(",") if chosen.methods else [])
    for index, (id, truth) in enumerate(truths(chosen.limit)):
        for way in ("bicubic", "realistic"):
            small = held_down(truth, way, index)
            pictures = {name: made(small) for name, made in made_by.items()}
            table[f"{id} {way}"] = {name: measured(truth, picture, metric) for name, picture in pictures.items()}
            line = "  ".join(f"{name} {row['lpips']:.3f}" for name, row in table[f"{id} {way}"].items())
            print(f"{index + 1:2} {id} {way}: {line}", file=sys.stderr, flush=True)
            if way == "realistic" and len(strips) < STRIPS:
                strips.append(strip(small, pictures, truth))
            if chosen.out:
                chosen.out.mkdir(parents=True, exist_ok=True)
                near = np.asarray(Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.NEAREST))
                Image.fromarray(np.concatenate([near, *pictures.values(), truth], axis=1)).save(
                    chosen.out / f"{index + 1:02}-{id}-{way}.png")
    return table, strips


def markdown(table: dict) -> str:
    names = list(next(iter(table.values())))
    lines = ["| method | PSNR | SSIM | LPIPS ↓ | realistic: PSNR | SSIM | LPIPS ↓ | largest shift of the mean, of 255 |",
             "|---|---|---|---|---|---|---|---|"]

    def mean(name, way, measure):
        return np.mean([row[name][measure] for key, row in table.items() if key.endswith(way)])

    for name in sorted(names, key=lambda name: mean(name, "realistic", "lpips")):
        cells = [f"{mean(name, way, m):.{2 if m == 'psnr' else 4}f}" for way in ("bicubic", "realistic") for m in MEASURES]
        shift = max(row[name]["shift"] for row in table.values())
        lines.append(f"| {name} | {' | '.join(cells)} | {shift:.2f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="PSNR, SSIM and LPIPS of upscale on photographs held down to a quarter")
    parser.add_argument("--danqing", default="target/release/danqing", help="the binary")
    parser.add_argument("--methods", default="", help="names divided by commas (default: all)")
    parser.add_argument("--limit", type=int, default=COUNT, help="only the first photographs")
    parser.add_argument("--out", type=Path, help="folder for side-by-side pictures and results.json")
    parser.add_argument("--write", action="store_true", help="write the table into docs/quality.md")
    chosen = parser.parse_args()
    table, strips = evaluate(chosen)
    count = len(table) // 2
    section = (f"{count} photographs, the middle {SIDE}×{SIDE} of each, held down to a quarter and enlarged by 4; means.\n"
               "Columns 2–4: bicubic reduction alone; 5–7: blur, reduction, noise and JPEG. Higher PSNR and SSIM, lower LPIPS "
               "are better;\nthe first two reward blur. onnxruntime runs the same weights on the whole picture, without "
               "tiles, border and tone anchor.\nCommand: `python tools/quality/upscale.py --write`.\n\n" + markdown(table) +
               f"\n\nMiddles of the first photographs, blurred, reduced and with noise and JPEG: as read, then {', '.join(SHOWN)}, the "
               "truth.\n\n![Crops side by side](upscale-crops.jpg)")
    print(section)
    if chosen.out:
        (chosen.out / "results.json").write_text(json.dumps(table, indent=1))
    if chosen.write:
        document.write("upscale", "Upscale", section)
        Image.fromarray(np.concatenate(strips)).save(CROPS, quality=90)


if __name__ == "__main__":
    main()
