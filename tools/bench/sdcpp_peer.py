#!/usr/bin/env python3
"""Times a whole picture from words in danqing beside stable-diffusion.cpp: the same checkpoint file, words, seed (in the order
of NVIDIA's random numbers, which both know), sampler, schedule, steps and threads, one after the other; pictures compared.

    bash tools/bench/run.sh target/release/danqing pictures    # makes environment and checkpoint, starts this and picture_peer.py
    … sdcpp_peer.py --danqing target/release/danqing --sdcpp "$(tools/bench/sdcpp.sh)" --checkpoint random.safetensors
        [--side 512] [--steps 2] [--threads 2] [--rounds 1] [--gguf q8_0] [--out FILE]

Figures are those of whole processes: reading the checkpoint, words, steps, autoencoder, PNG. With
--gguf stable-diffusion.cpp first makes a GGUF file of that type out of the checkpoint, and both read that.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image

PROMPT, NEGATIVE, GUIDANCE, SEED = "a photo of a cat", "dog", 7.5, 3


def timed(command, log):
    """Wall and processor seconds and the peak of a process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=log, stderr=log)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} ended with status {status}; see {log.name}")
    return {"seconds": time.perf_counter() - start, "cpu": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}


def danqing_command(arguments, checkpoint, out):
    command = [arguments.danqing, "reimagine", "--model", checkpoint, "--prompt", PROMPT, "--negative-prompt", NEGATIVE]
    command += ["--guidance", str(GUIDANCE), "--steps", str(arguments.steps), "--sampler", "euler", "--schedule", "uniform"]
    command += ["--seed", str(SEED), "--noise-order", "nv", "--width", str(arguments.side), "--height", str(arguments.side)]
    return command + ["--vae-tile", "0", "--threads", str(arguments.threads), "--force", "-o", out]


def sdcpp_command(arguments, checkpoint, out):
    command = [arguments.sdcpp, "-m", checkpoint, "-p", PROMPT, "-n", NEGATIVE, "--cfg-scale", str(GUIDANCE)]
    command += ["--steps", str(arguments.steps), "--sampling-method", "euler", "--scheduler", "discrete", "--rng", "cuda"]
    command += ["-s", str(SEED), "-W", str(arguments.side), "-H", str(arguments.side), "-t", str(arguments.threads), "-o", out]
    return command + arguments.sdcpp_options.split()


def converted(arguments, folder):
    """The checkpoint as GGUF, written by the other program."""
    path = f"{folder}/random-{arguments.gguf}.gguf"
    command = [arguments.sdcpp, "-M", "convert", "-m", arguments.checkpoint, "-o", path, "--type", arguments.gguf]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def compared(paths):
    ours, theirs = (np.asarray(Image.open(path).convert("RGB"), np.float64) for path in paths)
    apart = np.abs(ours - theirs)
    return {"mean_of_255": apart.mean(), "largest_of_255": apart.max(), "correlation": np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--danqing", required=True)
    parser.add_argument("--sdcpp", required=True)
    parser.add_argument("--sdcpp-options", default="", help="further ones, e.g. --diffusion-fa")
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--gguf")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--keep", help="folder for the pictures and logs")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    best = {}
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.keep or made
        checkpoint = converted(arguments, folder) if arguments.gguf else arguments.checkpoint
        outs = {"danqing": f"{folder}/danqing.png", "sdcpp": f"{folder}/sdcpp.png"}
        for _ in range(arguments.rounds):
            for program, command in (("danqing", danqing_command), ("sdcpp", sdcpp_command)):
                with open(f"{folder}/{program}.log", "w") as log:
                    found = timed(command(arguments, checkpoint, outs[program]), log)
                before = best.setdefault(program, found)
                best[program] = {key: min(before[key], value) for key, value in found.items()}
        result = {"side": arguments.side, "steps": arguments.steps, "threads": arguments.threads, **best, **compared(outs.values())}
    for key in ("seconds", "cpu", "peak_bytes"):
        result[f"ratio_{key}"] = best["danqing"][key] / best["sdcpp"][key]
    print(json.dumps(result, indent=1))
    if arguments.out:
        pathlib.Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
