"""One network in another engine, one run for each line of standard input: what tools/bench/networks.py starts.

    python tools/bench/network_worker.py ENGINE NAME --inputs DUMP --output OUT.npy --danqing PROGRAM [--threads N]
        [--precision f32|bf16] [--cache FOLDER]

ENGINE is torch, onnxruntime or openvino; NAME a network of `danqing bench`; DUMP what `danqing bench NAME --dump` has written.
Says `ready` after a run that is not counted, whose output goes to OUT, then `ran SECONDS` after each.
"""

import argparse
import pathlib
import subprocess
import sys
import time

import numpy as np

TOOLS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS / "golden"))
INPUTS = {"unet": ("latent", "context"), "vae-decode": ("latent",), "vae-encode": ("picture",),
          "rrdb": ("picture",), "adain": ("features",), "migan": ("picture",)}
SCALE = 0.18215
OPSET = 18


def kind(name):
    """The network without what is said of its size."""
    return name.removesuffix("-1024").removesuffix("-b2")


def stored(danqing, model):
    found = subprocess.run([danqing, "models", "path", model], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def filled(make, **settings):
    """A module of diffusers with the rule's weights, rounded to half precision as published ones are."""
    import torch
    from seeded_weights import fill

    with torch.device("meta"):
        model = make(**settings)
    return fill(model.to_empty(device="cpu")).half().float()


def module(name, danqing):
    """The network as a PyTorch module of NCHW inputs, and its float32 inputs beside those of the dump."""
    import torch
    from torch import nn

    class Of(nn.Module):
        def __init__(self, call, *parts):
            super().__init__()
            self.parts, self.call = nn.ModuleList(parts), call

        def forward(self, *x):
            return self.call(*x)

    if kind(name) == "unet":
        from diffusers import UNet2DConditionModel

        unet = filled(UNet2DConditionModel, cross_attention_dim=768, attention_head_dim=8)
        batch = 2 if name == "unet-b2" else 1
        return Of(lambda latent, context, time_step: unet(latent, time_step, context).sample, unet), [torch.full((batch,), 501.0)]
    if kind(name).startswith("vae"):
        from diffusers import AutoencoderKL

        blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
        vae = filled(AutoencoderKL, block_out_channels=(128, 256, 512, 512), layers_per_block=2, **blocks)
        if kind(name) == "vae-decode":
            vae.encoder, vae.quant_conv = None, None
            return Of(lambda latent: vae.decode(latent / SCALE).sample, vae), []
        vae.decoder, vae.post_quant_conv = None, None
        return Of(lambda picture: vae.encode(picture).latent_dist.mean * SCALE, vae), []
    if name == "rrdb":
        from upscaler_networks import load

        return load("realesrgan-x4plus", stored(danqing, "realesrgan-x4plus")), []
    if name == "adain":
        from safetensors.torch import load_file
        from stylizers import decoded

        weights = load_file(stored(danqing, "adain-decoder"))
        return Of(lambda features: decoded(weights, features)), []
    sys.exit(f"{name} is no PyTorch module here")


def onnx_file(arguments, inputs):
    """The network as an ONNX file of fixed size, made once, in a process of its own: its memory is not the engine's."""
    path = pathlib.Path(arguments.cache) / arguments.name / "network.onnx"
    if not path.exists():
        made = path.parent.with_suffix(".tmp")
        subprocess.run([sys.executable, __file__, "export", *sys.argv[2:], "--cache", str(made)], check=True, stdout=sys.stderr)
        (made / arguments.name).rename(path.parent)
        made.rmdir()
    return str(path)


def export(arguments, inputs):
    path = pathlib.Path(arguments.cache) / arguments.name / "network.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    if arguments.name == "migan":
        import migan
        import onnx

        height, width = inputs[0].shape[2:]
        onnx.save(migan.generator_model(stored(arguments.danqing, "migan-512-places2"), height, width, [migan.OUTPUT]), path)
        return
    import torch

    network, rest = module(arguments.name, arguments.danqing)
    given = tuple(map(torch.from_numpy, inputs)) + tuple(rest)
    with torch.inference_mode():
        torch.onnx.export(network.eval(), given, str(path), opset_version=OPSET, dynamo=True, external_data=True, verbose=False)


def torch_call(arguments, inputs):
    """Eager PyTorch, in the layout that is faster here."""
    import torch

    torch.set_num_threads(arguments.threads)
    network, rest = module(arguments.name, arguments.danqing)
    kept = torch.bfloat16 if arguments.precision == "bf16" else torch.float32
    network = network.eval().to(kept)
    given = [torch.from_numpy(x).to(kept) for x in inputs] + rest

    def run():
        with torch.inference_mode():
            return network(*given)

    def seconds():
        run()
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    plain = seconds()
    network.to(memory_format=torch.channels_last)
    given = [x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x for x in given]
    if seconds() > plain:
        network.to(memory_format=torch.contiguous_format)
        given = [x.contiguous() for x in given]
    return lambda: run().float().contiguous().numpy()


def onnxruntime_call(arguments, inputs):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting is not counted as work
    session = onnxruntime.InferenceSession(onnx_file(arguments, inputs), options, providers=["CPUExecutionProvider"])
    given = dict(zip([x.name for x in session.get_inputs()], with_time_step(arguments, inputs), strict=True))
    return lambda: session.run(None, given)[0]


def openvino_call(arguments, inputs):
    """Static shapes, for the least time of one run."""
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": arguments.precision, "INFERENCE_NUM_THREADS": arguments.threads,
                "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
    request = core.compile_model(onnx_file(arguments, inputs), "CPU", settings).create_infer_request()
    given = with_time_step(arguments, inputs)
    return lambda: request.infer(given)[0]


def with_time_step(arguments, inputs):
    batch = 2 if arguments.name == "unet-b2" else 1
    return inputs + [np.full((batch,), 501.0, np.float32)] * (kind(arguments.name) == "unet")


def read_inputs(arguments):
    """Of the dump, in the networks' order: maps as NCHW, tokens of a text as [batch, tokens, channels]."""
    from safetensors.numpy import load_file

    dump = load_file(arguments.inputs)
    maps = [dump[name] for name in INPUTS[kind(arguments.name)]]
    return [x[:, 0] if x.shape[1] == 1 else np.ascontiguousarray(x.transpose(0, 3, 1, 2)) for x in maps]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["torch", "onnxruntime", "openvino", "export"])
    parser.add_argument("name")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("--danqing", required=True)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--cache", default="target/bench-networks")
    arguments = parser.parse_args()
    inputs = read_inputs(arguments)
    if arguments.engine == "export":
        export(arguments, inputs)
        return
    call = globals()[f"{arguments.engine}_call"](arguments, inputs)
    np.save(arguments.output, np.asarray(call()).transpose(0, 2, 3, 1))
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        call()
        print("ran", time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
