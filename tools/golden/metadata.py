"""Small pictures with the metadata of other programs, laid out as their sources write them, and what they mean.

Writes tests/golden/metadata/*.{png,jpg,webp} and expected.json. References: AUTOMATIC1111/stable-diffusion-webui
modules/images.py (PNG text, EXIF UserComment through piexif: big-endian block, UTF-16BE), comfyanonymous/ComfyUI nodes.py
(SaveImage) and SaveAnimatedWEBP (EXIF Model, Make), invoke-ai/InvokeAI (invokeai_metadata), lllyasviel/Fooocus
modules/meta_parser.py (both schemes; EXIF through Pillow).
"""

import json
import pathlib
import struct

from PIL import Image, PngImagePlugin

OUT = pathlib.Path("tests/golden/metadata")
EXPECTED = {}


def picture():
    made = Image.new("RGB", (8, 8))
    made.putdata([(31 * x, 31 * y, 128) for y in range(8) for x in range(8)])
    return made


def expect(name, source, request=None, others=(), notices=(), generation=None):
    EXPECTED[name] = {
        "source": source,
        "request": request,
        "others": sorted(others),
        "notices": list(notices),
        "generation": generation or {},
    }


def png(name, texts, **expected):
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    picture().save(OUT / name, pnginfo=info)
    expect(name, **expected)


def piexif_comment(text):
    """The block that piexif.dump writes for a UserComment of encoding "unicode"."""
    data = b"UNICODE\0" + text.encode("utf-16-be")
    first = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)
    exif = struct.pack(">HHHIII", 1, 0x9286, 7, len(data), 44, 0)
    return b"Exif\0\0MM\0*\0\0\0\x08" + first + exif + data


def with_exif(name, exif, **expected):
    picture().save(OUT / name, exif=exif, quality=90)
    expect(name, **expected)


INFOTEXT = """masterpiece, (boat:1.2) on a lake,
"江雪" 🎨
Negative prompt: blurry, low quality
worst: hands
Steps: 24, Sampler: DPM++ 2M SDE, Schedule type: Karras, CFG scale: 6.5, Seed: 3429860714, Size: 512x768, Model hash: e6e99610c4, Model: dreamshaper_8, VAE hash: 735e4c3a44, VAE: vae-ft-mse.safetensors, Denoising strength: 0.45, Clip skip: 2, ControlNet 0: "Module: canny, Model: control_v11p [d14c016b], Weight: 1.0", Lora hashes: "detail: 7b5b763d15cf", RNG: CPU, Version: v1.10.1"""
INFOTEXT_REQUEST = {
    "prompt": 'masterpiece, (boat:1.2) on a lake,\n"江雪" 🎨',
    "negative_prompt": "blurry, low quality\nworst: hands",
    "strength": 0.45,
    "steps": 24,
    "guidance": 6.5,
    "sampler": "dpmpp_2m_sde",
    "schedule": "karras",
    "seed": 3429860714,
    "noise_order": "cpu",
    "width": 512,
    "height": 768,
    "clip_skip": 2,
}
INFOTEXT_EXPECTED = {
    "source": "a1111",
    "request": INFOTEXT_REQUEST,
    "others": ["ControlNet 0", "Lora hashes", "VAE", "VAE hash"],
    "notices": ["model_not_named", "picture_not_named", "settings_left_out"],
    "generation": {"model": "dreamshaper_8", "model_hash": "e6e99610c4"},
}


