#!/usr/bin/env python3
"""The training step, or the forward pass, that train_step times, in PyTorch 2: the same models, flags and line of JSON.

Models that are not written out below are those of timm, transformers and vit-pytorch, or of the short ports that the zoo is held to."""
import time

BEGAN = time.perf_counter()

import argparse
import ast
import json
import math
import os
import pathlib
import re
import resource
import statistics
import sys

try:
    import torch
    import torch.nn.functional as F
    from torch import nn
except ImportError as error:
    sys.exit(f"pytorch_step: {sys.executable} has no PyTorch ({error}); its installation: https://pytorch.org")


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


RESIDENT_AFTER_IMPORT = resident_bytes()
WEIGHT_DECAY = 1e-2
PRODUCTS = 8
# What suits a device, as in train_step.
WARM_UP_STEPS = {"cpu": 2, "cuda": 6}
GROUP = {"cpu": 1, "cuda": 10}
MATMUL_SIZE = {"cpu": 2048, "cuda": 8192}

# Models: those of the zoo ---------------------------------------------------------------------------------------------


class Attention(nn.Module):
    def __init__(self, dim, heads, dropout, sdpa):
        super().__init__()
        self.heads, self.sdpa = heads, sdpa
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        if self.sdpa:
            out = F.scaled_dot_product_attention(q, k, v)
        else:
            out = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(-1) @ v
        return self.dropout(self.proj(out.transpose(1, 2).reshape(batch, tokens, dim)))


class Mlp(nn.Sequential):
    def __init__(self, dim, hidden, dropout):
        super().__init__(
            nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dim), nn.Dropout(dropout)
        )


class ViTBlock(nn.Module):
    def __init__(self, dim, hidden, heads, dropout, sdpa):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads, dropout, sdpa)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, hidden, dropout)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, image_size, patch_size, depth, dim, hidden, heads, classes, dropout, sdpa):
        super().__init__()
        self.depth, self.dim, self.hidden, self.classes = depth, dim, hidden, classes
        self.patch_size, self.patches = patch_size, (image_size // patch_size) ** 2
        self.patch_embed = nn.Conv2d(3, dim, patch_size, patch_size)
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, dim))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, 1 + self.patches, dim))
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.Sequential(*(ViTBlock(dim, hidden, heads, dropout, sdpa) for _ in range(depth)))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, classes)

    def forward(self, images):
        patches = self.patch_embed(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.cls_token.expand(images.shape[0], -1, -1), patches], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(self.dropout(tokens)))[:, 0])

    def macs(self):
        tokens = 1 + self.patches
        embedding = self.patches * 3 * self.patch_size**2 * self.dim
        block = tokens * (4 * self.dim**2 + 2 * tokens * self.dim + 2 * self.dim * self.hidden)
        return embedding + self.depth * block + self.dim * self.classes


