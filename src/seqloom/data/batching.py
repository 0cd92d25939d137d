"""Which rows make which batch: a pure function of (seed, epoch), so that any rank can start anywhere."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from seqloom.base.errors import ShapeError, UsageError
from seqloom.base.randomness import numpy_generator

WINDOW = (
    8_192  # pairs sorted together: small enough that batches mix anew each epoch, at 7 % padding on Multi30k
)
ROWS_MULTIPLE = 8
Lengths = NDArray[np.int32]
Rows = NDArray[np.uint32]


def plan_epoch(
    source_lengths: Lengths,
    target_lengths: Lengths,
    *,
    seed: int,
    epoch: int,
    tokens_per_batch: int,
    max_sentences: int = 0,
    window: int = WINDOW,
) -> Iterator[Rows]:
    """The rows of each batch of one epoch; every row appears in exactly one batch.

    source_lengths, target_lengths   (rows,) symbols without the end symbol
    tokens_per_batch   rows * (longest side, end symbol counted) is at most this; a longer pair stands alone
    max_sentences      rows a batch at most; 0 for no limit
    window             rows that are sorted by length together

    The rows are permuted and cut into windows; a window is sorted by length and cut into batches, and its
    batches are shuffled. Memory: four bytes a row for the permutation, and what one window takes.
    Raises   ShapeError for sides of different length; UsageError for a budget, limit or window out of range.
    """
    if len(source_lengths) != len(target_lengths):
        raise ShapeError(f"{len(source_lengths)} source lengths and {len(target_lengths)} target lengths.")
    if tokens_per_batch < 1 or max_sentences < 0 or window < 1:
        raise UsageError(
            f"tokens_per_batch = {tokens_per_batch} and window = {window} must be 1 or more, "
            f"max_sentences = {max_sentences} must be 0 or more."
        )
    return _plan(source_lengths, target_lengths, (seed, epoch), tokens_per_batch, max_sentences, window)


def _plan(
    source_lengths: Lengths,
    target_lengths: Lengths,
    place: tuple[int, int],
    tokens_per_batch: int,
    max_sentences: int,
    window: int,
) -> Iterator[Rows]:
    order = np.arange(len(source_lengths), dtype=np.uint32)
    numpy_generator(place[0], "order", place[1]).shuffle(order)
    for number, first in enumerate(range(0, len(order), window)):
        rows = order[first : first + window]
        sources, targets = source_lengths[rows], target_lengths[rows]
        in_order = by_length(sources, targets)
        widths = np.maximum(sources, targets)[in_order] + 1
        batches = np.split(rows[in_order], cut(widths, tokens_per_batch, max_sentences))
        for batch in numpy_generator(place[0], "batches", place[1], number).permutation(len(batches)):
            yield batches[batch]


def by_length(source_lengths: Lengths, target_lengths: Lengths) -> NDArray[np.intp]:
    """The order by target length, then source length; rows of equal lengths stay in the order they come in.

    Sources run up and down by turns, so that a batch across two target lengths holds neighbours.
    """
    turn = np.where(target_lengths % 2 == 0, source_lengths, -source_lengths)
    return np.lexsort((turn, target_lengths))


def cut(widths: Lengths, tokens_per_batch: int, max_sentences: int = 0) -> list[int]:
    """Where batches end, filling each as far as rows * widest row <= tokens_per_batch allows.

    A batch of more than ROWS_MULTIPLE rows has a multiple of them, or max_sentences: matrix products are compiled for
    each shape that is met, and so there are few.

    widths   (rows,) the longer side of each row, end symbol counted, in the order of the batches
    Returns  the index of each batch's first row, but the first batch's
    """
    cuts: list[int] = []
    first = widest = 0
    wide = widths.tolist()
    for row, width in enumerate(wide):
        widest = max(widest, width)
        while row > first and _over(row - first + 1, widest, tokens_per_batch, max_sentences):
            full = (
                row - first
            )  # rows that fit; those beyond a multiple go on, and may not fit with this one either
            rounded = full > ROWS_MULTIPLE and full != max_sentences
            first += full - full % ROWS_MULTIPLE if rounded else full
            cuts.append(first)
            widest = max(wide[first : row + 1])
    return cuts


def _over(rows: int, widest: int, tokens_per_batch: int, max_sentences: int) -> bool:
    """Whether a batch of these is too large."""
    return rows * widest > tokens_per_batch or rows > max_sentences > 0


def cut_evenly(widths: Lengths, count: int, max_sentences: int = 0) -> list[int]:
    """Where exactly `count` batches end, the largest (rows * widest row) as small as possible; as cut.

    Raises   UsageError when there are fewer rows than batches, or more than max_sentences allows.
    """
    if not 1 <= count <= len(widths) or len(widths) > count * max_sentences > 0:
        raise UsageError(f"{len(widths)} rows can't make {count} batches.")
    low, high = 1, len(widths) * int(widths.max())
    while low < high:
        middle = (low + high) // 2
        if len(cut(widths, middle, max_sentences)) < count:
            high = middle
        else:
            low = middle + 1
    edges = [0, *cut(widths, low, max_sentences), len(widths)]
    while len(edges) <= count:  # a row too wide for its neighbours left fewer: halve the longest
        longest = int(np.argmax(np.diff(edges)))
        edges.insert(longest + 1, (edges[longest] + edges[longest + 1]) // 2)
    return edges[1:-1]


def count_batches(
    source_lengths: Lengths,
    target_lengths: Lengths,
    *,
    seed: int,
    epoch: int,
    tokens_per_batch: int,
    max_sentences: int = 0,
    window: int = WINDOW,
) -> int:
    """How many batches plan_epoch gives with the same arguments; epochs differ by a few."""
    plan = plan_epoch(
        source_lengths,
        target_lengths,
        seed=seed,
        epoch=epoch,
        tokens_per_batch=tokens_per_batch,
        max_sentences=max_sentences,
        window=window,
    )
    return sum(1 for _ in plan)
