#!/usr/bin/env python3
"""Write tests/fixtures/optimizers.safetensors: what timm's, torch's and their authors' own optimisers do in five steps.

usage: make_optimizer_fixtures.py [FOLDER]          FOLDER is tests/fixtures unless given

Run by hand, where torch (2.9 or newer), timm, safetensors and schedulefree are installed; nothing in the build needs
them. The versions are kept in the file's metadata.

All values are f64. Muon's originals round to bf16 before they orthogonalise; here they are kept from it, so that what
is compared is the algorithm.

  <case>.in.0     the parameter's value
  <case>.in.1     the gradient of each step, five in front of the parameter's axes
  <case>.out.0    the value after each step
  <case>.out.1    schedule-free alone: the average x after the last step
"""

import os
import sys

import schedulefree
import timm
import torch
from safetensors.torch import save_file
from timm.optim import Lamb, Lion
from timm.optim import Muon as TimmMuon

STEPS = 5


def steps(make, value, gradients):
    p = torch.nn.Parameter(value.clone())
    optimizer, values = make([p]), []
    if hasattr(optimizer, "train"):
        optimizer.train()
    for gradient in gradients:
        p.grad = gradient.clone()
        optimizer.step()
        values.append(p.detach().clone())
    out = [torch.stack(values)]
    if hasattr(optimizer, "eval"):
        optimizer.eval()
        out.append(p.detach().clone())
    return out


def in_f64(make):
    """An optimiser for which bf16 is f64."""

    def run(parameters):
        optimizer, step = make(parameters), None
        step = optimizer.step

        def step_in_f64():
            kept, torch.bfloat16 = torch.bfloat16, torch.float64
            try:
                step()
            finally:
                torch.bfloat16 = kept

        optimizer.step = step_in_f64
        return optimizer

    return run


def torch_muon(**options):
    return in_f64(lambda p: torch.optim.Muon(p, lr=0.02, weight_decay=0.05, **options))


def timm_muon(**options):
    # timm names the dtype as a default, which is bound before it can be replaced.
    defaults = list(timm.optim.muon.zeropower_via_newtonschulz.__defaults__)
    timm.optim.muon.zeropower_via_newtonschulz.__defaults__ = tuple(
        torch.float64 if value is torch.bfloat16 else value for value in defaults
    )
    return lambda p: TimmMuon(p, lr=0.02, weight_decay=0.05, ns_coefficients="original", **options)


def cases():
    matrix, kernel, vector = (6, 4), (4, 3, 2, 2), (5,)
    yield "lion", matrix, lambda p: Lion(p, lr=0.01, betas=(0.9, 0.99), weight_decay=0.05)
    yield "lamb", matrix, lambda p: Lamb(p, lr=0.01, betas=(0.9, 0.99), weight_decay=0.05, max_grad_norm=None)
    yield "lamb_without_decay", matrix, lambda p: Lamb(p, lr=0.01, weight_decay=0, max_grad_norm=None)
    yield "lamb_always_adapt", matrix, lambda p: Lamb(p, lr=0.01, weight_decay=0, max_grad_norm=None, always_adapt=True)
    yield "muon", matrix, torch_muon(adjust_lr_fn="match_rms_adamw")
    yield "muon_wide", matrix[::-1], torch_muon(adjust_lr_fn="match_rms_adamw")
    yield "muon_original", matrix, torch_muon(adjust_lr_fn="original", momentum=0.9)
    yield "muon_plain", matrix, torch_muon(adjust_lr_fn="original", nesterov=False)
    yield "muon_of_a_kernel", kernel, timm_muon(nesterov=True, adjust_lr_fn="match_rms_adamw", conv_mode="flatten")
    yield "muon_of_a_vector", vector, timm_muon(nesterov=False, betas=(0.9, 0.95), eps=1e-8)
    yield "schedule_free", matrix, lambda p: schedulefree.AdamWScheduleFree(p, lr=0.01, foreach=False)
    yield "schedule_free_warmup", matrix, lambda p: schedulefree.AdamWScheduleFree(
        p, lr=0.01, betas=(0.95, 0.99), eps=1e-3, weight_decay=0.05, warmup_steps=3, foreach=False
    )


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "fixtures")
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(15)
    entries = {}
    for name, shape, make in cases():
        value = torch.randn(shape, generator=generator, dtype=torch.float64)
        gradients = torch.randn((STEPS, *shape), generator=generator, dtype=torch.float64)
        entries[f"{name}.in.0"], entries[f"{name}.in.1"] = value, gradients
        for i, out in enumerate(steps(make, value, gradients)):
            entries[f"{name}.out.{i}"] = out.contiguous()
    versions = {"torch": torch.__version__, "timm": timm.__version__, "schedulefree": "1.4.1"}
    save_file(entries, os.path.join(folder, "optimizers.safetensors"), metadata=versions)


if __name__ == "__main__":
    main()
