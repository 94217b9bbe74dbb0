#!/usr/bin/env python3
"""Golden files of `reimagine`, from diffusers 0.31.0 in fp32 (versions: tools/requirements-golden-diffusion.txt).

    python tools/golden/reimagine.py

Writes tests/golden/diffusion_single_file.txt (names of tensors in single-file checkpoints beside diffusers' names, found
by running diffusers' own conversion on names instead of weights) and tests/golden/reimagine.safetensors (whole runs of
StableDiffusionPipeline and StableDiffusionImg2ImgPipeline on tiny checkpoints whose weights come from the rule of
seeded_weights.py).
"""

import pathlib

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from diffusers.loaders import single_file_utils as single
from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_img2img as img2img_module
from safetensors.numpy import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from seeded_weights import fill, seeded_unit

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "tests/golden"

# Tiny checkpoints with the true structure; crates/danqing-pipelines/tests/support/tiny.rs has the same.
UNETS = {
    "sd1": {"block_out_channels": (32, 64), "attention_head_dim": 8},
    "sd2": {"block_out_channels": (64, 128), "attention_head_dim": (1, 2), "use_linear_projection": True},
}
UNET = {
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": 64,
    "sample_size": 64,
}
VAE = {
    "block_out_channels": (32, 32, 64, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 1,
    "latent_channels": 4,
    "scaling_factor": 0.18215,
}
CLIP = {
    "vocab_size": 49408,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 1,
    "num_hidden_layers": 2,
    "max_position_embeddings": 77,
    "projection_dim": 64,
    "eos_token_id": 2,
}
ACTIVATION = {"sd1": "quick_gelu", "sd2": "gelu"}

# Names ------------------------------------------------------------------------------------------------------------------


class Tag(str):
    """A name that the conversion takes for a matrix."""

    shape, ndim = (1, 1), 2


def both(names, prefix=""):
    return [f"{prefix}{name}.{kind}" for name in names for kind in ("weight", "bias")]


RESNET = ["in_layers.0", "in_layers.2", "emb_layers.1", "out_layers.0", "out_layers.3", "skip_connection"]
ATTENTION = both(["norm", "proj_in", "proj_out"]) + [
    f"transformer_blocks.0.{name}"
    for name in [f"attn{i}.to_{part}.weight" for i in (1, 2) for part in "qkv"]
    + both([f"attn{i}.to_out.0" for i in (1, 2)] + ["norm1", "norm2", "norm3", "ff.net.0.proj", "ff.net.2"])
]


def ldm_unet_names(levels, layers, attention):
    """Modules of openaimodel.UNetModel in their order; skips that a network does not have are named too."""
    names = both(["time_embed.0", "time_embed.2", "input_blocks.0.0", "out.0", "out.2"])
    block = 1
    for level in range(levels):
        for _ in range(layers):
            names += both(RESNET, f"input_blocks.{block}.0.")
            names += [f"input_blocks.{block}.1.{name}" for name in ATTENTION if attention[level]]
            block += 1
        if level + 1 < levels:
            names += both(["op"], f"input_blocks.{block}.0.")
            block += 1
    names += both(RESNET, "middle_block.0.") + both(RESNET, "middle_block.2.")
    names += [f"middle_block.1.{name}" for name in ATTENTION]
    block = 0
    for level in reversed(range(levels)):
        for layer in range(layers + 1):
            names += both(RESNET, f"output_blocks.{block}.0.")
            names += [f"output_blocks.{block}.1.{name}" for name in ATTENTION if attention[level]]
            if layer == layers and level > 0:
                names += both(["conv"], f"output_blocks.{block}.{2 if attention[level] else 1}.")
            block += 1
    return names


def ldm_vae_names(levels, layers):
    """Modules of model.Encoder and model.Decoder."""
    resnet = ["norm1", "conv1", "norm2", "conv2", "nin_shortcut"]
    names = both(["quant_conv", "post_quant_conv"])
    for side, step in (("encoder", "down"), ("decoder", "up")):
        names += both(["conv_in", "conv_out", "norm_out"], f"{side}.")
        names += both(resnet, f"{side}.mid.block_1.") + both(resnet, f"{side}.mid.block_2.")
        names += both(["norm", "q", "k", "v", "proj_out"], f"{side}.mid.attn_1.")
        for level in range(levels):
            for layer in range(layers + (side == "decoder")):
                names += both(resnet, f"{side}.{step}.{level}.block.{layer}.")
            if side == "encoder" and level + 1 < levels:
                names += both(["conv"], f"{side}.down.{level}.downsample.")
            if side == "decoder" and level > 0:
                names += both(["conv"], f"{side}.up.{level}.upsample.")
    return names


def pairs(converted, model):
    """(name in the single file, names in diffusers) of all tensors of the model, each once."""
    wanted = set(dict(model.named_parameters()))
    found = {diffusers: str(ldm) for diffusers, ldm in converted.items() if diffusers in wanted and ldm is not None}
    assert set(found) == wanted, (set(found) ^ wanted)
    assert len(set(found.values())) == len(found)
    return sorted((ldm, [diffusers]) for diffusers, ldm in found.items())


def unet_pairs(model):
    config = model.config
    attention = ["CrossAttn" in kind for kind in config["down_block_types"]]
    names = ldm_unet_names(len(attention), config["layers_per_block"], attention)
    tagged = {f"model.diffusion_model.{name}": Tag(f"model.diffusion_model.{name}") for name in names}
    return pairs(single.convert_ldm_unet_checkpoint(tagged, dict(config)), model)


def vae_pairs(model):
    names = ldm_vae_names(len(model.config["block_out_channels"]), model.config["layers_per_block"])
    tagged = {f"first_stage_model.{name}": Tag(f"first_stage_model.{name}") for name in names}
    return pairs(single.convert_ldm_vae_checkpoint(tagged, dict(model.config)), model)


def clip_pairs(model):
    names = [f"cond_stage_model.transformer.{name}" for name, _ in model.named_parameters()]
    return pairs(single.convert_ldm_clip_checkpoint({name: Tag(name) for name in names}), model)


def open_clip_pairs(model):
    """Tensors are numbered; thirds of the joined projections have numbers of their own."""
    size, prefix = model.config.projection_dim, "cond_stage_model.model."
    names = ["token_embedding.weight", "positional_embedding", "ln_final.weight", "ln_final.bias"]
    for layer in range(model.config.num_hidden_layers):
        block = f"transformer.resblocks.{layer}."
        names += both(["ln_1", "ln_2", "attn.out_proj", "mlp.c_fc", "mlp.c_proj"], block)
        names += [f"{block}attn.in_proj_weight", f"{block}attn.in_proj_bias"]
    checkpoint = {}
    for number, name in enumerate(names):
        value = torch.full((1, 1), float(number))
        if "in_proj" in name:
            value = number + torch.arange(3).repeat_interleave(size) / 4
            value = value[:, None] if name.endswith("weight") else value
        checkpoint[prefix + name] = value
    converted = single.convert_open_clip_checkpoint(model, checkpoint, prefix)
    found = {}
    for diffusers, _ in model.named_parameters():
        value = converted[diffusers].flatten()[0].item()
        found.setdefault(prefix + names[int(value)], []).append((value % 1, diffusers))
    assert len(found) == len(names)
    return sorted((name, [diffusers for _, diffusers in sorted(parts)]) for name, parts in found.items())


def tiny(name):
    """The three networks with the weights of the rule."""
    unet = fill(UNet2DConditionModel(**UNET, **UNETS[name]))
    text = fill(CLIPTextModel(CLIPTextConfig(hidden_act=ACTIVATION[name], **CLIP)))
    return unet, fill(AutoencoderKL(**VAE)), text


def with_shapes(found, model, letter):
    """Lines for a tiny file: name and dimensions there, then what it holds."""
    lines = []
    for name, parts in found:
        shapes = [list(model.get_parameter(part).shape) for part in parts]
        shape = [sum(shape[0] for shape in shapes), *shapes[0][1:]]
        if ".attn_1." in name and name.endswith(("q.weight", "k.weight", "v.weight", "proj_out.weight")):
            shape += [1, 1]  # convolutions there
        lines.append(" ".join([name, *map(str, shape), "=", ",".join(f"{letter}:{part}" for part in parts)]))
    return lines


def names():
    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768, attention_head_dim=8)
        vae = AutoencoderKL(**{**VAE, "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2})
        clip = CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12))
    open_clip = CLIPTextModel(CLIPTextConfig(**{**CLIP, "vocab_size": 50, "num_hidden_layers": 23}))
    lines = []
    sections = {"unet": unet_pairs(unet), "vae": vae_pairs(vae), "clip": clip_pairs(clip), "open_clip": open_clip_pairs(open_clip)}
    for section, found in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{name} {','.join(parts)}" for name, parts in found]
    for name in UNETS:
        unet, vae, text = tiny(name)
        lines.append(f"[tiny {name}]")
        lines += with_shapes(unet_pairs(unet), unet, "unet") + with_shapes(vae_pairs(vae), vae, "vae")
        text_pairs = clip_pairs(text) if name == "sd1" else open_clip_pairs(text)
        lines += with_shapes(text_pairs, text, "text")
    return "\n".join(lines) + "\n"


