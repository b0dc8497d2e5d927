"""ViT-5 (Wang et al., "ViT-5: Vision transformers for the mid-2020s", 2026), written from its description to compare with, under the names
of the authors' files. For pictures of any shape; tokens in the authors' order."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from timm.layers import Mlp, PatchEmbed


def rotations(rows, columns, dim, theta):
    """Unit complex numbers [places, dim / 2]: by the row, then by the column."""
    speed = theta ** (-torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))
    row = torch.arange(rows).repeat_interleave(columns)[:, None] * speed
    column = torch.arange(columns).repeat(rows)[:, None] * speed
    return torch.polar(torch.ones(rows * columns, dim // 2, dtype=torch.float64), torch.cat([row, column], 1))


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.fused_attn = heads, True  # as timm's: without it the weights of attention can be seen
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.q_norm, self.k_norm = nn.RMSNorm(dim // heads, 1e-6), nn.RMSNorm(dim // heads, 1e-6)

    def forward(self, x, turn):
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, 2))
        q, k = (torch.view_as_real(torch.view_as_complex(norm(part).unflatten(-1, (-1, 2))) * turn).flatten(-2)
                for norm, part in ((self.q_norm, q), (self.k_norm, k)))
        if self.fused_attn:
            x = F.scaled_dot_product_attention(q, k, v)
        else:
            x = F.softmax(q @ k.transpose(2, 3) / q.shape[3] ** 0.5, -1) @ v
        return self.proj(x.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, dim, heads, hidden):
        super().__init__()
        self.norm1, self.norm2 = nn.RMSNorm(dim, 1e-6), nn.RMSNorm(dim, 1e-6)
        self.attn, self.mlp = Attention(dim, heads), Mlp(dim, hidden)
        self.gamma_1, self.gamma_2 = nn.Parameter(torch.full((dim,), 1e-4)), nn.Parameter(torch.full((dim,), 1e-4))

    def forward(self, x, turn):
        x = x + self.gamma_1 * self.attn(self.norm1(x), turn)
        return x + self.gamma_2 * self.mlp(self.norm2(x))


class ViT5(nn.Module):
    def __init__(self, size=(224, 224), classes=1000, patch=16, dim=384, depth=12, heads=6, ratio=4, registers=4):
        super().__init__()
        self.patch_embed = PatchEmbed(size, patch, 3, dim)
        rows, columns = self.patch_embed.grid_size
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, rows * columns, dim))
        if registers:
            self.reg_token = nn.Parameter(torch.zeros(1, registers, dim))
        self.blocks = nn.ModuleList(Block(dim, heads, ratio * dim) for _ in range(depth))
        self.norm, self.head = nn.RMSNorm(dim, 1e-6), nn.Linear(dim, classes)
        side, channels = round(registers**0.5), dim // heads
        self.turn = torch.cat([torch.ones(1, channels // 2), rotations(rows, columns, channels, 10000),
                               rotations(side, side, channels, 100)])

    def forward(self, x):
        x = self.patch_embed(x) + self.pos_embed
        tokens = [self.cls_token, x, getattr(self, "reg_token", x[:, :0])]
        x = torch.cat([t.expand(len(x), -1, -1) for t in tokens], 1)
        for block in self.blocks:
            x = block(x, self.turn.to(torch.complex128 if x.dtype == torch.float64 else torch.complex64))
        return self.head(self.norm(x)[:, 0])
