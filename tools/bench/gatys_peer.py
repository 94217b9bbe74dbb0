#!/usr/bin/env python3
"""Times one iteration of Gatys style transfer beside PyTorch's float32 on the same machine, in turns.

    cargo build --release -p danqing-models --example vgg19_gradient_timer
    tools/.venv-networks/bin/python tools/bench/gatys_peer.py --timer target/release/examples/vgg19_gradient_timer \\
        --weights "$(danqing models path adain-vgg19)" [--threads 2] [--rounds 3] [--size 512]

An iteration is one look down to relu5_1 with average pooling, the Gram matrices of relu1_1 to relu5_1, and the way back
to the picture. Both programs take turns, so that they meet the same load; compared is processor time summed over threads
(read from /proc: Linux only). PyTorch runs in NCHW and in channels-last, the better one counts.
"""

import argparse
import importlib.util
import json
import pathlib
import statistics
import subprocess
import time

import torch

HERE = pathlib.Path(__file__).parent


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


conv_peer, gatys = module(HERE / "conv_peer.py"), module(HERE.parent / "golden" / "gatys.py")


def torch_iteration(vgg, size, layout):
    x = torch.rand(1, 3, size, size).contiguous(memory_format=layout).requires_grad_(True)
    before, start = time.process_time(), time.perf_counter()
    out = vgg(x, "average")
    sum(gatys.gram(out[name].contiguous()).square().sum() / 2 for name in gatys.STYLE).backward()
    return time.perf_counter() - start, time.process_time() - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--timer", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    command = [options.timer, options.weights, "--threads", str(options.threads)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print(json.loads(child.stdout.readline()), "torch", torch.__version__)
    vgg = gatys.Vgg(options.weights)
    layouts = {"torch nchw": torch.contiguous_format, "torch channels-last": torch.channels_last}
    took = {name: [] for name in ["danqing", *layouts]}
    peak = 0
    for _ in range(options.rounds):
        before = conv_peer.cpu_milliseconds(child.pid)
        child.stdin.write(f"{options.size} {options.size}\n")
        child.stdin.flush()
        answer = json.loads(child.stdout.readline())
        peak = answer["peak_bytes"]
        took["danqing"].append((answer["milliseconds"] / 1e3, (conv_peer.cpu_milliseconds(child.pid) - before) / 1e3))
        for name, layout in layouts.items():
            took[name].append(torch_iteration(vgg, options.size, layout))
    child.stdin.close()
    processor = {name: statistics.median(cpu for _, cpu in runs) for name, runs in took.items()}
    for name, runs in took.items():
        print(f"{name:20} wall {min(wall for wall, _ in runs):6.2f} s  processor {processor[name]:6.2f} s")
    best = min(processor[name] for name in layouts)
    print(f"{options.size}x{options.size}: processor time {processor['danqing'] / best:.2f} of torch's; maps {peak / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
