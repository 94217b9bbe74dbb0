#!/usr/bin/env python3
"""Golden files of the networks of latent diffusion, from diffusers and transformers in fp32 (versions:
tools/requirements-golden-diffusion.txt).

    python tools/golden/diffusion.py

Writes tests/golden/diffusion.safetensors (outputs and per-block statistics of small networks with the true structure,
whose weights and inputs come from the rule of seeded_weights.py) and tests/golden/diffusion_keys.txt (names and
dimensions of every tensor of the full-size networks).
"""

import pathlib

import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from diffusers.models.embeddings import get_timestep_embedding
from safetensors.numpy import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from seeded_weights import fill, seeded_unit, seeded_values

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden"

# Levels with transformers, then one without, as in the full-size network.
UNET = {
    "block_out_channels": (32, 64, 64),
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 2,
    "cross_attention_dim": 24,
}
UNETS = {
    "sd1": {"attention_head_dim": 2},
    "sd1_inpaint": {"attention_head_dim": 2, "in_channels": 9},
    "sd2": {"attention_head_dim": (2, 4, 4), "use_linear_projection": True},
}
VAE = {
    "block_out_channels": (32, 32, 64, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "scaling_factor": 0.18215,
}
CLIP = {
    "vocab_size": 120,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
    "max_position_embeddings": 77,
    # The ends of a text are only looked for in the pooled output, which is not compared.
    "eos_token_id": 2,
}


def seeded_input(name, batch, height, width, channels):
    """Values by index in NHWC, as NCHW."""
    values = seeded_unit(name, batch * height * width * channels).reshape(batch, height, width, channels)
    return torch.from_numpy(values).permute(0, 3, 1, 2).contiguous()


def nhwc(tensor):
    return tensor.detach().permute(0, 2, 3, 1).contiguous().numpy()


def statistics(tensor):
    """Mean, deviation and largest magnitude."""
    values = tensor.detach().double()
    return np.array([values.mean(), values.std(correction=0), values.abs().max()], np.float32)


def watch(model, names, prefix, golden):
    """Notes the statistics of what modules put out."""
    for name in names:

        def note(_, __, output, name=name):
            output = output[0] if isinstance(output, tuple) else output
            golden[f"{prefix}.{name}.statistics"] = statistics(output)

        model.get_submodule(name).register_forward_hook(note)


def unets(golden):
    blocks = ["conv_in", "mid_block"] + [f"{side}_blocks.{i}" for side in ("down", "up") for i in range(3)]
    for name, settings in UNETS.items():
        model = fill(UNet2DConditionModel(**UNET, **settings))
        watch(model, blocks, f"unet.{name}", golden)
        # Sides that halving does not divide: the way up takes the size of what it meets.
        latent = seeded_input("input.latent", 2, 10, 6, model.config.in_channels)
        context = torch.from_numpy(seeded_unit("input.context", 2 * 7 * 24).reshape(2, 7, 24))
        with torch.inference_mode():
            output = model(latent, torch.tensor([981.0, 17.5]), context).sample
        golden[f"unet.{name}.output"] = nhwc(output)


def autoencoders(golden):
    model = fill(AutoencoderKL(**VAE))
    watch(model.encoder, [f"down_blocks.{i}" for i in range(4)] + ["mid_block"], "vae.encoder", golden)
    watch(model.decoder, [f"up_blocks.{i}" for i in range(4)] + ["mid_block"], "vae.decoder", golden)
    picture, latent = seeded_input("input.picture", 1, 24, 16, 3), seeded_input("input.latent", 1, 3, 2, 4)
    with torch.inference_mode():
        encoded = model.encode(picture).latent_dist
        golden["vae.mean"] = nhwc(encoded.mean * 0.18215)
        golden["vae.deviation"] = nhwc(encoded.std * 0.18215)
        golden["vae.decoded"] = nhwc(model.decode(latent / 0.18215).sample)
    tiny = fill(AutoencoderTiny())
    with torch.inference_mode():
        golden["taesd.latent"] = nhwc(tiny.encode(picture).latents)
        golden["taesd.decoded"] = nhwc(tiny.decode(latent * 4).sample)


def text_encoders(golden):
    tokens = torch.tensor([[(7 * i * i + 3 * i + 1) % 120 for i in range(77)]])
    for activation in ("quick_gelu", "gelu"):
        model = fill(CLIPTextModel(CLIPTextConfig(hidden_act=activation, **CLIP)))
        with torch.inference_mode():
            states = model(tokens, output_hidden_states=True).hidden_states
            for skipped in (0, 1):
                output = model.text_model.final_layer_norm(states[-1 - skipped])
                golden[f"clip.{activation}.skip{skipped}"] = output[0, ::8].numpy()
            short = model(tokens[:, :5]).last_hidden_state
        golden[f"clip.{activation}.short"] = short[0].numpy()
        for layer in range(3):
            golden[f"clip.{activation}.layers.{layer}.statistics"] = statistics(states[layer + 1])


def keys():
    """Sections of lines: a tensor's name and its dimensions."""
    with torch.device("meta"):
        unet = {"cross_attention_dim": 768, "attention_head_dim": 8}
        unet2 = {"cross_attention_dim": 1024, "attention_head_dim": (5, 10, 20, 20), "use_linear_projection": True}
        vae = {**VAE, "block_out_channels": (128, 256, 512, 512)}
        clip2 = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 23}
        models = {
            "unet sd1": UNet2DConditionModel(**unet),
            "unet sd1_inpaint": UNet2DConditionModel(in_channels=9, **unet),
            "unet sd2": UNet2DConditionModel(**unet2),
            "vae sd": AutoencoderKL(**vae),
            "taesd": AutoencoderTiny(),
            "clip sd1": CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12)),
            "clip sd2": CLIPTextModel(CLIPTextConfig(**clip2)),
        }
    lines = []
    for section, model in models.items():
        lines.append(f"[{section}]")
        shapes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
        lines += [" ".join([name, *map(str, shapes[name])]) for name in sorted(shapes)]
    return "\n".join(lines) + "\n"


def main():
    golden = {}
    golden["seeded.matrix"] = seeded_values("a.weight", (3, 5))
    golden["seeded.bias"] = seeded_values("a.bias", (4,))
    golden["seeded.vector"] = seeded_values("norm.weight", (4,))
    times = torch.tensor([0.0, 1.0, 17.5, 500.0, 999.0])
    golden["time.steps"] = times.numpy()
    golden["time.embedding"] = get_timestep_embedding(times, 320, flip_sin_to_cos=True, downscale_freq_shift=0).numpy()
    unets(golden)
    autoencoders(golden)
    text_encoders(golden)
    save_file({name: np.ascontiguousarray(value) for name, value in golden.items()}, GOLDEN / "diffusion.safetensors")
    (GOLDEN / "diffusion_keys.txt").write_text(keys())


if __name__ == "__main__":
    main()
