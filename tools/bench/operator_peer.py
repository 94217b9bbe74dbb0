#!/usr/bin/env python3
"""Times danqing-nn's matrix products, attention and normalisations beside PyTorch's float32 on the same machine, in turns.

    cargo build --release -p danqing-nn --example operator_timer
    python tools/bench/operator_peer.py --timer target/release/examples/operator_timer [--threads 2] [--rounds 9] [--out FILE]

Needs the packages of tools/requirements-networks.txt. As conv_peer.py: every round runs every case once in each program.
Printed: minima of the wall time and of the CPU time of one pass summed over threads, which another load on the machine
disturbs less, and both ratios to PyTorch's.
"""

import argparse
import json
import pathlib
import time

import torch
from torch.nn import functional as F

from conv_peer import Danqing

# The shapes of Stable Diffusion 1.5 at 512²: tokens in out · queries keys heads size · side channels groups.
CASES = [
    "linear 4096 320 2560",
    "linear 4096 1280 320",
    "linear 1024 640 640",
    "linear 256 1280 1280",
    "linear 77 768 320",
    "attention 4096 4096 8 40",
    "attention 1024 1024 8 80",
    "attention 256 256 8 160",
    "attention 4096 77 8 40",
    "attention 4096 4096 1 512",
    "group_norm 64 320 32",
    "group_norm 512 128 32",
    "layer_norm 4096 320",
    "geglu 4096 1280",
]


def operator(case):
    """A call of the same work in PyTorch; pictures are channels-last, as danqing's are."""
    name, *numbers = case.split()
    numbers = list(map(int, numbers))
    if name == "linear":
        tokens, inputs, outputs = numbers
        layer, x = torch.nn.Linear(inputs, outputs), torch.rand(tokens, inputs) * 2 - 1
        return lambda: layer(x)
    if name == "attention":
        queries, keys, heads, size = numbers
        q, k = (torch.rand(1, n, heads * size) * 2 - 1 for n in (queries, keys))

        def attend():  # as diffusers' AttnProcessor2_0 does
            split = [x.view(1, -1, heads, size).transpose(1, 2) for x in (q, k, k)]
            return F.scaled_dot_product_attention(*split).transpose(1, 2).reshape(1, -1, heads * size)

        return attend
    if name == "group_norm":
        side, channels, groups = numbers
        norm = torch.nn.GroupNorm(groups, channels)
        x = (torch.rand(1, channels, side, side) * 2 - 1).to(memory_format=torch.channels_last)
        return lambda: F.silu(norm(x))
    if name == "layer_norm":
        tokens, channels = numbers
        norm, x = torch.nn.LayerNorm(channels), torch.rand(tokens, channels) * 2 - 1
        return lambda: norm(x)
    tokens, channels = numbers
    x = torch.rand(tokens, 2 * channels) * 2 - 1

    def gate():
        value, gate = x.chunk(2, dim=-1)
        return value * F.gelu(gate)

    return gate


def run_torch(call):
    cpu, start = time.process_time(), time.perf_counter()
    with torch.inference_mode():
        call()
    return (time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--timer", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    danqing = Danqing(arguments.timer, arguments.threads)
    cases = [case for case in CASES if arguments.only in case]
    calls = {case: operator(case) for case in cases}
    times = {case: ([], []) for case in cases}
    for round_index in range(arguments.rounds + 1):
        for case in cases:
            measured = danqing.run(case.split()), run_torch(calls[case])
            if round_index > 0:  # the first round packs weights and warms caches
                for program, value in zip(times[case], measured):
                    program.append(value)
    rows = []
    for case, programs in times.items():
        row = {"case": case}
        for name, measured in zip(("danqing", "torch"), programs):
            wall, cpu = zip(*measured)
            row[name] = {"min_ms": min(wall), "cpu_min_ms": min(cpu)}
        for key in ("min_ms", "cpu_min_ms"):
            row[f"ratio_{key}"] = row["danqing"][key] / row["torch"][key]
        rows.append(row)
        ours, peer = row["danqing"], row["torch"]
        print(
            f"{case:26} {ours['min_ms']:9.2f} ms (cpu {ours['cpu_min_ms']:9.2f})  torch {peer['min_ms']:9.2f}"
            f" (cpu {peer['cpu_min_ms']:9.2f})  ratio {row['ratio_min_ms']:5.2f} cpu {row['ratio_cpu_min_ms']:5.2f}",
            flush=True,
        )
    if arguments.out:
        result = {"about": danqing.about, "torch": torch.__version__, "rounds": arguments.rounds, "rows": rows}
        pathlib.Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
