"""docs/benchmarks.md and the progress lines of capabilities.py."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from statistics import median

LIMIT_MIB = 3 * 1024
PACKAGES = ("opencv-python-headless", "onnxruntime", "scikit-image", "numpy")


def progress(size, name, ours, theirs) -> None:
    line = f"{size:6} {name:22} {ours.wall[-1]:7.2f} s  processor {ours.processor[-1]:7.2f} s  {ours.peak[-1]:6.0f} MiB"
    if theirs.wall:
        line += f"   peer {theirs.wall[-1]:7.2f} s  processor {theirs.processor[-1]:7.2f} s  {theirs.peak[-1]:6.0f} MiB"
    print(line, file=sys.stderr, flush=True)


def seconds(values: list[float]) -> str:
    """Minimum and median."""
    return f"{min(values):.2f} / {median(values):.2f}"


def capability_table(table: dict) -> str:
    lines = ["| size | capability | runs | wall s, min / median | processor s, min / median | peak MiB | under 3 GiB |",
             "|---|---|---|---|---|---|---|"]
    for (size, name), (ours, _) in table.items():
        peak = max(ours.peak)
        lines.append(f"| {size} | {name} | {len(ours.wall)} | {seconds(ours.wall)} | {seconds(ours.processor)} | "
                     f"{peak:.0f} | {'yes' if peak < LIMIT_MIB else '**no**'} |")
    return "\n".join(lines)


def peer_table(table: dict, titles: dict) -> str:
    lines = ["| size | capability | peer | peer's wall s | peer's processor s | … without imports | peer's peak MiB "
             "| wall ratio | processor ratio | … without imports |", "|---|---|---|---|---|---|---|---|---|---|"]
    for (size, name), (ours, theirs) in table.items():
        if not theirs.wall:
            continue
        bare = theirs.processor_after_imports
        ratios = [min(ours.wall) / min(theirs.wall), min(ours.processor) / min(theirs.processor),
                  min(ours.processor) / max(min(bare), 0.001)]
        lines.append(f"| {size} | {name} | {titles[name]} | {seconds(theirs.wall)} | {seconds(theirs.processor)} | "
                     f"{seconds(bare)} | {max(theirs.peak):.0f} | " + " | ".join(f"{r:.2f}" for r in ratios) + " |")
    return "\n".join(lines)


def memory_line(table: dict) -> str:
    peaks = {key: max(ours.peak) for key, (ours, _) in table.items()}
    size, name = max(peaks, key=peaks.get)
    verdict = "Every row stays" if peaks[size, name] < LIMIT_MIB else "Not every row stays"
    return f"{verdict} under 3 GiB; the largest peak is {peaks[size, name]:.0f} MiB, {name} at {size}."


def machine(danqing: str) -> str:
    """The machine in words."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    doctor = subprocess.run([danqing, "doctor", "--lang", "en"], capture_output=True, text=True, check=True).stdout
    backend = next(line.split(":")[1].strip() for line in doctor.splitlines() if line.startswith("backend:"))
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {gibibytes:.0f} GiB; danqing's backend is {backend}"


def versions(danqing: str) -> str:
    ours = subprocess.run([danqing, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return f"{ours}; Python {platform.python_version()}, {packages}"


def load_words(load: list[float]) -> str:
    cores = len(os.sched_getaffinity(0))
    words = f"load average {load[0]:.1f} before and {load[1]:.1f} after, on {cores} cores"
    return f"measured on a busy shared machine ({words})" if load[0] > 0.5 * cores else words


PAGE = """# Benchmarks

Written by `make bench` (tools/bench/capabilities.py); measured numbers only, of one session of {minutes:.0f} minutes.

- Machine: {machine}; {load}.
- Versions: {versions}.
- Pictures: the demo pack's photograph `photo-cabin`, scaled to cover 512 × 512, 1024 × 1024 and 3840 × 2160 (4K), as
  8-bit PNG. The photograph has 1920 × 1280 pixels, so 4K is enlarged: its size is 4K's, its detail is not.
- `erase`: a disc with a bar beside it, about 6 % of the squares and 3.5 % of 4K. `extend`: 15 % of the width on the left
  and on the right. `adjust, five edits`: examples/light-into-shadows.json. Seed 1 where one is used.
- `upscale`: the size is the result's; a quarter of its width and height is read (x2plus: half).
- A run is a process of its own: start, reading (PNG, network weights), work, writing PNG with recipe and checks.

## Each capability

{memory}

{capabilities}

## Beside others

Ratio = danqing / peer, of the minima; below 1 danqing is faster. A peer is one Python process that reads the same PNG,
does the work, and writes a PNG; "without imports" leaves out what starting Python and importing its libraries took.

{peers}
{networks}
## How to read it

- Shared machines are noisy: another load lengthens wall times many times over. Processor time (user and system, summed
  over threads) suffers far less, and ratios of runs made right after one another less still. Compare those, and
  minima rather than medians; compare wall times only on a quiet machine.
- Rows that take longer than {long} s run once; minimum and median of one run are the same number.
- Danqing's rows include more than the peers': work in 32-bit float where the OpenCV peers work in 8 bit, sha256 of
  inputs and weights, and the recipe with measured facts inside the file.
- `erase migan` and the published pipeline share the weights, not the work: the pipeline runs the network once at
  512 × 512; danqing chooses a scale by the hole's thickness, runs the network on as many windows as that takes, and
  fits colours on the ring around the hole. onnxruntime's waiting threads sleep instead of spinning, so that its
  processor time is work.
- Peak memory is the kernel's largest resident set of the process, of all runs the largest.
"""


def page(table: dict, titles: dict, danqing: str, load: list[float], took: float, long: int) -> str:
    import networks_report  # which needs this file

    return PAGE.format(minutes=took / 60, machine=machine(danqing), load=load_words(load), versions=versions(danqing),
                       memory=memory_line(table), networks=networks_report.kept(), capabilities=capability_table(table), peers=peer_table(table, titles),
                       long=long)
