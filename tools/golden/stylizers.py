"""Makes the goldens of danqing-models' stylizers: vgg19, adain and multistyle26.

Versions: numpy 1.26.4, torch 2.5.1, onnxruntime 1.19.2, safetensors 0.4.5 (tools/requirements-networks.txt).
Weights: vgg_normalized.pth, decoder.pth and multistyle26.onnx of the catalogue; the first two as danqing's store keeps
         them, converted to safetensors.

    python tools/golden/stylizers.py VGG.safetensors DECODER.safetensors MULTISTYLE.onnx [FOLDER]

FOLDER (default tests/golden) gets vgg19.safetensors, adain.safetensors and multistyle26.safetensors, all f32:
    CASE.BLOCK.statistics  [3]          mean, standard deviation (population), largest magnitude
    CASE.BLOCK.samples     [8]          values at `sample_positions`
    CASE.output_crop       [48, 48, 3]  rows and columns 24 to 72 of the picture (not for vgg19)
Pictures are `picture(height, width, kind)`, integers only, so that the tests make the same ones.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from safetensors.torch import load_file

CONVOLUTIONS = {
    "1_1": 2, "1_2": 5, "2_1": 9, "2_2": 12, "3_1": 16, "3_2": 19, "3_3": 22, "3_4": 25,
    "4_1": 29, "4_2": 32, "4_3": 35, "4_4": 38, "5_1": 42, "5_2": 45, "5_3": 48, "5_4": 51,
}  # fmt: skip
DECODER = [(1, True), (5, False), (8, False), (11, False), (14, True), (18, False), (21, True), (25, False), (28, False)]
ONNX_BLOCKS = {
    "contract.1": "/contract.1/Relu_output_0",
    "contract.2": "/contract.2/Relu_output_0",
    **{f"res.{i}": f"/Add{f'_{i}' if i else ''}_output_0" for i in range(6)},
    "expand.0": "/expand.0/Relu_output_0",
    "expand.1": "/expand.1/Relu_output_0",
    "expand.2": "stylized",
}


def picture(height, width, kind):
    """Ramps, a checkerboard, discs and hashed grain. [height, width, 3] f32 in 0..1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    if kind == "content":
        colours = [x * 255 // (width - 1), y * 255 // (height - 1), 64 + 96 * ((x // 16 + y // 16) % 2)]
        disc, flat = (x - width // 3) ** 2 + (y - height // 2) ** 2 < 30**2, (200, 90, 60)
    else:
        colours = [40 + 150 * ((x + y) // 12 % 2), 30 + 90 * ((x + 2 * y) // 9 % 2), 220 - 170 * ((3 * x - y) // 17 % 2)]
        disc, flat = (x - width // 2) ** 2 + (y - height // 2) ** 2 < 25**2, (240, 200, 40)
    grain = (((x * 73856093) & 0xFFFFFFFF ^ (y * 19349663) & 0xFFFFFFFF) >> 7 & 15) - 8
    planes = [np.where(disc, f, c) + grain for f, c in zip(flat, colours)]
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(np.float32) / np.float32(255)


def sample_positions(channels, height, width):
    """Eight positions spread over a map."""
    return [((37 * k + 11) % channels, (29 * k * k + 7 * k + 3) % height, (31 * k * k + 13 * k + 5) % width) for k in range(8)]


def summarise(made, case, name, value):
    value = np.asarray(value)[0]  # [channels, height, width]
    wide = value.astype(np.float64)
    made[f"{case}.{name}.statistics"] = np.float32([wide.mean(), wide.std(), np.abs(wide).max()])
    made[f"{case}.{name}.samples"] = np.float32([value[p] for p in sample_positions(*value.shape)])


def crop(made, case, output):
    made[f"{case}.output_crop"] = np.ascontiguousarray(np.asarray(output)[0].transpose(1, 2, 0)[24:72, 24:72])


def tensor(image):
    return torch.from_numpy(image.transpose(2, 0, 1)[None].copy())


def mirrored(x, weights, index):
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), weights[f"{index}.weight"], weights[f"{index}.bias"])


def encoded(weights, x, observe=lambda name, value: None, last="5_4"):
    """`vgg` of pytorch-AdaIN; relu of `last`."""
    x = F.conv2d(x, weights["0.weight"], weights["0.bias"])
    for name, index in CONVOLUTIONS.items():
        if name.endswith("_1") and name != "1_1":
            x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        x = mirrored(x, weights, index)
        observe(f"conv{name}", x)
        x = F.relu(x)
        observe(f"relu{name}", x)
        if name == last:
            return x


def decoded(weights, x, observe=lambda name, value: None):
    for index, doubled in DECODER:
        x = mirrored(x, weights, index)
        x = x if index == 28 else F.relu(x)
        observe(f"decoder.{index}", x)
        if doubled:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
    return x


def statistics(x):
    """`calc_mean_std` of pytorch-AdaIN."""
    flat = x.flatten(2)
    return flat.mean(2)[..., None, None], (flat.var(2) + 1e-5).sqrt()[..., None, None]


def exchanged(content, styles, weights, alpha):
    mean, deviation = statistics(content)
    made = sum(w * ((content - mean) / deviation * s[1] + s[0]) for w, s in zip(weights, map(statistics, styles)))
    return alpha * made + (1 - alpha) * content


def vgg19(vgg):
    made = {}
    for case, size in {"even_96x128": (96, 128), "odd_83x107": (83, 107)}.items():
        encoded(vgg, tensor(picture(*size, "content")), lambda n, v: summarise(made, case, n, v))
    return made


def adain(vgg, decoder):
    made = {}
    content, art = tensor(picture(96, 128, "content")), tensor(picture(128, 128, "style"))
    other = tensor(picture(112, 96, "content").copy()[::-1, :, ::-1].copy())
    features, arts = (encoded(vgg, x, last="4_1") for x in (content,)), [encoded(vgg, x, last="4_1") for x in (art, other)]
    features = next(features)
    cases = {"one": (arts[:1], [1.0], 1.0), "half": (arts[:1], [1.0], 0.5), "two": (arts, [0.75, 0.25], 1.0)}
    for case, (styles, weights, alpha) in cases.items():
        mixed = exchanged(features, styles, weights, alpha)
        summarise(made, case, "exchanged", mixed)
        crop(made, case, decoded(decoder, mixed, lambda n, v: summarise(made, case, n, v)))
    return made


def multistyle26(path):
    model = onnx.load(path)
    names = [name for name in ONNX_BLOCKS.values() if name != "stylized"]
    model.graph.output.extend(onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    made = {}
    image = picture(96, 128, "content").transpose(2, 0, 1)[None].copy()
    cases = {"first": {0: 1.0}, "last": {25: 1.0}, "blend": {3: 0.5, 12: 0.25, 19: 0.25}}
    for case, shares in cases.items():
        weights = np.float32([shares.get(i, 0) for i in range(26)])
        values = session.run(list(ONNX_BLOCKS.values()), {"image": image, "style_weights": weights})
        for name, value in zip(ONNX_BLOCKS, values):
            summarise(made, case, name, value)
        crop(made, case, values[-1])
    return made


def main():
    folder = Path(sys.argv[4]) if len(sys.argv) > 4 else Path(__file__).parents[2] / "tests/golden"
    vgg, decoder = load_file(sys.argv[1]), load_file(sys.argv[2])
    with torch.no_grad():
        goldens = {"vgg19": vgg19(vgg), "adain": adain(vgg, decoder), "multistyle26": multistyle26(sys.argv[3])}
    for name, made in goldens.items():
        save_file(made, folder / f"{name}.safetensors")
        print(name, (folder / f"{name}.safetensors").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