# Runs -------------------------------------------------------------------------------------------------------------------

# "a photo of a cat", "dog"
PROMPT, NEGATIVE = [320, 1125, 539, 320, 2368], [1929]
WIDTH, HEIGHT = 72, 64
STABLE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
DDIM = {**STABLE, "timestep_spacing": "leading", "clip_sample": False, "set_alpha_to_one": False}
RUNS = {
    "image.sd1.euler": ("sd1", EulerDiscreteScheduler, {**STABLE, "timestep_spacing": "trailing"}, 5, 0.6, 7.5, 0),
    "image.sd2.ddim": ("sd2", DDIMScheduler, {**DDIM, "prediction_type": "v_prediction"}, 4, 0.75, 7.0, 0),
    "text.sd1.ddim": ("sd1", DDIMScheduler, DDIM, 3, None, 5.0, 1),
    "text.sd2.euler": ("sd2", EulerDiscreteScheduler, {**STABLE, "timestep_spacing": "trailing"}, 3, None, 1.0, 0),
}


def encoded(text, ids, padding, skipped):
    tokens = [49406, *ids, 49407]
    tokens += [padding] * (77 - len(tokens))
    states = text(torch.tensor([tokens]), output_hidden_states=True).hidden_states
    return text.text_model.final_layer_norm(states[-1 - skipped])


