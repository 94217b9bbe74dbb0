#!/usr/bin/env python3
"""Times every capability as a user runs it, and what does the same elsewhere beside it.

    make bench                                            # or: tools/bench/run.sh target/release/danqing
    python tools/bench/capabilities.py --danqing target/release/danqing [--rounds 3] [--minutes 10] [--print]

Each run is a process of its own, from its start to the written file: wall time, processor time (user and system, all
threads) and peak resident memory as the kernel counts them (wait4). Danqing and its peer run right after one another,
so that both meet the same load. Every row runs once; short rows run again in later rounds while time is left. Seeds
are fixed. Writes docs/benchmarks.md; Linux only. This process stays small on purpose: see inputs.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import report
from sizes import SIZES

HERE = Path(__file__).parent
PHOTOGRAPH = "photo-cabin"
MODEL = "migan-512-places2"
ART = "art-wheat-field"  # replaced by its path
NETWORKS = "tools/.venv-networks/bin/python"  # has torch; tools/golden/run.sh stylizers makes it
TEN = '{"iterations": 10, "levels": 1}'  # what one iteration takes beside torch: gatys_peer.py
UPSCALERS = {"x4plus": "realesrgan-x4plus", "anime": "realesrgan-x4plus-anime", "video": "realesr-animevideov3",
             "x2plus": "realesrgan-x2plus"}
PRESETS = ["ink-wash", "oil", "watercolour", "pencil", "woodcut", "cartoon", "pastel", "mosaic"]
EDITS = "examples/light-into-shadows.json"
LONG_SECONDS = 15  # rows that take longer run once
IMPORTED = "imported "  # what a peer prints before the processor time its imports took


@dataclass
class Row:
    """One capability with its options; `peer` is a name of peer.py. The picture is `picture`, of inputs.py, at the size."""
    name: str
    arguments: list[str]
    peer: str | None = None
    peer_title: str = ""
    picture: str = "picture"


def rows(width: int, height: int) -> list[Row]:
    def erase(engine, *peer):
        return Row(f"erase {engine}", ["erase", "--engine", engine, "--seed", "1"], *peer)

    def extend(fill):
        return Row(f"extend {fill}", ["extend", "--left", "15%", "--right", "15%", "--fill", fill, "--seed", "1"])

    def adjust(title, edit, *peer):
        return Row(f"adjust {title}", ["adjust", "--edits", json.dumps([edit])], *peer)

    def restyle(title, options, *peer):
        return Row(f"restyle {title}", ["restyle", *options, "--seed", "1"], *peer)

    def upscale(model, peer=True):
        """To the row's size, four times (x2plus: twice) as large as what is read."""
        twice = model == "x2plus"
        options = ["upscale", "--model", model, "--scale", "2" if twice else "4", "--seed", "1"]
        known = [model, "same network, onnxruntime"] if peer else [None, ""]
        return Row(f"upscale {model}", options, *known, picture="half" if twice else "quarter")

    small = width * height <= 1 << 20  # what holds whole maps needs several GiB at 4K
    own = ["--working-size", str(max(width, height))]
    torch_fits = ["adain", "AdaIN, torch"] if small else []
    half = {"edit": "resize", "method": "area", "width": width // 2, "height": height // 2}
    return [
        erase("auto"),
        erase("migan", "migan", "MI-GAN pipeline, onnxruntime"),
        erase("patch"),
        erase("telea", "telea", "cv2.inpaint, Telea"),
        erase("navier-stokes", "navier-stokes", "cv2.inpaint, Navier-Stokes"),
        *(extend(fill) for fill in ("auto", "network", "patch", "mirror-blur")),
        restyle("gallery", ["--style", "starry-night"]),
        restyle("gallery, own size", ["--style", "starry-night", *own], "multistyle26", "same network, onnxruntime"),
        restyle("transfer", ["--style-image", ART]),
        restyle("transfer, own size", ["--style-image", ART, *own], *torch_fits),
        restyle("optimise, 10 iterations", ["--style-image", ART, "--mode", "optimise", "--optimise", TEN]),
        *(upscale(model, small) for model in ("video", "anime", "x4plus", "x2plus")),
        *([] if small else [Row("upscale video, to 8K", ["upscale", "--model", "video", "--scale", "2", "--seed", "1"])]),
        Row("cutout general", ["cutout", "--model", "general"], "u2net", "U²-NetP mask, onnxruntime"),
        Row("cutout portrait", ["cutout", "--model", "portrait"], "modnet", "MODNet mask, onnxruntime"),
        Row("cutout auto", ["cutout"]),
        *(restyle(preset, ["--style", preset]) for preset in PRESETS),
        Row("adjust, five edits", ["adjust", "--edits", EDITS]),
        adjust("resize to half", half, "resize", "cv2.resize, area"),
        adjust("blur, sigma 5", {"edit": "blur", "radius": 5}, "blur", "cv2.GaussianBlur"),
        adjust("sharpen", {"edit": "sharpen", "amount": 0.8, "radius": 1}, "sharpen", "skimage unsharp_mask"),
        adjust("denoise 0.03", {"edit": "denoise", "strength": 0.03}, "denoise", "cv2.fastNlMeansDenoising"),
    ]


@dataclass
class Runs:
    """All runs of one program at one row and size; seconds and MiB."""
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    processor_after_imports: list[float] = field(default_factory=list)


def run(command: list[str], runs: Runs) -> None:
    """Runs one process to its end and adds what it took; an error of the process ends the benchmark."""
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as errors:
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=printed, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        end = time.monotonic()
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            errors.seek(0)
            raise SystemExit(f"{Path(command[0]).name} {command[1]} ended with {child.returncode}: {errors.read()[-500:]}")
        printed.seek(0)
        keep(runs, start, end, usage, printed.read())


def keep(runs: Runs, start: float, end: float, usage, printed: str) -> None:
    processor = usage.ru_utime + usage.ru_stime
    runs.wall.append(end - start)
    runs.processor.append(processor)
    runs.peak.append(usage.ru_maxrss / 1024)
    if printed.startswith(IMPORTED):
        runs.processor_after_imports.append(processor - float(printed.removeprefix(IMPORTED)))


class Bench:
    """What is measured so far: (size, row name) -> [danqing's runs, the peer's runs]."""

    def __init__(self, danqing: str, folder: Path):
        self.danqing, self.folder, self.table = danqing, folder, {}
        self.models = {"migan": [self.path(MODEL)], "multistyle26": [self.path("multistyle26")],
                       "u2net": [self.path("u2netp")], "modnet": [self.path("modnet-portrait")],
                       **{name: [self.path(entry)] for name, entry in UPSCALERS.items()},
                       "adain": [self.path(entry) for entry in ("adain-vgg19", "adain-decoder", ART)]}
        self.art = self.path(ART)
        command = [sys.executable, HERE / "inputs.py", self.path(PHOTOGRAPH), folder]
        subprocess.run(command, check=True)

    def path(self, entry: str) -> str:
        return subprocess.run([self.danqing, "models", "path", entry], check=True, capture_output=True,
                              text=True).stdout.strip()

    def measure(self, size: str, row: Row) -> None:
        """Danqing, then its peer, once."""
        ours, theirs = self.table.setdefault((size, row.name), (Runs(), Runs()))
        picture, mask = (str(self.folder / f"{kind}-{size}.png") for kind in (row.picture, "mask"))
        masked = ["--mask", mask] if row.arguments[0] == "erase" else []
        common = ["--force", "--offline", "--quiet", "-o", str(self.folder / "danqing.png")]
        options = [self.art if option == ART else option for option in row.arguments[1:]]
        run([self.danqing, row.arguments[0], picture, *masked, *options, *common], ours)
        if row.peer and (row.peer != "adain" or Path(NETWORKS).exists()):
            out = str(self.folder / "peer.png")
            program = [NETWORKS, HERE / "adain_peer.py"] if row.peer == "adain" else [sys.executable, HERE / "peer.py", row.peer]
            run([*map(str, program), picture, mask if masked else "-", out, *self.models.get(row.peer, [])], theirs)
        report.progress(size, row.name, ours, theirs)

    def rounds(self, size: str, count: int, until: float) -> None:
        """Every row of a size once, then short rows again, while time is left."""
        for row in rows(*SIZES[size]) * count:
            kept = self.table.get((size, row.name))
            if kept and (kept[0].wall[-1] > LONG_SECONDS or time.monotonic() > until):
                continue
            self.measure(size, row)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Wall time, processor time and peak memory of every capability")
    parser.add_argument("--danqing", default="target/release/danqing", help="the binary")
    parser.add_argument("--rounds", type=int, default=3, help=f"runs of rows that take at most {LONG_SECONDS} s")
    parser.add_argument("--minutes", type=float, default=10, help="no row runs again after this time")
    parser.add_argument("--print", action="store_true", help="print the page instead of writing it")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    started, load = time.monotonic(), [os.getloadavg()[0]]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(chosen.danqing, Path(folder))
        for size in SIZES:
            bench.rounds(size, chosen.rounds, started + 60 * chosen.minutes)
    load.append(os.getloadavg()[0])
    titles = {row.name: row.peer_title for size in SIZES.values() for row in rows(*size) if row.peer_title}
    page = report.page(bench.table, titles, chosen.danqing, load, time.monotonic() - started, LONG_SECONDS)
    if chosen.print:
        print(page)
    else:
        Path("docs/benchmarks.md").write_text(page)


if __name__ == "__main__":
    main()
