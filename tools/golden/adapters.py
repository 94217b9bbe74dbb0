#!/usr/bin/env python3
"""Golden file of additions to checkpoints, from diffusers 0.31.0 with PEFT 0.13.2 in fp32.

    python tools/golden/adapters.py PATH of bpe_simple_vocab_16e6.txt.gz

Writes tests/golden/adapters.safetensors: text-to-image runs on the tiny checkpoints of reimagine.py with load_lora_weights
(kohya's names and PEFT's, two files at once) and load_textual_inversion. The files' values come from the rule of
seeded_weights.py; crates/danqing-pipelines/tests/diffusion/adapters.rs makes the same.
"""

import gzip
import json
import pathlib
import sys
import tempfile

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors.numpy import save_file
from transformers import CLIPTokenizer

from reimagine import DDIM, GOLDEN, HEIGHT, NEGATIVE, PROMPT, WIDTH, encoded, tiny
from seeded_weights import seeded_values

RANK, ALPHA = 2, 1.0
OPTIONS = dict(num_inference_steps=3, guidance_scale=5.0, output_type="latent", height=HEIGHT, width=WIDTH)


def layers(model):
    """Layers that kohya's trainer adds to."""
    wanted = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out")
    wanted += ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")
    for name, weight in model.named_parameters():
        layer = name.removesuffix(".weight")
        if layer != name and layer.endswith(wanted):
            yield layer, list(weight.shape)


def halves(layer, shape, prefix):
    """The two factors of a layer, by rule."""
    ones = [1] * (len(shape) - 2)
    for half, dimensions in (("down", [RANK, shape[1], *ones]), ("up", [shape[0], RANK, *ones])):
        yield half, torch.from_numpy(seeded_values(f"{prefix}{layer}.{half}", dimensions))


def kohya(unet, text):
    state = {}
    for prefix, model in (("lora_unet_", unet), ("lora_te_", text)):
        for layer, shape in layers(model):
            name = prefix + layer.replace(".", "_")
            for half, value in halves(layer, shape, "a:"):
                state[f"{name}.lora_{half}.weight"] = value
            state[f"{name}.alpha"] = torch.tensor(ALPHA)
    return state


def peft(unet):
    state = {}
    for layer, shape in layers(unet):
        if "attn" in layer:
            for half, value in halves(layer, shape, "b:"):
                state[f"unet.{layer}.lora_{'A' if half == 'down' else 'B'}.weight"] = value
    return state


def pipeline(kind, tokenizer=None):
    unet, vae, text = tiny(kind)
    parts = dict(vae=vae, text_encoder=text, tokenizer=tokenizer, unet=unet, scheduler=DDIMScheduler(**DDIM))
    return StableDiffusionPipeline(**parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def noise(name):
    return torch.randn(1, 4, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(len(name)))


def with_loras(golden):
    made = pipeline("sd1")
    first, second = kohya(made.unet, made.text_encoder), peft(made.unet)
    made.load_lora_weights(first, adapter_name="first")
    made.load_lora_weights(second, adapter_name="second")
    for name, weights in {"kohya": {"first": 0.8}, "both": {"first": 0.5, "second": -0.3}}.items():
        made.set_adapters(list(weights), list(weights.values()))
        words = [encoded(made.text_encoder, ids, 49407, 0) for ids in (PROMPT, NEGATIVE)]
        golden[f"{name}.noise"] = noise(name).numpy()
        golden[f"{name}.latents"] = made(
            prompt_embeds=words[0], negative_prompt_embeds=words[1], latents=noise(name), **OPTIONS
        ).images.numpy()


def tokenizer(path):
    merges = gzip.open(path).read().decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    printing = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in printing] + [chr(256 + n) for n in range(256 - len(printing))]
    words = letters + [f"{letter}</w>" for letter in letters] + ["".join(merge.split()) for merge in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
        (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges))
        return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def with_inversion(golden, path):
    made = pipeline("sd1", tokenizer(path))
    vectors = torch.from_numpy(seeded_values("inversion", [3, 64]))
    made.load_textual_inversion({"<cat-toy>": vectors}, token="<cat-toy>")
    golden["inversion.noise"] = noise("inversion").numpy()
    golden["inversion.latents"] = made(
        "a photo of <cat-toy> on the moon", negative_prompt="dog", latents=noise("inversion"), **OPTIONS
    ).images.numpy()


def main():
    golden = {}
    with torch.inference_mode():
        with_loras(golden)
        with_inversion(golden, sys.argv[1])
    save_file({name: np.ascontiguousarray(value) for name, value in golden.items()}, GOLDEN / "adapters.safetensors")


if __name__ == "__main__":
    main()