def a1111():
    png("a1111.png", {"parameters": INFOTEXT}, **INFOTEXT_EXPECTED)
    with_exif("a1111.jpg", piexif_comment(INFOTEXT), **INFOTEXT_EXPECTED)
    with_exif("a1111.webp", piexif_comment(INFOTEXT), **INFOTEXT_EXPECTED)
    old = "a castle\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1, Size: 512x512, Model hash: abc, Denoising strength: 0.7, Hires upscale: 2, Hires upscaler: Latent"
    png(
        "a1111_hires.png",
        {"parameters": old},
        source="a1111",
        request={"prompt": "a castle", "steps": 20, "guidance": 7.0, "sampler": "dpmpp_2m", "schedule": "karras",
                 "seed": 1, "noise_order": "nv", "width": 512, "height": 512},
        others=["Denoising strength", "Hires upscale", "Hires upscaler"],
        notices=["settings_left_out"],
    )
    unknown = "x\nSteps: 20, Sampler: DPM fast, CFG scale: 7, Seed: 1"
    png(
        "a1111_unknown_sampler.png",
        {"parameters": unknown},
        source="a1111",
        request={"prompt": "x", "steps": 20, "guidance": 7.0, "seed": 1, "noise_order": "nv"},
        notices=["sampler_left_out"],
    )


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


GRAPH = {
    "3": node("KSampler", seed=156680208700286, steps=20, cfg=8.0, sampler_name="dpmpp_2m", scheduler="karras", denoise=1.0,
              model=["10", 0], positive=["6", 0], negative=["7", 0], latent_image=["5", 0]),
    "4": node("CheckpointLoaderSimple", ckpt_name="SD1.5/v1-5-pruned-emaonly.safetensors"),
    "5": node("EmptyLatentImage", width=640, height=512, batch_size=1),
    "6": node("CLIPTextEncode", text="a glass bottle, 瓶", clip=["10", 1]),
    "7": node("CLIPTextEncode", text="watermark", clip=["11", 0]),
    "8": node("VAEDecode", samples=["12", 0], vae=["4", 2]),
    "9": node("SaveImage", filename_prefix="x", images=["8", 0]),
    "10": node("LoraLoader", lora_name="detail.safetensors", strength_model=0.8, strength_clip=1.0, model=["4", 0], clip=["11", 0]),
    "11": node("CLIPSetLastLayer", stop_at_clip_layer=-2, clip=["4", 1]),
    "12": node("KSampler", seed=7, steps=12, cfg=6.0, sampler_name="euler", scheduler="normal", denoise=0.5,
               model=["10", 0], positive=["6", 0], negative=["7", 0], latent_image=["13", 0]),
    "13": node("LatentUpscaleBy", upscale_method="bilinear", scale_by=1.5, samples=["3", 0]),
}
GRAPH_EXPECTED = {
    "source": "comfyui",
    "request": {"prompt": "a glass bottle, 瓶", "negative_prompt": "watermark", "steps": 20, "guidance": 8.0,
                "sampler": "dpmpp_2m", "schedule": "karras", "seed": 156680208700286, "noise_order": "cpu",
                "width": 640, "height": 512, "clip_skip": 2},
    "others": ["LoraLoader lora_name", "samplers"],
    "notices": ["model_not_named", "settings_left_out"],
    "generation": {"model": "v1-5-pruned-emaonly"},
}


