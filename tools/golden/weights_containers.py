"""Tiny weight files written by the real libraries, and their exact contents.

Makes tests/golden/weights_containers/*: checkpoints in every container that danqing-weights reads, and one JSON per
part with dtype, shape and bytes (hex, little-endian, row-major) of every tensor.

Parts and pinned versions (run `weights_containers.py PART...`; without arguments all):
  torch        torch 1.13.1, numpy 1.24.2
  numpy        numpy 1.26.4
  safetensors  safetensors 0.4.5, numpy 1.26.4
  onnx         onnx 1.17.0, numpy 1.26.4
  gguf         gguf 0.19.0, numpy 1.26.4
  ncnn         ncnn 1.0.20240410 (checks that ncnn itself reads the files as meant), numpy 1.26.4
"""

import json
import pickle
import struct
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "weights_containers"
NAMES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}


def described(array):
    """One numpy array as the tests compare it."""
    shape = list(array.shape)
    array = np.ascontiguousarray(array)
    return {"dtype": NAMES[array.dtype.name], "shape": shape, "hex": array.tobytes().hex()}


def save_expected(part, files):
    text = json.dumps(files, indent=1, sort_keys=True)
    (OUT / f"{part}.json").write_text(text + "\n")


def arrays():
    """Values that are exact in their type and differ everywhere."""
    rng = np.random.default_rng(7)
    return {
        "f32": rng.standard_normal((2, 3, 4)).astype(np.float32),
        "f64": rng.standard_normal((3, 2)),
        "f16": rng.standard_normal(5).astype(np.float16),
        "i64": rng.integers(-(2**60), 2**60, (2, 2)),
        "i32": rng.integers(-(2**30), 2**30, 3).astype(np.int32),
        "i16": rng.integers(-(2**15), 2**15, 3).astype(np.int16),
        "i8": rng.integers(-128, 128, 3).astype(np.int8),
        "u8": rng.integers(0, 256, (3, 1)).astype(np.uint8),
        "bool": np.array([True, False, True]),
        "scalar": np.array(2.5, np.float32),
        "empty": np.zeros((0, 3), np.float32),
    }


def torch_part():
    import torch

    def describe(tensor):
        tensor = tensor.detach().contiguous()
        if tensor.dtype == torch.bfloat16:
            raw = tensor.view(torch.int16).numpy()
            return described(raw) | {"dtype": "BF16", "shape": list(tensor.shape)}
        return described(tensor.numpy())

    tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays().items()}
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    tensors["bf16"] = torch.linspace(-3, 3, 7).to(torch.bfloat16)
    tensors["transposed"] = base.t()
    tensors["sliced"] = base[1:3, ::2]
    tensors["shared"] = base
    tensors["expanded"] = torch.tensor([[1.5], [2.5]]).expand(2, 3)
    tensors["parameter"] = torch.nn.Parameter(torch.tensor([0.25, -0.5]))
    nested = OrderedDict(
        state_dict=OrderedDict(tensors), step=12, rate=0.5, name="画", flag=True, nothing=None, rows=[base[0], base[1]]
    )
    module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    with torch.no_grad():
        for index, value in enumerate(module.state_dict().values()):
            value.copy_(torch.arange(value.numel()).reshape(value.shape) / 8 + index)
    state = module.state_dict()
    expected = {f"state_dict.{name}": describe(tensor) for name, tensor in tensors.items()}
    expected |= {"rows.0": describe(base[0]), "rows.1": describe(base[1])}
    files = {}
    for name, new in [("torch_zip.pt", True), ("torch_legacy.pth", False)]:
        torch.save(nested, OUT / name, _use_new_zipfile_serialization=new)
        files[name] = expected
    for name, new in [("module_zip.pth", True), ("module_legacy.pth", False)]:
        torch.save(state, OUT / name, _use_new_zipfile_serialization=new)
        files[name] = {key: describe(value) for key, value in state.items()}
    save_expected("torch", files)


def numpy_part():
    values = arrays() | {"column_major": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))}
    tree = {"params": {"conv": values, "list": [np.arange(3, dtype=np.uint16)]}, "number": 3}
    expected = {f"params.conv.{name}": described(array) for name, array in values.items()}
    expected["params.list.0"] = described(tree["params"]["list"][0])
    files = {}
    for protocol in (3, 4):
        name = f"numpy_{protocol}.pkl"
        (OUT / name).write_bytes(pickle.dumps(tree, protocol))
        files[name] = expected
    rows = {key: value for key, value in values.items() if key != "column_major"}
    (OUT / "numpy_2.pkl").write_bytes(pickle.dumps(rows, 2))
    files["numpy_2.pkl"] = {name: described(array) for name, array in rows.items()}
    save_expected("numpy", files)


def safetensors_part():
    from safetensors.numpy import save_file

    values = {name: np.ascontiguousarray(array).reshape(array.shape) for name, array in arrays().items()}
    save_file(values, OUT / "mixed.safetensors", metadata={"format": "np", "title": "江雪"})
    save_expected("safetensors", {"mixed.safetensors": {name: described(array) for name, array in values.items()}})


