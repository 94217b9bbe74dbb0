#!/usr/bin/env python3
"""Times a network of latent diffusion in danqing beside PyTorch (diffusers) in float32: the same weights (by rule), inputs
and threads, each in a process of its own, outputs compared.

    tools/golden/run.sh diffusion    # makes the environment
    tools/.venv-golden-diffusion/bin/python tools/bench/diffusion_peer.py --danqing target/release/danqing \\
        [--name unet|unet-b2|unet-1024|vae-decode|vae-decode-1024|vae-encode|vae-encode-1024|clip] [--threads 2] [--runs 2] [--rounds 2] [--out FILE]

Programs take turns, `--rounds` times. Printed: minima of the wall time of a forward; CPU time of a forward (user and
system, of all threads), which another load on the machine disturbs less; each process's peak of resident memory; the ratios;
and the largest difference of the outputs relative to the largest magnitude.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))


def build(name):
    """The network with the rule's weights and a call that runs it once and gives NHWC."""
    import numpy as np
    import torch
    from seeded_weights import fill, seeded_unit

    def seeded(label, *shape):
        values = seeded_unit(label, int(np.prod(shape))).reshape(shape)
        return torch.from_numpy(values)

    def made(kind, **settings):
        with torch.device("meta"):
            model = kind(**settings)
        return fill(model.to_empty(device="cpu"))

    def nhwc(x):
        return x.permute(0, 2, 3, 1)

    def nchw(x):
        return x.permute(0, 3, 1, 2).contiguous()

    side = 128 if name.endswith("-1024") else 64
    if name.startswith("unet"):
        from diffusers import UNet2DConditionModel

        batch = 2 if name == "unet-b2" else 1
        model = made(UNet2DConditionModel, cross_attention_dim=768, attention_head_dim=8)
        latent, context = nchw(seeded("input.latent", batch, side, side, 4)), seeded("input.context", batch, 77, 768)
        time_step = torch.full((batch,), 501.0)
        return lambda: nhwc(model(latent, time_step, context).sample)
    if name.startswith("vae"):
        from diffusers import AutoencoderKL

        blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
        model = made(AutoencoderKL, block_out_channels=(128, 256, 512, 512), layers_per_block=2, **blocks)
        if name.startswith("vae-decode"):
            latent = nchw(seeded("input.latent", 1, side, side, 4))
            return lambda: nhwc(model.decode(latent / 0.18215).sample)
        picture = nchw(seeded("input.picture", 1, 8 * side, 8 * side, 3))
        return lambda: nhwc(model.encode(picture).latent_dist.mean * 0.18215)
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12, eos_token_id=2)
    model = fill(CLIPTextModel(config))
    tokens = torch.tensor([[place * 641 % 49408 for place in range(77)]])
    return lambda: model(tokens).last_hidden_state[:, None]


def torch_process(arguments):
    """The peer: prints figures as JSON and saves its output."""
    import numpy as np
    import torch

    torch.set_num_threads(arguments.threads)
    call = build(arguments.name)
    seconds, cpu = [], []
    with torch.inference_mode():
        call()
        for _ in range(arguments.runs):
            start, used = time.perf_counter(), time.process_time()
            output = call()
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
    np.save(arguments.torch_output, output.contiguous().numpy())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": min(seconds), "cpu": min(cpu), "peak_bytes": peak}))


def danqing_run(arguments, dump):
    """CPU time of a forward: that of a process with `--runs` more forwards less that of one without, divided."""
    command = [arguments.danqing, "bench", arguments.name, "--json", "--threads", str(arguments.threads)]
    used, peak, figures = [], 0, None
    for runs, extra in ((1, []), (1 + arguments.runs, ["--dump", dump])):
        child = subprocess.Popen([*command, "--runs", str(runs), *extra], stdout=subprocess.PIPE, text=True)
        text = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        if status != 0:
            sys.exit(f"danqing ended with status {status}")
        used.append(usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss * 1024)
        figures = json.loads(text)[0]
    cpu = (used[1] - used[0]) / arguments.runs
    return {"seconds": figures["seconds_min"], "cpu": cpu, "peak_bytes": peak, "figures": figures}


def torch_run(arguments, output):
    command = [sys.executable, __file__, "--danqing", arguments.danqing, "--name", arguments.name]
    command += ["--threads", str(arguments.threads), "--runs", str(arguments.runs), "--torch-output", output]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--danqing", required=True)
    parser.add_argument("--name", default="unet")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--torch-output")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.torch_output:
        torch_process(arguments)
        return
    import numpy as np
    from safetensors.numpy import load_file

    best = {}
    with tempfile.TemporaryDirectory() as folder:
        dump, output = f"{folder}/danqing.safetensors", f"{folder}/torch.npy"
        for _ in range(arguments.rounds):
            for program, found in (("danqing", danqing_run(arguments, dump)), ("torch", torch_run(arguments, output))):
                before = best.setdefault(program, found)
                for key in ("seconds", "cpu", "peak_bytes"):
                    before[key] = min(before[key], found[key])
        ours, theirs = load_file(dump)["output"], np.load(output)
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    result = {"name": arguments.name, "threads": arguments.threads, **best, "difference": difference}
    for key in ("seconds", "cpu", "peak_bytes"):
        result[f"ratio_{key}"] = best["danqing"][key] / best["torch"][key]
    print(json.dumps(result, indent=1))
    if arguments.out:
        pathlib.Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
