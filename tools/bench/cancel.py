"""How soon Ctrl-C is answered: the binary is started, gets SIGINT at a random moment, and is waited for.

    python tools/bench/cancel.py DANQING PHOTOGRAPH [--rounds N] [--only TEXT] [--seed N]

For every row of RUNS (each capability, each edit, several formats, at 5 MP and 4K) prints the number of answers and the
median, the 95th percentile and the largest answer, in wall time and in processor time that the process took after the
signal. Wall time grows with the load of the machine, processor time does not. Every folder is looked at afterwards: a
result that is there must be whole (its run then ended before the signal), and no temporary file may be left.
Needs Linux (/proc) and Pillow.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from inputs import covering, mask

SIZES = {"5MP": (2592, 1944), "4K": (3840, 2160)}
EDITS = {
    "exposure": {"stops": 0.5},
    "brightness": {"amount": 0.1},
    "contrast": {"amount": 0.2},
    "curves": {"points": [[0, 0], [0.5, 0.6], [1, 1]]},
    "levels": {"gamma": 1.2},
    "white_balance": {"temperature": 20},
    "auto_white_balance": {},
    "hsl": {"range": "blues", "saturation": 0.3},
    "saturation": {"amount": 0.3},
    "vibrance": {"amount": 0.3},
    "sharpen": {"amount": 0.5},
    "blur": {"radius": 6},
    "denoise": {"strength": 0.03},
    "vignette": {"stops": -1},
    "flip": {},
    "rotate": {"degrees": 7},
    "resize": {"width": 1500},
}
TICKS = os.sysconf("SC_CLK_TCK")


def runs(size):
    """Name and arguments of every run; {picture} and {mask} are files, {out} is the result."""
    for extension in ("png", "jpg", "webp", "tif"):
        yield f"format {extension}", ["adjust", f"picture-{size}.{extension}", "--exposure", "0.3", "-o", f"out.{extension}"]
    yield "format webp lossy", ["adjust", f"picture-{size}.png", "--exposure", "0.3", "--quality", "80", "-o", "out.webp"]
    for name, fields in EDITS.items():
        edit = str([{"edit": name, **fields}]).replace("'", '"')
        yield f"edit {name}", ["adjust", f"picture-{size}.png", "--edits", edit, "-o", "out.png"]
    yield "erase", ["erase", f"picture-{size}.png", "--mask", f"mask-{size}.png", "-o", "out.png"]
    yield "extend", ["extend", f"picture-{size}.png", "--ratio", "21:9", "-o", "out.png"]
    style = ["--style-image", f"mask-{size}.png"]
    yield "restyle gallery", ["restyle", f"picture-{size}.png", "--style", "starry-night", "-o", "out.png"]
    yield "restyle preset", ["restyle", f"picture-{size}.png", "--style", "ink-wash", "-o", "out.png"]
    yield "restyle transfer", ["restyle", f"picture-{size}.png", *style, "-o", "out.png"]
    optimise = ["--mode", "optimise", "--working-size", "512", "--optimise", '{"iterations":20}']
    yield "restyle optimise", ["restyle", f"picture-{size}.png", *style, *optimise, "-o", "out.png"]
    yield "cutout", ["cutout", f"picture-{size}.png", "-o", "out.png"]
    yield "cutout portrait", ["cutout", f"picture-{size}.png", "--model", "portrait", "-o", "out.png"]
    yield "upscale", ["upscale", f"picture-{size}.png", "--scale", "2", "--model", "video", "-o", "out.png"]
    yield "upscale x4plus", ["upscale", f"picture-{size}.png", "--scale", "1.2", "--model", "x4plus", "-o", "out.png"]


def processor_seconds(pid):
    """User and system time of a process so far, all threads; None once it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / TICKS


def started(danqing, arguments, folder):
    return subprocess.Popen([danqing, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def answer(danqing, arguments, folder, after):
    """Wall and processor seconds between the signal and the end; None if the run had ended before."""
    child = started(danqing, arguments, folder)
    time.sleep(after)
    before = processor_seconds(child.pid)
    if before is None:
        child.wait()
        return None
    usage = os.times()
    child.send_signal(signal.SIGINT)
    begun = time.perf_counter()
    code = child.wait()
    wall = time.perf_counter() - begun
    now = os.times()
    whole = now.children_user + now.children_system - usage.children_user - usage.children_system
    return None if code == 0 else (wall, max(0.0, whole - before), code)


def left_over(folder):
    """What an interrupted run must not leave: temporary files, or results that can't be read."""
    found = [path.name for path in Path(folder).iterdir() if ".part" in path.name]
    for path in Path(folder).glob("out.*"):
        try:
            with Image.open(path) as made:
                made.load()
        except OSError:
            found.append(path.name)
        path.unlink()
    return found


def measured(danqing, arguments, folder, rounds, events, dice):
    begun = time.perf_counter()
    if started(danqing, arguments, folder).wait() != 0:
        sys.exit(f"{' '.join(arguments)} failed")
    length = time.perf_counter() - begun
    left_over(folder)
    answers, faults = [], []
    for _ in range(rounds):
        found = answer(danqing, arguments + ["--json"] * events, folder, dice.uniform(0.0, length))
        faults += left_over(folder)
        if found is not None:
            answers.append(found)
    return length, answers, faults


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("danqing", type=lambda path: str(Path(path).resolve()))
    parser.add_argument("photograph")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--only", default="")
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", action="store_true", help="with --json events")
    options = parser.parse_args()
    dice, faults, late = random.Random(options.seed), 0, 0
    photograph = Image.open(options.photograph).convert("RGB")
    print(f"{'run':<34}{'s':>6}{'n':>4}   wall ms: median, 95 %, most   processor ms: median, 95 %, most")
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes.split(","):
            picture = covering(photograph, SIZES[size])
            for extension in ("png", "jpg", "webp", "tif"):
                picture.save(Path(folder, f"picture-{size}.{extension}"))
            mask(SIZES[size]).save(Path(folder, f"mask-{size}.png"))
            for name, arguments in runs(size):
                if options.only not in name:
                    continue
                length, answers, broken = measured(
                    options.danqing, arguments, folder, options.rounds, options.events, dice
                )
                faults += len(broken)
                columns = ""
                for part in (0, 1):
                    values = sorted(1000 * found[part] for found in answers) or [0.0]
                    high = values[min(len(values) - 1, int(0.95 * len(values)))]
                    columns += f"   {statistics.median(values):8.0f}{high:8.0f}{values[-1]:8.0f}"
                late += sum(found[1] > 0.2 for found in answers)
                print(f"{size + ' ' + name:<34}{length:6.1f}{len(answers):4}{columns}  {' '.join(broken)}", flush=True)
    print(f"{late} answers took more than 200 ms of processor time; {faults} files were left half-written")
    sys.exit(1 if faults or late else 0)


if __name__ == "__main__":
    main()
