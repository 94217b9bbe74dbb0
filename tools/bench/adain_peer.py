"""One run of the published AdaIN in torch, beside which danqing's transfer is timed.

    tools/.venv-networks/bin/python tools/bench/adain_peer.py PICTURE MASK OUT VGG.safetensors DECODER.safetensors ART

MASK is not read. Prints the processor seconds that starting Python and importing libraries took.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

sys.path.append(str(Path(__file__).parents[1] / "golden"))
from stylizers import decoded, encoded, exchanged, tensor  # noqa: E402


def pixels(picture: Image.Image) -> torch.Tensor:
    return tensor(np.asarray(picture.convert("RGB")).astype(np.float32) / 255)


def main() -> None:
    print("imported", time.process_time(), flush=True)
    picture_file, _, out, vgg_file, decoder_file, art_file = sys.argv[1:]
    vgg, decoder, art = load_file(vgg_file), load_file(decoder_file), Image.open(art_file)
    scale = 512 / min(art.size)
    art = art.resize([round(n * scale) for n in art.size], Image.Resampling.LANCZOS)
    with torch.no_grad():
        features = encoded(vgg, pixels(Image.open(picture_file)), last="4_1")
        made = decoded(decoder, exchanged(features, [encoded(vgg, pixels(art), last="4_1")], [1.0], 1.0))
    Image.fromarray((made[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()).save(out)


if __name__ == "__main__":
    main()
