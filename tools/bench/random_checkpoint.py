#!/usr/bin/env python3
"""Writes a Stable Diffusion 1.5 checkpoint of full size with weights by rule (tools/golden/seeded_weights.py), for timing
and for measuring memory without a download. Needs numpy and safetensors alone.

    python tools/bench/random_checkpoint.py OUT.safetensors [--part unet|vae|whole] [--type F16|BF16|F32]

`unet` and `vae` have diffusers' names, as `danqing bench unet --weights` wants them; `whole` is a single file by the original names, as
`danqing reimagine --model` takes it. Values are those of the rule, rounded to the type.
"""

import argparse
import json
import pathlib
import struct
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/golden"))
# Sections of diffusion_keys.txt (names and sides), and of diffusion_single_file.txt (names in a single file).
PARTS = {"unet": ("unet sd1", "unet"), "vae": ("vae sd", "vae"), "clip": ("clip sd1", "clip")}


def section(file, name):
    text = (ROOT / "tests/golden" / file).read_text()
    return text.split(f"[{name}]\n")[1].split("[")[0].splitlines()


def tensors(part):
    """(name in the file, diffusers' name, sides) of every tensor."""
    for kind in PARTS if part == "whole" else [part]:
        keys, names = PARTS[kind]
        sides = {line.split(" ")[0]: [int(side) for side in line.split(" ")[1:]] for line in section("diffusion_keys.txt", keys)}
        if part != "whole":
            yield from ((name, name, shape) for name, shape in sides.items())
            continue
        for line in section("diffusion_single_file.txt", names):
            stored, name = line.split(" ")
            is_kernel = ".attn_1." in stored and stored.endswith(".weight") and len(sides[name]) == 2
            yield stored, name, sides[name] + ([1, 1] if is_kernel else [])


def packed(name, shape, kind):
    from seeded_weights import seeded_values

    # Kernels of one element per side have the variance of the matrix that diffusers has there.
    values = seeded_values(name, tuple(side for at, side in enumerate(shape) if at < 2 or shape[2:] != [1, 1]))
    if kind == "F32":
        return values.astype("<f4").tobytes()
    if kind == "F16":
        return values.astype("<f2").tobytes()
    bits = values.astype("<f4").view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2").tobytes()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--part", choices=["unet", "vae", "whole"], default="whole")
    parser.add_argument("--type", choices=["F16", "BF16", "F32"], default="F16")
    arguments = parser.parse_args()
    header, offset, found = {}, 0, list(tensors(arguments.part))
    for stored, _, shape in found:
        end = offset + int(np.prod(shape)) * (4 if arguments.type == "F32" else 2)
        header[stored] = {"dtype": arguments.type, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with arguments.out.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, name, shape in found:
            file.write(packed(name, shape, arguments.type))


if __name__ == "__main__":
    main()
