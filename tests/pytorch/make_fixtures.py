#!/usr/bin/env python3
"""Write tests/fixtures/{vit,resnet,resnet-gradients,ops}.safetensors: what PyTorch and timm compute.

usage: make_fixtures.py [FOLDER]          FOLDER is tests/fixtures unless given

Run by hand, where PyTorch, timm and safetensors are installed; nothing in the build needs them. The same versions
write the same bytes. The versions are kept in each file's metadata.

All results come from a run in f64 on weights that are exact in f32, so they are right to more digits than an f32
implementation has. Entries whose name ends in .f32 come from the same computation in PyTorch's f32: their distance from
the f64 value tells how far rounding alone takes a sound implementation.

Models
------

vit.safetensors       timm's VisionTransformer: 32 x 32 pictures, patch 8, dim 24, depth 2, heads 3, mlp ratio 4,
                      qkv_bias, LayerNorm eps 1e-6, erf GELU, class token, 10 classes, no dropout
resnet.safetensors    the CIFAR ResNet-18 (kuangliu's structure and names), width 4 where the original has 64:
                      3 x 3 stem, stages 2-2-2-2 of 4, 8, 16, 32 channels, BatchNorm eps 1e-5, momentum .1, 10 classes
resnet-gradients.safetensors    its `gradient.` entries

  model.<name>          the state dict: f32; num_batches_tracked i64
  input.images          u8 [4, 3, 32, 32]; the model sees image / 127.5 - 1
  input.labels          i64 [4]
  output.logits         f64 [4, 10], in training mode: the ResNet's BatchNorm uses the batch's statistics
  output.logits.f32     f32, the same
  output.logits_eval    f64, ResNet only: with the running statistics of model.*
  output.loss           f64 []: mean cross-entropy of output.logits
  output.attention.<i>  f32 [4, 3, 17, 17], ViT only: block i's attention after the softmax
  gradient.<name>       f32: of output.loss, for every parameter
  after.<name>          ResNet only: the running statistics after that one forward pass in training mode (f32, rounded
                        from f64; num_batches_tracked i64)

  train.images          u8 [5, 4, 3, 32, 32], scaled like input.images
  train.labels          i64 [5, 4]
  train.losses          f64 [10]: training starts from model.*; step i takes batch i % 5, forward in training mode,
                        cross-entropy (the value written here), backward, one step of the optimiser
  train.losses.f32      f64 [10]: the same, computed in f32

  The optimisers, at a constant learning rate:
    ViT     AdamW, lr 1e-3, betas .9 .999, eps 1e-8, weight decay .05 for the parameters whose name ends in .weight and
            whose rank is 2 or more (matrices and the patch kernel); none for biases, norms, cls_token and pos_embed
    ResNet  SGD, lr 1e-3, momentum .9 with Nesterov, weight decay 5e-4 for every parameter

  How closely to compare. In f64: everything to 1e-9 (gradients to the precision of f32, in which they are stored); the
  effect of the ResNet's weight decay on the losses is above 1e-7 from the second step on. In f32: the ViT's ten losses
  to 1e-5, but of the ResNet's only the first three. Each ReLU that rounding flips changes the gradient of so narrow a
  net by percents: weights that differ by one part in 10^7 can end 1e-3 apart.

Ops
---

ops.safetensors holds the cases of op_cases() below: one call a case, its options as PyTorch's own keywords. All values
are f64, except labels and indices (i64) and masks (u8, 0 or 1).

  <case>.in.<k>         the inputs, in the order of the call
  <case>.out.<k>        the outputs
  <case>.cotangent      of the shape of out.0
  <case>.grad.<k>       the gradient of sum(out.0 * cotangent) with respect to in.<k>, for each floating-point input that
                        has one

The cases optimizer_* hold five steps of one parameter: in.0 is its value [4, 3], in.1 the gradient of each step
[5, 4, 3], out.0 the value after each step [5, 4, 3]. In clip_grad_norm_*, in.<k> are gradients, out.<k> what clipping
makes of them, and the last output is the norm before clipping.
"""

