#!/usr/bin/env python3
"""Write tests/fixtures/naming_*.safetensors: small vision transformers under the names that others publish them by, and namings.safetensors
with what they compute in evaluation of the pictures that make_zoo_fixtures.py describes.

usage: make_naming_fixtures.py [FOLDER]          FOLDER is tests/fixtures unless given

Run by hand, where PyTorch and transformers are installed; nothing in the build needs them.

  naming_hugging_face.safetensors      ViTForImageClassification, as published on the hub
  naming_transformers5.safetensors     the same as transformers 5 writes it
  naming_deit.safetensors              DeiTForImageClassificationWithTeacher, as published
  naming_deit5.safetensors             the same as transformers 5 writes it
  naming_torchvision.safetensors       torchvision's names

Of other families the weights are those that make_zoo_fixtures.py describes, so that the test knows them without the original:

  namings/swin_microsoft.safetensors       SwinTransformer by the names of the authors, with what they store beside the weights
  namings/swin_hugging_face.safetensors    SwinForImageClassification, as published on the hub
  namings/swin_transformers5.safetensors   the same as transformers 5 writes it
  namings/pvt_authors.safetensors          PVT by the names of the authors
  namings/pvt_hugging_face.safetensors     PvtForImageClassification
  namings/pvt_v2_authors.safetensors       PVT v2 by the names of the authors
  namings/pvt_v2_hugging_face.safetensors  PvtV2ForImageClassification
"""

import os
import re
import sys

import torch
import transformers
from make_zoo_fixtures import images, values
from safetensors.torch import save_file
from timm.models.pvt_v2 import PyramidVisionTransformerV2
from timm.models.swin_transformer import SwinTransformer

SIZES = dict(hidden_size=24, num_hidden_layers=1, num_attention_heads=3, intermediate_size=48, image_size=16, patch_size=8, num_labels=5,
             layer_norm_eps=1e-6, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)

# What transformers 5 calls otherwise than the files on the hub do.
PUBLISHED = [(r"\.layers\.(\d+)\.attention\.q_proj", r".encoder.layer.\1.attention.attention.query"),
             (r"\.layers\.(\d+)\.attention\.k_proj", r".encoder.layer.\1.attention.attention.key"),
             (r"\.layers\.(\d+)\.attention\.v_proj", r".encoder.layer.\1.attention.attention.value"),
             (r"\.layers\.(\d+)\.attention\.o_proj", r".encoder.layer.\1.attention.output.dense"),
             (r"\.layers\.(\d+)\.mlp\.fc1", r".encoder.layer.\1.intermediate.dense"),
             (r"\.layers\.(\d+)\.mlp\.fc2", r".encoder.layer.\1.output.dense"),
             (r"\.layers\.(\d+)\.", r".encoder.layer.\1.")]


def published(state):
    out = {}
    for name, tensor in state.items():
        for pattern, to in PUBLISHED:
            name = re.sub(pattern, to, name)
        out[name] = tensor
    return out


def torchvision(state):
    layer, out = "encoder.layers.encoder_layer_0.", {}
    q, k, v = ([state[f"vit.layers.0.attention.{x}_proj.{kind}"] for kind in ("weight", "bias")] for x in "qkv")
    out[layer + "self_attention.in_proj_weight"] = torch.cat([q[0], k[0], v[0]])
    out[layer + "self_attention.in_proj_bias"] = torch.cat([q[1], k[1], v[1]])
    names = {"vit.embeddings.cls_token": "class_token", "vit.embeddings.position_embeddings": "encoder.pos_embedding",
             "vit.embeddings.patch_embeddings.projection": "conv_proj", "vit.layers.0.attention.o_proj": layer + "self_attention.out_proj",
             "vit.layers.0.layernorm_before": layer + "ln_1", "vit.layers.0.layernorm_after": layer + "ln_2",
             "vit.layers.0.mlp.fc1": layer + "mlp.0", "vit.layers.0.mlp.fc2": layer + "mlp.3", "vit.layernorm": "encoder.ln",
             "classifier": "heads.head"}
    for name, tensor in state.items():
        module, _, last = name.rpartition(".")
        if name in names:
            out[names[name]] = tensor
        elif module in names:
            out[f"{names[module]}.{last}"] = tensor
    return out


