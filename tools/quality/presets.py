#!/usr/bin/env python3
"""Measures the painted presets of `danqing restyle` on photographs and faces and writes the table of docs/quality.md.

    python tools/quality/presets.py --danqing target/release/danqing [--presets ink-wash,oil] [--count 24] [--write]

Needs the packages of tools/requirements-quality-presets.txt. Of each result:

- chroma: mean of √(a² + b²) in CIE L*a*b*; ink wash promises less than 6;
- in steps: share of pixels whose L* lies within 4 of one of six tones (the six means of its own histogram);
- edges: SSIM of two edge maps, photograph against result: slopes of L*, blurred by 1/170 of the side, as shares of each
  picture's 98th percentile;
- faces: dlib finds the face again, and its 68 landmarks lie where they lay: mean distance as a share of the distance
  between the eyes; recognition: dlib's face descriptors of both are nearer than 0.6, the bound its authors give.

The faces are synthetic people of the package openpeople. Seconds are processor time of the whole program.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.color import rgb2lab
from skimage.metrics import structural_similarity
from scipy.ndimage import gaussian_filter

sys.path.insert(0, str(Path(__file__).parent))
import document  # noqa: E402
import photographs  # noqa: E402

PRESETS = ["ink-wash", "oil", "watercolour", "pencil", "woodcut", "cartoon", "pastel", "mosaic"]


def edges(light: np.ndarray) -> np.ndarray:
    soft = gaussian_filter(light, 1.5 * (light.size ** 0.5) / 256)
    slope = np.hypot(*np.gradient(soft))
    return np.minimum(slope / max(np.percentile(slope, 98), 1e-3), 1)


def in_steps(light: np.ndarray) -> float:
    tones = np.sort(light.ravel())
    centres = tones[[(2 * i + 1) * len(tones) // 12 for i in range(6)]]
    for _ in range(40):
        owner = np.abs(tones[:, None] - centres).argmin(1)
        centres = np.array([tones[owner == i].mean() if (owner == i).any() else centres[i] for i in range(6)])
    return float((np.abs(tones[:, None] - centres).min(1) <= 4).mean())


class Faces:
    """dlib's detector, landmarks and descriptors."""

    def __init__(self):
        import dlib
        from face_recognition_models import (face_recognition_model_location, pose_predictor_model_location)
        self.detect = dlib.get_frontal_face_detector()
        self.landmarks = dlib.shape_predictor(pose_predictor_model_location())
        self.describe = dlib.face_recognition_model_v1(face_recognition_model_location())

    def of(self, picture: np.ndarray):
        found = self.detect(picture, 1)
        if not found:
            return None
        shape = self.landmarks(picture, max(found, key=lambda box: box.area()))
        points = np.array([(p.x, p.y) for p in shape.parts()], float)
        return points, np.array(self.describe.compute_face_descriptor(picture, shape))


def compare_faces(before, after) -> tuple[float, float]:
    eyes = np.linalg.norm(before[0][36:42].mean(0) - before[0][42:48].mean(0))
    moved = np.linalg.norm(before[0] - after[0], axis=1).mean() / eyes
    return float(moved), float(np.linalg.norm(before[1] - after[1]))


def painted(danqing: str, preset: str, picture: np.ndarray, folder: Path) -> tuple[np.ndarray, float]:
    source, target = folder / "in.png", folder / "out.png"
    Image.fromarray(picture).save(source)
    command = [danqing, "restyle", str(source), "--style", preset, "--seed", "1", "--offline", "--quiet", "--force",
               "-o", str(target)]
    child = subprocess.Popen(command)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{preset} ended with {child.returncode}")
    return np.asarray(Image.open(target).convert("RGB")), usage.ru_utime + usage.ru_stime


def people(count: int) -> list[np.ndarray]:
    import openpeople
    folder = Path(openpeople.__file__).parent / "data" / "curated"
    files = sorted(folder.glob("*/assets/studio_portrait.jpg"))[:count]
    return [np.asarray(Image.open(f).convert("RGB").resize((640, 640), Image.Resampling.LANCZOS)) for f in files]


def measure(danqing: str, preset: str, pictures: dict, portraits: list, faces: Faces, folder: Path) -> str:
    rows = []
    for picture in pictures.values():
        made, seconds = painted(danqing, preset, picture, folder)
        before, after = rgb2lab(picture), rgb2lab(made)
        agreement = structural_similarity(edges(before[..., 0]), edges(after[..., 0]), data_range=1,
                                          gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
        chroma = np.hypot(after[..., 1], after[..., 2]).mean()
        rows.append((chroma, in_steps(before[..., 0]), in_steps(after[..., 0]), agreement, seconds, picture.size / 3e6))
    chroma, steps_before, steps, agreement, seconds, megapixels = np.array(rows).T
    found, moved, recognised = 0, [], 0
    for portrait in portraits:
        before, after = faces.of(portrait), faces.of(painted(danqing, preset, portrait, folder)[0])
        if before is None or after is None:
            continue
        distance, descriptor = compare_faces(before, after)
        found, recognised = found + 1, recognised + (descriptor < 0.6)
        moved.append(distance)
    landmarks = f"{100 * np.mean(moved):.1f} %" if moved else "–"
    return (f"| {preset} | {chroma.mean():.1f} ({chroma.max():.1f}) | {steps.mean():.2f} ({steps_before.mean():.2f}) "
            f"| {agreement.mean():.2f} ({agreement.min():.2f}) | {found}/{len(portraits)} | {landmarks} "
            f"| {recognised}/{len(portraits)} | {seconds.sum() / megapixels.sum():.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures of the painted presets")
    parser.add_argument("--danqing", default="target/release/danqing")
    parser.add_argument("--presets", default=",".join(PRESETS))
    parser.add_argument("--count", type=int, default=24, help="photographs")
    parser.add_argument("--people", type=int, default=8, help="portraits")
    parser.add_argument("--write", action="store_true", help="write the table into docs/quality.md")
    chosen = parser.parse_args()
    pictures = {photo.id: pixels for photo, pixels in photographs.photographs(chosen.count)}
    portraits, faces = people(chosen.people), Faces()
    lines = [
        f"{len(pictures)} photographs (those of erase) and {len(portraits)} synthetic portraits; seed 1. In brackets: the "
        "worst photograph's (chroma, edges), the photographs' own (in steps).",
        f"Command: `python tools/quality/presets.py --count {chosen.count} --people {chosen.people} --write`; the measures are "
        "described there.", "",
        "| preset | chroma | in steps | edges, SSIM | faces found | landmarks moved | recognised | s/Mpx, processor |",
        "|---|---|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for preset in chosen.presets.split(","):
            lines.append(measure(chosen.danqing, preset, pictures, portraits, faces, Path(folder)))
            print(lines[-1], flush=True)
    if chosen.write:
        document.write("presets", "Painted presets", "\n".join(lines))


if __name__ == "__main__":
    main()