import os
import sys

import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer


# Models --------------------------------------------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for stage in range(4):
            stride, out = (1 if stage == 0 else 2), width << stage
            setattr(self, f"layer{stage + 1}", nn.Sequential(Block(channels, out, stride), Block(out, out, 1)))
            channels = out
        self.linear = nn.Linear(channels, 10)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer4(self.layer3(self.layer2(self.layer1(out))))
        return self.linear(F.avg_pool2d(out, 4).flatten(1))


def randomize(model):
    """Values that no entry can be mistaken in: the usual zeros and ones would hide a bias that is never added."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape)
            if name in ("cls_token", "pos_embed"):
                p.copy_(0.5 * noise)
            elif p.dim() >= 2:
                p.copy_(noise / p[0].numel() ** 0.5)
            elif name.endswith(".bias"):
                p.copy_(0.1 * noise)
            else:
                p.copy_(1 + 0.1 * noise)
        for name, b in model.named_buffers():
            if name.endswith("running_mean"):
                b.copy_(0.2 * torch.randn(b.shape))
            elif name.endswith("running_var"):
                b.copy_(0.5 + torch.rand(b.shape))


def pictures(*batch):
    """Blurred noise with a tint for each class: something that ten steps can begin to learn."""
    labels = torch.randint(0, 10, batch)
    tint = torch.rand(10, 3)[labels][..., None, None] - 0.5
    coarse = torch.rand(labels.numel(), 3, 6, 6)
    fine = F.interpolate(coarse, size=(32, 32), mode="bilinear").view(*batch, 3, 32, 32)
    return ((fine + tint).clamp(0, 1) * 255).round().to(torch.uint8), labels


def scaled(images, dtype):
    return images.to(dtype) / 127.5 - 1


def adamw(model):
    decayed = [p for n, p in model.named_parameters() if n.endswith(".weight") and p.dim() >= 2]
    others = [p for n, p in model.named_parameters() if not (n.endswith(".weight") and p.dim() >= 2)]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4)


def train(model, optimizer, images, labels):
    model.train()
    losses = []
    for step in range(10):
        batch = step % len(images)
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


def stored(tensor):
    tensor = tensor.detach().contiguous().clone()
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def model_fixture(make, make_optimizer):
    model = make()
    randomize(model)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    images, labels = pictures(4)
    train_images, train_labels = pictures(5, 4)
    entries = {
        "input.images": images,
        "input.labels": labels,
        "train.images": train_images,
        "train.labels": train_labels,
    }
    entries |= {f"model.{name}": value for name, value in start.items()}

    def fresh(dtype):
        model = make()
        model.load_state_dict(start)
        return model.to(dtype).train()

    entries["output.logits.f32"] = stored(fresh(torch.float32)(scaled(images, torch.float32)))

    model = fresh(torch.float64)
    attention = []
    for name, module in model.named_modules():
        if name.endswith("attn_drop"):
            module.register_forward_hook(lambda module, inputs, output: attention.append(output))
    logits = model(scaled(images, torch.float64))
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    entries["output.logits"] = logits.detach().clone()
    entries["output.loss"] = loss.detach().clone()
    entries |= {f"output.attention.{i}": stored(a) for i, a in enumerate(attention)}
    gradients = {f"gradient.{name}": stored(p.grad) for name, p in model.named_parameters()}
    after = {f"after.{name}": stored(b) for name, b in model.named_buffers()}
    if after:
        entries |= after
        model = fresh(torch.float64).eval()
        entries["output.logits_eval"] = model(scaled(images, torch.float64)).detach().clone()

    for dtype, name in ((torch.float64, "train.losses"), (torch.float32, "train.losses.f32")):
        model = fresh(dtype)
        entries[name] = train(model, make_optimizer(model), scaled(train_images, dtype), train_labels)
    return entries, gradients


def vit():
    return VisionTransformer(
        img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=3, mlp_ratio=4, qkv_bias=True, num_classes=10
    )


def resnet():
    return ResNet18(width=4)


# Ops -----------------------------------------------------------------------------------------------------------------


def normal(*shape):
    return torch.randn(shape, dtype=torch.float64)


def uniform(*shape):
    return torch.rand(shape, dtype=torch.float64)


def integers(high, *shape):
    return torch.randint(0, high, shape)


def batch_norm(x, weight, bias, mean, variance, training):
    mean, variance = mean.detach().clone(), variance.detach().clone()
    return F.batch_norm(x, mean, variance, weight, bias, training, momentum=0.1, eps=1e-5), mean, variance


def five_steps(make):
    def run(value, gradients):
        p = nn.Parameter(value.detach().clone())
        optimizer, values = make([p]), []
        for gradient in gradients:
            p.grad = gradient.detach().clone()
            optimizer.step()
            values.append(p.detach().clone())
        return torch.stack(values)

    return run


def clip(limit):
    def run(*gradients):
        parameters = [nn.Parameter(torch.zeros_like(g)) for g in gradients]
        for p, g in zip(parameters, gradients):
            p.grad = g.detach().clone()
        norm = nn.utils.clip_grad_norm_(parameters, limit)
        return *[p.grad for p in parameters], norm

    return run


def op_cases():
    small, tall = normal(1, 2, 4, 5), normal(1, 2, 9, 11)
    resize = F.interpolate
    yield "interpolate_nearest_up", lambda x: resize(x, size=(7, 10), mode="nearest"), small
    yield "interpolate_nearest_down", lambda x: resize(x, size=(4, 5), mode="nearest"), tall
    yield "interpolate_bilinear_up", lambda x: resize(x, size=(7, 10), mode="bilinear"), small
    yield "interpolate_bilinear_down", lambda x: resize(x, size=(4, 5), mode="bilinear"), tall
    yield "interpolate_bilinear_corners", lambda x: resize(x, size=(7, 10), mode="bilinear", align_corners=True), small
    yield "interpolate_bilinear_antialias", lambda x: resize(x, size=(4, 5), mode="bilinear", antialias=True), tall
    yield "interpolate_bicubic_up", lambda x: resize(x, size=(7, 10), mode="bicubic"), small
    yield "interpolate_bicubic_down", lambda x: resize(x, size=(4, 5), mode="bicubic"), tall
    yield "interpolate_bicubic_corners", lambda x: resize(x, size=(7, 10), mode="bicubic", align_corners=True), small
    yield "interpolate_bicubic_antialias", lambda x: resize(x, size=(4, 5), mode="bicubic", antialias=True), tall
    yield "interpolate_bicubic_antialias_up", lambda x: resize(x, size=(7, 10), mode="bicubic", antialias=True), small

    line = torch.cat([3 * normal(20), torch.tensor([-30.0, -8.0, 0.0, 8.0, 30.0], dtype=torch.float64)])
    yield "gelu_erf", F.gelu, line
    yield "gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), line
    yield "silu", F.silu, line
    yield "softplus", F.softplus, line[:-5]
    yield "hardswish", F.hardswish, line
    yield "cumsum_first", lambda x: torch.cumsum(x, 0), normal(4, 3, 2)
    yield "cumsum_last", lambda x: torch.cumsum(x, -1), normal(3, 6)
    yield "logsumexp", lambda x: torch.logsumexp(x, 1), normal(3, 4, 2)
    yield "logsumexp_large", lambda x: torch.logsumexp(x, -1, keepdim=True), 1000 + 10 * normal(3, 5)
    yield "softmax", lambda x: F.softmax(x, -1), 5 * normal(3, 7)
    yield "log_softmax", lambda x: F.log_softmax(x, 1), 5 * normal(2, 6, 3)

    yield "layer_norm", lambda x, w, b: F.layer_norm(x, (6,), w, b, eps=1e-6), normal(2, 3, 6), normal(6), normal(6)
    yield "group_norm", lambda x, w, b: F.group_norm(x, 3, w, b, eps=1e-5), normal(2, 6, 3, 2), normal(6), normal(6)
    # Outputs 1 and 2: running mean and variance after the call; momentum .1, variance unbiased.
    statistics = (normal(3), normal(3), normal(3), 0.5 + uniform(3))
    yield "batch_norm_train", lambda *a: batch_norm(*a, training=True), normal(4, 3, 3, 2) + 1, *statistics
    yield "batch_norm_eval", lambda *a: batch_norm(*a, training=False), normal(4, 3, 3, 2) + 1, *statistics

    plane = normal(1, 2, 7, 6)
    yield "avg_pool2d", lambda x: F.avg_pool2d(x, 2), plane
    yield "avg_pool2d_padded", lambda x: F.avg_pool2d(x, 3, 2, 1), plane
    yield "avg_pool2d_exclude_pad", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), plane
    yield "avg_pool2d_ceil", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), plane
    yield "avg_pool2d_ceil_exclude_pad", (
        lambda x: F.avg_pool2d(x, (3, 2), (2, 3), 1, ceil_mode=True, count_include_pad=False)
    ), plane
    yield "max_pool2d", lambda x: F.max_pool2d(x, 2), plane
    yield "max_pool2d_padded", lambda x: F.max_pool2d(x, 3, 2, 1), plane
    yield "max_pool2d_ceil", lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), plane
    yield "max_pool2d_dilated", lambda x: F.max_pool2d(x, 2, 1, 0, dilation=2), plane
    yield "adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 4)), plane

    yield "conv2d", lambda x, w, b: F.conv2d(x, w, b, padding=1), normal(2, 3, 5, 4), normal(4, 3, 3, 3), normal(4)
    yield "conv2d_stride", (
        lambda x, w: F.conv2d(x, w, stride=(2, 3), padding=(2, 1))
    ), normal(2, 3, 7, 8), normal(4, 3, 3, 2)
    yield "conv2d_groups_dilation", (
        lambda x, w, b: F.conv2d(x, w, b, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2)
    ), normal(2, 4, 7, 6), normal(6, 2, 3, 3), normal(6)
    yield "conv2d_depthwise", (
        lambda x, w, b: F.conv2d(x, w, b, padding=2, groups=4)
    ), normal(2, 4, 5, 6), normal(4, 1, 5, 5), normal(4)

    # The inputs are query, key, value [batch, heads, tokens, dim] and the mask: u8, 1 where a token may look, or a bias
    # that is added to the scores.
    attention = F.scaled_dot_product_attention
    q, k, v = normal(2, 2, 3, 4), normal(2, 2, 5, 4), normal(2, 2, 5, 6)
    mask = (integers(2, 2, 1, 3, 5) | torch.eye(3, 5, dtype=torch.int64)).to(torch.uint8)
    yield "attention", attention, q, k, v
    yield "attention_scale", lambda q, k, v: attention(q, k, v, scale=0.3), q, k, v
    yield "attention_mask", lambda q, k, v, m: attention(q, k, v, attn_mask=m.bool()), q, k, v, mask
    yield "attention_bias", lambda q, k, v, m: attention(q, k, v, attn_mask=m), q, k, v, normal(2, 2, 3, 5)
    yield "attention_causal", lambda q, k, v: attention(q, k, v, is_causal=True), q, k[:, :, :3], v[:, :, :3]
    # in.0 the indices, with repetitions; in.1 the table
    yield "embedding", F.embedding, torch.tensor([[0, 4, 4], [2, 0, 4]]), normal(5, 3)

    # in.0 the logits, in.1 the labels or the distribution of classes
    loss = F.cross_entropy
    x, labels, soft = 3 * normal(6, 5), integers(5, 6), torch.softmax(2 * normal(6, 5), 1)
    ignored = torch.where(torch.arange(6) % 3 == 1, -100, labels)
    yield "cross_entropy", loss, x, labels
    yield "cross_entropy_sum", lambda x, y: loss(x, y, reduction="sum"), x, labels
    yield "cross_entropy_none", lambda x, y: loss(x, y, reduction="none"), x, labels
    yield "cross_entropy_smoothing", lambda x, y: loss(x, y, label_smoothing=0.1), x, labels
    yield "cross_entropy_ignore", lambda x, y: loss(x, y, ignore_index=-100), x, ignored
    yield "cross_entropy_smoothing_ignore", (
        lambda x, y: loss(x, y, label_smoothing=0.1, ignore_index=-100)
    ), x, ignored
    yield "cross_entropy_soft", loss, x, soft
    yield "cross_entropy_soft_smoothing", lambda x, y: loss(x, y, label_smoothing=0.1), x, soft
    a, b = 2 * normal(4, 3), 2 * normal(4, 3)
    yield "mse", F.mse_loss, a, b
    yield "l1", F.l1_loss, a, b
    yield "huber", lambda x, y: F.huber_loss(x, y, delta=0.7), a, b
    yield "smooth_l1", lambda x, y: F.smooth_l1_loss(x, y, beta=0.7), a, b
    # in.0 log-probabilities, in.1 probabilities (or their logarithms)
    p, q = F.log_softmax(normal(4, 5), 1), F.log_softmax(normal(4, 5), 1)
    yield "kl_div", lambda x, y: F.kl_div(x, y, reduction="batchmean"), p, q.exp()
    yield "kl_div_log_target", lambda x, y: F.kl_div(x, y, reduction="batchmean", log_target=True), p, q
    yield "bce_with_logits", F.binary_cross_entropy_with_logits, 20 * normal(4, 3), uniform(4, 3)
    yield "bce_with_logits_pos_weight", (
        lambda x, y, w: F.binary_cross_entropy_with_logits(x, y, pos_weight=w.detach())
    ), 3 * normal(4, 3), uniform(4, 3), 0.5 + uniform(3)

    optim, steps = torch.optim, (normal(4, 3), normal(5, 4, 3))
    for name, make in {
        "sgd": lambda p: optim.SGD(p, lr=0.1),
        "sgd_weight_decay": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.05),
        "sgd_momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05),
        "sgd_nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
        "adam": lambda p: optim.Adam(p, lr=0.01, betas=(0.9, 0.99), eps=1e-8),
        "adam_weight_decay": lambda p: optim.Adam(p, lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.05),
        "adamw": lambda p: optim.AdamW(p, lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.05),
    }.items():
        yield "optimizer_" + name, five_steps(make), *steps
    gradients = normal(3, 2), normal(4), normal(2, 2)
    yield "clip_grad_norm_above", clip(1.0), *gradients
    yield "clip_grad_norm_below", clip(100.0), *gradients

    # What is newer stands at the end, so that what is before keeps its numbers.
    for name, make in {
        "amsgrad": lambda p: optim.Adam(p, lr=0.01, betas=(0.9, 0.5), eps=1e-8, amsgrad=True, weight_decay=0.05),
        "adamw_amsgrad": lambda p: optim.AdamW(p, lr=0.01, betas=(0.9, 0.5), amsgrad=True, weight_decay=0.05),
        "rmsprop": lambda p: optim.RMSprop(p, lr=0.01, weight_decay=0.05),
        "rmsprop_momentum": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3, momentum=0.9),
        "rmsprop_centered": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.5, centered=True),
    }.items():
        yield "optimizer_" + name, five_steps(make), *steps
    weight = 0.5 + uniform(5)
    yield "cross_entropy_weight", lambda x, y, w: loss(x, y, w.detach()), x, labels, weight
    yield "cross_entropy_weight_smoothing_ignore", (
        lambda x, y, w: loss(x, y, w.detach(), label_smoothing=0.1)
    ), x, ignored, weight
    yield "cross_entropy_weight_none", (
        lambda x, y, w: loss(x, y, w.detach(), label_smoothing=0.1, reduction="none")
    ), x, labels, weight
    yield "cross_entropy_weight_soft", lambda x, y, w: loss(x, y, w.detach(), label_smoothing=0.1), x, soft, weight

    line = line[8:]
    yield "elu", lambda x: F.elu(x, 0.7), line
    yield "celu", lambda x: F.celu(x, 2.0), line
    yield "selu", F.selu, line
    yield "relu6", F.relu6, line
    yield "hardsigmoid", lambda x: F.hardsigmoid(x).detach(), line
    yield "mish", F.mish, line
    yield "softsign", F.softsign, line
    yield "logsigmoid", F.logsigmoid, line
    yield "prelu", F.prelu, 2 * normal(3, 4, 2), normal(4)
    a, b = 3 * normal(3, 4), normal(3, 4)
    yield "atan2", torch.atan2, a, b
    yield "remainder", torch.remainder, a, b
    yield "fmod", torch.fmod, a, b
    yield "floor_divide", lambda x, y: torch.floor_divide(x, y).detach(), a, b
    a, b = integers(41, 3, 4) - 20, torch.tensor([3, -3, 7, -1])
    yield "remainder_of_integers", torch.remainder, a, b
    yield "fmod_of_integers", torch.fmod, a, b
    yield "floor_divide_of_integers", torch.floor_divide, a, b
    yield "trunc_divide_of_integers", lambda x, y: torch.div(x, y, rounding_mode="trunc"), a, b
    yield "bits_of_integers", lambda x, y: (x & y) ^ ((x | ~y) << 2) >> 1, a, b
    yield "matmul_of_vectors", lambda x, y: x @ y, normal(2, 3, 4), normal(4)
    yield "einsum_of_heads", lambda q, k: torch.einsum("bhqd,bhkd->bhqk", q, k), normal(2, 2, 3, 4), normal(2, 2, 5, 4)
    yield "einsum_of_three", lambda *x: torch.einsum("...i,ij,...j->...", *x), normal(2, 3), normal(3, 4), normal(2, 4)
    yield "einsum_of_diagonals", lambda x: torch.einsum("...ii->...i", x), normal(2, 3, 3)
    yield "unfold", lambda x: F.unfold(x, (2, 3), dilation=(2, 1), padding=(1, 2), stride=(1, 2)), normal(2, 3, 5, 6)
    yield "fold", lambda x: F.fold(x, (5, 6), 3, padding=1, stride=2), normal(2, 18, 9)


def op_fixture():
    entries = {}
    for name, function, *inputs in op_cases():
        leaves = [x.detach().clone().requires_grad_(x.is_floating_point()) for x in inputs]
        outputs = function(*leaves)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        entries |= {f"{name}.in.{k}": x for k, x in enumerate(inputs)}
        entries |= {f"{name}.out.{k}": y for k, y in enumerate(outputs)}
        if outputs[0].requires_grad:
            cotangent = normal(*outputs[0].shape)
            (outputs[0] * cotangent).sum().backward()
            entries[f"{name}.cotangent"] = cotangent
            entries |= {f"{name}.grad.{k}": x.grad for k, x in enumerate(leaves) if x.grad is not None}
    return {name: value.detach().contiguous().clone() for name, value in entries.items()}


def main():
    if len(sys.argv) > 2 or sys.argv[1:] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    default = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures")
    folder = os.path.normpath(sys.argv[1] if len(sys.argv) == 2 else default)
    os.makedirs(folder, exist_ok=True)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # so that sums are taken in one order
    timm.layers.set_fused_attn(False)  # so that the attention maps can be seen
    # One entry, because the order of several is not kept.
    versions = {"written by": f"torch {torch.__version__.split('+')[0]}, timm {timm.__version__}"}

    def write(name, entries, limit):
        path = os.path.join(folder, name + ".safetensors")
        save_file(entries, path, metadata=versions)
        size = os.path.getsize(path)
        print(f"{path}: {len(entries)} entries, {size / 1000:.0f} kB")
        if size > limit:
            sys.exit(f"{path} is larger than {limit / 1000:.0f} kB")

    torch.manual_seed(1)
    entries, gradients = model_fixture(vit, adamw)
    write("vit", entries | gradients, 300_000)
    torch.manual_seed(6)
    entries, gradients = model_fixture(resnet, sgd)
    write("resnet", entries, 300_000)
    write("resnet-gradients", gradients, 300_000)
    torch.manual_seed(3)
    write("ops", op_fixture(), 250_000)


main()