class ResNetBlock(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels:
            self.shortcut.append(nn.Conv2d(channels_in, channels, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self, image_size, classes):
        super().__init__()
        self.image_size = image_size
        self.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        blocks, channels_in = [], 64
        for channels in (64, 128, 256, 512):
            blocks.append(ResNetBlock(channels_in, channels, 1 if channels == 64 else 2))
            blocks.append(ResNetBlock(channels, channels, 1))
            channels_in = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(512, classes)

    def forward(self, images):
        x = self.blocks(F.relu(self.bn1(self.conv1(images))))
        return self.head(x.mean((2, 3)))

    def macs(self):
        side, macs = self.image_size, 0
        macs += side**2 * self.conv1.weight.numel()
        for block in self.blocks:
            side = math.ceil(side / block.conv1.stride[0])
            macs += side**2 * sum(m.weight.numel() for m in block.modules() if isinstance(m, nn.Conv2d))
        return macs + self.head.weight.numel()


# image size, patch size, depth, dim, hidden, heads, classes, dropout
VITS = {
    "vit_nano_patch4_32": (32, 4, 6, 128, 256, 4, 10, 0.0),
    "vit_tiny_patch4_32": (32, 4, 12, 192, 768, 3, 10, 0.1),
    "vit_tiny_patch16_224": (224, 16, 12, 192, 768, 3, 1000, 0.1),
    "vit_small_patch16_224": (224, 16, 12, 384, 1536, 6, 1000, 0.1),
    "vit_base_patch16_224": (224, 16, 12, 768, 3072, 12, 1000, 0.1),
    "vit_large_patch16_224": (224, 16, 24, 1024, 4096, 16, 1000, 0.1),
}
RESNETS = ["resnet18_cifar"]

# Ways to run the same step. On a GPU scaled_dot_product_attention and channels-last are what everybody would take.
VARIANTS = {
    "cpu": {
        "eager": set(),
        "sdpa": {"sdpa"},
        "channels-last": {"channels-last"},
        "compile": {"compile"},
        "compile-sdpa": {"compile", "sdpa"},
        "compile-channels-last": {"compile", "channels-last"},
    },
    "cuda": {
        "eager": {"sdpa", "channels-last"},
        "compile": {"compile", "sdpa", "channels-last"},
        "max-autotune": {"compile", "max-autotune", "sdpa", "channels-last"},
    },
}


def variants_of(model, device):
    """Those that are worth a try: attention is written out in the ViTs below alone, others' models fuse it; a layout of channels
    matters to convolutions."""
    without = "channels-last" if model in VITS else "sdpa"
    return [name for name, traits in VARIANTS[device].items() if device == "cuda" or without not in traits]


def traits_of(options):
    return VARIANTS[options.device][options.variant]


def leave_out_dropout(model):
    """And drop path, of which timm, transformers and vit-pytorch each have a module."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "drop_prob"):
            module.drop_prob = 0.0


def build_original(options):
    """A model of the zoo as its original has it, and the size of its pictures."""
    sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "pytorch"))
    from compare_full_size import build_variant, logits_of, pixels

    model = build_variant(options.model)
    if model is None:
        sys.exit(f"pytorch_step: there is no model {options.model}")
    if options.depth or options.image_size:
        sys.exit(f"pytorch_step: {options.model}: its depth and its pictures cannot be chosen")
    if not options.dropout:
        leave_out_dropout(model)
    return Logits(model, logits_of), pixels(options.model)


class Logits(nn.Module):
    def __init__(self, model, logits_of):
        super().__init__()
        self.model, self.logits_of = model, logits_of

    def forward(self, images):
        return self.logits_of(self.model, images)


def build(options):
    """The model, and the size of its pictures."""
    if options.model not in [*VITS, *RESNETS]:
        return build_original(options)
    if options.model in RESNETS:
        if options.depth:
            sys.exit(f"pytorch_step: {options.model}: its depth cannot be chosen")
        image_size = options.image_size or 32
        return ResNet18(image_size, 10), image_size
    image_size, patch_size, depth, dim, hidden, heads, classes, dropout = VITS[options.model]
    image_size = options.image_size or image_size
    if image_size % patch_size:
        sys.exit(f"pytorch_step: a picture of {image_size} pixels does not divide into patches of {patch_size}")
    depth = options.depth or depth
    dropout = dropout if options.dropout else 0.0
    sdpa = "sdpa" in traits_of(options)
    return ViT(image_size, patch_size, depth, dim, hidden, heads, classes, dropout, sdpa), image_size


# To begin where vitro begins -------------------------------------------------------------------------------------------

# The names of the zoo's parameters, where those above are called otherwise.
NAMES = [("patch_embed.proj.", "patch_embed."), (".mlp.fc1.", ".mlp.0."), (".mlp.fc2.", ".mlp.3."), ("fc.", "head."), ("downsample.", "shortcut.")]
NAMES += [(f"layer{stage + 1}.{block}.", f"blocks.{2 * stage + block}.") for stage in range(4) for block in range(2)]
DTYPES = {"F32": torch.float32, "I64": torch.int64, "<f4": torch.float32, "<i8": torch.int64, "|u1": torch.uint8}


def read_npy(path):
    """An array in C's order, as numpy.load, which may not be there."""
    data = path.read_bytes()
    length = 10 + int.from_bytes(data[8:10], "little")
    header = ast.literal_eval(data[10:length].decode())
    return torch.frombuffer(bytearray(data[length:]), dtype=DTYPES[header["descr"]]).reshape(header["shape"])


def read_safetensors(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = torch.frombuffer(bytearray(data[start + begin:start + end]), dtype=DTYPES[entry["dtype"]])
            tensors[name] = values.reshape(entry["shape"])
    return tensors


def load_weights(model, folder):
    """Gives the model the weights that vitro wrote into the folder."""
    weights = {}
    for name, tensor in read_safetensors(folder / "model.safetensors").items():
        for theirs, ours in NAMES:
            name = name.replace(theirs, ours)
        weights[name] = tensor
    missing = model.load_state_dict(weights, strict=False)
    wrong = [name for name in [*missing.missing_keys, *missing.unexpected_keys] if "num_batches_tracked" not in name]
    if wrong:
        sys.exit(f"pytorch_step: {folder} is of another model: {', '.join(wrong)}")


def load_start(model, folder):
    """Gives the model train_step's weights, and returns its pictures and labels."""
    load_weights(model, folder)
    return read_npy(folder / "images.npy"), read_npy(folder / "labels.npy")


# Measuring ------------------------------------------------------------------------------------------------------------


def peak_resident_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def synchronize(options):
    if options.device == "cuda":
        torch.cuda.synchronize()


def matmul_flops(options):
    size, dtype = options.matmul_size, torch.bfloat16 if options.precision == "bf16" else torch.float32
    a, b = ((torch.rand(size, size, device=options.device) * 2 - 1).to(dtype) for _ in range(2))
    times = []
    for _ in range(PRODUCTS):
        synchronize(options)
        began = time.perf_counter()
        a @ b
        synchronize(options)
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times)


# What has axes and is not decayed: tokens and positions.
NOT_DECAYED = re.compile(r".*((cls|dist|reg)_token\d?|pos_embed|position_embeddings|relative_position_bias_table)")


def by_decay(model):
    """The parameters that vitro decays, and the others."""
    decayed, others = [], []
    for name, parameter in model.named_parameters():
        decays = parameter.dim() >= 2 and not NOT_DECAYED.fullmatch(name)
        (decayed if decays else others).append(parameter)
    return decayed, others


def make_optimizer(model, lr):
    decayed, others = by_decay(model)
    groups = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr, weight_decay=WEIGHT_DECAY, fused=True)


def make_step(model, images, labels, options):
    """A function that makes one step and returns its loss."""
    traits = traits_of(options)
    if "channels-last" in traits and options.model not in VITS:
        model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    optimizer = make_optimizer(model, options.lr)
    bf16 = options.precision == "bf16"

    def loss_of(images, labels):
        with torch.autocast(options.device, dtype=torch.bfloat16, enabled=bf16):
            return F.cross_entropy(model(images), labels)

    if "compile" in traits:
        loss_of = torch.compile(loss_of, mode="max-autotune" if "max-autotune" in traits else None)

    if options.inference:
        forward = torch.compile(model) if "compile" in traits else model

        def infer():
            with torch.inference_mode(), torch.autocast(options.device, dtype=torch.bfloat16, enabled=bf16):
                return forward(images).float().mean()

        return infer

    def step():
        if "max-autotune" in traits:
            torch.compiler.cudagraph_mark_step_begin()
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(images, labels)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def measure(step, options):
    """The seconds to the end of the first step, those of a step in each group, and the losses: of every step where they
    were asked for, else of the last."""
    losses = []

    def timed(count):
        began = time.perf_counter()
        for _ in range(count):
            loss = step()
            if options.start:
                losses.append(loss.clone())
        synchronize(options)
        return (time.perf_counter() - began) / count, loss

    timed(1)
    first = time.perf_counter() - BEGAN
    timed(WARM_UP_STEPS[options.device] - 1)
    times = []
    for _ in range(options.steps // options.group):
        seconds, last = timed(options.group)
        times.append(seconds)
    return first, times, [loss.item() for loss in losses or [last]]


def memory_of_gpu(options):
    """As vt_statistics has them: the most that tensors held, and what the allocator holds."""
    if options.device != "cuda":
        return {}
    return {
        "peak_bytes": torch.cuda.max_memory_allocated(),
        "reserved_bytes": torch.cuda.memory_reserved(),
        "device_name": torch.cuda.get_device_name(),
    }


def parse_options():
    def positive(text):
        value = int(text)
        if value < 1:
            raise ValueError
        return value

    def threads(text):
        value = int(text)
        if value < 0:
            raise ValueError
        return value

    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--model", default="vit_tiny_patch4_32", help="a name of the zoo (vit_tiny_patch4_32)")
    add("--batch", type=positive, default=64, help="pictures a step (64)")
    add("--depth", type=positive, help="blocks of a ViT (the model's)")
    add("--image-size", type=positive, help="height and width of the pictures (the model's)")
    add("--dropout", action="store_true", help="keep the model's dropout and drop path, which are left out otherwise")
    add("--inference", action="store_true", help="time the forward pass alone, in evaluation")
    add("--lr", type=float, default=1e-3, help="of AdamW (0.001)")
    add("--steps", type=positive, default=10, help="steps to time, after some that are not (10)")
    add("--group", type=positive, help="steps that are timed as one; the steps are rounded up to whole groups "
        "(1; cuda: 10)")
    add("--device", choices=list(VARIANTS), default="cpu")
    add("--precision", choices=["f32", "bf16"], default="f32", help="bf16: autocast (f32)")
    add("--threads", type=threads, default=0, help="0: one for each core that the program may use (0)")
    add("--matmul-size", type=positive, help="rows of the matrices whose product a step is held to (2048; cuda: 8192)")
    add("--variant", default="eager", help="how to run the step: a name that --list-variants prints (eager)")
    add("--start", type=pathlib.Path, metavar="DIR", help="begin with what train_step --start wrote into this folder, and "
        "report the loss of every step")
    add("--list-variants", action="store_true", help="print those that suit the model, one a line, and exit")
    options = parser.parse_args()
    options.group = options.group or GROUP[options.device]
    options.matmul_size = options.matmul_size or MATMUL_SIZE[options.device]
    options.steps = -(-options.steps // options.group) * options.group
    return options


def prepare(options):
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("pytorch_step: PyTorch finds no GPU here")
    torch.manual_seed(1)
    torch.set_num_threads(options.threads or len(os.sched_getaffinity(0)))
    # f32 means f32, as in vitro.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True


def main():
    options = parse_options()
    variants = variants_of(options.model, options.device)
    if options.list_variants:
        print("\n".join(variants))
        return
    if options.variant not in variants:
        sys.exit(f"pytorch_step: no variant {options.variant} of {options.model} on {options.device}; there are: "
                 f"{', '.join(variants)}")
    prepare(options)
    model, image_size = build(options)
    model.train(not options.inference).to(options.device)
    if options.start:
        images, labels = (x.to(options.device) for x in load_start(model, options.start))
    else:
        images = torch.randn(options.batch, 3, image_size, image_size, device=options.device)
        labels = torch.arange(options.batch, device=options.device) % 10
    flop = 2 * (1 if options.inference else 3) * model.macs() * options.batch if hasattr(model, "macs") else None

    first, times, losses = measure(make_step(model, images, labels, options), options)
    resident, gpu = peak_resident_bytes(), memory_of_gpu(options)
    median, best, peak = statistics.median(times), min(times), matmul_flops(options)
    if not math.isfinite(losses[-1]):
        sys.exit(f"pytorch_step: the loss is {losses[-1]} after {options.steps} steps")
    print(
        json.dumps(
            {
                "model": options.model,
                "device": options.device,
                "precision": options.precision,
                "batch": options.batch,
                "image_size": image_size,
                "dropout": options.dropout,
                "inference": options.inference,
                "threads": torch.get_num_threads(),
                "steps": options.steps,
                "group": options.group,
                "parameters": sum(p.numel() for p in model.parameters()),
                "decayed_parameters": sum(p.numel() for p in by_decay(model)[0]),
                "images_per_second_median": options.batch / median,
                "images_per_second_best": options.batch / best,
                "step_ms_median": 1e3 * median,
                "step_ms_min": 1e3 * best,
                "gflop_per_step": flop and flop / 1e9,
                "gflops": flop and flop / median / 1e9,
                "matmul_gflops": peak / 1e9,
                "matmul_fraction": flop and flop / median / peak,
                "first_step_seconds": first,
                "max_resident_bytes": resident,
                "resident_after_import_bytes": RESIDENT_AFTER_IMPORT,
                **gpu,
                "loss": losses[-1],
                **({"losses": losses} if options.start else {}),
                "variant": options.variant,
                "torch": torch.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
