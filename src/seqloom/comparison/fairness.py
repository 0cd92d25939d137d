"""How large each model of a plan becomes, so that all have alike what they are to have alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seqloom.base.errors import ConfigError
from seqloom.comparison.options import ComparisonConfig
from seqloom.comparison.sizing import Sized, Symbols, fit, nearest, operations, parameters
from seqloom.config.model import ModelConfig

SIZES = ("parameters", "operations")


@dataclass(frozen=True)
class Lengths:
    """Symbols of a sentence, ends included, for which operations are counted: the means of the measured pairs."""

    source: int
    target: int


@dataclass(frozen=True)
class ModelSize:
    """One model as it is trained.

    shape       scaled, where something is to be alike that its widths decide
    apart       by which share it misses that; None where nothing is
    asked       parameters at the widths of the plan
    operations  for each written symbol
    """

    shape: ModelConfig
    apart: float | None
    parameters: int
    asked: int
    operations: float


def size_models(
    names: Sequence[str],
    shapes: Sequence[ModelConfig],
    fixed: Sequence[bool],
    options: ComparisonConfig,
    symbols: Symbols,
    lengths: Lengths,
) -> list[ModelSize]:
    """Scale the models to what the plan wants, or to the first one.

    fixed   which are trained already, and so stay as they are
    Raises  ConfigError with the model's name where no width comes near
    """

    def cost(shape: ModelConfig) -> float:
        return operations(shape, symbols, lengths.source, lengths.target)

    measured: dict[str, Callable[[ModelConfig], float]] = {
        "parameters": lambda shape: parameters(shape, symbols),
        "operations": cost,
    }
    size = measured.get(options.fairness)
    wanted = None
    if size is not None:
        wanted = options.amount or size(shapes[0])
    found = []
    for name, shape, keep in zip(names, shapes, fixed, strict=True):
        scaled = shape
        if size is not None and wanted is not None and not keep:
            try:
                scaled = fit(shape, wanted, size, options.fairness).config
            except ConfigError as error:
                raise ConfigError(f'Model "{name}": {error}') from None
        apart = None if size is None or wanted is None else size(scaled) / wanted - 1
        found.append(
            ModelSize(scaled, apart, parameters(scaled, symbols), parameters(shape, symbols), cost(scaled))
        )
    return found


def size_for_memory(shape: ModelConfig, wanted: int, symbols: int) -> Sized:
    """The shape for a memory task: near to so many parameters, without dropout, which would blur what is kept."""
    plain = shape.model_dump()
    plain["dropout"] = 0.0
    for part in ("encoder", "decoder"):
        for name, value in (("dropout", None), ("recurrent_dropout", 0.0), ("attention_dropout", 0.0)):
            if name in plain[part]:
                plain[part][name] = value
        if plain[part].get("locked_dropout"):
            plain[part]["locked_dropout"] = False
    both = Symbols(symbols, symbols)
    return nearest(ModelConfig.model_validate(plain), wanted, lambda shape: parameters(shape, both))
