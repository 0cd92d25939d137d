"""All cells and attentions of recurrent networks, by the names that a configuration has for them."""

from dataclasses import dataclass

from seqloom.layers.attention import AdditiveAttention, DotAttention, GeneralAttention
from seqloom.layers.cells import Cell, ElmanCell, GRUCell, LSTMCell, ReLUCell
from seqloom.layers.further_attention import (
    CoverageAttention,
    HeadsAttention,
    LocalAttention,
    LocationAttention,
)
from seqloom.layers.looped_cells import LayerNormLSTMCell, ResetBeforeGRUCell, SRUCell
from seqloom.layers.scan_cells import MinGRUCell, MinLSTMCell, SSRUCell

CELLS: dict[str, type[Cell]] = {
    "elman": ElmanCell,
    "elman_relu": ReLUCell,
    "lstm": LSTMCell,
    "lstm_layer_norm": LayerNormLSTMCell,
    "gru": GRUCell,
    "gru_reset_before": ResetBeforeGRUCell,
    "sru": SRUCell,
    "ssru": SSRUCell,
    "min_gru": MinGRUCell,
    "min_lstm": MinLSTMCell,
}


@dataclass(frozen=True)
class AttentionSizes:
    """query, memory: the widths of what is compared · width: of the additive network, None for the query's
    heads: of "multi_head" · window: of "local", positions on each side · positions: that "location" tells apart
    """

    query: int
    memory: int
    width: int | None = None
    heads: int = 4
    window: int = 10
    positions: int = 512


def recurrent_attention(kind: str, sizes: AttentionSizes) -> DotAttention:
    """The attention of a recurrent decoder by its name. Raises ValueError for sizes that it can't have."""
    if kind == "dot" and sizes.query != sizes.memory:
        raise ValueError(f'"dot" compares equal widths; found query {sizes.query}, memory {sizes.memory}.')
    match kind:
        case "additive":
            return AdditiveAttention(sizes.query, sizes.memory, sizes.width or sizes.query)
        case "coverage":
            return CoverageAttention(sizes.query, sizes.memory, sizes.width or sizes.query)
        case "dot":
            return DotAttention()
        case "general":
            return GeneralAttention(sizes.query, sizes.memory)
        case "multi_head":
            return HeadsAttention(sizes.query, sizes.memory, sizes.heads)
        case "location":
            return LocationAttention(sizes.query, sizes.positions)
        case "local":
            return LocalAttention(sizes.query, sizes.memory, sizes.window)
    raise ValueError(
        f'unknown attention "{kind}"; expected additive, coverage, dot, general, multi_head, location or local.'
    )
