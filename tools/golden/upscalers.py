"""Makes tests/golden/upscalers.safetensors and tests/golden/upscalers/: what PyTorch (and for x2plus onnxruntime) computes
for the upscalers of the catalogue, and small random checkpoints in every layout in which such networks are published.

Versions: tools/requirements-networks.txt.
Weights: the files of the model store, as `danqing models path ID` names them.
Photo:   astronaut.png of scikit-image (NASA, public domain), a crop of 40x48 that the golden keeps.

    python tools/golden/upscalers.py ASTRONAUT.png ID=PATH …

Tensors, all f32 but the photo (u8):
    photo                     [40, 48, 3]
    ID.STEP.statistics        [3]          mean, standard deviation (population), largest magnitude
    ID.output_crop            [24, 24, 3]  the middle of the output
    small.input               [1, 3, 12, 10]
    small.NETWORK.output      [1, 3, h, w] of the random checkpoints: rrdb (4x), rrdb-x2, srvgg (2x)
"""

import struct
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from upscaler_networks import RrdbNet, SrvggNet, load

GOLDEN = Path("tests/golden")


def statistics(tensor):
    values = tensor.double().numpy()
    return np.array([values.mean(), values.std(), np.abs(values).max()], np.float32)


def middle(picture):
    height, width = picture.shape[:2]
    return np.ascontiguousarray(picture[height // 2 - 12 :][:24, width // 2 - 12 :][:, :24], np.float32)


def real(found, photo, tensors):
    x = torch.from_numpy(photo.astype(np.float32) / 255).permute(2, 0, 1)[None]
    for name, path in found.items():
        network = load(name, path)
        with torch.no_grad():
            for step, output in enumerate(network.steps(x)):
                tensors[f"{name}.{step}.statistics"] = statistics(output)
        output = output[0].permute(1, 2, 0).numpy()
        if path.endswith(".onnx"):
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            same = session.run(None, {"input": x.numpy()})[0][0].transpose(1, 2, 0)
            print(name, "PyTorch against onnxruntime: at most", np.abs(same - output).max())
            output = same
        tensors[f"{name}.output_crop"] = middle(output)


def trunk_names(weights):
    """xinntao/ESRGAN@73e9b63:RRDBNet_arch.py."""
    def spelt(name):
        name = name.replace("body.", "RRDB_trunk.", 1).replace(".rdb", ".RDB") if name.startswith("body.") else name
        name = name.replace("conv_body", "trunk_conv").replace("conv_hr", "HRconv")
        return name.replace("conv_up", "upconv")
    return {spelt(name): tensor for name, tensor in weights.items()}


def numbered_names(weights, blocks, ups):
    """The first release: a list of layers, dense convolutions wrapped once more."""
    def spelt(name):
        layer, part = name.rsplit(".", 1)
        if layer.startswith("body."):
            return layer.replace("body.", "model.1.sub.", 1).replace(".rdb", ".RDB") + ".0." + part
        place = {"conv_first": "0", "conv_body": f"1.sub.{blocks}", "conv_hr": str(3 * ups + 2), "conv_last": str(3 * ups + 4)}
        return f"model.{place.get(layer) or 3 * int(layer[-1])}.{part}"
    return {spelt(name): tensor for name, tensor in weights.items()}


def export(network, path, numbered):
    torch.onnx.export(network, torch.zeros(1, 3, 12, 10), path, opset_version=13, dynamo=False,
                      input_names=["input"], output_names=["output"])
    if numbered:
        model = onnx.load(path)
        new = {initialiser.name: f"onnx::Conv_{900 - n}" for n, initialiser in enumerate(model.graph.initializer)}
        for initialiser in model.graph.initializer:
            initialiser.name = new[initialiser.name]
        for node in model.graph.node:
            node.input[:] = [new.get(name, name) for name in node.input]
        onnx.save(model, path)


def ncnn(network, stem):
    """Layers in their order; what lies between them (sums, concatenations) has no weights and is left out."""
    lines, data = ["Input in0 0 1 in0"], b""
    for n, module in enumerate(m for m in network.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.PReLU))):
        weight = module.weight.detach().numpy().astype(np.float32)
        if isinstance(module, torch.nn.PReLU):
            lines.append(f"PReLU prelu_{n} 1 1 a{n} b{n} 0={weight.size}")
            data += weight.tobytes()
            continue
        lines.append(f"Convolution conv_{n} 1 1 a{n} b{n} 0={weight.shape[0]} 1=3 4=1 5=1 6={weight.size}")
        data += struct.pack("<I", 0) + weight.tobytes() + module.bias.detach().numpy().tobytes()
    stem.with_suffix(".param").write_text("\n".join(["7767517", f"{len(lines)} {len(lines)}", *lines, ""]))
    stem.with_suffix(".bin").write_bytes(data)


def small(tensors):
    folder = GOLDEN / "upscalers"
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(20)
    networks = {
        "rrdb": RrdbNet(4, 2, 2, 2, 1).eval(),
        "rrdb-x2": RrdbNet(4, 2, 1, 2, 2).eval(),
        "srvgg": SrvggNet(4, 2, 2).eval(),
    }
    with torch.no_grad():
        for network in networks.values():
            for name, weights in network.named_parameters():
                weights.copy_(torch.randn_like(weights) * (0.3 if weights.dim() == 4 else 0.1))
        x = torch.rand(1, 3, 12, 10)
        tensors["small.input"] = x.numpy()
        for name, network in networks.items():
            tensors[f"small.{name}.output"] = network(x).numpy()
    rrdb, x2, srvgg = (dict(network.state_dict()) for network in networks.values())
    raw = {name: torch.zeros_like(tensor) for name, tensor in rrdb.items()}
    torch.save({"params": raw, "params_ema": rrdb}, folder / "rrdb-params-ema.pth")
    torch.save(rrdb, folder / "rrdb-plain.pth")
    torch.save(trunk_names(rrdb), folder / "rrdb-trunk.pth")
    torch.save(numbered_names(rrdb, 2, 2), folder / "rrdb-numbered.pth")
    torch.save(rrdb, folder / "rrdb-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save({"state_dict": {f"generator.{n}": t for n, t in rrdb.items()}}, folder / "rrdb-prefixed.pth")
    save_torch({name: tensor.half() for name, tensor in rrdb.items()}, folder / "rrdb-half.safetensors")
    save_torch(rrdb, folder / "rrdb.safetensors")
    export(networks["rrdb"], folder / "rrdb-named.onnx", False)
    export(networks["rrdb"], folder / "rrdb-listed.onnx", True)
    ncnn(networks["rrdb"], folder / "rrdb-ncnn")
    torch.save({"params": x2}, folder / "rrdb-x2-params.pth")
    torch.save({"params": srvgg}, folder / "srvgg-params.pth")
    export(networks["srvgg"], folder / "srvgg-listed.onnx", True)
    ncnn(networks["srvgg"], folder / "srvgg-ncnn")


def main():
    torch.set_num_threads(2)
    photo = np.asarray(Image.open(sys.argv[1]).convert("RGB"))[90:130, 200:248]
    tensors = {"photo": np.ascontiguousarray(photo)}
    real(dict(argument.split("=", 1) for argument in sys.argv[2:]), photo, tensors)
    small(tensors)
    save_file(tensors, GOLDEN / "upscalers.safetensors")


if __name__ == "__main__":
    main()
