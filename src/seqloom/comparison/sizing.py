"""Models of equal size: widths are scaled together until the parameters, or the operations, are what is wanted."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from seqloom.base.errors import ConfigError
from seqloom.config.model import (
    ModelConfig,
    RecurrentDecoderConfig,
    RecurrentEncoderConfig,
    TransformerStackConfig,
)
from seqloom.inspection.cost import count_parameters
from seqloom.inspection.cost_formulas import products
from seqloom.models.build import build_model

STEP = 8  # widths are multiples of it, so that products stay quick
FINE_STEP = 2  # for networks so small that a step of 8 is a large share of them
SMALLEST, LARGEST = 1 / 32, 32.0  # times the widths that were asked for
OUTER = (0.94, 0.97, 1.0, 1.03, 1.06)  # widths tried around the one that alone would fit
INNER = tuple(0.7 + 0.03 * step for step in range(21))  # states may be so many times as wide, to come near
CLOSE = 0.02  # share by which a size may miss what is wanted


@dataclass(frozen=True)
class Symbols:
    """How many there are in the vocabularies of both sides."""

    source: int
    target: int


@dataclass(frozen=True)
class Sized:
    """A model's shape, what it comes to, and what was wanted."""

    config: ModelConfig
    found: float
    wanted: float

    @property
    def apart(self) -> float:
        """By which share it misses."""
        return self.found / self.wanted - 1


def parameters(config: ModelConfig, symbols: Symbols) -> int:
    """Learnt numbers of a model of that shape; nothing is allocated."""
    with torch.device("meta"):
        return sum(count_parameters(build_model(config, symbols.source, symbols.target)).values())


def operations(config: ModelConfig, symbols: Symbols, source: int, target: int) -> float:
    """Floating-point operations for each token that is written, reading the source included."""
    found = products(config, source, target, symbols.target)
    return 2 * (found.encoder + found.start + found.decoder + found.output) / target


def scaled(config: ModelConfig, factor: float, inner: float = 1.0, grain: int = STEP) -> ModelConfig:
    """The same shape with all widths that many times as large, rounded to what its heads divide.

    inner  times as large once more are the states of cells, and what is within feed-forward networks
    grain  widths are multiples of it
    """
    step = max(grain, grain * most_heads(config) // 2)

    def wide(size: int) -> int:
        return max(step, round(size * factor / step) * step)

    def deep(size: int) -> int:
        return max(grain, round(size * factor * inner / grain) * grain)

    encoder, decoder = config.encoder.model_dump(), config.decoder.model_dump()
    for part in (encoder, decoder):
        for name, resize in (
            ("hidden", deep),
            ("feed_forward", deep),
            ("attention_width", deep),
            ("readout", wide),
        ):
            if part.get(name) is not None:
                part[name] = resize(part[name])
    width = wide(config.width)
    if isinstance(config.encoder, RecurrentEncoderConfig):
        memory = encoder["hidden"] * (2 if config.encoder.bidirectional else 1)
    else:
        memory = width
    if isinstance(config.decoder, RecurrentDecoderConfig):
        if config.decoder.attention == "dot":
            decoder["hidden"] = memory
        if config.decoder.attention == "multi_head" and memory % config.decoder.attention_heads:
            encoder["hidden"] = wide(encoder["hidden"])
    return ModelConfig.model_validate(
        {**config.model_dump(), "width": width, "encoder": encoder, "decoder": decoder}
    )


def most_heads(config: ModelConfig) -> int:
    """Of any attention that splits a width."""
    heads = [1]
    for stack in (config.encoder, config.decoder):
        if isinstance(stack, TransformerStackConfig):
            heads.append(stack.heads)
        elif isinstance(stack, RecurrentDecoderConfig) and stack.attention == "multi_head":
            heads.append(stack.attention_heads)
    return max(heads)


def fit(config: ModelConfig, wanted: float, size: Callable[[ModelConfig], float], what: str) -> Sized:
    """The scaled shape whose size comes nearest to what is wanted; size grows with the widths.

    what     names the size in messages
    Raises   ConfigError when no shape comes within CLOSE of it
    """
    best = nearest(config, wanted, size)
    if abs(best.apart) > CLOSE:
        raise ConfigError(
            f"No width gives this model {wanted:,.0f} {what}: the nearest has {best.found:,.0f}. Ask for more, or for "
            "fewer layers."
        )
    return best


def nearest(
    config: ModelConfig, wanted: float, size: Callable[[ModelConfig], float], grain: int = STEP
) -> Sized:
    """The scaled shape whose size comes nearest, however far that is. grain: as in `scaled`"""
    low, high = SMALLEST, LARGEST
    for _ in range(24):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if size(scaled(config, middle, grain=grain)) < wanted else (low, middle)
    shapes = [scaled(config, factor * low, inner, grain) for factor in OUTER for inner in INNER]
    return min((Sized(shape, size(shape), wanted) for shape in shapes), key=lambda sized: abs(sized.apart))
