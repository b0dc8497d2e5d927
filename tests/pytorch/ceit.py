"""CeiT (Yuan et al., "Incorporating convolution designs into visual transformers", 2021), written from the paper to compare with, under
the names of the authors' files. For pictures of any shape."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from timm.layers import Mlp
from timm.models.vision_transformer import Attention


class Stem(nn.Module):
    def __init__(self, channels, kernel, stride):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.max_pool2d(self.bn(self.conv(x)), 3, 2, 1)


class Tokens(nn.Module):
    def __init__(self, stem, channels, patch, dim):
        super().__init__()
        self.backbone = stem
        self.proj = nn.Conv2d(channels, dim, patch, patch)

    def forward(self, x):
        return self.proj(self.backbone(x))


class LocallyEnhanced(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(dim, hidden, 1), nn.BatchNorm2d(hidden)
        self.conv2, self.bn2 = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden), nn.BatchNorm2d(hidden)
        self.conv3, self.bn3 = nn.Conv2d(hidden, dim, 1), nn.BatchNorm2d(dim)

    def forward(self, x, rows):
        patches = x[:, 1:].transpose(1, 2).unflatten(2, (rows, -1))
        patches = F.gelu(self.bn1(self.conv1(patches)))
        patches = F.gelu(self.bn2(self.conv2(patches)))
        patches = self.bn3(self.conv3(patches))
        return torch.cat([x[:, :1], patches.flatten(2).transpose(1, 2)], 1)


class Block(nn.Module):
    def __init__(self, dim, heads, hidden, qkv_bias, last=False):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, 1e-6), nn.LayerNorm(dim, 1e-6)
        self.attn = Attention(dim, heads, qkv_bias=qkv_bias)
        if last:
            self.feedforward = Mlp(dim, hidden)
        else:
            self.leff = LocallyEnhanced(dim, hidden)

    def forward(self, x, rows=None):
        x = x + self.attn(self.norm1(x))
        return x + (self.leff(self.norm2(x), rows) if rows else self.feedforward(self.norm2(x)))


class CeiT(nn.Module):
    def __init__(self, size=(224, 224), classes=1000, kernel=7, stride=2, channels=64, patch=4, dim=192, depth=12, heads=3, ratio=4,
                 qkv_bias=True):
        super().__init__()
        self.i2t = Tokens(Stem(channels, kernel, stride), channels, patch, dim)
        tokens = self.i2t(torch.zeros(1, 3, *size)).flatten(2).shape[2]
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + tokens, dim))
        self.pos_layer_embed = nn.Parameter(torch.zeros(1, depth, dim))
        self.blocks = nn.ModuleList(Block(dim, heads, int(ratio * dim), qkv_bias) for _ in range(depth))
        self.lca = Block(dim, heads, int(ratio * dim), qkv_bias, last=True)
        self.norm, self.head = nn.LayerNorm(dim, 1e-6), nn.Linear(dim, classes)

    def forward(self, x):
        x = self.i2t(x)
        rows = x.shape[2]
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1) + self.pos_embed
        seen = []
        for block in self.blocks:
            x = block(x, rows)
            seen.append(x[:, 0])
        return self.head(self.norm(self.lca(torch.stack(seen, 1) + self.pos_layer_embed)[:, -1]))
