#!/usr/bin/env python3
"""Times danqing-nn's convolutions beside PyTorch's float32 on the same machine, in turns.

    cargo build --release -p danqing-nn --example conv_timer
    python3 tools/bench/conv_peer.py --timer target/release/examples/conv_timer [--threads 2] [--rounds 15] [--out FILE]

    cargo build --release -p danqing-nn --example conv_timer --features candle --target-dir target/candle
    …                     --candle target/candle/release/examples/conv_timer    # candle's CPU kernels in the same rounds

Needs torch (measured with 2.5.1; the CPU path is all that is used) and numpy. Every round runs every case once in each
program, one after the other, so that both meet the same load. Printed: minimum and median of the wall time, the ratio
of both to PyTorch's (the better of its NCHW and channels-last layouts), and the CPU time of one pass summed over
threads, which another load on the machine disturbs less. Linux only (CPU time is read from /proc).
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import time

import torch

# height, width, in, out, kernel, stride, groups
CASES = {
    "3x3 320-320 at 64": (64, 64, 320, 320, 3, 1, 1),
    "3x3 640-320 at 64": (64, 64, 640, 320, 3, 1, 1),
    "3x3 640-640 at 32": (32, 32, 640, 640, 3, 1, 1),
    "3x3 128-128 at 256": (256, 256, 128, 128, 3, 1, 1),
    "1x1 256-256 at 64": (64, 64, 256, 256, 1, 1, 1),
    "depthwise 3x3 256 at 64": (64, 64, 256, 256, 3, 1, 256),
    "3x3 128-256 at 128 stride 2": (128, 128, 128, 256, 3, 2, 1),
    "3x3 3-64 at 256": (256, 256, 3, 64, 3, 1, 1),
    "3x3 64-3 at 256": (256, 256, 64, 3, 3, 1, 1),
}


def cpu_milliseconds(pid):
    """CPU time of all threads of a process so far."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e6


class Danqing:
    def __init__(self, program, threads, *options):
        command = [program, "--threads", str(threads), *options]
        environment = {**os.environ, "RAYON_NUM_THREADS": str(threads)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.child = subprocess.Popen(command, **pipes, text=True, env=environment)
        self.about = json.loads(self.child.stdout.readline())

    def run(self, case):
        before = cpu_milliseconds(self.child.pid)
        self.child.stdin.write(" ".join(map(str, case)) + "\n")
        self.child.stdin.flush()
        wall = json.loads(self.child.stdout.readline())["milliseconds"]
        return wall, cpu_milliseconds(self.child.pid) - before


class Torch:
    def __init__(self, layout):
        self.layout = layout
        self.made = {}

    def run(self, case):
        height, width, inputs, outputs, kernel, stride, groups = case
        if case not in self.made:
            layer = torch.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)
            x = torch.rand(1, inputs, height, width) * 2 - 1
            self.made[case] = (layer.to(memory_format=self.layout), x.to(memory_format=self.layout))
        layer, x = self.made[case]
        cpu, start = time.process_time(), time.perf_counter()
        with torch.inference_mode():
            layer(x)
        return (time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--timer", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--candle", metavar="TIMER", help="conv_timer built with the feature candle")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    danqing = Danqing(arguments.timer, arguments.threads)
    programs = {
        "danqing": danqing,
        "torch": Torch(torch.contiguous_format),
        "torch channels-last": Torch(torch.channels_last),
    }
    if arguments.candle:
        programs["candle"] = Danqing(arguments.candle, arguments.threads, "--candle")
    times = {(name, case): [] for name in programs for case in CASES}
    for round_index in range(arguments.rounds + 1):
        for label, case in CASES.items():
            for name, program in programs.items():
                measured = program.run(case)
                if round_index > 0:  # the first round packs weights and warms caches
                    times[name, label].append(measured)
    report(arguments, danqing.about, programs, times)


def report(arguments, about, programs, times):
    rows = []
    for label, (height, width, inputs, outputs, kernel, stride, groups) in CASES.items():
        row = {"case": label, "gflop": 2e-9 * (height // stride) * (width // stride) * inputs * outputs * kernel**2 / groups}
        for name in programs:
            wall, cpu = zip(*times[name, label])
            row[name] = {"min_ms": min(wall), "median_ms": statistics.median(wall), "cpu_min_ms": min(cpu)}
        peers = [row["torch"], row["torch channels-last"]]
        for key in ("min_ms", "median_ms", "cpu_min_ms"):
            row[f"ratio_{key}"] = row["danqing"][key] / min(peer[key] for peer in peers)
        rows.append(row)
        ours, ratio = row["danqing"], row["ratio_min_ms"]
        print(
            f"{label:28} {ours['min_ms']:8.2f} {ours['median_ms']:8.2f} ms (cpu {ours['cpu_min_ms']:8.2f})"
            f"  torch {row['torch']['min_ms']:8.2f} {row['torch']['median_ms']:8.2f} (cpu {row['torch']['cpu_min_ms']:8.2f})"
            f"  cl {row['torch channels-last']['min_ms']:8.2f} {row['torch channels-last']['median_ms']:8.2f}"
            f"  ratio min {ratio:5.2f} median {row['ratio_median_ms']:5.2f} cpu {row['ratio_cpu_min_ms']:5.2f}"
            + (f"  candle {row['candle']['min_ms']:8.2f} = {row['candle']['min_ms'] / ours['min_ms']:5.1f}x" if arguments.candle else "")
            + f"  {row['gflop'] / ours['min_ms'] * 1e3:6.1f} GFLOP/s"
        )
    if arguments.out:
        result = {"about": about, "torch": torch.__version__, "rounds": arguments.rounds, "rows": rows}
        pathlib.Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
