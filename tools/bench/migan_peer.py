"""Times danqing's MI-GAN forward beside onnxruntime's on the same weights, threads and machine, in turns.

Versions: numpy 2.4.6, onnx 1.23.2, onnxruntime 1.32.0 (and what tools/golden/migan.py imports).

    cargo build --release -p danqing-models --example migan_forward
    python tools/bench/migan_peer.py migan_pipeline_v2.onnx TARGET/release/examples/migan_forward [--size 512x512]

Each round starts both programs anew, one after the other; each warms up once and then times `--runs` forwards. Reported
are the median over all timed forwards, the fastest, and the largest resident set of each process.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))


def onnxruntime_forward(args):
    """The other side's process: the generator subgraph alone, in fp32."""
    import migan
    import onnxruntime

    height, width = args.size
    session = migan.generator(args.model, height, width, [migan.OUTPUT], args.threads)
    picture, missing = migan.synthetic_picture(height, width), migan.hole(height, width)
    given = {migan.INPUT: migan.generator_input(picture, missing)}
    session.run(None, given)
    milliseconds = []
    for _ in range(args.runs):
        start = time.perf_counter()
        session.run(None, given)
        milliseconds.append((time.perf_counter() - start) * 1000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"name": f"onnxruntime {onnxruntime.__version__} fp32", "milliseconds": milliseconds, "peak_resident_bytes": peak}))


def timed(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("danqing", nargs="?")
    parser.add_argument("--size", type=lambda s: tuple(map(int, s.split("x"))), default=(512, 512), help="HEIGHTxWIDTH")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5, help="timed forwards per process")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.danqing is None:
        return onnxruntime_forward(args)
    size = "x".join(map(str, args.size))
    common = ["--size", size, "--threads", str(args.threads), "--runs", str(args.runs)]
    commands = [[args.danqing, args.model, *common], [sys.executable, __file__, args.model, *common]]
    results = {}
    for _ in range(args.rounds):
        for command in commands:
            result = timed(command)
            kept = results.setdefault(result["name"], {"milliseconds": [], "peak_resident_bytes": 0})
            kept["milliseconds"] += result["milliseconds"]
            kept["peak_resident_bytes"] = max(kept["peak_resident_bytes"], result["peak_resident_bytes"])
    print(f"MI-GAN {size} (height x width), {args.threads} threads, {args.rounds} rounds of {args.runs} forwards")
    medians = []
    for name, kept in results.items():
        medians.append(statistics.median(kept["milliseconds"]))
        print(f"  {name:32} median {medians[-1]:8.1f} ms   fastest {min(kept['milliseconds']):8.1f} ms   peak {kept['peak_resident_bytes'] / 2**20:7.1f} MiB")
    print(f"  ratio of medians, danqing / onnxruntime: {medians[0] / medians[1]:.2f}")


if __name__ == "__main__":
    main()
