"""Language models of every kind in sizes for tests, and a small text; the counterpart of kinds.py."""

from typing import Any

import torch

from agreement import randomise
from seqloom.config.model import ModelConfig
from seqloom.models.build import build_language_model
from seqloom.models.language_model import LanguageModel

SYMBOLS, WIDTH, HIDDEN, WINDOW = 11, 8, 6, 6
CELLS = (
    "elman",
    "elman_relu",
    "lstm",
    "lstm_layer_norm",
    "gru",
    "gru_reset_before",
    "sru",
    "ssru",
    "min_gru",
    "min_lstm",
)
DECODERS: dict[str, dict[str, Any]] = {
    cell: {"kind": "recurrent", "cell": cell, "layers": 2, "hidden": HIDDEN, "attention": "none"}
    for cell in CELLS
}
DECODERS["lstm-as-wide"] = {**DECODERS["lstm"], "hidden": WIDTH, "residual": True}
TRANSFORMER: dict[str, Any] = {"kind": "transformer", "layers": 2, "heads": 2, "feed_forward": 12}
DECODERS |= {
    f"transformer-{norm}-{positions}": {
        **TRANSFORMER,
        "norm": norm,
        "positions": positions,
        "max_positions": WINDOW,
    }
    for norm in ("pre", "post")
    for positions in ("sinusoidal", "learned", "rotary")
}
DECODERS["transformer-ssru"] = {**TRANSFORMER, "autoregression": "ssru"}

TEXT = """\
To be, or not to be, that is the question:
Whether 'tis nobler in the mind to suffer

The slings and arrows of outrageous fortune,
Or to take arms against a sea of troubles
"""


def language_model(name: str, dtype: torch.dtype = torch.float64, **options: Any) -> LanguageModel:
    """One of DECODERS with other options of the model, its parameters random and distinct."""
    config = ModelConfig.model_validate(
        {"width": WIDTH, "decoder": DECODERS[name], "dropout": 0.0, **options}
    )
    return randomise(build_language_model(config, SYMBOLS, WINDOW), dtype=dtype)
