#!/usr/bin/env python3
"""The memory that danqing plans for a diffusion run beside what the process takes at most.

    python tools/bench/random_checkpoint.py CHECKPOINT.safetensors
    python tools/bench/memory_plan.py CHECKPOINT.safetensors [--sizes 256 512] [--precision f32 bf16] [--tiles 0]

Each run is one step of text to image without guidance, in a process of its own; prints a table in Markdown, and ends with 1 where
the peak is more than a fifth away from the plan.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# danqing in a child of its own, so that the largest resident set is that of one run.
CHILD = "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; " \
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(code)"


def run(danqing, checkpoint, size, precision, tile):
    """(planned, weights, peak) in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [danqing, "reimagine", "--model", checkpoint, "--prompt", "a cat", "--width", size, "--height", size]
        command += ["--steps", 1, "--guidance", 1, "--sampler", "euler", "--seed", 7, "--vae-tile", tile]
        command += ["-o", f"{folder}/out.png", "--json"]
        environment = {**os.environ, "DANQING_PRECISION": precision}
        made = subprocess.run(
            [sys.executable, "-c", CHILD, *map(str, command)], env=environment, capture_output=True, text=True, check=True
        )
    events = (json.loads(line) for line in made.stdout.splitlines() if line.startswith("{"))
    plan = next(event["values"] for event in events if event.get("stage") == "plan")
    return plan["memory_bytes"], plan["weights_bytes"], int(made.stderr.split()[-1]) * 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[256])
    parser.add_argument("--precision", nargs="+", default=["f32"])
    parser.add_argument("--tiles", nargs="+", type=int, default=[0])
    parser.add_argument("--danqing", type=pathlib.Path, default=ROOT / "target/release/danqing")
    arguments = parser.parse_args()
    print("| size | precision | tiles | networks GB | planned GB | peak GB | peak / planned |\n|---|---|---|---|---|---|---|")
    is_right = True
    for size in arguments.sizes:
        for precision in arguments.precision:
            for tile in arguments.tiles:
                planned, weights, peak = run(arguments.danqing, arguments.checkpoint, size, precision, tile)
                ratio = peak / planned
                is_right &= 0.8 <= ratio <= 1.2
                row = [f"{size}²", precision, tile or "none", *(f"{b / 1e9:.2f}" for b in (weights, planned, peak)), f"{ratio:.2f}"]
                print("| " + " | ".join(map(str, row)) + " |", flush=True)
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
