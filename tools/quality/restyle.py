"""Restyle, measured: danqing's transfer beside the published AdaIN in torch, with the same weights.

Eight pairs of a photograph (photographs.py) and a painting (the demo pack's art-*). For every result:

    content   mean squared difference of relu4_1 from the photograph's (lower = closer to what it shows)
    style     sum over relu1_1 … relu5_1 of the mean squared difference of Gram matrices, each divided by channels x
              pixels, from the painting's (lower = closer to how it is painted)
    LPIPS     to the photograph (VGG-16, v0.1; lower = closer)

Below it, the mode `optimise` beside torch's L-BFGS on the same loss (optimised.py), for three of the pairs at 256 px.

    python tools/quality/restyle.py [--danqing BINARY] [--limit N] [--out FOLDER] [--write]

Runs in the environment of tools/requirements-networks.txt. `--write` puts the table into docs/quality.md.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

sys.path.append(str(Path(__file__).parents[1] / "golden"))
import document  # noqa: E402
import optimised as optimisation  # noqa: E402
from lpips import Lpips  # noqa: E402
from photographs import PHOTOGRAPHS, original, reduced  # noqa: E402
from stylizers import decoded, encoded, exchanged  # noqa: E402

SIDE = 384
ART_SIDE = 512  # shorter side at which danqing looks at style pictures
PAIRS = [
    ("mountain", "art-wheat-field"), ("pavilion", "art-landscapes-with-poems"), ("astronaut", "art-seashore"),
    ("cat", "art-jas-de-bouffan"), ("coffee", "art-irises"), ("peaks", "art-southern-inspection"),
    ("dahlia", "art-grande-jatte"), ("cabin", "art-shiva-and-parvati"),
]  # fmt: skip
STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
DANQING = {
    "danqing, network alone": ["--keep-structure", "0", "--smoothing", "0"],
    "danqing": [],
}
TORCH, PLAIN = "torch AdaIN", "danqing, network alone"


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.astype(np.float32).transpose(2, 0, 1)[None] / 255)


def pixels(value: torch.Tensor) -> np.ndarray:
    return (value[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()


def resized(picture: Image.Image, side: int, longer: bool) -> np.ndarray:
    """Longer (or shorter) side at `side`, Lanczos, as danqing shows pictures to its networks."""
    scale = side / (max if longer else min)(picture.size)
    size = [max(round(n * scale), 1) for n in picture.size]
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS))


class Judge:
    """Losses of results, with the encoder loaded once."""

    def __init__(self, vgg: dict):
        self.vgg, self.lpips = vgg, Lpips()

    def features(self, picture: np.ndarray) -> dict:
        kept = {}
        encoded(self.vgg, tensor(picture), lambda n, v: kept.update({n: v}) if n in STYLE_LAYERS else None, last="5_1")
        return kept

    @staticmethod
    def gram(value: torch.Tensor) -> torch.Tensor:
        flat = value[0].flatten(1)
        return flat @ flat.T / flat.numel()

    def measured(self, result: np.ndarray, photograph: np.ndarray, painting: np.ndarray) -> dict:
        made, shown, art = map(self.features, (result, photograph, painting))
        style = sum(F.mse_loss(self.gram(made[n]), self.gram(art[n])).item() for n in STYLE_LAYERS)
        content = F.mse_loss(made["relu4_1"], shown["relu4_1"]).item()
        return {"content": content, "style": style, "lpips": self.lpips(result, photograph)}


def adain(vgg: dict, decoder: dict, photograph: np.ndarray, painting: np.ndarray) -> np.ndarray:
    features = encoded(vgg, tensor(photograph), last="4_1")
    mixed = exchanged(features, [encoded(vgg, tensor(painting), last="4_1")], [1.0], 1.0)
    height, width = photograph.shape[:2]
    return pixels(decoded(decoder, mixed))[:height, :width]


def danqing(binary: str, options: list[str], photograph: np.ndarray, painting: np.ndarray) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        picture, art, out = f"{folder}/picture.png", f"{folder}/art.png", f"{folder}/out.png"
        Image.fromarray(photograph).save(picture)
        Image.fromarray(painting).save(art)
        command = [binary, "restyle", picture, "--style-image", art, *options, "--seed", "1", "--quiet", "-o", out]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise SystemExit(f"danqing restyle failed: {run.stderr.strip()[-400:]}")
        return np.asarray(Image.open(out).convert("RGB"))


def path(binary: str, entry: str) -> str:
    return subprocess.run([binary, "models", "path", entry], check=True, capture_output=True, text=True).stdout.strip()


def evaluate(binary: str, limit: int | None, out: Path | None) -> dict:
    """{pair: {method: measures}}"""
    vgg, decoder = (load_file(path(binary, entry)) for entry in ("adain-vgg19", "adain-decoder"))
    judge, table = Judge(vgg), {}
    known = {photograph.id: photograph for photograph in PHOTOGRAPHS}
    for name, entry in PAIRS[:limit]:
        photograph = resized(Image.fromarray(reduced(original(known[name]))), SIDE, longer=True)
        art = path(binary, entry)
        painting = resized(Image.open(art), ART_SIDE, longer=False)
        results = {"the photograph itself": (photograph, 0.0)}
        for method, make in methods(binary, vgg, decoder, photograph, painting).items():
            start = time.process_time() + children()
            made = make()
            results[method] = (made, time.process_time() + children() - start)
        row = {m: judge.measured(p, photograph, painting) | {"seconds": s} for m, (p, s) in results.items()}
        difference = np.abs(results[TORCH][0].astype(int) - results[PLAIN][0])
        row[PLAIN]["difference"] = (float(difference.mean()), int(difference.max()))
        table[f"{name} × {entry.removeprefix('art-')}"] = row
        print(name, entry, {m: round(v["style"], 6) for m, v in row.items()}, difference.max(), file=sys.stderr, flush=True)
        if out:
            out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.concatenate([p for p, _ in results.values()], axis=1)).save(out / f"{name}-{entry}.png")
    return table


def optimised(binary: str, limit: int | None) -> str:
    """The mode `optimise` beside torch, as a table."""
    known = {photograph.id: photograph for photograph in PHOTOGRAPHS}
    pairs = [
        (f"{name} × {entry.removeprefix('art-')}", Image.fromarray(reduced(original(known[name]))),
         Image.open(path(binary, entry)).convert("RGB"))
        for name, entry in PAIRS[: min(limit or 3, 3)]
    ]
    lines = "\n".join(optimisation.table(binary, pairs, 256, 40))
    return f"\nMode optimise, longer side 256 px, 40 evaluations of the same loss from the photograph on (L-BFGS):\n\n{lines}\n"


def methods(binary, vgg, decoder, photograph, painting) -> dict:
    ours = {m: (lambda o=options: danqing(binary, o, photograph, painting)) for m, options in DANQING.items()}
    return {TORCH: lambda: adain(vgg, decoder, photograph, painting), **ours}


def children() -> float:
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def section(table: dict) -> str:
    names = list(next(iter(table.values())))
    lines = ["| method | content ↓ | style ↓ | LPIPS to the photograph ↓ | processor s |", "|---|---|---|---|---|"]
    for name in names:
        mean = {m: np.mean([row[name][m] for row in table.values()]) for m in ("content", "style", "lpips", "seconds")}
        lines.append(f"| {name} | {mean['content']:.3f} | {mean['style']:.5f} | {mean['lpips']:.4f} | {mean['seconds']:.1f} |")
    differences = [row[PLAIN]["difference"] for row in table.values()]
    pairs = ["| pair | torch: style | danqing: style | torch: content | danqing: content | largest difference, 8 bit |",
             "|---|---|---|---|---|---|"]
    for pair, row in table.items():
        a, b = row[TORCH], row[PLAIN]
        pairs.append(f"| {pair} | {a['style']:.5f} | {b['style']:.5f} | {a['content']:.3f} | {b['content']:.3f} | "
                     f"{b['difference'][1]} |")
    return (f"{len(table)} pairs of photograph and painting, the photograph's longer side {SIDE} px; same weights on both "
            "sides. Means:\n\n" + "\n".join(lines) +
            f"\n\nBetween torch and danqing's network alone (keep-structure 0, smoothing 0), pixels differ by {np.mean([d[0] for d in differences]):.3f} of 255 "
            f"on average, by {max(d[1] for d in differences)} at most. Processor seconds of danqing include its start, loading "
            "weights and both files, torch's only the two networks.\nCommand: `python tools/quality/restyle.py --write`.\n\n"
            + "\n".join(pairs) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Content loss, style loss and LPIPS of restyle")
    parser.add_argument("--danqing", default="target/release/danqing", help="the binary")
    parser.add_argument("--limit", type=int, help=f"only the first pairs of {len(PAIRS)}")
    parser.add_argument("--out", type=Path, help="folder for strips of every pair")
    parser.add_argument("--write", action="store_true", help="write the table into docs/quality.md")
    chosen = parser.parse_args()
    with torch.no_grad():
        text = section(evaluate(chosen.danqing, chosen.limit, chosen.out))
        text += optimised(chosen.danqing, chosen.limit)
    print(text)
    if chosen.write:
        document.write("restyle", "Restyle", text)


if __name__ == "__main__":
    main()
