"""How large each model of a plan becomes, so that all have alike what they are to have alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seqloom.base.errors import ConfigError
from seqloom.comparison.options import ComparisonConfig
from seqloom.comparison.sizing import FINE_STEP, Sized, Symbols, fit, nearest, operations, parameters
from seqloom.config.model import ModelConfig

SIZES = ("parameters", "operations")


@dataclass(frozen=True)
class Texts:
    """What a model reads and writes.

    symbols         of its vocabularies
    source, target  symbols of a sentence, ends included, for which operations are counted: means of the measured pairs
    """

    symbols: Symbols
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
    texts: Sequence[Texts],
) -> list[ModelSize]:
    """Scale the models to what the plan wants; or to the first that keeps its size, or else to the first one.

    fixed   which are trained already, and so stay as they are
    texts   what each model reads and writes
    Raises  ConfigError with the model's name where no width comes near
    """
    pattern = list(fixed).index(True) if any(fixed) else 0
    size = _size(options.fairness, texts[pattern])
    wanted = options.amount or (None if size is None else size(shapes[pattern]))
    found = []
    for name, shape, keep, text in zip(names, shapes, fixed, texts, strict=True):
        size = _size(options.fairness, text)
        scaled, apart = shape, None
        if size is not None and wanted is not None:
            if not keep:
                try:
                    scaled = fit(shape, wanted, size, options.fairness).config
                except ConfigError as error:
                    raise ConfigError(f'Model "{name}": {error}') from None
            apart = size(scaled) / wanted - 1
        count, asked = (parameters(each, text.symbols) for each in (scaled, shape))
        found.append(ModelSize(scaled, apart, count, asked, _cost(scaled, text)))
    return found


def _cost(shape: ModelConfig, text: Texts) -> float:
    return operations(shape, text.symbols, text.source, text.target)


def _size(fairness: str, text: Texts) -> Callable[[ModelConfig], float] | None:
    """What of a shape is to be alike; None where that isn't its size."""
    sizes: dict[str, Callable[[ModelConfig], float]] = {
        "parameters": lambda shape: parameters(shape, text.symbols),
        "operations": lambda shape: _cost(shape, text),
    }
    return sizes.get(fairness)


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
    return nearest(
        ModelConfig.model_validate(plain), wanted, lambda shape: parameters(shape, both), FINE_STEP
    )
