#!/usr/bin/env python3
"""Write tests/fixtures/optimizers.safetensors: what timm's, torch's and their authors' own optimisers do in five steps,
and the learning rates of torch's schedules.

usage: make_optimizer_fixtures.py [FOLDER]          FOLDER is tests/fixtures unless given

Run by hand, where torch (2.9 or newer), timm, safetensors and schedulefree are installed; nothing in the build needs
them. The versions are kept in the file's metadata.

All values are f64. Muon's originals round to bf16 before they orthogonalise; here they are kept from it, so that what
is compared is the algorithm.

  <case>.in.0     the parameter's value
  <case>.in.1     the gradient of each step, five in front of the parameter's axes
  <case>.out.0    the value after each step
  <case>.out.1    schedule-free alone: the average x after the last step

  schedule.<name>    the learning rates of 20 steps, of which the highest is 0.5
"""

import os
import sys
from importlib.metadata import version

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


def schedules():
    schedule = torch.optim.lr_scheduler
    yield "warmup", lambda o: schedule.LinearLR(o, start_factor=0.2, total_iters=4)
    yield "step", lambda o: schedule.StepLR(o, step_size=7, gamma=0.3)
    yield "cosine", lambda o: schedule.CosineAnnealingLR(o, T_max=20, eta_min=0.01)
    yield "linear", lambda o: schedule.PolynomialLR(o, total_iters=20, power=1.0)
    yield "one_cycle", lambda o: schedule.OneCycleLR(o, max_lr=0.5, total_steps=20, cycle_momentum=False)
    yield "one_cycle_late", lambda o: schedule.OneCycleLR(
        o, max_lr=0.5, total_steps=20, pct_start=0.45, div_factor=10, final_div_factor=100, cycle_momentum=False
    )


def rates(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    schedule, values = make(optimizer), []
    for step in range(20):
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if step < 19:
            schedule.step()
    return torch.tensor(values, dtype=torch.float64)


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
    entries |= {f"schedule.{name}": rates(make) for name, make in schedules()}
    versions = {"torch": torch.__version__, "timm": timm.__version__, "schedulefree": version("schedulefree")}
    save_file(entries, os.path.join(folder, "optimizers.safetensors"), metadata=versions)


if __name__ == "__main__":
    main()
