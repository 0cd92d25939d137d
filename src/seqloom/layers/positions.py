"""Where a symbol stands: sinusoids and learned vectors are added, rotary positions turn queries and keys."""

import math
from functools import cache

import torch
from torch import Tensor, nn

from seqloom.base.errors import ShapeError


def sinusoids(start: int, count: int, width: int, device: torch.device) -> Tensor:
    """Vaswani et al. 2017, section 3.5: (count, width), sines in even columns and cosines in odd ones."""
    position = torch.arange(start, start + count, device=device, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    angles = position * rate  # (count, width / 2)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]


@cache
def sinusoid_table(count: int, width: int, device: torch.device) -> Tensor:
    """(count, width) from the first position on, computed once: a search adds one row of it at a time."""
    with torch.inference_mode(mode=False):
        return sinusoids(0, count, width, device)


class SinusoidalPositions(nn.Module):
    """Fixed sines and cosines; any length."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, inputs: Tensor, start: int = 0) -> Tensor:
        """inputs (B, T, D) whose first position is `start` -> the same with positions added."""
        stop = start + inputs.shape[1]
        table = sinusoid_table(1 << max(stop - 1, 63).bit_length(), self.width, inputs.device)
        return inputs + table[start:stop].to(inputs.dtype)


class LearnedPositions(nn.Module):
    """One trained vector a position, up to a largest length (Gehring et al. 2017)."""

    def __init__(self, width: int, max_positions: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.empty(max_positions, width))
        nn.init.normal_(self.table, std=0.02)

    def forward(self, inputs: Tensor, start: int = 0) -> Tensor:
        """inputs (B, T, D) -> the same with positions added. Raises ShapeError beyond the largest length."""
        stop = start + inputs.shape[1]
        if stop > len(self.table):
            raise ShapeError(
                f"position {stop} is beyond the {len(self.table)} learned positions (max_positions); "
                "shorten the input, or train with sinusoidal or rotary positions."
            )
        return inputs + self.table[start:stop]


class NoPositions(nn.Module):
    """Nothing is added: rotary attention knows where things stand by itself."""

    def forward(self, inputs: Tensor, start: int = 0) -> Tensor:  # noqa: ARG002 - one face for all positions
        """inputs (B, T, D) -> the same."""
        return inputs


def positions(kind: str, width: int, max_positions: int) -> nn.Module:
    """What is added to the embeddings, by its name: sinusoidal, learned, or nothing for rotary."""
    if kind == "sinusoidal":
        return SinusoidalPositions(width)
    if kind == "learned":
        return LearnedPositions(width, max_positions)
    if kind == "rotary":
        return NoPositions()
    raise ValueError(f'unknown positions "{kind}"; expected sinusoidal, learned or rotary.')


def rotate(vectors: Tensor, start: int = 0) -> Tensor:
    """Turn each pair of a head's elements by an angle that grows with the position.

    vectors  (B, H, T, K), K even; its first position is `start`
    Returns  the same shape; a query and a key at distance d then meet turned by d, wherever they stand
    Source   Su et al. 2021, RoFormer, equation 34; pairs are (i, i + K/2), as in GPT-NeoX
    """
    half = vectors.shape[-1] // 2
    position = torch.arange(start, start + vectors.shape[-2], device=vectors.device, dtype=torch.float32)
    rate = torch.exp(torch.arange(half, device=vectors.device) * (-math.log(10_000.0) / half))
    angles = position[:, None] * rate  # (T, K/2)
    cosine, sine = angles.cos().to(vectors.dtype), angles.sin().to(vectors.dtype)
    first, second = vectors[..., :half], vectors[..., half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)
