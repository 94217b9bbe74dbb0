"""Times one forward of danqing's upscalers beside PyTorch and onnxruntime on the same weights and threads, in turns.

Versions: tools/requirements-networks.txt.

    cargo build --release -p danqing-models --example upscaler_forward
    python tools/bench/upscale_peer.py ID WEIGHTS TARGET/release/examples/upscaler_forward [--size 128x128] [--rounds 3]

Each round starts every program anew, one after the other; each warms up on 16x16 pixels and times `--runs` forwards.
Reported are the least processor time of a forward over all rounds (all threads; other programs on the machine disturb
it least), the least wall time and the largest resident set.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))


def report(name, forward, args):
    """Runs in a process of its own."""
    forward(16, 16)
    milliseconds, processor = [], time.process_time()
    for _ in range(args.runs):
        start = time.perf_counter()
        forward(*args.size)
        milliseconds.append((time.perf_counter() - start) * 1000)
    processor = (time.process_time() - processor) * 1000 / args.runs
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"name": name, "milliseconds": milliseconds, "processor_milliseconds": processor,
                      "peak_resident_bytes": peak}))


def pytorch(args):
    import torch

    from upscaler_networks import load

    torch.set_num_threads(args.threads)
    network = load(args.id, args.weights)

    def forward(height, width):
        with torch.inference_mode():
            network(torch.rand(1, 3, height, width))

    report(f"PyTorch {torch.__version__}", forward, args)


def onnx_runtime(args):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting is not counted as work
    session = onnxruntime.InferenceSession(args.weights, options, providers=["CPUExecutionProvider"])
    report(f"onnxruntime {onnxruntime.__version__}",
           lambda h, w: session.run(None, {"input": numpy.random.rand(1, 3, h, w).astype(numpy.float32)}), args)


def exported(args, folder):
    """The weights as an ONNX file of dynamic size."""
    if args.weights.endswith(".onnx"):
        return args.weights
    import torch

    from upscaler_networks import load

    path = str(Path(folder) / "network.onnx")
    axes = {"input": {2: "height", 3: "width"}}
    torch.onnx.export(load(args.id, args.weights), torch.zeros(1, 3, 16, 16), path, opset_version=17, dynamo=False,
                      input_names=["input"], output_names=["output"], dynamic_axes=axes)
    return path


def timed(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("id")
    parser.add_argument("weights")
    parser.add_argument("danqing")
    parser.add_argument("--size", type=lambda s: tuple(map(int, s.split("x"))), default=(128, 128), help="HEIGHTxWIDTH")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.danqing in ("pytorch", "onnxruntime"):
        return pytorch(args) if args.danqing == "pytorch" else onnx_runtime(args)
    common = ["--size", "x".join(map(str, args.size)), "--threads", str(args.threads), "--runs", str(args.runs)]
    kept = {}
    with tempfile.TemporaryDirectory() as folder:
        onnx_file = exported(args, folder)
        commands = [[args.danqing, args.weights, *common],
                    [sys.executable, __file__, args.id, args.weights, "pytorch", *common],
                    [sys.executable, __file__, args.id, onnx_file, "onnxruntime", *common]]
        for _ in range(args.rounds):
            for command in commands:
                result = timed(command)
                best = kept.setdefault(result["name"], {"wall": [], "processor": [], "peak": []})
                best["wall"] += result["milliseconds"]
                best["processor"].append(result["processor_milliseconds"])
                best["peak"].append(result["peak_resident_bytes"])
    ours = next(iter(kept.values()))
    print(f"{args.id} {args.size[0]}x{args.size[1]} (height x width), {args.threads} threads")
    for name, runs in kept.items():
        wall, processor, peak = min(runs["wall"]), min(runs["processor"]), max(runs["peak"])
        ratios = f"processor ×{processor / min(ours['processor']):.2f}, memory ×{peak / max(ours['peak']):.2f} of danqing's"
        print(f"{name:28} wall {wall:9.0f} ms  processor {processor:9.0f} ms  resident {peak / 2**20:6.0f} MiB  {ratios}")


if __name__ == "__main__":
    main()
