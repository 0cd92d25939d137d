"""Dropout whose masks are a function of a seed, drawn eight elements at a time and never kept."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqloom.layers import kernels

LEVELS = 256  # a mask element is one random byte, so probabilities are multiples of 1/256


def random_words(seed: int, count: int, device: torch.device | str = "cpu") -> Tensor:
    """(count,) int64, 64 random bits each: SplitMix64 (Steele et al. 2014), a function of seed and place."""

    def shifted(word: Tensor, by: int) -> Tensor:  # without the sign, which >> would copy
        return (word >> by) & ((1 << (64 - by)) - 1)

    word = torch.arange(1, count + 1, device=device) * _signed(0x9E3779B97F4A7C15) + _signed(seed)
    word = (word ^ shifted(word, 30)) * _signed(0xBF58476D1CE4E5B9)
    word = (word ^ shifted(word, 27)) * _signed(0x94D049BB133111EB)
    return word ^ shifted(word, 31)


def _signed(word: int) -> int:
    """64 bits as int64 has them."""
    return word - 2**64 if word >= 2**63 else word


def keep_mask(shape: torch.Size, threshold: int, seed: int, device: torch.device | str = "cpu") -> Tensor:
    """A bool mask that is False with probability threshold / 256; each row of the last axis begins with a new word.

    It is the same on every device, and drawn there.
    """
    columns = shape[-1] if shape else 1
    words = -(-columns // 8)
    rows = shape.numel() // columns if columns else 0
    drawn = random_words(seed, rows * words, device).view(torch.uint8).view(rows, 8 * words)
    return (drawn[:, :columns] >= threshold).view(shape)


def draw_seed() -> int:
    """From torch's default generator, which the training loop seeds anew for every batch."""
    return int(torch.randint(2**63 - 1, ()))


class SeededDropout(torch.autograd.Function):
    """beside + inputs * mask * scale; the way back makes the same mask again from the seed."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, beside: Tensor | None, seed: int, threshold: int) -> Tensor:
        ctx.seed, ctx.threshold, ctx.beside = seed, threshold, beside is not None
        return scaled_by_mask(inputs, beside, seed, threshold)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        inputs = scaled_by_mask(gradient, None, ctx.seed, ctx.threshold)
        return inputs, gradient if ctx.beside else None, None, None


def scaled_by_mask(inputs: Tensor, beside: Tensor | None, seed: int, threshold: int) -> Tensor:
    """inputs * mask * scale, plus `beside` if given. Compiled where it can be, with the same mask."""
    if not kernels.ready(inputs) or not (beside is None or _fits(beside, inputs)):
        return scaled_by_mask_plain(inputs, beside, seed, threshold)
    inputs = inputs.contiguous()
    outputs = torch.empty_like(inputs if beside is None else beside, memory_format=torch.contiguous_format)
    columns = inputs.shape[-1] if inputs.ndim else 1
    kernels.call(
        "dropout",
        inputs.dtype,
        inputs,
        None if beside is None else beside.contiguous(),
        outputs,
        inputs.numel() // max(columns, 1),  # rows
        columns,
        seed,
        threshold,
        scale(threshold),
    )
    return outputs


def _fits(beside: Tensor, inputs: Tensor) -> bool:
    """Whether the compiled loop adds that to those inputs."""
    return beside.dtype == torch.float32 and beside.is_cpu and beside.shape == inputs.shape


def scaled_by_mask_plain(inputs: Tensor, beside: Tensor | None, seed: int, threshold: int) -> Tensor:
    """The readable twin."""
    outputs = inputs * keep_mask(inputs.shape, threshold, seed, inputs.device) * scale(threshold)
    return outputs if beside is None else beside + outputs


def scaled_by_locked_mask(inputs: Tensor, seed: int, threshold: int) -> Tensor:
    """inputs (B, T, D) * mask * scale, with one mask (B, 1, D) for all positions; small, so drawn plainly and kept."""
    batch, _, width = inputs.shape
    mask = keep_mask(torch.Size([batch, 1, width]), threshold, seed, inputs.device)
    return inputs * (mask.to(inputs) * scale(threshold))


def scale(threshold: int) -> float:
    """What keeps the mean when elements are kept with probability 1 - threshold / 256."""
    return LEVELS / (LEVELS - threshold)


class Dropout(nn.Module):
    """Zero each element with a probability and scale the rest, so that the mean stays (Srivastava et al. 2014).

    On a CPU the probability is rounded to a multiple of 1/256, but never to 0, and the scale made to fit it exactly.
    Locked, all positions of a sequence share one mask (Gal and Ghahramani 2016; "locked" is Merity et al. 2018's word).
    """

    def __init__(self, probability: float, *, locked: bool = False) -> None:
        super().__init__()
        if not 0.0 <= probability < 1.0:
            raise ValueError(f"dropout = {probability} is no probability; expected 0 <= dropout < 1.")
        self.probability = probability
        self.locked = locked
        self.threshold = min(max(round(probability * LEVELS), int(probability > 0)), LEVELS - 1)

    @property
    def drops(self) -> bool:
        """Whether anything is dropped now: nothing is outside training."""
        return self.training and self.threshold > 0

    def draw(self) -> int | None:
        """The seed of one locked mask, for a pass that calls this position by position; None where each call draws."""
        return draw_seed() if self.locked and self.drops else None

    def forward(self, inputs: Tensor, beside: Tensor | None = None, *, seed: int | None = None) -> Tensor:
        """inputs (any shape; B T D if locked) -> the same shape, plus `beside` if given.

        seed  of a locked mask, from `draw`; None draws one for these positions alone
        """
        if not self.drops:
            return inputs if beside is None else beside + inputs
        if self.locked:
            dropped = scaled_by_locked_mask(inputs, draw_seed() if seed is None else seed, self.threshold)
            return dropped if beside is None else beside + dropped
        if inputs.is_cuda:
            dropped = functional.dropout(inputs, self.probability)
            return dropped if beside is None else beside + dropped
        outputs: Tensor = SeededDropout.apply(inputs, beside, draw_seed(), self.threshold)
        return outputs

    def extra_repr(self) -> str:
        return f"{self.probability}, locked" if self.locked else f"{self.probability}"
