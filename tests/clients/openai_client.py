"""OpenAI's images API as its Python SDK speaks it."""

import base64
import io
import os
import urllib.request

import openai
from PIL import Image

from pictures import alpha_mask, is_red, photo

client = openai.OpenAI(api_key="anything", base_url=f"http://{os.environ['DANQING_ADDRESS']}/v1", max_retries=0)


def file(picture, name="photo.png"):
    held = io.BytesIO()
    picture.save(held, "PNG")
    return (name, held.getvalue(), "image/png")


def picture(data):
    return Image.open(io.BytesIO(base64.b64decode(data.b64_json)))


def models():
    ids = [model.id for model in client.models.list()]
    assert {"danqing-erase", "danqing-style-oil", "tiny.safetensors"} <= set(ids)
    assert client.models.retrieve("danqing-erase").owned_by == "danqing"
    try:
        client.models.retrieve("nothing")
        raise AssertionError("found")
    except openai.NotFoundError as error:
        assert error.code == "model_not_found"


def erase():
    made = client.images.edit(model="danqing-erase", image=file(photo(), "江雪 图.png"), mask=file(alpha_mask()), prompt="", n=2)
    assert len(made.data) == 2 and picture(made.data[0]).size == (96, 64) and not is_red(picture(made.data[0]))
    by_url = client.images.edit(model="danqing-erase", image=[file(photo())], mask=file(alpha_mask()), prompt="", response_format="url")
    with urllib.request.urlopen(by_url.data[0].url) as answer:
        assert Image.open(io.BytesIO(answer.read())).size == (96, 64)
    other = client.images.edit(
        model="danqing-erase", image=file(photo()), mask=file(alpha_mask()), prompt="", size="64x64", output_format="webp")
    assert picture(other.data[0]).format == "WEBP" and picture(other.data[0]).size == (64, 64) and other.output_format == "webp"


def styles():
    made = client.images.edit(model="danqing-style-pencil", image=file(photo()), prompt="")
    assert picture(made.data[0]).size == (96, 64)


def sampling():
    made = client.images.generate(model="tiny.safetensors", prompt="一只猫", size="64x64", n=2)
    assert [picture(one).size for one in made.data] == [(64, 64)] * 2 and made.size == "64x64"
    assert picture(made.data[0]).info["parameters"].startswith("一只猫\n")
    usual = client.images.generate(model="gpt-image-1", prompt="cat", size="64x64")
    assert usual.data[0].b64_json and "gpt-image-1" in usual.model_extra["warnings"][0]
    varied = client.images.create_variation(model="tiny.safetensors", image=file(photo(64, 64)))
    assert picture(varied.data[0]).size == (64, 64)


def stream():
    events = list(client.images.edit(
        model="danqing-erase", image=file(photo()), mask=file(alpha_mask()), prompt="", stream=True))
    assert [event.type for event in events] == ["image_edit.completed"] and not is_red(picture(events[0]))
    events = list(client.images.generate(model="tiny.safetensors", prompt="cat", size="512x512", stream=True, partial_images=2))
    kinds = ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.type for event in events] == kinds and [one.partial_image_index for one in events[:2]] == [0, 1]
    assert picture(events[0]).size == (64, 64) and picture(events[2]).size == (512, 512)


def errors():
    for call in (
        lambda: client.images.edit(model="danqing-erase", image=file(photo()), prompt="a cat"),
        lambda: client.images.generate(model="danqing-erase", prompt="a cat"),
        lambda: client.images.edit(model="danqing-erase", image=file(photo()), prompt=""),
        lambda: client.images.generate(model="tiny.safetensors", prompt="x", size="huge"),
        lambda: client.images.edit(model="danqing-erase", image=("a.png", b"no picture", "image/png"), prompt=""),
    ):
        try:
            call()
            raise AssertionError("no error")
        except openai.BadRequestError as error:
            assert error.body["message"] and error.type == "invalid_request_error", error


for test in (models, erase, styles, sampling, stream, errors):
    test()
    print(f"openai (Python): {test.__name__}")
