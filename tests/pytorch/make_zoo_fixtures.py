#!/usr/bin/env python3
"""Write tests/fixtures/zoo/CASE.safetensors: what timm, vit-pytorch and PyTorch compute with small configurations of the zoo's families;
and tests/fixtures/state_dicts/FAMILY.txt: the names and shapes of the parameters and buffers of the originals' variants.

usage: make_zoo_fixtures.py [CASE | FAMILY]...          all of them unless some are named

Run by hand, where PyTorch, timm, vit-pytorch and safetensors are installed; nothing in the build needs them. tests/test_zoo.c holds the
zoo to these files, and has the same configurations by the same names.

No weights are stored: both sides compute them. Element i of a tensor is center + spread * u(name, i) with

    h = (crc32(name) + 2654435761 i) mod 2^32;  h ^= h >> 16;  h = 73244475 h mod 2^32;  h ^= h >> 16
    u = h / 2^32 - 0.5

where `name` is the zoo's. The center is 1 for tensors of one axis whose name ends in weight or gamma, and for running_var, otherwise 0.
The spread is 0.5 for tensors of one axis; for others it is 2^(1 - round(log2(sqrt(elements / first extent)))). Integers are 0. The pictures
are center 0, spread 4 of the name "images"; labels are 0, 1, 2, ...

  logits         f64 [2, 5], in evaluation
  logits_train   f64, where that differs but for dropout, which is off: batch norm
  loss           f64 []: mean cross-entropy, in training
  gradients      f64 [P, 2]: of the loss, for each parameter in the order of its name: Σ g u("gradient", i), and the norm of g
  value.<name>   f64 [1, 2]: the same of the result of the module of that name, in evaluation; `values` says how many there are
  maps           f64 [M, 2]: the same of what each softmax of attention gives, in the order in which they run, in evaluation
  statistics     f64 [S, 2]: the same of the running statistics of batch norms, after this step
"""

import functools
import math
import os
import re
import sys
import zlib

import timm
import torch
import torch.nn as nn
import torch.nn.functional as F
import transformers
import vit_pytorch
from ceit import CeiT
from safetensors.torch import save_file
from timm.models.byobnet import ByobNet, ByoBlockCfg, ByoModelCfg
from timm.models.coat import CoaT
from timm.models.pvt_v2 import PyramidVisionTransformerV2
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer
from timm.models.deit import VisionTransformerDistilled
from torch.overrides import TorchFunctionMode
from transformers.activations import QuickGELUActivation
from vit_pytorch.cct import CCT, Tokenizer, TransformerClassifier
from vit_pytorch.simple_vit import posemb_sincos_2d
from vit5 import ViT5

CLASSES, BATCH = 5, 2


def u(name, count):
    i = torch.arange(count, dtype=torch.int64)
    h = (zlib.crc32(name.encode()) + 2654435761 * i) % 2**32
    h = h ^ (h >> 16)
    h = (73244475 * h) % 2**32
    h = h ^ (h >> 16)
    return h.double() / 2**32 - 0.5


def values(name, shape):
    count = math.prod(shape)
    centered = (len(shape) == 1 and name.endswith(("weight", "gamma"))) or name.endswith("running_var")
    spread = 0.5 if len(shape) == 1 else 2.0 ** (1 - round(math.log2(math.sqrt(count / shape[0]))))
    return ((1 if centered else 0) + spread * u(name, count)).reshape(shape)


def zoo_shape(name, tensor):
    """vit-pytorch's tokens and positions have no axis for the batch."""
    return (1,) * (3 - tensor.ndim) + tuple(tensor.shape) if name in ("cls_token", "pos_embed") else tuple(tensor.shape)


def images(size):
    return (4 * u("images", BATCH * 3 * size[0] * size[1])).reshape(BATCH, 3, *size)


# The originals ---------------------------------------------------------------------------------------------------------


class MhaBlock(nn.Module):
    """Norm, nn.MultiheadAttention, and an MLP: an encoder's block as tutorials write it."""

    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.norm2(x))


