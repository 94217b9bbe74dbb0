"""Weights made by a rule of name and index alone; `seeded_values` of crates/danqing-models/src/diffusion/seeded.rs."""

import math

import numpy as np

MASK = (1 << 64) - 1


def fnv(name):
    """FNV-1a, 64 bits."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def seeded_unit(name, count):
    """`count` values of -1..1 by SplitMix64."""
    with np.errstate(over="ignore"):
        x = np.uint64(fnv(name)) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return (x >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)


def seeded_values(name, shape):
    """All values of a tensor."""
    units = seeded_unit(name, math.prod(shape)).reshape(shape)
    if name.endswith("bias"):
        return units * np.float32(0.1)
    if len(shape) == 1:
        return np.float32(1) + units * np.float32(0.1)
    return units * np.float32(math.sqrt(3 / math.prod(shape[1:])))


def fill(model, prefix=""):
    """Gives every parameter of a PyTorch module the values of `prefix` and its name, in place."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(seeded_values(prefix + name, tuple(parameter.shape))))
    return model.eval()
