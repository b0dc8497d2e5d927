#!/usr/bin/env python3
"""Write tests/fixtures/adapt/*.safetensors: a small vision transformer for pictures [3, 32, 32], and what timm makes of its weights for
pictures of other sizes and channels.

usage: make_adapt_fixtures.py          Run by hand, where PyTorch and timm are installed; nothing in the build needs them.

  from.safetensors                            the weights
  to.safetensors, <channels>x<height>x<width>.pos_embed, .patch_embed   the parameters that were adapted
                  <channels>x<height>x<width>.logits                    of the pictures that make_zoo_fixtures.py describes
"""

import os

import timm
import torch
from make_zoo_fixtures import BATCH, u
from safetensors.torch import save_file
from timm.layers import resample_abs_pos_embed
from timm.models._manipulate import adapt_input_conv
from timm.models.vision_transformer import VisionTransformer


def build(channels, size):
    return VisionTransformer(img_size=size, in_chans=channels, patch_size=8, embed_dim=8, depth=1, num_heads=2, mlp_ratio=2, num_classes=5)


def adapted(state, channels, size):
    model = build(channels, size).double().eval()
    state = dict(state)
    grid = (size[0] // 8, size[1] // 8)
    state["pos_embed"] = resample_abs_pos_embed(state["pos_embed"].double(), grid, num_prefix_tokens=1)
    weight = adapt_input_conv(channels, state["patch_embed.proj.weight"])
    state["patch_embed.proj.weight"] = weight
    model.load_state_dict(state)
    x = (4 * u("images", BATCH * channels * size[0] * size[1])).reshape(BATCH, channels, *size)
    name = f"{channels}x{size[0]}x{size[1]}"
    return {f"{name}.pos_embed": state["pos_embed"], f"{name}.patch_embed": weight.double(), f"{name}.logits": model(x).detach()}


def main():
    folder = os.path.join(os.path.dirname(__file__), "..", "fixtures", "adapt")
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(0)
    model = build(3, (32, 32))
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * (0.3 if p.ndim > 1 else 0.1) + (1 if p.ndim == 1 else 0))
    state = model.state_dict()
    save_file(state, os.path.join(folder, "from.safetensors"))
    out = {}
    for channels, size in [(1, (48, 40)), (5, (16, 24)), (3, (64, 64))]:
        out |= adapted(state, channels, size)
    save_file({name: tensor.contiguous() for name, tensor in out.items()}, os.path.join(folder, "to.safetensors"),
              {"torch": torch.__version__, "timm": timm.__version__})


main()
