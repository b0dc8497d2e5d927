#!/usr/bin/env python3
"""Compare every variant of the zoo that an original has, at its full size, with that original: logits of two pictures in evaluation, f32,
on weights that are computed from the parameters' names (see make_zoo_fixtures.py), with attention and norms as they are published.

usage: compare_full_size.py FORWARD [VARIANT | FAMILY]...     FORWARD is the program that `ninja tests/forward` builds

Prints a row a variant: parameters, the largest difference of two logits by the largest logit, in f32 of both, and in f32 of PyTorch from
PyTorch in f64 (what rounding alone does). Run by hand, where PyTorch, timm, transformers and vit-pytorch are installed.
"""

import os
import subprocess
import sys
import tempfile

import numpy
import torch
from make_zoo_fixtures import VARIANTS, original_of, state_of, u, values, zoo_shape
from safetensors.torch import save_file

BATCH = 2


def build_variant(variant):
    """None where no original has it."""
    for family, variants in VARIANTS.items():
        if variant in variants.split():
            return original_of(family, variant)[0]
    return None


def logits_of(model, x):
    y = model(x)
    return getattr(y, "logits", y)


def set_weights(model, rename):
    with torch.no_grad():
        for name, tensor in state_of(model).items():
            if tensor.is_floating_point():
                tensor.copy_(values(rename(name), zoo_shape(rename(name), tensor)).reshape(tensor.shape))


def pixels(variant):
    """The side of the pictures, which is the last number of the name that is one."""
    numbers = [int(word) for word in variant.split("_") if word.isdigit() and int(word) >= 32]
    return numbers[-1] if numbers else 224


def weights_of(model, rename):
    state = {rename(name): tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state_of(model).items()}
    return {name: tensor.reshape(zoo_shape(name, tensor)).contiguous() for name, tensor in state.items()}


def run(forward, variant, model, rename, x, folder):
    path = {name: os.path.join(folder, name) for name in ("weights.safetensors", "images.npy", "logits.npy")}
    save_file(weights_of(model, rename), path["weights.safetensors"])
    numpy.save(path["images.npy"], x.float().numpy())
    with torch.no_grad():
        single = logits_of(model.float(), x.float()).double()
        double = logits_of(model.double(), x)
    subprocess.run([forward, variant, str(double.shape[1]), *path.values()], check=True)
    ours = torch.from_numpy(numpy.load(path["logits.npy"]))
    scale = double.abs().max()
    return [((a - b).abs().max() / scale).item() for a, b in ((ours, double), (single, double))]


def main():
    forward, asked = sys.argv[1], sys.argv[2:]
    print(f"| variant | parameters | vitro | PyTorch {torch.__version__.split('+')[0]} |\n|---|---|---|---|")
    for family, variants in VARIANTS.items():
        for variant in variants.split():
            if asked and family not in asked and variant not in asked:
                continue
            torch.manual_seed(0)
            model, rename = original_of(family, variant)
            model.eval()
            set_weights(model, rename)
            side = pixels(variant)
            x = (4 * u("images", BATCH * 3 * side * side)).reshape(BATCH, 3, side, side)
            with tempfile.TemporaryDirectory() as folder:
                ours, theirs = run(forward, variant, model, rename, x, folder)
            count = sum(p.numel() for p in model.parameters())
            print(f"| `{variant}` | {count:,} | {ours:.1e} | {theirs:.1e} |", flush=True)


if __name__ == "__main__":
    main()
