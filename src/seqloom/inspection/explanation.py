"""Which words carried a decision about a text: by the weights of its pooling, and by gradient times input.

The gradient is that of the label's log-odds against all others by a symbol's embedding; its product with the embedding
says how the log-odds would change, to first order, if the symbol faded out (Denil et al. 2014; Shrikumar et al. 2017).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import ShapeError
from seqloom.base.files import atomic_write, make_folder
from seqloom.inspection.attention import Group

FORMAT = "seqloom-explanation"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Explanation:
    """One text and one label.

    symbols         S printable symbols that were read, the end symbol last
    contributions   (S,) what each spoke for the label, against it below 0, in nats of log-odds to first order
    weights         (S,) of the pooling, which sum to 1; None for a pooling that has none
    pooling         its name
    label           that is explained
    probabilities   of all labels, the likeliest first
    text            that was read
    Raises          ShapeError when the sizes differ or a value is no number
    """

    symbols: tuple[str, ...]
    contributions: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    pooling: str
    label: str
    probabilities: Mapping[str, float]
    text: str = ""

    def __post_init__(self) -> None:
        for name in ("contributions", "weights"):
            values = getattr(self, name)
            if values is None:
                continue
            held = np.array(values, np.float64)
            held.setflags(write=False)
            if held.shape != (len(self.symbols),) or not np.isfinite(held).all():
                raise ShapeError(
                    f"{name} has shape {held.shape}; expected a finite number for each of "
                    f"{len(self.symbols)} symbols."
                )
            object.__setattr__(self, name, held)

    def merged(self, groups: Sequence[Group]) -> "Explanation":
        """The same over whole words, each the sum of its symbols; what stands behind the last group stays alone."""
        stop = groups[-1].stop if groups else 0
        spans = [(group.text, group.start, group.stop) for group in groups]
        spans += [(symbol, place, place + 1) for place, symbol in enumerate(self.symbols) if place >= stop]

        def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.array([values[start:end].sum() for _, start, end in spans], np.float64)

        return replace(
            self,
            symbols=tuple(text for text, _, _ in spans),
            contributions=summed(self.contributions),
            weights=None if self.weights is None else summed(self.weights),
        )

    def _repr_html_(self) -> str:
        """The coloured words, in a notebook."""
        from seqloom.inspection.explanation_page import explanation_fragment

        return explanation_fragment(self)

    def to_record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "text": self.text,
            "label": self.label,
            "probabilities": dict(self.probabilities),
            "symbols": list(self.symbols),
            "gradient_times_input": self.contributions.tolist(),
            "pooling": self.pooling,
            "pooling_weights": None if self.weights is None else self.weights.tolist(),
        }


def write_explanation(explanation: Explanation, path: Path) -> None:
    """Write it as JSON, atomically."""
    make_folder(path.parent)
    atomic_write(path, json.dumps(explanation.to_record(), ensure_ascii=False, indent=1) + "\n")