class MhaVit(nn.Module):
    def __init__(self, size, patch, dim, depth, heads, hidden, classes=CLASSES):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + size[0] // patch * (size[1] // patch), dim))
        self.patch_embed = nn.Conv2d(3, dim, patch, patch)
        self.blocks = nn.ModuleList(MhaBlock(dim, heads, hidden) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, classes)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


def timm_vit(kind=VisionTransformer, **options):
    return kind(img_size=(32, 16), patch_size=8, embed_dim=24, depth=2, num_heads=3, mlp_ratio=2, num_classes=CLASSES, **options)


def swin(size, **options):
    return SwinTransformer(img_size=size, num_classes=CLASSES, drop_path_rate=0, **options)


def pvt_v2(mlp_ratios=(4, 4, 2, 2), **options):
    return PyramidVisionTransformerV2(embed_dims=(8, 16, 24, 32), num_heads=(1, 2, 3, 4), mlp_ratios=mlp_ratios, num_classes=CLASSES,
                                      **options)


def botnet(size, *blocks, **options):
    """Of each stage a letter a block: c has a convolution, a attention."""
    kinds = {"c": "bottle", "a": "self_attn"}
    stages = tuple(tuple(ByoBlockCfg(type=kinds[kind], d=1, c=32 << i, s=2 if i else 1, gs=0, br=0.25) for kind in letters)
                   for i, letters in enumerate(blocks))
    config = ByoModelCfg(blocks=stages, stem_chs=16, stem_type="tiered", fixed_input_size=True, self_attn_layer="bottleneck", **options)
    return ByobNet(config, num_classes=CLASSES, img_size=size)


class JointKeysAndValues(nn.Linear):
    """Both projections as one, of whose result a half is returned."""

    def __init__(self, key, value):
        super().__init__(key.in_features, 2 * key.out_features, bias=key.bias is not None)
        self.half = key.out_features

    def key(self, x):
        return self(x)[..., : self.half]

    def value(self, x):
        return self(x)[..., self.half :]


class Pvt(nn.Module):
    """transformers' PVT with keys and values projected together, as the authors' code and the zoo have them."""

    def __init__(self, authors_eps=False, mlp_ratios=None, **options):
        super().__init__()
        config = transformers.PvtConfig(**options)
        if mlp_ratios:
            config.__dict__["mlp_ratios"] = mlp_ratios  # the model takes fractions, which the configuration refuses
        self.model = transformers.PvtForImageClassification(config)
        for name, module in list(self.model.named_modules()):
            if hasattr(module, "key"):
                module.kv = JointKeysAndValues(module.key, module.value)
                del module.key, module.value
                module.key, module.value = module.kv.key, module.kv.value
            if authors_eps and isinstance(module, nn.LayerNorm) and ("patch_embeddings" in name or ".self." in name):
                module.eps = 1e-5

    def forward(self, x):
        return self.model(x).logits


def pvt(mlp_ratios=(4, 4, 2, 2), **options):
    return Pvt(hidden_sizes=(8, 16, 24, 32), num_attention_heads=(1, 2, 3, 4), mlp_ratios=mlp_ratios, num_labels=CLASSES, **options)


def pvt_name(name):
    for old, new in [("model.", ""), ("pvt.encoder.", ""), ("patch_embeddings.0.proj", "patch_embed.proj"),
                     ("patch_embeddings.0.layer_norm", "patch_embed.norm"), ("patch_embeddings.3.cls_token", "cls_token"),
                     ("layer_norm_", "norm"), ("layer_norm", "norm"), ("projection", "proj"), ("attention.self.query", "attn.q"),
                     ("attention.self.sequence_reduction", "attn.sr"), ("attention.self", "attn"), ("attention.output.dense", "attn.proj"),
                     ("mlp.dense", "mlp.fc"), ("classifier", "head")]:
        name = name.replace(old, new)
    name = re.sub(r"^block\.(\d)\.", r"stages.\1.blocks.", name)
    name = re.sub(r"^patch_embeddings\.(\d)\.position_embeddings", r"stages.\1.pos_embed", name)
    return re.sub(r"^patch_embeddings\.(\d)\.", r"stages.\1.downsample.", name)


