"""The shapes that are raced, as settings of seqloom, and the batches that every contestant is given.

Imported by the benchmarks and by the contestants' drivers, which run in environments of their own: nothing but numpy
is imported here at the top.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

VOCABULARY = 10_000
BATCH_TOKENS = 2048
PAD, UNK = 0, 1  # as seqloom has them; the peers have it the other way round
END = 3  # </s>, everywhere
Ids = NDArray[np.int64]

TRAINING: dict[str, Any] = {
    "optimiser": "adam",
    "learning_rate": 1e-3,
    "weight_decay": 0.0,
    "label_smoothing": 0.1,
    "clip_norm": 1.0,
}
TIED = {"share_embeddings": True, "tie_output": True}
TRANSFORMER = {
    "kind": "transformer",
    "layers": 4,
    "heads": 4,
    "feed_forward": 256,
    "norm": "pre",
    "attention_dropout": 0.3,
}
SHAPES: dict[str, dict[str, Any]] = {
    # Transformer 4+4, width 128, feed-forward 256, 4 heads, dropout 0.3, everything tied: 2.6 M parameters
    "A": {"width": 128, "dropout": 0.3, **TIED, "encoder": TRANSFORMER, "decoder": TRANSFORMER},
    # bidirectional LSTM 256+256, LSTM 512 with Luong attention and input feeding, embeddings 256, nothing tied
    "B": {
        "width": 256,
        "dropout": 0.3,
        "share_embeddings": False,
        "tie_output": False,
        "encoder": {
            "kind": "recurrent",
            "cell": "lstm",
            "layers": 1,
            "hidden": 256,
            "bidirectional": True,
        },
        "decoder": {
            "kind": "recurrent",
            "cell": "lstm",
            "layers": 1,
            "hidden": 512,
            "attention": "general",
            "placement": "after",
            "input_feeding": True,
            "bridge": "copy",
            "readout": 512,
        },
    },
}
PRESETS = {"C": "translation-gru"}  # a shape that is a preset is taken as it ships


@dataclass(frozen=True)
class TokenBatch:
    """One batch: ids padded with PAD and true lengths; source ends with </s>, target is <s> y </s>."""

    source: Ids  # (B, S)
    source_lengths: Ids  # (B,)
    target: Ids  # (B, T + 1)
    target_lengths: Ids  # (B,) of <s> y </s>

    @property
    def target_tokens(self) -> int:
        """Symbols to be written, </s> counted."""
        return int(self.target_lengths.sum() - len(self.target_lengths))


def save_batches(path: Path, batches: list[TokenBatch]) -> None:
    """As one .npz file."""
    arrays = {}
    for number, batch in enumerate(batches):
        for name, array in vars(batch).items():
            arrays[f"{number}/{name}"] = array
    np.savez(path, **arrays)  # type: ignore[arg-type]


def load_batches(path: Path) -> list[TokenBatch]:
    """Those of `save_batches`."""
    names = TokenBatch.__dataclass_fields__
    with np.load(path) as arrays:
        count = 1 + max(int(key.partition("/")[0]) for key in arrays.files)
        return [TokenBatch(**{name: arrays[f"{n}/{name}"] for name in names}) for n in range(count)]


def exchanged(ids: Ids) -> Ids:
    """Ids of seqloom as those of a peer, or the other way round: padding and the unknown symbol change places."""
    return np.where(ids == PAD, UNK, np.where(ids == UNK, PAD, ids))


def endlessly(batches: list[TokenBatch]) -> Iterator[TokenBatch]:
    """The batches over and over again."""
    while True:
        yield from batches
