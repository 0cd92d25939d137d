"""Every kind of encoder and decoder, as the configuration names them, in sizes for tests.

Widths that may differ do differ, so that one taken for another does not fit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from agreement import randomise
from seqloom.config.model import ModelConfig
from seqloom.data.batch import Batch, collate
from seqloom.models.build import build_model
from seqloom.models.seq2seq import Seq2Seq

Options = Mapping[str, Any]

WIDTH, ENCODER_HIDDEN, DECODER_HIDDEN = 8, 5, 6
SOURCE_SYMBOLS, TARGET_SYMBOLS = 13, 11
CELLS = ("elman", "lstm", "gru")  # with every attention and placement
OTHER_CELLS = ("elman_relu", "lstm_layer_norm", "gru_reset_before", "sru", "ssru", "min_gru", "min_lstm")
TRANSFORMERS: dict[str, Options] = {
    f"transformer-{norm}-{positions}": {
        "kind": "transformer",
        "layers": 2,
        "heads": 2,
        "feed_forward": 12,
        "norm": norm,
        "positions": positions,
        "max_positions": 32,
    }
    for norm in ("pre", "post")
    for positions in ("sinusoidal", "learned", "rotary")
}

ENCODERS: dict[str, Options] = {
    f"{cell}-{'bi' if bidirectional else 'uni'}-{layers}": {
        "kind": "recurrent",
        "cell": cell,
        "layers": layers,
        "hidden": ENCODER_HIDDEN,
        "bidirectional": bidirectional,
    }
    for cell in CELLS
    for bidirectional in (False, True)
    for layers in (1, 2)
}
ENCODERS |= {f"{cell}-bi-2": {**ENCODERS["gru-bi-2"], "cell": cell} for cell in OTHER_CELLS}
REGULARISED = {"residual": True, "locked_dropout": True, "recurrent_dropout": 0.4}
ENCODERS["gru-bi-3-regularised"] = {**ENCODERS["gru-bi-2"], "layers": 3, **REGULARISED}
ENCODERS |= TRANSFORMERS

ATTENTIONS = ("additive", "dot", "general")
OTHER_ATTENTIONS = ("multi_head", "location", "local")
PLACEMENTS: dict[str, Options] = {
    "between": {"placement": "between", "layers": 2},
    "before": {"placement": "before"},
    "after": {"placement": "after"},
    "feeding": {"placement": "after", "input_feeding": True},
}


def recurrent_decoders(cell: str) -> dict[str, Options]:
    """The LSTMs have two layers, the others one where one will do."""
    common = {
        "kind": "recurrent",
        "cell": cell,
        "layers": 2 if cell == "lstm" else 1,
        "hidden": DECODER_HIDDEN,
    }
    found: dict[str, Options] = {
        f"{cell}-fixed": {**common, "attention": "none"},
        f"{cell}-fixed-context": {**common, "attention": "none", "feed_context": True},
    }
    for placement, options in PLACEMENTS.items():
        for attention in ATTENTIONS:
            found[f"{cell}-{placement}-{attention}"] = {**common, "attention": attention, **options}
    return found


DECODERS: dict[str, Options] = {
    name: options for cell in CELLS for name, options in recurrent_decoders(cell).items()
}
DECODERS |= {
    name: options
    for cell in OTHER_CELLS
    for name, options in recurrent_decoders(cell).items()
    if name.endswith(("-fixed", "-between-additive", "-before-general"))
}
DECODERS |= {
    f"gru-{placement}-{attention}": {**DECODERS[f"gru-{placement}-general"], "attention": attention}
    for placement in PLACEMENTS
    for attention in OTHER_ATTENTIONS
}
DECODERS |= {
    f"{name}-regularised": {**DECODERS[name], "layers": 3, **REGULARISED}
    for name in ("lstm-fixed-context", "lstm-between-additive", "gru-before-general", "lstm-feeding-general")
}
DECODERS |= {name: {**options, "layers": 2} for name, options in TRANSFORMERS.items()}
COPYING = {
    f"{name}-copying": {**DECODERS[name], "copying": True}
    for name in (
        "gru-between-multi_head",
        "gru-before-additive",
        "gru-after-local",
        "lstm-feeding-general",
        "transformer-pre-sinusoidal",
    )
}
DECODERS |= COPYING
DECODERS |= {
    f"transformer-{norm}-ssru": {**TRANSFORMERS[f"transformer-{norm}-{positions}"], "autoregression": "ssru"}
    for norm, positions in (("pre", "sinusoidal"), ("post", "learned"))
}
DECODERS |= {
    f"{name}-coverage": {**DECODERS[name], "coverage": True}
    for name in ("transformer-post-learned", "transformer-pre-sinusoidal-copying", "transformer-pre-ssru")
}
DECODERS |= {
    f"lstm-{placement}-coverage": {**DECODERS[f"lstm-{placement}-additive"], "coverage": True}
    for placement in PLACEMENTS
}


def memory_width(encoder: Options) -> int:
    """How wide the memory of an encoder is."""
    if encoder["kind"] == "transformer":
        return WIDTH
    return ENCODER_HIDDEN * (2 if encoder["bidirectional"] else 1)


def config_of(encoder: str, decoder: str, changes: Options | None = None, **options: Any) -> ModelConfig:
    """The configuration of a pairing; dot attention gets a state as wide as the memory.

    changes  to the decoder's options · options  of the model as a whole
    """
    read, write = ENCODERS[encoder], dict(DECODERS[decoder])
    if write.get("attention") == "dot":
        write["hidden"] = memory_width(read)
    if write.get("attention") == "additive":
        write["attention_width"] = 7
    if write.get("attention") == "multi_head":
        write["attention_heads"] = next(heads for heads in (2, 5) if memory_width(read) % heads == 0)
    parts = {"encoder": read, "decoder": {**write, **(changes or {})}}
    return ModelConfig.model_validate({"width": WIDTH, "share_embeddings": False, **parts, **options})


def model_of(
    encoder: str,
    decoder: str,
    dtype: torch.dtype = torch.float32,
    changes: Options | None = None,
    **options: Any,
) -> Seq2Seq:
    """A model with distinct random parameters, evaluating.

    One that copies has one vocabulary, the target's; the last symbols of SOURCES are unknown to it.
    """
    config = config_of(encoder, decoder, changes, **options)
    source_symbols = TARGET_SYMBOLS if config.decoder.copying else SOURCE_SYMBOLS
    return randomise(build_model(config, source_symbols, TARGET_SYMBOLS), dtype=dtype)


SOURCES: Sequence[Sequence[int]] = [[4, 5, 6, 12], [8], [9, 4, 10]]
TARGETS: Sequence[Sequence[int]] = [[7, 4], [6, 5, 9, 10], [8]]


def batch() -> Batch:
    """Three sentences of different lengths."""
    return collate(SOURCES, TARGETS)