def pvt_variant(name):
    depths = {"pvt_tiny": (2, 2, 2, 2), "pvt_small": (3, 4, 6, 3), "pvt_medium": (3, 4, 18, 3), "pvt_large": (3, 8, 27, 3)}
    return Pvt(depths=depths[name]), pvt_name


def vit_pytorch_name(name):
    parts = name.split(".")
    if parts[0] == "to_patch_embedding":
        return f"patch_embed.{['', 'pixels', 'proj', 'projected'][int(parts[1])]}.{parts[2]}"
    if parts[:2] == ["transformer", "norm"]:
        return f"norm.{parts[2]}"
    if parts[0] == "transformer":
        block, half, rest = parts[2], int(parts[3]), ".".join(parts[4:])
        names = [{"norm": "norm1", "to_qkv": "attn.qkv", "to_out.0": "attn.proj", "to_out": "attn.proj"},
                 {"net.0": "norm2", "net.1": "mlp.fc1", "net.3": "mlp.fc2", "net.4": "mlp.fc2"}][half]
        layer, _, last = rest.rpartition(".")
        return f"blocks.{block}.{names[layer]}.{last}"
    return {"pos_embedding": "pos_embed", "mlp_head": "head", "linear_head": "head"}.get(parts[0], parts[0]) + "".join(f".{p}" for p in parts[1:])


def sin_cos(rows, columns, dim):
    """vit-pytorch's, which are computed in f32."""
    torch.set_default_dtype(torch.float64)
    table = posemb_sincos_2d(rows, columns, dim, dtype=torch.float64)
    torch.set_default_dtype(torch.float32)
    return table


def simple_vit():
    model = vit_pytorch.SimpleViT(image_size=(32, 16), patch_size=(8, 4), num_classes=CLASSES, dim=24, depth=2, heads=3, dim_head=16,
                                  mlp_dim=40)
    model.pos_embedding = sin_cos(4, 4, 24)
    return model, (32, 16), vit_pytorch_name


def with_fixed_positions(model, rows, columns):
    """timm's, with positions that are no parameter."""
    del model.pos_embed
    model.register_buffer("pos_embed", sin_cos(rows, columns, model.embed_dim)[None], persistent=False)
    return model


def simple_timm_vit():
    return with_fixed_positions(timm_vit(global_pool="avg", class_token=False, fc_norm=False), 4, 2), (32, 16), same


def mha_name(name):
    for old, new in [("patch_embed.", "patch_embed.proj."), ("in_proj_", "qkv."), ("out_proj", "proj"), ("mlp.0", "mlp.fc1"),
                     ("mlp.2", "mlp.fc2")]:
        name = name.replace(old, new)
    return name


def same(name):
    return name


def vit_variant(name):
    """timm's, but for the forms that it has not."""
    base, small = dict(dim=768, depth=12, heads=12), dict(dim=384, depth=12, heads=6)
    of_vit_pytorch = dict(image_size=224, patch_size=16, num_classes=1000)
    if name == "simple_vit_small_patch16_224":
        model = VisionTransformer(embed_dim=384, num_heads=6, global_pool="avg", class_token=False, fc_norm=False)
        return with_fixed_positions(model, 14, 14), same
    if name == "simple_vit_small_patch16_224_normed_patches":
        model = vit_pytorch.SimpleViT(mlp_dim=1536, **of_vit_pytorch, **small)
        model.pos_embedding = sin_cos(14, 14, 384)
        return model, vit_pytorch_name
    if name == "vit_base_patch16_224_normed_patches":
        return vit_pytorch.ViT(mlp_dim=3072, **of_vit_pytorch, **base), vit_pytorch_name
    if name == "vit_base_patch16_224_mha":
        return MhaVit((224, 224), 16, hidden=3072, classes=1000, **base), mha_name
    return timm.create_model(name, num_classes=1000), same


