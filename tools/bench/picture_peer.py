#!/usr/bin/env python3
"""Times a whole image-to-image picture in danqing beside diffusers (PyTorch, float32) at full size: the same weights (by
rule, rounded to half precision), words, noise, steps and threads, each in a process of its own, latents compared.

    bash tools/bench/run.sh target/release/danqing pictures    # makes environment and checkpoint, starts this and sdcpp_peer.py
    … picture_peer.py --danqing target/release/danqing --checkpoint random.safetensors
        [--side 512] [--steps 4] [--strength 0.5] [--threads 2] [--rounds 1] [--out FILE]

Danqing's figures are those of the whole process: reading, hashing and packing the checkpoint, the picture, the PNG with its
recipe. PyTorch's time is the computing alone, without imports and without making the weights; its memory is the process's.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
# "a photo of a cat", "dog"
PROMPT, NEGATIVE = [320, 1125, 539, 320, 2368], [1929]
GUIDANCE = 7.5


def networks():
    """Of Stable Diffusion 1.5, with the rule's weights rounded to half precision."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from seeded_weights import fill
    from transformers import CLIPTextConfig, CLIPTextModel

    def made(kind, **settings):
        with torch.device("meta"):
            model = kind(**settings)
        return fill(model.to_empty(device="cpu")).half().float()

    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    vae = made(AutoencoderKL, block_out_channels=(128, 256, 512, 512), layers_per_block=2, **blocks)
    config = CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12, eos_token_id=2)
    text = CLIPTextModel(config)
    # The names of checkpoints, which transformers 5 has left.
    prefix = "" if next(iter(text.state_dict())).startswith("text_model.") else "text_model."
    text = fill(text, prefix).half().float()
    return made(UNet2DConditionModel, sample_size=64, cross_attention_dim=768, attention_head_dim=8), vae, text


def torch_process(arguments):
    """The peer: prints figures as JSON and saves its latents."""
    import numpy as np
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionImg2ImgPipeline
    from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_img2img as module
    from PIL import Image
    from safetensors.numpy import load_file

    torch.set_num_threads(arguments.threads)
    unet, vae, text = networks()
    stable = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    scheduler = EulerDiscreteScheduler(**stable, timestep_spacing="trailing")
    parts = dict(vae=vae, text_encoder=text, tokenizer=None, unet=unet, scheduler=scheduler)
    pipeline = StableDiffusionImg2ImgPipeline(
        **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )
    pipeline.set_progress_bar_config(disable=True)
    noise = torch.from_numpy(load_file(arguments.noise)["noise"])
    module.randn_tensor = lambda *_, **__: noise

    def encoded(ids):
        tokens = [49406, *ids, 49407]
        tokens += [49407] * (77 - len(tokens))
        return text(torch.tensor([tokens])).last_hidden_state

    with torch.inference_mode():
        start, used = time.perf_counter(), time.process_time()
        pixels = np.asarray(Image.open(arguments.picture).convert("RGB"), np.float32) / 255
        pixels = torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()
        latent = vae.encode(2 * pixels - 1).latent_dist.mode() * vae.config.scaling_factor
        latents = pipeline(
            image=latent, strength=arguments.strength, num_inference_steps=arguments.steps, guidance_scale=GUIDANCE,
            prompt_embeds=encoded(PROMPT), negative_prompt_embeds=encoded(NEGATIVE), output_type="latent",
        ).images
        decoded = vae.decode(latents / vae.config.scaling_factor).sample
        decoded = (decoded / 2 + 0.5).clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).numpy()
        seconds, cpu = time.perf_counter() - start, time.process_time() - used
    np.savez(arguments.torch_output, latents=latents.numpy(), picture=decoded[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_bytes": peak}))


def danqing_run(arguments, folder):
    command = [arguments.danqing, "reimagine", f"{folder}/photo.png", "--model", arguments.checkpoint, "--prompt", "a photo of a cat"]
    command += ["--negative-prompt", "dog", "--guidance", str(GUIDANCE), "--steps", str(arguments.steps), "--seed", "1"]
    command += ["--strength", str(arguments.strength), "--step-rule", "diffusers", "--sampler", "euler", "--schedule", "trailing"]
    command += ["--noise", f"{folder}/noise.safetensors", "--dump-latents", f"{folder}/latents.safetensors", "--vae-tile", "0"]
    command += ["--work-width", str(arguments.side), "--work-height", str(arguments.side)]
    command += ["--threads", str(arguments.threads), "--force", "-o", f"{folder}/made.png"]
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"danqing ended with status {status}")
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * 1024}


def torch_run(arguments, folder):
    command = [sys.executable, __file__, "--danqing", arguments.danqing, "--checkpoint", arguments.checkpoint]
    command += ["--threads", str(arguments.threads), "--steps", str(arguments.steps), "--strength", str(arguments.strength)]
    command += ["--picture", f"{folder}/photo.png", "--noise", f"{folder}/noise.safetensors", "--torch-output", f"{folder}/torch.npz"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[-1])


def inputs(folder, side):
    """A picture and noise by rule."""
    import numpy as np
    from PIL import Image
    from safetensors.numpy import save_file
    from seeded_weights import seeded_unit

    units = (seeded_unit("picture", side * side * 3).reshape(side, side, 3) + 1) * 20
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    smooth = 100 + 80 * np.sin(x / side * 9) * np.cos(y / side * 7)
    Image.fromarray(np.floor(units + smooth[..., None]).clip(0, 255).astype(np.uint8)).save(f"{folder}/photo.png")
    shape = (1, 4, side // 8, side // 8)
    noise = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
    save_file({"noise": noise}, f"{folder}/noise.safetensors")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--danqing", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--strength", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--picture")
    parser.add_argument("--noise")
    parser.add_argument("--torch-output")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.torch_output:
        torch_process(arguments)
        return
    import numpy as np
    from PIL import Image
    from safetensors.numpy import load_file

    best = {}
    with tempfile.TemporaryDirectory() as folder:
        inputs(folder, arguments.side)
        for _ in range(arguments.rounds):
            for program, found in (("danqing", danqing_run(arguments, folder)), ("torch", torch_run(arguments, folder))):
                before = best.setdefault(program, found)
                for key, value in found.items():
                    before[key] = min(before[key], value)
        ours, theirs = load_file(f"{folder}/latents.safetensors")["latents"], np.load(f"{folder}/torch.npz")
        made = np.asarray(Image.open(f"{folder}/made.png").convert("RGB"), np.int16)
    latents = float(np.abs(ours - theirs["latents"]).max() / np.abs(theirs["latents"]).max())
    steps = int(np.abs(made - theirs["picture"].astype(np.int16)).max())
    result = {"side": arguments.side, "steps": int(arguments.steps * arguments.strength), "threads": arguments.threads, **best}
    result |= {"latents_difference": latents, "picture_difference": steps}
    for key in ("seconds", "cpu", "peak_bytes"):
        result[f"ratio_{key}"] = best["danqing"][key] / best["torch"][key]
    print(json.dumps(result, indent=1))
    if arguments.out:
        pathlib.Path(arguments.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
