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
"""

import os
import re
import sys

import torch
import transformers
from make_zoo_fixtures import images
from safetensors.torch import save_file

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


main()