class CompactTransformer(nn.Module):
    """CVT and ViT-Lite, of which vit-pytorch has the parts."""

    def __init__(self, size, patch, pooled, **options):
        super().__init__()
        self.tokenizer = Tokenizer(patch, patch, 0, max_pool=False, conv_bias=True, n_output_channels=options["embedding_dim"])
        self.classifier = TransformerClassifier(pooled, sequence_length=self.tokenizer.sequence_length(3, *size), **options)

    def forward(self, x):
        return self.classifier(self.tokenizer(x))


def compact(make, size, positions="learnable", **options):
    options = dict(embedding_dim=24, num_layers=2, num_heads=3, mlp_ratio=2, num_classes=CLASSES, stochastic_depth_rate=0.0) | options
    return make(size, positional_embedding=positions, **options), size, same


def cct(size, **options):
    return CCT(img_size=size, **options)


def compact_variant(name):
    """As the authors name them: cct_<layers>_<kernel>x<convolutions>_<size>, cvt_<layers>_<patch>_<size>."""
    kind, layers, tokens, size, *sine = name.replace("vit_lite", "lite").split("_")
    dim, heads, ratio = {2: (128, 2, 1), 4: (128, 2, 1), 6: (256, 4, 2), 7: (256, 4, 2), 14: (384, 6, 3)}[int(layers)]
    options = dict(embedding_dim=dim, num_layers=int(layers), num_heads=heads, mlp_ratio=ratio, positions="sine" if sine else "learnable")
    options["num_classes"] = 10 if size == "32" else 102 if layers == "7" else 1000
    size = (int(size), int(size))
    if kind != "cct":
        return compact(functools.partial(CompactTransformer, patch=int(tokens), pooled=kind == "cvt"), size, **options)[::2]
    kernel, convolutions = map(int, tokens.split("x"))
    return compact(functools.partial(cct, kernel_size=kernel, n_conv_layers=convolutions, stride=max(1, kernel // 2 - 1),
                                     padding=kernel // 2), size, **options)[::2]


HUGGING_FACE_CVT = [(r"cvt\.encoder\.stages\.", "stage"), (r"\.embedding\.convolution_embeddings\.projection", ".patch_embed.proj"),
                    (r"\.embedding\.convolution_embeddings\.normalization", ".patch_embed.norm"), (r"\.layers\.", ".blocks."),
                    (r"attention\.attention\.convolution_projection_(.)\w+\.convolution_projection\.", r"attn.conv_proj_\1."),
                    (r"\.convolution\.", ".conv."), (r"\.normalization\.", ".bn."),
                    (r"attention\.attention\.projection_(.)\w+", r"attn.proj_\1"), (r"attention\.output\.dense", "attn.proj"),
                    (r"layernorm_before", "norm1"), (r"layernorm_after", "norm2"), (r"intermediate\.dense", "mlp.fc1"),
                    (r"output\.dense", "mlp.fc2"), (r"^layernorm", "norm"), (r"^classifier", "head")]


def cvt_name(name):
    for pattern, to in HUGGING_FACE_CVT:
        name = re.sub(pattern, to, name)
    return name


def cvt(size=None, quick=True, **options):
    """The authors have the quick GELU, where transformers has GELU. transformers wants stage i to have more than i layers."""
    options = dict(num_labels=CLASSES, drop_path_rate=(0.0, 0.0, 0.0)) | options
    model = transformers.CvtForImageClassification(transformers.CvtConfig(**options))
    for module in model.modules():
        if quick and hasattr(module, "activation"):
            module.activation = QuickGELUActivation()
    return model, size, cvt_name


def cvt_variant(name):
    options = {"13": dict(depth=(1, 2, 10)), "21": dict(depth=(1, 4, 16)),
               "w24": dict(depth=(2, 2, 20), num_heads=(3, 12, 16), embed_dim=(192, 768, 1024))}[name.split("_")[1]]
    return cvt(num_labels=1000, **options)[::2]


def coat(size, dims, parallel=0, windows={3: 1, 5: 2, 7: 1}, mlp_ratios=(3, 2, 2, 2), **options):
    return CoaT(img_size=size, patch_size=4, num_classes=CLASSES, embed_dims=dims, serial_depths=(1, 2, 1, 1), parallel_depth=parallel,
                num_heads=sum(windows.values()), mlp_ratios=mlp_ratios, crpe_window=windows, **options), size, same


def ceit(size, **options):
    return CeiT(size, CLASSES, **options), size, same


def ceit_variant(name):
    _, kind, _, size = name.split("_")
    dim = {"tiny": 192, "small": 384, "base": 768}[kind]
    return CeiT((int(size), int(size)), dim=dim, heads=dim // 64), same


def vit5(size, **options):
    return ViT5(size, CLASSES, **options), size, same


def vit5_variant(name):
    _, kind, _, size = name.split("_")
    dim, depth, heads = {"small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16), "xlarge": (1152, 28, 16)}[kind]
    return ViT5((int(size), int(size)), dim=dim, depth=depth, heads=heads), same


# Name: the model, the size of its pictures, and the zoo's name for a name of its state dict.
CASES = {
    "vit": lambda: (timm_vit(), (32, 16), same),
    "vit_mean": lambda: (timm_vit(global_pool="avg"), (32, 16), same),
    "vit_no_class_token": lambda: (timm_vit(global_pool="avg", class_token=False), (32, 16), same),
    "deit_distilled": lambda: (timm_vit(VisionTransformerDistilled), (32, 16), same),
    "deit3": lambda: (timm_vit(no_embed_class=True, init_values=1e-6), (32, 16), same),
    "vit_normed_patches": lambda: (vit_pytorch.ViT(image_size=(32, 16), patch_size=(8, 4), num_classes=CLASSES, dim=24, depth=2,
                                                   heads=3, dim_head=16, mlp_dim=40), (32, 16), vit_pytorch_name),
    "vit_single_head": lambda: (vit_pytorch.ViT(image_size=(32, 16), patch_size=(8, 4), num_classes=CLASSES, dim=24, depth=2,
                                                heads=1, dim_head=24, mlp_dim=40), (32, 16), vit_pytorch_name),
    "simple_vit": simple_timm_vit,
    "simple_vit_normed_patches": simple_vit,
    "vit_mha": lambda: (MhaVit((32, 16), 8, 24, 2, 3, 48), (32, 16), mha_name),
    "swin": lambda: (swin((32, 24), patch_size=2, window_size=4, embed_dim=12, depths=(2, 2, 2), num_heads=(1, 2, 3)), (32, 24), same),
    "swin_odd": lambda: (swin((20, 28), patch_size=4, window_size=3, embed_dim=16, depths=(2, 3), num_heads=(2, 4)), (20, 28), same),
    "swin_windows": lambda: (swin((24, 16), patch_size=2, window_size=((2, 2), (3, 3)), embed_dim=8, depths=(2, 2), num_heads=(1, 2),
                                  mlp_ratio=2.3, qkv_bias=False), (24, 16), same),
    "pvt": lambda: (pvt(image_size=64, depths=(1, 2, 1, 1)), (64, 64), pvt_name),
    "pvt_authors": lambda: (pvt(image_size=96, depths=(1, 1, 1, 2), authors_eps=True, mlp_ratios=(3.3, 4, 1.7, 2),
                               qkv_bias=False), (96, 96), pvt_name),
    "pvt_v2": lambda: (pvt_v2(depths=(2, 1, 2, 1)), (70, 90), same),
    "pvt_v2_li": lambda: (pvt_v2(depths=(1, 1, 1, 1), linear=True, mlp_ratios=(3.3, 4, 1.7, 2), qkv_bias=False), (32, 48), same),
    "resnet_basic": lambda: (ResNet(BasicBlock, [1, 1, 1, 1], num_classes=CLASSES), (64, 48), same),
    "botnet": lambda: (botnet((24, 48), "c", "aa"), (24, 48), same),
    "botnet_silu": lambda: (botnet((32, 48), "cc", "cac", act_layer="silu"), (32, 48), same),
    "resnet_bottleneck": lambda: (ResNet(Bottleneck, [1, 2, 1, 1], num_classes=CLASSES), (64, 48), same),
    "cct_learned": lambda: compact(functools.partial(cct, kernel_size=3, stride=1, padding=1, n_conv_layers=2), (16, 20)),
    "cct_sine": lambda: compact(functools.partial(cct, kernel_size=7, stride=2, padding=3), (9, 12), "sine"),
    "cvt_lite": lambda: compact(functools.partial(CompactTransformer, patch=4, pooled=True), (8, 16)),
    "vit_lite": lambda: compact(functools.partial(CompactTransformer, patch=4, pooled=False), (8, 16)),
    "cvt_quick": lambda: cvt((40, 28), embed_dim=(8, 12, 24), num_heads=(1, 2, 3), depth=(1, 2, 3), mlp_ratio=(2.0, 2.0, 2.0)),
    "cvt_gelu": lambda: cvt((13, 20), False, embed_dim=(4, 4, 8), num_heads=(2, 1, 2), depth=(1, 2, 3), mlp_ratio=(2.0, 1.3, 2.6),
                            patch_sizes=(5, 3, 3), patch_stride=(2, 2, 2), qkv_bias=(False, True, False), kernel_qkv=(5, 3, 3),
                            padding_q=(2, 1, 1), padding_kv=(2, 1, 1), stride_kv=(3, 1, 2)),
    "ceit_wide": lambda: ceit((32, 48), channels=8, dim=24, depth=3, heads=3, ratio=2),
    "ceit_tall": lambda: ceit((17, 12), kernel=3, stride=1, channels=6, patch=2, dim=16, depth=2, heads=2, ratio=2.9,
                              qkv_bias=False),
    "vit5_registers": lambda: vit5((24, 32), patch=8, dim=24, depth=2, heads=3, ratio=2),
    "vit5_no_registers": lambda: vit5((12, 8), patch=4, dim=32, depth=2, heads=2, ratio=3, registers=0),
    "coat_parallel": lambda: coat((32, 64), (8, 12, 12, 12), parallel=2),
    "coat_serial": lambda: coat((64, 32), (6, 9, 12, 15), windows={3: 1, 7: 2}, mlp_ratios=(3, 2.3, 2, 1.7), qkv_bias=False),
}


# What they compute -----------------------------------------------------------------------------------------------------


class Softmaxes(TorchFunctionMode):
    """Keeps what each softmax gives, but for those that pool a sequence [batch, tokens]. nn.MultiheadAttention is one call."""

    def __init__(self):
        super().__init__()
        self.given = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name, kwargs = getattr(function, "__name__", ""), kwargs or {}
        if name == "multi_head_attention_forward":
            kwargs = kwargs | {"need_weights": True, "average_attn_weights": False}
        out = function(*args, **kwargs)
        weights = out[1] if name == "multi_head_attention_forward" else out
        if name in ("softmax", "multi_head_attention_forward") and weights.ndim > 2:
            self.given.append(weights.detach())
        return out


def maps_of(model, x):
    """The attention weights, in the order in which they are computed."""
    for module in model.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    with Softmaxes() as softmaxes:
        model(x)
    return softmaxes.given


# The modules whose results the zoo names as they are named.
NAMED = re.compile(r"patch_embed|(.*\.)?(\w*blocks\d?|layer\d|stages\.\d)\.\d+")
# The original has the tokens in another order: the zoo's.
OTHER_ORDER = {"vit5_registers": [0, *range(13, 17), *range(1, 13)]}


def values_of(model, x, rename):
    """The results of modules, as hooks on the original see them, under the zoo's names."""
    found, hooks = {}, []

    def keep(name):
        def hook(module, inputs, output):
            if torch.is_tensor(output):
                found[name] = output.detach()
        return hook

    for name, module in model.named_modules():
        try:
            ours = rename(f"{name}.weight").removesuffix(".weight")
        except (IndexError, KeyError, ValueError):
            continue  # names of parameters alone can be renamed
        if NAMED.fullmatch(ours):
            hooks.append(module.register_forward_hook(keep(ours)))
    model(x)
    for hook in hooks:
        hook.remove()
    return found


def no_dropout(model):
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0


def state_of(model):
    """The state dict, with what modules share under the first of its names."""
    once = {name for name, _ in [*model.named_parameters(), *model.named_buffers()]}
    return {name: tensor for name, tensor in model.state_dict().items() if name in once}


def build(case):
    """The original, with the weights that both sides compute."""
    torch.manual_seed(0)
    model, size, rename = CASES[case]()
    model = model.double()
    no_dropout(model)
    with torch.no_grad():
        for name, tensor in state_of(model).items():
            if tensor.is_floating_point():
                tensor.copy_(values(rename(name), zoo_shape(rename(name), tensor)).reshape(tensor.shape))
    return model, size, rename


def logits_of(model, x):
    """transformers gives them among other things."""
    out = model(x)
    return getattr(out, "logits", out)


def along_noise(tensors, rename):
    """For each tensor in the order of its name: Σ t u("gradient", i), and the norm of t."""
    rows = []
    for _, t in sorted((rename(name), t.flatten()) for name, t in tensors):
        rows.append([(t * u("gradient", len(t))).sum().item(), t.norm().item()])
    return torch.tensor(rows, dtype=torch.float64)


def compute(case):
    out = {}
    model, size, rename = build(case)
    x, labels = images(size), torch.arange(BATCH) % CLASSES
    model.eval()
    out["logits"] = logits_of(model, x).detach()
    maps, values = maps_of(model, x), values_of(model, x, rename)
    if case in OTHER_ORDER:
        order = OTHER_ORDER[case]
        maps = [m[..., order, :][..., order] for m in maps]
        values = {name: v[:, order] if name.startswith("blocks") else v for name, v in values.items()}
    if maps:
        out["maps"] = torch.cat([along_noise([("map", m)], same) for m in maps])
    out["values"] = torch.tensor(float(len(values)), dtype=torch.float64)
    out |= {f"value.{name}": along_noise([(name, tensor)], same) for name, tensor in values.items()}
    model.train()
    logits = logits_of(model, x)
    if not torch.allclose(logits, out["logits"], rtol=1e-9, atol=0):
        out["logits_train"] = logits.detach()
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    out["loss"] = loss.detach()
    out["gradients"] = along_noise([(name, p.grad) for name, p in model.named_parameters() if p.requires_grad], rename)
    statistics = [(name, b) for name, b in model.named_buffers() if name.endswith(("running_mean", "running_var"))]
    if statistics:
        out["statistics"] = along_noise(statistics, rename)
    return out


def by_blocks_alone(state):
    """Of what blocks share, each has a copy; and there are norms that nothing uses, as in the authors' files."""
    unused = {f"norm{i}.{kind}": torch.zeros(2) for i in (1, 2, 3) for kind in ("weight", "bias")}
    return {name: tensor for name, tensor in state.items() if not re.match(r"c?r?pe\d", name)} | unused


def with_speeds(state):
    """Of the rotations, as in the authors' files."""
    return state | {f"blocks.{i}.attn.{rope}.freqs": torch.ones(2) for i in range(2) for rope in ("rope", "rope_reg")}


# The cases whose weights are stored under the original's names, and what of them: tests/fixtures/namings/CASE.safetensors
NAMINGS = {"cvt_gelu": dict, "coat_parallel": dict, "coat_serial": by_blocks_alone, "vit5_registers": with_speeds}

# The variants whose names and shapes are those of the originals, by family.
VARIANTS = {
    "vit": """vit_tiny_patch16_224 vit_small_patch16_224 vit_base_patch16_224 vit_base_patch32_224 vit_large_patch16_224
        vit_huge_patch14_224 vit_base_patch16_224_normed_patches vit_base_patch16_224_mha simple_vit_small_patch16_224
        simple_vit_small_patch16_224_normed_patches deit_tiny_patch16_224 deit_small_patch16_224 deit_base_patch16_224
        deit_tiny_distilled_patch16_224 deit_small_distilled_patch16_224 deit_base_distilled_patch16_224 deit3_small_patch16_224
        deit3_base_patch16_224 deit3_large_patch16_224 deit3_huge_patch14_224""",
    "swin": """swin_tiny_patch4_window7_224 swin_small_patch4_window7_224 swin_base_patch4_window7_224 swin_base_patch4_window12_384
        swin_large_patch4_window7_224 swin_large_patch4_window12_384 swin_s3_tiny_224 swin_s3_small_224 swin_s3_base_224""",
    "pvt": "pvt_tiny pvt_small pvt_medium pvt_large",
    "pvt_v2": "pvt_v2_b0 pvt_v2_b1 pvt_v2_b2 pvt_v2_b2_li pvt_v2_b3 pvt_v2_b4 pvt_v2_b5",
    "botnet": "botnet26t_256 botnet50ts_256",
    "resnet": "resnet18 resnet34 resnet50 resnet101",
    "cct": """cct_2_3x2_32 cct_4_3x2_32 cct_6_3x1_32 cct_6_3x2_32 cct_7_3x1_32 cct_7_3x1_32_sine cct_7_3x2_32 cvt_2_4_32 cvt_7_4_32
        vit_lite_2_4_32 vit_lite_7_4_32 cct_7_7x2_224 cct_7_7x2_224_sine cct_14_7x2_224 cct_14_7x2_384""",
    "cvt": "cvt_13 cvt_21 cvt_13_384 cvt_21_384 cvt_w24_384",
    "ceit": """ceit_tiny_patch16_224 ceit_small_patch16_224 ceit_base_patch16_224 ceit_tiny_patch16_384 ceit_small_patch16_384""",
    "vit5": """vit5_small_patch16_224 vit5_base_patch16_224 vit5_base_patch16_384 vit5_large_patch16_224 vit5_xlarge_patch16_224""",
    "coat": "coat_tiny coat_mini coat_small",
    "coat_lite": "coat_lite_tiny coat_lite_mini coat_lite_small coat_lite_medium coat_lite_medium_384",
}

# How those are made that timm has not.
MADE_BY = {"cct": compact_variant, "ceit": ceit_variant, "cvt": cvt_variant, "pvt": pvt_variant, "vit": vit_variant,
           "vit5": vit5_variant}


def original_of(family, variant):
    """The original at its full size, and the zoo's name for a name of its state dict."""
    return MADE_BY[family](variant) if family in MADE_BY else (timm.create_model(variant, num_classes=1000), same)


def state_dicts(family):
    lines = []
    for variant in VARIANTS[family].split():
        with torch.device("cpu" if family == "cct" else "meta"):  # whose code reads numbers as it is made
            model, rename = original_of(family, variant)
        lines.append(f"# {variant}")
        for name, tensor in state_of(model).items():
            lines.append(f"{rename(name)} {'x'.join(map(str, zoo_shape(rename(name), tensor))) or '-'}")
    return "\n".join(lines) + "\n"


def main():
    folder = os.path.join(os.path.dirname(__file__), "..", "fixtures")
    asked = sys.argv[1:] or [*CASES, *VARIANTS]
    versions = {"torch": torch.__version__, "timm": timm.__version__}
    for case in [name for name in asked if name in CASES]:
        out = {name: tensor.contiguous() for name, tensor in compute(case).items()}
        save_file(out, os.path.join(folder, "zoo", f"{case}.safetensors"), versions)
        if case in NAMINGS:
            state = {name: tensor.clone() for name, tensor in build(case)[0].float().state_dict().items()}
            save_file(NAMINGS[case](state), os.path.join(folder, "namings", f"{case}.safetensors"), versions)
    for family in [name for name in asked if name in VARIANTS]:
        with open(os.path.join(folder, "state_dicts", f"{family}.txt"), "w") as f:
            f.write(state_dicts(family))


if __name__ == "__main__":
    main()
