"""RRDBNet and SRVGGNetCompact in PyTorch, written from the papers and from XPixelGroup/BasicSR@v1.4.2 and
xinntao/Real-ESRGAN@v0.3.0: what danqing's networks are compared with. State-dict names are the published ones.
"""

import re

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional


def conv(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class DenseBlock(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        for n in range(1, 5):
            setattr(self, f"conv{n}", conv(features + (n - 1) * growth, growth))
        self.conv5 = conv(features + 4 * growth, features)

    def forward(self, x):
        seen = [x]
        for n in range(1, 5):
            made = getattr(self, f"conv{n}")(torch.cat(seen, 1))
            seen.append(functional.leaky_relu(made, 0.2))
        return self.conv5(torch.cat(seen, 1)) * 0.2 + x


class Rrdb(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(features, growth) for _ in range(3))

    def forward(self, x):
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RrdbNet(nn.Module):
    def __init__(self, features=64, growth=32, blocks=23, ups=2, unshuffle=1):
        super().__init__()
        self.unshuffle, self.ups = unshuffle, ups
        self.conv_first = conv(3 * unshuffle**2, features)
        self.body = nn.Sequential(*(Rrdb(features, growth) for _ in range(blocks)))
        self.conv_body = conv(features, features)
        for n in range(1, ups + 1):
            setattr(self, f"conv_up{n}", conv(features, features))
        self.conv_hr = conv(features, features)
        self.conv_last = conv(features, 3)

    def steps(self, x):
        """Outputs of the steps that danqing reports, the last one being the picture."""
        if self.unshuffle > 1:
            x = functional.pixel_unshuffle(x, self.unshuffle)
        first = x = self.conv_first(x)
        yield x
        for block in self.body:
            x = block(x)
            yield x
        x = first + self.conv_body(x)
        yield x
        for n in range(1, self.ups + 1):
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = functional.leaky_relu(getattr(self, f"conv_up{n}")(x), 0.2)
            yield x
        x = functional.leaky_relu(self.conv_hr(x), 0.2)
        yield x
        yield self.conv_last(x)

    def forward(self, x):
        *_, picture = self.steps(x)
        return picture


class SrvggNet(nn.Module):
    def __init__(self, features=64, convs=16, scale=4):
        super().__init__()
        self.scale = scale
        layers = [conv(3, features), nn.PReLU(features)]
        for _ in range(convs):
            layers += [conv(features, features), nn.PReLU(features)]
        self.body = nn.Sequential(*layers, conv(features, 3 * scale**2))

    def steps(self, x):
        picture = functional.interpolate(x, scale_factor=self.scale, mode="nearest")
        for n, layer in enumerate(self.body):
            x = layer(x)
            if n % 2 == 1:
                yield x
        yield functional.pixel_shuffle(x, self.scale) + picture

    def forward(self, x):
        *_, picture = self.steps(x)
        return picture


def in_order(path):
    """Weights of a file whose tensors are named after ncnn's layers (`Conv_12.weight`), layer by layer."""
    tensors = load_file(path)
    layers = {}
    for name, tensor in tensors.items():
        layer, part = name.rsplit(".", 1)
        layers.setdefault(int(re.search(r"(\d+)$", layer)[1]), {})["bias" if part == "bias" else "weight"] = tensor.float()
    return [layers[n] for n in sorted(layers)]


def with_layers(network, layers):
    """The network with those weights: modules that have any are met in the order in which they run."""
    modules = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.PReLU))]
    assert len(modules) == len(layers), (len(modules), len(layers))
    for module, layer in zip(modules, layers):
        module.load_state_dict(layer)
    return network.eval()


def load(name, path):
    """One of danqing's catalogue, from the file of its model store."""
    if name == "realesrgan-x2plus":
        import onnx
        from onnx import numpy_helper

        network = RrdbNet(unshuffle=2)
        graph = onnx.load(path).graph
        weights = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
        network.load_state_dict({key: weights[key] for key in network.state_dict()})
        return network.eval()
    network = {
        "realesrgan-x4plus": lambda: RrdbNet(),
        "realesrgan-x4plus-anime": lambda: RrdbNet(blocks=6),
        "realesr-animevideov3": lambda: SrvggNet(),
    }[name]()
    return with_layers(network, in_order(path))
