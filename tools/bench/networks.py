#!/usr/bin/env python3
"""Times danqing's networks beside PyTorch, ONNX Runtime and OpenVINO: the same weights, inputs and threads, each engine in a
process of its own that is asked for one run at a time, so that the two that are compared take turns; outputs compared.
Writes its part of docs/benchmarks.md.

    tools/bench/run.sh target/release/danqing networks      # makes the environment and starts this
    … networks.py --danqing target/release/danqing [--names unet,rrdb] [--peers openvino] [--rounds 5] [--no-page]

Before every turn a probe multiplies matrices on one core: its speed says whether somebody else uses the machine.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy: the probe is one core's

import networks_report  # noqa: E402
import numpy as np  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402

NAMES = ["unet", "unet-b2", "unet-1024", "vae-decode", "vae-encode", "vae-decode-1024", "vae-encode-1024", "rrdb", "adain", "migan"]
PEERS = ["openvino", "onnxruntime", "torch"]
# Rounds are taken until a pair of runs has had so long, but at least two.
SECONDS = 60
PROBE = np.random.default_rng(0).random((2, 512, 512), dtype=np.float32)
TICK = os.sysconf("SC_CLK_TCK")


def probe():
    """GFLOP/s of one core, the better of two looks of a few milliseconds."""
    best = 0.0
    for _ in range(2):
        start = time.perf_counter()
        PROBE[0] @ PROBE[1]
        best = max(best, 2e-9 * 512**3 / (time.perf_counter() - start))
    return best


class Failed(Exception):
    """A program ended before it should; what it said last."""


class Program:
    """An engine that answers each line with a run."""

    def __init__(self, command, log):
        self.log = log
        with open(log, "w") as file:
            self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True)
        self.answer("ready")
        self.loading = self.peak()
        pathlib.Path(f"/proc/{self.child.pid}/clear_refs").write_text("5")  # the peak begins anew
        self.turns = []

    def answer(self, word):
        for line in self.child.stdout:
            if line.split()[:1] == [word]:
                return line.split()[1:]
        self.child.wait()
        said = [line for line in pathlib.Path(self.log).read_text().splitlines() if line.strip()]
        raise Failed(said[-1] if said else f"status {self.child.returncode}")

    def processor(self):
        """Seconds of all threads so far."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def peak(self):
        """Most resident bytes since the start, or since the peak began anew."""
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def turn(self):
        state, used = probe(), self.processor()
        self.child.stdin.write("\n")
        self.child.stdin.flush()
        wall = float(self.answer("ran")[0])
        self.turns.append({"wall": wall, "processor": self.processor() - used, "probe": state})

    def end(self):
        """What it says last; its memory."""
        running = self.peak()
        self.child.stdin.close()
        rest = self.child.stdout.read()
        if self.child.wait() != 0:
            raise Failed(f"status {self.child.returncode}")
        return rest, {"turns": self.turns, "loading": self.loading, "running": running}


def weights(name):
    """Half precision by rule for the networks of latent diffusion, made once; the others have published ones."""
    part = name.split("-")[0]
    if part not in ("unet", "vae"):
        return []
    path = pathlib.Path(f"target/bench-networks/{part}-f16.safetensors")
    if not path.exists():
        made = path.with_suffix(".tmp")
        maker = pathlib.Path(__file__).with_name("random_checkpoint.py")
        subprocess.run([sys.executable, maker, made, "--part", part], check=True)
        made.rename(path)
    return ["--weights", str(path)]


def compare(arguments, name, precision, peer, folder):
    """One row: turns of both sides, and how far apart their outputs are."""
    dump, output = f"{folder}/{name}-{precision}.safetensors", f"{folder}/peer.npy"
    options = ["--threads", str(arguments.threads), "--precision", precision]
    ours = [arguments.danqing, "bench", name, *options, *weights(name)]
    if not os.path.exists(dump):
        subprocess.run([*ours, "--runs", "1", "--dump", dump, "--quiet"], check=True, stdout=subprocess.DEVNULL)
    worker = [sys.executable, str(pathlib.Path(__file__).with_name("network_worker.py")), peer, name, *options]
    worker += ["--inputs", dump, "--output", output, "--danqing", arguments.danqing]
    try:
        theirs = Program(worker, f"{folder}/peer.log")
    except Failed as failed:
        return {"name": name, "precision": precision, "peer": peer, "failed": str(failed)}
    ours = Program([*ours, "--wait", "--json"], f"{folder}/danqing.log")
    started = time.monotonic()
    for at in range(arguments.rounds):
        for program in (ours, theirs) if at % 2 == 0 else (theirs, ours):
            program.turn()
        if at > 0 and time.monotonic() - started > arguments.seconds:
            break
    rest, left = ours.end()
    _, right = theirs.end()
    figures = json.loads(rest)[0]
    made, expected = load_file(dump)["output"], np.load(output)
    difference = float(np.abs(made - expected).max() / np.abs(expected).max())
    about = {key: figures[key] for key in ("name", "tier", "precision", "threads", "gflop")}
    return about | {"peer": peer, "ours": left, "theirs": right, "difference": difference}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--danqing", required=True)
    parser.add_argument("--names", default=",".join(NAMES))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--precisions", help="f32, and bf16 where the processor has AMX")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=9, help="at most; see --seconds")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--out", default="target/bench-networks/rows.json")
    parser.add_argument("--no-page", action="store_true")
    arguments = parser.parse_args()
    has_amx = "amx_bf16" in pathlib.Path("/proc/cpuinfo").read_text()
    precisions = (arguments.precisions or ("f32,bf16" if has_amx else "f32")).split(",")
    rows, load = [], [os.getloadavg()[0]]
    pathlib.Path(arguments.out).parent.mkdir(parents=True, exist_ok=True)
    for name in arguments.names.split(","):
        for precision in precisions:
            with tempfile.TemporaryDirectory() as folder:
                for peer in arguments.peers.split(","):
                    if (name, peer) == ("migan", "torch") or (precision, peer) == ("bf16", "onnxruntime"):
                        continue  # its weights come as an ONNX file; no bf16 on processors
                    rows.append(compare(arguments, name, precision, peer, folder))
                    print(networks_report.line(rows[-1]), flush=True)
                    pathlib.Path(arguments.out).write_text(json.dumps(rows, indent=1) + "\n")
    load.append(os.getloadavg()[0])
    if not arguments.no_page:
        networks_report.write(rows, arguments.danqing, load)


if __name__ == "__main__":
    main()
