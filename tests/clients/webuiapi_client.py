"""AUTOMATIC1111's API as webuiapi speaks it."""

import json
import os
import threading
import time

import requests
import webuiapi

from pictures import is_red, mask, photo

host, port = os.environ["DANQING_ADDRESS"].split(":")
api = webuiapi.WebUIApi(host=host, port=int(port), sampler="Euler a", steps=2)
base = f"http://{host}:{port}"


def lists():
    assert "danqing-erase" in api.util_get_model_names() and "tiny.safetensors" in api.util_get_model_names()
    assert "DPM++ 2M" in api.util_get_sampler_names() and "karras" in api.util_get_scheduler_names()
    assert "R-ESRGAN 4x+" in [one["name"] for one in api.get_upscalers()]
    for found in (api.get_loras(), api.get_sd_vae(), api.get_hypernetworks(), api.get_face_restorers(), api.get_prompt_styles()):
        assert found == []
    assert api.get_embeddings() == {"loaded": {}, "skipped": {}}
    assert api.get_memory()["ram"]["total"] > 0
    assert api.get_cmd_flags() == {}
    assert api.get_scripts() == {"txt2img": [], "img2img": []}
    assert api.get_realesrgan_models() and [one["name"] for one in api.get_latent_upscale_modes()] == ["Latent"]
    assert api.controlnet_model_list() == []
    api.refresh_checkpoints()
    assert requests.get(f"{base}/internal/ping").status_code == 200


def options():
    api.set_options({"sd_model_checkpoint": "danqing-erase"})
    assert api.util_get_current_model() == "danqing-erase"
    unknown = requests.post(f"{api.baseurl}/options", json={"no_such_option": 1})
    assert unknown.status_code == 200 and "no_such_option" in unknown.headers["x-danqing-warnings"]
    missing = requests.post(f"{api.baseurl}/options", json={"sd_model_checkpoint": "nothing"})
    assert missing.status_code == 404 and "Model not found" in missing.json()["detail"]


def erase():
    api.util_set_model("danqing-erase")
    made = api.img2img(images=[photo()], mask_image=mask(), width=96, height=64, seed=7)
    assert made.image.size == (96, 64) and not is_red(made.image)
    assert made.image.getpixel((0, 0)) == photo().getpixel((0, 0)), "far from the mask nothing changes"
    assert made.info["all_seeds"] == [7] and made.info["infotexts"] and made.parameters.get("init_images") is None
    two = api.img2img(images=[photo()], mask_image=mask(), width=48, height=32, batch_size=2, seed=1)
    assert [one.size for one in two.images] == [(48, 32)] * 2


def styles():
    api.util_set_model("danqing-style-pencil")
    made = api.img2img(images=[photo()], width=96, height=64, denoising_strength=1.0)
    assert made.image.size == (96, 64) and list(made.image.getdata()) != list(photo().getdata())


def enlarge():
    made = api.extra_single_image(photo(32, 24), upscaler_1="R-ESRGAN AnimeVideo", upscaling_resize=2)
    assert made.image.size == (64, 48)
    made = api.extra_single_image(photo(32, 24), upscaler_1="Lanczos", resize_mode=1, upscaling_resize_w=50, upscaling_resize_h=50)
    assert made.image.size == (50, 50)
    made = api.extra_batch_images([photo(16, 12), photo(12, 16)], upscaler_1="None", upscaling_resize=3)
    assert [one.size for one in made.images] == [(48, 36), (36, 48)]


def sampling():
    api.util_set_model("tiny.safetensors")
    made = api.txt2img(prompt="一只猫, (cat:1.2)", negative_prompt="dog", width=64, height=64, steps=2, seed=5, batch_size=2)
    assert len(made.images) == 2 and made.image.size == (64, 64)
    text = made.info["infotexts"][1]
    assert text.startswith("一只猫, (cat:1.2)\nNegative prompt: dog\nSteps: 2, Sampler: Euler a,") and "Seed: 6" in text, text
    assert made.image.info["parameters"] == made.info["infotexts"][0]
    read = api.png_info(made.image)
    found = read.info if isinstance(read.info, str) else json.dumps(read.info)
    assert "Steps: 2" in found or read.parameters["Steps"] == "2", read
    larger = api.txt2img(prompt="cat", width=64, height=64, seed=5, enable_hr=True, hr_scale=1.5, denoising_strength=0.6, hr_second_pass_steps=3)
    assert larger.image.size == (96, 96) and larger.info["warnings"] == [], larger.info
    again = api.img2img(images=[photo()], prompt="cat", width=64, height=64, steps=2, seed=5, sampler_name="DPM++ 2M Karras")
    assert again.image.size == (64, 64) and "Denoising strength: 0.75" in again.info["infotexts"][0]


def errors():
    def refused(path, body):
        answer = requests.post(f"{api.baseurl}/{path}", json=body)
        return answer.status_code, answer.json()["detail"]

    assert refused("img2img", {}) == (404, "Init image not found")
    status, detail = refused("txt2img", {"prompt": "x", "sampler_name": "no such"})
    assert status == 400 and detail.startswith("Sampler not found")
    assert refused("txt2img", {"script_name": "x/y plot"})[0] == 422
    status, detail = refused("txt2img", {"steps": "many"})
    assert status == 422 and detail[0]["loc"] == ["body", "steps"]
    status, detail = refused("txt2img", {"prompt": "x", "override_settings": {"sd_model_checkpoint": "danqing-erase"}})
    assert status == 424 and "checkpoint" in detail
    assert refused("img2img", {"init_images": ["https://example.com/a.png"]})[0] == 422
    unknown = requests.post(f"{api.baseurl}/txt2img", json={
        "prompt": "x", "steps": 1, "width": 64, "height": 64, "restore_faces": True, "typo": 1,
        "override_settings": {"sd_model_checkpoint": "tiny"}})
    warnings = json.loads(unknown.headers["x-danqing-warnings"])
    assert unknown.status_code == 200 and any("typo" in one for one in warnings) and any("restore_faces" in one for one in warnings)


def interrupt():
    seen = {}

    def long():
        try:
            seen["answer"] = api.txt2img(prompt="x", width=512, height=512, steps=150)
        except Exception as error:  # what the client says is looked at below
            seen["answer"] = error

    api.util_set_model("tiny.safetensors")
    thread = threading.Thread(target=long)
    thread.start()
    deadline = time.time() + 30
    while api.get_progress()["state"]["job_count"] == 0 and time.time() < deadline:
        time.sleep(0.05)
    assert api.get_progress()["state"]["job_count"] == 1
    api.interrupt()
    thread.join(30)
    assert not thread.is_alive() and seen["answer"].images == [], seen
    assert api.get_progress()["progress"] == 0


for test in (lists, options, erase, styles, enlarge, sampling, errors, interrupt):
    test()
    print(f"webuiapi: {test.__name__}")
