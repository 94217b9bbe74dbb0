"""danqing's upscaler weights as plain ONNX models, so that onnxruntime can run them without danqing's tiles, border and
tone anchor. RRDBNet and SRVGGNetCompact are built layer by layer from the file of the model store.
"""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def stored(binary: str, id: str) -> Path:
    found = subprocess.run([binary, "models", "path", id], check=True, capture_output=True, text=True)
    return Path(found.stdout.strip())


def layers_in_order(path: Path) -> list[dict]:
    """Weights of a safetensors file whose tensors are named after numbered layers, layer by layer."""
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    layers: dict[int, dict] = {}
    for name, entry in json.loads(data[8:end]).items():
        if name == "__metadata__":
            continue
        layer, part = name.rsplit(".", 1)
        first, last = (end + offset for offset in entry["data_offsets"])
        values = np.frombuffer(data[first:last], {"F32": np.float32, "F16": np.float16}[entry["dtype"]])
        number = int(re.search(r"(\d+)$", layer)[1])
        layers.setdefault(number, {})[part] = values.astype(np.float32).reshape(entry["shape"])
    return [layers[number] for number in sorted(layers)]


class Builder:
    def __init__(self, layers: list[dict]):
        self.layers, self.nodes, self.tensors, self.count = iter(layers), [], [], 0

    def name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def constant(self, values: np.ndarray) -> str:
        name = self.name()
        self.tensors.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, *inputs: str, **attributes) -> str:
        name = self.name()
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def conv(self, x: str) -> str:
        layer = next(self.layers)
        return self.node("Conv", x, self.constant(layer["weight"]), self.constant(layer["bias"]), pads=[1] * 4)

    def leaky(self, x: str) -> str:
        return self.node("LeakyRelu", x, alpha=0.2)

    def enlarged(self, x: str, times: int) -> str:
        scales = self.constant(np.array([1, 1, times, times], np.float32))
        return self.node("Resize", x, "", scales, mode="nearest", nearest_mode="floor",
                         coordinate_transformation_mode="asymmetric")

    def scaled_sum(self, x: str, y: str) -> str:
        return self.node("Add", self.node("Mul", x, self.constant(np.array(0.2, np.float32))), y)

    def model(self, output: str) -> onnxruntime.InferenceSession:
        shape = [1, 3, "height", "width"]
        self.nodes.append(helper.make_node("Identity", [output], ["output"]))
        graph = helper.make_graph(self.nodes, "upscaler", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
                                  [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, "h", "w"])], self.tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        return session(model.SerializeToString())


def session(model: bytes | str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting is not counted as work
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def rrdbnet(layers: list[dict]) -> onnxruntime.InferenceSession:
    build, blocks = Builder(layers), (len(layers) - 6) // 15
    first = x = build.conv("input")
    for _ in range(blocks):
        start = x
        for _ in range(3):
            seen = [x]
            for _ in range(4):
                seen.append(build.leaky(build.conv(build.node("Concat", *seen, axis=1) if len(seen) > 1 else seen[0])))
            x = build.scaled_sum(build.conv(build.node("Concat", *seen, axis=1)), x)
        x = build.scaled_sum(x, start)
    x = build.node("Add", build.conv(x), first)
    for _ in range(2):
        x = build.leaky(build.conv(build.enlarged(x, 2)))
    return build.model(build.conv(build.leaky(build.conv(x))))


def srvgg(layers: list[dict]) -> onnxruntime.InferenceSession:
    build, x = Builder(layers), "input"
    for layer in layers[1:-1:2]:
        slopes = build.constant(layer["slope"].reshape(-1, 1, 1))
        x = build.conv(x)
        next(build.layers)
        x = build.node("PRelu", x, slopes)
    x = build.node("DepthToSpace", build.conv(x), blocksize=4, mode="CRD")
    return build.model(build.node("Add", x, build.enlarged("input", 4)))


def plain(binary: str, id: str) -> onnxruntime.InferenceSession:
    """An id of danqing's catalogue as onnxruntime runs it."""
    path = stored(binary, id)
    if path.suffix == ".onnx":
        return session(str(path))
    return (srvgg if "video" in id else rrdbnet)(layers_in_order(path))


def run(model: onnxruntime.InferenceSession, rgb: np.ndarray) -> np.ndarray:
    """8-bit RGB to 8-bit RGB."""
    x = rgb.astype(np.float32).transpose(2, 0, 1)[None] / 255
    y = model.run(None, {"input": x})[0][0].transpose(1, 2, 0)
    return (y.clip(0, 1) * 255 + 0.5).astype(np.uint8)
