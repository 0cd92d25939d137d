"""Word alignments of a parallel corpus by a translator's attention, in one direction or both."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.base.errors import UsageError
from seqloom.data.batch import collate
from seqloom.data.pairs import Pair
from seqloom.inspection.alignment import Links, links_by_argmax, links_by_threshold
from seqloom.pipeline.passage import networks_of, single
from seqloom.pipeline.text_model import Model
from seqloom.search.many import batches_by_length
from seqloom.training.searching import longest_source, longest_target

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Extraction:
    """How links are taken from weights.

    least  weight from which a pair of words is linked; None links each target word with what it looks at most
    late   whether a word's weights are those of the step that reads it instead of the one that writes it: they know
           the word (Chen et al. 2020, Shift-Att)
    """

    least: float | None = None
    late: bool = False


@torch.no_grad()
def align(model: Model, pairs: Sequence[Pair], how: Extraction) -> Iterator[Links]:
    """The links of each pair, source to target, in order; words are what white space separates.

    A pair with an empty side has none, and neither has one that is longer than the model reads.
    Raises   UsageError for a model without attention, or an ensemble
    """
    if not model.has_attention:
        raise UsageError(
            'This model has no attention to align by: its model.decoder.attention is "none". Train one that has.'
        )
    network, tokenizers = single(networks_of(model)), model.tokenizers
    limit_source, limit_target = longest_source(model.config), longest_target(model.config)
    size = model.config.search.batch_sentences
    for start in range(0, len(pairs), 16 * size):
        piece = pairs[start : start + 16 * size]
        sources = tokenizers.source.encode_many([pair.source for pair in piece])
        targets = tokenizers.target.encode_many([pair.target for pair in piece])
        found: list[Links] = [frozenset()] * len(piece)
        usable = [
            row
            for row, (pair, source, target) in enumerate(zip(piece, sources, targets, strict=True))
            if pair.source.split()
            and pair.target.split()
            and len(source) <= limit_source
            and (limit_target is None or len(target) <= limit_target)
        ]
        for rows in batches_by_length([len(targets[row]) for row in usable], size):
            chosen = [usable[row] for row in rows]
            batch = collate([sources[row] for row in chosen], [targets[row] for row in chosen])
            looked = network(batch.to(model.machine.device), alignment=True).alignment
            for place, row in enumerate(chosen):
                own = looked[place, : len(targets[row]) + 1, : len(sources[row]) + 1].double().cpu().numpy()
                numbers = (
                    tokenizers.source.word_numbers(piece[row].source, sources[row]),
                    tokenizers.target.word_numbers(piece[row].target, targets[row]),
                )
                found[row] = links_of(own, *numbers, how)
        yield from found


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
    """weights (T + 1, S + 1) over symbols and ends -> the same over words and ends.

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
