#!/usr/bin/env python3
"""Measures `danqing cutout` beside plain masks of the same networks on compositions whose opacity is known.

    python tools/quality/cutout.py [--danqing target/release/danqing] [--write] [--sheet FILE]

Compositions, 640 px on the longer side: subjects before photographs of the demo pack.
- Portraits: studio portraits of openpeople 0.1.2 (synthetic people, MIT). Their opacity is found against the plain studio
  ground with KNN matting (pymatting), another method than danqing's, in a wide band around MODNet's mask; colours by
  pymatting's multi-level estimation. What hair the matte missed is missing in the composition too: opacity is exact.
- Hair: heads of drawn strands (lines of 1 to 2.5 px, drawn four times as large), the colours of three real heads.
Known opacity against: onnxruntime's mask of the same network as its own script gives it (resized to the picture), and
danqing's. SAD is the sum of differences / 1000, MSE their mean square · 1000, gradient the sum of squared differences of
Gaussian gradients (sigma 1.4) / 100 (C. Rhemann et al., 2009), all over the whole picture.
"""

import argparse
import io
import subprocess
import tempfile
from pathlib import Path

import document
import numpy as np
import onnxruntime
from packages import member, pip_file
from PIL import Image, ImageDraw
from pymatting import estimate_alpha_knn, estimate_foreground_ml
from scipy import ndimage

PEOPLE = ("openpeople", "openpeople-0.1.2-py3-none-any.whl", "6faee04493aa7e3e913ba7bc720db90bb9e5f4b7e65eaaf74cd77f74c74e609f")
PORTRAITS = {"curls": "P007", "young woman": "P001", "man": "P003", "woman": "P005"}
GROUNDS = ["photo-cabin", "photo-kitchen", "photo-pavilion", "photo-football"]
SIDE = 640


