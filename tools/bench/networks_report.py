"""Lines and page of networks.py, picture_peer.py and sdcpp_peer.py: their parts of docs/benchmarks.md stand between marks.

    python tools/bench/networks_report.py DANQING FOLDER    # writes the part of whole pictures from the folder's figures
"""

import importlib.metadata
import json
import platform
import re
import sys
from pathlib import Path
from statistics import median

import report

PAGE = Path("docs/benchmarks.md")
PARTS = ("networks", "pictures")
TITLES = {"openvino": "OpenVINO", "onnxruntime": "ONNX Runtime", "torch": "PyTorch"}


def least(side, key):
    return min(turn[key] for turn in side["turns"])


def middle(side, key):
    return median(turn[key] for turn in side["turns"])


def ratios(row):
    """Of the fastest runs, of the middle ones, of processor time, of the peak of memory."""
    ours, theirs = row["ours"], row["theirs"]
    return [least(ours, "wall") / least(theirs, "wall"), middle(ours, "wall") / middle(theirs, "wall"),
            least(ours, "processor") / max(least(theirs, "processor"), 0.01), peak(ours) / peak(theirs)]


def peak(side):
    return max(side["loading"], side["running"])


def line(row):
    if "failed" in row:
        return f"{row['name']:16} {row['precision']} {row['peer']:12} does not run here: {row['failed']}"
    ours, theirs = row["ours"], row["theirs"]
    fastest, middles, processor, memory = ratios(row)
    return (f"{row['name']:16} {row['precision']} {row['peer']:12} {len(ours['turns'])} rounds  {least(ours, 'wall'):8.3f} / "
            f"{least(theirs, 'wall'):8.3f} s = {fastest:.2f}  median {middles:.2f}  processor {processor:.2f}  memory {memory:.2f}  "
            f"apart {row['difference']:.1e}  probe {state(row)} GFLOP/s")


def state(row):
    looks = [turn["probe"] for side in (row["ours"], row["theirs"]) for turn in side["turns"]]
    return f"{min(looks):.0f}–{max(looks):.0f}"


def table(rows):
    lines = ["| network | precision | beside | rounds | danqing s, min / median | peer s, min / median | ratio of minima | "
             "of medians | of processor time | peak GB | peer's peak GB | apart | probe GFLOP/s |", "|---" * 13 + "|"]
    for row in rows:
        if "failed" in row:
            cells = [row["name"], row["precision"], TITLES[row["peer"]], f"does not run here: {row['failed']}", *[""] * 9]
            lines.append("| " + " | ".join(cells) + " |")
            continue
        ours, theirs = row["ours"], row["theirs"]
        times = [f"{least(side, 'wall'):.3g} / {middle(side, 'wall'):.3g}" for side in (ours, theirs)]
        fastest, middles, processor, _ = ratios(row)
        peaks = [f"{peak(side) / 1e9:.2f}" for side in (ours, theirs)]
        cells = [row["name"], row["precision"], TITLES[row["peer"]], len(ours["turns"]), *times, f"**{fastest:.2f}**",
                 f"{middles:.2f}", f"{processor:.2f}", *peaks, f"{row['difference']:.0e}", state(row)]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def versions(*names):
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {importlib.metadata.version(name)}" for name in names)])


def write(rows, danqing, load):
    """Puts the table of networks into the page, in place of the one before."""
    tiers = ", ".join(sorted({f"{row['tier']} {row['precision']}" for row in rows if "tier" in row}))
    threads = next((row["threads"] for row in rows if "threads" in row), 0)
    packages = versions("openvino", "onnxruntime", "torch", "diffusers")
    put("networks", NETWORKS.format(machine=report.machine(danqing), load=report.load_words(load), packages=packages,
                                    tiers=tiers, threads=threads, table=table(rows)))


