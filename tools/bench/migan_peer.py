"""Times danqing's MI-GAN forward beside onnxruntime's on the same weights, threads and machine, in turns.

Versions: numpy 2.4.6, onnx 1.23.2, onnxruntime 1.32.0 (and what tools/golden/migan.py imports).

    cargo build --release -p danqing-models --example migan_forward
    python tools/bench/migan_peer.py migan_pipeline_v2.onnx TARGET/release/examples/migan_forward [--size 512x512]

Each round starts both programs anew, one after the other; each warms up once and then times `--runs` forwards. Reported
are the median over all timed forwards, the fastest, the mean processor time per forward divided by the threads (which
other programs on the machine disturb less; onnxruntime's waiting threads spin and count, unless --no-spinning), and the
largest resident set of each process.
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
    session = migan.generator(args.model, height, width, [migan.OUTPUT], args.threads, not args.no_spinning)
    picture, missing = migan.synthetic_picture(height, width), migan.hole(height, width)
    given = {migan.INPUT: migan.generator_input(picture, missing)}
    session.run(None, given)
    milliseconds, processor = [], time.process_time()
    for _ in range(args.runs):
        start = time.perf_counter()
        session.run(None, given)
        milliseconds.append((time.perf_counter() - start) * 1000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    processor = (time.process_time() - processor) * 1000 / args.runs / args.threads
    name = f"onnxruntime {onnxruntime.__version__} fp32"
    result = {"name": name, "milliseconds": milliseconds, "processor_milliseconds": processor, "peak_resident_bytes": peak}
    print(json.dumps(result))


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
    parser.add_argument("--no-spinning", action="store_true", help="onnxruntime's threads sleep while they wait")
    args = parser.parse_args()
    if args.danqing is None:
        return onnxruntime_forward(args)
    size = "x".join(map(str, args.size))
    common = ["--size", size, "--threads", str(args.threads), "--runs", str(args.runs)]
    spinning = ["--no-spinning"] if args.no_spinning else []
    commands = [[args.danqing, args.model, *common], [sys.executable, __file__, args.model, *common, *spinning]]
    results = {}
    for _ in range(args.rounds):
        for command in commands:
            result = timed(command)
            kept = results.setdefault(result["name"], {"milliseconds": [], "processor": [], "peak_resident_bytes": 0})
            kept["milliseconds"] += result["milliseconds"]
            kept["processor"].append(result["processor_milliseconds"])
            kept["peak_resident_bytes"] = max(kept["peak_resident_bytes"], result["peak_resident_bytes"])
    print(f"MI-GAN {size} (height x width), {args.threads} threads, {args.rounds} rounds of {args.runs} forwards")
    medians, processors = [], []
    for name, kept in results.items():
        times = kept["milliseconds"]
        medians.append(statistics.median(times))
        processors.append(statistics.mean(kept["processor"]))
        print(f"  {name:26} median {medians[-1]:7.1f} ms  fastest {min(times):7.1f} ms", end="  ")
        print(f"processor/threads {processors[-1]:7.1f} ms  peak {kept['peak_resident_bytes'] / 2**20:6.1f} MiB")
    ours, theirs = medians[0] / medians[1], processors[0] / processors[1]
    print(f"  danqing / onnxruntime: median {ours:.2f}, processor time {theirs:.2f}")


if __name__ == "__main__":
    main()