def picture():
    """RGB bytes by rule."""
    units = seeded_unit("picture", WIDTH * HEIGHT * 3).reshape(1, HEIGHT, WIDTH, 3)
    smooth = (np.arange(WIDTH)[None, None, :, None] + np.arange(HEIGHT)[None, :, None, None] * 2).astype(np.float32)
    return np.floor((units + 1) * 20 + smooth).astype(np.uint8)


def run(golden, name, kind, scheduler, settings, steps, strength, guidance, skipped):
    unet, vae, text = tiny(kind)
    padding = 49407 if kind == "sd1" else 0
    parts = dict(vae=vae, text_encoder=text, tokenizer=None, unet=unet, scheduler=scheduler(**settings))
    parts.update(safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    noise = torch.randn(1, 4, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(len(name)))
    options = dict(
        prompt_embeds=encoded(text, PROMPT, padding, skipped),
        negative_prompt_embeds=encoded(text, NEGATIVE, padding, skipped),
        num_inference_steps=steps,
        guidance_scale=guidance,
        output_type="latent",
    )
    if strength is None:
        pipeline = StableDiffusionPipeline(**parts)
        latents = pipeline(latents=noise, height=HEIGHT, width=WIDTH, **options).images
    else:
        pixels = torch.from_numpy(picture()).permute(0, 3, 1, 2).float() / 255
        start = vae.encode(2 * pixels - 1).latent_dist.mode() * vae.config.scaling_factor
        golden[f"{name}.encoded"] = start.numpy()
        img2img_module.randn_tensor = lambda *_, **__: noise
        pipeline = StableDiffusionImg2ImgPipeline(**parts)
        latents = pipeline(image=start, strength=strength, **options).images
    decoded = vae.decode(latents / vae.config.scaling_factor).sample
    golden[f"{name}.noise"] = noise.numpy()
    golden[f"{name}.latents"] = latents.numpy()
    golden[f"{name}.picture"] = (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def main():
    (GOLDEN / "diffusion_single_file.txt").write_text(names())
    golden = {}
    with torch.inference_mode():
        for name, settings in RUNS.items():
            run(golden, name, *settings)
    save_file({name: np.ascontiguousarray(value) for name, value in golden.items()}, GOLDEN / "reimagine.safetensors")


if __name__ == "__main__":
    main()