def onnx_part():
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    values = arrays()
    initialisers = [numpy_helper.from_array(array, f"raw.{name}") for name, array in values.items()]
    expected = {f"raw.{name}": described(array) for name, array in values.items()}
    typed = {
        "f32": TensorProto.FLOAT, "f64": TensorProto.DOUBLE, "i64": TensorProto.INT64, "i32": TensorProto.INT32,
        "i16": TensorProto.INT16, "i8": TensorProto.INT8, "u8": TensorProto.UINT8, "bool": TensorProto.BOOL,
        "f16": TensorProto.FLOAT16,
    }
    for name, kind in typed.items():
        array = values[name]
        initialisers.append(helper.make_tensor(f"typed.{name}", kind, array.shape, array.flatten().tolist()))
        expected[f"typed.{name}"] = described(array)
    for name, kind, dtype in [("u64", TensorProto.UINT64, np.uint64), ("u32", TensorProto.UINT32, np.uint32)]:
        array = np.array([1, 2**31 + 5], dtype)
        initialisers.append(helper.make_tensor(f"typed.{name}", kind, array.shape, array.tolist()))
        expected[f"typed.{name}"] = described(array)

    weight = np.arange(36, dtype=np.float32).reshape(2, 2, 3, 3) / 4
    initialisers.append(numpy_helper.from_array(weight, "conv.weight"))
    expected["conv.weight"] = described(weight)
    constant = np.array([0.5, -1.5], np.float32)
    branch = np.array([[1.0], [2.0]], np.float32)

    def body(name, array):
        node = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(array, "inner"))
        return helper.make_graph([node], name, [], [helper.make_tensor_value_info("c", 1, array.shape)])

    nodes = [
        helper.make_node("Constant", [], ["bias"], value=numpy_helper.from_array(constant)),
        helper.make_node(
            "Conv", ["x", "conv.weight", "bias"], ["y"], name="conv", strides=[2, 2], pads=[1, 1, 1, 1], group=1
        ),
        helper.make_node("LeakyRelu", ["y"], ["z"], name="act", alpha=0.25),
        helper.make_node("If", ["cond"], ["w"], then_branch=body("then", branch), else_branch=body("else", -branch)),
        helper.make_node("Resize", ["z", "", "scales"], ["out"], mode="nearest"),
    ]
    expected["bias"] = described(constant)
    expected["w.then_branch/c"] = described(branch)
    expected["w.else_branch/c"] = described(-branch)
    scales = np.array([1, 1, 2, 2], np.float32)
    initialisers.append(numpy_helper.from_array(scales, "scales"))
    expected["scales"] = described(scales)
    inputs = [helper.make_tensor_value_info("x", 1, [1, 2, 8, 8]), helper.make_tensor_value_info("cond", 9, [])]
    outputs = [helper.make_tensor_value_info("out", 1, [None] * 4), helper.make_tensor_value_info("w", 1, [2, 1])]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initialisers)
    model = helper.make_model(graph, producer_name="danqing", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.metadata_props.add(key="author", value="张")
    onnx.checker.check_model(model)
    (OUT / "tiny.onnx").write_bytes(model.SerializeToString())
    save_expected("onnx", {"tiny.onnx": expected})


def ncnn_part():
    import ncnn

    rng = np.random.default_rng(3)
    conv = (rng.integers(-8, 8, (3, 2, 3, 2)) / 8).astype(np.float32)
    bias = (rng.integers(-8, 8, 3) / 8).astype(np.float32)
    depthwise = (rng.integers(-8, 8, (3, 1, 3, 3)) / 8).astype(np.float32)
    slope = np.array([0.5, 0.25, 0.125], np.float32)
    dense = (rng.integers(-8, 8, (5, 3)) / 8).astype(np.float32)
    param = """7767517
7 7
Input            in       0 1 in 0=6 1=5 2=2
Convolution      conv     1 1 in a 0=3 1=2 11=3 5=1 6=36
ConvolutionDepthWise dw   1 1 a b 0=3 1=3 5=0 6=27 7=3
PReLU            act      1 1 b c 0=3
Pooling          pool     1 1 c d 0=1 4=1
InnerProduct     fc       1 1 d e 0=5 1=1 2=15
Noop             out      1 1 e out -23301=2,0.5,1.5
"""
    fc_bias = (rng.integers(-8, 8, 5) / 8).astype(np.float32)
    tag16, tag32 = struct.pack("<I", 0x01306B47), struct.pack("<I", 0)

    def half(array):
        raw = array.astype(np.float16).tobytes()
        return tag16 + raw + b"\0" * (-len(raw) % 4)

    def single(array):
        return tag32 + array.tobytes()

    files = {}
    for name, pack, dtype in [("ncnn_fp16", half, np.float16), ("ncnn_fp32", single, np.float32)]:
        blob = pack(conv) + bias.tobytes() + pack(depthwise) + slope.tobytes() + pack(dense) + fc_bias.tobytes()
        (OUT / f"{name}.param").write_text(param)
        (OUT / f"{name}.bin").write_bytes(blob)
        tensors = {"conv.weight": conv, "dw.weight": depthwise, "fc.weight": dense}
        tensors = {key: value.astype(dtype) for key, value in tensors.items()}
        tensors |= {"conv.bias": bias, "act.slope": slope, "fc.bias": fc_bias}
        files[f"{name}.bin"] = {key: described(value) for key, value in tensors.items()}
        check_with_ncnn(ncnn, OUT / name, conv, bias, depthwise, slope, dense, fc_bias)
    save_expected("ncnn", files)


def gguf_part():
    """One tensor of every type. Blocks are random bytes with scales of ordinary size: any bytes are a block, and those that
    a quantiser makes do not reach every value of it."""
    import gguf
    from gguf import GGMLQuantizationType as Type

    rng = np.random.default_rng(11)
    # Where the block's own half-precision scales are, in bytes.
    scales = {
        "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
        "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
    }
    values = {}

    def blocks(kind, rows, per_row):
        block, size = gguf.GGML_QUANT_SIZES[Type[kind]]
        raw = rng.integers(0, 256, (rows * per_row, size), dtype=np.uint8)
        for at in scales[kind]:
            numbers = (rng.standard_normal(len(raw)) / 16).astype("<f2")
            raw[:, at : at + 2] = numbers.view(np.uint8).reshape(-1, 2)
        return raw.reshape(rows, per_row * size), [rows, per_row * block]

    writer = gguf.GGUFWriter(OUT / "types.gguf", "sd1")
    writer.add_string("general.name", "丹青")
    writer.add_uint32("general.file_type", 7)
    writer.add_float32("test.rate", 0.5)
    writer.add_bool("test.flag", True)
    writer.add_int16("test.negative", -3)
    writer.add_array("test.words", ["a", "bc", ""])
    writer.add_array("test.numbers", [1, 2, 3])
    expected = {}
    plain = arrays()
    for name in ("f32", "f16", "f64", "i64", "i32", "i16", "i8"):
        writer.add_tensor(name, plain[name])
        expected[name] = described(plain[name])
    half = (rng.standard_normal((2, 3)).astype("<f4").view("<u4") >> 16).astype("<u2")
    writer.add_tensor("bf16", half.view(np.uint8).reshape(2, 6), raw_dtype=Type.BF16)
    expected["bf16"] = described(half) | {"dtype": "BF16"}
    for kind in scales:
        raw, shape = blocks(kind, 2, 3 if kind.endswith("0") or kind.endswith("1") else 1)
        writer.add_tensor(kind.lower(), raw, raw_dtype=Type[kind])
        expected[kind.lower()] = described(raw) | {"dtype": kind, "shape": shape}
        values[kind.lower()] = gguf.quants.dequantize(raw, Type[kind])
        assert values[kind.lower()].shape == tuple(shape)
    # As ComfyUI-GGUF writes a kernel: rows of 256, and the sides it had.
    raw, shape = blocks("Q8_0", 9, 8)
    writer.add_array("comfy.gguf.orig_shape.kernel", [16, 16, 3, 3])
    writer.add_tensor("kernel", raw, raw_dtype=Type.Q8_0)
    expected["kernel"] = described(raw) | {"dtype": "Q8_0", "shape": [16, 16, 3, 3]}
    values["kernel"] = gguf.quants.dequantize(raw, Type.Q8_0)
    # Whole alignments, so that the file ends with a tensor and not with filling.
    writer.add_tensor("z.last", np.arange(8, dtype=np.float32))
    expected["z.last"] = described(np.arange(8, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_expected("gguf", {"types.gguf": expected})
    from safetensors.numpy import save_file

    save_file(values, OUT / "gguf_values.safetensors")


def check_with_ncnn(ncnn, path, conv, bias, depthwise, slope, dense, fc_bias):
    """ncnn's own result on the files equals the formula on the arrays: the layout is as meant."""
    x = (np.random.default_rng(5).integers(-8, 8, (2, 5, 6)) / 8).astype(np.float32)
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_vulkan_compute = False
    assert net.load_param(f"{path}.param") == 0
    assert net.load_model(f"{path}.bin") == 0
    extractor = net.create_extractor()
    extractor.input("in", ncnn.Mat(x))
    _, result = extractor.extract("out")
    a = np.zeros((3, 3, 5), np.float32)
    for o in range(3):
        for i in range(3):
            for j in range(5):
                a[o, i, j] = (x[:, i : i + 3, j : j + 2] * conv[o]).sum() + bias[o]
    b = np.zeros((3, 1, 3), np.float32)
    for o in range(3):
        for j in range(3):
            b[o, 0, j] = (a[o, 0:3, j : j + 3] * depthwise[o, 0]).sum()
    c = np.where(b < 0, b * slope[:, None, None], b)
    expected = dense @ c.mean(axis=(1, 2)) + fc_bias
    difference = np.abs(np.array(result).flatten() - expected).max()
    assert difference < 1e-4, (difference, np.array(result), expected)


PARTS = {
    "torch": torch_part, "numpy": numpy_part, "safetensors": safetensors_part, "onnx": onnx_part, "gguf": gguf_part,
    "ncnn": ncnn_part,
}

if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()
