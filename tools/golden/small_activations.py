#!/usr/bin/env python3
"""Golden file of norms whose input varies about as little as their epsilon, from PyTorch, diffusers and transformers in fp32
(versions: tools/requirements-golden-diffusion.txt): with another epsilon every value is another one.

    python tools/golden/small_activations.py

Writes tests/golden/small_activations.safetensors: operators, and the small networks of diffusion.py with all weights but
those of norms divided by 256.
"""

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.numpy import save_file
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from diffusion import CLIP, GOLDEN, UNET, UNETS, VAE, nhwc, seeded_input
from seeded_weights import fill, seeded_unit, seeded_values

# Powers of two, so that both sides divide exactly: deviations of 0.58 times these, variances of 5e-6 and 3e-7.
INPUTS = {1e-5: 2.0**-8, 1e-6: 2.0**-10}
CHANNELS = 12


def parameters(name, channels=CHANNELS):
    return [torch.from_numpy(seeded_values(f"{name}.{part}", (channels,))) for part in ("weight", "bias")]


def operators(golden):
    weight, bias = parameters("norm")
    for epsilon, factor in INPUTS.items():
        x = seeded_input("input.norm", 2, 3, 5, CHANNELS) * factor
        rows = x.permute(0, 2, 3, 1)
        golden[f"group.{epsilon:.0e}"] = nhwc(functional.group_norm(x, 3, weight, bias, epsilon))
        golden[f"instance.{epsilon:.0e}"] = nhwc(functional.instance_norm(x, weight=weight, bias=bias, eps=epsilon))
        golden[f"layer.{epsilon:.0e}"] = functional.layer_norm(rows, (CHANNELS,), weight, bias, epsilon).numpy()
        golden[f"rms.{epsilon:.0e}"] = functional.rms_norm(rows, (CHANNELS,), weight, epsilon).numpy()


def over_all_pictures(golden):
    """As instance norm over both pictures together, which is what danqing's moments of a map are."""
    weight, bias = parameters("norm")
    x = seeded_input("input.norm", 2, 3, 5, CHANNELS) * INPUTS[1e-5]
    golden["moments.1e-05"] = nhwc(functional.batch_norm(x, None, None, weight, bias, training=True, eps=1e-5))


def batch_and_instance(golden):
    """`Conv2dIBNormRelu` of MODNet: half of the channels by running statistics, half by the picture's."""
    factor = np.float32(INPUTS[1e-5])
    tensors = {
        "layers.0.weight": seeded_values("layers.0.weight", (6, 4, 1, 1)) * factor,
        "layers.0.bias": seeded_values("layers.0.bias", (6,)) * factor,
        "layers.1.bnorm.weight": seeded_values("layers.1.bnorm.weight", (3,)),
        "layers.1.bnorm.bias": seeded_values("layers.1.bnorm.bias", (3,)),
        "layers.1.bnorm.running_mean": seeded_unit("running_mean", 3) * factor,
        "layers.1.bnorm.running_var": (seeded_unit("running_var", 3) + np.float32(2)) * factor * factor,
    }
    golden.update({f"ibnorm.{name}": value for name, value in tensors.items()})
    conv, bias, gamma, beta, mean, variance = map(torch.from_numpy, tensors.values())
    x = functional.conv2d(seeded_input("input.ibnorm", 1, 3, 5, 4), conv, bias)
    batch = functional.batch_norm(x[:, :3], mean, variance, gamma, beta, eps=1e-5)
    golden["ibnorm.output"] = nhwc(torch.cat([batch, functional.instance_norm(x[:, 3:], eps=1e-5)], 1).relu())


def adain(golden):
    """`adaptive_instance_normalization` of naoto0804/pytorch-AdaIN: deviations of the unbiased variance plus epsilon."""
    content = seeded_input("input.content", 1, 4, 5, 3) * INPUTS[1e-5]
    style = seeded_input("input.style", 1, 6, 3, 3) * INPUTS[1e-5] * 4

    def statistics(x):
        return x.mean((2, 3), keepdim=True), (x.var((2, 3), keepdim=True) + 1e-5).sqrt()

    (mean, deviation), (style_mean, style_deviation) = statistics(content), statistics(style)
    golden["adain.output"] = nhwc((content - mean) / deviation * style_deviation + style_mean)


def shrink(model):
    """Divides what is no norm's; `is_norm` of the test."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" not in name.split(".")[-2]:
                parameter.mul_(INPUTS[1e-5])
    return model


def networks(golden):
    unet = shrink(fill(UNet2DConditionModel(**UNET, **UNETS["sd1"])))
    vae = shrink(fill(AutoencoderKL(**VAE)))
    clip = shrink(fill(CLIPTextModel(CLIPTextConfig(hidden_act="quick_gelu", **CLIP))))
    latent, context = seeded_input("input.latent", 1, 6, 4, 4), seeded_unit("input.context", 7 * 24).reshape(1, 7, 24)
    with torch.inference_mode():
        golden["unet"] = nhwc(unet(latent, torch.tensor([17.5]), torch.from_numpy(context)).sample)
        golden["vae.mean"] = nhwc(vae.encode(seeded_input("input.picture", 1, 16, 16, 3)).latent_dist.mean * 0.18215)
        golden["vae.decoded"] = nhwc(vae.decode(seeded_input("input.latent", 1, 2, 2, 4) / 0.18215).sample)
        golden["clip"] = clip(torch.tensor([[1, 5, 9, 13, 2]])).last_hidden_state[0].numpy()


def main():
    golden = {}
    operators(golden)
    over_all_pictures(golden)
    batch_and_instance(golden)
    adain(golden)
    networks(golden)
    arrays = {name: np.ascontiguousarray(value, np.float32) for name, value in golden.items()}
    save_file(arrays, GOLDEN / "small_activations.safetensors")


if __name__ == "__main__":
    main()
