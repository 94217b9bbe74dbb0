"""One run of a program that danqing is timed beside: reads PNG files, works, writes a PNG file.

    python tools/bench/peer.py NAME PICTURE MASK OUT [MODEL]      # MASK is - where none is needed

Prints the processor seconds that starting Python and importing libraries took.
Only the libraries that the work needs are imported. Each has all cores, as danqing has.
"""

import sys
import time
from pathlib import Path

import cv2

WORK = {}


def work(function):
    """Registers a function (picture, mask, model) -> picture under its name."""
    WORK[function.__name__.replace("_", "-")] = function
    return function


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting is not counted as work
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def with_mask(picture, seen, model):
    """The picture with the network's mask as alpha."""
    session = session_of(model)
    given = numpy.ascontiguousarray(seen.transpose(2, 0, 1)[None], dtype=numpy.float32)
    mask = session.run(None, {session.get_inputs()[0].name: given})[0][0, 0]
    height, width = picture.shape[:2]
    mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    return numpy.dstack([picture, (mask.clip(0, 1) * 255).astype("uint8")])


@work
def telea(picture, mask, _model):
    return cv2.inpaint(picture, mask, 5, cv2.INPAINT_TELEA)


@work
def navier_stokes(picture, mask, _model):
    return cv2.inpaint(picture, mask, 5, cv2.INPAINT_NS)


@work
def migan(picture, mask, model):
    """The published pipeline (crop, network at 512 x 512, blend); its mask is 0 in the hole."""
    session = session_of(model)
    image = numpy.ascontiguousarray(picture[:, :, ::-1].transpose(2, 0, 1)[None])
    answer = session.run(None, {"image": image, "mask": (255 - mask)[None, None]})[0]
    return numpy.ascontiguousarray(answer[0].transpose(1, 2, 0)[:, :, ::-1])


@work
def multistyle26(picture, _mask, model):
    """The 26-style network on the whole picture, style 19."""
    session = session_of(model)
    image = numpy.ascontiguousarray(picture[:, :, ::-1].transpose(2, 0, 1)[None]).astype("float32") / 255
    shares = numpy.zeros(26, "float32")
    shares[19] = 1
    answer = session.run(None, {"image": image, "style_weights": shares})[0]
    return (answer[0].transpose(1, 2, 0)[:, :, ::-1] * 255).round().astype("uint8")


@work
def u2net(picture, _mask, model):
    seen = cv2.resize(picture, (320, 320), interpolation=cv2.INTER_AREA)[:, :, ::-1] / 255
    return with_mask(picture, (seen / seen.max() - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225], model)


@work
def modnet(picture, _mask, model):
    height, width = picture.shape[:2]
    scale = 512 / min(width, height)
    size = tuple(max(1, round(n * scale / 32)) * 32 for n in (width, height))
    seen = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:, :, ::-1]
    return with_mask(picture, seen / 127.5 - 1, model)


def upscaler(picture, _mask, model):
    """The whole picture at once; weights in safetensors are put into an ONNX graph first."""
    path = Path(model)
    if path.suffix == ".onnx":
        session = session_of(model)
    else:
        build = upscalers_onnx.srvgg if "video" in model else upscalers_onnx.rrdbnet
        session = build(upscalers_onnx.layers_in_order(path))
    return numpy.ascontiguousarray(upscalers_onnx.run(session, picture[:, :, ::-1])[:, :, ::-1])


UPSCALERS = ("x4plus", "anime", "video", "x2plus")
WORK.update(dict.fromkeys(UPSCALERS, upscaler))


@work
def resize(picture, _mask, _model):
    height, width = picture.shape[:2]
    return cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


@work
def blur(picture, _mask, _model):
    return cv2.GaussianBlur(picture, (0, 0), 5)


@work
def denoise(picture, _mask, _model):
    return cv2.fastNlMeansDenoising(picture, None, 0.03 * 255, 7, 21)


@work
def sharpen(picture, _mask, _model):
    sharper = unsharp_mask(picture, radius=1, amount=0.8, channel_axis=2)
    return (sharper * 255).round().astype("uint8")


if __name__ == "__main__":
    name, picture_file, mask_file, out = sys.argv[1:5]
    if name in ("migan", "multistyle26", "u2net", "modnet"):
        import numpy
        import onnxruntime
    if name in UPSCALERS:
        sys.path.append(str(Path(__file__).parents[1] / "quality"))
        import numpy
        import onnxruntime
        import upscalers_onnx
    if name == "sharpen":
        from skimage.filters import unsharp_mask
    print("imported", time.process_time(), flush=True)
    mask_read = None if mask_file == "-" else cv2.imread(mask_file, cv2.IMREAD_GRAYSCALE)
    made = WORK[name](cv2.imread(picture_file), mask_read, sys.argv[5] if len(sys.argv) > 5 else None)
    if not cv2.imwrite(out, made):
        sys.exit(f"{out} was not written")
