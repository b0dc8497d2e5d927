#!/usr/bin/env python3
"""Times the ops of a table in PyTorch, forward and with their gradients, and prints a line of JSON for each and for each
way to compute it. The other side of op_step."""
import argparse
import json
import os
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    sys.exit(f"pytorch_op: {missing}; it needs PyTorch")

WARM_UP_STEPS = 2


def convolution(row, layout):
    batch, channels, height, width = row["x"]
    groups, kernel = row.get("groups", 1), row.get("kernel", 1)
    weight = torch.randn(row["outputs"], channels // groups, kernel, kernel) * 0.1
    inputs = [torch.randn(batch, channels, height, width).to(memory_format=layout), weight.to(memory_format=layout),
              torch.randn(row["outputs"])]

    def run(x, weight, bias):
        return F.conv2d(x, weight, bias, row.get("stride", 1), row.get("padding", 0), 1, groups)

    return run, inputs


def attention_inputs(row):
    q = row["q"]
    keys = [*q[:-2], row.get("keys", q[-2]), q[-1]]
    return [torch.randn(q), torch.randn(keys), torch.randn(keys), *([torch.randn(row["bias"])] if "bias" in row else [])]


def added_mask(row):
    """As a list: what hides keys from queries is added to the logits, as Swin has it."""
    return [-100.0 * (torch.rand(row["mask"]) <= 0.2)] if "mask" in row else []


def attention(row):
    mask = added_mask(row)

    def run(q, k, v, *bias):
        logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
        return sum([*bias, *mask], logits).softmax(-1) @ v

    return run, attention_inputs(row)


def fused_attention(row):
    mask = added_mask(row)

    def run(q, k, v, *bias):
        added = sum(mask, *bias) if bias else None
        logits = [*q.shape[:-1], k.shape[-2]]
        return F.scaled_dot_product_attention(q, k, v, None if added is None else added.expand(logits))

    return run, attention_inputs(row)


def factorized_attention(row):
    def run(q, k, v):
        return q.shape[-1] ** -0.5 * (q @ (k.softmax(-2).transpose(-2, -1) @ v))

    return run, attention_inputs(row)


def adaptive_pooling(row, layout):
    def run(x):
        return F.adaptive_avg_pool2d(x, row["side"])

    return run, [torch.randn(row["x"]).to(memory_format=layout)]


def in_each_layout(make):
    """An op on images in the ways that PyTorch stores them."""
    return {
        "contiguous": lambda row: make(row, torch.contiguous_format),
        "channels-last": lambda row: make(row, torch.channels_last),
    }


# The ways to compute an op, of which the fastest counts.
VARIANTS = {
    "conv2d": in_each_layout(convolution),
    "attention": {"eager": attention, "sdpa": fused_attention},
    "factorized_attention": {"eager": factorized_attention},
    "adaptive_pooling": in_each_layout(adaptive_pooling),
}


def least_ms(step, steps):
    """Of the clock, and of all threads' work."""
    wall, cpu = [], []
    for _ in range(WARM_UP_STEPS + steps):
        began, worked = time.perf_counter(), time.process_time()
        kept = step()
        cpu.append(time.process_time() - worked)
        wall.append(time.perf_counter() - began)
        del kept
    return {"wall_ms": 1e3 * min(wall[WARM_UP_STEPS:]), "cpu_ms": 1e3 * min(cpu[WARM_UP_STEPS:])}


def steps_of(run, inputs):
    def forward():
        with torch.inference_mode():
            return run(*inputs)

    trained = [x.detach().clone().requires_grad_() for x in inputs]
    cotangent = torch.randn_like(forward())

    def training():
        y = run(*trained)
        return y, torch.autograd.grad(y, trained, cotangent)

    return {"forward": forward, "training": training}


def main():
    parser = argparse.ArgumentParser(prog="pytorch_op", description=__doc__)
    add = parser.add_argument
    add("table", help="bench/ops_table.json, or a file like it")
    add("--only", default="", metavar="TEXT", help="rows whose name contains this")
    add("--steps", type=int, default=10, metavar="N", help="runs to time, after two that are not (10)")
    add("--threads", type=int, default=0, metavar="N", help="0: one for each core (0)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads or len(os.sched_getaffinity(0)))
    with open(options.table) as file:
        table = json.load(file)
    for row in table:
        if options.only not in row["name"]:
            continue
        for variant, make in VARIANTS[row["op"]].items():
            for name, step in steps_of(*make(row)).items():
                print(json.dumps({"name": row["name"], "pass": name, "variant": variant, "torch": torch.__version__,
                                  "level": torch.backends.cpu.get_cpu_capability(),
                                  "threads": torch.get_num_threads(), **least_ms(step, options.steps)}), flush=True)


if __name__ == "__main__":
    main()