class Network:
    """One network with its own published pre- and post-processing."""

    def __init__(self, danqing, id):
        path = subprocess.run([danqing, "models", "path", id], capture_output=True, text=True, check=True).stdout.strip()
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self.id = id

    def mask(self, picture):
        width, height = picture.size
        if self.id == "u2netp":
            seen = np.asarray(picture.resize((320, 320), Image.LANCZOS), np.float32) / 255
            seen = (seen / seen.max() - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        else:
            scale = 512 / min(width, height)
            size = tuple(max(1, round(n * scale / 32)) * 32 for n in (width, height))
            seen = np.asarray(picture.resize(size, Image.BOX if scale < 1 else Image.BICUBIC), np.float32) / 127.5 - 1
        given = seen.transpose(2, 0, 1)[None].astype(np.float32)
        made = self.session.run(None, {self.session.get_inputs()[0].name: given})[0][0, 0]
        return np.clip(np.asarray(Image.fromarray(made).resize((width, height), Image.BILINEAR)), 0, 1)


def portrait(number, modnet):
    """A studio portrait as colours and opacity."""
    photo = member(pip_file(*PEOPLE), f"openpeople/data/curated/{number}/assets/studio_portrait.jpg")
    photo = Image.open(io.BytesIO(photo)).convert("RGB")
    photo.thumbnail((SIDE, SIDE), Image.LANCZOS)
    mask = modnet.mask(photo)
    sure = ndimage.binary_erosion(mask > 0.97, iterations=14)
    none = ndimage.binary_erosion(mask < 0.03, iterations=22)
    image = np.asarray(photo) / 255
    alpha = estimate_alpha_knn(image, np.where(sure, 1.0, np.where(none, 0.0, 0.5)))
    alpha = np.clip((alpha - 0.05) / 0.9, 0, 1)  # studio ground is never quite even
    return estimate_foreground_ml(image, alpha), alpha


def hairball(seed, colour):
    """A head of drawn strands."""
    random, big = np.random.default_rng(seed), 4 * SIDE
    drawn = Image.new("L", (big, big))
    draw = ImageDraw.Draw(drawn)
    centre, radius = np.array([big / 2, big * 0.55]), big * 0.22
    draw.ellipse([*(centre - radius), *(centre + radius)], fill=255)
    draw.rectangle([big * 0.38, big * 0.6, big * 0.62, big], fill=255)
    for _ in range(420):
        angle, bend = random.uniform(-3.3, 0.2), random.normal(0, 0.25)
        steps = np.linspace(0, 1, 12)
        reach = radius * (0.9 + steps * random.uniform(0.2, 0.75))
        turn = angle + bend * steps**2
        points = centre + reach[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        draw.line([tuple(p) for p in points], fill=255, width=int(random.uniform(4, 10)))
    alpha = np.asarray(drawn.resize((SIDE, SIDE), Image.BOX)) / 255
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    shade = 0.75 + 0.4 * y + 0.04 * np.sin(60 * x + 9 * y)
    return np.clip(np.array(colour) * shade[..., None], 0, 1), alpha


def ground(danqing, id, size):
    path = subprocess.run([danqing, "models", "path", id], capture_output=True, text=True, check=True).stdout.strip()
    photo = Image.open(path).convert("RGB")
    scale = max(size[0] / photo.width, size[1] / photo.height)
    photo = photo.resize((round(photo.width * scale) + 1, round(photo.height * scale) + 1), Image.LANCZOS)
    return np.asarray(photo.crop((0, 0, *size))) / 255


def errors(found, truth):
    gradient = lambda a: ndimage.gaussian_gradient_magnitude(a, 1.4)
    difference = found - truth
    slopes = (gradient(found) - gradient(truth)) ** 2
    return np.array([np.abs(difference).sum() / 1000, (difference**2).mean() * 1000, slopes.sum() / 100])


def danqing_alpha(danqing, picture, model, folder):
    given, made = Path(folder) / "in.png", Path(folder) / "out.png"
    picture.save(given)
    subprocess.run([danqing, "cutout", given, "-o", made, "--model", model, "--force", "--quiet"], check=True)
    made = np.asarray(Image.open(made)) / 255
    return made[..., 3], made


def crops(truth, rows):
    """Side by side over green: the place where opacity changes most."""
    busy = ndimage.uniform_filter((truth * (1 - truth)), 160)
    y, x = np.unravel_index(busy[80:-80, 80:-80].argmax(), busy[80:-80, 80:-80].shape)
    part = (slice(y, y + 160), slice(x, x + 160))
    over = lambda colour, alpha: colour * alpha[..., None] + np.array([0, 0.7, 0.25]) * (1 - alpha[..., None])
    return np.hstack([np.clip(over(c[part], a[part]), 0, 1) for c, a in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--danqing", default="target/release/danqing")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--sheet")
    arguments = parser.parse_args()
    networks = {"portrait": Network(arguments.danqing, "modnet-portrait"), "general": Network(arguments.danqing, "u2netp")}
    subjects = {name: portrait(number, networks["portrait"]) for name, number in PORTRAITS.items()}
    for seed, colour in enumerate([[0.18, 0.11, 0.08], [0.55, 0.38, 0.2], [0.5, 0.12, 0.08]]):
        subjects[f"strands {seed + 1}"] = hairball(seed, colour)
    lines, totals, sheet = [], {}, []
    with tempfile.TemporaryDirectory() as folder:
        for i, (name, (colours, truth)) in enumerate(subjects.items()):
            height, width = truth.shape
            behind = ground(arguments.danqing, GROUNDS[i % len(GROUNDS)], (width, height))
            seen = colours * truth[..., None] + behind * (1 - truth[..., None])
            picture = Image.fromarray((np.clip(seen, 0, 1) * 255 + 0.5).astype(np.uint8))
            for model, network in networks.items():
                plain = network.mask(picture)
                alpha, made = danqing_alpha(arguments.danqing, picture, model, folder)
                found = {f"onnxruntime {model}": errors(plain, truth), f"danqing {model}": errors(alpha, truth)}
                for method, error in found.items():
                    totals.setdefault(method, []).append(error)
                    print(name, method, *(f"{e:.2f}" for e in error), flush=True)
                lines.append((name, model, *found.values()))
                if model == "portrait":
                    image = np.asarray(picture) / 255
                    sheet.append(crops(truth, [(image, np.ones_like(truth)), (image, plain), (made[..., :3], alpha), (colours, truth)]))
    table = report(lines, totals)
    print(table)
    if arguments.sheet:
        Image.fromarray((np.vstack(sheet) * 255).astype(np.uint8)).save(arguments.sheet)
    if arguments.write:
        document.write("cutout", "Cutout", table)


def report(lines, totals):
    out = [
        f"{len(lines) // 2} compositions with known opacity, {SIDE} px (how they are made: `tools/quality/cutout.py`); each network's mask as its",
        "own script gives it (onnxruntime, resized to the picture) against `danqing cutout --model` of the same weights.",
        "SAD / 1000, MSE · 1000, gradient error / 100, over the whole picture; less is better.",
        "",
        "| method | SAD | MSE | gradient |",
        "|---|---|---|---|",
    ]
    for method, errors_of in totals.items():
        mean = np.mean(errors_of, axis=0)
        out.append(f"| {method} | " + " | ".join(f"{e:.2f}" for e in mean) + " |")
    out += ["", "| composition | network | SAD plain → danqing | gradient plain → danqing |", "|---|---|---|---|"]
    for name, model, plain, ours in lines:
        out.append(f"| {name} | {model} | {plain[0]:.2f} → {ours[0]:.2f} | {plain[2]:.2f} → {ours[2]:.2f} |")
    return "\n".join(out)


if __name__ == "__main__":
    main()
