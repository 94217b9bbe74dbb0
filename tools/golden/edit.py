#!/usr/bin/env python3
"""Golden files of `edit`, from diffusers 0.31.0 in fp32 (versions: tools/requirements-golden-diffusion.txt).

    python tools/golden/edit.py

Writes tests/golden/edit.safetensors and edit_full_strength.safetensors: whole runs of StableDiffusionInpaintPipeline
(UNets of 4 and 9 channels) and StableDiffusionInstructPix2PixPipeline on the tiny checkpoints of reimagine.py. Pictures are
encoded as the mean of their distribution, not as a sample of it.
"""

import numpy as np
import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionInstructPix2PixPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_inpaint as inpaint_module
from safetensors.numpy import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from reimagine import CLIP, DDIM, GOLDEN, HEIGHT, NEGATIVE, PROMPT, STABLE, UNET, UNETS, VAE, WIDTH, encoded, picture
from seeded_weights import fill

TRAILING = {**STABLE, "timestep_spacing": "trailing"}
RUNS = {
    "plain.euler": (4, EulerDiscreteScheduler, TRAILING, dict(num_inference_steps=5, strength=0.8, guidance_scale=7.5)),
    "plain.ddim": (4, DDIMScheduler, DDIM, dict(num_inference_steps=4, strength=0.75, guidance_scale=5.0)),
    "inpaint.ddim": (9, DDIMScheduler, DDIM, dict(num_inference_steps=4, strength=0.75, guidance_scale=7.5)),
    "inpaint.full": (9, DDIMScheduler, DDIM, dict(num_inference_steps=3, strength=1.0, guidance_scale=7.5)),
    "pix2pix.euler": (
        8,
        EulerDiscreteScheduler,
        TRAILING,
        dict(num_inference_steps=3, guidance_scale=6.0, image_guidance_scale=1.4),
    ),
}
# In a file of their own, so that none is large.
FULL_STRENGTH = {
    "plain.full.euler": (4, EulerDiscreteScheduler, TRAILING, dict(num_inference_steps=3, strength=1.0, guidance_scale=7.5)),
    "plain.full.ddim": (4, DDIMScheduler, DDIM, dict(num_inference_steps=3, strength=1.0, guidance_scale=7.5)),
}


def mask():
    values = torch.zeros(1, 1, HEIGHT, WIDTH)
    values[:, :, 24:56, 16:48] = 1
    return values


def run(golden, name, channels, scheduler, settings, options):
    unet = fill(UNet2DConditionModel(in_channels=channels, **UNET, **UNETS["sd1"]))
    text = fill(CLIPTextModel(CLIPTextConfig(hidden_act="quick_gelu", **CLIP)))
    vae = fill(AutoencoderKL(**VAE))
    parts = dict(vae=vae, text_encoder=text, tokenizer=None, unet=unet, scheduler=scheduler(**settings))
    parts.update(safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    noise = torch.randn(1, 4, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(len(name)))
    options = dict(
        options,
        prompt_embeds=encoded(text, PROMPT, 49407, 0),
        negative_prompt_embeds=encoded(text, NEGATIVE, 49407, 0),
        image=torch.from_numpy(picture()).permute(0, 3, 1, 2).float() / 255,
        output_type="latent",
    )
    if channels == 8:
        latents = StableDiffusionInstructPix2PixPipeline(**parts)(latents=noise, **options).images
    else:
        inpaint_module.randn_tensor = lambda *_, **__: noise
        inpaint_module.retrieve_latents = lambda output, **_: output.latent_dist.mode()
        pipeline = StableDiffusionInpaintPipeline(**parts)
        latents = pipeline(mask_image=mask(), height=HEIGHT, width=WIDTH, **options).images
    decoded = vae.decode(latents / vae.config.scaling_factor).sample
    golden[f"{name}.noise"] = noise.numpy()
    golden[f"{name}.latents"] = latents.numpy()
    golden[f"{name}.picture"] = (decoded / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def main():
    for file, runs in {"edit": RUNS, "edit_full_strength": FULL_STRENGTH}.items():
        golden = {}
        with torch.inference_mode():
            for name, settings in runs.items():
                run(golden, name, *settings)
        save_file({name: np.ascontiguousarray(value) for name, value in golden.items()}, GOLDEN / f"{file}.safetensors")


if __name__ == "__main__":
    main()
