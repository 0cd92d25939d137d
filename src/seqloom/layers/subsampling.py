"""From frames of sound to fewer, wider positions: convolutions that halve, and pairs of positions read as one."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers.linear import Linear


def halved(lengths: Tensor) -> Tensor:
    """How many positions are left of so many: ceil(n / 2)."""
    return (lengths + 1) // 2


def without_padding(inputs: Tensor, lengths: Tensor) -> Tensor:
    """inputs (B, S, ...) with zeros from each row's length on, so that a batch's padding is what a row's edge is."""
    there = torch.arange(inputs.shape[1], device=inputs.device) < lengths[:, None]
    return inputs * there.view(*there.shape, *(1,) * (inputs.ndim - 2)).to(inputs.dtype)


class ConvolutionalFrontEnd(nn.Module):
    """Layers of 3 x 3 convolutions over time and features with a stride of 2 and a ReLU, then a linear map.

    Each layer halves the positions. Source: Dong et al. 2018 (Speech-Transformer), section 3.2, without its attention
    over time and frequency. Without layers only the linear map is left, a position a frame.
    """

    def __init__(self, features: int, width: int, *, layers: int, channels: int) -> None:
        super().__init__()
        maps = [1] + [channels] * layers
        self.layers = nn.ModuleList(
            nn.Conv2d(inner, outer, kernel_size=3, stride=2, padding=1)
            for inner, outer in itertools.pairwise(maps)
        )
        for _ in range(layers):
            features = (features + 1) // 2
        self.projection = Linear(features * maps[-1], width)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """frames (B, S, F), lengths (B,) -> (B, S', D) and the lengths (B,) left of them."""
        maps = without_padding(frames, lengths)[:, None]  # (B, 1, S, F)
        for layer in self.layers:
            maps = torch.relu(layer(maps))  # (B, C, S / 2, F / 2)
            lengths = halved(lengths)
            maps = without_padding(maps.transpose(1, 2), lengths).transpose(1, 2)
        positions = maps.transpose(1, 2).flatten(2)  # (B, S', C F')
        return self.projection(positions), lengths


def joined_pairs(inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """inputs (B, S, D), lengths (B,) -> each two positions side by side (B, ceil(S / 2), 2 D), and the lengths.

    An odd row's last position stands beside zeros.
    Source   Chan et al. 2016 (listen, attend and spell), equation 5
    """
    inputs = without_padding(inputs, lengths)
    if inputs.shape[1] % 2:
        inputs = functional.pad(inputs, (0, 0, 0, 1))
    return inputs.unflatten(1, (-1, 2)).flatten(2), halved(lengths)
