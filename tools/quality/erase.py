"""Erase, measured: danqing's engines beside OpenCV's inpainting and MI-GAN's published pipeline.

24 real photographs (photographs.py), one fixed random mask each (masks.py). The picture under the
mask is known, so every fill is compared with it by LPIPS (VGG-16, v0.1; lower is better), PSNR and
SSIM (Gaussian window, sigma 1.5, as in Wang et al. 2004; higher is better). LPIPS is taken on the
window: the hole's bounding box and 32 px around it, at least 64 px wide and high. PSNR and SSIM are
given for the window and for the full picture, which the untouched area dilutes.

    python -m pip install -r tools/requirements-quality.txt
    python tools/quality/erase.py                         # everything, table on stdout
    python tools/quality/erase.py --methods danqing:auto,danqing:migan --limit 8 --out FOLDER
    python tools/quality/erase.py --write                 # the tables also into docs/quality.md
    python tools/quality/erase.py --seed 2                # other masks

The choice between fills was tuned on the masks of seed 1; those of seed 2 are held out. Without
--seed both are measured.

The network's weights must be there for danqing (`danqing models pull default`).
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import document
from lpips import Lpips
from masks import mask_for
from methods import BASELINES, ENGINES, method
from photographs import PHOTOGRAPHS, photographs

MARGIN = 32
SMALLEST_WINDOW = 64
TUNED_SEED = 1
SEEDS = (TUNED_SEED, 2)
MEASURES = ("lpips", "psnr", "ssim", "psnr_full", "ssim_full", "seconds")


def span(flags: np.ndarray) -> slice:
    """The window along one axis, of at least SMALLEST_WINDOW pixels where the picture has them."""
    inside = np.flatnonzero(flags)
    low, high = inside[0] - MARGIN, inside[-1] + 1 + MARGIN
    missing = max(SMALLEST_WINDOW - (high - low), 0)
    return slice(max(low - missing // 2, 0), min(high + (missing + 1) // 2, len(flags)))


def window_of(mask: np.ndarray) -> tuple[slice, slice]:
    return span((mask > 0).any(axis=1)), span((mask > 0).any(axis=0))


def similarity(first: np.ndarray, second: np.ndarray) -> float:
    return structural_similarity(first, second, channel_axis=2, data_range=255,
                                 gaussian_weights=True, sigma=1.5, use_sample_covariance=False)


def measured(truth: np.ndarray, filled: np.ndarray, window, truth_features, metric: Lpips) -> dict:
    """All measures of one fill."""
    a, b = truth[window], filled[window]
    return {
        "lpips": metric.between(truth_features, metric.features(b)),
        "psnr": peak_signal_noise_ratio(a, b, data_range=255),
        "ssim": similarity(a, b),
        "psnr_full": peak_signal_noise_ratio(truth, filled, data_range=255),
        "ssim_full": similarity(truth, filled),
    }


def evaluate(names: list[str], binary: str, seed: int, limit: int | None, out: Path | None) -> dict:
    """{photo: {method: measures}}; the filled pictures go to `out` when it is given."""
    metric, table = Lpips(), {}
    fills = {name: method(name, binary) for name in names}
    for index, (photograph, truth) in enumerate(photographs(limit)):
        mask = mask_for(index, *truth.shape[:2], seed)
        window = window_of(mask)
        truth_features = metric.features(truth[window])
        hidden = truth.copy()
        hidden[mask > 0] = 128  # no method may see what it is to guess
        row, pictures = {}, {}
        for name, fill in fills.items():
            start = time.perf_counter()
            pictures[name] = fill(hidden, mask, seed)
            seconds = time.perf_counter() - start
            row[name] = measured(truth, pictures[name], window, truth_features, metric) | {"seconds": seconds}
            row[name]["changed_outside"] = int(np.abs(hidden.astype(int) - pictures[name])[mask == 0].max())
        table[photograph.id] = row
        line = "  ".join(f"{name} {row[name]['lpips']:.4f}" for name in names)
        print(f"{index + 1:2} {photograph.id:12} hole {(mask > 0).mean():.0%}  {line}", file=sys.stderr, flush=True)
        if out:
            keep(out, f"{index + 1:02}-{photograph.id}", truth, mask, pictures)
    return table


def keep(out: Path, stem: str, truth, mask, pictures: dict) -> None:
    """One strip per photograph: truth, hole, then every method in order."""
    out.mkdir(parents=True, exist_ok=True)
    hole = truth.copy()
    hole[mask > 0] = (255, 0, 255)
    strip = [truth, hole, *pictures.values()]
    Image.fromarray(np.concatenate(strip, axis=1)).save(out / f"{stem}.png")
    for name, picture in pictures.items():
        Image.fromarray(picture).save(out / f"{stem}.{name.replace(':', '-')}.png")


def wins(table: dict, name: str) -> int:
    """On how many photographs the method's LPIPS is the lowest."""
    return sum(min(row, key=lambda other: row[other]["lpips"]) == name for row in table.values())


