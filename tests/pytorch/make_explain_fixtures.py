#!/usr/bin/env python3
"""Write tests/fixtures/explain.safetensors: what attention rollout, Grad-CAM and statistics of attention are for configurations of
make_zoo_fixtures.py, computed with PyTorch from the originals.

usage: make_explain_fixtures.py [FOLDER]      FOLDER is tests/fixtures unless given

Run by hand, as make_zoo_fixtures.py, which says how weights and pictures are computed. tests/test_explain.c holds the explanations to
this file. All are of the first picture, in f64 and in evaluation.

  <case>.class            i64 []: that Grad-CAM is of: the one for which the most places count
  <case>.grad_cam         [rows, columns]: of its logit
  <case>.rollout          [tokens, tokens], ViT only, as is what follows
  <case>.rollout_discard  the same, where the lowest 0.3 of each layer's mean map are dropped
  <case>.statistics       [layers, 1 + heads, 3]: of the mean of the heads, then of each: entropy, mean distance, CLS -> patch mean
  <case>.mask             [patches], bool: those that keep 0.6 of what the class token attends to in the last layer's mean map
"""

import os
import sys

import torch
from safetensors.torch import save_file

from make_zoo_fixtures import CASES, CLASSES, images, maps_of, no_dropout, values, zoo_shape

DISCARD, KEEP = 0.3, 0.6
PATCH = 8


def original(case):
    torch.manual_seed(0)
    model, size, rename = CASES[case]()
    model = model.double().eval()
    no_dropout(model)
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if tensor.is_floating_point():
                tensor.copy_(values(rename(name), zoo_shape(rename(name), tensor)).reshape(tensor.shape))
    return model, size


def grad_cam(model, layer, x, number, by_place):
    """by_place makes a feature map [C, rows, columns] of what the layer gives."""
    seen = {}

    def look(module, inputs, output):
        output.retain_grad()
        seen["output"] = output

    hook = layer.register_forward_hook(look)
    model(x)[0, number].backward()
    hook.remove()
    value, gradient = by_place(seen["output"].detach()), by_place(seen["output"].grad)
    weights = gradient.mean(dim=(1, 2))
    return torch.relu((weights[:, None, None] * value).sum(0))


def explain_class(case, model, layer, x, by_place, out):
    maps = [grad_cam(model, layer, x, number, by_place) for number in range(CLASSES)]
    best = max(range(CLASSES), key=lambda number: (maps[number] > 0).sum().item())
    out[f"{case}.class"], out[f"{case}.grad_cam"] = torch.tensor(best), maps[best]


def rollout(maps, discard=0.0):
    tokens = maps[0].shape[-1]
    result = torch.eye(tokens, dtype=torch.float64)
    for attention in maps:
        mean = attention[0].mean(0)
        flat = mean.flatten().clone()
        flat[flat.topk(int(flat.numel() * discard), largest=False).indices] = 0
        layer = flat.reshape(tokens, tokens) + torch.eye(tokens, dtype=torch.float64)
        result = layer / layer.sum(1, keepdim=True) @ result
    return result


def statistics(attention, prefix, grid):
    row, column = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    centers = PATCH * torch.stack([row.flatten(), column.flatten()], 1).double()
    distance = torch.cdist(centers, centers)
    rows = attention[0] if prefix else None
    entropy = torch.special.entr(rows).sum() if prefix else torch.special.entr(attention).sum(1).mean()
    class_row = rows if prefix else attention.mean(0)
    patches = attention[prefix:, prefix:]
    return torch.stack([entropy, (patches * distance).sum() / patches.sum(), class_row[prefix:].mean()])


def mask(row):
    value, order = torch.sort(row)
    kept = torch.cumsum(value / value.sum(), 0) > 1 - KEEP
    return torch.zeros_like(kept).scatter(0, order, kept)


def explain_vit(case, prefix, out):
    model, size = original(case)
    x = images(size)[:1]
    grid = size[0] // PATCH, size[1] // PATCH
    maps = maps_of(model, x)
    explain_class(case, model, model.blocks[-1].norm1, x, lambda y: y[0, prefix:].T.reshape(-1, *grid), out)
    out[f"{case}.rollout"] = rollout(maps)
    out[f"{case}.rollout_discard"] = rollout(maps, DISCARD)
    out[f"{case}.statistics"] = torch.stack(
        [torch.stack([statistics(a, prefix, grid) for a in [m[0].mean(0), *m[0]]]) for m in maps])
    if prefix:
        out[f"{case}.mask"] = mask(maps[-1][0].mean(0)[0, prefix:])


def explain_resnet(case, out):
    model, size = original(case)
    explain_class(case, model, model.layer4[-1], images(size)[:1], lambda y: y[0], out)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "fixtures")
    out = {}
    for case, prefix in {"vit": 1, "vit_mean": 1, "vit_no_class_token": 0, "deit_distilled": 2}.items():
        explain_vit(case, prefix, out)
    for case in ["resnet_basic", "resnet_bottleneck"]:
        explain_resnet(case, out)
    path = os.path.join(folder, "explain.safetensors")
    save_file({name: tensor.contiguous() for name, tensor in out.items()}, path, {"torch": torch.__version__})


if __name__ == "__main__":
    main()