def write_pictures(danqing, folder):
    """Puts the table of whole pictures into the page, from the files that the two scripts have left."""
    lines = ["| picture | beside | danqing s | peer s | ratio | of processor time | peak GB | peer's peak GB | ratio | how far apart |",
             "|---" * 10 + "|"]
    for name, (peer, what, apart) in PICTURES.items():
        path = Path(folder) / f"{name}.json"
        if not path.exists():
            continue
        row = json.loads(path.read_text())
        ours, theirs = row["danqing"], row[peer]
        cells = [what.format(**row), PICTURE_PEERS[peer], f"{ours['seconds']:.0f}", f"{theirs['seconds']:.0f}",
                 f"**{row['ratio_seconds']:.2f}**", f"{row['ratio_cpu']:.2f}", f"{ours['peak_bytes'] / 1e9:.2f}",
                 f"{theirs['peak_bytes'] / 1e9:.2f}", f"{row['ratio_peak_bytes']:.2f}", apart.format(**row)]
        lines.append("| " + " | ".join(cells) + " |")
    put("pictures", TEXT_OF_PICTURES.format(machine=report.machine(danqing), packages=versions("diffusers", "torch"),
                                            table="\n".join(lines)))


def marks(part):
    return f"<!-- {part}: written by tools/bench/run.sh -->", f"<!-- end of {part} -->"


def standing(part, page):
    first, last = marks(part)
    return re.search(re.escape(first) + ".*?" + re.escape(last), page, re.DOTALL)


def put(part, text):
    page = PAGE.read_text() if PAGE.exists() else "# Benchmarks\n"
    first, last = marks(part)
    marked, before = f"{first}\n\n{text}\n\n{last}", standing(part, page)
    page = page.replace(before[0], marked) if before else f"{page.rstrip()}\n\n{marked}\n"
    PAGE.write_text(page)


def kept():
    """These parts as they stand, for a page that is written anew."""
    page = PAGE.read_text() if PAGE.exists() else ""
    return "".join(f"\n{found[0]}\n" for found in (standing(part, page) for part in PARTS) if found)


NETWORKS = """## Networks beside other engines

Ratio = danqing / peer; below 1 danqing is faster. One network at a time, the same weights, inputs and {threads} threads, in
turns: a run of danqing, a run of the peer. Whole capabilities, files included, are in the tables above; layers alone in
[performance.md](performance.md).

- Machine: {machine}; kernels: {tiers}; {load}.
- {packages}; OpenVINO and ONNX Runtime read the network as an ONNX file of fixed size (static shapes);
  PyTorch runs eagerly in the faster of its two layouts.
- `apart` is the largest difference of the outputs, relative to the largest magnitude. Peaks are resident bytes of the
  process, loading included: Python and its libraries with the peers.
- The probe multiplies matrices on one core before every turn: a wide range means that others used the machine.
- Weights: Stable Diffusion 1.5's networks by rule (tools/golden/seeded_weights.py), rounded to half precision, at 512 × 512 unless the name says 1024;
  Real-ESRGAN x4plus of 256 × 256, AdaIN's decoder to 1024 × 1024 and MI-GAN at 512 × 512 with their published weights.

{table}"""

PICTURE_PEERS = {"torch": "diffusers, f32", "sdcpp": "stable-diffusion.cpp"}
# File: whose figures, which picture, how far apart.
PICTURES = {
    "diffusers-512": ("torch", "image to image {side}², {steps} steps, F16 file", "latents {latents_difference:.0e}, picture {picture_difference} of 255"),
    "diffusers-1024": ("torch", "image to image {side}², {steps} steps, F16 file", "latents {latents_difference:.0e}, picture {picture_difference} of 255"),
    "sdcpp-f16": ("sdcpp", "from words {side}², {steps} steps, F16 file", "{mean_of_255:.2f} of 255 on average"),
    "sdcpp-q8_0": ("sdcpp", "from words {side}², {steps} steps, its GGUF Q8_0", "{mean_of_255:.2f} of 255 on average"),
}

TEXT_OF_PICTURES = """## A whole picture of Stable Diffusion beside others

A Stable Diffusion 1.5 checkpoint of full size with random weights by rule (tools/bench/random_checkpoint.py), Euler, guidance
7.5 (two forwards a step), the same words, noise and threads, one program after the other. Danqing's and
stable-diffusion.cpp's figures are of the whole process: start, reading the checkpoint, picture, PNG; diffusers' time is the
computing alone, without imports and weights.

- Machine: {machine}.
- {packages}; stable-diffusion.cpp as in stable-diffusion-cpp-python 0.4.7, built for this processor (tools/bench/sdcpp.sh).
- Peaks are resident bytes of the process.

{table}"""

if __name__ == "__main__":
    write_pictures(*sys.argv[1:])
