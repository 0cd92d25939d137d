"""Word alignments of a parallel corpus by a translator's attention, in one direction or both."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqloom.base.errors import UsageError
from seqloom.data.batch import Batch, collate
from seqloom.inspection.alignment import Links, indecision, links_by_argmax, links_by_threshold
from seqloom.inspection.head_choice import MEAN, SHARPEST, HeadChoice, find_choice, read_choice
from seqloom.inspection.heads import head_counts, trace_batch
from seqloom.pipeline.passage import networks_of, single
from seqloom.pipeline.text_model import Model
from seqloom.search.many import batches_by_length
from seqloom.training.searching import longest_source, longest_target

CHOSEN_FROM = 1_000  # pairs over which the sharpest head is found: enough that more hardly change it
Weights = NDArray[np.float64]
Notice = Callable[[int, str], None]


@dataclass(frozen=True)
class Extraction:
    """How links are taken from weights.

    least  weight from which a pair of words is linked; None links each target word with what it looks at most
    late   whether a word's weights are those of the step that reads it instead of the one that writes it: they know
           the word (Chen et al. 2020, Shift-Att)
    head   whose weights: LAYER.HEAD of what looks at the source, as 2.3; LAYER for the mean of its heads; sharpest for
           the head of least entropy over the first pairs; mean for what the model takes for its attention
    Raises   UsageError for a weight or a head that can't be
    """

    least: float | None = None
    late: bool = False
    head: str = MEAN

    def __post_init__(self) -> None:
        if self.least is not None and not 0 < self.least <= 1:
            raise UsageError(
                f"A least weight of {self.least:g} is no share of attention; expected more than 0, at most 1."
            )
        read_choice(self.head)


class _Together(NamedTuple):
    """Pairs that are read at once.

    rows     their places among the pairs that were given
    numbers  of each pair, for each symbol of the source and of the target the number of its word
    """

    rows: list[int]
    batch: Batch
    numbers: list[tuple[list[int], list[int]]]

    def own(self, looked: Tensor, place: int) -> Weights:
        """looked (B, ..., T, S) -> those of one pair (..., T', S'), its ends included."""
        source, target = (len(numbers) + 1 for numbers in self.numbers[place])
        return looked[place, ..., :target, :source].double().cpu().numpy()


@torch.no_grad()
def align(
    model: Model,
    pairs: Sequence[tuple[str, str]],
    how: Extraction = Extraction(),
    *,
    on_notice: Notice = lambda _row, _notice: None,
) -> Iterator[Links]:
    """The links of each pair of a source and a target, in order; words are what white space separates.

    >>> [sorted(links) for links in seqloom.align(model, [("one red cat", "un chat rouge")])]
    [[Link(source=0, target=0), Link(source=1, target=2), Link(source=2, target=1)]]

    A pair with an empty side has none, and neither has one that is longer than the model reads.
    on_notice   called with the row and a sentence for each of these longer ones
    Raises      UsageError for a model without attention, an ensemble, or a head that the model hasn't
    """
    network = _network(model)
    head = choose_head(model, pairs, how.head)
    choice = read_choice(head)
    if choice is not None:
        choice = find_choice(choice, _heads(network))
    size = 16 * model.config.search.batch_sentences
    for start in range(0, len(pairs), size):
        piece = pairs[start : start + size]
        found: list[Links] = [frozenset()] * len(piece)
        for together in _usable(model, piece, on_notice, start):
            looked = _looked(network, together.batch, choice)
            for place, row in enumerate(together.rows):
                found[row] = links_of(together.own(looked, place), *together.numbers[place], how)
        yield from found


@torch.no_grad()
def choose_head(model: Model, pairs: Sequence[tuple[str, str]], asked: str) -> str:
    """Which head "sharpest" is, as LAYER.HEAD: that of least entropy over CHOSEN_FROM pairs; another answer stays.

    Raises   UsageError as `align` does
    """
    if asked != SHARPEST:
        return asked
    network = _network(model)
    find_choice(HeadChoice(None), _heads(network))
    nats: dict[HeadChoice, float] = {}
    for together in _usable(model, pairs[:CHOSEN_FROM]):
        layers = _layers(network, together.batch)
        for place in range(len(together.rows)):
            for layer, looked in layers.items():
                over = over_words(together.own(looked, place), *together.numbers[place])
                for head, lost in enumerate(indecision(over).sum(axis=-1).tolist(), start=1):
                    one = HeadChoice(None, layer, head)
                    nats[one] = nats.get(one, 0.0) + lost
    return str(min(nats, key=nats.__getitem__)) if nats else MEAN


def _network(model: Model) -> Any:
    if not model.has_attention:
        raise UsageError(
            'This model has no attention to align by: its model.decoder.attention is "none". Train one that has.'
        )
    return single(networks_of(model))


def _heads(network: Any) -> dict[tuple[str, int], int]:
    """Those that look at the source."""
    return {where: heads for where, heads in head_counts(network).items() if where[0] == "source"}


def _layers(network: Any, batch: Batch) -> dict[int, Tensor]:
    """What the heads of each layer look at of the source: (B, H, T, S)."""
    traced = trace_batch(network, lambda: network(batch), ("source",))
    return {layer: weights for (_, layer), weights in traced.items()}


def _looked(network: Any, batch: Batch, choice: HeadChoice | None) -> Tensor:
    """(B, T, S): by a head, by the mean of a layer, or by what the model takes for its attention."""
    if choice is None or choice.layer is None:
        found: Tensor = network(batch, alignment=True).alignment
        return found
    weights = _layers(network, batch)[choice.layer]
    return weights.mean(dim=1) if choice.head is None else weights[:, choice.head - 1]


def _usable(
    model: Model,
    pairs: Sequence[tuple[str, str]],
    on_notice: Notice = lambda _row, _notice: None,
    first: int = 0,
) -> Iterator[_Together]:
    """Batches of the pairs that have words on both sides and are not longer than the model reads.

    first   the first pair's number in the whole corpus, for notices
    """
    tokenizers = model.tokenizers
    sources = tokenizers.source.encode_many([source for source, _ in pairs])
    targets = tokenizers.target.encode_many([target for _, target in pairs])
    limits = longest_source(model.config), longest_target(model.config)
    usable = []
    for row, pair in enumerate(pairs):
        told = [
            f"its {side} has {len(symbols):,} symbols; the model reads {limit:,}"
            for side, symbols, limit in zip(
                ("source", "target"), (sources[row], targets[row]), limits, strict=True
            )
            if limit is not None and len(symbols) > limit
        ]
        if told:
            on_notice(first + row, " and ".join(told))
        elif all(side.split() for side in pair):
            usable.append(row)
    size = model.config.search.batch_sentences
    for places in batches_by_length([len(targets[row]) for row in usable], size):
        rows = [usable[place] for place in places]
        numbers = [
            (
                tokenizers.source.word_numbers(pairs[row][0], sources[row]),
                tokenizers.target.word_numbers(pairs[row][1], targets[row]),
            )
            for row in rows
        ]
        batch = collate([sources[row] for row in rows], [targets[row] for row in rows])
        yield _Together(rows, batch.to(model.machine.device), numbers)


def links_of(
    weights: Weights, source_numbers: Sequence[int], target_numbers: Sequence[int], how: Extraction
) -> Links:
    """weights (T + 1, S + 1) over symbols and ends, and for each symbol the number of its word -> links of words."""
    if how.late:
        weights = np.concatenate([weights[1:], weights[-1:]])  # the end is read by no step
    words = over_words(weights, source_numbers, target_numbers)
    counts = words.shape[1] - 1, words.shape[0] - 1
    if how.least is None:
        return links_by_argmax(words, *counts)
    return links_by_threshold(words, *counts, how.least)


def over_words(weights: Weights, source_numbers: Sequence[int], target_numbers: Sequence[int]) -> Weights:
    """weights (..., T + 1, S + 1) over symbols and ends -> the same over words and ends.

    What falls on the symbols of a source word is added up; a target word looks as its symbols do in the mean.
    source_numbers, target_numbers   for each symbol the number of its word
    """
    sources = [*source_numbers, max(source_numbers, default=-1) + 1]
    targets = [*target_numbers, max(target_numbers, default=-1) + 1]
    columns = np.zeros((len(sources), sources[-1] + 1))
    columns[np.arange(len(sources)), sources] = 1.0
    rows = np.zeros((targets[-1] + 1, len(targets)))
    rows[targets, np.arange(len(targets))] = 1.0
    rows /= np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    found: Weights = rows @ weights @ columns
    return found