def make(kind, config):
    torch.manual_seed(0)
    model = kind(config(**SIZES)).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p) * (0.2 if p.ndim > 1 else 0.1) + (1 if p.ndim == 1 else 0))
        return model.state_dict(), model.double()(images((16, 16))).logits


def rename(name, rules):
    for pattern, to in rules:
        name = re.sub(pattern, to, name)
    return name


# From transformers' names to the zoo's. A name that ends in "[1/3]" is the second third of the tensor before.
SWIN = [(r"^swin\.encoder\.", ""), (r"^swin\.embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
        (r"^swin\.embeddings\.norm", "patch_embed.norm"), (r"^swin\.layernorm", "norm"), (r"^classifier", "head.fc"),
        (r"layernorm_before", "norm1"), (r"layernorm_after", "norm2"), (r"attention\.o_proj", "attn.proj"),
        (r"attention\.relative_position_bias\.", "attn."), (r"attention\.q_proj\.(\w+)", r"attn.qkv.\1[0/3]"),
        (r"attention\.k_proj\.(\w+)", r"attn.qkv.\1[1/3]"), (r"attention\.v_proj\.(\w+)", r"attn.qkv.\1[2/3]"),
        (r"layers\.1\.downsample", "layers.2.downsample"), (r"layers\.0\.downsample", "layers.1.downsample")]
PVT = [(r"^pvt\.encoder\.", ""), (r"patch_embeddings\.0\.proj", "patch_embed.proj"), (r"patch_embeddings\.0\.layer_norm", "patch_embed.norm"),
       (r"patch_embeddings\.3\.cls_token", "cls_token"), (r"patch_embeddings\.(\d)\.position_embeddings", r"stages.\1.pos_embed"),
       (r"patch_embeddings\.(\d)\.", r"stages.\1.downsample."), (r"^block\.(\d)\.", r"stages.\1.blocks."), (r"layer_norm_", "norm"),
       (r"layer_norm", "norm"), (r"projection", "proj"), (r"attention\.self\.query", "attn.q"),
       (r"attention\.self\.sequence_reduction", "attn.sr"), (r"attention\.self\.key\.(\w+)", r"attn.kv.\1[0/2]"),
       (r"attention\.self\.value\.(\w+)", r"attn.kv.\1[1/2]"), (r"attention\.self", "attn"), (r"attention\.output\.dense", "attn.proj"),
       (r"mlp\.dense", "mlp.fc"), (r"^classifier", "head")]
PVT_V2 = [(r"^pvt_v2\.encoder\.layers\.", "stages."), (r"^stages\.0\.patch_embedding", "patch_embed"), (r"patch_embedding", "downsample"),
          (r"layer_norm_", "norm"), (r"layer_norm", "norm"), (r"attention\.query", "attn.q"), (r"attention\.spatial_reduction", "attn.sr"),
          (r"attention\.key\.(\w+)", r"attn.kv.\1[0/2]"), (r"attention\.value\.(\w+)", r"attn.kv.\1[1/2]"), (r"attention", "attn"),
          (r"dwconv\.dwconv", "dwconv"), (r"mlp\.dense", "mlp.fc"), (r"^classifier", "head")]

# From the names of transformers 5 to those on the hub, and from the zoo's to the authors'.
SWIN_PUBLISHED = [(r"attention\.q_proj", "attention.self.query"), (r"attention\.k_proj", "attention.self.key"),
                  (r"attention\.v_proj", "attention.self.value"), (r"attention\.relative_position_bias\.", "attention.self."),
                  (r"attention\.o_proj", "attention.output.dense"), (r"mlp\.fc1", "intermediate.dense"), (r"mlp\.fc2", "output.dense")]
MICROSOFT = [(r"layers\.1\.downsample", "layers.0.downsample"), (r"layers\.2\.downsample", "layers.1.downsample"), (r"^head\.fc", "head")]
AUTHORS = [(r"^patch_embed", "patch_embed1"), *[(rf"^stages\.{i}\.downsample", f"patch_embed{i + 1}") for i in range(4)],
           *[(rf"^stages\.{i}\.blocks", f"block{i + 1}") for i in range(4)], *[(rf"^stages\.{i}\.norm", f"norm{i + 1}") for i in range(4)],
           *[(rf"^stages\.{i}\.pos_embed", f"pos_embed{i + 1}") for i in range(4)], (r"mlp\.dwconv", "mlp.dwconv.dwconv")]


def weights_of(name, shape):
    whole, part, parts = re.fullmatch(r"(.*?)(?:\[(\d)/(\d)\])?", name).groups()
    parts = int(parts or 1)
    return values(whole, (parts * shape[0], *shape[1:])).chunk(parts)[int(part or 0)]


def by_names_of_transformers(model, to_zoo, published=()):
    return {rename(name, published): weights_of(rename(name, to_zoo), tensor.shape) for name, tensor in model.state_dict().items()}


def by_names_of_authors(names_and_shapes, to_authors):
    return {rename(name, to_authors): weights_of(name, shape) for name, shape in names_and_shapes}


def shapes_of(model):
    return [(name, tuple(tensor.shape)) for name, tensor in model.state_dict().items()]


def joint(names_and_shapes):
    """With keys and values as one."""
    out = {}
    for name, shape in names_and_shapes:
        if not name.endswith("]"):
            out[name] = shape
        elif "[0/2]" in name:
            out[name[:-5]] = (2 * shape[0], *shape[1:])
    return out.items()


def families():
    swin = transformers.SwinForImageClassification(transformers.SwinConfig(
        image_size=16, patch_size=2, embed_dim=4, depths=[1, 2, 1], num_heads=[1, 2, 2], window_size=2, num_labels=5))
    pyramid = dict(hidden_sizes=[4, 4, 4, 4], num_attention_heads=[1, 1, 2, 2], depths=[1, 2, 1, 1], mlp_ratios=[1, 1, 2, 2],
                   num_labels=5)
    pvt = transformers.PvtForImageClassification(transformers.PvtConfig(image_size=32, sequence_reduction_ratios=[2, 2, 2, 1], **pyramid))
    pvt_v2 = transformers.PvtV2ForImageClassification(transformers.PvtV2Config(image_size=32, sr_ratios=[2, 2, 2, 1], **pyramid))
    timm_swin = SwinTransformer(img_size=16, patch_size=2, embed_dim=4, depths=(1, 2, 1), num_heads=(1, 2, 2), window_size=2, num_classes=5)
    timm_pvt_v2 = PyramidVisionTransformerV2(embed_dims=(4, 4, 4, 4), num_heads=(1, 1, 2, 2), depths=(1, 2, 1, 1), mlp_ratios=(1, 1, 2, 2),
                                             sr_ratios=(2, 2, 2, 1), num_classes=5)
    microsoft = by_names_of_authors(shapes_of(timm_swin), MICROSOFT)
    for name, buffer in timm_swin.named_buffers():
        microsoft[name] = buffer
    zoo_pvt = joint([(rename(name, PVT), shape) for name, shape in shapes_of(pvt)])
    return {"swin_transformers5": by_names_of_transformers(swin, SWIN),
            "swin_hugging_face": by_names_of_transformers(swin, SWIN, SWIN_PUBLISHED),
            "swin_microsoft": microsoft,
            "pvt_hugging_face": by_names_of_transformers(pvt, PVT),
            "pvt_authors": by_names_of_authors(zoo_pvt, AUTHORS),
            "pvt_v2_hugging_face": by_names_of_transformers(pvt_v2, PVT_V2),
            "pvt_v2_authors": by_names_of_authors(shapes_of(timm_pvt_v2), AUTHORS)}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "fixtures")
    vit, vit_logits = make(transformers.ViTForImageClassification, transformers.ViTConfig)
    deit, deit_logits = make(transformers.DeiTForImageClassificationWithTeacher, transformers.DeiTConfig)
    for name, state in {"hugging_face": published(vit), "transformers5": vit, "deit": published(deit), "deit5": deit,
                        "torchvision": torchvision(vit)}.items():
        state = {key: tensor.float().contiguous() for key, tensor in state.items()}
        save_file(state, os.path.join(folder, f"naming_{name}.safetensors"))
    save_file({"vit": vit_logits, "deit": deit_logits}, os.path.join(folder, "namings.safetensors"),
              {"torch": torch.__version__, "transformers": transformers.__version__})
    for name, state in families().items():
        state = {key: (tensor.float() if tensor.is_floating_point() else tensor).contiguous() for key, tensor in state.items()}
        save_file(state, os.path.join(folder, "namings", f"{name}.safetensors"))


main()
