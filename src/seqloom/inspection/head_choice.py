"""Which attention is meant, of a model that attends in several layers and heads.

    2.3            layer 2, head 3, both counted from 1
    2              the mean of layer 2's heads
    sharpest       the head of least entropy
    encoder.2.3    the same, or 2 or sharpest, of another side than a model's main one
    mean           no head: what the model itself takes for its attention

The sides are source, by which a decoder looks at the source, decoder, by which it looks back, and encoder, which reads
itself; a model's main side is the first of these that it has.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import ShapeError, UsageError

SIDES = ("source", "decoder", "encoder")
WRITTEN = re.compile(rf"(?:({'|'.join(SIDES)})\.)?(?:sharpest|([0-9]{{1,4}})(?:\.([0-9]{{1,4}}))?)")
MEAN, SHARPEST = "mean", "sharpest"
NO_CHOICE = "This model has no heads to choose from: no part of it attends in several. Leave out --head."

Counts = Mapping[tuple[str, int], int]  # side, layer -> how many heads


class HeadChoice(NamedTuple):
    """What is asked for.

    side   one of SIDES; None for the model's main one
    layer  counted from 1; None for the sharpest head of all
    head   counted from 1; None for the mean of the layer's
    """

    side: str | None
    layer: int | None = None
    head: int | None = None

    def __str__(self) -> str:
        layer = SHARPEST if self.layer is None else str(self.layer)
        return ".".join(
            [*([self.side] if self.side else []), layer, *([] if self.head is None else [str(self.head)])]
        )


def read_choice(text: str) -> HeadChoice | None:
    """What is asked for; None for the mean. Raises UsageError."""
    if text == MEAN:
        return None
    match = WRITTEN.fullmatch(text)
    if match is None:
        raise UsageError(
            f'A head "{text}" can\'t be found; expected LAYER.HEAD as in 2.3, LAYER for the mean of its heads, '
            "sharpest or mean."
        )
    side, layer, head = match.groups()
    return HeadChoice(side, None if layer is None else int(layer), None if head is None else int(head))


def find_choice(asked: HeadChoice, counts: Counts) -> HeadChoice:
    """The same with its side. Raises UsageError for a head that the model hasn't."""
    main = next((side for side in SIDES if any(side == own for own, _ in counts)), None)
    if main is None:
        raise UsageError(NO_CHOICE)
    found = asked._replace(side=asked.side or main)
    sides = {side for side, _ in counts}
    heads = counts.get((found.side or "", found.layer or 0), 0)
    there = (
        found.side in sides if found.layer is None else 0 < (1 if found.head is None else found.head) <= heads
    )
    if not there:
        raise UsageError(f"This model has no head {asked}; it has {_said(counts, main)}.")
    return found


def _said(counts: Counts, main: str) -> str:
    """Each layer's heads as they are asked for, the main side's first."""
    ranges = []
    for (side, layer), heads in sorted(
        counts.items(), key=lambda each: (SIDES.index(each[0][0]), each[0][1])
    ):
        first, last = (str(HeadChoice(None if side == main else side, layer, head)) for head in (1, heads))
        ranges.append(first if heads == 1 else f"{first} to {last}")
    return ", ".join(ranges)


def sharpest(heads: Sequence[NDArray[np.float64]]) -> int:
    """The head that knows best where it looks: the one of least entropy, in the mean over its rows."""
    if not heads:
        raise ShapeError("There is no head to choose from.")
    return int(np.argmin([entropy(weights) for weights in heads]))


def entropy(weights: NDArray[np.float64]) -> float:
    """Nats a row, in the mean; 0 for weights without rows."""
    return float(row_entropies(weights).mean()) if len(weights) else 0.0


def row_entropies(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """weights (..., S) -> nats of each row (...)."""
    positive = np.where(weights > 0, weights, 1.0)
    found: NDArray[np.float64] = -(weights * np.log(positive)).sum(axis=-1)
    return found