def comfyui():
    workflow = json.dumps({"nodes": [], "version": 0.4})
    png("comfyui.png", {"prompt": json.dumps(GRAPH), "workflow": workflow}, **GRAPH_EXPECTED)
    exif = picture().getexif()
    exif[0x0110] = f"prompt:{json.dumps(GRAPH)}"
    exif[0x010F] = f"workflow:{workflow}"
    with_exif("comfyui.webp", exif, **GRAPH_EXPECTED)
    edit = {
        "1": node("LoadImage", image="江.png"),
        "2": node("VAEEncode", pixels=["1", 0], vae=["4", 2]),
        "3": node("KSamplerAdvanced", noise_seed=9, steps=30, cfg=5.5, sampler_name="uni_pc", scheduler="sgm_uniform",
                  denoise=0.6, model=["4", 0], positive=["20", 0], negative=["20", 1], latent_image=["2", 0]),
        "4": node("CheckpointLoaderSimple", ckpt_name="a.ckpt"),
        "20": node("ControlNetApplyAdvanced", positive=["6", 0], negative=["7", 0], control_net=["21", 0], image=["1", 0], strength=0.9),
        "21": node("ControlNetLoader", control_net_name="canny.pth"),
        "6": node("CLIPTextEncode", text=["22", 0], clip=["4", 1]),
        "7": node("CLIPTextEncode", text="", clip=["4", 1]),
        "22": node("PrimitiveString", value="a red house"),
    }
    png(
        "comfyui_img2img.png",
        {"prompt": json.dumps(edit)},
        source="comfyui",
        request={"prompt": "a red house", "strength": 0.6, "steps": 30, "guidance": 5.5, "sampler": "uni_pc",
                 "schedule": "sgm_uniform", "seed": 9, "noise_order": "cpu"},
        others=["ControlNetLoader control_net_name"],
        notices=["model_not_named", "picture_not_named", "settings_left_out"],
    )
    parts = {
        "1": node("SamplerCustomAdvanced", noise=["2", 0], guider=["3", 0], sampler=["4", 0], sigmas=["5", 0], latent_image=["6", 0]),
        "2": node("RandomNoise", noise_seed=77),
        "3": node("BasicGuider", model=["7", 0], conditioning=["8", 0]),
        "4": node("KSamplerSelect", sampler_name="euler"),
        "5": node("BasicScheduler", scheduler="simple", steps=4, denoise=1.0, model=["7", 0]),
        "6": node("EmptySD3LatentImage", width=["9", 0], height=1024, batch_size=1),
        "7": node("UNETLoader", unet_name="flux1-schnell.safetensors"),
        "8": node("FluxGuidance", guidance=3.5, conditioning=["10", 0]),
        "9": node("PrimitiveInt", value=1152),
        "10": node("CLIPTextEncode", text="a fox", clip=["11", 0]),
        "11": node("DualCLIPLoader", clip_name1="t5.safetensors"),
    }
    png(
        "comfyui_parts.png",
        {"prompt": json.dumps(parts)},
        source="comfyui",
        request={"prompt": "a fox", "steps": 4, "sampler": "euler", "schedule": "simple", "seed": 77, "noise_order": "cpu",
                 "width": 1152, "height": 1024},
        notices=["model_not_named"],
        generation={"model": "flux1-schnell"},
    )
    circle = {"1": node("KSampler", positive=["1", 0], negative=["1", 0], latent_image=["1", 0], model=["1", 0])}
    png("comfyui_circle.png", {"prompt": json.dumps(circle)}, source="comfyui", request={"noise_order": "cpu"})
    png("comfyui_no_sampler.png", {"prompt": json.dumps({"1": node("LoadImage", image="a.png")})}, source="none")


def invokeai():
    said = {
        "app_version": "5.4.0", "generation_mode": "img2img", "positive_prompt": "landscape", "negative_prompt": "low quality",
        "width": 768, "height": 432, "seed": 356120443, "rand_device": "cpu", "cfg_scale": 7.5, "cfg_rescale_multiplier": 0,
        "steps": 50, "scheduler": "dpmpp_2m_sde_k", "clip_skip": 1, "strength": 0.6, "init_image": "x.png",
        "model": {"key": "k", "hash": "blake3:0123", "name": "amixx", "base": "sd-1", "type": "main"},
        "vae": {"name": "mse"}, "controlnets": [], "loras": [],
    }
    png(
        "invokeai.png",
        {"invokeai_metadata": json.dumps(said), "invokeai_graph": "{}"},
        source="invokeai",
        request={"prompt": "landscape", "negative_prompt": "low quality", "strength": 0.6, "steps": 50, "guidance": 7.5,
                 "sampler": "dpmpp_2m_sde", "schedule": "karras", "seed": 356120443, "noise_order": "cpu", "width": 768,
                 "height": 432, "clip_skip": 2},
        others=["cfg_rescale_multiplier", "init_image", "vae"],
        notices=["model_not_named", "picture_not_named", "settings_left_out"],
        generation={"model": "amixx", "model_hash": "blake3:0123"},
    )
    old = {"positive_prompt": "", "seed": 5, "steps": 8, "scheduler": "euler_a", "generation_mode": "txt2img",
           "rand_device": "cuda", "strength": 0.7, "model": {"model_name": "old", "base_model": "sd-1"}}
    png(
        "invokeai_3.png",
        {"invokeai_metadata": json.dumps(old)},
        source="invokeai",
        request={"steps": 8, "sampler": "euler_ancestral", "schedule": "leading", "seed": 5, "noise_order": "nv"},
        notices=["model_not_named"],
        generation={"model": "old"},
    )
    png("invokeai_damaged.png", {"invokeai_metadata": "{"}, source="none")