def markdown(table: dict, names: list[str]) -> str:
    """The table of means."""
    lines = ["| method | LPIPS ↓ | best of | PSNR, window ↑ | SSIM, window ↑ | PSNR, full ↑ | SSIM, full ↑ | s per picture |",
             "|---|---|---|---|---|---|---|---|"]
    for name in sorted(names, key=lambda n: np.mean([row[n]["lpips"] for row in table.values()])):
        mean = {m: np.mean([row[name][m] for row in table.values()]) for m in MEASURES}
        lines.append(f"| {name} | {mean['lpips']:.4f} | {wins(table, name)}/{len(table)} | {mean['psnr']:.2f} | "
                     f"{mean['ssim']:.4f} | {mean['psnr_full']:.2f} | {mean['ssim_full']:.4f} | {mean['seconds']:.2f} |")
    return "\n".join(lines)


def per_photograph(table: dict, names: list[str]) -> str:
    """LPIPS of every photograph, the lowest in bold."""
    lines = ["| photograph | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for photo, row in table.items():
        best = min(names, key=lambda name: row[name]["lpips"])
        cells = [f"**{row[n]['lpips']:.4f}**" if n == best else f"{row[n]['lpips']:.4f}" for n in names]
        lines.append(f"| {photo} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def heading(seed: int) -> str:
    what = "masks that the choice was tuned on" if seed == TUNED_SEED else "held-out masks"
    return f"{what[0].upper()}{what[1:]} (seed {seed}):"


def section(tables: dict, names: list[str]) -> str:
    """What stands in docs/quality.md about `tables`, {seed: table}: means of all, photographs of the first."""
    first = next(iter(tables))
    means = "\n\n".join(f"{heading(seed)}\n\n{markdown(table, names)}" for seed, table in tables.items())
    shown = f"{len(tables[first])} photographs, one random mask each (strokes, boxes or both, 5–25 % of the picture), "
    return (shown + "longer side at most 768 px.\nLPIPS: VGG-16, v0.1, on the hole's bounding box and 32 px around it. "
            "“best of”: photographs on which the method has the lowest LPIPS.\n"
            "OpenCV: radius 5. onnxruntime:migan: the published MI-GAN pipeline as it is, with the same weights.\n"
            "Seconds are of one run on the machine at hand, for danqing with the start of the program and both PNG files.\n"
            "Command: `python tools/quality/erase.py --write`.\n\n"
            f"{means}\n\nLPIPS by photograph (seed {first}):\n\n{per_photograph(tables[first], names)}\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="LPIPS, PSNR and SSIM of erase on fixed photographs and masks")
    everything = ",".join([*(f"danqing:{engine}" for engine in ENGINES), *BASELINES])
    parser.add_argument("--methods", default=everything, help="names divided by commas (default: all)")
    parser.add_argument("--danqing", default="target/release/danqing", help="the binary")
    parser.add_argument("--limit", type=int, help=f"only the first photographs of {len(PHOTOGRAPHS)}")
    parser.add_argument("--seed", type=int, help=f"of the masks and of danqing (default: {SEEDS}, one after the other)")
    parser.add_argument("--out", type=Path, help="folder for the filled pictures and results.json")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/quality.md")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    names = [name.strip() for name in chosen.methods.split(",") if name.strip()]
    tables = {}
    for seed in SEEDS if chosen.seed is None else [chosen.seed]:
        out = chosen.out / f"seed-{seed}" if chosen.out else None
        tables[seed] = evaluate(names, chosen.danqing, seed, chosen.limit, out)
        print(f"{heading(seed)}\n\n{markdown(tables[seed], names)}\n")
        if out:
            (out / "results.json").write_text(json.dumps(tables[seed], indent=1))
    if chosen.write:
        document.write("erase", "Erase", section(tables, names))


if __name__ == "__main__":
    main()
