"""Gatys style transfer, measured: `danqing restyle --mode optimise` beside PyTorch's L-BFGS on the same loss.

Both start from the photograph at one size, mirrored by 8 pixels on every side as danqing does it, take the same number of evaluations of the network and read the same weights;
compared are the final losses (content, style, smoothness as weighted, total) and the processor time from process start to
the written file, torch's without its imports.

    tools/.venv-networks/bin/python tools/quality/optimised.py --danqing target/release/danqing PHOTO ART [PHOTO ART …]
        [--size 256] [--iterations 40]

`restyle.py` calls `table` on three of its pairs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))
import gatys  # noqa: E402
from lpips import Lpips  # noqa: E402

THREADS = 2
MARGIN = 8
HEAD = "| pair | program | content | style | smoothness | total | LPIPS to the photograph ↓ | processor s |\n|---|---|---|---|---|---|---|---|"


def fitted(picture, size):
    """The picture with its longer side `size`."""
    factor = size / max(picture.size)
    return picture.resize([max(1, round(side * factor)) for side in picture.size], Image.LANCZOS)


def by_danqing(danqing, photo, art, iterations):
    """Losses of the best evaluation, processor seconds and the picture."""
    settings = {"iterations": iterations, "levels": 1, "pooling": "average", **{f"{k}_weight": v for k, v in gatys.WEIGHTS.items()}}
    with tempfile.TemporaryDirectory() as folder:
        photo.save(f"{folder}/photo.png")
        art.save(f"{folder}/art.png")
        command = [danqing, "--json", "restyle", f"{folder}/photo.png", "--style-image", f"{folder}/art.png"]
        command += ["--mode", "optimise", "--optimise", json.dumps(settings), "--working-size", str(max(photo.size))]
        command += ["--seed", "1", "--threads", str(THREADS), "-o", f"{folder}/out.png"]
        before = os.times()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        after = os.times()
        made = np.asarray(Image.open(f"{folder}/out.png").convert("RGB"))
    events = [json.loads(line) for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
    losses = [event["values"] for event in events if event.get("event") == "measure"]
    seconds = sum(getattr(after, k) - getattr(before, k) for k in ("children_user", "children_system"))
    return min(losses, key=lambda loss: loss["total"]), seconds, made


def by_torch(vgg, photo, art, iterations):
    """As `by_danqing`."""
    torch.set_num_threads(THREADS)
    start = time.process_time()
    content, style = gatys.tensor(np.asarray(photo)), gatys.tensor(np.asarray(art))
    content = F.pad(content, (MARGIN,) * 4, mode="reflect")
    target = gatys.targets(vgg, content, style, "average")
    seen = []

    def loss(x):
        parts = gatys.terms(vgg, x, target, "average")
        seen.append([part.item() for part in parts])
        return sum(parts)

    _, made = gatys.lbfgs(loss, content, iterations)
    made = made[0, :, MARGIN:-MARGIN, MARGIN:-MARGIN].permute(1, 2, 0).clamp(0, 1) * 255
    best = min(seen[:iterations], key=sum)
    return dict(zip(("content", "style", "tv"), best), total=sum(best)), time.process_time() - start, made.round().byte().numpy()


def table(danqing, pairs, size, iterations):
    """Lines of a table: two for each name, photograph and painting."""
    weights = subprocess.run([danqing, "models", "path", "adain-vgg19"], capture_output=True, text=True, check=True)
    vgg = gatys.Vgg(weights.stdout.strip())
    metric = Lpips()
    yield HEAD
    for name, photo, art in pairs:
        pictures = fitted(photo, size), fitted(art, size)
        with torch.enable_grad():
            made = {"danqing": by_danqing(danqing, *pictures, iterations), "torch": by_torch(vgg, *pictures, iterations)}
        seen = metric.features(np.asarray(pictures[0]))
        for program, (loss, seconds, picture) in made.items():
            numbers = " | ".join(f"{loss[k]:.4f}" for k in ("content", "style", "tv", "total"))
            yield f"| {name} | {program} | {numbers} | {metric.between(seen, metric.features(picture)):.4f} | {seconds:.1f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", help="PHOTO ART in turn")
    parser.add_argument("--danqing", default="target/release/danqing")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=40)
    options = parser.parse_args()
    paths = zip(options.pictures[::2], options.pictures[1::2], strict=True)
    opened = lambda path: Image.open(path).convert("RGB")
    pairs = [(f"{Path(photo).stem} × {Path(art).stem}", opened(photo), opened(art)) for photo, art in paths]
    for line in table(options.danqing, pairs, options.size, options.iterations):
        print(line, flush=True)


if __name__ == "__main__":
    main()