def fooocus():
    said = {
        "adm_guidance": "(1.5, 0.8, 0.3)", "base_model": "juggernautXL_v8", "base_model_hash": "aeb7e9e689",
        "full_negative_prompt": ["unrealistic", "saturated"], "full_prompt": ["cinematic still a cat", "emotional"],
        "guidance_scale": 4, "loras": [["offset", 0.1, "4852686128"]], "lora_combined_1": "offset : 0.1",
        "metadata_scheme": "fooocus", "negative_prompt": "", "performance": "Speed", "prompt": "a cat",
        "refiner_model": "None", "resolution": "(1152, 896)", "sampler": "dpmpp_2m_sde_gpu", "scheduler": "karras",
        "seed": "8331258021586210346", "sharpness": 2, "steps": 30, "styles": "['Fooocus V2']", "vae": "Default (model)",
        "version": "Fooocus v2.5.5",
    }
    expected = {
        "source": "fooocus",
        "request": {"prompt": "cinematic still a cat, emotional", "negative_prompt": "unrealistic, saturated", "steps": 30,
                    "guidance": 4.0, "sampler": "dpmpp_2m_sde", "schedule": "karras", "seed": 8331258021586210346,
                    "noise_order": "cpu", "width": 1152, "height": 896},
        "others": ["adm_guidance", "lora_combined_1", "loras", "performance", "sharpness", "styles", "vae"],
        "notices": ["model_not_named", "settings_left_out"],
        "generation": {"model": "juggernautXL_v8", "model_hash": "aeb7e9e689"},
    }
    png("fooocus.png", {"parameters": json.dumps(said), "fooocus_scheme": "fooocus"}, **expected)
    exif = picture().getexif()
    exif[0x9286] = json.dumps(said)
    exif[0x0131] = "Fooocus v2.5.5"
    exif[0x927C] = "fooocus"
    with_exif("fooocus.jpg", exif, **expected)
    text = "a cat, emotional\nNegative prompt: saturated\nSteps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 5, Size: 1152x896, CFG scale: 4, Sharpness: 2, Model: juggernautXL_v8, Version: Fooocus v2.5.5"
    png(
        "fooocus_a1111.png",
        {"parameters": text, "fooocus_scheme": "a1111"},
        source="fooocus",
        request={"prompt": "a cat, emotional", "negative_prompt": "saturated", "steps": 30, "guidance": 4.0,
                 "sampler": "dpmpp_2m_sde", "schedule": "karras", "seed": 5, "noise_order": "cpu", "width": 1152, "height": 896},
        others=["Sharpness"],
        notices=["model_not_named", "settings_left_out"],
    )


def strangers():
    png("plain.png", {}, source="none")
    png("photo_comment.png", {"Comment": "taken in 雪"}, source="none")
    exif = picture().getexif()
    exif[0x010F], exif[0x0110] = "Canon", "EOS 5D"
    with_exif("photo.jpg", exif, source="none")


OUT.mkdir(exist_ok=True)
for make in (a1111, comfyui, invokeai, fooocus, strangers):
    make()
(OUT / "expected.json").write_text(json.dumps(EXPECTED, indent=1, ensure_ascii=False) + "\n")
