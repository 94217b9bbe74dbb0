"""Headers of GGUF checkpoints as other programs lay them out, written by the package gguf 0.19.0 (numpy 1.26.4).

Makes tests/golden/gguf_{whole,unet}.header from the tiny Stable Diffusion 1 of tests/golden/diffusion_single_file.txt
(`tools/golden/reimagine.py` makes that list): all that stands before the tensors' bytes. The test puts the bytes behind it.

  whole  leejet/stable-diffusion.cpp `src/convert.cpp`, `src/model_loader.cpp` (`tensor_should_be_converted`): a whole
         checkpoint under its own names; biases, embeddings, norms' and the time's weights keep their type
  unet   city96/ComfyUI-GGUF `tools/convert.py`: the UNet without its prefix; kernels in rows of 256, the sides they had
         beside them; vectors and small tensors keep their type
"""

import tempfile
from pathlib import Path

import gguf
import numpy as np

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"
PREFIX = "model.diffusion_model."


def listed():
    """Names and sides."""
    text = (GOLDEN / "diffusion_single_file.txt").read_text()
    section = text.split("[tiny sd1]\n")[1].split("[")[0]
    for line in section.splitlines():
        name, *sides = line.split(" = ")[0].split(" ")
        yield name, [int(side) for side in sides]


def zeros(writer, name, shape, is_quantised):
    data = np.zeros(shape, np.float32)
    if not is_quantised or shape[-1] % 32:
        writer.add_tensor(name, data)
        return
    writer.add_tensor(name, gguf.quants.quantize(data, gguf.GGMLQuantizationType.Q8_0), raw_dtype=gguf.GGMLQuantizationType.Q8_0)


def save(name, architecture, fill):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.gguf"
        writer = gguf.GGUFWriter(path, architecture)
        fill(writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        start = gguf.GGUFReader(path).data_offset
        (GOLDEN / f"gguf_{name}.header").write_bytes(path.read_bytes()[:start])


def whole(writer):
    for name, shape in listed():
        kept = name.endswith(".bias") or "embedding" in name or "time_embed." in name or len(shape) == 1
        zeros(writer, name, shape, not kept)


def unet(writer):
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    for name, shape in listed():
        if not name.startswith(PREFIX):
            continue
        name, count = name[len(PREFIX) :], int(np.prod(shape))
        if len(shape) > 1 and count >= 512 and count % 256 == 0 and shape[-1] % 256:
            writer.add_array(f"comfy.gguf.orig_shape.{name}", tuple(shape))
            shape = [count // 256, 256]
        zeros(writer, name, shape, len(shape) > 1 and count > 1024)


if __name__ == "__main__":
    save("whole", "sd1", whole)
    save("unet", "sd1", unet)
